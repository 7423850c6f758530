package httpapi

import (
	"context"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// maxContactPage is the largest page of contacts, and of identities in conflict,
// of the contract.
const maxContactPage = 20

func (a *api) createContact(ctx context.Context, c *call) (any, error) {
	contact, err := decode[convapi.Contact](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.CreateContact(ctx, c.project, contact)
}

func (a *api) listContacts(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(maxContactPage)
	filter := engine.ContactFilter{
		ExternalID: q.text("external_id"),
		Channel:    enumOf[convapi.Channel](q, "channel"),
		Identity:   q.text("identity"),
	}
	if filter.Identity == "" && len(q.raw["channel"]) > 0 {
		q.refuse("identity", "is required with channel")
	}
	if filter.Identity != "" && len(q.raw["channel"]) == 0 {
		q.refuse("channel", "is required with identity")
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	contacts, next, err := a.engine.Contacts(ctx, c.project, filter, page)
	if err != nil {
		return nil, err
	}
	return convapi.ListContactsResponse{Contacts: contacts, NextPageToken: next}, nil
}

func (a *api) getContact(ctx context.Context, c *call) (any, error) {
	return a.engine.Contact(ctx, c.project, c.ids[0])
}

func (a *api) updateContact(ctx context.Context, c *call) (any, error) {
	p, err := newPatch[convapi.Contact](c, "id")
	if err != nil {
		return nil, err
	}
	return a.engine.UpdateContact(ctx, c.project, c.ids[0], func(contact *convapi.Contact) error {
		p.apply(contact)
		return nil
	})
}

func (a *api) deleteContact(ctx context.Context, c *call) (any, error) {
	return done{}, a.engine.DeleteContact(ctx, c.project, c.ids[0])
}

func (a *api) mergeContact(ctx context.Context, c *call) (any, error) {
	req, err := decode[convapi.MergeContactRequest](c.body)
	if err != nil {
		return nil, err
	}
	return a.engine.MergeContact(ctx, c.project, c.ids[0], req)
}

func (a *api) listIdentityConflicts(ctx context.Context, c *call) (any, error) {
	q := c.query()
	page := q.page(maxContactPage)
	if err := q.err(); err != nil {
		return nil, err
	}
	conflicts, next, err := a.engine.IdentityConflicts(ctx, c.project, page)
	if err != nil {
		return nil, err
	}
	return convapi.ListIdentityConflictsResponse{Conflicts: conflicts, NextPageToken: next}, nil
}
