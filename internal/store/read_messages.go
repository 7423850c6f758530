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
	Before           ID
	Start, End       time.Time // bounds of the accept time, both excluded
	Channel          string
	Identities       []string // any of these; empty: all
	ToApp, ToContact bool     // false and false: both directions
	Dispatch         bool
	Kind             Kind // KindMessage or KindEvent
	Hidden           bool // hidden messages as well
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
	if len(q.Identities) > 0 {
		any := make([]string, len(q.Identities))
		for i, identity := range q.Identities {
			any[i] = a.add(identity)
		}
		where += " AND identity IN (" + strings.Join(any, ", ") + ")"
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
	slices.SortFunc(out, func(a, b Message) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return out[:min(limit, len(out))], nil
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

// unionPage bounds the parts of one query.
const unionPage = 50

// union runs queries for whole rows of t as one: of each part what follows the
// name of the table. scan gets the number of the part that a row is of.
func union[K comparable, R any](ctx context.Context, db *DB, t *table[K, R], parts int, tail func(a *args, part int) string, scan func(part int, row R)) error {
	columns := t.all("%")
	for first := 0; first < parts; first += unionPage {
		var a args
		var each []string
		for n := range min(unionPage, parts-first) {
			part := strconv.Itoa(n)
			each = append(each, "SELECT * FROM (SELECT "+part+" AS part, "+columns+" FROM "+t.name+" "+tail(&a, first+n)+") t"+part)
		}
		err := db.engine.query(ctx, strings.Join(each, " UNION ALL "), a, func(d decoder) {
			part := first + int(d.Int())
			scan(part, t.scan(d))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Strand is a thread, or with an identity what a thread has of that.
type Strand struct {
	Thread   ID
	Identity string
}

// LastMessages gives of each strand the newest message that the query selects;
// its ID is zero where there is none. The query's own threads and
// identities do not count.
func (db *DB) LastMessages(ctx context.Context, q MessageQuery, strands []Strand) ([]Message, error) {
	out := make([]Message, len(strands))
	tail := func(a *args, part int) string {
		q.Identities = nil
		if of := strands[part].Identity; of != "" {
			q.Identities = []string{of}
		}
		return q.tail(a, "conversation", strands[part].Thread, 1)
	}
	return out, union(ctx, db, messages, len(strands), tail, func(part int, m Message) { out[part] = m })
}
