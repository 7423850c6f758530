package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// mergeChunk is how many messages one operation of a merge moves, so that a long
// history holds nobody up.
const mergeChunk = 200

// mergeRun is a merge that this process goes on with.
type mergeRun struct {
	engine *Engine
	source gateway.ID
	// before is the oldest message that has been looked at in the conversation
	// whose messages get their new contact; zero at its beginning.
	before gateway.ID
	chunk  int
}

// step does a bounded part of the merge. done says that there is none any more.
func (r *mergeRun) step(ctx context.Context) (done bool, err error) {
	row, found, err := r.engine.db.Merge(ctx, r.source)
	if err != nil || !found {
		return err == nil, err
	}
	work, err := workOf(row)
	if err != nil {
		return false, err
	}
	if len(work.Adopted) > 0 {
		return false, r.rename(ctx, work.Adopted[0])
	}
	left, err := r.engine.db.Conversations(ctx, store.ConversationQuery{Project: row.Project, Contact: r.source}, gateway.ID{}, 1)
	switch {
	case err != nil:
		return false, err
	case len(left) == 0:
		return false, r.change(ctx, nil, r.finish)
	case left[0].Closing:
		return false, r.drain(ctx, left[0])
	default:
		return false, r.change(ctx, nil, func(tx *store.Tx, row store.Merge, work *mergeWork) error {
			return r.open(tx, row, work, left[0].ID)
		})
	}
}

// change runs an operation on the merge, unless it has ended meanwhile, and
// stores what is left to do then.
func (r *mergeRun) change(ctx context.Context, list []store.Message, do func(*store.Tx, store.Merge, *mergeWork) error) error {
	return r.engine.db.ApplyOwed(ctx, store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) {
			tx.Merges.Want(r.source)
			for _, m := range list {
				tx.WantMessage(m.ID)
			}
		}},
		Run: func(tx *store.Tx) error {
			row, found, err := tx.Merges.Get(r.source)
			if err != nil || !found {
				return err
			}
			work, err := workOf(row)
			if err != nil {
				return err
			}
			before := len(work.Adopted)
			if err := do(tx, row, work); err != nil || len(work.Adopted) == before {
				return err
			}
			return putMerge(tx, row, work)
		},
	})
}

// rename gives messages of an adopted conversation their new contact.
func (r *mergeRun) rename(ctx context.Context, text string) error {
	id, _ := gateway.ParseID(text)
	list, err := r.engine.db.InConversation(ctx, store.Contained{Conversation: id, Contact: r.source, Before: r.before}, r.chunk)
	if err != nil {
		return err
	}
	err = r.change(ctx, list, func(tx *store.Tx, row store.Merge, work *mergeWork) error {
		if len(list) == 0 {
			work.Adopted = slices.DeleteFunc(work.Adopted, func(done string) bool { return done == text })
		}
		return moveMessages(tx, list, id, id, row.Destination)
	})
	if err != nil {
		return err
	}
	r.before = gateway.ID{}
	if len(list) > 0 {
		r.before = list[len(list)-1].ID
	}
	return nil
}

// moveMessages brings those messages that are still in a conversation into
// another one, or the same, of a contact.
func moveMessages(tx *store.Tx, list []store.Message, from, into, contact gateway.ID) error {
	for _, one := range list {
		m, found, err := tx.Message(one.ID)
		if err != nil {
			return err
		}
		if found && m.Conversation == from {
			m.Conversation, m.Contact = into, contact
			tx.MoveMessage(m)
		}
	}
	return nil
}

// open decides what becomes of a conversation of the source.
func (r *mergeRun) open(tx *store.Tx, row store.Merge, work *mergeWork, id gateway.ID) error {
	c, found, err := tx.Conversations.Get(id)
	if err != nil || !found || c.Contact != r.source {
		return err
	}
	_, found, err = r.target(tx, row, work, c)
	switch {
	case err != nil:
		return err
	case found:
		shut(tx, c)
		return nil
	}
	if c.Active { // with an app that is gone
		tx.Active.Delete(store.ActiveKey{Contact: c.Contact, App: c.App})
		c.Active = false
	}
	work.adopt(tx, c, row.Destination)
	return nil
}

// target is the conversation that takes the messages of c; false if there is
// none, or it is on its way out.
func (r *mergeRun) target(tx *store.Tx, row store.Merge, work *mergeWork, c store.Conversation) (store.Conversation, bool, error) {
	id, known := gateway.ParseID(work.Into[c.App.String()])
	if !known {
		return store.Conversation{}, false, nil
	}
	into, found, err := tx.Conversations.Get(id)
	return into, found && !into.Closing && into.Contact == row.Destination, err
}

// drain moves messages out of a conversation that takes no more, and removes it
// once it is empty.
func (r *mergeRun) drain(ctx context.Context, from store.Conversation) error {
	list, err := r.engine.db.InConversation(ctx, store.Contained{Conversation: from.ID}, r.chunk)
	if err != nil {
		return err
	}
	return r.change(ctx, list, func(tx *store.Tx, row store.Merge, work *mergeWork) error {
		c, found, err := tx.Conversations.Get(from.ID)
		if err != nil || !found || c.Contact != r.source {
			return err
		}
		into, found, err := r.target(tx, row, work, c)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return r.drop(tx, c, into, found)
		case !found:
			work.adopt(tx, c, row.Destination)
			return nil
		}
		return moveMessages(tx, list, c.ID, into.ID, row.Destination)
	})
}

// drop removes a conversation whose messages are all in another one.
func (r *mergeRun) drop(tx *store.Tx, c, into store.Conversation, found bool) error {
	if found && c.LastReceived.After(into.LastReceived) {
		into.LastReceived = c.LastReceived
		tx.Conversations.Put(into)
	}
	return r.engine.removeConversation(tx, c)
}

// finish ends the merge: nothing is the source's any more.
func (r *mergeRun) finish(tx *store.Tx, row store.Merge, _ *mergeWork) error {
	e := r.engine
	from, err := e.ownPerson(tx, row.Source)
	if err != nil {
		return err
	}
	into, err := e.ownPerson(tx, row.Destination)
	if err != nil {
		return err
	}
	tx.Merges.Delete(row.Source)
	tx.Contacts.Delete(row.Source)
	into.row.Merging--
	tx.Contacts.Put(into.row)
	return e.tellProject(tx, row.Project, row.Destination, convapi.Callback{
		ContactMergeNotification: &convapi.ContactMergeNotification{PreservedContact: into.resource, DeletedContact: from.resource},
	})
}

// merges are those that this process goes on with.
type merges struct {
	mu      sync.Mutex
	running map[gateway.ID]chan struct{} // closed at the end
}

// start goes on with a merge in the background, if nobody does so yet. What it
// returns is closed when the merge, or the engine, has ended.
func (m *merges) start(e *Engine, source gateway.ID) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ended, running := m.running[source]; running {
		return ended
	}
	if m.running == nil {
		m.running = make(map[gateway.ID]chan struct{})
	}
	ended := make(chan struct{})
	m.running[source] = ended
	e.background.Go(func() {
		run := &mergeRun{engine: e, source: source, chunk: mergeChunk}
		for done := false; !done && e.ctx.Err() == nil; {
			var err error
			if done, err = run.step(e.ctx); err != nil && e.ctx.Err() == nil {
				e.log.Error("a merge of contacts is held up; trying again", "contact_id", source.String(), "error", err)
				select {
				case <-time.After(time.Second):
				case <-e.ctx.Done():
				}
			}
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.running, source)
		close(ended)
	})
	return ended
}

// await returns when a merge has ended.
func (m *merges) await(ctx context.Context, e *Engine, source gateway.ID) error {
	select {
	case <-m.start(e, source):
	case <-ctx.Done():
		return ctx.Err()
	}
	if e.ctx.Err() != nil {
		return stopping()
	}
	return nil
}

// awaitMerges returns when nothing that was being merged into a contact still is.
func (e *Engine) awaitMerges(ctx context.Context, destination gateway.ID) error {
	list, err := e.db.Merges(ctx)
	if err != nil {
		return err
	}
	for _, row := range list {
		if row.Destination == destination {
			if err := e.merges.await(ctx, e, row.Source); err != nil {
				return err
			}
		}
	}
	return nil
}

// resumeMerges goes on with merges in lanes of this node that somebody has left.
func (e *Engine) resumeMerges(ctx context.Context) error {
	list, err := e.db.Merges(ctx)
	if err != nil {
		return err
	}
	members := e.db.Members()
	for _, row := range list {
		if members.Owns(e.db.Lane(row.Source)) {
			e.merges.start(e, row.Source)
		}
	}
	return nil
}
