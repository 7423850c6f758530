package engine

import (
	"bytes"
	"encoding/json"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// numbered are the channels on which a phone number is the same person's. Two
// contacts with one number on them are in conflict, and where the project's
// contact ids are unified, the number leads to one contact on all of them.
var numbered = []convapi.Channel{convapi.ChannelSMS, convapi.ChannelRCS, convapi.ChannelMMS}

// siblings are the keys under which the person of an identity may be known; the
// first of them names all.
func siblings(key store.IdentityKey) []store.IdentityKey {
	if !slices.Contains(numbered, convapi.Channel(key.Channel)) {
		return []store.IdentityKey{key}
	}
	out := make([]store.IdentityKey, len(numbered))
	for i, ch := range numbered {
		out[i] = key
		out[i].Channel = string(ch)
	}
	return out
}

// wantOwners wants, for a message with an app, the contacts that an identity leads
// to or, if there are none, what a claim to it is held against.
func wantOwners(tx *store.Tx, app gateway.ID, key store.IdentityKey) {
	identity, _, err := tx.Identities.Get(key)
	switch {
	case err != nil:
	case len(identity.Contacts) == 0:
		wantSiblings(tx, key)
	default:
		for _, contact := range identity.Contacts {
			wantContact(tx, app, contact)
		}
	}
}

// wantActive is about the conversations of whoever wantOwners has found.
func wantActive(tx *store.Tx, app gateway.ID, key store.IdentityKey) {
	identity, _, err := tx.Identities.Get(key)
	if err != nil {
		return
	}
	for _, contact := range identity.Contacts {
		tx.WantConversation(store.ActiveKey{Contact: contact, App: app})
	}
}

func wantContact(tx *store.Tx, app, contact gateway.ID) {
	tx.Contacts.Want(contact)
	tx.Active.Want(store.ActiveKey{Contact: contact, App: app})
}

func wantSiblings(tx *store.Tx, key store.IdentityKey) {
	for _, sibling := range siblings(key) {
		tx.Identities.Want(sibling)
	}
}

// owners are the contacts that an identity leads to, the oldest first. One that
// nobody claims leads to the contact with that number on another channel, where
// the project has unified contact ids. Without a conflict there is one.
func (e *Engine) owners(tx *store.Tx, key store.IdentityKey) ([]gateway.ID, error) {
	identity, _, err := tx.Identities.Get(key)
	if err != nil || len(identity.Contacts) > 0 {
		return identity.Contacts, err
	}
	claimed, err := claimsOf(tx, key)
	if err != nil || len(claimed.Contacts) == 0 {
		return nil, err
	}
	unified, err := unifiedContacts(tx, key.Project)
	if err != nil || !unified {
		return nil, err
	}
	return claimed.Contacts, nil
}

// unifiedContacts says whether a project has unified contact ids. It is asked
// only where a number is known on another channel.
func unifiedContacts(tx *store.Tx, project string) (bool, error) {
	row, _, err := tx.Projects.Get(project)
	if err != nil {
		return false, err
	}
	settings, err := readSettings(row)
	return settings.ContactSettings.UnifiedContactIDEnabled, err
}

func readSettings(row store.Project) (settings convapi.ProjectSettings, err error) {
	if len(row.Settings) > 0 {
		err = json.Unmarshal(row.Settings, &settings)
	}
	if settings.ContactSettings == nil {
		settings.ContactSettings = new(convapi.ContactSettings)
	}
	return settings, err
}

// claimsOf gathers who claims an identity on the channels that count as one. It
// is a conflict if they are several.
func claimsOf(tx *store.Tx, key store.IdentityKey) (c store.Conflict, err error) {
	keys := siblings(key)
	c.IdentityKey = keys[0]
	for _, sibling := range keys {
		identity, _, err := tx.Identities.Get(sibling)
		if err != nil {
			return c, err
		}
		if len(identity.Contacts) > 0 {
			c.Channels = append(c.Channels, sibling.Channel)
		}
		for _, contact := range identity.Contacts {
			c.Contacts = withContact(c.Contacts, contact)
		}
	}
	return c, nil
}

// withContact adds a contact to a list that has the oldest first.
func withContact(list []gateway.ID, contact gateway.ID) []gateway.ID {
	if slices.Contains(list, contact) {
		return list
	}
	out := append(slices.Clone(list), contact)
	slices.SortFunc(out, func(a, b gateway.ID) int { return bytes.Compare(a[:], b[:]) })
	return out
}

func withoutContact(list []gateway.ID, contact gateway.ID) []gateway.ID {
	return slices.DeleteFunc(slices.Clone(list), func(one gateway.ID) bool { return one == contact })
}

// claim makes an identity lead to a contact. Where contact ids are unified, it
// fails if the number is another contact's.
func (e *Engine) claim(tx *store.Tx, key store.IdentityKey, contact gateway.ID) error {
	identity, _, err := tx.Identities.Get(key)
	if err != nil || slices.Contains(identity.Contacts, contact) {
		return err
	}
	identity.IdentityKey = key
	identity.Contacts = withContact(identity.Contacts, contact)
	tx.Identities.Put(identity)
	claims, err := claimsOf(tx, key)
	if err != nil || len(claims.Contacts) < 2 {
		return err
	}
	if unified, err := unifiedContacts(tx, key.Project); err != nil {
		return err
	} else if unified && slices.Contains(numbered, convapi.Channel(key.Channel)) {
		other := withoutContact(claims.Contacts, contact)[0]
		return gateway.Invalid("channel_identities", "a number on %s is contact %s's, and the project has unified contact ids", key.Channel, other)
	}
	return noteConflict(tx, claims)
}

// disclaim takes an identity from a contact and, if into is one, gives it to that
// contact.
func (e *Engine) disclaim(tx *store.Tx, key store.IdentityKey, contact, into gateway.ID) error {
	identity, found, err := tx.Identities.Get(key)
	if err != nil || !found {
		return err
	}
	identity.Contacts = withoutContact(identity.Contacts, contact)
	if !into.IsZero() {
		identity.Contacts = withContact(identity.Contacts, into)
	}
	if len(identity.Contacts) == 0 { // and what DISPATCH mode has noted goes with the person
		tx.Identities.Delete(key)
	} else {
		tx.Identities.Put(identity)
	}
	claims, err := claimsOf(tx, key)
	if err != nil || len(claims.Contacts) == 0 {
		return err // there was one
	}
	return noteConflict(tx, claims)
}

// noteConflict keeps the table of conflicts, and their number, as the claims are.
func noteConflict(tx *store.Tx, claims store.Conflict) error {
	known, found, err := tx.Conflicts.Get(claims.IdentityKey)
	if err != nil {
		return err
	}
	var more int
	switch conflict := len(claims.Contacts) > 1; {
	case !conflict && !found:
		return nil
	case !conflict:
		tx.Conflicts.Delete(claims.IdentityKey)
		more = -1
	case found:
		claims.ID = known.ID
		tx.Conflicts.Put(claims)
		return nil
	default:
		claims.ID = gateway.NewIDAt(claims.Lane(), tx.Now)
		tx.Conflicts.Put(claims)
		more = 1
	}
	project, _, err := tx.Projects.Get(claims.Project)
	if err != nil {
		return err
	}
	project.Conflicts += more
	tx.Projects.Put(project)
	return nil
}
