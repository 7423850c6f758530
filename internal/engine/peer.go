package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"switchyard/internal/store"
)

// peer is the Engine as one of the nodes on a store.
type peer struct{ *Engine }

var _ store.Peer = peer{}

// Configure implements store.Peer: it replaces whatever was known.
func (p peer) Configure(c store.Configuration) error {
	gone, err := p.directory.load(c)
	if err != nil {
		return err
	}
	p.consents.load(c)
	if err := p.deliverer.Configure(p.directory.targets(), c.States); err != nil {
		return err
	}
	for _, id := range gone {
		p.accounts.remove(id)
	}
	for _, a := range p.directory.allApps() {
		p.accounts.update(a)
	}
	return nil
}

// Receive implements store.Peer.
func (p peer) Receive(tx *store.Tx, handed []store.Handoff) error {
	for _, h := range handed {
		if err := p.receive(tx, h); err != nil {
			return err
		}
		tx.After(p.metrics.Handoffs.WithLabelValues(h.Kind.String()).Inc)
	}
	return nil
}

func (p peer) receive(tx *store.Tx, h store.Handoff) error {
	switch h.Kind {
	case store.HandoffCallback:
		tx.After(func() { p.deliverer.Offer(h.Callback) })
	case store.HandoffDue:
		tx.After(func() { p.deadlines.add(h.Subject, h.At) })
	case store.HandoffJob:
		tx.After(func() { p.accounts.dispatch(jobOf(h)) })
	case store.HandoffApp:
		return p.receiveApp(tx, h)
	case store.HandoffWebhook:
		return p.receiveHook(tx, h)
	case store.HandoffWebhookState:
		row, _, err := tx.States.Get(h.Subject)
		if err != nil {
			return err
		}
		return p.deliverer.Learn(h.Subject, row.Body)
	case store.HandoffQueue:
		tx.After(func() { p.accounts.elsewhere.hear(h) })
	case store.HandoffBatch:
		tx.After(func() { p.batches.add(store.Batch{ID: h.Subject, Project: h.Detail, App: h.App, Due: h.At}) })
	case store.HandoffProject:
		return p.receiveProject(tx, h)
	case store.HandoffConsent:
		return p.receiveConsent(tx, h)
	}
	return nil
}

func (p peer) receiveApp(tx *store.Tx, h store.Handoff) error {
	row, found, err := tx.Apps.Get(h.Subject)
	if err != nil {
		return err
	}
	if !found {
		p.directory.deleteApp(h.Subject)
		p.accounts.remove(h.Subject)
		return nil
	}
	a, err := readApp(row)
	if err != nil {
		return err
	}
	p.directory.putApp(a)
	p.accounts.update(a)
	return nil
}

func (p peer) receiveHook(tx *store.Tx, handed store.Handoff) error {
	row, found, err := tx.Webhooks.Get(handed.Subject)
	if err != nil {
		return err
	}
	if !found {
		p.directory.deleteHook(&hook{id: handed.Subject, app: handed.App})
		p.deliverer.Remove(handed.Subject)
		return nil
	}
	h, err := readHook(row)
	if err != nil {
		return err
	}
	p.directory.putHook(h)
	p.deliverer.Set(h.target())
	return nil
}

func (p peer) receiveProject(tx *store.Tx, h store.Handoff) error {
	project, keyID, _ := strings.Cut(h.Detail, " ")
	key, found, err := tx.Keys.Get(keyID)
	if err == nil && found {
		p.directory.putKey(project, key)
	}
	return err
}

// Moved implements store.Peer.
func (p peer) Moved(m store.Moved) {
	members := p.db.Members()
	p.metrics.LanesOwned.Set(float64(len(members.Owned())))
	p.metrics.NodesLive.Set(float64(m.Nodes))
	p.metrics.LeaseChanges.WithLabelValues("gained").Add(float64(len(m.Gained)))
	p.metrics.LeaseChanges.WithLabelValues("lost").Add(float64(len(m.Lost)))
	if len(m.Gained)+len(m.Lost)+len(m.Died) > 0 {
		p.log.Info("lanes have moved", "gained", len(m.Gained), "lost", len(m.Lost), "owned", len(members.Owned()), "nodes", m.Nodes)
	}
	p.accounts.nodes.Store(int64(m.Nodes))
	p.rates.share(m.Nodes)
	p.accounts.elsewhere.meet(m.Nodes)
	p.accounts.elsewhere.forget(m.Died)
	p.deliverer.Share(m.Nodes)
	p.deliverer.Lose(m.Lost)
	p.batches.lose(m.Lost)
	p.deliverer.Gain(m.Gained)
	var came []*account
	if m.Lanes {
		came = p.accounts.tend(members)
	}
	p.background.Go(func() { p.takeUp(m, came) })
}

// takeUp reads what has become this node's work, until that has succeeded.
func (p peer) takeUp(m store.Moved, came []*account) {
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return p.deadlines.gain(ctx, m.Gained) },
		func(ctx context.Context) error { return p.batches.gain(ctx, m.Gained) },
		func(ctx context.Context) error { return p.deadlines.mourn(ctx, m.Died) },
		func(ctx context.Context) error { return p.deadlines.adopt(ctx, came, m.Gained) },
		p.resumeMerges,
	}
	for i, needed := range []bool{len(m.Gained) > 0, len(m.Gained) > 0, len(m.Died) > 0, len(came) > 0, len(m.Gained)+len(m.Died) > 0} {
		for needed && p.ctx.Err() == nil {
			err := steps[i](p.ctx)
			if err == nil || errors.Is(err, store.ErrClosed) || p.ctx.Err() != nil {
				break
			}
			p.log.Error("what is under way cannot be read; trying again", "error", err)
			select {
			case <-time.After(time.Second):
			case <-p.ctx.Done():
			}
		}
	}
}

// Leave implements store.Peer.
func (p peer) Leave(ctx context.Context, lanes []int) {
	p.accounts.leave(ctx, lanes)
	p.deliverer.Leave(ctx, lanes)
}

// catchUp takes in what other nodes have committed, so that what they have
// acknowledged is known here. It reports whether there may have been anything:
// also a node that takes itself for the only one may learn of another by this.
func (e *Engine) catchUp(ctx context.Context) bool {
	if e.db.Lanes() == 1 {
		return false
	}
	return e.db.Apply(ctx, store.Op{Run: func(*store.Tx) error { return nil }}) == nil
}

// appOf finds an app of a project by the text of its id, also one that another
// node has just made.
func (e *Engine) appOf(ctx context.Context, project, text string) (*app, error) {
	a, err := e.directory.appOf(project, text)
	if err != nil && e.catchUp(ctx) {
		a, err = e.directory.appOf(project, text)
	}
	return a, err
}
