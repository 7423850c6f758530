package engine

import (
	"sync"
	"time"
)

// slot is a place among the sends of an account that is taken before there is
// anything to send, so that a message which need not wait for others begins its
// first attempt in the transaction that accepts it.
type slot struct {
	mu      sync.Mutex
	account *account // nil: none is taken
	used    bool     // by an attempt, which gives it back
	closed  bool     // nobody waits for the transaction any more
}

// take takes a place of the account, and gives back one that was taken before
// of another: an operation may run again, and be planned otherwise.
func (s *slot) take(a *account) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.account == a {
		return !s.closed
	}
	if s.account != nil {
		s.account.forgo()
		s.account = nil
	}
	if !a.reserve() {
		return false
	}
	s.account = a
	return true
}

// use makes the attempt in the slot after the commit. If the caller has given
// up waiting for that, and the slot with it, there is one attempt more for a
// moment.
func (s *slot) use(t *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = true
	if s.closed {
		t.account.engine.accounts.busy.Add(1)
		t.account.mu.Lock()
		t.account.sending++
		t.account.turns.Take()
		t.account.mu.Unlock()
	}
	go t.run()
}

// close gives the slot back if nothing has used it.
func (s *slot) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.account != nil && !s.used {
		s.account.forgo()
	}
}

// reserve takes a place among the sends if one is free and nobody waits for it.
func (a *account) reserve() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.replaced != nil || a.rested != nil || a.queue.len() > 0 || a.sending >= a.limit() || time.Now().Before(a.opens()) {
		return false
	}
	if !a.engine.accounts.begin() {
		return false
	}
	a.sending++
	a.turns.Take()
	return true
}

// sendOff begins the message's first attempt, if its account is this node's to
// use and has a place for it, and else puts it in the queue.
func (s *send) sendOff(c *change) error {
	e, j := s.engine, c.job()
	a := e.accounts.of(j.app, j.channel, 0)
	if a == nil || !c.tx.Owns(e.sendLane(j)) || !s.slot.take(a) {
		e.enqueue(c.tx, j)
		return nil
	}
	made, err := a.start(c)
	if err == nil && made != nil {
		c.tx.After(func() { s.slot.use(made) })
	}
	return err
}
