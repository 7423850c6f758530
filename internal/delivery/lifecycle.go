package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Configure says which webhooks there are, and how their breakers stood: the rows
// of store.Configuration. It does no I/O. Nothing is delivered before Gain.
// Called again, it replaces what was said before.
func (d *Deliverer) Configure(targets []Target, states []store.WebhookState) error {
	known := make(map[gateway.ID]bool, len(targets))
	for _, t := range targets {
		known[t.ID] = true
		d.Set(t)
	}
	d.mu.Lock()
	d.stage = max(d.stage, started)
	var gone []gateway.ID
	for id, h := range d.hooks {
		if !h.direct && !known[id] {
			gone = append(gone, id)
		}
	}
	d.mu.Unlock()
	for _, id := range gone {
		d.Remove(id)
	}
	for _, s := range states {
		if err := d.Learn(s.ID, s.Body); err != nil {
			return err
		}
	}
	return nil
}

// Learn takes over what another node, or a process before this one, knows of a
// webhook: body is that of store.WebhookState, nil if the breaker is closed.
func (d *Deliverer) Learn(id gateway.ID, body []byte) error {
	var state breaker.State
	if len(body) > 0 {
		if err := json.Unmarshal(body, &state); err != nil {
			return fmt.Errorf("state of webhook %s: %w", id, err)
		}
	}
	d.mu.Lock()
	h := d.hooks[id]
	if h == nil && body != nil {
		d.states[id] = body
	} else {
		delete(d.states, id)
	}
	d.mu.Unlock()
	if h != nil {
		h.learn(state)
	}
	return nil
}

// learn makes another's breaker this hook's own.
func (h *hook) learn(state breaker.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before, after := h.breaker.Phase, state.Phase
	if h.removed || before == breaker.Closed && after == breaker.Closed {
		return
	}
	h.breaker = state
	switch {
	case after == breaker.Closed:
		h.outage = store.PositionAt(time.Now())
		h.limit, h.streak = 1, 0
		h.d.cfg.Metrics.BreakersOpen.Dec()
	case before == breaker.Closed:
		h.enqueueAll()
		h.d.cfg.Metrics.BreakersOpen.Inc()
	}
	h.step()
}

// register makes the hook of a webhook.
func (d *Deliverer) register(t Target) *hook {
	if h := d.hooks[t.ID]; h != nil {
		return h
	}
	h := d.newHook(t.ID, t, false)
	d.hooks[t.ID] = h
	d.apps[t.App] = append(slices.Clip(d.apps[t.App]), h)
	h.load(d.owned)
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
		d.register(t)
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
