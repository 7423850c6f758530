package backoff_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchyard/internal/backoff"
)

func TestChannel(t *testing.T) {
	const limit = time.Hour
	for name, test := range map[string]struct {
		failures int
		age      time.Duration // of the first failure
		rnd      float64
		wantAge  time.Duration
		wantOK   bool
	}{
		"first retry, full jitter":      {1, 0, 0.5, 500 * time.Millisecond, true},
		"doubling":                      {4, 10 * time.Second, 0.5, 14 * time.Second, true},
		"cap":                           {30, 30 * time.Minute, 0.999, 30*time.Minute + 59940*time.Millisecond, true},
		"last one at the limit":         {90, limit - time.Second, 0.5, limit, true},
		"that one failed too":           {91, limit, 0.5, 0, false},
		"first failure known too late":  {1, 2 * limit, 0.5, 2 * limit, true},
		"second failure known too late": {2, 2 * limit, 0.5, 0, false},
	} {
		now := firstAt.Add(test.age)
		at, ok := backoff.Channel(test.failures, firstAt, now, limit, test.rnd)
		if ok != test.wantOK || ok && at.Sub(firstAt) != test.wantAge {
			t.Errorf("%s: at %v, %v, want %v, %v", name, at.Sub(firstAt), ok, test.wantAge, test.wantOK)
		}
	}
}

// Laws, over a whole life of failures: time moves forward; at least one retry;
// the last one is at the limit exactly; then it is over.
func TestChannelRetriesUntilTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := time.Duration(rapid.Int64Range(30, 3600).Draw(t, "limit")) * time.Second
		now, failures := firstAt, 1
		for {
			// At least 0.1, or a run of zeros would never end.
			rnd := rapid.Float64Range(0.1, 0.999999).Draw(t, "rnd")
			at, ok := backoff.Channel(failures, firstAt, now, limit, rnd)
			if !ok {
				break
			}
			if at.Before(now) || at.After(firstAt.Add(limit)) || at.Sub(now) > time.Minute {
				t.Fatalf("retry at %v, now %v", at.Sub(firstAt), now.Sub(firstAt))
			}
			now, failures = at, failures+1
		}
		if failures < 2 || now.Sub(firstAt) != limit {
			t.Fatalf("%d retries, the last after %v of %v", failures-1, now.Sub(firstAt), limit)
		}
	})
}
