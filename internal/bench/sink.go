package bench

import (
	"bytes"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// sink is the customer's endpoint: it counts.
type sink struct {
	callbacks atomic.Int64
	delivered atomic.Int64 // messages
	failed    atomic.Int64
	latencies *latencies
}

func newSink() *sink { return &sink{latencies: &latencies{}} }

// ServeHTTP takes a callback.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.callbacks.Add(1)
	switch {
	case bytes.Contains(body, []byte(`"status":"FAILED"`)):
		s.failed.Add(1)
	case bytes.Contains(body, []byte(`"status":"DELIVERED"`)):
		s.delivered.Add(1)
		if id, ok := messageID(body); ok {
			s.latencies.delivered(id, now)
		}
	}
	w.WriteHeader(http.StatusOK)
}

// messageID finds the id in a callback without decoding all of it.
func messageID(body []byte) (string, bool) {
	_, rest, ok := bytes.Cut(body, []byte(`"message_id":"`))
	if !ok {
		return "", false
	}
	id, _, ok := bytes.Cut(rest, []byte(`"`))
	return string(id), ok
}
