package delivery

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// Gain takes up the delivery in lanes where it was left. It does no I/O: what
// the store knows of them is read in the background.
func (d *Deliverer) Gain(lanes []int) {
	set := setOf(lanes)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stage != started {
		return
	}
	d.owned, d.scanning = d.owned.or(set), d.scanning.or(set)
	for _, h := range d.hooks {
		h.load(set)
	}
	d.running.Add(1)
	go d.scan()
}

// Share says how many nodes deliver, so that together they make no more posts at
// once, and no more in a second, than one.
func (d *Deliverer) Share(nodes int) {
	d.nodes.Store(int64(nodes))
	d.rates.share(nodes)
}

// Lose forgets lanes that another node delivers from now on. What is in flight
// may reach its endpoint twice.
func (d *Deliverer) Lose(lanes []int) {
	set := setOf(lanes)
	d.mu.Lock()
	d.owned, d.scanning = d.owned.without(set), d.scanning.without(set)
	d.losses++
	for _, lane := range lanes {
		d.lostAt[lane] = d.losses
	}
	hooks := slices.Collect(maps.Values(d.hooks))
	d.mu.Unlock()
	for _, h := range hooks {
		h.lose(set)
	}
}

// lossCount is how often lanes were lost so far.
func (d *Deliverer) lossCount() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.losses
}

// kept says whether a lane has been this node's all the time since so many
// losses: one that came back may have been worked on by others.
func (d *Deliverer) kept(tx *store.Tx, lane, losses int) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return tx.Owns(lane) && d.lostAt[lane] <= losses
}

// Leave begins no more posts in lanes that another node is to have, waits for
// those under way until ctx ends, and writes what has changed.
func (d *Deliverer) Leave(ctx context.Context, lanes []int) {
	set := setOf(lanes)
	d.mu.RLock()
	hooks := slices.Collect(maps.Values(d.hooks))
	d.mu.RUnlock()
	var flying sync.WaitGroup
	for _, h := range hooks {
		h.leave(set, &flying)
	}
	landed := make(chan struct{})
	go func() { flying.Wait(); close(landed) }()
	select {
	case <-landed:
	case <-ctx.Done():
	}
	d.flusher.flush()
}

// lose forgets lanes with all that is under way there.
func (h *hook) lose(lanes laneSet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed {
		return
	}
	h.losses++
	h.shed(lanes)
	h.unloaded, h.missed, h.passed = h.unloaded.without(lanes), h.missed.without(lanes), h.passed.without(lanes)
	h.leaving = h.leaving.without(lanes)
	for e := range h.flying {
		if lanes.has(e.callback.Lane) && !e.shed {
			h.shedChain(e)
		}
	}
	maps.DeleteFunc(h.lanes, func(n int, _ *lane) bool { return lanes.has(n) })
	maps.DeleteFunc(h.repeated, func(_ uint64, n int) bool { return lanes.has(n) })
	h.changedEntries = slices.DeleteFunc(h.changedEntries, func(e *entry) bool { return lanes.has(e.callback.Lane) })
	h.changedLanes = slices.DeleteFunc(h.changedLanes, func(l *lane) bool { return lanes.has(l.number) })
	h.step()
}

// leave lets no more posts begin in lanes, and those under way report to flying.
func (h *hook) leave(lanes laneSet, flying *sync.WaitGroup) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed {
		return
	}
	h.leaving = h.leaving.or(lanes)
	h.leavePassed(lanes)
	h.shed(lanes)
	for e := range h.flying {
		if !lanes.has(e.callback.Lane) || e.landed != nil || e.shed {
			continue
		}
		if e.next != nil {
			h.shedChain(e.next)
			e.next = nil
			h.tails[e.callback.Message] = e
		}
		flying.Add(1)
		e.landed = flying
	}
	h.touch()
}

// leavePassed moves the cursors over what was passed by in lanes that are not
// behind: what is offered there from now on is the next one's.
func (h *hook) leavePassed(lanes laneSet) {
	offered := h.d.offered.Load()
	h.passed.and(lanes).each(func(n int) {
		l := h.lanes[n]
		if l == nil {
			l = h.openLane(n, offered, offered)
		} else if !l.behind() {
			h.advance(l, max(l.read, offered))
		}
		h.changeLane(l)
	})
	h.passed = h.passed.without(lanes)
}

// shed drops what waits in lanes; their rows and cursors stay as they are.
func (h *hook) shed(lanes laneSet) {
	for _, q := range []*entryHeap{&h.ready, &h.waiting} {
		for _, e := range q.shed(lanes) {
			h.shedChain(e)
		}
	}
	maps.DeleteFunc(h.backlog, func(n int, l *lane) bool {
		if !lanes.has(n) {
			return false
		}
		l.tail = l.read
		return true
	})
}

// shedChain drops an entry and those behind it.
func (h *hook) shedChain(e *entry) {
	delete(h.tails, e.callback.Message)
	for ; e != nil; e = e.next {
		e.shed = true
		h.count--
		h.d.waiting.Add(-1)
		if e.parked {
			h.parked--
			h.d.retrying.Add(-1)
		}
	}
}

// load has lanes read in the background.
func (h *hook) load(lanes laneSet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unloaded = h.unloaded.or(lanes)
	if h.loading || h.removed || h.ended || h.unloaded.isEmpty() {
		return
	}
	h.loading = true
	h.d.running.Add(1)
	go h.d.loadAll(h)
}

// loadAll reads until nothing is left to be read.
func (d *Deliverer) loadAll(h *hook) {
	defer d.running.Done()
	for {
		lanes, losses, more := h.toLoad()
		if !more {
			return
		}
		if err := d.loadInTurn(h, lanes, losses); err != nil && !d.again(err, "webhook's progress cannot be read; trying again", h.id) {
			return
		}
	}
}

// again says, after an error, whether there is another try.
func (d *Deliverer) again(err error, what string, id gateway.ID) bool {
	if d.ctx.Err() != nil {
		return false
	}
	d.cfg.Log.Log(d.ctx, slog.LevelError, what, "webhook", id.String(), "error", err) //nolint:sloglint // constants
	select {
	case <-time.After(readPause):
		return true
	case <-d.ctx.Done():
		return false
	}
}

// toLoad gives the lanes that are to be read.
func (h *hook) toLoad() (lanes laneSet, losses int, more bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	more = !h.unloaded.isEmpty() && !h.ended && !h.removed
	h.loading = more
	return h.unloaded, h.losses, more
}

func (d *Deliverer) loadInTurn(h *hook, lanes laneSet, losses int) error {
	select {
	case d.loading <- struct{}{}:
		defer func() { <-d.loading }()
		return h.restoreAll(d.ctx, lanes, losses)
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
}

// restoreAll reads what the store knows of lanes: cursors, rows, and how far the
// log reaches. What is committed later is offered.
func (h *hook) restoreAll(ctx context.Context, lanes laneSet, losses int) error {
	db := h.d.cfg.Store
	if h.direct {
		heads, err := db.DeliveryHeads(ctx, h.id)
		if err == nil {
			h.resume(lanes, losses, nil, nil, heads)
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
	rows = slices.DeleteFunc(rows, func(r store.Delivery) bool { return !lanes.has(r.Lane) })
	entries, err := h.restore(rows)
	if err != nil {
		return err
	}
	heads, err := db.CallbackHeads(ctx, h.app())
	if err != nil {
		return err
	}
	h.resume(lanes, losses, cursors, entries, heads)
	return nil
}

func (h *hook) app() gateway.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.target.App
}

// resume begins the delivery in lanes: first the rows, which are older within
// their order key, then the log. What was read before a lane was lost, and
// perhaps gained again, is old: it is read once more.
func (h *hook) resume(lanes laneSet, losses int, cursors []store.Cursor, rows []*entry, heads map[int]uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed || h.losses != losses {
		return
	}
	h.unloaded = h.unloaded.without(lanes)
	lanes = lanes.without(h.leaving)
	rows = slices.DeleteFunc(rows, func(e *entry) bool { return !lanes.has(e.callback.Lane) })
	at := make(map[int]uint64, len(cursors))
	for _, c := range cursors {
		at[c.Lane] = c.Position
	}
	for _, e := range rows {
		if c := &e.callback; c.Position > h.start(at, c.Lane) {
			h.repeated[c.Position] = c.Lane
		}
		h.resumeRow(e)
	}
	h.missed.and(lanes).each(func(lane int) { heads[lane] = max(heads[lane], h.missedUpTo) })
	h.missed = h.missed.without(lanes)
	for lane, head := range heads {
		if from := h.start(at, lane); lanes.has(lane) && from < head {
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

// scan looks for the origins that have something to deliver in new lanes.
func (d *Deliverer) scan() {
	defer d.running.Done()
	for {
		d.mu.RLock()
		lanes, losses := d.scanning, d.losses
		d.mu.RUnlock()
		if lanes.isEmpty() {
			return
		}
		ids, err := d.cfg.Store.DeliveryWebhooks(d.ctx)
		if err != nil {
			if !d.again(err, "deliveries cannot be read; trying again", gateway.ID{}) {
				return
			}
			continue
		}
		d.found(ids, lanes, losses)
	}
}

// found makes hooks for the ids of rows that have none: origins, or webhooks
// that are no more.
func (d *Deliverer) found(ids []gateway.ID, lanes laneSet, losses int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stage == stopped {
		d.scanning = laneSet{}
	}
	if d.losses != losses { // what was read may be old
		return
	}
	for _, id := range ids {
		if d.hooks[id] == nil {
			h := d.newHook(id, Target{ID: id}, true)
			d.hooks[id] = h
			h.load(d.owned)
		}
	}
	d.scanning = d.scanning.without(lanes)
	for _, h := range d.hooks {
		if h.direct {
			h.load(laneSet{}) // what it met before the scan
		}
	}
}
