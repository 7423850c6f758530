package bench

import (
	"bytes"
	"sync/atomic"
	"time"
)

// sink is a customer's endpoint: it counts.
type sink struct {
	callbacks atomic.Int64
	delivered atomic.Int64 // messages
	failed    atomic.Int64 // likewise
	octets    atomic.Int64 // of the bodies
	first     atomic.Int64 // when the first callback came, Unix nanoseconds
	last      atomic.Int64
	state     atomic.Int32
	release   chan struct{} // closed when posts hang no longer
	marks     atomic.Pointer[marks]
	// look sees every callback that is taken; nil for nothing.
	look atomic.Pointer[func(body []byte, at time.Time)]
	// window is left by each message that is delivered, or by each callback.
	window window
	every  atomic.Bool
}

// The states of an endpoint.
const (
	healthy int32 = iota
	hanging       // takes a post and does not answer
	down          // answers 503
)

func newSink(w window) *sink { return &sink{release: make(chan struct{}), window: w} }

// answer takes a callback.
func (s *sink) answer(_ string, body, out []byte) []byte {
	switch s.state.Load() {
	case hanging:
		<-s.release
		return append(out, answerUnavailable...)
	case down:
		return append(out, answerUnavailable...)
	}
	now := time.Now()
	m := s.marks.Load()
	switch {
	case bytes.Contains(body, []byte(`"status":"FAILED"`)):
		s.failed.Add(1)
	case bytes.Contains(body, []byte(`"status":"DELIVERED"`)):
		s.delivered.Add(1)
		s.window.leave()
		if m != nil {
			m.note(&m.delivered, string(between(body, `"message_id":"`, `"`)), now)
		}
	case m != nil:
		if number := between(body, `"text_message":{"text":"`, " "); number != nil {
			m.note(&m.inbound, string(number), now)
		}
	}
	if s.every.Load() {
		s.window.leave()
	}
	if look := s.look.Load(); look != nil {
		(*look)(body, now)
	}
	s.octets.Add(int64(len(body)))
	s.first.CompareAndSwap(0, now.UnixNano())
	s.last.Store(now.UnixNano())
	s.callbacks.Add(1) // last: who waits for the count may read the rest
	return append(out, answerOK...)
}

// took is the time from the first callback to the last.
func (s *sink) took() time.Duration { return time.Duration(s.last.Load() - s.first.Load()) }

// meanLength is that of the bodies so far.
func (s *sink) meanLength() int { return int(s.octets.Load() / max(1, s.callbacks.Load())) }
