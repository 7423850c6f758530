package store

import (
	"bytes"
	"context"
	"slices"
	"strings"
)

// What retention reads. It goes through each table in the order of an index, a
// page at a time, so that it costs the same however much there is.

// NextApp gives the app behind another one, in the order of ids, among those
// that the messages belong to, deleted ones included; false at the end.
func (db *DB) NextApp(ctx context.Context, behind ID) (ID, bool, error) {
	return db.next(ctx, "app", "message", nil, behind)
}

// NextThreadApp is NextApp among the conversations.
func (db *DB) NextThreadApp(ctx context.Context, behind ID) (ID, bool, error) {
	return db.next(ctx, "app", "conversation", nil, behind)
}

// LanesWith lists the lanes in which a table has any rows, by one query.
func (db *DB) LanesWith(ctx context.Context, table string) (lanes []int, err error) {
	var a args
	query := db.everyLane(&a) + "SELECT lane FROM lanes WHERE EXISTS (SELECT 1 FROM " + table + " t WHERE t.lane = lanes.lane)"
	err = db.engine.query(ctx, query, a, func(d decoder) { lanes = append(lanes, d.Lane()) })
	return lanes, err
}

// NextLogApp is NextApp among the callbacks of a lane.
func (db *DB) NextLogApp(ctx context.Context, lane int, behind ID) (ID, bool, error) {
	return db.next(ctx, "app", "callback", &lane, behind)
}

func (db *DB) next(ctx context.Context, column, table string, lane *int, behind ID) (id ID, found bool, err error) {
	var a args
	where := column + " > " + a.add(behind)
	if lane != nil {
		where = "lane = " + a.add(*lane) + " AND " + where
	}
	err = db.engine.query(ctx, "SELECT "+column+" FROM "+table+" WHERE "+where+" ORDER BY "+column+" LIMIT 1", a,
		func(d decoder) { id, found = d.ID(), true })
	return id, found, err
}

// OldMessages lists messages of an app of every kind, the oldest first, behind
// one id and before another.
func (db *DB) OldMessages(ctx context.Context, app, behind, before ID, limit int) ([]Message, error) {
	var a args
	return list(ctx, db, messages, "WHERE app = "+a.add(app)+" AND id > "+a.add(behind)+" AND id < "+a.add(before)+" ORDER BY id LIMIT "+a.add(limit), a)
}

// OldConversations lists conversations of an app, the oldest first, likewise.
func (db *DB) OldConversations(ctx context.Context, app, behind, before ID, limit int) ([]Conversation, error) {
	var a args
	return list(ctx, db, conversations, "WHERE app = "+a.add(app)+" AND id > "+a.add(behind)+" AND id < "+a.add(before)+" ORDER BY id LIMIT "+a.add(limit), a)
}

// OldCallbacks lists the callbacks of an app in a lane, behind one position and
// up to another.
func (db *DB) OldCallbacks(ctx context.Context, lane int, app ID, behind, upTo uint64, limit int) ([]Callback, error) {
	var a args
	tail := "WHERE lane = " + a.add(lane) + " AND app = " + a.add(app) + " AND position > " + a.add(behind) + " AND position <= " + a.add(upTo) +
		" ORDER BY position LIMIT " + a.add(limit)
	return list(ctx, db, callbacks, tail, a)
}

// after lists rows of a lane in the order of their keys, behind the row given;
// nil begins at the first one.
func after[K comparable, R any](ctx context.Context, db *DB, t *table[K, R], lane int, behind *R, limit int) ([]R, error) {
	var a args
	columns := t.names(1, t.keys, "%", ", ")
	tail := "WHERE lane = " + a.add(lane)
	if behind != nil {
		var k keyArgs
		t.bindKey(encoder{&k, db.Lanes()}, t.keyOf(behind))
		values := make([]string, 0, t.keys)
		for _, v := range k.args[1:] {
			values = append(values, a.add(v))
		}
		tail += " AND (" + columns + ") > (" + strings.Join(values, ", ") + ")"
	}
	return list(ctx, db, t, tail+" ORDER BY "+columns+" LIMIT "+a.add(limit), a)
}

// Refs lists the references of a lane in the order of their keys, behind the
// given one; nil begins at the first.
func (db *DB) Refs(ctx context.Context, lane int, behind *Ref, limit int) ([]Ref, error) {
	return after(ctx, db, refs, lane, behind, limit)
}

// SeenKeys lists what providers have delivered in a lane, likewise.
func (db *DB) SeenKeys(ctx context.Context, lane int, behind *Seen, limit int) ([]Seen, error) {
	return after(ctx, db, seenKeys, lane, behind, limit)
}

// IdempotencyKeys lists customers' keys in a lane, likewise.
func (db *DB) IdempotencyKeys(ctx context.Context, lane int, behind *Idempotency, limit int) ([]Idempotency, error) {
	return after(ctx, db, idempotencyKeys, lane, behind, limit)
}

// Identities lists identities of a lane, likewise.
func (db *DB) Identities(ctx context.Context, lane int, behind *Identity, limit int) ([]Identity, error) {
	return after(ctx, db, identities, lane, behind, limit)
}

// DroppedBehind lists dropped callbacks of a lane, likewise.
func (db *DB) DroppedBehind(ctx context.Context, lane int, behind *Dropped, limit int) ([]Dropped, error) {
	return after(ctx, db, droppedCallbacks, lane, behind, limit)
}

// Erasures lists the deleted contacts of a lane that the log may speak of.
func (db *DB) Erasures(ctx context.Context, lane int) ([]Erasure, error) {
	var a args
	return list(ctx, db, erasures, "WHERE lane = "+a.add(lane)+" ORDER BY contact", a)
}

// Existing says which messages there are.
func (db *DB) Existing(ctx context.Context, ids []ID) (map[ID]bool, error) {
	slices.SortFunc(ids, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
	found := make(map[ID]bool, len(ids))
	for page := range slices.Chunk(slices.Compact(ids), contentPage) {
		var a args
		keys := make([]string, len(page))
		for i, id := range page {
			keys[i] = "lane = " + a.add(db.Lane(id)) + " AND id = " + a.add(id)
		}
		if err := db.engine.query(ctx, "SELECT id FROM message WHERE "+strings.Join(keys, " OR "), a, func(d decoder) { found[d.ID()] = true }); err != nil {
			return nil, err
		}
	}
	return found, nil
}
