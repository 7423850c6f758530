package backoff_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchyard/internal/backoff"
)

var firstAt = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// The mean schedule of a webhook, as delays after each attempt: rnd 0.5 is no
// jitter.
func TestWebhookSchedule(t *testing.T) {
	want := []time.Duration{
		5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second,
		160 * time.Second, 320 * time.Second, 640 * time.Second, 1280 * time.Second, 2560 * time.Second,
		50 * time.Minute, 50 * time.Minute, // so that +20 % makes the cap of 1 h
	}
	for i, delay := range want {
		at, ok := backoff.Webhook().Next(i+1, firstAt, firstAt, 0.5)
		if !ok || at.Sub(firstAt) != delay {
			t.Errorf("after attempt %d: %v, %v, want %v", i+1, at.Sub(firstAt), ok, delay)
		}
	}
}

func TestJitterBounds(t *testing.T) {
	for _, test := range []struct {
		attempt int
		rnd     float64
		want    time.Duration
	}{
		{1, 0, 4 * time.Second},
		{1, 1, 6 * time.Second},
		{2, 0, 8 * time.Second},
		{2, 1, 12 * time.Second},
		{500, 0, 40 * time.Minute},
		{500, 1, time.Hour},
	} {
		at, ok := backoff.Webhook().Next(test.attempt, firstAt, firstAt, test.rnd)
		if got := at.Sub(firstAt); !ok || (got-test.want).Abs() > time.Microsecond {
			t.Errorf("attempt %d, rnd %v: %v, %v, want %v", test.attempt, test.rnd, got, ok, test.want)
		}
	}
}

// Retried from failure to failure, a callback gets its last attempt close to
// the end of the window and never after it.
func TestWebhookGivesUpAfterADay(t *testing.T) {
	policy, now, attempts := backoff.Webhook(), firstAt, 1
	for {
		at, ok := policy.Next(attempts, firstAt, now, 0.5)
		if !ok {
			break
		}
		now, attempts = at, attempts+1
	}
	if age := now.Sub(firstAt); age > 24*time.Hour || age < 23*time.Hour {
		t.Errorf("last attempt %v after the first, want within the last hour of the day", age)
	}
	if attempts != 38 {
		t.Errorf("%d attempts, want 38", attempts)
	}
}

func TestExpired(t *testing.T) {
	policy := backoff.Policy{Window: time.Hour}
	if policy.Expired(firstAt, firstAt.Add(time.Hour)) {
		t.Error("expired at the end of the window")
	}
	if !policy.Expired(firstAt, firstAt.Add(time.Hour+1)) {
		t.Error("not expired after the window")
	}
}

func drawPolicy(t *rapid.T) backoff.Policy {
	return backoff.Policy{
		First:  time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "first")),
		Cap:    time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "cap")),
		Window: time.Duration(rapid.Int64Range(0, int64(7*24*time.Hour)).Draw(t, "window")),
		Factor: rapid.Float64Range(0, 10).Draw(t, "factor"),
		Jitter: rapid.Float64Range(0, 1).Draw(t, "jitter"),
	}
}

// Laws: never before now, never later than the cap, never outside the window;
// and the bounds of the delay do not shrink from one attempt to the next.
func TestNextLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := drawPolicy(t)
		attempt := rapid.IntRange(1, 10_000).Draw(t, "attempt")
		now := firstAt.Add(time.Duration(rapid.Int64Range(0, int64(8*24*time.Hour)).Draw(t, "age")))
		rnd := rapid.Float64Range(0, 0.999999).Draw(t, "rnd")

		at, ok := policy.Next(attempt, firstAt, now, rnd)
		if ok && (at.Before(now) || at.After(now.Add(policy.Cap)) || at.After(firstAt.Add(policy.Window))) {
			t.Fatalf("next attempt at %v, now %v", at, now)
		}
		policy.Window = 1 << 62
		at, _ = policy.Next(attempt, firstAt, now, rnd)
		if later, _ := policy.Next(attempt+1, firstAt, now, rnd); later.Before(at) {
			t.Fatalf("attempt %d waits %v, the one before %v", attempt+1, later.Sub(now), at.Sub(now))
		}
	})
}
