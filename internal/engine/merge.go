package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// A merge of two contacts begins with one operation and ends with another one.
// The first gives the destination the source's identities and conversations, so
// that from then on everything new is the destination's, and notes in a row what
// is left to do. In between, the messages of the source are brought along, a
// bounded number at a time. Whoever finds the row goes on with it, and two who do
// so at once are in nobody's way.
//
// A contact is a source, a destination, or neither: never both, so nobody has to
// follow a source through several merges.

// mergeWork is what is left to do of a merge.
type mergeWork struct {
	// Into has the conversation that messages with an app go to: the active one
	// that the destination had when the merge began.
	Into map[string]string `json:"into,omitempty"`
	// Adopted are conversations that belong to the destination already, though
	// messages in them may still name the source.
	Adopted []string `json:"adopted,omitempty"`
}

// mergeBegin is the first operation of a merge.
type mergeBegin struct {
	engine              *Engine
	project             string
	source, destination gateway.ID
	// busy: others are being merged into the source, which has to wait for them.
	busy bool
}

// MergeContact moves the source's conversations, and what else the destination
// lacks, into the destination; the source is gone then. It returns when all is
// moved. When ctx ends before, the merge goes on.
func (e *Engine) MergeContact(ctx context.Context, project, destination string, req convapi.MergeContactRequest) (convapi.Contact, error) {
	if err := req.Validate(); err != nil {
		return convapi.Contact{}, err
	}
	begin := &mergeBegin{engine: e, project: project}
	var ok bool
	if begin.destination, ok = gateway.ParseID(destination); !ok {
		return convapi.Contact{}, notFound("contact", destination)
	}
	if begin.source, ok = gateway.ParseID(req.SourceID); !ok {
		return convapi.Contact{}, notFound("contact", req.SourceID)
	}
	if begin.source == begin.destination {
		return convapi.Contact{}, gateway.Invalid("source_id", "is the destination itself")
	}
	for begin.busy = true; begin.busy; {
		if err := e.awaitMerges(ctx, begin.source); err != nil {
			return convapi.Contact{}, err
		}
		if err := e.apply(ctx, store.Op{Want: begin.want(), Run: begin.run}); err != nil {
			return convapi.Contact{}, err
		}
	}
	if err := e.merges.await(ctx, e, begin.source); err != nil {
		return convapi.Contact{}, err
	}
	return e.Contact(ctx, project, destination)
}

func (b *mergeBegin) want() []func(*store.Tx) {
	return []func(*store.Tx){func(tx *store.Tx) {
		for _, contact := range []gateway.ID{b.source, b.destination} {
			tx.Contacts.Want(contact)
			for _, a := range b.engine.directory.appsOf(b.project) {
				tx.Active.Want(store.ActiveKey{Contact: contact, App: a.id})
			}
		}
	}, func(tx *store.Tx) {
		for _, contact := range []gateway.ID{b.source, b.destination} {
			for _, a := range b.engine.directory.appsOf(b.project) {
				tx.WantConversation(store.ActiveKey{Contact: contact, App: a.id})
			}
		}
	}}
}

func (b *mergeBegin) run(tx *store.Tx) error {
	e := b.engine
	b.busy = false
	from, err := e.ownPerson(tx, b.source)
	if err != nil {
		return err
	}
	into, err := e.ownPerson(tx, b.destination)
	switch {
	case err != nil:
		return err
	case into == nil || into.row.Project != b.project || !into.row.MergedInto.IsZero():
		return notFound("contact", b.destination.String())
	case from == nil || from.row.Project != b.project:
		return notFound("contact", b.source.String())
	case from.row.MergedInto == b.destination:
		return nil // begun before, and perhaps interrupted
	case !from.row.MergedInto.IsZero():
		return notFound("contact", b.source.String())
	case from.row.Merging > 0:
		b.busy = true
		return nil
	}
	work := &mergeWork{Into: make(map[string]string)}
	for _, a := range e.directory.appsOf(b.project) {
		if err := b.joinThreads(tx, a, work); err != nil {
			return err
		}
	}
	absorb(&into.resource, &from.resource)
	for _, id := range from.resource.ChannelIdentities {
		heir := gateway.ID{}
		if slices.Contains(into.resource.ChannelIdentities, id) {
			heir = b.destination
		}
		if err := e.disclaim(tx, identityKey(b.project, gateway.ID{}, id), b.source, heir); err != nil {
			return err
		}
	}
	into.row.Merging++
	if err := e.putPerson(tx, into); err != nil {
		return err
	}
	from.row.MergedInto = b.destination
	tx.Contacts.Put(from.row)
	return putMerge(tx, store.Merge{Source: b.source, Destination: b.destination, Project: b.project}, work)
}

// joinThreads makes the source's active conversation with an app the
// destination's, or, where that has one itself, closes it.
func (b *mergeBegin) joinThreads(tx *store.Tx, a *app, work *mergeWork) error {
	theirs, has, err := b.engine.active(tx, a, b.source)
	if err != nil {
		return err
	}
	ours, had, err := b.engine.active(tx, a, b.destination)
	if err != nil {
		return err
	}
	if had {
		work.Into[a.id.String()] = ours.ID.String()
	}
	if !has {
		return nil
	}
	if had {
		shut(tx, theirs)
		return nil
	}
	tx.Active.Delete(store.ActiveKey{Contact: b.source, App: a.id})
	tx.Active.Put(store.Active{ActiveKey: store.ActiveKey{Contact: b.destination, App: a.id}, Conversation: theirs.ID})
	work.adopt(tx, theirs, b.destination)
	return nil
}

// adopt makes a conversation the destination's.
func (w *mergeWork) adopt(tx *store.Tx, c store.Conversation, destination gateway.ID) {
	c.Contact, c.Closing = destination, false
	tx.Conversations.Move(c)
	w.Adopted = append(w.Adopted, c.ID.String())
}

// absorb gives a contact what another one has and it lacks: identities on
// channels that it has none on, at the bottom of its channel priority, and what
// may be left out of a contact.
func absorb(into, from *convapi.Contact) {
	had := channelsOf(into.ChannelIdentities)
	var came []convapi.Channel
	for _, id := range from.ChannelIdentities {
		if !slices.Contains(had, id.Channel) {
			into.ChannelIdentities = append(into.ChannelIdentities, id)
			came = append(came, id.Channel)
		}
	}
	for _, ch := range slices.Concat(from.ChannelPriority, came) {
		if slices.Contains(came, ch) && !slices.Contains(into.ChannelPriority, ch) {
			into.ChannelPriority = append(into.ChannelPriority, ch)
		}
	}
	if into.DisplayName == "" || into.DisplayName == convapi.DefaultDisplayName {
		into.DisplayName = from.DisplayName
	}
	if into.Language == "" || into.Language == convapi.LanguageUnspecified {
		into.Language = from.Language
	}
	for _, field := range []struct {
		into *string
		from string
	}{{&into.Email, from.Email}, {&into.ExternalID, from.ExternalID}, {&into.Metadata, from.Metadata}} {
		if *field.into == "" {
			*field.into = field.from
		}
	}
}

func putMerge(tx *store.Tx, row store.Merge, work *mergeWork) (err error) {
	if row.Body, err = json.Marshal(work); err != nil {
		return err
	}
	tx.Merges.Put(row)
	return nil
}

func workOf(row store.Merge) (*mergeWork, error) {
	work := new(mergeWork)
	if err := json.Unmarshal(row.Body, work); err != nil {
		return nil, fmt.Errorf("merge of contact %s: %w", row.Source, err)
	}
	return work, nil
}
