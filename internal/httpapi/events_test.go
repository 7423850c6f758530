package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"switchyard/convapi"
)

// Events are listed the newest first, page by page, beside messages and never
// among them; what names nothing lists nothing.
func TestEventsAreListed(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	sent := []string{s.ids["event"]}
	for range 4 {
		answer := answerOf[convapi.SendEventResponse](t, s.call(t, http.MethodPost, "events:send",
			s.expand(`{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"event":{"generic_event":{"payload":{"b":1,"a":2}}}}`)))
		sent = append(sent, answer.EventID)
	}
	slices.Reverse(sent)
	for _, filter := range []string{"conversation_id={conversation}", "contact_id={contact}", "contact_id={contact}&conversation_id={conversation}"} {
		var got []string
		for token := ""; ; {
			page := answerOf[convapi.ListEventsResponse](t, s.call(t, http.MethodGet, s.expand("events?page_size=2&"+filter+"&page_token="+token), ""))
			if len(page.Events) > 2 {
				t.Errorf("%d events on a page of 2", len(page.Events))
			}
			for _, e := range page.Events {
				got = append(got, e.ID)
			}
			if token = page.NextPageToken; token == "" {
				break
			}
		}
		if !slices.Equal(got, sent) {
			t.Errorf("%s: got %v, want %v", filter, got, sent)
		}
	}
	for _, filter := range []string{"contact_id=" + absent, "conversation_id=" + absent, "contact_id=" + absent + "&conversation_id={conversation}"} {
		if page := answerOf[convapi.ListEventsResponse](t, s.call(t, http.MethodGet, s.expand("events?"+filter), "")); len(page.Events) > 0 {
			t.Errorf("%s lists %d events", filter, len(page.Events))
		}
	}
	messages := answerOf[convapi.ListMessagesResponse](t, s.call(t, http.MethodGet, s.expand("messages?conversation_id={conversation}"), ""))
	if len(messages.Messages) != 1 || messages.Messages[0].ID != s.ids["message"] {
		t.Errorf("messages %+v", messages.Messages)
	}
	one := answerOf[convapi.Event](t, s.call(t, http.MethodGet, "events/"+sent[0], ""))
	if string(one.AppEvent.GenericEvent.Payload) != `{"b":1,"a":2}` || one.Direction != convapi.ToContact {
		t.Errorf("event %+v with %s", one, one.AppEvent.GenericEvent.Payload)
	}
}

// A page has at most twenty events, however many are asked for.
func TestPagesOfEventsAreSmall(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	for range 21 {
		answerOf[convapi.SendEventResponse](t, s.call(t, http.MethodPost, "events:send",
			s.expand(`{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"event":{"composing_event":{}}}`)))
	}
	for size, want := range map[int]int{0: 10, 20: 20, 1000: 20} {
		page := answerOf[convapi.ListEventsResponse](t, s.call(t, http.MethodGet, s.expand(fmt.Sprintf("events?contact_id={contact}&page_size=%d", size)), ""))
		if len(page.Events) != want || page.NextPageToken == "" {
			t.Errorf("page_size=%d: %d events, token %q", size, len(page.Events), page.NextPageToken)
		}
	}
}
