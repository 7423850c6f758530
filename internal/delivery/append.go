package delivery

import (
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Append adds a callback to the log within an operation, and delivers it after
// the commit. Without At it gets the time of the batch.
func (d *Deliverer) Append(tx *store.Tx, c store.Callback) {
	if c.At.IsZero() {
		c.At = tx.Now
	}
	c = tx.Append(c)
	if c.Target != "" {
		tx.Deliveries.Put(store.Delivery{
			DeliveryKey: store.DeliveryKey{Lane: c.Lane, Webhook: originID(c.App, c.Target), Position: c.Position},
			App:         c.App, NextAt: c.At,
		})
	}
	if !tx.Hand(c.Lane, store.Handoff{Callback: &c}) {
		tx.After(func() { d.Offer(&c) })
	}
}

// Offer hands over a callback after its commit, in the order of positions. The
// writer calls it. One in a lane that is no longer this node's is left to the
// next one, who finds it in the log.
func (d *Deliverer) Offer(c *store.Callback) {
	d.mu.RLock()
	ours := d.owned.has(c.Lane)
	d.mu.RUnlock()
	if !ours {
		return
	}
	if c.Target == "" {
		d.offer(c)
	} else {
		d.offerDirect(originID(c.App, c.Target), c)
	}
}

// offer hands a callback to the webhooks of its app. The writer calls it after
// the commit, in the order of positions.
func (d *Deliverer) offer(c *store.Callback) {
	d.mu.RLock()
	hooks := d.apps[c.App]
	d.mu.RUnlock()
	for _, h := range hooks {
		h.offer(c)
	}
	d.offered.Store(c.Position)
}

// offerDirect hands a callback to the hook of its target's origin.
func (d *Deliverer) offerDirect(origin gateway.ID, c *store.Callback) {
	for {
		h := d.origin(origin, c)
		if h == nil || h.offer(c) {
			break
		}
	}
	d.offered.Store(c.Position)
}

// origin finds or makes the hook of an origin. Before Start and after Stop
// there is none, and the callback waits in its row.
func (d *Deliverer) origin(id gateway.ID, c *store.Callback) *hook {
	d.mu.RLock()
	h, stage := d.hooks[id], d.stage
	d.mu.RUnlock()
	if h != nil || stage != started {
		return h
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if h = d.hooks[id]; h != nil || d.stage == stopped {
		return h
	}
	h = d.newHook(id, Target{ID: id, App: c.App}, true)
	// A hook goes only when its last row has gone, so there are no others;
	// except in lanes that have not been looked through.
	h.unloaded = d.scanning
	d.hooks[id] = h
	return h
}

// retire forgets the origins among the hooks that have nothing to do. Those
// are as many as customers care to name.
func (d *Deliverer) retire(hooks []*hook) {
	for _, h := range hooks {
		if !h.direct {
			continue
		}
		d.mu.Lock()
		if h.retire() {
			delete(d.hooks, h.id)
		}
		d.mu.Unlock()
	}
}
