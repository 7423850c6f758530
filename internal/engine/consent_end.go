package engine

import (
	"switchyard/convapi"
	"switchyard/internal/consent"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// forgetConsents takes the names of an erased person off the lists of all apps,
// unless somebody else has them as well. The person stays on the lists by the
// keyed hash, or would be written to again.
func (e *Engine) forgetConsents(tx *store.Tx, project string, identities []convapi.ChannelIdentity) error {
	for _, id := range identities {
		known, _, err := tx.Identities.Get(identityKey(project, gateway.ID{}, id))
		if err != nil {
			return err
		}
		if len(known.Contacts) > 0 {
			continue
		}
		for _, a := range e.directory.appsOf(project) {
			if err := e.forgetConsent(tx, a.id, consent.PartyOf(id.Channel, id.Identity)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) forgetConsent(tx *store.Tx, app gateway.ID, party consent.Party) error {
	if !e.consents.has(app) {
		return nil
	}
	row, found, err := e.consentRow(tx, app, party)
	if err != nil || !found {
		return err
	}
	row.Listed, row.Identity, row.Last = gateway.ID{}, "", 0
	e.putConsent(tx, row)
	return nil
}

// consents deletes what deleted apps knew, and of people who are on no list the
// type of a last message that is long ago.
func (s sweep) consents() error {
	before := s.db.Now().Add(-lastFor)
	gone := func(app gateway.ID) bool { _, known := s.directory.app(app); return !known }
	old := func(r store.Consent) bool {
		return gone(r.App) || r.Lists == 0 && (r.Last == 0 || r.Noted.Before(before))
	}
	// What was read beside the writer may have changed: whoever has opted out
	// meanwhile stays, and so does what belongs to an app that was not known yet.
	err := pages(s, "consent", s.db.Consents, old, func(tx *store.Tx, r store.Consent) {
		if now, found, err := tx.Consents.Get(r.Subject); err == nil && found && old(now) {
			tx.Consents.Delete(r.Subject)
		}
	})
	if err != nil {
		return err
	}
	return pages(s, "consent_audit", s.db.ConsentHistory, func(r store.ConsentAudit) bool { return gone(r.App) },
		func(tx *store.Tx, r store.ConsentAudit) {
			if gone(r.App) {
				tx.ConsentAudits.Delete(r.ConsentAuditKey)
			}
		})
}
