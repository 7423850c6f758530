package engine

import (
	"context"
	"errors"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Retention says how long is kept what no app's policy speaks of, and how often
// what is too old is looked for.
type Retention struct {
	// Interval is the time between two sweeps; 0: nothing is deleted for its age.
	Interval time.Duration
	// Callbacks is how long the callback log is kept beyond delivery. It should be
	// no shorter than the window in which callbacks are tried again.
	Callbacks time.Duration
}

// hiddenFor is how long a message is kept, unreadable, whose app keeps none: its
// reports name it, and carriers give up an SMS after two or three days; and a
// message can be quoted for 96 hours by the contract.
const hiddenFor = 96 * time.Hour

// sweepPage is how many rows one query reads and one operation deletes: so few
// that nobody notices the commit with them. With 200, the slowest hundredth of
// the callbacks beside a sweep took 17 times as long, with 50 as long as ever
// (bench --phases full).
const sweepPage = 50

// sweepShare: of so many units of time a sweep takes one, and leaves the others
// to the traffic. While others wait for the store it rests up to sweepPatience
// times as long: in a large store a row that is deleted costs several pages that
// nobody else has touched for long.
const (
	sweepShare    = 10
	sweepPatience = 5
)

// sweep is one pass over what this node's lanes hold. Whatever it leaves undone,
// the next one does.
type sweep struct {
	*Engine
	ctx context.Context
}

// sweepForEver deletes what is too old, again and again.
func (e *Engine) sweepForEver() {
	var combed time.Time
	for {
		select {
		case <-time.After(e.cfg.Retention.Interval):
		case <-e.ctx.Done():
			return
		}
		s := sweep{e, e.ctx}
		steps := []func() error{s.messages, s.threads, s.log, s.erase, s.batches}
		comb := e.db.Now().Sub(combed) >= combInterval
		if comb {
			steps = append(steps, s.comb)
		}
		var errs []error
		for _, step := range steps {
			errs = append(errs, step())
		}
		switch err := errors.Join(errs...); {
		case e.ctx.Err() != nil:
			return
		case err != nil:
			e.log.Error("what is too old cannot be deleted; trying again", "error", err)
		case comb:
			combed = e.db.Now()
			fallthrough
		default:
			e.metrics.LastSweep.Set(float64(e.db.Now().Unix()))
		}
	}
}

// bounds are the times before which an app's messages go; zero: they stay.
type bounds struct {
	conversation, dispatch, hidden time.Time // of messages
	thread                         time.Time // of conversations, by their last message
}

// bounds gives those of an app by its policies; of a deleted one nothing stays.
func (s sweep) bounds(id gateway.ID) bounds {
	now := s.db.Now()
	a, known := s.directory.app(id)
	if !known {
		return bounds{now, now, now, now}
	}
	days := func(n int) time.Time { return now.Add(-time.Duration(n) * 24 * time.Hour) }
	b := bounds{dispatch: days(a.resource.DispatchRetentionPolicy.TTLDays), hidden: now.Add(-hiddenFor)}
	switch policy := a.resource.RetentionPolicy; policy.RetentionType {
	case convapi.RetentionMessageExpire:
		b.conversation = days(policy.TTLDays)
	case convapi.RetentionConversationExpire:
		b.thread = days(policy.TTLDays)
	}
	return b
}

// of gives the bound of a message.
func (b bounds) of(m store.Message) time.Time {
	switch {
	case m.Kind.Hidden():
		return b.hidden
	case m.Dispatch:
		return b.dispatch
	}
	return b.conversation
}

// last is the latest of the bounds of messages.
func (b bounds) last() time.Time {
	last := b.hidden
	for _, t := range []time.Time{b.dispatch, b.conversation} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// messages deletes the messages that are older than their apps keep them. One
// that is still under way stays until it is settled.
func (s sweep) messages() error {
	return s.eachApp(s.db.NextApp, func(app gateway.ID) error {
		b := s.bounds(app)
		before := gateway.FirstID(b.last())
		return eachPage(
			func(behind gateway.ID) ([]store.Message, error) {
				return s.db.OldMessages(s.ctx, app, behind, before, sweepPage)
			},
			func(m store.Message) gateway.ID { return m.ID },
			func(page []store.Message) error { return s.deleteMessages(page, b) })
	})
}

func (s sweep) deleteMessages(page []store.Message, b bounds) error {
	var old []gateway.ID
	for _, m := range page {
		if m.Accepted.Before(b.of(m)) && m.State.Due.IsZero() && s.db.Members().Owns(s.db.Lane(m.ID)) {
			old = append(old, m.ID)
		}
	}
	return s.delete("message", len(old), store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) {
			for _, id := range old {
				tx.WantMessage(id)
			}
		}},
		Run: func(tx *store.Tx) error {
			for _, id := range old {
				m, found, err := tx.Message(id)
				if err != nil {
					return err
				}
				if !found || !m.State.Due.IsZero() {
					continue
				}
				if err := tx.DeleteMessage(id); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// threads deletes the conversations whose last message is older than their apps
// keep them.
func (s sweep) threads() error {
	return s.eachApp(s.db.NextThreadApp, func(app gateway.ID) error {
		bound := s.bounds(app).thread
		if bound.IsZero() {
			return nil
		}
		before := gateway.FirstID(bound)
		return eachPage(
			func(behind gateway.ID) ([]store.Conversation, error) {
				return s.db.OldConversations(s.ctx, app, behind, before, sweepPage)
			},
			func(c store.Conversation) gateway.ID { return c.ID },
			func(page []store.Conversation) error {
				for _, c := range page {
					if err := s.deleteThread(c, bound); err != nil {
						return err
					}
				}
				return nil
			})
	})
}

// deleteThread deletes a conversation, unless a message has come meanwhile: it is
// closed first, so that the next message opens another.
func (s sweep) deleteThread(c store.Conversation, bound time.Time) error {
	if !c.LastReceived.Before(bound) || !s.db.Members().Owns(s.db.Lane(c.ID)) {
		return nil
	}
	begin, closed := time.Now(), false
	err := s.db.ApplyOwed(s.ctx, store.Op{Run: func(tx *store.Tx) error {
		closed = false
		c, found, err := tx.Conversations.Get(c.ID)
		if err != nil || !found || !c.LastReceived.Before(bound) {
			return err
		}
		closed = true
		shut(tx, c)
		return nil
	}})
	if err != nil || !closed {
		return err
	}
	if err := s.deleteConversation(s.ctx, c.ID, gateway.ID{}, withdrawn(convapi.ReasonUnknown, "the conversation")); err != nil {
		return err
	}
	s.metrics.Expired.WithLabelValues("conversation").Inc()
	return s.rest(time.Since(begin))
}

// log deletes callbacks, and the record of those that were dropped, that are old
// and that no webhook is still to get.
func (s sweep) log() error {
	upTo := store.PositionAt(s.db.Now().Add(-s.cfg.Retention.Callbacks))
	all := func(_ uint64, page []store.Callback) []store.Callback { return page }
	if err := s.lanes("callback", func(lane int) error { return s.eachLog(lane, upTo, all) }); err != nil {
		return err
	}
	return pages(s, "dropped_callback", s.db.DroppedBehind, func(d store.Dropped) bool { return d.Position <= upTo },
		func(tx *store.Tx, d store.Dropped) { tx.Dropped.Delete(d.DeliveryKey) })
}

// eachLog goes through what is done with of each app's log in a lane, and deletes
// what choose picks of a page; done is up to where that app's log was looked at.
func (s sweep) eachLog(lane int, upTo uint64, choose func(done uint64, page []store.Callback) []store.Callback) error {
	next := func(ctx context.Context, app gateway.ID) (gateway.ID, bool, error) {
		return s.db.NextLogApp(ctx, lane, app)
	}
	return s.eachApp(next, func(app gateway.ID) error {
		done := s.deliverer.Done(app, lane, upTo)
		return eachPage(
			func(behind uint64) ([]store.Callback, error) {
				return s.db.OldCallbacks(s.ctx, lane, app, behind, done, sweepPage)
			},
			func(c store.Callback) uint64 { return c.Position },
			func(page []store.Callback) error {
				chosen := choose(done, page)
				return s.deleteRows("callback", lane, len(chosen), func(tx *store.Tx) {
					for _, c := range chosen {
						tx.Forget(c)
					}
				})
			})
	})
}

// eachApp gives f the apps that next finds, one after the other.
func (s sweep) eachApp(next func(context.Context, gateway.ID) (gateway.ID, bool, error), f func(gateway.ID) error) error {
	for app := (gateway.ID{}); ; {
		id, found, err := next(s.ctx, app)
		if err != nil || !found {
			return err
		}
		if err := f(id); err != nil {
			return err
		}
		app = id
	}
}

// eachPage gives f pages of sweepPage rows, each read behind the key of the last
// row of the one before, and the last one, which may be empty.
func eachPage[R, K any](read func(behind K) ([]R, error), key func(R) K, f func([]R) error) error {
	var behind K
	for {
		page, err := read(behind)
		if err != nil {
			return err
		}
		if err := f(page); err != nil || len(page) < sweepPage {
			return err
		}
		behind = key(page[len(page)-1])
	}
}

// deleteRows deletes n rows of a lane that this node owns.
func (s sweep) deleteRows(what string, lane, n int, remove func(*store.Tx)) error {
	return s.delete(what, n, store.Op{Run: func(tx *store.Tx) error {
		if tx.Owns(lane) {
			remove(tx)
		}
		return nil
	}})
}

// delete runs an operation that deletes n rows, and rests.
func (s sweep) delete(what string, n int, op store.Op) error {
	if n == 0 {
		return s.ctx.Err()
	}
	begin := time.Now()
	if err := s.db.ApplyOwed(s.ctx, op); err != nil {
		return err
	}
	s.metrics.Expired.WithLabelValues(what).Add(float64(n))
	return s.rest(time.Since(begin))
}

// rest leaves the store to others for a while.
func (s sweep) rest(worked time.Duration) error {
	for range sweepPatience {
		select {
		case <-time.After(worked * (sweepShare - 1)):
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
		if s.db.Queued() == 0 {
			break
		}
	}
	return nil
}
