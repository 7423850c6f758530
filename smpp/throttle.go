package smpp

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How the rate follows a centre that is short of breath.
const (
	throttledHold  = time.Second     // silence after ESME_RTHROTTLED
	queueFullMin   = 2 * time.Second // silence after ESME_RMSGQFUL: between the two
	queueFullMax   = 5 * time.Second
	recoveryPerSec = 0.05 // of the full rate, regained each second
	minRate        = 0.5  // submits a second that are always tried
	burstOfASecond = 10   // the bucket holds a tenth of a second
)

// throttle paces the submits of one account: a token bucket whose rate halves when the centre complains and recovers additively.
type throttle struct {
	mu       sync.Mutex
	full     float64 // submits a second; 0: no limit
	current  float64 // the same, at present; differs from full after a complaint
	ceiling  float64 // what recovery aims at: full, or what was seen to pass before the first complaint
	adjusted time.Time
	hold     time.Time // nothing is sent before
	second   time.Time // start of the counted second
	count    int       // submits in it
	before   int       // submits in the second before it
	bucket   *rate.Limiter
}

func newThrottle(full float64) *throttle {
	t := &throttle{full: full, current: full, bucket: rate.NewLimiter(rate.Inf, 1)}
	t.apply()
	return t
}

// wait returns when one submit may go out, or with the context's error.
func (t *throttle) wait(ctx context.Context) error {
	for {
		pause := t.held(time.Now())
		if pause <= 0 {
			break
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return t.bucket.Wait(ctx)
}

// held gives the rest of the silence, and at its end lets the rate recover.
func (t *throttle) held(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.hold) {
		return t.hold.Sub(now)
	}
	if now.Sub(t.second) >= time.Second {
		t.second, t.count, t.before = now, 0, t.count
	}
	t.count++
	t.regain(now)
	return 0
}

// regain gives back a part of the full rate for each second since the last adjustment.
func (t *throttle) regain(now time.Time) {
	if t.current == t.full {
		return
	}
	t.current += t.ceiling * recoveryPerSec * now.Sub(t.adjusted).Seconds()
	t.adjusted = now
	if t.current >= t.ceiling {
		t.current = t.full
	}
	t.apply()
}

// learn looks at a submit's status. Complaints that arrive during a hold are answers to submits from before it and change nothing more.
func (t *throttle) learn(status Status, now time.Time) {
	if status != StatusThrottled && status != StatusMsgQFul {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.hold) {
		return
	}
	if status == StatusMsgQFul {
		t.hold = now.Add(queueFullMin + rand.N(queueFullMax-queueFullMin))
		return
	}
	t.hold = now.Add(throttledHold)
	if t.current == t.full { // the first complaint
		t.ceiling = t.full
		if t.full == 0 {
			t.ceiling = float64(max(t.count, t.before))
		}
		t.current = t.ceiling
	}
	t.current = max(t.current/2, minRate)
	t.adjusted = t.hold
	t.apply()
}

func (t *throttle) apply() {
	if t.current == 0 {
		t.bucket.SetLimit(rate.Inf)
		return
	}
	t.bucket.SetLimit(rate.Limit(t.current))
	t.bucket.SetBurst(max(1, int(t.current/burstOfASecond)))
}

// rate gives the present limit in submits a second; 0: none.
func (t *throttle) rate() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}
