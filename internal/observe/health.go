package observe

import "sync/atomic"

// Health says whether this node should get traffic. The zero value is not
// ready. It is safe for concurrent use.
type Health struct {
	ready atomic.Bool
}

// SetReady is called with true when start-up is complete, and with false when
// the node begins to drain.
func (h *Health) SetReady(ready bool) { h.ready.Store(ready) }

// Ready reports what SetReady was told last.
func (h *Health) Ready() bool { return h.ready.Load() }
