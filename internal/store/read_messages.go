package store

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchyard/internal/gateway"
)

// MessageQuery selects messages or events. Apps or Threads has to be given; of
// several, the result is merged.
type MessageQuery struct {
	Apps []ID
	// Threads are conversations, or with Dispatch what DispatchThread gives.
	Threads []ID
	// Before is the id that the listed ones are older than; zero for all.
	Before            ID
	Start, End        time.Time // bounds of the accept time, both excluded
	Channel, Identity string
	ToApp, ToContact  bool // false and false: both directions
	Dispatch          bool
	Kind              Kind // KindMessage or KindEvent
	Hidden            bool // hidden messages as well
}

// tail is what follows the name of the table.
func (q MessageQuery) tail(a *args, column string, id ID, limit int) string {
	where := "WHERE " + column + " = " + a.add(id) + " AND dispatch = " + a.add(q.Dispatch)
	if q.Hidden {
		where += " AND kind IN (" + a.add(q.Kind) + ", " + a.add(KindHiddenMessage) + ")"
	} else {
		where += " AND kind = " + a.add(q.Kind)
	}
	if !q.Before.IsZero() {
		where += " AND id < " + a.add(q.Before)
	}
	// The bounds of the id are wider than those of the time, and end the walk
	// through the index.
	if !q.Start.IsZero() {
		where += " AND accepted > " + a.add(q.Start) + " AND id >= " + a.add(gateway.FirstID(q.Start))
	}
	if !q.End.IsZero() {
		where += " AND accepted < " + a.add(q.End) + " AND id < " + a.add(gateway.FirstID(q.End.Add(gateway.MaxAhead)))
	}
	if q.Channel != "" {
		where += " AND channel = " + a.add(q.Channel)
	}
	if q.Identity != "" {
		where += " AND identity = " + a.add(q.Identity)
	}
	if q.ToApp != q.ToContact {
		where += " AND to_app = " + a.add(q.ToApp)
	}
	return where + " ORDER BY id DESC LIMIT " + a.add(limit)
}

// Messages lists messages, the newest first.
func (db *DB) Messages(ctx context.Context, q MessageQuery, limit int) ([]Message, error) {
	column, ids := "app", q.Apps
	if q.Threads != nil {
		column, ids = "conversation", q.Threads
	}
	var out []Message
	for _, id := range ids {
		var a args
		tail := q.tail(&a, column, id, limit)
		part, err := list(ctx, db, messages, tail, a)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	slices.SortFunc(out, newestFirst)
	return out[:min(limit, len(out))], nil
}

func newestFirst(a, b Message) int { return bytes.Compare(b.ID[:], a.ID[:]) }

// lastPage bounds the threads of one query.
const lastPage = 50

// LastMessages gives of each of the query's threads the newest message that it
// selects, if there is one; the newest thread first.
func (db *DB) LastMessages(ctx context.Context, q MessageQuery) ([]Message, error) {
	var out []Message
	columns := messages.names(0, len(messages.columns), "%", ", ")
	for page := range slices.Chunk(q.Threads, lastPage) {
		var a args
		each := make([]string, len(page))
		for i, id := range page {
			each[i] = "SELECT * FROM (SELECT " + columns + " FROM message " + q.tail(&a, "conversation", id, 1) + ") t" + strconv.Itoa(i)
		}
		err := db.engine.query(ctx, strings.Join(each, " UNION ALL "), a, func(d decoder) { out = append(out, messages.scan(d)) })
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, newestFirst)
	return out, nil
}

// Contained selects what a conversation holds, of whatever kind.
type Contained struct {
	Conversation ID
	// Contact that it has to name; zero for any.
	Contact ID
	// Before is the id that the listed ones are older than; zero for all.
	Before ID
}

// InConversation lists what a conversation holds, the newest first.
func (db *DB) InConversation(ctx context.Context, q Contained, limit int) ([]Message, error) {
	var a args
	tail := "WHERE conversation = " + a.add(q.Conversation)
	if !q.Contact.IsZero() {
		tail += " AND contact = " + a.add(q.Contact)
	}
	if !q.Before.IsZero() {
		tail += " AND id < " + a.add(q.Before)
	}
	return list(ctx, db, messages, tail+" ORDER BY id DESC LIMIT "+a.add(limit), a)
}
