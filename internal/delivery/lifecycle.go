package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Start takes up the delivery to targets where it was left. states are the
// rows of store.Configuration. ctx is for reading the store at the start
// alone. Cursors and rows of each webhook are read in the background.
func (d *Deliverer) Start(ctx context.Context, targets []Target, states []store.WebhookState) error {
	d.mu.Lock()
	d.stage = starting
	for _, t := range targets {
		d.register(t)
	}
	d.mu.Unlock()
	// Read after the registration: a row is found here, or offered, or both.
	ids, err := d.cfg.Store.DeliveryWebhooks(ctx)
	if err != nil {
		return fmt.Errorf("start the delivery of callbacks: %w", err)
	}
	d.mu.Lock()
	for _, id := range ids {
		if d.hooks[id] == nil {
			d.hooks[id] = d.newHook(id, Target{ID: id}, true)
		}
	}
	d.mu.Unlock()
	if err := d.restoreStates(ctx, states); err != nil {
		return fmt.Errorf("start the delivery of callbacks: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stage = started
	for _, h := range d.hooks {
		d.startLoading(h)
	}
	return nil
}

// restoreStates gives the hooks their breakers. A state without a hook is of
// an origin with nothing to deliver, and goes.
func (d *Deliverer) restoreStates(ctx context.Context, states []store.WebhookState) error {
	var gone []gateway.ID
	for _, s := range states {
		d.mu.RLock()
		h := d.hooks[s.ID]
		d.mu.RUnlock()
		if h == nil {
			gone = append(gone, s.ID)
			continue
		}
		if err := h.restoreState(s.Body); err != nil {
			return fmt.Errorf("state of webhook %s: %w", s.ID, err)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return d.cfg.Store.ApplyOwed(ctx, store.Op{Run: func(tx *store.Tx) error {
		for _, id := range gone {
			tx.States.Delete(id)
		}
		return nil
	}})
}

func (h *hook) restoreState(body []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := json.Unmarshal(body, &h.breaker); err != nil {
		return err
	}
	if h.breaker.Phase != breaker.Closed {
		h.d.cfg.Metrics.BreakersOpen.Inc()
	}
	return nil
}

// register makes the hook of a webhook.
func (d *Deliverer) register(t Target) *hook {
	if h := d.hooks[t.ID]; h != nil {
		return h
	}
	h := d.newHook(t.ID, t, false)
	d.hooks[t.ID] = h
	d.apps[t.App] = append(slices.Clip(d.apps[t.App]), h)
	return h
}

// Set tells of a webhook that was made or changed, after the commit. It does
// no I/O and may be called from tx.After. A new URL closes the breaker.
// Callbacks that are still in the log are delivered by the new triggers.
func (d *Deliverer) Set(t Target) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.hooks[t.ID]
	switch {
	case d.stage == stopped:
	case h != nil:
		h.set(t)
	default:
		h = d.register(t)
		if d.stage == started {
			d.startLoading(h)
		}
	}
}

// set applies a change of the webhook.
func (h *hook) set(t Target) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.target
	h.adopt(t)
	if before.URL != t.URL || before.Paused != t.Paused {
		h.generation++
		h.closeBreaker()
		h.enqueueAll()
	}
	// What was passed by so far stays so, even after a crash.
	h.passing = !h.passed.isEmpty()
	h.touch()
	if t.Paused {
		h.dismiss()
	}
	h.step()
}

// dismiss lets pass by what waits.
func (h *hook) dismiss() {
	h.enqueueAll() // step drops what is ready
	for _, l := range h.backlog {
		h.advance(l, l.tail)
		h.changeLane(l)
	}
}

// Remove tells of a webhook that was deleted, after the commit. Posts under way
// may finish; its rows are removed soon after.
func (d *Deliverer) Remove(id gateway.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.hooks[id]
	if h == nil || h.direct {
		return
	}
	delete(d.hooks, id)
	d.apps[h.target.App] = slices.DeleteFunc(slices.Clone(d.apps[h.target.App]), func(x *hook) bool { return x == h })
	h.remove()
	d.flusher.forget(id)
}

// remove ends a hook for good.
func (h *hook) remove() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.removed = true
	h.stopTimer()
	h.d.waiting.Add(-int64(h.count))
	h.d.retrying.Add(-int64(h.parked))
	if h.breaker.Phase != breaker.Closed {
		h.d.cfg.Metrics.BreakersOpen.Dec()
	}
}

func (h *hook) stopTimer() {
	if h.timer != nil {
		h.timer.Stop()
	}
}

// Stop begins no new posts, waits for those under way until ctx ends, breaks
// off the rest, and writes what has changed. It is called once.
func (d *Deliverer) Stop(ctx context.Context) {
	d.mu.Lock()
	d.stage = stopped
	hooks := slices.Collect(maps.Values(d.hooks))
	d.mu.Unlock()
	for _, h := range hooks {
		h.mu.Lock()
		h.ended = true
		h.stopTimer()
		h.mu.Unlock()
	}
	defer context.AfterFunc(ctx, d.cancel)()
	d.running.Wait()
	d.cancel()
	d.flusher.stop(hooks)
}

// startLoading reads in the background where a hook stands.
func (d *Deliverer) startLoading(h *hook) {
	d.running.Add(1)
	go func() {
		defer d.running.Done()
		for {
			err := d.loadInTurn(h)
			if err == nil || d.ctx.Err() != nil {
				return
			}
			d.cfg.Log.Log(d.ctx, slog.LevelError, "webhook's progress cannot be read; trying again", "webhook", h.id.String(), "error", err)
			select {
			case <-time.After(readPause):
			case <-d.ctx.Done():
				return
			}
		}
	}()
}

func (d *Deliverer) loadInTurn(h *hook) error {
	select {
	case d.loading <- struct{}{}:
		defer func() { <-d.loading }()
		if h.over() {
			return nil
		}
		return h.restoreAll(d.ctx)
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
}

// over says whether the hook has been ended before it began.
func (h *hook) over() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended || h.removed
}

// restoreAll reads what the store knows: cursors, rows, and how far the log
// reaches. What is committed later is offered.
func (h *hook) restoreAll(ctx context.Context) error {
	db := h.d.cfg.Store
	if h.direct {
		heads, err := db.DeliveryHeads(ctx, h.id)
		if err == nil {
			h.resume(nil, nil, heads)
		}
		return err
	}
	cursors, err := db.Cursors(ctx, h.id)
	if err != nil {
		return err
	}
	rows, err := db.Deliveries(ctx, h.id)
	if err != nil {
		return err
	}
	entries, err := h.restore(rows)
	if err != nil {
		return err
	}
	heads, err := db.CallbackHeads(ctx, h.target.App)
	if err != nil {
		return err
	}
	h.resume(cursors, entries, heads)
	return nil
}

// resume begins the delivery: first the rows, which are older within their
// order key, then the log.
func (h *hook) resume(cursors []store.Cursor, rows []*entry, heads map[int]uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed {
		return
	}
	h.loading = false
	at := make(map[int]uint64, len(cursors))
	for _, c := range cursors {
		at[c.Lane] = c.Position
	}
	h.repeated = make(map[uint64]struct{})
	for _, e := range rows {
		if c := &e.callback; c.Position > h.start(at, c.Lane) {
			h.repeated[c.Position] = struct{}{}
		}
		h.resumeRow(e)
	}
	h.missed.each(func(lane int) { heads[lane] = max(heads[lane], h.missedUpTo) })
	for lane, head := range heads {
		if from := h.start(at, lane); from < head {
			h.openLane(lane, from, head)
		}
	}
	if h.target.Paused {
		h.dismiss()
	}
	h.step()
}

// start is the position behind which the hook reads a lane.
func (h *hook) start(cursors map[int]uint64, lane int) uint64 {
	if at, ok := cursors[lane]; ok {
		return at
	}
	if h.direct || h.target.Since == 0 {
		return 0
	}
	return h.target.Since - 1
}

func (h *hook) resumeRow(e *entry) {
	if e.lost {
		h.forget(e, ReasonExpired)
		return
	}
	e.parked = true
	h.parked++
	h.d.retrying.Add(1)
	h.add(nil, e)
}
