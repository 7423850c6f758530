package engine

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

const (
	// itemsUnderWay bounds the operations that batches have in the store's queue:
	// enough for large transactions, and few beside the 512 that one takes, so that
	// a batch does not push aside those who wait for an answer.
	itemsUnderWay = 64
	// batchPause is how long a batch waits that meets a full queue, or a store that
	// takes nothing new.
	batchPause = time.Second
	// batchPasses is how often an item is tried that an error of the gateway's own
	// keeps from being done, before that refuses it: it may have been the database's.
	batchPasses = 60
)

// batches works on the batches of this node's lanes when they are due. Its memory
// is a hint: batches that have not ended are found by their due time. Those of one
// app follow one another; those of different apps do not wait for each other.
type batches struct {
	engine *Engine
	ctx    context.Context // of the work; ends before the engine does
	cancel context.CancelFunc
	places chan struct{} // one for each operation under way

	mu      sync.Mutex
	later   soonest[store.Batch]
	lines   map[line][]store.Batch // due, by whose they are; the first is worked on
	timer   *time.Timer
	stopped bool
}

// line is an app, or a project for what belongs to no app.
type line struct {
	project string
	app     gateway.ID
}

func newBatches(e *Engine) *batches {
	b := &batches{engine: e, places: make(chan struct{}, itemsUnderWay), lines: make(map[line][]store.Batch)}
	b.ctx, b.cancel = context.WithCancel(e.ctx)
	return b
}

// gain reads what has not ended in lanes that are this node's from now on.
func (b *batches) gain(ctx context.Context, lanes []int) error {
	var behind store.Batch
	for {
		page, err := b.engine.db.UnfinishedBatches(ctx, behind, batchPage)
		if err != nil {
			return err
		}
		for _, row := range page {
			if slices.Contains(lanes, b.engine.db.Lane(row.ID)) {
				b.add(row)
			}
		}
		if len(page) < batchPage {
			return nil
		}
		behind = page[len(page)-1]
	}
}

// lose forgets what lies in lanes that are another node's.
func (b *batches) lose(lanes []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.later = slices.DeleteFunc(b.later, func(row timed[store.Batch]) bool { return slices.Contains(lanes, b.engine.db.Lane(row.what.ID)) })
	heap.Init(&b.later)
}

// add notes a batch, of which id, project, app and due time are known.
func (b *batches) add(row store.Batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return
	}
	heap.Push(&b.later, timed[store.Batch]{row.Due, row})
	b.arm()
}

// arm sets the timer for the batch that is due next.
func (b *batches) arm() {
	if b.stopped || len(b.later) == 0 {
		return
	}
	wait := max(b.later[0].at.Sub(b.engine.db.Now()), 0)
	if b.timer == nil {
		b.timer = time.AfterFunc(wait, b.fire)
	} else {
		b.timer.Reset(wait)
	}
}

// fire puts what is due in line.
func (b *batches) fire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.engine.db.Now()
	for !b.stopped && len(b.later) > 0 && !b.later[0].at.After(now) {
		row := heap.Pop(&b.later).(timed[store.Batch]).what
		l := line{row.Project, row.App}
		b.lines[l] = append(b.lines[l], row)
		if len(b.lines[l]) == 1 {
			b.engine.background.Go(func() { b.work(l) })
		}
	}
	b.arm()
}

// work does what stands in a line, one batch after the other.
func (b *batches) work(l line) {
	for {
		b.mu.Lock()
		if len(b.lines[l]) == 0 || b.stopped {
			delete(b.lines, l)
			b.mu.Unlock()
			return
		}
		row := b.lines[l][0]
		b.mu.Unlock()
		b.process(row.ID)
		b.mu.Lock()
		b.lines[l] = b.lines[l][1:]
		b.mu.Unlock()
	}
}

// process works on a batch until it has ended, or is another node's.
func (b *batches) process(id gateway.ID) {
	for pass := 1; b.ctx.Err() == nil; pass++ {
		w := &batchWork{batches: b, id: id, last: pass >= batchPasses}
		err := w.run()
		if err == nil || errors.Is(err, errNotOurs) || errors.Is(err, store.ErrClosed) || b.ctx.Err() != nil {
			return
		}
		b.engine.log.Error("a batch cannot be worked on; trying again", "batch_id", id.String(), "error", err)
		b.pause()
	}
}

// pause waits for something to change for the better.
func (b *batches) pause() {
	select {
	case <-time.After(batchPause):
	case <-b.ctx.Done():
	}
}

// stop begins with nothing more.
func (b *batches) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	b.cancel()
	if b.timer != nil {
		b.timer.Stop()
	}
}
