package engine

import (
	"encoding/json"
	"fmt"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// person is a contact within an operation.
type person struct {
	row      store.Contact
	resource convapi.Contact
}

// identityKey names an identity; an app-scoped one within its app.
func identityKey(project string, app gateway.ID, id convapi.ChannelIdentity) store.IdentityKey {
	key := store.IdentityKey{Project: project, Channel: string(id.Channel), Identity: id.Identity}
	if id.Channel.AppScoped() {
		key.Scope = app
		if own, ok := gateway.ParseID(id.AppID); ok {
			key.Scope = own
		}
	}
	return key
}

// normalize brings identities into the form that is compared and stored. An
// app-scoped identity belongs to the app at hand unless it names another.
func normalize(app string, list []convapi.ChannelIdentity) []convapi.ChannelIdentity {
	out := make([]convapi.ChannelIdentity, len(list))
	for i, id := range list {
		id.Identity = convapi.NormalizeIdentity(id.Channel, id.Identity)
		if !id.Channel.AppScoped() {
			id.AppID = ""
		} else if id.AppID == "" {
			id.AppID = app
		}
		out[i] = id
	}
	return out
}

// person loads a contact; one that is being merged into another one is that one
// already.
func (e *Engine) person(tx *store.Tx, id gateway.ID) (*person, error) {
	p, err := e.ownPerson(tx, id)
	if err != nil || p == nil || p.row.MergedInto.IsZero() {
		return p, err
	}
	return e.ownPerson(tx, p.row.MergedInto)
}

// ownPerson loads a contact, itself.
func (e *Engine) ownPerson(tx *store.Tx, id gateway.ID) (*person, error) {
	row, found, err := tx.Contacts.Get(id)
	if err != nil || !found {
		return nil, err
	}
	p := &person{row: row}
	if err := json.Unmarshal(row.Body, &p.resource); err != nil {
		return nil, fmt.Errorf("contact %s: %w", id, err)
	}
	return p, nil
}

// putPerson writes a contact and adds it to those that its identities point to.
func (e *Engine) putPerson(tx *store.Tx, p *person) (err error) {
	p.row.ExternalID = p.resource.ExternalID
	if p.row.Body, err = json.Marshal(p.resource); err != nil {
		return err
	}
	tx.Contacts.Put(p.row)
	for _, id := range p.resource.ChannelIdentities {
		if err := e.claim(tx, identityKey(p.row.Project, gateway.ID{}, id), p.row.ID); err != nil {
			return err
		}
	}
	return nil
}

// release takes a contact off identities that it no longer has.
func (e *Engine) release(tx *store.Tx, p *person, identities []convapi.ChannelIdentity) error {
	for _, id := range identities {
		if err := e.disclaim(tx, identityKey(p.row.Project, gateway.ID{}, id), p.row.ID, gateway.ID{}); err != nil {
			return err
		}
	}
	return nil
}

// resolve finds the contact of the given identities, or makes it, as the
// contract's table for CONVERSATION mode has it, and tells of what it did.
func (e *Engine) resolve(tx *store.Tx, a *app, identities []convapi.ChannelIdentity) (*person, error) {
	matches, err := e.matches(tx, a, identities)
	if err != nil {
		return nil, err
	}
	var found []gateway.ID
	for _, m := range matches {
		for _, id := range m {
			if !slices.Contains(found, id) {
				found = append(found, id)
			}
		}
	}
	switch len(found) {
	case 0:
		return e.makePerson(tx, a, identities)
	case 1:
		return e.complete(tx, found[0], identities)
	}
	if err := e.tellDuplication(tx, a, identities, matches); err != nil {
		return nil, err
	}
	return e.person(tx, found[0]) // the first identity's oldest
}

// contactOf is resolve for one identity where nobody needs more of the contact
// than its id. The usual one, whom alone the identity leads to, is not decoded.
func (e *Engine) contactOf(tx *store.Tx, a *app, identity convapi.ChannelIdentity) (gateway.ID, error) {
	known, _, err := tx.Identities.Get(identityKey(a.project, a.id, identity))
	if err != nil {
		return gateway.ID{}, err
	}
	if len(known.Contacts) == 1 {
		row, found, err := tx.Contacts.Get(known.Contacts[0])
		if err != nil || found && row.MergedInto.IsZero() {
			return row.ID, err
		}
	}
	p, err := e.resolve(tx, a, []convapi.ChannelIdentity{identity})
	if err != nil {
		return gateway.ID{}, err
	}
	return p.row.ID, nil
}

// matches gives the existing contacts of each identity, the oldest first.
func (e *Engine) matches(tx *store.Tx, a *app, identities []convapi.ChannelIdentity) ([][]gateway.ID, error) {
	out := make([][]gateway.ID, len(identities))
	for i, id := range identities {
		var err error
		if out[i], err = e.owners(tx, identityKey(a.project, a.id, id)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *Engine) makePerson(tx *store.Tx, a *app, identities []convapi.ChannelIdentity) (*person, error) {
	id := gateway.NewIDAt(gateway.LaneOf(identities[0].Identity), tx.Now)
	p := &person{
		row: store.Contact{ID: id, Project: a.project},
		resource: convapi.Contact{
			ID: id.String(), ChannelIdentities: identities, ChannelPriority: channelsOf(identities),
			DisplayName: convapi.DefaultDisplayName, Language: convapi.LanguageUnspecified,
		},
	}
	if err := e.putPerson(tx, p); err != nil {
		return nil, err
	}
	tx.Active.None(store.ActiveKey{Contact: id, App: a.id})
	return p, e.tellProject(tx, a.project, id, convapi.Callback{
		ContactCreateNotification: &convapi.ContactNotification{Contact: p.resource},
	})
}

// complete adds the identities that the contact lacks.
func (e *Engine) complete(tx *store.Tx, id gateway.ID, identities []convapi.ChannelIdentity) (*person, error) {
	p, err := e.person(tx, id)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, fmt.Errorf("an identity points to contact %s, which does not exist", id)
	}
	before := len(p.resource.ChannelIdentities)
	for _, identity := range identities {
		if slices.Contains(p.resource.ChannelIdentities, identity) {
			continue
		}
		p.resource.ChannelIdentities = append(p.resource.ChannelIdentities, identity)
		if !slices.Contains(p.resource.ChannelPriority, identity.Channel) {
			p.resource.ChannelPriority = append(p.resource.ChannelPriority, identity.Channel)
		}
	}
	if len(p.resource.ChannelIdentities) == before {
		return p, nil
	}
	if err := e.putPerson(tx, p); err != nil {
		return nil, err
	}
	return p, e.tellProject(tx, p.row.Project, id, convapi.Callback{
		ContactUpdateNotification: &convapi.ContactNotification{Contact: p.resource},
	})
}

func (e *Engine) tellDuplication(tx *store.Tx, a *app, identities []convapi.ChannelIdentity, matches [][]gateway.ID) error {
	var list []convapi.DuplicatedIdentity
	var about gateway.ID
	for i, m := range matches {
		if len(m) == 0 {
			continue
		}
		if about.IsZero() {
			about = m[0]
		}
		d := convapi.DuplicatedIdentity{Channel: identities[i].Channel}
		for _, id := range m {
			d.ContactIDs = append(d.ContactIDs, id.String())
		}
		list = append(list, d)
	}
	return e.tell(tx, a, about, "", convapi.Callback{
		DuplicatedContactIdentitiesNotification: &convapi.DuplicatedContactIdentitiesNotification{DuplicatedIdentities: list},
	})
}

// channelsOf lists the channels of identities, each once, in their order.
func channelsOf(identities []convapi.ChannelIdentity) []convapi.Channel {
	var out []convapi.Channel
	for _, id := range identities {
		if !slices.Contains(out, id.Channel) {
			out = append(out, id.Channel)
		}
	}
	return out
}
