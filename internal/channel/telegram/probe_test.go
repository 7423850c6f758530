package telegram_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
	"switchyard/internal/sim/botapi"
	"switchyard/internal/sim/fault"
)

// The bytes that Telegram gets, which its published list of methods allows.
func TestProbeRequest(t *testing.T) {
	spec := channeltest.LoadSpec(t, "telegram-bot-api.json")
	var got string
	server := httptest.NewServer(spec.Validate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + string(body)
		_, _ = io.WriteString(w, `{"ok":true,"result":{"id":42,"type":"private"}}`)
	})))
	defer server.Close()
	found, err := adapter(t, server.URL).(channel.Prober).Probe(t.Context(), "42")
	if err != nil || found.Status != convapi.CapabilityFull {
		t.Errorf("%+v, %v", found, err)
	}
	if diff := cmp.Diff("POST /bot"+token+`/getChat {"chat_id":42}`, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

// A chat that the bot does not know is a certain no; trouble is not.
func TestProbe(t *testing.T) {
	s, err := botapi.New(botapi.Config{Token: token, Faults: []fault.Fault{
		{Kind: fault.Refuse, To: "404", Code: 400, Words: "Bad Request: chat not found"},
		{Kind: fault.Throttle, To: "429"},
		{Kind: fault.Refuse, To: "401", Code: 401, Words: "Unauthorized"},
		{Kind: fault.DropAfter, To: "500"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	provider := httptest.NewServer(s)
	defer func() { s.Close(); provider.Close() }()
	prober := adapter(t, provider.URL).(channel.Prober)
	if found, err := prober.Probe(t.Context(), "42"); err != nil || found.Status != convapi.CapabilityFull {
		t.Errorf("a known chat: %+v, %v", found, err)
	}
	for identity, want := range map[string]channel.Failure{
		"404": {Verdict: channel.Refuse, Reason: convapi.Reason{Code: convapi.ReasonRecipientInvalidChannelIdentity}},
		"429": {Verdict: channel.Retry, Account: true, Reason: convapi.Reason{Code: convapi.ReasonRateLimited}},
		"401": {Verdict: channel.Refuse, Account: true, Reason: convapi.Reason{Code: convapi.ReasonChannelBadConfiguration}},
		"500": {Verdict: channel.Unknown, Reason: convapi.Reason{Code: convapi.ReasonChannelFailure}},
	} {
		_, err := prober.Probe(t.Context(), identity)
		if err == nil {
			t.Errorf("%s: no failure", identity)
			continue
		}
		if f := channel.AsFailure(err); f.Verdict != want.Verdict || f.Account != want.Account || f.Reason.Code != want.Reason.Code {
			t.Errorf("%s: got %v, want %v", identity, f, &want)
		}
	}
}
