package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reader runs a query beside the writer: it sees what is committed. The
// parameters are $1, $2 … and int64, string or []byte.
type reader interface {
	query(ctx context.Context, sql string, args []any, scan func(decoder)) error
}

// args gathers parameters and gives each its place in the text.
type args []any

func (a *args) add(v any) string {
	switch w := v.(type) {
	case ID:
		v = w[:]
	case time.Time:
		v = w.UnixMicro()
	case int:
		v = int64(w)
	case uint64:
		v = int64(w)
	case Kind:
		v = int64(w)
	case bool:
		v = int64(0)
		if w {
			v = int64(1)
		}
	}
	*a = append(*a, v)
	return "$" + strconv.Itoa(len(*a))
}

// keyArgs collects a key's columns as parameters.
type keyArgs struct {
	args
}

func (k *keyArgs) Int(v int64)   { k.add(v) }
func (k *keyArgs) Text(v string) { k.add(v) }
func (k *keyArgs) Blob(v []byte) { k.add(v) }
func (k *keyArgs) ID(v ID)       { k.add(v) }

// read gets one row by key beside the writer.
func read[K comparable, R any](ctx context.Context, db *DB, t *table[K, R], key K) (row R, found bool, err error) {
	var k keyArgs
	t.bindKey(encoder{&k, db.Lanes()}, key)
	where := make([]string, t.keys)
	for i := range where {
		where[i] = t.columns[i].name + " = $" + strconv.Itoa(i+1)
	}
	err = db.engine.query(ctx, "SELECT "+t.all("%")+" FROM "+t.name+" WHERE "+strings.Join(where, " AND "), k.args,
		func(d decoder) { row, found = t.scan(d), true })
	return row, found, err
}

// list runs a query for whole rows of t; tail follows the name of the table.
func list[K comparable, R any](ctx context.Context, db *DB, t *table[K, R], tail string, a args) ([]R, error) {
	var out []R
	err := db.engine.query(ctx, "SELECT "+t.all(t.name+".%")+" FROM "+t.name+" "+tail, a,
		func(d decoder) { out = append(out, t.scan(d)) })
	return out, err
}

// Configuration is everything that changes seldom and is read always.
type Configuration struct {
	Projects []Project
	Keys     []AccessKey
	Apps     []App
	Webhooks []Webhook
	States   []WebhookState
	// Consenting are the apps that have any Consent, and ConsentKey is what
	// those are hashed with; nil if there is none yet.
	Consenting []ID
	ConsentKey []byte
}

// Configuration reads all of it.
func (db *DB) Configuration(ctx context.Context) (c Configuration, err error) {
	if c.Projects, err = list(ctx, db, projects, "ORDER BY id", nil); err != nil {
		return c, err
	}
	if c.Keys, err = list(ctx, db, accessKeys, "ORDER BY id", nil); err != nil {
		return c, err
	}
	if c.Apps, err = list(ctx, db, apps, "ORDER BY id", nil); err != nil {
		return c, err
	}
	if c.Webhooks, err = list(ctx, db, webhooks, "ORDER BY id", nil); err != nil {
		return c, err
	}
	if c.States, err = list(ctx, db, webhookStates, "ORDER BY id", nil); err != nil {
		return c, err
	}
	if c.Consenting, err = db.consenting(ctx); err != nil {
		return c, err
	}
	key, _, err := read(ctx, db, settings, ConsentKey)
	c.ConsentKey = key.Value
	return c, err
}

// Template reads a template.
func (db *DB) Template(ctx context.Context, key TemplateKey) (Template, bool, error) {
	return read(ctx, db, templates, key)
}

// Templates lists the templates of a project that one version of the API has
// made, by id.
func (db *DB) Templates(ctx context.Context, project string, v1 bool) ([]Template, error) {
	var a args
	return list(ctx, db, templates, "WHERE project = "+a.add(project)+" AND v1 = "+a.add(v1)+" ORDER BY id", a)
}

// Due is a message and the time that it wants to be looked at.
type Due struct {
	Message ID
	At      time.Time
}

// DueLanes lists the lanes in which something is due after from, and at until
// or before: one query, so that the empty ones need no other.
func (db *DB) DueLanes(ctx context.Context, from, until time.Time) (lanes []int, err error) {
	var a args
	query := db.everyLane(&a) + "SELECT lane FROM lanes WHERE EXISTS (SELECT 1 FROM due d WHERE d.lane = lanes.lane AND d.at > " + a.add(from) + " AND d.at <= " + a.add(until) + ")"
	err = db.engine.query(ctx, query, a, func(d decoder) { lanes = append(lanes, d.Lane()) })
	return lanes, err
}

// DueUntil lists up to limit messages of a lane that are due at until or
// before, the longest overdue first, starting behind the given one.
func (db *DB) DueUntil(ctx context.Context, lane int, until time.Time, behind Due, limit int) ([]Due, error) {
	var a args
	var out []Due
	query := "SELECT message, at FROM due WHERE lane = " + a.add(lane) + " AND (at, message) > (" + a.add(behind.At) + ", " + a.add(behind.Message) + ")" +
		" AND at <= " + a.add(until) + " ORDER BY at, message LIMIT " + a.add(limit)
	err := db.engine.query(ctx, query, a, func(d decoder) { out = append(out, Due{d.ID(), d.Time()}) })
	return out, err
}

// Message reads a message, beside the writer.
func (db *DB) Message(ctx context.Context, id ID) (Message, bool, error) {
	return read(ctx, db, messages, id)
}

// Content reads what a message says.
func (db *DB) Content(ctx context.Context, id ID) (Content, bool, error) {
	return read(ctx, db, contents, id)
}

// contentPage bounds the keys of one query.
const contentPage = 100

// Contents reads what several messages say.
func (db *DB) Contents(ctx context.Context, ids []ID) (map[ID]Content, error) {
	out := make(map[ID]Content, len(ids))
	for page := range slices.Chunk(ids, contentPage) {
		var a args
		keys := make([]string, len(page))
		for i, id := range page {
			keys[i] = "lane = " + a.add(db.Lane(id)) + " AND id = " + a.add(id)
		}
		rows, err := list(ctx, db, contents, "WHERE "+strings.Join(keys, " OR "), a)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			out[c.ID] = c
		}
	}
	return out, nil
}

// Callbacks reads up to limit callbacks of an app behind a position in one lane.
func (db *DB) Callbacks(ctx context.Context, lane int, app ID, behind uint64, limit int) ([]Callback, error) {
	var a args
	tail := "WHERE lane = " + a.add(lane) + " AND app = " + a.add(app) + " AND position > " + a.add(behind) + " ORDER BY position LIMIT " + a.add(limit)
	return list(ctx, db, callbacks, tail, a)
}

// Callback reads one callback of the log.
func (db *DB) Callback(ctx context.Context, lane int, app ID, position uint64) (Callback, bool, error) {
	return read(ctx, db, callbacks, callbackKey{lane, app, position})
}

// Cursors reads where a webhook stands in each lane that it has got anything of.
func (db *DB) Cursors(ctx context.Context, webhook ID) ([]Cursor, error) {
	return ofWebhook(ctx, db, cursors, webhook, "", 0)
}

// Deliveries reads what a webhook has still to get from behind its cursors, in
// the order of the log.
func (db *DB) Deliveries(ctx context.Context, webhook ID) ([]Delivery, error) {
	return ofWebhook(ctx, db, deliveries, webhook, " ORDER BY position, lane", 0)
}

// DeliveryWebhooks lists the ids that any Delivery goes to.
func (db *DB) DeliveryWebhooks(ctx context.Context) (ids []ID, err error) {
	err = db.engine.query(ctx, "SELECT DISTINCT webhook FROM delivery", nil, func(d decoder) { ids = append(ids, d.ID()) })
	return ids, err
}

// Dropped lists the newest callbacks that a webhook will not get.
func (db *DB) Dropped(ctx context.Context, webhook ID, limit int) ([]Dropped, error) {
	return ofWebhook(ctx, db, droppedCallbacks, webhook, " ORDER BY position DESC", limit)
}

// HeldBefore lists reports that have waited for their reference since before t.
func (db *DB) HeldBefore(ctx context.Context, t time.Time, limit int) ([]Held, error) {
	var a args
	return list(ctx, db, heldReports, "WHERE at < "+a.add(t)+" ORDER BY at LIMIT "+a.add(limit), a)
}
