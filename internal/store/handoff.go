package store

import (
	"context"
	"slices"
	"time"

	"switchyard/internal/lifecycle"
)

// HandoffKind says what a node is to go on with.
type HandoffKind int

// The kinds of handoffs. Their numbers are in the store.
const (
	// HandoffCallback: a callback in a lane of the receiver has been logged.
	HandoffCallback HandoffKind = iota + 1
	// HandoffDue: Subject is a message in a lane of the receiver that is due at At.
	HandoffDue
	// HandoffJob: Subject is a message that is to be sent over a connection of
	// the receiver.
	HandoffJob
	// HandoffApp, HandoffWebhook and HandoffWebhookState: the row Subject was
	// made, changed or deleted.
	HandoffApp
	HandoffWebhook
	HandoffWebhookState
	// HandoffProject: the project Detail, or an access key of it.
	HandoffProject
	// HandoffQueue: Detail says how many messages of App wait at the giver.
	HandoffQueue
	// HandoffConsent: the app Subject has a Consent, which may be its first.
	HandoffConsent
	// HandoffBatch: Subject is a batch in a lane of the receiver that is due at At.
	HandoffBatch
)

// String gives the kind as metrics name it.
func (k HandoffKind) String() string {
	names := [...]string{"none", "callback", "due", "job", "app", "webhook", "webhook_state", "project", "queue", "consent", "batch"}
	if k < 0 || int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// Handoff is what one node leaves for another in the transaction that makes it
// necessary. A node finds its handoffs at its next transaction, under the lock
// that all transactions of a shared store take, so in the order of their
// commits. If it dies, they go with it: whoever takes its lanes reads the rows.
type Handoff struct {
	Kind    HandoffKind
	Lane    int
	App     ID
	Subject ID
	At      time.Time
	Detail  string
	// Callback is the log's entry for HandoffCallback.
	Callback *Callback

	node, number int64
	position     uint64 // of Callback
}

type handoffKey struct{ node, number int64 }

var handoffs = &table[handoffKey, Handoff]{
	unkept: true,
	schema: define("handoff", 2, 8, "node int", "number int", "kind int", "lane int", "app blob", "subject blob", "at int", "detail text"),
	bindKey: func(e encoder, k handoffKey) {
		e.Int(k.node)
		e.Int(k.number)
	},
	keyOf: func(r *Handoff) handoffKey { return handoffKey{r.node, r.number} },
	bind: func(e encoder, r *Handoff) {
		e.Int(r.node)
		e.Int(r.number)
		e.Int(int64(r.Kind))
		e.Int(int64(r.Lane))
		e.ID(r.App)
		e.ID(r.Subject)
		if r.Kind == HandoffCallback {
			e.Int(int64(r.position))
		} else {
			e.Time(r.At)
		}
		e.Text(r.Detail)
	},
	scan: func(d decoder) Handoff {
		r := Handoff{node: d.Int(), number: d.Int(), Kind: HandoffKind(d.Int()), Lane: d.Lane(), App: d.ID(), Subject: d.ID()}
		if r.Kind == HandoffCallback {
			r.position = uint64(d.Int())
		} else {
			r.At = d.Time()
		}
		r.Detail = d.Text()
		return r
	},
}

// maxHandoffs bounds those that a node takes in at once: with more it has been
// away for so long that it is cheaper to read the rows of its lanes again.
const maxHandoffs = 10_000

// Owns says whether this process does the work of a lane, exactly as of this
// transaction.
func (tx *Tx) Owns(lane int) bool { return tx.members.Owns(lane) }

// Members is who works on the store, as of this transaction.
func (tx *Tx) Members() *Members { return tx.members }

// Hand leaves h for the node that does the work of a lane. It reports false
// when that is this process, which then goes on by itself. A lane of nobody has
// nobody to tell: whoever takes it reads its rows.
func (tx *Tx) Hand(lane int, h Handoff) bool {
	if tx.members.Owns(lane) {
		return false
	}
	if owner := tx.members.owners[lane]; tx.members.Live(owner) {
		tx.hand(owner, h)
	}
	return true
}

// HandAll leaves h for every other node.
func (tx *Tx) HandAll(h Handoff) {
	for _, node := range tx.members.others() {
		tx.hand(node, h)
	}
}

func (tx *Tx) hand(node int64, h Handoff) {
	h.node, h.number = node, tx.db.handed+1
	tx.db.handed++
	if h.Callback != nil {
		h.Kind, h.Lane, h.App, h.position = HandoffCallback, h.Callback.Lane, h.Callback.App, h.Callback.Position
	}
	if tx.called == nil {
		tx.called = make(map[int64]bool)
	}
	tx.called[node] = true
	tx.handoffs.Put(h)
}

// take joins handoffs with the callbacks that they tell of.
func (tx *Tx) take(list []Handoff, log []Callback) {
	if len(list) > maxHandoffs {
		tx.flooded = true
		list, log = []Handoff{{number: tx.db.handed}}, nil
	}
	byKey := make(map[callbackKey]*Callback, len(log))
	for i := range log {
		byKey[callbacks.keyOf(&log[i])] = &log[i]
	}
	for i := range list {
		if h := &list[i]; h.Kind == HandoffCallback {
			h.Callback = byKey[callbackKey{h.Lane, h.App, h.position}]
		}
	}
	tx.handed = slices.DeleteFunc(list, func(h Handoff) bool { return h.Kind == HandoffCallback && h.Callback == nil })
}

// Sent lists messages of a lane whose attempt was begun by one of the nodes and
// has no outcome.
func (db *DB) Sent(ctx context.Context, lane int, phase lifecycle.Phase, nodes []int64) (ids []ID, err error) {
	for _, node := range nodes {
		var a args
		// Not a join, for which PostgreSQL may take the messages first.
		query := "SELECT d.message FROM due d WHERE d.lane = " + a.add(lane) + " AND d.at <= " + a.add(db.Now()) +
			" AND (SELECT count(*) FROM message m WHERE m.lane = d.lane AND m.id = d.message AND m.phase = " + a.add(int(phase)) + " AND m.sender = " + a.add(node) + ") = 1"
		if err := db.engine.query(ctx, query, a, func(d decoder) { ids = append(ids, d.ID()) }); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
