package delivery

import (
	"encoding/json"
	"log/slog"
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// changes is what a hook has still to write to the store and to the log.
type changes struct {
	changedEntries []*entry
	changedLanes   []*lane
	stateChanged   bool
	passed         laneSet // lanes with callbacks that were passed by
	passing        bool    // the cursors over those are due
	notes          []note
	listed         bool // with the flusher, for the next flush
}

// note is a line for the log.
type note struct {
	level slog.Level
	text  string
	attrs []any
}

// touch asks for a flush.
func (h *hook) touch() {
	if !h.listed {
		h.listed = true
		h.d.flusher.soon(h)
	}
}

// change notes that an entry's row has to be written or removed.
func (h *hook) change(e *entry) {
	if !e.listed {
		e.listed = true
		h.changedEntries = append(h.changedEntries, e)
	}
	h.touch()
}

// changeLane notes that a lane's cursor may have moved.
func (h *hook) changeLane(l *lane) {
	if l == nil || h.direct {
		return
	}
	if !l.listed {
		l.listed = true
		h.changedLanes = append(h.changedLanes, l)
	}
	h.touch()
}

func (h *hook) changeState() {
	h.stateChanged = true
	h.touch()
}

// pass notes that a callback was passed by. It costs no write of its own.
func (h *hook) pass(lane int) {
	if h.passed.isEmpty() {
		h.d.flusher.later(h)
	}
	h.passed.add(lane)
}

// roomToDrop keeps what waits to be written bounded.
func (h *hook) roomToDrop() bool { return len(h.changedEntries) < 4*h.d.cfg.Window }

// collect moves the changes to a batch. All of a hook's changes are in one
// transaction: a cursor passes an entry only together with its row.
func (h *hook) collect(b *batch, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listed = false
	b.notes = append(b.notes, h.notes...)
	h.notes = nil
	if h.removed {
		return
	}
	if h.passing {
		h.collectPassed(b)
	}
	for _, e := range h.changedEntries {
		e.listed = false
		h.collectEntry(b, e, now)
	}
	offered := h.d.offered.Load()
	for _, l := range h.changedLanes {
		l.listed = false
		if at := l.cursor(); at > l.written {
			l.written = at
			b.cursors = append(b.cursors, store.Cursor{CursorKey: store.CursorKey{Lane: l.number, Webhook: h.id}, Position: at})
		}
	}
	for _, l := range h.lanes {
		h.closeLane(l, offered)
	}
	h.changedEntries, h.changedLanes = nil, nil
	if h.stateChanged {
		h.stateChanged = false
		b.states = append(b.states, state{h.id, h.breaker})
	}
	h.step() // what had to wait for the flush goes on
}

func (h *hook) collectEntry(b *batch, e *entry, now time.Time) {
	if !e.done {
		e.stored = true
		b.rows = append(b.rows, e.row(h.id))
		return
	}
	if e.stored {
		b.delivered = append(b.delivered, e.key(h.id))
	}
	if e.reason != "" {
		b.dropped = append(b.dropped, e.dropped(h.id, now))
	}
}

// collectPassed moves the cursors over what was passed by. All up to offered
// has been seen, so a lane without anything under way is done up to there.
func (h *hook) collectPassed(b *batch) {
	offered := h.d.offered.Load()
	h.passed.each(func(number int) {
		l := h.lanes[number]
		switch {
		case l == nil:
			b.cursors = append(b.cursors, store.Cursor{CursorKey: store.CursorKey{Lane: number, Webhook: h.id}, Position: offered})
		case !l.behind() && l.read < offered:
			h.advance(l, offered)
			h.changeLane(l)
		}
	})
	h.passed, h.passing = laneSet{}, false
}

// closeLane forgets a lane without anything under way. One that was read
// beyond what has been offered stays, to recognise it then.
func (h *hook) closeLane(l *lane, offered uint64) {
	if len(l.entries) == 0 && !l.behind() && l.read <= offered {
		delete(h.lanes, l.number)
	}
}

// state is a breaker to be written.
type state struct {
	id      gateway.ID
	breaker breaker.State
}

// batch is what a flush writes in one transaction.
type batch struct {
	d         *Deliverer
	losses    int // of lanes, before anything was gathered
	rows      []store.Delivery
	delivered []store.DeliveryKey // rows to remove
	dropped   []store.Dropped
	cursors   []store.Cursor
	states    []state
	notes     []note
}

func (b *batch) size() int {
	return len(b.rows) + len(b.delivered) + len(b.dropped) + len(b.cursors) + len(b.states)
}

// write is the operation. What concerns a lane of another node by now is left
// out: that node goes on from what was written before.
func (b *batch) write(tx *store.Tx) error {
	for _, r := range b.rows {
		if b.d.kept(tx, r.Lane, b.losses) {
			tx.Deliveries.Put(r)
		}
	}
	for _, key := range b.delivered {
		if b.d.kept(tx, key.Lane, b.losses) {
			tx.Deliveries.Delete(key)
		}
	}
	for _, r := range b.dropped {
		if b.d.kept(tx, r.Lane, b.losses) {
			tx.Dropped.Put(r)
		}
	}
	for _, r := range b.cursors {
		if b.d.kept(tx, r.Lane, b.losses) {
			tx.Cursors.Put(r)
		}
	}
	for _, s := range b.states {
		tx.HandAll(store.Handoff{Kind: store.HandoffWebhookState, Subject: s.id})
		if s.breaker.Phase == breaker.Closed {
			tx.States.Delete(s.id)
			continue
		}
		body, err := json.Marshal(s.breaker)
		if err != nil {
			return err
		}
		tx.States.Put(store.WebhookState{ID: s.id, Body: body})
	}
	return nil
}
