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
)

func sendEvent(t *testing.T, a channel.Adapter, identity string, event convapi.AppEvent) *channel.Failure {
	t.Helper()
	if err := a.(channel.EventSender).SendEvent(t.Context(), channel.OutboundEvent{Identity: identity, Event: &event}); err != nil {
		return channel.AsFailure(err)
	}
	return nil
}

// The bytes that Telegram gets, which its published list of methods allows.
func TestEventRequest(t *testing.T) {
	spec := channeltest.LoadSpec(t, "telegram-bot-api.json")
	var got string
	server := httptest.NewServer(spec.Validate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + string(body)
		_, _ = io.WriteString(w, `{"ok":true,"result":true}`)
	})))
	defer server.Close()
	for identity, chat := range map[string]string{"42": "42", "-1001234567890": "-1001234567890", "@news": `"@news"`} {
		if f := sendEvent(t, adapter(t, server.URL), identity, convapi.AppEvent{ComposingEvent: &convapi.Empty{}}); f != nil {
			t.Fatal(f)
		}
		if diff := cmp.Diff("POST /bot"+token+`/sendChatAction {"chat_id":`+chat+`,"action":"typing"}`, got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	}
}

// A bot can show that it writes, and nothing else.
func TestEventsWithoutForm(t *testing.T) {
	for name, event := range map[string]convapi.AppEvent{
		"composing end": {ComposingEndEvent: &convapi.Empty{}},
		"read":          {ReadMessageEvent: &convapi.Empty{}},
		"generic":       {GenericEvent: &convapi.GenericEvent{Payload: []byte("{}")}},
	} {
		f := sendEvent(t, adapter(t, "http://127.0.0.1:1"), "42", event)
		if f == nil || f.Verdict != channel.Refuse || f.Reason.Code != convapi.ReasonUnsupportedOperation {
			t.Errorf("%s: got %v", name, f)
		}
	}
}

func TestEventThere(t *testing.T) {
	s, err := botapi.New(botapi.Config{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	provider := httptest.NewServer(s)
	defer func() { s.Close(); provider.Close() }()
	composing := convapi.AppEvent{ComposingEvent: &convapi.Empty{}}
	if f := sendEvent(t, adapter(t, provider.URL), "42", composing); f != nil {
		t.Fatal(f)
	}
	if entries := s.Journal().Entries(); len(entries) != 1 || entries[0].Type != "sendChatAction" || entries[0].Text != "typing" || entries[0].To != "42" {
		t.Errorf("journal %+v", entries)
	}
	if f := sendEvent(t, adapter(t, provider.URL), "nobody", composing); f == nil || f.Reason.Code != convapi.ReasonRecipientInvalidChannelIdentity {
		t.Errorf("an unknown chat: %v", f)
	}
}
