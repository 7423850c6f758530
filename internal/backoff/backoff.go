// Package backoff says when a failed attempt is made again: a schedule as a
// function of the attempts made, the times concerned and one random number.
//
// It is pure. It must not know what is retried, and it has no clock and no
// source of randomness of its own.
package backoff

import (
	"math"
	"time"
)

// Policy is an exponential schedule that gives up by age.
type Policy struct {
	First  time.Duration // mean delay after the first attempt
	Cap    time.Duration // longest delay between two attempts, jitter included
	Window time.Duration // attempts are made no later than this after the first one
	Factor float64       // growth of the mean delay per attempt; below 1 counts as 1
	Jitter float64       // share of the mean delay, 0 to 1, by which a delay may differ from it
}

// Webhook is the default schedule of callbacks: 5 s, doubling, ±20 %, at most
// 1 h between attempts, given up 24 h after the first one. The contract
// publishes no schedule.
func Webhook() Policy {
	return Policy{First: 5 * time.Second, Cap: time.Hour, Window: 24 * time.Hour, Factor: 2, Jitter: 0.2}
}

// Next returns the time of the next attempt after attempt attempts have been
// made (1 or more), the first of them at firstAt and the last one having failed
// at now. rnd is uniform in [0,1). ok is false when that time lies outside the
// window: the attempts are over.
func (p Policy) Next(attempt int, firstAt, now time.Time, rnd float64) (at time.Time, ok bool) {
	at = now.Add(p.delay(attempt, rnd))
	if p.Expired(firstAt, at) {
		return time.Time{}, false
	}
	return at, true
}

// Expired reports whether an attempt at at would come too late for something
// first attempted at firstAt. It is for callers that move an attempt for
// reasons of their own, such as Retry-After or an open circuit breaker.
func (p Policy) Expired(firstAt, at time.Time) bool {
	return at.After(firstAt.Add(p.Window))
}

// delay grows the mean to where the longest jittered delay is the cap. Cutting
// the jittered delay instead would send half of all late attempts at exactly
// the cap, which is what jitter is there to prevent.
func (p Policy) delay(attempt int, rnd float64) time.Duration {
	mean := exponential(p.First, p.Factor, attempt)
	mean = min(mean, float64(p.Cap)/(1+p.Jitter))
	return time.Duration(mean * (1 + p.Jitter*(2*rnd-1)))
}

// exponential returns first × factor^(attempt−1) in nanoseconds. It stays a
// float because it outgrows time.Duration after some sixty doublings.
func exponential(first time.Duration, factor float64, attempt int) float64 {
	return float64(first) * math.Pow(max(factor, 1), float64(max(attempt, 1)-1))
}
