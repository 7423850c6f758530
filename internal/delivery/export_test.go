package delivery

import (
	"maps"
	"slices"
)

// Crash ends a Deliverer as the death of its process would: nothing more is
// posted and nothing written.
func (d *Deliverer) Crash() {
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
	d.cancel()
	d.running.Wait()
	f := &d.flusher
	f.mu.Lock()
	f.stopped = true
	f.stopTimers()
	f.changed, f.removed = nil, nil
	f.mu.Unlock()
	f.writing.Lock() // one under way is over now
	defer f.writing.Unlock()
}

// Hooks is the number of webhooks and origins that are known.
func (d *Deliverer) Hooks() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.hooks)
}
