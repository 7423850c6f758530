package whatsapp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
)

func sendEvent(t *testing.T, a channel.Adapter, e channel.OutboundEvent) *channel.Failure {
	t.Helper()
	if err := a.(channel.EventSender).SendEvent(t.Context(), e); err != nil {
		return channel.AsFailure(err)
	}
	return nil
}

// The bytes that Meta gets, which its own description allows.
func TestEventRequest(t *testing.T) {
	spec := channeltest.LoadSpec(t, "whatsapp-cloud-v23.json")
	var got string
	server := httptest.NewServer(spec.Validate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization") + " " + string(body)
		_, _ = io.WriteString(w, `{"success":true}`)
	})))
	defer server.Close()
	for want, event := range map[string]convapi.AppEvent{
		`{"messaging_product":"whatsapp","status":"read","message_id":"wamid.in"}`:                                    {ReadMessageEvent: &convapi.Empty{}},
		`{"messaging_product":"whatsapp","status":"read","message_id":"wamid.in","typing_indicator":{"type":"text"}}`: {ComposingEvent: &convapi.Empty{}},
	} {
		if f := sendEvent(t, adapter(t, server.URL+"/v23.0"), channel.OutboundEvent{Identity: "46700000001", Event: &event, Last: "wamid.in"}); f != nil {
			t.Fatal(f)
		}
		want = "POST /v23.0/" + phoneNumberID + "/messages Bearer " + token + " " + want
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	}
}

// What WhatsApp has no form for, and what is about no message, costs no call.
func TestEventsWithoutForm(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call was made") }))
	defer provider.Close()
	agent := &convapi.AgentEvent{Agent: &convapi.Agent{DisplayName: "A"}}
	for name, tt := range map[string]struct {
		event convapi.AppEvent
		last  string
		want  convapi.ReasonCode
	}{
		"composing end":      {convapi.AppEvent{ComposingEndEvent: &convapi.Empty{}}, "wamid.in", convapi.ReasonUnsupportedOperation},
		"comment reply":      {convapi.AppEvent{CommentReplyEvent: &convapi.CommentReplyEvent{Text: "x"}}, "wamid.in", convapi.ReasonUnsupportedOperation},
		"agent joined":       {convapi.AppEvent{AgentJoinedEvent: agent}, "wamid.in", convapi.ReasonUnsupportedOperation},
		"agent left":         {convapi.AppEvent{AgentLeftEvent: agent}, "wamid.in", convapi.ReasonUnsupportedOperation},
		"generic":            {convapi.AppEvent{GenericEvent: &convapi.GenericEvent{Payload: []byte("{}")}}, "wamid.in", convapi.ReasonUnsupportedOperation},
		"read, of nothing":   {convapi.AppEvent{ReadMessageEvent: &convapi.Empty{}}, "", convapi.ReasonBadRequest},
		"typing, to nothing": {convapi.AppEvent{ComposingEvent: &convapi.Empty{}}, "", convapi.ReasonBadRequest},
	} {
		f := sendEvent(t, adapter(t, provider.URL), channel.OutboundEvent{Identity: "46700000001", Event: &tt.event, Last: tt.last})
		if f == nil || f.Verdict != channel.Refuse || f.Reason.Code != tt.want || f.Account {
			t.Errorf("%s: got %v, want refuse %s", name, f, tt.want)
		}
	}
}

// Answers mean for an event what they mean for a message.
func TestEventAnswers(t *testing.T) {
	for body, want := range map[string]channel.Verdict{
		`{"error":{"message":"(#131000) Something went wrong","code":131000}}`: channel.Retry,
		`{"error":{"message":"(#131009) Parameter value","code":131009}}`:      channel.Refuse,
	} {
		provider := httptest.NewServer(write(400, nil, body))
		f := sendEvent(t, adapter(t, provider.URL), channel.OutboundEvent{Event: &convapi.AppEvent{ReadMessageEvent: &convapi.Empty{}}, Last: "wamid.in"})
		if f == nil || f.Verdict != want {
			t.Errorf("%s: got %v, want %v", body, f, want)
		}
		provider.Close()
	}
	for _, body := range []string{`{"success":false}`, `{}`, `<html>`} {
		provider := httptest.NewServer(write(200, nil, body))
		f := sendEvent(t, adapter(t, provider.URL), channel.OutboundEvent{Event: &convapi.AppEvent{ReadMessageEvent: &convapi.Empty{}}, Last: "wamid.in"})
		if f == nil || f.Verdict != channel.Unknown {
			t.Errorf("%s: got %v, want unknown", body, f)
		}
		provider.Close()
	}
}

// The id that a message came with is the one that its read receipt takes.
func TestEventThere(t *testing.T) {
	a, s, batches := simulation(t)
	if _, err := s.Inbound(graph.Inbound{From: "46700000001", Text: "hi"}); err != nil {
		t.Fatal(err)
	}
	in := (<-batches).Inbound[0]
	event := channel.OutboundEvent{Identity: in.Identity, Event: &convapi.AppEvent{ComposingEvent: &convapi.Empty{}}, Last: in.Ref}
	if f := sendEvent(t, a, event); f != nil {
		t.Fatal(f)
	}
	if entries := s.Journal().Entries(); len(entries) != 1 || entries[0].Type != "typing" || entries[0].To != in.Identity || entries[0].Ref != in.Ref {
		t.Errorf("journal %+v", entries)
	}
	event.Last = "wamid.other"
	if f := sendEvent(t, a, event); f == nil || f.Reason.Code != convapi.ReasonBadRequest || !strings.Contains(f.Reason.Description, "wamid.other") {
		t.Errorf("an unknown message: %v", f)
	}
	if err := s.Faults().Add(fault.Fault{Kind: fault.Throttle, RetryAfter: 3}); err != nil {
		t.Fatal(err)
	}
	event.Last = in.Ref
	if f := sendEvent(t, a, event); f == nil || f.Verdict != channel.Retry || f.Reason.Code != convapi.ReasonRateLimited {
		t.Errorf("throttled: %v", f)
	}
}
