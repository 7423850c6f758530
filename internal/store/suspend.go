package store

import (
	"sync/atomic"
	"time"
)

const (
	// suspendPause is how long a store that takes no writes is left alone.
	suspendPause = 500 * time.Millisecond
	// suspendQuiet is how long a fault that comes and goes is not logged again.
	suspendQuiet = time.Minute
)

// suspension is the time in which the store takes no writes, because of a
// fault that may pass. What can be refused is refused at once, what is owed
// waits, and every now and then the writer tries.
type suspension struct {
	fault  atomic.Pointer[error]
	again  <-chan time.Time // of the writer alone, as what follows
	logged time.Time
	quiet  bool // the present one is not logged
}

// Fault says why the store takes no writes now, or nil. It is ErrFull,
// ErrUnwritable or ErrUnavailable.
func (db *DB) Fault() error {
	if db.down.Load() {
		return ErrUnavailable
	}
	if fault := db.suspension.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// owing tells the writer that something is owed, unless it has to wait.
func (db *DB) owing() <-chan struct{} {
	if db.Fault() != nil {
		return nil
	}
	return db.wake
}

// suspend refuses what can be refused of a batch of which nothing is written,
// and keeps what is owed.
func (db *DB) suspend(batch []*pending, fault error) {
	s := &db.suspension
	s.again = time.After(suspendPause)
	before := s.fault.Swap(&fault) // those who get an answer may ask for it
	var kept []*pending
	for _, p := range batch {
		if p.owed {
			kept = append(kept, p)
		} else {
			p.answer(fault)
		}
	}
	db.owed.putBack(kept)
	if before != nil {
		return
	}
	if s.quiet = time.Since(s.logged) < suspendQuiet; !s.quiet {
		s.logged = time.Now()
		db.opts.Log.Error("the store takes no writes; requests are refused until it does", "error", fault)
	}
}

// resume ends the suspension after a commit.
func (db *DB) resume() {
	s := &db.suspension
	if s.fault.Swap(nil) == nil {
		return
	}
	s.again = nil
	db.rouse()
	if !s.quiet {
		db.opts.Log.Info("the store takes writes again")
	}
}
