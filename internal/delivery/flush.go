package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// flushSize is how many changes are written in one operation, at least: the
// changes of one hook are not divided.
const flushSize = 1000

// flusher gathers the hooks with something to write. Its timers run only while
// there are any.
type flusher struct {
	d *Deliverer

	mu       sync.Mutex
	changed  []*hook
	passing  []*hook
	removed  []gateway.ID
	armed    bool
	stopped  bool
	next     *time.Timer
	nextPass *time.Timer

	writing   sync.Mutex // held by the one flush at a time, so that writes keep their order
	unwritten []batch    // what a failed write has left
}

// soon lists a hook for the next flush.
func (f *flusher) soon(h *hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = append(f.changed, h)
	f.arm(FlushInterval)
}

func (f *flusher) arm(after time.Duration) {
	if f.armed || f.stopped {
		return
	}
	f.armed = true
	if f.next == nil {
		f.next = time.AfterFunc(after, f.flush)
		return
	}
	f.next.Reset(after)
}

// later lists a hook whose cursors have moved only over what it does not want.
func (f *flusher) later(h *hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passing = append(f.passing, h)
	if len(f.passing) > 1 || f.stopped {
		return
	}
	if f.nextPass == nil {
		f.nextPass = time.AfterFunc(PassInterval, f.passAll)
		return
	}
	f.nextPass.Reset(PassInterval)
}

// passAll makes the cursors of those hooks due.
func (f *flusher) passAll() {
	f.mu.Lock()
	hooks := f.passing
	f.passing = nil
	f.mu.Unlock()
	for _, h := range hooks {
		h.mu.Lock()
		h.passing = true
		h.touch()
		h.mu.Unlock()
	}
}

// forget removes a webhook's rows with the next flush.
func (f *flusher) forget(id gateway.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removed = append(f.removed, id)
	f.arm(FlushInterval)
}

// flush writes what has changed. After an error it tries again in a while; the
// callbacks go on meanwhile.
func (f *flusher) flush() {
	f.writing.Lock()
	defer f.writing.Unlock()
	f.mu.Lock()
	hooks, removed := f.changed, f.removed
	f.changed, f.removed, f.armed = nil, nil, false
	f.mu.Unlock()

	now := time.Now()
	b := batch{d: f.d, losses: f.d.lossCount()}
	var written []*hook
	for i, h := range hooks {
		h.collect(&b, now)
		written = append(written, h)
		if b.size() < flushSize && i < len(hooks)-1 {
			continue
		}
		f.report(b.notes)
		f.unwritten = append(f.unwritten, b)
		if f.write() {
			f.d.retire(written)
		}
		b, written = batch{d: f.d, losses: f.d.lossCount()}, nil
	}
	for _, id := range removed {
		if len(f.unwritten) > 0 { // may hold rows of it
			f.forget(id)
			continue
		}
		if err := f.remove(id); err != nil && !errors.Is(err, store.ErrClosed) {
			f.d.cfg.Log.Error("rows of a deleted webhook cannot be removed; trying again", "webhook", id.String(), "error", err)
			f.forget(id)
		}
	}
}

// write applies what is unwritten, in order.
func (f *flusher) write() bool {
	for len(f.unwritten) > 0 {
		b := &f.unwritten[0]
		if b.size() > 0 {
			err := f.d.cfg.Store.ApplyOwed(context.Background(), store.Op{Run: b.write})
			if errors.Is(err, store.ErrClosed) {
				return false // it is the end; the next start repeats
			}
			if err != nil {
				f.d.cfg.Log.Error("delivery cannot be recorded; trying again", "error", err)
				f.mu.Lock()
				f.arm(readPause)
				f.mu.Unlock()
				return false
			}
		}
		f.unwritten = f.unwritten[1:]
	}
	return true
}

// remove deletes all rows of a webhook.
func (f *flusher) remove(id gateway.ID) error {
	ctx, db := context.Background(), f.d.cfg.Store
	cursors, err := db.Cursors(ctx, id)
	if err != nil {
		return err
	}
	rows, err := db.Deliveries(ctx, id)
	if err != nil {
		return err
	}
	return db.ApplyOwed(ctx, store.Op{Run: func(tx *store.Tx) error {
		for _, c := range cursors { // each node removes those of its lanes
			if tx.Owns(c.Lane) {
				tx.Cursors.Delete(c.CursorKey)
			}
		}
		for _, r := range rows {
			if tx.Owns(r.Lane) {
				tx.Deliveries.Delete(r.DeliveryKey)
			}
		}
		tx.States.Delete(id)
		return nil
	}})
}

// report writes the notes that hooks have left.
func (f *flusher) report(notes []note) {
	for _, n := range notes {
		f.d.cfg.Log.Log(context.Background(), n.level, n.text, n.attrs...) //nolint:sloglint // the hooks' texts are constants
	}
}

// stop ends the timers and writes everything.
func (f *flusher) stop(hooks []*hook) {
	f.mu.Lock()
	f.stopped = true
	f.stopTimers()
	f.mu.Unlock()
	for _, h := range hooks {
		h.mu.Lock()
		h.passing = !h.passed.isEmpty()
		h.touch()
		h.mu.Unlock()
	}
	f.flush()
}

func (f *flusher) stopTimers() {
	for _, t := range []*time.Timer{f.next, f.nextPass} {
		if t != nil {
			t.Stop()
		}
	}
}
