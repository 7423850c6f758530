package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Op is an operation: it reads and changes rows of the Tx and touches nothing
// else. It may run more than once, so what it hands to the outside it assigns
// anew each time.
type Op struct {
	// Want says in rounds which rows Run will read, so that a whole batch
	// loads them at once; later rounds may use what earlier ones loaded. It is
	// a hint: nil is right, only slower on PostgreSQL.
	Want []func(*Tx)
	// Run applies the operation. An error takes back what it did, concerns its
	// caller alone, and is returned by Apply.
	Run func(*Tx) error
}

// pending is an operation on its way through the writer.
type pending struct {
	op   Op
	err  error
	done chan struct{} // nil for Submit
	then func(error)   // of Submit; may be nil
}

// Apply runs op in the next batch and returns after the commit that contains
// it. When ctx ends first the operation may still happen.
func (db *DB) Apply(ctx context.Context, op Op) error {
	p := &pending{op: op, done: make(chan struct{})}
	if err := db.enqueue(p); err != nil {
		return err
	}
	return db.wait(ctx, p)
}

// ApplyOwed is Apply for what cannot be refused as overload.
func (db *DB) ApplyOwed(ctx context.Context, op Op) error {
	p := &pending{op: op, done: make(chan struct{})}
	db.owe(p)
	return db.wait(ctx, p)
}

// wait returns when p is answered, ctx ends or the writer has ended without it.
func (db *DB) wait(ctx context.Context, p *pending) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	case <-db.done:
		select {
		case <-p.done:
			return p.err
		default:
			return ErrClosed
		}
	}
}

// Submit queues op, however much is queued already, and calls then, on the
// writer's goroutine, after its commit. It is for what the gateway owes to
// somebody; its callers bound how much they have under way. It may be called
// on the writer's goroutine.
func (db *DB) Submit(op Op, then func(error)) {
	db.owe(&pending{op: op, then: then})
}

func (db *DB) owe(p *pending) {
	db.owed.Lock()
	if db.owed.closed {
		db.owed.Unlock()
		p.answer(ErrClosed)
		return
	}
	db.owed.list = append(db.owed.list, p)
	db.owed.Unlock()
	db.rouse()
}

func (db *DB) enqueue(p *pending) error {
	select {
	case <-db.done:
		return ErrClosed
	default:
	}
	select {
	case db.queue <- p:
		return nil
	default:
		return ErrOverloaded
	}
}

// Queued is the number of operations that wait.
func (db *DB) Queued() int {
	db.owed.Lock()
	defer db.owed.Unlock()
	return len(db.queue) + len(db.owed.list)
}

// write is the writer: it takes what is queued, never waits for more, and ends
// when Close is called and the queue is empty, or when a commit fails.
func (db *DB) write() {
	defer close(db.done)
	heartbeat := time.NewTicker(ownerRenewal)
	defer heartbeat.Stop()
	batch := make([]*pending, 0, batchSize)
	for {
		batch = batch[:0]
		ending := false
		select {
		case p := <-db.queue:
			batch = append(batch, p)
		case <-db.wake:
		case <-heartbeat.C:
		case <-db.stop:
			ending = true
		}
		batch = db.gather(batch)
		if ending && len(batch) == 0 && db.owed.close() {
			return
		}
		if err := db.run(batch); err != nil {
			db.fail(batch, err)
			return
		}
	}
}

// gather fills the batch with what waits: half of it for what is owed, so
// that neither kind starves the other.
func (db *DB) gather(batch []*pending) []*pending {
	batch = db.owed.take(batch, batchSize/2)
	for queued := true; queued && len(batch) < batchSize; {
		select {
		case p := <-db.queue:
			batch = append(batch, p)
		default:
			queued = false
		}
	}
	batch = db.owed.take(batch, batchSize)
	if db.owed.waiting() {
		db.rouse()
	}
	return batch
}

// rouse makes the writer look for what is owed.
func (db *DB) rouse() {
	select {
	case db.wake <- struct{}{}:
	default:
	}
}

// owed is the list of operations of Submit.
type owed struct {
	sync.Mutex
	list   []*pending
	closed bool
}

// take moves operations to the batch until it has size.
func (o *owed) take(batch []*pending, size int) []*pending {
	o.Lock()
	defer o.Unlock()
	n := min(len(o.list), max(size-len(batch), 0))
	batch = append(batch, o.list[:n]...)
	o.list = append(o.list[:0], o.list[n:]...)
	return batch
}

func (o *owed) waiting() bool {
	o.Lock()
	defer o.Unlock()
	return len(o.list) > 0
}

// close refuses further operations, unless one is waiting.
func (o *owed) close() bool {
	o.Lock()
	defer o.Unlock()
	o.closed = len(o.list) == 0
	return o.closed
}

// run commits a batch, or, if a statement of it fails, each of its operations
// alone. The error it returns is fatal.
func (db *DB) run(batch []*pending) error {
	begin := time.Now()
	err := db.commit(batch)
	if _, ok := errors.AsType[*statementError](err); ok && len(batch) > 1 {
		for _, p := range batch {
			if err := db.run([]*pending{p}); err != nil {
				return err
			}
		}
		return nil
	}
	if statement, ok := errors.AsType[*statementError](err); ok {
		if len(batch) == 0 {
			return err
		}
		batch[0].answer(statement.error)
		return nil
	}
	if err == nil && db.opts.Observe != nil && len(batch) > 0 {
		db.opts.Observe(len(batch), time.Since(begin))
	}
	return err
}

// commit applies the operations to one Tx, writes it and answers.
func (db *DB) commit(batch []*pending) error {
	ctx := context.Background()
	tx := newTx(ctx, db, time.Now())
	if err := db.preload(ctx, tx, batch); err != nil {
		return err
	}
	for _, p := range batch {
		p.err = apply(tx, p.op)
		if lost, ok := errors.AsType[*statementError](p.err); ok && len(batch) > 1 {
			return lost
		}
		if p.err != nil {
			tx.undo()
		}
		tx.journal = tx.journal[:0]
	}
	if err := db.engine.commit(ctx, tx); err != nil {
		return err
	}
	for _, f := range tx.after {
		f()
	}
	for _, p := range batch {
		p.answer(p.err)
	}
	return nil
}

func (db *DB) preload(ctx context.Context, tx *Tx, batch []*pending) error {
	for round := 0; ; round++ {
		more := false
		for _, p := range batch {
			if round < len(p.op.Want) {
				p.op.Want[round](tx)
				more = true
			}
		}
		if !more {
			return nil
		}
		if err := db.engine.load(ctx, tx); err != nil {
			return err
		}
	}
}

// apply runs one operation; a panic in it is its own error, not everybody's.
func apply(tx *Tx, op Op) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic in an operation: %v\n%s", v, debug.Stack())
		}
	}()
	return op.Run(tx)
}

func (p *pending) answer(err error) {
	p.err = err
	if p.done != nil {
		close(p.done)
	} else if p.then != nil {
		p.then(err)
	}
}

// fail ends the writer: what of the batch is on disk is unknown, so nobody is
// told that it is.
func (db *DB) fail(batch []*pending, err error) {
	db.opts.Log.Error("the store failed; ending", "error", err)
	for _, p := range batch {
		p.answer(fmt.Errorf("%w: %w", ErrClosed, err))
	}
	for !db.owed.close() {
		for _, p := range db.owed.take(nil, queueLength) {
			p.answer(ErrClosed)
		}
	}
	if db.opts.Failed != nil {
		db.opts.Failed(err)
	}
}
