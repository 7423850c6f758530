package delivery

import (
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/pace"
)

// rateBurst: callbacks wait their turn, so they are spread evenly, but for the
// coarseness of timers.
const rateBurst = 100 * time.Millisecond

// rates holds how many callbacks of each app this node posts a second. What was
// made for an app stays when it goes: apps are few.
type rates struct {
	perSecond int // of all nodes together; 0 is no limit

	mu     sync.Mutex
	nodes  int
	limits map[gateway.ID]*pace.Limit
}

// of finds or makes the limit of an app; nil if there is none.
func (r *rates) of(app gateway.ID) *pace.Limit {
	if r.perSecond == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := r.limits[app]
	if limit == nil {
		limit = pace.New(r.perSecond, rateBurst)
		limit.Share(r.nodes, time.Now())
		r.limits[app] = limit
	}
	return limit
}

func (r *rates) share(nodes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes = nodes
	for _, limit := range r.limits {
		limit.Share(nodes, time.Now())
	}
}
