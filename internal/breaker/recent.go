package breaker

import "time"

// slots is the resolution of Recent: the window moves in sixths, so that it
// covers between five sixths and the whole of the configured length.
const slots = 6

// Recent counts the calls of the last window in a ring of slots. Its size does
// not depend on the number of calls.
type Recent [slots]Slot

// Slot counts the calls of one sixth of the window.
type Slot struct {
	Number   int64 `json:"n,omitempty"` // of the slot since 1970
	Calls    int   `json:"c,omitempty"`
	Failures int   `json:"f,omitempty"`
}

func (r Recent) add(window time.Duration, failed bool, now time.Time) Recent {
	number := slotNumber(window, now)
	slot := &r[number%slots]
	if slot.Number != number {
		*slot = Slot{Number: number}
	}
	slot.Calls++
	if failed {
		slot.Failures++
	}
	return r
}

func (r Recent) count(window time.Duration, now time.Time) (calls, failures int) {
	number := slotNumber(window, now)
	for _, slot := range r {
		if slot.Number > number-slots && slot.Number <= number {
			calls += slot.Calls
			failures += slot.Failures
		}
	}
	return calls, failures
}

// slotNumber is never negative, for it indexes the ring.
func slotNumber(window time.Duration, now time.Time) int64 {
	width := max(int64(window)/slots, 1)
	return max(now.UnixNano()/width, 0)
}
