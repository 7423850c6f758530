package engine

import (
	"encoding/json"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// action is what an item of a batch does, in an operation that also notes its result.
type action interface {
	want() []func(*store.Tx)
	// run gives the id of what was made.
	run(*store.Tx) (gateway.ID, error)
	// close is called when nobody waits for the operation any more.
	close()
}

// act makes an item's action, or says why there is none.
func (w *batchWork) act(item store.BatchItem) (action, error) {
	switch w.row.Kind {
	case store.BatchMessages:
		return w.sendTo(item)
	case store.BatchCreateContacts:
		return w.createContact(item)
	case store.BatchDeleteContacts:
		return w.deleteContact(item)
	}
	return nil, gateway.Errorf(gateway.Internal, "batch %s is of an unknown kind", w.id)
}

// batchSend is the action of a batch of messages: the acceptance of one, as of any
// other.
type batchSend struct{ *send }

func (w *batchWork) sendTo(item store.BatchItem) (action, error) {
	var one convapi.BatchRecipient
	if err := json.Unmarshal(item.Body, &one); err != nil {
		return nil, err
	}
	req, err := sendRequest(w.common.Request, one, w.id)
	if err != nil {
		return nil, err
	}
	if err := w.engine.db.Room(); err != nil {
		return nil, full(err)
	}
	s := &send{engine: w.engine, req: req}
	if s.app, err = w.engine.appOf(w.ctx, w.row.Project, req.AppID); err != nil {
		return nil, err
	}
	return batchSend{s}, s.prepare()
}

func (b batchSend) want() []func(*store.Tx) { return b.send.want() }

func (b batchSend) run(tx *store.Tx) (gateway.ID, error) {
	if err := b.send.run(tx); err != nil {
		return gateway.ID{}, err
	}
	id, _ := gateway.ParseID(b.resp.MessageID)
	return id, nil
}

func (b batchSend) close() { b.slot.close() }

// contactMade is the action of a batch of new contacts.
type contactMade struct {
	engine *Engine
	person *person
}

func (w *batchWork) createContact(item store.BatchItem) (action, error) {
	var resource convapi.Contact
	if err := json.Unmarshal(item.Body, &resource); err != nil {
		return nil, err
	}
	p, err := w.engine.newContact(w.row.Project, resource)
	return contactMade{w.engine, p}, err
}

func (c contactMade) want() []func(*store.Tx) { return []func(*store.Tx){c.person.wantSiblings} }

func (c contactMade) run(tx *store.Tx) (gateway.ID, error) {
	return c.person.row.ID, c.engine.addContact(tx, c.person)
}

func (contactMade) close() {}

// contactGone is the action of a batch of contacts that are to go.
type contactGone struct {
	engine  *Engine
	project string
	id      gateway.ID
}

func (w *batchWork) deleteContact(item store.BatchItem) (action, error) {
	var text string
	if err := json.Unmarshal(item.Body, &text); err != nil {
		return nil, err
	}
	row, err := w.engine.contactRow(w.ctx, w.row.Project, text)
	if err == nil && row.ID.String() != text {
		err = notFound("contact", text)
	}
	if err == nil {
		err = w.engine.clearContact(w.ctx, w.row.Project, row.ID)
	}
	return contactGone{w.engine, w.row.Project, row.ID}, err
}

func (c contactGone) want() []func(*store.Tx) {
	return []func(*store.Tx){c.engine.wantDrop(c.project, c.id)}
}

func (c contactGone) run(tx *store.Tx) (gateway.ID, error) {
	gone, err := c.engine.dropContact(tx, c.project, c.id)
	if err == nil && !gone {
		err = errAgain
	}
	return c.id, err
}

func (contactGone) close() {}
