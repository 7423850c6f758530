package webhook

import (
	"sync"
	"time"
)

// idleTimeout is how long an unused connection is kept.
const idleTimeout = 90 * time.Second

// idleConnections are those that carry no exchange. Its timer runs only while
// there are any.
type idleConnections struct {
	perOrigin, most int

	mu       sync.Mutex
	byOrigin map[string][]*connection // the last used ones at the end
	count    int
	timer    *time.Timer
}

// take gives the connection to an origin that was used last; nil if there is none.
func (i *idleConnections) take(origin string) *connection {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := i.byOrigin[origin]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	i.keep(origin, list[:len(list)-1])
	i.count--
	return c
}

func (i *idleConnections) keep(origin string, list []*connection) {
	if len(list) == 0 {
		delete(i.byOrigin, origin)
	} else {
		i.byOrigin[origin] = list
	}
}

// put keeps a connection, or closes it if there are enough.
func (i *idleConnections) put(c *connection) {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := i.byOrigin[c.origin]
	if len(list) >= i.perOrigin || i.count >= i.most {
		c.Close()
		return
	}
	c.kept, c.idleSince = true, time.Now()
	if i.byOrigin == nil {
		i.byOrigin = make(map[string][]*connection)
	}
	i.byOrigin[c.origin] = append(list, c)
	i.count++
	if i.timer == nil {
		i.timer = time.AfterFunc(idleTimeout, i.expire)
	}
}

// expire closes what was not used for too long.
func (i *idleConnections) expire() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.close(time.Now().Add(-idleTimeout))
	i.timer = nil
	if i.count > 0 {
		i.timer = time.AfterFunc(idleTimeout, i.expire)
	}
}

// closeAll closes all of them.
func (i *idleConnections) closeAll() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.close(time.Now())
	if i.timer != nil {
		i.timer.Stop()
		i.timer = nil
	}
}

// close closes those that were used last at the given time or before.
func (i *idleConnections) close(before time.Time) {
	for origin, list := range i.byOrigin {
		old := 0
		for old < len(list) && !list[old].idleSince.After(before) {
			list[old].Close()
			old++
		}
		i.count -= old
		i.keep(origin, append([]*connection(nil), list[old:]...))
	}
}
