package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard/convapi"
)

// recent reads all pages of a list of recent conversations: the name of each
// last message, "-" for none.
func (s *many) recent(t *testing.T, filter string, size int32) (got []string) {
	t.Helper()
	for token := ""; ; {
		page := answerOf[convapi.ListRecentConversationsResponse](t, s.call(t, http.MethodGet,
			"conversations:recent?page_size=1&"+s.expand(filter)+"&page_token="+token, ""))
		for _, c := range page.Conversations {
			if c.LastMessage == nil {
				got = append(got, "-")
				continue
			}
			got = append(got, c.LastMessage.Metadata)
			if c.LastMessage.ConversationID != c.Conversation.ID || c.LastMessage.AcceptTime != c.Conversation.LastReceived {
				t.Errorf("conversation %+v with last message %+v", c.Conversation, c.LastMessage)
			}
		}
		if page.TotalSize != size {
			t.Errorf("%s: total_size %d, want %d", filter, page.TotalSize, size)
		}
		if token = page.NextPageToken; token == "" {
			return got
		}
		if strings.Trim(token, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != "" {
			t.Errorf("token %q does not go into a URL as it is", token)
		}
	}
}

// The conversations of one app by their last message, with it, or without one.
func TestRecentConversations(t *testing.T) {
	s := newMany(t)
	s.ids["carol"] = s.contact(t, `{"channel":"SMS","identity":"46700000003"}`)
	answerOf[convapi.Conversation](t, s.call(t, http.MethodPost, "conversations", s.expand(`{"app_id":"{a}","contact_id":"{carol}"}`)))
	for filter, want := range map[string]string{
		"app_id={a}":                            "six five -",
		"app_id={a}&order=DESC":                 "six five -",
		"app_id={a}&order=ASC":                  "- five six",
		"app_id={a}&only_active=true":           "six five",
		"app_id={a}&only_active=true&order=ASC": "five six",
		"app_id={b}&only_active=false":          "three",
		"app_id={d}":                            "",
	} {
		if got := s.recent(t, filter, int32(len(strings.Fields(want)))); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: got %v, want %s", filter, got, want)
		}
	}
	// An event is no message.
	answerOf[convapi.SendEventResponse](t, s.call(t, http.MethodPost, "events:send",
		s.expand(`{"app_id":"{a}","recipient":{"contact_id":"{alice}"},"event":{"composing_event":{}}}`)))
	if got := s.recent(t, "app_id={a}&only_active=true", 2); !slices.Equal(got, []string{"six", "five"}) {
		t.Errorf("after an event: %v", got)
	}
}

// What is injected lies where its time is, moves last_received only forward, and
// says that it was injected.
func TestInjectedMessages(t *testing.T) {
	s := newMany(t)
	conversation := func(name string) convapi.Conversation {
		return answerOf[convapi.Conversation](t, s.call(t, http.MethodGet, s.expand("conversations/{"+name+"}"), ""))
	}
	before := conversation("alice-a")
	if want := s.now.Add(-time.Hour).Truncate(time.Microsecond); !before.LastReceived.Equal(want) {
		t.Errorf("last_received %v, want that of the last message: %v", before.LastReceived, want)
	}
	s.inject(t, "zero", "alice-a", 29*24, "TO_APP", "SMS", "46700000001")
	if after := conversation("alice-a"); !after.LastReceived.Equal(before.LastReceived.Time) || after.ActiveChannel != before.ActiveChannel {
		t.Errorf("an old message changed the conversation: %+v, before %+v", after, before)
	}
	if got, want := s.list(t, "conversation_id={alice-a}"), strings.Fields("five two one zero"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	page := answerOf[convapi.ListMessagesResponse](t, s.call(t, http.MethodGet, s.expand("messages?contact_id={bob}"), ""))
	for i, injected := range []bool{false, true} {
		m := page.Messages[i]
		one := answerOf[convapi.ConversationMessage](t, s.call(t, http.MethodGet, "messages/"+m.ID, ""))
		if m.Injected != injected || one.Injected != injected || one.ProcessingMode != convapi.ModeConversation {
			t.Errorf("message %+v, injected %v", one, injected)
		}
	}
	if m := page.Messages[1]; m.AppMessage != nil || m.ContactMessage.TextMessage.Text != "hi" || m.Direction != convapi.ToApp || !m.AcceptTime.Equal(s.now.Add(-2*time.Hour).Truncate(time.Microsecond)) {
		t.Errorf("message %+v", m)
	}
	answerOf[done](t, s.call(t, http.MethodDelete, "messages/"+page.Messages[1].ID, ""))
	if got := s.list(t, "contact_id={bob}"); !slices.Equal(got, []string{"six"}) {
		t.Errorf("after the deletion: %v", got)
	}
}

// An injected event takes the contact's identity on the conversation's channel
// unless it names one, and is no event of DISPATCH mode.
func TestInjectedEvents(t *testing.T) {
	s := newMany(t)
	const path = "conversations/{alice-a}:inject-event"
	at := s.ago(24)
	inject := func(more string) convapi.Event {
		t.Helper()
		answer := answerOf[convapi.SendEventResponse](t, s.call(t, http.MethodPost, s.expand(path),
			`{"app_event":{"agent_joined_event":{"agent":{"display_name":"Ada","type":"HUMAN"}}},"accept_time":"`+at+`"`+more+`}`))
		event := answerOf[convapi.Event](t, s.call(t, http.MethodGet, "events/"+answer.EventID, ""))
		if answer.AcceptedTime != event.AcceptTime || !event.AcceptTime.Equal(s.now.Add(-24*time.Hour).Truncate(time.Microsecond)) {
			t.Errorf("accepted at %v, event %+v", answer.AcceptedTime, event)
		}
		return event
	}
	patch := func(path, body string) {
		t.Helper()
		if got := s.call(t, http.MethodPatch, s.expand(path), body); got.status != http.StatusOK {
			t.Fatalf("%s", got.body)
		}
	}
	if e := inject(""); e.ChannelIdentity.Channel != convapi.ChannelSMS || e.AppEvent.AgentJoinedEvent.Agent.DisplayName != "Ada" || e.ContactID != s.ids["alice"] || e.ConversationID != s.ids["alice-a"] {
		t.Errorf("event %+v", e)
	}
	patch("conversations/{alice-a}", `{"active_channel":"WHATSAPP"}`)
	if e := inject(""); e.ChannelIdentity.Channel != convapi.ChannelWhatsApp || e.ChannelIdentity.Identity != "46700000001" {
		t.Errorf("event %+v", e)
	}
	if e := inject(`,"channel_identity":{"channel":"TELEGRAM","identity":"-1001"}`); e.ChannelIdentity.Channel != convapi.ChannelTelegram {
		t.Errorf("event %+v", e)
	}
	list := answerOf[convapi.ListEventsResponse](t, s.call(t, http.MethodGet, s.expand("events?contact_id={alice}"), ""))
	if len(list.Events) != 3 {
		t.Errorf("%d events are listed", len(list.Events))
	}
	patch("apps/{a}", `{"processing_mode":"DISPATCH"}`)
	checkRefusal(t, s.call(t, http.MethodPost, s.expand(path), `{"app_event":{"composing_event":{}},"accept_time":"`+at+`"}`), http.StatusBadRequest, "")
}
