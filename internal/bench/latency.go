package bench

import (
	"slices"
	"sync"
	"time"
)

// latencies notes when what happened to a message, while it is switched on.
type latencies struct {
	mu sync.Mutex
	on *marks
}

// marks are the times of the messages of one measurement.
type marks struct {
	mu        sync.Mutex
	submit    map[string]time.Time
	report    map[string]time.Time
	delivered map[string]time.Time
}

func newMarks() *marks {
	return &marks{submit: map[string]time.Time{}, report: map[string]time.Time{}, delivered: map[string]time.Time{}}
}

func (l *latencies) use(m *marks) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = m
}

func (l *latencies) note(pick func(*marks) map[string]time.Time, id string, at time.Time) {
	l.mu.Lock()
	m := l.on
	l.mu.Unlock()
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	pick(m)[id] = at
}

func (l *latencies) submitted(id string, at time.Time) {
	l.note(func(m *marks) map[string]time.Time { return m.submit }, id, at)
}

func (l *latencies) reported(id string, at time.Time) {
	l.note(func(m *marks) map[string]time.Time { return m.report }, id, at)
}

func (l *latencies) delivered(id string, at time.Time) {
	l.note(func(m *marks) map[string]time.Time { return m.delivered }, id, at)
}

// quantiles are sorted durations.
type quantiles []time.Duration

func newQuantiles(d []time.Duration) quantiles {
	slices.Sort(d)
	return d
}

// at gives a percentile, rounded for reading.
func (q quantiles) at(percent int) time.Duration {
	if len(q) == 0 {
		return 0
	}
	return q[(len(q)-1)*percent/100].Round(10 * time.Microsecond)
}
