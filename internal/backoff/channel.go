package backoff

import "time"

// The schedule of retries towards a channel. Base and factor are not published;
// 1 s, doubling, with full jitter is usual. The cap keeps a recovered channel
// from waiting long behind a retry_duration of up to 1 h.
const (
	channelFirst  = time.Second
	channelFactor = 2
	channelCap    = 60 * time.Second
)

// Channel returns when a submission that failed for a passing reason is tried
// again on the same channel. failures is the number of failures so far (1 or
// more), the first at firstFailure and the last at now; limit is the app's
// retry_duration, counted from the first failure; rnd is uniform in [0,1).
//
// As the contract has it: at least one retry is made; a
// retry that would fall after the limit is made at the limit; ok is false when
// that last one has failed too.
func Channel(failures int, firstFailure, now time.Time, limit time.Duration, rnd float64) (at time.Time, ok bool) {
	last := firstFailure.Add(limit)
	if !now.Before(last) {
		return now, failures <= 1
	}
	mean := min(exponential(channelFirst, channelFactor, failures), float64(channelCap))
	at = now.Add(time.Duration(rnd * mean))
	if at.After(last) {
		at = last
	}
	return at, true
}
