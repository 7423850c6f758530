package store

import (
	"context"
	"time"
)

// Tx is the memory of one batch: the rows that its operations read and change.
// It is used by the writer alone, one operation after the other.
type Tx struct {
	// Now is the one time of the batch.
	Now time.Time
	// Trace is the traceparent of what the running operation is part of, "" for
	// none: Op.Trace, or what the operation has learned since. Appended
	// callbacks carry it.
	Trace string

	Settings      rows[string, Setting]
	Projects      rows[string, Project]
	Keys          rows[string, AccessKey]
	Apps          rows[ID, App]
	Webhooks      rows[ID, Webhook]
	States        rows[ID, WebhookState]
	Contacts      rows[ID, Contact]
	Identities    rows[IdentityKey, Identity]
	Conversations rows[ID, Conversation]
	Active        rows[ActiveKey, Active]
	Contents      rows[ID, Content]
	Refs          rows[RefKey, Ref]
	Held          rows[RefKey, Held]
	Seen          rows[RefKey, Seen]
	Idempotency   rows[IdempotencyKey, Idempotency]
	Cursors       rows[CursorKey, Cursor]
	Deliveries    rows[DeliveryKey, Delivery]
	Dropped       rows[DeliveryKey, Dropped]

	messages  rows[ID, Message]
	due       rows[due, due]
	callbacks rows[callbackKey, Callback]
	handoffs  rows[handoffKey, Handoff]

	ctx     context.Context
	db      *DB
	members *Members
	handed  []Handoff      // by other nodes, to this one
	called  map[int64]bool // nodes that something is handed to
	moving  bool           // the transaction changes members
	flooded bool           // there are more handoffs than it is worth to take in
	probe   bool           // to be written even if nothing changes
	tables  []changes
	journal []func() // how to undo the running operation, newest last
	after   []func()
}

// changes is a table's part of a Tx as the engines see it.
type changes interface {
	schema() *schema
	wanted() int
	eachWanted(func(bind func(encoder)))
	loaded(decoder)
	forget()
	changed() int
	eachPut(func(bind func(encoder)))
	eachDelete(func(bind func(encoder)))
}

func newTx(ctx context.Context, db *DB, now time.Time) *Tx {
	tx := &Tx{Now: now, ctx: ctx, db: db, members: db.members.Load()}
	attach(tx, &tx.Settings, settings)
	attach(tx, &tx.Projects, projects)
	attach(tx, &tx.Keys, accessKeys)
	attach(tx, &tx.Apps, apps)
	attach(tx, &tx.Webhooks, webhooks)
	attach(tx, &tx.States, webhookStates)
	attach(tx, &tx.Contacts, contacts)
	attach(tx, &tx.Identities, identities)
	attach(tx, &tx.Conversations, conversations)
	attach(tx, &tx.Active, activeConversations)
	attach(tx, &tx.messages, messages)
	attach(tx, &tx.Contents, contents)
	attach(tx, &tx.due, dues)
	attach(tx, &tx.Refs, refs)
	attach(tx, &tx.Held, heldReports)
	attach(tx, &tx.Seen, seenKeys)
	attach(tx, &tx.Idempotency, idempotencyKeys)
	attach(tx, &tx.callbacks, callbacks)
	attach(tx, &tx.Cursors, cursors)
	attach(tx, &tx.Deliveries, deliveries)
	attach(tx, &tx.Dropped, droppedCallbacks)
	attach(tx, &tx.handoffs, handoffs)
	return tx
}

func attach[K comparable, R any](tx *Tx, r *rows[K, R], t *table[K, R]) {
	r.tx, r.table = tx, t
	tx.tables = append(tx.tables, r)
}

// After runs f after the commit, in the order of the operations, on the
// writer's goroutine: f hands over and returns at once.
func (tx *Tx) After(f func()) {
	n := len(tx.after)
	tx.after = append(tx.after, f)
	tx.journal = append(tx.journal, func() { tx.after = tx.after[:n] })
}

// undo takes back what the running operation has done.
func (tx *Tx) undo() {
	for i := len(tx.journal) - 1; i >= 0; i-- {
		tx.journal[i]()
	}
	tx.journal = tx.journal[:0]
}

// Message gives a message's row.
func (tx *Tx) Message(id ID) (Message, bool, error) { return tx.messages.Get(id) }

// WantMessage says that the operation will read the message.
func (tx *Tx) WantMessage(id ID) { tx.messages.Want(id) }

// PutMessage writes a message's row, and with it the time that it is due.
func (tx *Tx) PutMessage(m Message) {
	old, known := tx.messages.have[m.ID]
	was, is := due{}, dueOf(&m)
	if known && old.exists {
		was = dueOf(&old.row)
	}
	if was != is {
		if was.at != 0 {
			tx.due.Delete(was)
		}
		if is.at != 0 {
			tx.due.Put(is)
		}
	}
	tx.messages.Put(m)
}

// DeleteMessage removes a message, its content and its due time.
func (tx *Tx) DeleteMessage(id ID) error {
	m, found, err := tx.messages.Get(id)
	if err != nil || !found {
		return err
	}
	if d := dueOf(&m); d.at != 0 {
		tx.due.Delete(d)
	}
	tx.messages.Delete(id)
	tx.Contents.Delete(id)
	return nil
}

// Append adds a callback to the log, gives it its position and returns it.
func (tx *Tx) Append(c Callback) Callback {
	pos := PositionAt(tx.Now)
	if pos <= tx.db.head {
		pos = tx.db.head + 1
	}
	tx.db.head = pos
	c.Lane = tx.db.Lane(c.Message)
	c.Position, c.Trace = pos, tx.Trace
	tx.callbacks.Put(c)
	return c
}

// EachActive calls f with the active conversations that the batch has loaded,
// so that an operation can want those conversations as well.
func (tx *Tx) EachActive(f func(Active)) {
	for _, e := range tx.Active.have {
		if e.exists {
			f(e.row)
		}
	}
}
