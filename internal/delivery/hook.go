package delivery

import (
	"encoding/json"
	"sync"
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/gateway"
	"switchyard/internal/pace"
	"switchyard/internal/store"
)

// hook is the delivery to one webhook, or to the origin of message-level
// targets. Its lock is never held during input or output, for the store's
// writer takes it to offer callbacks.
type hook struct {
	d      *Deliverer
	id     gateway.ID
	direct bool // an origin: its queue is its delivery rows, not the log

	mu         sync.Mutex
	target     Target
	wants      triggers // none while paused
	generation int      // counts URLs: what an old one answers teaches nothing
	breaker    breaker.State
	turns      pace.Turns // to post, of those that the app's callbacks have
	outage     uint64     // the last outage ended at this position

	// unloaded are this node's lanes whose rows have not been read yet; what is
	// offered there is only noted.
	unloaded   laneSet
	missed     laneSet
	missedUpTo uint64
	loading    bool // somebody reads them
	losses     int  // counts losses of lanes: what is being read may be old
	leaving    laneSet

	lanes    map[int]*lane
	backlog  map[int]*lane  // those of them that are behind
	repeated map[uint64]int // positions with a row that the log will show again, and their lanes
	tails    map[gateway.ID]*entry
	ready    entryHeap // first ones of their order key, the oldest first
	waiting  entryHeap // those for which it is too early; none unless the breaker is closed
	flying   map[*entry]struct{}

	count, parked  int // entries; of those with a row as an exception
	workers        int
	limit, streak  int // posts at once; successes since it was changed
	reading        bool
	readAfter      time.Time // when the store may be asked again after an error
	removed, ended bool
	timer          *time.Timer
	timerAt        time.Time

	changes
}

func (d *Deliverer) newHook(id gateway.ID, t Target, direct bool) *hook {
	h := &hook{
		d: d, id: id, direct: direct, limit: d.concurrency(), repeated: make(map[uint64]int),
		lanes: make(map[int]*lane), backlog: make(map[int]*lane), tails: make(map[gateway.ID]*entry), flying: make(map[*entry]struct{}),
		ready: entryHeap{before: byPosition}, waiting: entryHeap{before: byTime},
		turns: pace.Turns{Limit: d.rates.of(t.App)},
	}
	h.adopt(t)
	if body, ok := d.states[id]; ok && json.Unmarshal(body, &h.breaker) == nil && h.breaker.Phase != breaker.Closed {
		d.cfg.Metrics.BreakersOpen.Inc()
	}
	delete(d.states, id)
	return h
}

// adopt takes over a target's settings.
func (h *hook) adopt(t Target) {
	h.target, h.wants = t, triggerSet(t.Triggers)
	if t.Paused {
		h.wants = 0
	}
}

// offer hands over a callback after its commit. It never blocks. It reports
// false when the hook is no more.
func (h *hook) offer(c *store.Callback) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.removed:
		return false
	case h.leaving.has(c.Lane):
		return true // the next one finds it in the log
	case h.unloaded.has(c.Lane):
		h.missed.add(c.Lane)
		h.missedUpTo = c.Position
		return true
	case !h.direct && !h.wants.has(c.Trigger):
		h.pass(c.Lane)
		return true
	}
	l := h.lanes[c.Lane]
	if l == nil {
		l = h.openLane(c.Lane, c.Position-1, c.Position-1)
	}
	if c.Position <= l.read {
		return true // it was read from the log between its commit and now
	}
	if l.behind() || h.breaker.Phase != breaker.Closed || h.count >= h.d.cfg.Window {
		l.tail = c.Position
		h.backlog[c.Lane] = l
	} else {
		l.read, l.tail = c.Position, c.Position
		h.add(l, &entry{callback: *c, stored: h.direct})
	}
	h.step()
	return true
}

func (h *hook) openLane(number int, read, tail uint64) *lane {
	l := &lane{number: number, read: read, tail: tail}
	h.lanes[number] = l
	if l.behind() {
		h.backlog[number] = l
	}
	return l
}

// add takes an entry into memory, behind those with its order key.
func (h *hook) add(l *lane, e *entry) {
	h.count++
	h.d.waiting.Add(1)
	if !h.direct && l != nil {
		e.lane = l
		l.entries = append(l.entries, e)
	}
	key := e.callback.Message
	before := h.tails[key]
	h.tails[key] = e
	if before == nil {
		h.enqueue(e)
		return
	}
	before.next = e
	if before.parked {
		h.park(e)
	}
}

// enqueue makes an entry, the first of its order key, ready now or in time. In a
// lane that is left, the next one goes on with it.
func (h *hook) enqueue(e *entry) {
	if h.leaving.has(e.callback.Lane) {
		h.shedChain(e)
		return
	}
	if h.breaker.Phase == breaker.Closed && time.Now().Before(e.nextAt) {
		h.waiting.add(e)
	} else {
		h.ready.add(e)
	}
}

// enqueueAll makes ready what waits for its time.
func (h *hook) enqueueAll() {
	for h.waiting.Len() > 0 {
		h.ready.add(h.waiting.take())
	}
}

// park gives an entry and those that wait behind it a row, so that the cursor
// can pass them.
func (h *hook) park(e *entry) {
	h.change(e)
	for ; e != nil; e = e.next {
		if e.parked {
			continue
		}
		e.parked = true
		h.parked++
		h.d.retrying.Add(1)
		h.change(e)
		h.changeLane(e.lane)
		e.lane = nil
	}
}

// settle is done with an entry, the first of its order key, and lets the next
// one go.
func (h *hook) settle(e *entry) {
	e.done, e.callback.Body = true, nil
	h.count--
	h.d.waiting.Add(-1)
	if e.parked {
		h.parked--
		h.d.retrying.Add(-1)
	}
	if e.parked || e.stored || e.reason != "" {
		h.change(e)
	}
	if e.next != nil {
		h.enqueue(e.next)
		e.next = nil
	} else {
		delete(h.tails, e.callback.Message)
	}
	if l := e.lane; l != nil {
		e.lane = nil
		h.changeLane(l)
		h.trim(l)
	}
}

// trim keeps one slow post from holding back the cursor for ever longer: what
// is done behind it would be kept in memory, and repeated after a crash.
func (h *hook) trim(l *lane) {
	for l.cursor(); len(l.entries) > h.d.cfg.Window && !h.leaving.has(l.number); l.cursor() {
		h.park(l.entries[0])
	}
}

// drop is done with an entry that will not be delivered, and records it.
func (h *hook) drop(e *entry, reason string) {
	e.reason = reason
	h.d.cfg.Metrics.Dropped.WithLabelValues(reason).Inc()
	h.note("callback dropped", e, "reason", reason)
	h.settle(e)
}

// behind says whether any lane has to be read.
func (h *hook) behind() bool { return len(h.backlog) > 0 }

// advance notes that a lane has been read up to a position.
func (h *hook) advance(l *lane, read uint64) {
	l.read = max(l.read, read)
	if !l.behind() {
		l.tail = l.read
		delete(h.backlog, l.number)
	}
}

// retire ends an origin's hook if it has nothing to do and nothing to
// remember. A breaker that is due for a probe, with nothing to probe with, is
// not worth remembering.
func (h *hook) retire() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed || h.ended || !h.unloaded.isEmpty() || h.count > 0 || h.workers > 0 || h.reading || h.behind() || len(h.changedEntries) > 0 {
		return false
	}
	if h.breaker.Phase != breaker.Closed {
		if due, _ := h.breaker.Allow(time.Now()); due {
			h.closeBreaker()
		}
		return false
	}
	if h.breaker.Failures > 0 || h.stateChanged {
		return false
	}
	h.removed = true
	h.stopTimer()
	return true
}
