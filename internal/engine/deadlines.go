package engine

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

// horizon is how far ahead deadlines are kept in memory; the table has the rest.
const horizon = 5 * time.Minute

// duePage is how many deadlines one query reads.
const duePage = 1000

// deadlines wakes messages when they are due. Its memory mirrors the near
// future of the store's table. A deadline that is no longer its message's own
// does no harm: the state machine ignores it.
type deadlines struct {
	engine *Engine

	mu      sync.Mutex
	near    soonest[gateway.ID]
	until   time.Time // what is due before is in near
	timer   *time.Timer
	stopped bool
}

func newDeadlines(e *Engine) *deadlines { return &deadlines{engine: e} }

// signalsUnderWay bounds the operations that deadlines have in the store's
// queue: a million of them may be due at once after a long stop.
const signalsUnderWay = 1024

// gain goes on with every message that was under way in lanes that are this
// node's from now on: what is due is looked at now, and an attempt of a node
// that is no more is in doubt.
func (d *deadlines) gain(ctx context.Context, lanes []int) error {
	now := d.engine.db.Now()
	d.mu.Lock()
	if d.until.IsZero() {
		d.until = now.Add(horizon)
		d.arm()
	}
	until := d.until
	d.mu.Unlock()
	mine := func(lane int) bool { return slices.Contains(lanes, lane) }
	err := d.page(ctx, store.Due{}, now, mine, func(due store.Due) {
		d.engine.signalOwed(due.Message, orphaned, overdue)
	})
	if err != nil {
		return err
	}
	return d.page(ctx, store.Due{At: now, Message: maxID}, until, mine, func(due store.Due) { d.add(due.Message, due.At) })
}

// adopt sends over connections that have come to this node what waits for them
// in the lanes of others.
func (d *deadlines) adopt(ctx context.Context, came []*account, gained []int) error {
	foreign := func(lane int) bool { return !slices.Contains(gained, lane) }
	return d.page(ctx, store.Due{}, d.engine.db.Now(), foreign, func(due store.Due) {
		d.engine.signalOwed(due.Message, func(c *change) error {
			s := c.row.State
			if s.Phase != lifecycle.Waiting || s.Hop >= len(c.plan.Hops) {
				return nil
			}
			j := c.job()
			if slices.ContainsFunc(came, func(a *account) bool { return a.app == j.app && a.channel == j.channel }) {
				c.engine.enqueue(c.tx, j)
			}
			return nil
		})
	})
}

// mourn puts in doubt what nodes that are no more were sending in this node's lanes.
func (d *deadlines) mourn(ctx context.Context, died []int64) error {
	for _, lane := range d.engine.db.Members().Owned() {
		ids, err := d.engine.db.Sent(ctx, lane, lifecycle.Sending, died)
		if err != nil {
			return err
		}
		for _, id := range ids {
			d.engine.signalOwed(id, orphaned)
		}
	}
	return nil
}

// page walks the table, in the lanes wanted, from behind the given deadline
// until the time.
func (d *deadlines) page(ctx context.Context, behind store.Due, until time.Time, wanted func(lane int) bool, f func(store.Due)) error {
	lanes, err := d.engine.db.DueLanes(ctx, behind.At, until)
	if err != nil {
		return err
	}
	for _, lane := range lanes {
		if !wanted(lane) {
			continue
		}
		for from, more := behind, true; more; {
			list, err := d.engine.db.DueUntil(ctx, lane, until, from, duePage)
			if err != nil {
				return err
			}
			for _, due := range list {
				f(due)
			}
			if more = len(list) == duePage; more {
				from = list[len(list)-1]
			}
		}
	}
	return nil
}

// refill reads the next stretch of the table into memory and sees to it that
// the one after is read in time. Deadlines that are made meanwhile for the
// same stretch may be there twice.
func (d *deadlines) refill(ctx context.Context) error {
	d.mu.Lock()
	from := d.until
	d.until = from.Add(horizon)
	if now := d.engine.db.Now(); d.until.Before(now) {
		d.until = now.Add(horizon)
	}
	until := d.until
	d.mu.Unlock()
	behind := store.Due{At: from, Message: maxID}
	err := d.page(ctx, behind, until, d.engine.db.Members().Owns, func(due store.Due) { d.add(due.Message, due.At) })
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.until = from
	}
	d.arm()
	return err
}

// maxID sorts behind every id.
var maxID = func() (id gateway.ID) {
	for i := range id {
		id[i] = 0xFF
	}
	return id
}()

// add notes a deadline, if it is near.
func (d *deadlines) add(id gateway.ID, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped || at.After(d.until) {
		return
	}
	heap.Push(&d.near, timed[gateway.ID]{at, id})
	if d.near[0].what == id {
		d.arm()
	}
}

// arm sets the timer for the nearest deadline or the end of the known stretch.
func (d *deadlines) arm() {
	if d.stopped {
		return
	}
	next := d.until
	if len(d.near) > 0 && d.near[0].at.Before(next) {
		next = d.near[0].at
	}
	wait := max(next.Sub(d.engine.db.Now()), 0)
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, d.fire)
	} else {
		d.timer.Reset(wait)
	}
}

// fire signals what is due and goes to sleep again.
func (d *deadlines) fire() {
	d.mu.Lock()
	if d.stopped {
		d.mu.Unlock()
		return
	}
	now := d.engine.db.Now()
	var due []timed[gateway.ID]
	for len(d.near) > 0 && !d.near[0].at.After(now) {
		due = append(due, heap.Pop(&d.near).(timed[gateway.ID]))
	}
	ended := !now.Before(d.until)
	if !ended {
		d.arm()
	}
	d.mu.Unlock()
	for _, one := range due {
		d.engine.metrics.DeadlineLateness.Observe(d.engine.db.Now().Sub(one.at).Seconds())
		d.engine.signalOwed(one.what, overdue)
	}
	if !ended {
		return
	}
	if err := d.refill(d.engine.ctx); err != nil && d.engine.ctx.Err() == nil {
		d.engine.log.Error("deadlines cannot be read", "error", err)
		d.mu.Lock()
		d.timer.Reset(time.Second)
		d.mu.Unlock()
	}
	d.engine.forgetHeld(d.engine.ctx)
	if err := d.engine.resumeMerges(d.engine.ctx); err != nil && d.engine.ctx.Err() == nil {
		d.engine.log.Error("merges under way cannot be read", "error", err)
	}
}

func (d *deadlines) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	if d.timer != nil {
		d.timer.Stop()
	}
}

// len is the number of deadlines in memory.
func (d *deadlines) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.near)
}

// remind sets a message's deadline at the node that owns its lane.
func (e *Engine) remind(tx *store.Tx, id gateway.ID, at time.Time) {
	lane := e.db.Lane(id)
	if !tx.Hand(lane, store.Handoff{Kind: store.HandoffDue, Lane: lane, Subject: id, At: at}) {
		tx.After(func() { e.deadlines.add(id, at) })
	}
}

// overdue tells a message of this node's lanes that its time has come.
func overdue(c *change) error {
	if !c.ours() {
		return nil
	}
	return c.apply(lifecycle.Overdue{})
}

// ours says whether the message lies in a lane of this node. Where it does not,
// another node sees to the message.
func (c *change) ours() bool { return c.tx.Owns(c.engine.db.Lane(c.row.ID)) }

// orphaned tells a message that nobody will tell the outcome of its attempt: the
// node that made it is no more.
func orphaned(c *change) error {
	if !c.ours() || c.tx.Members().Live(c.row.Sender) {
		return nil
	}
	return c.apply(lifecycle.Orphaned{})
}

// signalOwed applies signals to a message in their order. The message's row
// keeps the deadline until it has had its effect, so an error here only means
// that the next owner of the lane sees to it.
func (e *Engine) signalOwed(id gateway.ID, signals ...func(*change) error) {
	e.signals <- struct{}{}
	e.db.Submit(store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) { tx.WantMessage(id); tx.Contents.Want(id) }},
		Run: func(tx *store.Tx) error {
			c, err := e.open(tx, id)
			if err != nil || c == nil {
				return err
			}
			for _, signal := range signals {
				if err := signal(c); err != nil {
					return err
				}
			}
			return nil
		},
	}, func(err error) {
		<-e.signals
		if err != nil && !errors.Is(err, store.ErrClosed) {
			e.log.Error("a deadline had no effect", "message_id", id.String(), "error", err)
		}
	})
}
