package engine

import (
	"fmt"
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// backlogInterval is how often nodes tell each other how many messages of each app
// wait in their queues. It is how old the size of a queue is that an app shows, and
// that bounds what is accepted.
const backlogInterval = 2 * time.Second

// backlogs is what waits at other nodes.
type backlogs struct {
	joined chan struct{} // there are other nodes

	mu     sync.Mutex
	byNode map[int64]map[gateway.ID]int
}

// meet notes how many nodes there are.
func (b *backlogs) meet(nodes int) {
	if nodes == 1 {
		return
	}
	select {
	case b.joined <- struct{}{}:
	default:
	}
}

// hear takes a node's word.
func (b *backlogs) hear(h store.Handoff) {
	var node int64
	var size int
	if _, err := fmt.Sscan(h.Detail, &node, &size); err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byNode[node] == nil {
		b.byNode[node] = make(map[gateway.ID]int)
	}
	if size > 0 {
		b.byNode[node][h.App] = size
	} else {
		delete(b.byNode[node], h.App)
	}
}

// forget drops what was heard of nodes that are no more.
func (b *backlogs) forget(nodes []int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, node := range nodes {
		delete(b.byNode, node)
	}
}

// of is how many messages of an app wait at other nodes.
func (b *backlogs) of(app gateway.ID) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, sizes := range b.byNode {
		n += sizes[app]
	}
	return n
}

// tellBacklogs tells the other nodes what waits here, while there are any.
func (e *Engine) tellBacklogs() {
	var told map[gateway.ID]int
	for {
		var tick <-chan time.Time
		if e.db.Members().Nodes() > 1 {
			tick = time.After(backlogInterval)
		} else {
			told = nil
		}
		select {
		case <-tick:
		case <-e.accounts.elsewhere.joined:
			continue
		case <-e.ctx.Done():
			return
		}
		sizes := e.accounts.waiting()
		if len(sizes) == 0 && len(told) == 0 {
			continue
		}
		err := e.db.ApplyOwed(e.ctx, store.Op{Run: func(tx *store.Tx) error {
			self := tx.Members().Self()
			for app := range told {
				if sizes[app] == 0 {
					tx.HandAll(store.Handoff{Kind: store.HandoffQueue, App: app, Detail: fmt.Sprint(self, 0)})
				}
			}
			for app, size := range sizes {
				tx.HandAll(store.Handoff{Kind: store.HandoffQueue, App: app, Detail: fmt.Sprint(self, size)})
			}
			return nil
		}})
		if err == nil {
			told = sizes
		}
	}
}
