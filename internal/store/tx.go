package store

import (
	"context"
	"time"
)

// Tx is the memory of the writer: the rows that the operations of a batch read
// and change. One is used for all batches, and it keeps the rows that were used
// last for as long as nothing else writes. It is used by the writer alone, one
// operation after the other.
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
	Templates     rows[TemplateKey, Template]
	Contacts      rows[ID, Contact]
	Merges        rows[ID, Merge]
	Identities    rows[IdentityKey, Identity]
	Consents      rows[ID, Consent]
	ConsentAudits rows[ConsentAuditKey, ConsentAudit]
	Conflicts     rows[IdentityKey, Conflict]
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
	Erasures      rows[ID, Erasure]
	Batches       rows[ID, Batch]
	BatchRequests rows[ID, BatchRequest]
	BatchItems    rows[BatchItemKey, BatchItem]
	BatchLabels   rows[BatchLabel, BatchLabel]

	messages  rows[ID, Message]
	due       rows[due, due]
	callbacks rows[callbackKey, Callback]
	handoffs  rows[handoffKey, Handoff]

	ctx     context.Context
	db      *DB
	members *Members
	found   *Members       // members as the transaction found them
	handed  []Handoff      // by other nodes, to this one
	called  map[int64]bool // nodes that something is handed to
	moving  bool           // the transaction changes members
	flooded bool           // there are more handoffs than it is worth to take in
	probe   bool           // to be written even if nothing changes
	started bool           // a batch, which is not finished
	early   bool           // the batch has not begun: nothing can be read
	tables  []changes
	people  []personKey // of WantPerson, not loaded yet
	after   []func()
	touched []changes // those that the running operation has changed
	kept    int       // how many of after are from earlier operations
}

// changes is a table's part of a Tx as the engines and the Tx see it.
type changes interface {
	schema() *schema
	wanted() int
	eachWanted(func(bind func(encoder)))
	loaded(decoder)
	reached(decoder)
	changed() int
	// eachPut says of each row whether one with its key is known to be stored.
	eachPut(func(bind func(encoder), stored bool))
	eachDelete(func(bind func(encoder)))

	accept()
	undo()
	written()
	reset()
}

func newTx(ctx context.Context, db *DB) *Tx {
	tx := &Tx{ctx: ctx, db: db}
	tx.Settings.attach(tx, settings)
	tx.Projects.attach(tx, projects)
	tx.Keys.attach(tx, accessKeys)
	tx.Apps.attach(tx, apps)
	tx.Webhooks.attach(tx, webhooks)
	tx.States.attach(tx, webhookStates)
	tx.Templates.attach(tx, templates)
	tx.Contacts.attach(tx, contacts)
	tx.Merges.attach(tx, merges)
	tx.Identities.attach(tx, identities)
	tx.Consents.attach(tx, consents)
	tx.ConsentAudits.attach(tx, consentAudits)
	tx.Conflicts.attach(tx, conflicts)
	tx.Conversations.attach(tx, conversations)
	tx.Active.attach(tx, activeConversations)
	tx.messages.attach(tx, messages)
	tx.Contents.attach(tx, contents)
	tx.due.attach(tx, dues)
	tx.Refs.attach(tx, refs)
	tx.Held.attach(tx, heldReports)
	tx.Seen.attach(tx, seenKeys)
	tx.Idempotency.attach(tx, idempotencyKeys)
	tx.callbacks.attach(tx, callbacks)
	tx.Cursors.attach(tx, cursors)
	tx.Deliveries.attach(tx, deliveries)
	tx.Dropped.attach(tx, droppedCallbacks)
	tx.Erasures.attach(tx, erasures)
	tx.Batches.attach(tx, batches)
	tx.BatchRequests.attach(tx, batchRequests)
	tx.BatchItems.attach(tx, batchItems)
	tx.BatchLabels.attach(tx, batchLabels)
	tx.handoffs.attach(tx, handoffs)
	return tx
}

// After runs f after the commit, in the order of the operations, on the
// writer's goroutine: f hands over and returns at once.
func (tx *Tx) After(f func()) { tx.after = append(tx.after, f) }

// accept ends the running operation with its changes, undo without them.
func (tx *Tx) accept() {
	for _, t := range tx.touched {
		t.accept()
	}
	tx.touched, tx.kept = tx.touched[:0], len(tx.after)
}

func (tx *Tx) undo() {
	for _, t := range tx.touched {
		t.undo()
	}
	tx.touched, tx.after = tx.touched[:0], tx.after[:tx.kept]
}

// start begins a batch.
func (tx *Tx) start(now time.Time, members *Members) {
	if tx.started { // and not finished: nothing of it is on disk
		tx.forget()
	}
	tx.started = true
	tx.Now, tx.Trace, tx.members, tx.found = now, "", members, members
	tx.handed, tx.called, tx.moving, tx.flooded = nil, nil, false, false
}

// forget drops all rows, and what a batch has done to them.
func (tx *Tx) forget() {
	for _, t := range tx.tables {
		t.reset()
	}
	clear(tx.after)
	tx.touched, tx.after, tx.kept, tx.people = tx.touched[:0], tx.after[:0], 0, tx.people[:0]
}

// finish ends a batch that is on disk, and does what was to be done after it.
func (tx *Tx) finish() {
	tx.started = false
	for _, t := range tx.tables {
		t.written()
	}
	for _, f := range tx.after {
		f()
	}
	clear(tx.after)
	tx.after, tx.kept = tx.after[:0], 0
}

// Message gives a message's row.
func (tx *Tx) Message(id ID) (Message, bool, error) { return tx.messages.Get(id) }

// WantMessage says that the operation will read the message.
func (tx *Tx) WantMessage(id ID) { tx.messages.Want(id) }

// PutMessage writes a message's row, and with it the time that it is due.
func (tx *Tx) PutMessage(m Message) {
	was, is := due{}, dueOf(&m)
	if old := tx.messages.find(m.ID); old != nil && old.exists {
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

// MoveMessage writes a message's row, which may belong to another contact or
// another conversation from now on.
func (tx *Tx) MoveMessage(m Message) { tx.messages.Move(m) }

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

// Forget removes a callback from the log.
func (tx *Tx) Forget(c Callback) {
	tx.callbacks.Delete(callbackKey{c.Lane, c.App, c.Position})
}

// personKey is an identity, and an app that it may have a conversation with.
type personKey struct {
	IdentityKey
	app ID
}

// WantPerson says that the operation will read an identity, the contact that it
// is of and their active conversation with an app. What lies in the lane of the
// identity, as most do, is loaded with it at once.
func (tx *Tx) WantPerson(key IdentityKey, app ID) {
	if tx.Identities.find(key) == nil {
		tx.people = append(tx.people, personKey{key, app})
	}
}

// WantConversation says that the operation will read the active conversation of
// a contact with an app. Which one that is has been wanted before.
func (tx *Tx) WantConversation(key ActiveKey) {
	if e := tx.Active.find(key); e != nil && e.exists {
		tx.Conversations.Want(e.row.Conversation)
	}
}
