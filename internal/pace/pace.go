// Package pace holds what happens to a number a second. Those that can wait take
// turns (Turns), in the order of their asking; those that cannot are told when to
// come again (Admit).
package pace

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit is a number a second that several share. Its nil value is no limit. It is
// safe for concurrent use.
type Limit struct {
	perSecond float64
	burst     time.Duration

	mu     sync.Mutex
	bucket *rate.Limiter
}

// New makes a limit; nil if perSecond is 0. As many may come at once as have their
// place in the time of burst, and at least one.
func New(perSecond int, burst time.Duration) *Limit {
	if perSecond <= 0 {
		return nil
	}
	l := &Limit{perSecond: float64(perSecond), burst: burst}
	l.bucket = rate.NewLimiter(rate.Limit(l.perSecond), l.room(l.perSecond))
	return l
}

// room is how many may come at once.
func (l *Limit) room(perSecond float64) int { return max(1, int(perSecond*l.burst.Seconds())) }

// Share leaves this process its part of the limit where so many share it.
func (l *Limit) Share(nodes int, now time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	part := l.perSecond / float64(max(1, nodes))
	l.bucket.SetLimitAt(now, rate.Limit(part))
	l.bucket.SetBurstAt(now, l.room(part))
}

// Admit lets n through together if the first of them need not wait for longer than
// patience, which is then waited for by the caller. Otherwise it takes nothing, and
// wait is when to come again. Those behind the first are borne by whoever comes next.
func (l *Limit) Admit(n int, patience time.Duration, now time.Time) (wait time.Duration, ok bool) {
	if l == nil || n <= 0 {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if missing := 1 - l.bucket.TokensAt(now); missing > 0 {
		wait = time.Duration(missing / float64(l.bucket.Limit()) * float64(time.Second))
	}
	if wait > patience {
		return wait, false
	}
	for n > 0 {
		step := min(n, l.bucket.Burst())
		l.bucket.ReserveN(now, step)
		n -= step
	}
	return wait, true
}

// turn gives the time of the next turn, which nobody else gets.
func (l *Limit) turn(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Add(l.bucket.ReserveN(now, 1).DelayFrom(now))
}

// Turns are those of one of the parties that share a Limit. A party has at most one
// turn ahead, so none of them keeps the others from theirs. The zero value has no
// limit. It belongs to one goroutine at a time.
type Turns struct {
	Limit *Limit

	next  time.Time // the turn ahead; zero for none
	spare int       // turns that were taken for nothing
}

// Next is when the party may go on; not after now means at once.
func (t *Turns) Next(now time.Time) time.Time {
	if t.Limit == nil || t.spare > 0 {
		return time.Time{}
	}
	if t.next.IsZero() {
		t.next = t.Limit.turn(now)
	}
	return t.next
}

// Take uses the turn that Next has told of.
func (t *Turns) Take() {
	switch {
	case t.Limit == nil:
	case t.spare > 0:
		t.spare--
	default:
		t.next = time.Time{}
	}
}

// GiveBack is for a turn that was taken and nothing came of.
func (t *Turns) GiveBack() {
	if t.Limit != nil {
		t.spare++
	}
}
