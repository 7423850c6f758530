package delivery

import (
	"maps"
	"slices"
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
	"switchyard/internal/store"
)

// Status is how the delivery to one webhook stands.
type Status struct {
	Breaker  breaker.State
	InMemory int  // callbacks held, posts under way and those in retry included
	InFlight int  // posts under way
	InRetry  int  // callbacks with a delivery row: failed, or behind a failed one
	Behind   bool // more callbacks wait in the log
	// Oldest is when the oldest callback that waits was stored; zero when none
	// waits.
	Oldest time.Time
}

// Status tells how the webhook stands; the zero Status for one that is not
// known.
func (d *Deliverer) Status(id gateway.ID) Status {
	d.mu.RLock()
	h := d.hooks[id]
	d.mu.RUnlock()
	if h == nil {
		return Status{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Status{
		Breaker: h.breaker, InMemory: h.count, InFlight: len(h.flying), InRetry: h.parked,
		Behind: !h.unloaded.isEmpty() || h.behind(),
	}
	if oldest := h.oldest(); oldest > 0 {
		s.Oldest = store.PositionTime(oldest)
	}
	return s
}

// stand tells how the delivery stands as a whole. It looks at each hook as
// Status does, whose memory is bounded by the window.
func (d *Deliverer) stand() (w observe.Webhooks) {
	d.mu.RLock()
	hooks := slices.Collect(maps.Values(d.hooks))
	d.mu.RUnlock()
	oldest := uint64(0)
	for _, h := range hooks {
		h.mu.Lock()
		if at := h.oldest(); at > 0 && (oldest == 0 || at < oldest) {
			oldest = at
		}
		if h.behind() {
			w.Behind++
		}
		h.mu.Unlock()
	}
	if oldest > 0 {
		w.Oldest = store.PositionTime(oldest)
	}
	return w
}

// oldest is about the position of the oldest callback that waits: exactly for
// one in memory, and the last one before it for one in the log.
func (h *hook) oldest() uint64 {
	oldest := uint64(0)
	consider := func(position uint64) {
		if oldest == 0 || position < oldest {
			oldest = position
		}
	}
	for _, q := range [][]*entry{h.ready.list, h.waiting.list} {
		for _, e := range q {
			consider(e.callback.Position)
		}
	}
	for e := range h.flying {
		consider(e.callback.Position)
	}
	for _, l := range h.backlog {
		consider(l.read + 1)
	}
	return oldest
}
