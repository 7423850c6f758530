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

// wait returns when one submit may go out, or with the context's error. Whoever waited for a token while the centre complained starts again, at the
// slower pace: nothing goes out during a hold.
func (t *throttle) wait(ctx context.Context) error {
	for {
		bucket, pause := t.present(time.Now())
		if pause > 0 {
			if err := sleep(ctx, pause); err != nil {
				return err
			}
			continue
		}
		if err := bucket.Wait(ctx); err != nil {
			return err
		}
		if t.admit(bucket, time.Now()) {
			return nil
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// present gives the bucket and the rest of the silence.
func (t *throttle) present(now time.Time) (*rate.Limiter, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.regain(now)
	return t.bucket, t.hold.Sub(now)
}

// admit counts a submit that has a token, unless the token is from before a complaint.
func (t *throttle) admit(bucket *rate.Limiter, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if bucket != t.bucket || now.Before(t.hold) {
		return false
	}
	if now.Sub(t.second) >= time.Second {
		t.second, t.count, t.before = now, 0, t.count
	}
	t.count++
	return true
}

// regain gives back a part of the full rate for each second since the last adjustment.
func (t *throttle) regain(now time.Time) {
	if t.current == t.full || now.Before(t.adjusted) {
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
	t.bucket = rate.NewLimiter(rate.Inf, 1) // tokens promised at the old pace are void
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
