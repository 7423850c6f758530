package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
	"switchyard/internal/sim/journal"
	"switchyard/internal/sim/smsc"
)

// The simulated providers answer as slowly as real ones, so that there are
// always attempts without an answer, and report a while after that.
const (
	answerTime = 40 * time.Millisecond
	reportTime = 150 * time.Millisecond
)

// refusedNumbers is the end of the numbers that WhatsApp does not know.
const refusedNumbers = "77"

// scene is a gateway under load with its providers and its customer.
type scene struct {
	*gateway
	ledger   *ledger
	platform *graph.Server
	centre   *smsc.Server
	app      string
	policy   string // in_doubt_policy of both credentials
	met      *met

	stop     chan struct{}
	stopOnce sync.Once
	load     sync.WaitGroup
	begun    atomic.Int64 // messages that a sender wants to send
	retried  atomic.Int64 // requests that had no answer, or 429 or 503
	replayed atomic.Int64 // requests that were answered as before
	written  []string     // texts of people; of one goroutine until load ends
}

// met watches the submissions to WhatsApp whose sender is gone when they are to
// be answered: those attempts are in doubt for sure.
type met struct {
	http.Handler
	nobody atomic.Int64
}

// ServeHTTP implements http.Handler.
func (m *met) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.Handler.ServeHTTP(w, r)
	if r.Context().Err() != nil {
		m.nobody.Add(1)
	}
}

// newScene starts everything on that store: an app with WhatsApp and SMS, whose
// attempts in doubt wait 10 s for a report where there is another channel and
// 30 s where there is none, and a webhook. further are settings beside these.
func newScene(t testing.TB, store, policy string, further ...string) *scene {
	return newSceneAt(t, policy, func(env ...string) *gateway { return serve(t, store, append(env, further...)...) })
}

// newSceneAt is newScene with a gateway that is started by the caller.
func newSceneAt(t testing.TB, policy string, start func(env ...string) *gateway) *scene {
	slow := fault.Fault{Kind: fault.Slow, DelayMS: int(answerTime.Milliseconds())}
	s := &scene{policy: policy, ledger: newLedger(t), met: &met{}, stop: make(chan struct{})}
	s.ledger.failing = 0.01
	var whatsapp, sms object
	s.platform, whatsapp = whatsApp(t, graph.Config{
		ReportAfter: reportTime, Faults: []fault.Fault{{Kind: fault.Refuse, Code: 131026, To: "*" + refusedNumbers}, slow},
	})
	s.met.Handler = s.platform
	watched := httptest.NewServer(s.met)
	t.Cleanup(watched.Close)
	whatsapp["provider_url"] = watched.URL + "/v23.0"
	s.centre, sms = messageCentre(t, smsc.Config{ReportAfter: reportTime, Faults: []fault.Fault{slow}, Journal: journal.Options{Keep: 100_000}})
	whatsapp["in_doubt_policy"], sms["in_doubt_policy"] = policy, policy
	hook := httptest.NewServer(s.ledger)
	t.Cleanup(hook.Close)

	s.gateway = start("SWITCHYARD_WEBHOOK_RETRY_FIRST=200ms", "SWITCHYARD_WEBHOOK_RETRY_CAP=1s", "SWITCHYARD_BREAKER_FAILURES=1000", "SWITCHYARD_LOG_LEVEL=error")
	var app struct{ ID string }
	s.must(http.MethodPost, "apps", object{
		"display_name": "load", "processing_mode": "CONVERSATION", "channel_credentials": []object{whatsapp, sms},
		"message_retry_settings":         object{"retry_duration": 30},
		"delivery_report_based_fallback": object{"enabled": true, "delivery_report_waiting_time": 10},
		"dispatch_retention_policy":      object{"retention_type": "MESSAGE_EXPIRE_POLICY", "ttl_days": 1},
	}, &app)
	s.app = app.ID
	s.platform.SetCallbackURL(s.api + "/channels/" + s.app + "/WHATSAPP")
	s.must(http.MethodPost, "webhooks", object{
		"app_id": s.app, "target": hook.URL, "target_type": "HTTP", "secret": "hook",
		"triggers": []string{"MESSAGE_SUBMIT", "MESSAGE_DELIVERY", "MESSAGE_INBOUND"},
	}, nil)
	return s
}

// begin starts the load: so many customers at once, each of whom sends again
// what was not answered, and people who write over WhatsApp.
func (s *scene) begin(senders int) {
	for range senders {
		s.load.Go(func() {
			for s.under() {
				s.send(s.begun.Add(1))
			}
		})
	}
	s.load.Go(func() {
		for i := 0; s.under(); i++ {
			text := fmt.Sprintf("inbound %d", i)
			if _, err := s.platform.Inbound(graph.Inbound{From: "467333" + fmt.Sprintf("%05d", i%50), Text: text}); err != nil {
				s.t.Errorf("inbound: %v", err)
			}
			s.written = append(s.written, text)
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// under says whether the load goes on.
func (s *scene) under() bool {
	select {
	case <-s.stop:
		return false
	default:
		return true
	}
}

// end ends the load; every message that was begun is accepted by then. It may
// be called more than once.
func (s *scene) end() {
	s.stopOnce.Do(func() { close(s.stop) })
	s.load.Wait()
}

// send sends one message until it is accepted, with the same key each time.
func (s *scene) send(n int64) {
	m := sent{text: fmt.Sprintf("message %d", n), number: fmt.Sprintf("467%06d10", n%300), parts: 1, route: []string{"WHATSAPP"}}
	body := object{"app_id": s.app}
	switch n % 8 {
	case 0:
		m.route = []string{"SMS"}
	case 1:
		m.route, m.number = []string{"SMS"}, fmt.Sprintf("468%08d", n)
		m.text, m.parts = strings.Repeat(m.text+" ", 400)[:400], 3 // of 153 characters
	case 2:
		m.route = []string{"WHATSAPP", "SMS"}
	case 3:
		m.route, m.number = []string{"WHATSAPP", "SMS"}, fmt.Sprintf("467%06d%s", n%300, refusedNumbers)
	case 4:
		body["processing_strategy"] = "DISPATCH_ONLY"
	}
	var identities []object
	for _, channel := range m.route {
		identities = append(identities, object{"channel": channel, "identity": m.number})
	}
	body["recipient"] = object{"identified_by": object{"channel_identities": identities}}
	body["message"] = object{"text_message": object{"text": m.text}}
	key := fmt.Sprintf("key %d", n)
	for ; !s.t.Failed(); s.retried.Add(1) { // a gateway that has gone for good would keep it here
		if done, err := s.try(&m, key, body); err != nil {
			s.t.Errorf("send %q: %v", m.text, err)
			return
		} else if done {
			s.ledger.accept(m)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// try sends once. Neither done nor an error means: try again.
func (s *scene) try(m *sent, key string, body object) (done bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	a, err := s.ask(ctx, http.MethodPost, "messages:send", body, "Idempotency-Key", key)
	switch {
	case err != nil && ctx.Err() == nil, a.status == http.StatusServiceUnavailable, a.status == http.StatusTooManyRequests:
		return false, nil
	case err != nil:
		return false, err
	case a.status != http.StatusOK:
		return false, fmt.Errorf("status %d: %s", a.status, a.body)
	}
	var accepted struct {
		MessageID string `json:"message_id"`
	}
	if err := json.Unmarshal(a.body, &accepted); err != nil {
		return false, err
	}
	if strings.EqualFold(a.header.Get("Idempotent-Replayed"), "true") {
		s.replayed.Add(1)
	}
	m.id = accepted.MessageID
	return true, nil
}

// settle waits until every accepted message has had its last callback and every
// inbound one has been told, or the time is up.
func (s *scene) settle(limit time.Duration) (took time.Duration) {
	begin := time.Now()
	for time.Since(begin) < limit && (s.ledger.unsettled() > 0 || s.untold() > 0) {
		time.Sleep(100 * time.Millisecond)
	}
	// What is told twice or in disorder may come after the last word.
	time.Sleep(2 * time.Second)
	return time.Since(begin)
}

// untold counts the messages of people that the customer has not been told of.
func (s *scene) untold() (n int) {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	for _, text := range s.written {
		if len(s.ledger.inbound[text]) == 0 {
			n++
		}
	}
	return n
}
