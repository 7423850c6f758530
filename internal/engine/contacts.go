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

// CreateContact adds a contact to a project.
func (e *Engine) CreateContact(ctx context.Context, project string, resource convapi.Contact) (convapi.Contact, error) {
	p, err := e.newContact(project, resource)
	if err != nil {
		return resource, err
	}
	err = e.apply(ctx, store.Op{Want: []func(*store.Tx){p.wantSiblings}, Run: func(tx *store.Tx) error { return e.addContact(tx, p) }})
	return p.resource, err
}

// newContact makes a contact that is not stored yet.
func (e *Engine) newContact(project string, resource convapi.Contact) (*person, error) {
	if err := resource.Validate(); err != nil {
		return nil, err
	}
	if err := e.prepareContact(project, &resource); err != nil {
		return nil, err
	}
	id := gateway.NewID(gateway.LaneOf(resource.ChannelIdentities[0].Identity))
	resource.ID = id.String()
	return &person{row: store.Contact{ID: id, Project: project}, resource: resource}, nil
}

// wantSiblings wants what addContact reads.
func (p *person) wantSiblings(tx *store.Tx) {
	for _, one := range p.resource.ChannelIdentities {
		wantSiblings(tx, identityKey(p.row.Project, gateway.ID{}, one))
	}
}

// addContact stores a new contact and tells of it.
func (e *Engine) addContact(tx *store.Tx, p *person) error {
	if err := e.putPerson(tx, p); err != nil {
		return err
	}
	return e.tellProject(tx, p.row.Project, p.row.ID, convapi.Callback{ContactCreateNotification: &convapi.ContactNotification{Contact: p.resource}})
}

// prepareContact normalizes identities, each of which is there once then, and
// completes the channel priority and the name.
func (e *Engine) prepareContact(project string, c *convapi.Contact) error {
	for i, id := range c.ChannelIdentities {
		if id.Channel.AppScoped() {
			if _, err := e.directory.appOf(project, id.AppID); err != nil {
				return gateway.Invalid(fmt.Sprintf("channel_identities[%d].app_id", i), "an identity on %s needs the app that it belongs to", id.Channel)
			}
		}
	}
	if c.DisplayName == "" {
		c.DisplayName = convapi.DefaultDisplayName
	}
	var identities []convapi.ChannelIdentity
	for _, id := range normalize("", c.ChannelIdentities) {
		if !slices.Contains(identities, id) {
			identities = append(identities, id)
		}
	}
	c.ChannelIdentities = identities
	for _, ch := range channelsOf(c.ChannelIdentities) {
		if !slices.Contains(c.ChannelPriority, ch) {
			c.ChannelPriority = append(c.ChannelPriority, ch)
		}
	}
	return nil
}

// Contact gives one contact.
func (e *Engine) Contact(ctx context.Context, project, text string) (convapi.Contact, error) {
	row, err := e.contactRow(ctx, project, text)
	if err != nil {
		return convapi.Contact{}, err
	}
	return showContact(row)
}

// contactRow finds a contact; one that is being merged into another one is that
// one already.
func (e *Engine) contactRow(ctx context.Context, project, text string) (store.Contact, error) {
	id, ok := gateway.ParseID(text)
	if !ok {
		return store.Contact{}, notFound("contact", text)
	}
	row, found, err := e.db.Contact(ctx, id)
	if err == nil && found && !row.MergedInto.IsZero() {
		row, found, err = e.db.Contact(ctx, row.MergedInto)
	}
	if err == nil && (!found || row.Project != project) {
		err = notFound("contact", text)
	}
	return row, err
}

func showContact(row store.Contact) (c convapi.Contact, err error) {
	err = json.Unmarshal(row.Body, &c)
	return c, err
}

// Contacts lists contacts in the order of their making.
func (e *Engine) Contacts(ctx context.Context, project string, f ContactFilter, p Page) ([]convapi.Contact, string, error) {
	if f.Identity != "" {
		out, err := e.contactsOf(ctx, project, f)
		return out, "", err
	}
	behind, err := openToken(p.Token)
	if err != nil {
		return nil, "", err
	}
	rows, err := e.db.Contacts(ctx, project, f.ExternalID, behind, p.Size+1)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(rows, p.Size, func(r *store.Contact) gateway.ID { return r.ID })
	out := make([]convapi.Contact, len(rows))
	for i, row := range rows {
		if out[i], err = showContact(row); err != nil {
			return nil, "", err
		}
	}
	return out, next, nil
}

// contactsOf finds the contacts of an identity; an app-scoped one in all apps.
func (e *Engine) contactsOf(ctx context.Context, project string, f ContactFilter) ([]convapi.Contact, error) {
	id := convapi.ChannelIdentity{Channel: f.Channel, Identity: convapi.NormalizeIdentity(f.Channel, f.Identity)}
	scopes := []gateway.ID{{}}
	if f.Channel.AppScoped() {
		scopes = nil
		for _, a := range e.directory.appsOf(project) {
			scopes = append(scopes, a.id)
		}
	}
	var out []convapi.Contact
	for _, scope := range scopes {
		identity, _, err := e.db.Identity(ctx, identityKey(project, scope, id))
		if err != nil {
			return nil, err
		}
		for _, contact := range identity.Contacts {
			row, found, err := e.db.Contact(ctx, contact)
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			c, err := showContact(row)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// UpdateContact applies change to the stored contact and validates the result.
func (e *Engine) UpdateContact(ctx context.Context, project, text string, change func(*convapi.Contact) error) (convapi.Contact, error) {
	id, ok := gateway.ParseID(text)
	if !ok {
		return convapi.Contact{}, notFound("contact", text)
	}
	var p *person
	err := e.apply(ctx, store.Op{Run: func(tx *store.Tx) (err error) {
		if p, err = e.contactToChange(tx, project, id); err != nil {
			return err
		}
		before := slices.Clone(p.resource.ChannelIdentities)
		if err := change(&p.resource); err != nil {
			return err
		}
		p.resource.ID = id.String()
		if err := p.resource.Validate(); err != nil {
			return err
		}
		if err := e.prepareContact(project, &p.resource); err != nil {
			return err
		}
		gone := slices.DeleteFunc(before, func(id convapi.ChannelIdentity) bool { return slices.Contains(p.resource.ChannelIdentities, id) })
		if err := e.release(tx, p, gone); err != nil {
			return err
		}
		if err := e.putPerson(tx, p); err != nil {
			return err
		}
		return e.tellProject(tx, project, id, convapi.Callback{ContactUpdateNotification: &convapi.ContactNotification{Contact: p.resource}})
	}})
	if err != nil {
		return convapi.Contact{}, err
	}
	return p.resource, nil
}

// contactToChange loads a contact of a project to change or delete it. The
// source of a merge is as good as gone.
func (e *Engine) contactToChange(tx *store.Tx, project string, id gateway.ID) (*person, error) {
	p, err := e.ownPerson(tx, id)
	if err == nil && (p == nil || p.row.Project != project || !p.row.MergedInto.IsZero()) {
		err = notFound("contact", id.String())
	}
	return p, err
}

// DeleteContact removes a contact with its conversations, and in time what the
// callback log says of it. Messages to it that are still queued fail with
// CONTACT_NOT_FOUND.
func (e *Engine) DeleteContact(ctx context.Context, project, text string) error {
	row, err := e.contactRow(ctx, project, text)
	if err != nil {
		return err
	}
	if row.ID.String() != text {
		return notFound("contact", text)
	}
	for gone := false; !gone; {
		if err := e.clearContact(ctx, project, row.ID); err != nil {
			return err
		}
		err = e.apply(ctx, store.Op{Want: []func(*store.Tx){e.wantDrop(project, row.ID)}, Run: func(tx *store.Tx) (err error) {
			gone, err = e.dropContact(tx, project, row.ID)
			return err
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// clearContact deletes a contact's conversations.
func (e *Engine) clearContact(ctx context.Context, project string, id gateway.ID) error {
	if err := e.awaitMerges(ctx, id); err != nil {
		return err
	}
	return e.deleteConversations(ctx, store.ConversationQuery{Project: project, Contact: id}, contactWithdrawn)
}

// wantDrop wants what dropContact reads.
func (e *Engine) wantDrop(project string, id gateway.ID) func(*store.Tx) {
	return func(tx *store.Tx) {
		tx.Contacts.Want(id)
		for _, a := range e.directory.appsOf(project) {
			tx.Active.Want(store.ActiveKey{Contact: id, App: a.id})
		}
	}
}

// dropContact removes a contact without conversations. It reports false if it
// has got one meanwhile, or another contact is being merged into it.
func (e *Engine) dropContact(tx *store.Tx, project string, id gateway.ID) (gone bool, err error) {
	p, err := e.contactToChange(tx, project, id)
	if err != nil || p.row.Merging > 0 {
		return false, err
	}
	for _, a := range e.directory.appsOf(project) {
		if _, active, err := tx.Active.Get(store.ActiveKey{Contact: id, App: a.id}); err != nil || active {
			return false, err
		}
	}
	if err := e.release(tx, p, p.resource.ChannelIdentities); err != nil {
		return false, err
	}
	if err := e.forgetConsents(tx, project, p.resource.ChannelIdentities); err != nil {
		return false, err
	}
	tx.Contacts.Delete(id)
	tx.Erasures.Put(store.Erasure{Contact: id, Project: project, At: tx.Now})
	return true, e.tellProject(tx, project, id, convapi.Callback{ContactDeleteNotification: &convapi.ContactNotification{Contact: p.resource}})
}
