package delivery

import (
	"log/slog"
	"time"

	"switchyard/internal/breaker"
	"switchyard/internal/store"
)

const (
	// maxPage bounds one read of the log: measured as fast as it gets.
	maxPage = 256
	// readPause is the time before the store is asked again after an error.
	readPause = time.Second
)

// page is a part of a lane that is to be read.
type page struct {
	lane         *lane
	behind, tail uint64
	limit        int
	entries      []*entry
}

// room is how many entries the hook may take.
func (h *hook) room() int {
	if !h.roomToDrop() {
		return 0
	}
	return h.d.cfg.Window - h.count
}

// mayRead says whether it is time to read. It waits for half of the room that
// exceptions leave, so that pages are large; and with an open breaker for the
// lack of something to probe with.
func (h *hook) mayRead(now time.Time) bool {
	allowed, _ := h.breaker.Allow(now)
	switch {
	case h.reading, !allowed, now.Before(h.readAfter), !h.behind():
		return false
	case h.breaker.Phase != breaker.Closed && h.ready.Len() > 0:
		return false
	}
	return h.room() >= max(1, (h.d.cfg.Window-h.parked)/2)
}

// read reads pages as long as there is room for them.
func (h *hook) read() {
	defer h.d.running.Done()
	for {
		p, ok := h.nextPage()
		if !ok {
			return
		}
		err := h.fetch(&p)
		h.mu.Lock()
		if err != nil {
			h.readAfter = time.Now().Add(readPause)
			h.reading = false
			h.notes = append(h.notes, note{slog.LevelError, "callbacks cannot be read", []any{"webhook", h.id.String(), "error", err}})
			h.touch()
		} else {
			h.absorb(p)
		}
		h.step()
		h.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// nextPage chooses the lane that is the farthest behind.
func (h *hook) nextPage() (p page, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reading = false
	if h.ended || h.removed || !h.mayRead(time.Now()) {
		return p, false
	}
	for _, l := range h.backlog {
		if p.lane == nil || l.read < p.lane.read {
			p.lane = l
		}
	}
	h.reading = true
	p.behind, p.tail, p.limit = p.lane.read, p.lane.tail, min(maxPage, h.room())
	return p, true
}

// fetch reads a page: of the log, or of an origin's rows.
func (h *hook) fetch(p *page) error {
	ctx, db := h.d.ctx, h.d.cfg.Store
	if !h.direct {
		callbacks, err := db.Callbacks(ctx, p.lane.number, h.target.App, p.behind, p.limit)
		for _, c := range callbacks {
			p.entries = append(p.entries, &entry{callback: c})
		}
		return err
	}
	rows, err := db.DeliveriesBehind(ctx, p.lane.number, h.id, p.behind, p.limit)
	if err != nil {
		return err
	}
	p.entries, err = h.restore(rows)
	return err
}

// restore reads the callbacks of rows.
func (h *hook) restore(rows []store.Delivery) ([]*entry, error) {
	entries := make([]*entry, 0, len(rows))
	for _, r := range rows {
		c, found, err := h.d.cfg.Store.Callback(h.d.ctx, r.Lane, r.App, r.Position)
		if err != nil {
			return nil, err
		}
		if !found {
			c = store.Callback{Lane: r.Lane, App: r.App, Position: r.Position}
			r.Error = "the callback is no longer in the log"
		}
		e := restored(c, r)
		e.lost = !found
		entries = append(entries, e)
	}
	return entries, nil
}

// absorb takes a page in, as far as there is room.
func (h *hook) absorb(p page) {
	l := p.lane
	if h.removed || h.lanes[l.number] != l || h.leaving.has(l.number) {
		return // the webhook was deleted, or the lane is another node's
	}
	h.changeLane(l)
	for _, e := range p.entries {
		if e.callback.Position <= l.read {
			continue
		}
		if h.count >= h.d.cfg.Window {
			return
		}
		h.advance(l, e.callback.Position)
		h.accept(l, e)
	}
	if len(p.entries) < p.limit {
		// The end of the log as it was, even if its last entries are gone.
		h.advance(l, p.tail)
	}
}

// accept takes in what was read, if it is to be delivered here.
func (h *hook) accept(l *lane, e *entry) {
	c := &e.callback
	if _, again := h.repeated[c.Position]; again {
		delete(h.repeated, c.Position)
		return
	}
	switch {
	case e.lost:
		h.forget(e, ReasonExpired)
	case e.stored && h.direct != (c.Target != ""):
		h.forget(e, "") // a row of a webhook that is no more
	case e.stored, c.Target == "" && h.wants.has(c.Trigger):
		h.add(l, e)
	}
}

// forget removes the row of what cannot be delivered; with a reason, it is
// recorded as dropped.
func (h *hook) forget(e *entry, reason string) {
	e.done, e.reason, e.callback.Body = true, reason, nil
	h.note("callback dropped", e, "reason", reason)
	h.change(e)
}
