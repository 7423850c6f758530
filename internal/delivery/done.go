package delivery

import (
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// settling is how long after its commit a callback is certainly known here, also
// one that another node has left for this one.
const settling = time.Minute

// Done says up to which position, upTo at most, all callbacks of an app in a lane
// are delivered, dropped or wanted by nobody, so that the log need not keep them;
// 0 if that is not known, as in a lane of another node.
func (d *Deliverer) Done(app gateway.ID, lane int, upTo uint64) uint64 {
	upTo = min(upTo, store.PositionAt(time.Now().Add(-settling)))
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.stage != started || !d.owned.has(lane) || d.scanning.has(lane) {
		return 0
	}
	for _, h := range d.hooks {
		upTo = h.doneUpTo(app, lane, upTo)
	}
	return upTo
}

func (h *hook) doneUpTo(app gateway.ID, lane int, upTo uint64) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed || !h.direct && h.target.App != app {
		return upTo
	}
	if h.unloaded.has(lane) || h.leaving.has(lane) {
		return 0
	}
	if l := h.lanes[lane]; l != nil && l.behind() {
		upTo = min(upTo, l.read)
	}
	needs := func(e *entry) {
		for ; e != nil; e = e.next {
			if c := &e.callback; c.App == app && c.Lane == lane {
				upTo = min(upTo, c.Position-1)
			}
		}
	}
	for e := range h.flying {
		needs(e)
	}
	for _, q := range []*entryHeap{&h.ready, &h.waiting} {
		for _, e := range q.list {
			needs(e)
		}
	}
	return upTo
}
