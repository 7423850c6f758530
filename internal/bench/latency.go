package bench

import (
	"slices"
	"sync"
	"time"
)

// marks are the times of one measurement's messages, by id.
type marks struct {
	mu                                        sync.Mutex
	begun, submit, report, delivered, inbound map[string]time.Time
}

func newMarks() *marks {
	return &marks{
		begun: map[string]time.Time{}, submit: map[string]time.Time{}, report: map[string]time.Time{},
		delivered: map[string]time.Time{}, inbound: map[string]time.Time{},
	}
}

// note writes down when something happened for the first time.
func (m *marks) note(into *map[string]time.Time, id string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, again := (*into)[id]; !again {
		(*into)[id] = at
	}
}

// between gives the times from one mark to the other, of what has both.
func (m *marks) between(from, to map[string]time.Time) quantiles {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out quantiles
	for id, begin := range from {
		if end, ok := to[id]; ok {
			out = append(out, end.Sub(begin))
		}
	}
	slices.Sort(out)
	return out
}

// quantiles are sorted durations.
type quantiles []time.Duration

// at gives a percentile in milliseconds.
func (q quantiles) at(percent int) float64 {
	if len(q) == 0 {
		return 0
	}
	return float64(q[(len(q)-1)*percent/100]) / float64(time.Millisecond)
}
