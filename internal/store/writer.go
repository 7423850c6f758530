package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Op is an operation: it reads and changes rows of the Tx and touches nothing
// else. It may run more than once, so what it hands to the outside it assigns
// anew each time.
type Op struct {
	// Want says in rounds which rows Run will read, so that a whole batch
	// loads them at once; later rounds may use what earlier ones loaded, the first
	// one cannot read: it comes before the lock. It is a hint: nil is right, only
	// slower on PostgreSQL.
	Want []func(*Tx)
	// Run applies the operation. An error takes back what it did, concerns its
	// caller alone, and is returned by Apply.
	Run func(*Tx) error
	// Trace is where Tx.Trace begins.
	Trace string
	// lock: no other node commits while this operation runs, and it writes by
	// itself what concerns the nodes. An error of it is one of its whole batch.
	lock bool
}

// pending is an operation on its way through the writer.
type pending struct {
	op       Op
	err      error
	done     chan struct{} // nil for Submit
	then     func(error)   // of Submit; may be nil
	at       int64         // when it was queued, in Unix nanoseconds
	owed     bool          // cannot be refused: waits while the store takes no writes
	answered bool
}

// Apply runs op in the next batch and returns after the commit that contains
// it. When ctx ends first the operation may still happen.
func (db *DB) Apply(ctx context.Context, op Op) error {
	p := &pending{op: op, done: make(chan struct{}), at: time.Now().UnixNano()}
	if err := db.enqueue(p); err != nil {
		return err
	}
	return db.wait(ctx, p)
}

// ApplyOwed is Apply for what cannot be refused as overload.
func (db *DB) ApplyOwed(ctx context.Context, op Op) error {
	p := &pending{op: op, done: make(chan struct{}), at: time.Now().UnixNano()}
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
	db.owe(&pending{op: op, then: then, at: time.Now().UnixNano()})
}

func (db *DB) owe(p *pending) {
	p.owed = true
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
	if err := db.Fault(); err != nil {
		return err
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

// Oldest is when the oldest operation that is not answered was queued; zero if
// there is none. The writer takes them in their order, so that is one of its
// batch, or it would have taken the one that waits.
func (db *DB) Oldest() time.Time {
	if at := db.oldest.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// noteOldest tells Oldest what the writer works on.
func (db *DB) noteOldest(batch []*pending) {
	oldest := int64(0)
	for _, p := range batch {
		if oldest == 0 || p.at < oldest {
			oldest = p.at
		}
	}
	db.oldest.Store(oldest)
}

// write is the writer: it takes what is queued, never waits for more, and ends
// when Close is called and the queue is empty, or when a commit fails.
func (db *DB) write() {
	defer close(db.done)
	heartbeat := time.NewTicker(db.opts.Lease / renewals)
	defer heartbeat.Stop()
	look := time.NewTimer(time.Hour)
	look.Stop()
	batch := make([]*pending, 0, batchSize)
	for {
		batch = batch[:0]
		ending, looking := false, false
		if m := db.members.Load(); m.self != 0 && !m.alone() {
			look.Reset(db.engine.hints().interval())
		}
		select {
		case p := <-db.queue:
			batch = append(batch, p)
		case <-db.owing():
		case <-db.suspension.again:
		case <-heartbeat.C:
		case <-look.C:
			looking = true
		case <-db.engine.hints().channel():
			looking = true
		case <-db.stop:
			ending = true
		}
		// Whoever can run has an operation or an answer to work on. Letting
		// them makes the batch larger under load, and costs nothing without.
		runtime.Gosched()
		batch = db.gather(batch)
		if ending && len(batch) == 0 && db.owed.close() {
			return
		}
		if looking && len(batch) == 0 && !db.news() {
			continue
		}
		db.noteOldest(batch)
		err := db.run(batch)
		db.noteOldest(nil)
		if errors.Is(err, errGivenUp) {
			for _, p := range batch {
				p.answer(ErrClosed)
			}
			db.dismiss(ErrClosed)
			return
		}
		if err != nil {
			db.fail(batch, err)
			return
		}
		if ending && db.Fault() != nil {
			db.dismiss(ErrClosed) // the next start finds what it is about
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

// putBack makes operations the first again.
func (o *owed) putBack(batch []*pending) {
	o.Lock()
	defer o.Unlock()
	o.list = slices.Concat(batch, o.list)
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
	tx, err := db.commit(batch)
	for errors.Is(err, errConflict) { // another node was faster; this time it has to wait
		tx, err = db.commit(batch)
	}
	if db.opts.Observe != nil && (len(batch) > 0 || err != nil) {
		db.opts.Observe(len(batch), time.Since(begin), err)
	}
	if lost, ok := errors.AsType[*lostError](err); ok {
		return db.recover(batch, tx, lost)
	}
	if Passing(err) {
		db.suspend(batch, err)
		return nil
	}
	if statement, ok := errors.AsType[*statementError](err); ok {
		return db.divide(batch, statement)
	}
	if err != nil {
		return err
	}
	db.finish(tx, batch)
	db.resume()
	return nil
}

// divide runs the operations of a batch one by one, so that the one at fault
// fails alone.
func (db *DB) divide(batch []*pending, statement *statementError) error {
	switch len(batch) {
	case 0:
		return statement
	case 1:
		batch[0].answer(statement.error)
		return nil
	}
	for i := range batch {
		if err := db.run(batch[i : i+1]); err != nil {
			return err
		}
		if fault := db.Fault(); fault != nil { // the rest waits behind this one
			rest := batch[i+1:]
			if p := batch[i]; p.owed && !p.answered {
				rest = slices.Concat(db.owed.take(nil, 1), rest)
			}
			db.suspend(rest, fault)
			return nil
		}
	}
	return nil
}

// commit applies the operations to the Tx and writes it. What a batch before
// has left in it because it failed is forgotten.
func (db *DB) commit(batch []*pending) (tx *Tx, err error) {
	tx = db.tx
	ctx := tx.ctx
	tx.start(db.engine.now(), db.members.Load())
	tx.probe = db.Fault() != nil
	defer func() {
		if err != nil {
			err = errors.Join(err, db.engine.rollback(ctx))
		}
	}()
	if err := db.begin(ctx, tx, batch); err != nil {
		return tx, err
	}
	if err := db.preload(ctx, tx, batch); err != nil {
		return tx, err
	}
	for _, p := range batch {
		p.err = apply(tx, p.op)
		if lost, ok := errors.AsType[*lostError](p.err); ok {
			return tx, lost
		}
		if statement, ok := errors.AsType[*statementError](p.err); ok && (len(batch) > 1 || Passing(statement)) {
			return tx, statement
		}
		if p.err != nil && p.op.lock {
			return tx, &statementError{p.err}
		}
		if p.err != nil {
			tx.undo()
		} else {
			tx.accept()
		}
	}
	return tx, db.engine.commit(ctx, tx)
}

// begin takes in what other nodes have done, and says what is to be loaded first.
func (db *DB) begin(ctx context.Context, tx *Tx, batch []*pending) error {
	lock := db.engine.shared() || slices.ContainsFunc(batch, func(p *pending) bool { return p.op.lock })
	if lock {
		tx.forget()
	}
	tx.early = true // what is read now may be old once the lock is there
	db.want(tx, batch, 0)
	tx.early = false
	if err := db.engine.begin(ctx, tx, lock); err != nil {
		return err
	}
	if len(tx.handed) == 0 || db.peer == nil {
		return nil
	}
	if tx.flooded {
		if err := db.configure(ctx, db.peer); err != nil {
			return &lostError{err}
		}
		return nil
	}
	err := db.peer.Receive(tx, tx.handed)
	tx.accept()
	return err
}

// finish does what follows from a commit, and answers.
func (db *DB) finish(tx *Tx, batch []*pending) {
	if old := db.members.Load(); old != tx.members {
		db.members.Store(tx.members)
		if db.peer != nil {
			// In two steps: a lane that was lost without this node's knowledge and
			// is taken back in the same transaction has been without it meanwhile.
			if tx.found != old {
				db.peer.Moved(tx.found.since(old))
			}
			if tx.members != tx.found {
				db.peer.Moved(tx.members.since(tx.found))
			}
		}
		if !tx.members.settled() {
			db.look()
		}
	}
	if tx.flooded { // all that was handed over is in the rows of its lanes
		all := tx.members.Owned()
		db.peer.Moved(Moved{Lost: all, Nodes: tx.members.Nodes()})
		db.peer.Moved(Moved{Gained: all, Nodes: tx.members.Nodes(), Lanes: true})
	}
	tx.finish()
	for _, p := range batch {
		p.answer(p.err)
	}
}

// look has the leases reviewed soon.
func (db *DB) look() {
	select {
	case db.tend <- struct{}{}:
	default:
	}
}

// preload loads what the operations say that they will read.
func (db *DB) preload(ctx context.Context, tx *Tx, batch []*pending) error {
	for round, more := 1, true; more; round++ {
		if err := db.engine.load(ctx, tx); err != nil {
			return err
		}
		more = db.want(tx, batch, round)
	}
	return nil
}

// want asks the operations what they will read, and reports whether there is one
// that has had something to say in this round. With one lane the rows lie in this
// process, and a single get costs microseconds.
func (db *DB) want(tx *Tx, batch []*pending, round int) (more bool) {
	if db.Lanes() == 1 {
		return false
	}
	for _, p := range batch {
		if round < len(p.op.Want) {
			p.op.Want[round](tx)
			more = true
		}
	}
	return more
}

// apply runs one operation; a panic in it is its own error, not everybody's.
func apply(tx *Tx, op Op) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic in an operation: %v\n%s", v, debug.Stack())
		}
	}()
	tx.Trace = op.Trace
	return op.Run(tx)
}

func (p *pending) answer(err error) {
	if p.answered {
		return
	}
	p.err, p.answered = err, true
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
	db.dismiss(ErrClosed)
	if db.opts.Failed != nil {
		db.opts.Failed(err)
	}
}

// dismiss answers everything that is owed with an error, and closes the list.
func (db *DB) dismiss(err error) {
	for !db.owed.close() {
		for _, p := range db.owed.take(nil, queueLength) {
			p.answer(err)
		}
	}
}
