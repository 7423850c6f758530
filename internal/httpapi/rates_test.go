package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/engine"
)

func TestAProjectKeepsItsRequestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServerOf(t, engine.Config{Rates: engine.Rates{Requests: 5}})
		for second := range 3 {
			for i := range 5 {
				if got := s.call(t, http.MethodGet, "apps", ""); got.status != http.StatusOK {
					t.Fatalf("request %d of second %d: %d %s", i, second, got.status, got.body)
				}
			}
			got := s.call(t, http.MethodGet, "apps", "")
			if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" {
				t.Errorf("one too many: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
			}
			for _, want := range []string{`"RESOURCE_EXHAUSTED"`, `type.googleapis.com/google.rpc.RetryInfo`, `"retry_delay":"1s"`} {
				if !strings.Contains(string(got.body), want) {
					t.Errorf("%s is not in %s", want, got.body)
				}
			}
			time.Sleep(time.Second)
		}
		if got := s.do(t, http.MethodGet, "/v1/projects/"+projectID+"/apps", "", nil); got.status != http.StatusUnauthorized {
			t.Errorf("a stranger: %d", got.status)
		}
	})
}

// Without limits the gateway sets none, and says so.
func TestRateLimitsAreShownTruly(t *testing.T) {
	const body = `{"display_name":"app","channel_credentials":[{"channel":"SMS","static_bearer":{"claimed_identity":"i","token":"t"}}],
		"rate_limits":{"inbound":1,"outbound":2,"webhooks":3}}`
	for _, rates := range []engine.Rates{{}, {Inbound: 100, Outbound: 20, Webhooks: 50}} {
		s := newServerOf(t, engine.Config{Rates: rates})
		made := answerOf[convapi.App](t, s.call(t, http.MethodPost, "apps", body))
		read := answerOf[convapi.App](t, s.call(t, http.MethodGet, "apps/"+made.ID, ""))
		want := convapi.RateLimits{Inbound: rates.Inbound, Outbound: rates.Outbound, Webhooks: rates.Webhooks}
		if *made.RateLimits != want || *read.RateLimits != want {
			t.Errorf("made %+v, read %+v, want %+v", *made.RateLimits, *read.RateLimits, want)
		}
	}
}

// turnstile is a provider that lets through one message after the other, when it is
// told to, and notes whom.
type turnstile struct {
	open   chan struct{}
	passed []string
}

// Send implements channel.Adapter.
func (s *turnstile) Send(_ context.Context, m channel.Outbound) (channel.Receipt, error) {
	<-s.open
	s.passed = append(s.passed, m.Text)
	return channel.Receipt{Refs: []string{m.MessageID}}, nil
}

// HIGH_PRIORITY goes first, but one place in ten is for the normal queue.
func TestPrioritiesShareTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := &turnstile{open: make(chan struct{})}
		s := newServerOf(t, engine.Config{Channels: []channel.Definition{{
			Channel: convapi.ChannelSMS, Features: channel.Features{Concurrency: 1},
			Open: func(channel.Account, channel.Env) (channel.Adapter, error) { return provider, nil },
		}}})
		app := answerOf[convapi.App](t, s.call(t, http.MethodPost, "apps",
			`{"display_name":"app","channel_credentials":[{"channel":"SMS","static_bearer":{"claimed_identity":"i","token":"t"}}]}`))
		send := func(text, queue string) {
			answerOf[convapi.SendMessageResponse](t, s.call(t, http.MethodPost, "messages:send", fmt.Sprintf(`{"app_id":%q,"queue":%q,
				"recipient":{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"46700000001"}]}},
				"message":{"text_message":{"text":%q}}}`, app.ID, queue, text)))
			synctest.Wait()
		}
		send("first", "NORMAL_PRIORITY")
		for range 30 {
			send("normal", "NORMAL_PRIORITY")
		}
		for range 30 {
			send("high", "HIGH_PRIORITY")
		}
		shown := answerOf[convapi.App](t, s.call(t, http.MethodGet, "apps/"+app.ID, ""))
		if want := (convapi.QueueStats{OutboundSize: 60, OutboundLimit: convapi.DefaultQueueLimit}); *shown.QueueStats != want {
			t.Errorf("shown %+v, want %+v", *shown.QueueStats, want)
		}
		close(provider.open)
		synctest.Wait()
		last := len(provider.passed) - 1 - slices.Index(reversed(provider.passed), "high")
		between := 0
		for _, text := range provider.passed[1:last] {
			if text == "normal" {
				between++
			}
		}
		if len(provider.passed) != 61 || between != 3 {
			t.Errorf("%d of 61 sent, %d normal ones among 30 high ones, want 3: %v", len(provider.passed), between, provider.passed)
		}
	})
}

func reversed(list []string) []string {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}
