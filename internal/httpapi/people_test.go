package httpapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

// What a client may not choose is made; what it leaves out has its default, also
// when it is cleared later; an identity is there once, however it is written.
func TestContactsAreCompleted(t *testing.T) {
	s := newServer(t)
	made := answerOf[convapi.Contact](t, s.call(t, "POST", "contacts", `{"id":"`+absent+`","language":"EN_US","channel_identities":[
		{"channel":"SMS","identity":"+46 70 000 00 01","app_id":"ignored"},{"channel":"SMS","identity":"46700000001"},{"channel":"RCS","identity":"46700000001"}]}`))
	want := convapi.Contact{
		ID: made.ID, DisplayName: "Unknown", Language: convapi.LanguageEnUS,
		ChannelIdentities: []convapi.ChannelIdentity{{Channel: "SMS", Identity: "46700000001"}, {Channel: "RCS", Identity: "46700000001"}},
		ChannelPriority:   []convapi.Channel{"SMS", "RCS"},
	}
	if diff := cmp.Diff(want, made); diff != "" || made.ID == absent {
		t.Errorf("made %s (-want +got):\n%s", made.ID, diff)
	}
	changed := answerOf[convapi.Contact](t, s.call(t, "PATCH", "contacts/"+made.ID+"?update_mask=display_name", `{"email":"not in the mask"}`))
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
}

// A conversation's id and time of the last message are the gateway's, and there is
// one active conversation of an app with a contact.
func TestConversationsAreCompleted(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	made := answerOf[convapi.Conversation](t, s.call(t, "POST", "conversations", s.expand(
		`{"id":"`+absent+`","app_id":"{app}","contact_id":"{other}","active":true,"last_received":"2020-01-01T00:00:00Z","metadata_json":{"b":1,"a":2}}`)))
	if made.ID == absent || !made.LastReceived.IsZero() || string(made.MetadataJSON) != `{"b":1,"a":2}` || !made.Active {
		t.Errorf("made %+v", made)
	}
	second := s.call(t, "POST", "conversations", s.expand(`{"app_id":"{app}","contact_id":"{other}","active":true}`))
	checkRefusal(t, second, 400, "active")
	answerOf[any](t, s.call(t, "POST", "conversations/"+made.ID+":stop", ""))
	again := answerOf[convapi.Conversation](t, s.call(t, "POST", "conversations", s.expand(`{"app_id":"{app}","contact_id":"{other}","active":true}`)))
	checkRefusal(t, s.call(t, "PATCH", "conversations/"+made.ID, `{"active":true}`), 400, "active")
	list := answerOf[convapi.ListConversationsResponse](t, s.call(t, "GET", s.expand("conversations?contact_id={other}&only_active=true"), ""))
	if len(list.Conversations) != 1 || list.Conversations[0].ID != again.ID || list.TotalSize != 1 {
		t.Errorf("active are %+v", list)
	}
}
