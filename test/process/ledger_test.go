package process

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// ledger is the customer's side of the accounts: which messages the gateway has
// accepted, and what it has told about each.
type ledger struct {
	t testing.TB
	// failing is the share of callbacks that the customer answers with 503.
	failing float64

	mu       sync.Mutex
	accepted map[string]*sent   // by message id
	told     map[string][]event // by message id, first arrivals in their order
	inbound  map[string][]event // by text
	seen     map[string]delivery
	repeated int // callbacks that came again
	altered  int // of those, with another body
}

// sent is a message that the gateway has accepted.
type sent struct {
	id     string
	text   string // told apart by it at the providers
	route  []string
	number string
	parts  int // of an SMS; with more than one, the number is its own
}

// event is one callback, as far as the accounts need it.
type event struct {
	webhookID string
	at        time.Time // accepted_time of the callback
	kind      string    // SUBMIT, INBOUND or a status
	channel   string
	reason    string
}

// String gives the event as failures show it.
func (e event) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.at.Format("15:04:05.000000"), e.channel, e.kind, e.reason))
}

// delivery is the body of a callback, by its webhook-id.
type delivery struct{ hash [sha256.Size]byte }

func newLedger(t testing.TB) *ledger {
	return &ledger{t: t, accepted: map[string]*sent{}, told: map[string][]event{}, inbound: map[string][]event{}, seen: map[string]delivery{}}
}

// accept notes a 2xx. The same id must not be given to two texts.
func (l *ledger) accept(m sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.accepted[m.id]; old != nil && old.text != m.text {
		l.t.Errorf("message id %s was given to %q and to %q", m.id, old.text, m.text)
	}
	l.accepted[m.id] = &m
}

// callback is the part of a callback's body that the ledger reads.
type callback struct {
	AcceptedTime time.Time `json:"accepted_time"`
	Report       *struct {
		MessageID string `json:"message_id"`
		Status    string `json:"status"`
		Identity  struct {
			Channel string `json:"channel"`
		} `json:"channel_identity"`
		Reason struct {
			Code string `json:"code"`
		} `json:"reason"`
	} `json:"message_delivery_report"`
	Submit *struct {
		MessageID string `json:"message_id"`
		Identity  struct {
			Channel string `json:"channel"`
		} `json:"channel_identity"`
	} `json:"message_submit_notification"`
	Message *struct {
		Contact struct {
			Text struct {
				Text string `json:"text"`
			} `json:"text_message"`
		} `json:"contact_message"`
	} `json:"message"`
}

// ServeHTTP is the customer's webhook.
func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the gateway was killed while it wrote
	}
	if rand.Float64() < l.failing {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var c callback
	if err := json.Unmarshal(body, &c); err != nil {
		l.t.Errorf("callback %s: %v", body, err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	id, hash := r.Header.Get("webhook-id"), sha256.Sum256(body)
	if old, again := l.seen[id]; again {
		l.repeated++
		if old.hash != hash {
			l.altered++
		}
		return
	}
	l.seen[id] = delivery{hash}
	l.note(id, c)
}

func (l *ledger) note(id string, c callback) {
	e := event{webhookID: id, at: c.AcceptedTime}
	switch {
	case c.Report != nil:
		e.kind, e.channel, e.reason = c.Report.Status, c.Report.Identity.Channel, c.Report.Reason.Code
		l.told[c.Report.MessageID] = append(l.told[c.Report.MessageID], e)
	case c.Submit != nil:
		e.kind, e.channel = "SUBMIT", c.Submit.Identity.Channel
		l.told[c.Submit.MessageID] = append(l.told[c.Submit.MessageID], e)
	case c.Message != nil:
		e.kind = "INBOUND"
		l.inbound[c.Message.Contact.Text.Text] = append(l.inbound[c.Message.Contact.Text.Text], e)
	}
}

// final says that nothing more is to come for a message: READ, DELIVERED by a
// channel without read receipts, or FAILED.
func final(events []event) bool {
	for _, e := range events {
		if e.kind == "READ" || e.kind == "FAILED" || e.kind == "DELIVERED" && e.channel == "SMS" {
			return true
		}
	}
	return false
}

// unsettled counts the accepted messages that still wait for their last word.
func (l *ledger) unsettled() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.accepted {
		if !final(l.told[id]) {
			n++
		}
	}
	return n
}

// disordered says whether the callbacks of a message arrived in another order
// than that in which their events happened.
func disordered(events []event) bool {
	ranks := map[string]int{"SUBMIT": 1, "QUEUED_ON_CHANNEL": 2, "SWITCHING_CHANNEL": 2, "DELIVERED": 3, "READ": 4, "FAILED": 5}
	var last time.Time
	reached := map[string]int{}
	for _, e := range events {
		if e.at.Before(last) || ranks[e.kind] < reached[e.channel] {
			return true
		}
		last, reached[e.channel] = e.at, ranks[e.kind]
	}
	return false
}

// twice says whether one thing was told by two callbacks.
func twice(events []event) bool {
	counted := map[[2]string]int{}
	for _, e := range events {
		counted[[2]string{e.kind, e.channel}]++
		if counted[[2]string{e.kind, e.channel}] > 1 {
			return true
		}
	}
	return false
}

// count is how often something of a kind was told; an empty channel is any.
func count(events []event, kind, channel string) (n int) {
	for _, e := range events {
		if e.kind == kind && e.channel == cmp.Or(channel, e.channel) {
			n++
		}
	}
	return n
}
