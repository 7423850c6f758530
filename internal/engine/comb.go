package engine

import (
	"context"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// The ages of what is kept for the gateway's own sake.
const (
	// seenFor is how long a provider's item is recognised: the longest that a
	// provider comes again for want of an answer is seven days (WhatsApp).
	seenFor = 8 * 24 * time.Hour
	// idempotencyFor is the time for which a key is promised.
	idempotencyFor = 24 * time.Hour
	// combInterval is the time between two walks through the tables that are not
	// in the order of time, and so have to be read from end to end.
	combInterval = 24 * time.Hour
)

// comb goes through the tables whose order is not that of time.
func (s sweep) comb() error {
	now := s.db.Now()
	err := pages(s, "seen", s.db.SeenKeys, func(r store.Seen) bool { return r.At.Before(now.Add(-seenFor)) },
		func(tx *store.Tx, r store.Seen) { tx.Seen.Delete(r.RefKey) })
	if err != nil {
		return err
	}
	err = pages(s, "idempotency", s.db.IdempotencyKeys, func(r store.Idempotency) bool { return r.At.Before(now.Add(-idempotencyFor)) },
		func(tx *store.Tx, r store.Idempotency) { tx.Idempotency.Delete(r.IdempotencyKey) })
	if err != nil {
		return err
	}
	for _, step := range []func() error{s.refs, s.notes, s.consents} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// lanes gives f those of this node's lanes in which a table has rows.
func (s sweep) lanes(table string, f func(lane int) error) error {
	lanes, err := s.db.LanesWith(s.ctx, table)
	if err != nil {
		return err
	}
	members := s.db.Members()
	for _, lane := range lanes {
		if !members.Owns(lane) {
			continue
		}
		if err := f(lane); err != nil {
			return err
		}
	}
	return nil
}

// pages walks a table and deletes what is old of it.
func pages[R any](s sweep, table string, read func(context.Context, int, *R, int) ([]R, error), old func(R) bool, remove func(*store.Tx, R)) error {
	return walk(s, table, read, func(lane int, page []R) error {
		var chosen []R
		for _, r := range page {
			if old(r) {
				chosen = append(chosen, r)
			}
		}
		return s.deleteRows(table, lane, len(chosen), func(tx *store.Tx) {
			for _, r := range chosen {
				remove(tx, r)
			}
		})
	})
}

// walk reads this node's part of a table page by page.
func walk[R any](s sweep, table string, read func(context.Context, int, *R, int) ([]R, error), f func(lane int, page []R) error) error {
	return s.lanes(table, func(lane int) error {
		return eachPage(
			func(behind *R) ([]R, error) { return read(s.ctx, lane, behind, sweepPage) },
			func(last R) *R { return &last },
			func(page []R) error { return f(lane, page) })
	})
}

// refs deletes the references to messages that are no more.
func (s sweep) refs() error {
	return walk(s, "ref", s.db.Refs, func(lane int, page []store.Ref) error {
		ids := make([]gateway.ID, len(page))
		for i, r := range page {
			ids[i] = r.Message
		}
		existing, err := s.db.Existing(s.ctx, ids)
		if err != nil {
			return err
		}
		var orphans []store.RefKey
		for _, r := range page {
			if !existing[r.Message] {
				orphans = append(orphans, r.RefKey)
			}
		}
		return s.deleteRows("ref", lane, len(orphans), func(tx *store.Tx) {
			for _, key := range orphans {
				tx.Refs.Delete(key)
			}
		})
	})
}

// notes forgets the metadata and correlation ids of DISPATCH mode that are older
// than any app of the project keeps messages in that mode.
func (s sweep) notes() error {
	return walk(s, "identity", s.db.Identities, func(lane int, page []store.Identity) error {
		var old []store.IdentityKey
		for _, r := range page {
			if !r.Noted.IsZero() && r.Noted.Before(s.notesBound(r.Project)) {
				old = append(old, r.IdentityKey)
			}
		}
		return s.delete("identity_note", len(old), store.Op{Run: func(tx *store.Tx) error {
			if !tx.Owns(lane) {
				return nil
			}
			for _, key := range old {
				if err := forgetNote(tx, key, s.notesBound(key.Project)); err != nil {
					return err
				}
			}
			return nil
		}})
	})
}

// notesBound is the time before which notes on identities of a project go.
func (s sweep) notesBound(project string) time.Time {
	days := 0
	for _, a := range s.directory.appsOf(project) {
		days = max(days, a.resource.DispatchRetentionPolicy.TTLDays)
	}
	return s.db.Now().Add(-time.Duration(days) * 24 * time.Hour)
}

// forgetNote forgets what was noted of an identity before a time.
func forgetNote(tx *store.Tx, key store.IdentityKey, bound time.Time) error {
	identity, found, err := tx.Identities.Get(key)
	if err != nil || !found || !identity.Noted.Before(bound) {
		return err
	}
	if identity.Forget() {
		tx.Identities.Delete(key)
	} else {
		tx.Identities.Put(identity)
	}
	return nil
}
