package observe

import "sync/atomic"

// Health says whether this node should get traffic. The zero value is not
// ready. It is safe for concurrent use.
type Health struct {
	ready atomic.Bool

	// Fault, if not nil, says why the node cannot work now, or nil. It is set
	// before the first request.
	Fault func() error
	// Warning, if not nil, says what an operator should see to although the
	// node works, or nil. It is set before the first request.
	Warning func() error
}

// SetReady is called with true when start-up is complete, and with false when
// the node begins to drain.
func (h *Health) SetReady(ready bool) { h.ready.Store(ready) }

// Ready reports what SetReady was told last.
func (h *Health) Ready() bool { return h.ready.Load() }

// state is what /readyz says.
func (h *Health) state() (ready bool, text string) {
	if !h.Ready() {
		return false, "not ready"
	}
	if h.Fault != nil {
		if err := h.Fault(); err != nil {
			return false, "not ready: " + err.Error()
		}
	}
	if h.Warning != nil {
		if err := h.Warning(); err != nil {
			return true, "ready, but " + err.Error()
		}
	}
	return true, "ready"
}
