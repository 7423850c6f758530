package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard/convapi"
)

// many is a server with messages in all the ways in which filters tell them
// apart. Their names are their metadata.
type many struct {
	*server
	now time.Time
}

func newMany(t *testing.T) *many {
	t.Helper()
	s := &many{newServer(t), time.Now().UTC()}
	const credentials = `"channel_credentials":[
		{"channel":"SMS","static_bearer":{"claimed_identity":"i","token":"t"}},
		{"channel":"WHATSAPP","static_bearer":{"claimed_identity":"i","token":"t"}},
		{"channel":"TELEGRAM","telegram_credentials":{"token":"1:t"}}]}`
	for name, mode := range map[string]string{"a": `"CONVERSATION"`, "b": `"CONVERSATION"`, "d": `"DISPATCH","dispatch_retention_policy":{"ttl_days":7}`} {
		s.ids[name] = answerOf[convapi.App](t, s.call(t, http.MethodPost, "apps", `{"display_name":"x","processing_mode":`+mode+`,`+credentials)).ID
	}
	s.ids["alice"] = s.contact(t, `{"channel":"SMS","identity":"46700000001"},{"channel":"WHATSAPP","identity":"46700000001"},{"channel":"TELEGRAM","identity":"-1001"}`)
	s.ids["bob"] = s.contact(t, `{"channel":"SMS","identity":"46700000002"}`)
	for _, c := range []struct{ name, app, contact string }{{"alice-a", "a", "alice"}, {"alice-b", "b", "alice"}, {"bob-a", "a", "bob"}} {
		body := s.expand(`{"app_id":"{` + c.app + `}","contact_id":"{` + c.contact + `}","active":true}`)
		s.ids[c.name] = answerOf[convapi.Conversation](t, s.call(t, http.MethodPost, "conversations", body)).ID
	}
	s.inject(t, "one", "alice-a", 5, "TO_APP", "SMS", "46700000001")
	s.inject(t, "two", "alice-a", 4, "TO_CONTACT", "WHATSAPP", "+46 700 00 00 01")
	s.inject(t, "three", "alice-b", 3, "TO_CONTACT", "SMS", "46700000001")
	s.inject(t, "four", "bob-a", 2, "TO_APP", "SMS", "46700000002")
	s.inject(t, "five", "alice-a", 1, "TO_APP", "TELEGRAM", "-1001")
	s.send(t, "six", "a", `{"contact_id":"{bob}"}`)
	s.send(t, "seven", "d", `{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"46700000001"}]}}`)
	s.send(t, "eight", "d", `{"identified_by":{"channel_identities":[{"channel":"WHATSAPP","identity":"46700000002"}]}}`)
	return s
}

func (s *many) contact(t *testing.T, identities string) string {
	t.Helper()
	return answerOf[convapi.Contact](t, s.call(t, http.MethodPost, "contacts", `{"channel_identities":[`+identities+`],"language":"EN_US"}`)).ID
}

// ago is a time so many hours before the test began.
func (s *many) ago(hours int) string {
	return s.now.Add(-time.Duration(hours) * time.Hour).Format(time.RFC3339Nano)
}

func (s *many) inject(t *testing.T, name, conversation string, hours int, direction, channel, identity string) {
	t.Helper()
	content := "contact_message"
	if direction == "TO_CONTACT" {
		content = "app_message"
	}
	contact, _, _ := strings.Cut(conversation, "-")
	body := fmt.Sprintf(`{"%s":{"text_message":{"text":"hi"}},"direction":"%s","channel_identity":{"channel":"%s","identity":"%s"},"contact_id":"{%s}","accept_time":"%s","metadata":"%s"}`,
		content, direction, channel, identity, contact, s.ago(hours), name)
	got := s.call(t, http.MethodPost, s.expand("conversations/{"+conversation+"}:inject-message"), s.expand(body))
	if got.status != http.StatusOK || string(got.body) != "{}" {
		t.Fatalf("%s: %d %s", name, got.status, got.body)
	}
}

func (s *many) send(t *testing.T, name, app, recipient string) {
	t.Helper()
	body := s.expand(`{"app_id":"{` + app + `}","recipient":` + recipient + `,"message":{"text_message":{"text":"x"}},"message_metadata":"` + name + `"}`)
	s.ids[name] = answerOf[convapi.SendMessageResponse](t, s.call(t, http.MethodPost, "messages:send", body)).MessageID
}

func names(messages []convapi.ConversationMessage) []string {
	out := make([]string, len(messages))
	for i, m := range messages {
		out[i] = m.Metadata
	}
	return out
}

// list reads all pages of two messages each.
func (s *many) list(t *testing.T, filter string) (got []string) {
	t.Helper()
	for token := ""; ; {
		page := answerOf[convapi.ListMessagesResponse](t, s.call(t, http.MethodGet, "messages?page_size=2&"+s.expand(filter)+"&page_token="+token, ""))
		got = append(got, names(page.Messages)...)
		if token = page.NextPageToken; token == "" {
			return got
		}
	}
}

// Every filter of the contract, alone and with others.
func TestMessagesAreFiltered(t *testing.T) {
	s := newMany(t)
	const dispatch = "messages_source=DISPATCH_SOURCE"
	for filter, want := range map[string]string{
		"":                                    "six five four three two one",
		"messages_source=CONVERSATION_SOURCE": "six five four three two one",
		"app_id={a}":                          "six five four two one",
		"app_id={b}":                          "three",
		"app_id={d}":                          "",
		"app_id=" + absent:                    "",
		"conversation_id={alice-a}":           "five two one",
		"conversation_id=" + absent:           "",
		"contact_id={alice}":                  "five three two one",
		"contact_id={alice}&app_id={b}":       "three",
		"contact_id={bob}&conversation_id={alice-a}":                               "",
		"contact_id=" + absent:                                                     "",
		"channel_identity=46700000001":                                             "three two one",
		"channel_identity=+46700000001":                                            "three two one",
		"channel_identity=%2B46%20700%2000%2000%2001":                              "three two one",
		"channel_identity=-1001":                                                   "five",
		"channel_identity=46700000001&channel=SMS":                                 "three one",
		"channel_identity=46700000001&app_id={a}":                                  "two one",
		"channel_identity=46700000001&contact_id={alice}":                          "three two one",
		"channel_identity=46700000002&contact_id={alice}":                          "",
		"channel_identity=46700000001&conversation_id={bob-a}":                     "",
		"channel_identity=nobody":                                                  "",
		"channel=WHATSAPP":                                                         "two",
		"channel=TELEGRAM":                                                         "five",
		"channel=RCS":                                                              "",
		"direction=TO_APP":                                                         "five four one",
		"direction=TO_CONTACT":                                                     "six three two",
		"direction=TO_CONTACT&contact_id={alice}":                                  "three two",
		"start_time=" + s.ago(3):                                                   "six five four",
		"end_time=" + s.ago(3):                                                     "two one",
		"start_time=" + s.ago(4) + "&end_time=" + s.ago(2):                         "three",
		"start_time=" + s.ago(5) + "&contact_id={alice}":                           "five three two",
		"end_time=" + s.ago(0) + "&conversation_id={bob-a}":                        "four",
		"start_time=" + url.QueryEscape(s.now.Add(time.Hour).Format(time.RFC3339)): "",
		dispatch:                 "eight seven",
		dispatch + "&app_id={d}": "eight seven",
		dispatch + "&app_id={a}": "",
		dispatch + "&channel_identity=46700000001":                  "seven",
		dispatch + "&channel_identity=46700000001&channel=WHATSAPP": "",
		dispatch + "&channel_identity=46700000009":                  "",
		dispatch + "&channel=WHATSAPP":                              "eight",
		dispatch + "&direction=TO_APP":                              "",
		dispatch + "&direction=TO_CONTACT":                          "eight seven",
		dispatch + "&only_recipient_originated=true":                "",
		dispatch + "&only_recipient_originated=false":               "eight seven",
		dispatch + "&start_time=" + s.ago(1):                        "eight seven",
		dispatch + "&end_time=" + s.ago(1):                          "",
		"view=WITH_METADATA&channel=WHATSAPP":                       "two",
	} {
		if got := s.list(t, filter); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: got %v, want %s", filter, got, want)
		}
	}
	bare := answerOf[convapi.ListMessagesResponse](t, s.call(t, http.MethodGet, "messages?view=WITHOUT_METADATA", ""))
	if got := strings.Join(names(bare.Messages), ""); got != "" || len(bare.Messages) != 6 {
		t.Errorf("WITHOUT_METADATA: %d messages with %q", len(bare.Messages), got)
	}
}

// The last message of each recipient, whom the body names in one of two ways.
func TestLastMessageOfEachRecipient(t *testing.T) {
	s := newMany(t)
	const dispatch = `"messages_source":"DISPATCH_SOURCE",`
	for body, want := range map[string]string{
		`"contact_ids":["{alice}"]`:                                                       "five",
		`"contact_ids":["{alice}","{bob}","{alice}","` + absent + `","x"]`:                "six five",
		`"contact_ids":["{alice}","{bob}"],"app_id":"{b}"`:                                "three",
		`"contact_ids":["{alice}","{bob}"],"app_id":"` + absent + `"`:                     "",
		`"contact_ids":["{alice}","{bob}"],"app_id":"no-ulid"`:                            "",
		`"contact_ids":["{alice}","{bob}"],"channel":"SMS"`:                               "six three",
		`"contact_ids":["{alice}","{bob}"],"direction":"TO_APP"`:                          "five four",
		`"contact_ids":["{alice}","{bob}"],"direction":"TO_CONTACT"`:                      "six three",
		`"contact_ids":["{alice}","{bob}"],"end_time":"` + s.ago(3) + `"`:                 "two",
		`"contact_ids":["{alice}","{bob}"],"start_time":"` + s.ago(3) + `"`:               "six five",
		`"contact_ids":["{alice}"],"start_time":"` + s.ago(1) + `"`:                       "",
		`"channel_identities":["+46700000001","46700000002","-1001"]`:                     "six five three",
		`"channel_identities":["46700000001","+46 700000001"]`:                            "three",
		`"channel_identities":["46700000001","-1001","nobody"],"app_id":"{a}"`:            "five two",
		`"channel_identities":["46700000001"],"channel":"WHATSAPP"`:                       "two",
		`"channel_identities":["46700000001"],"direction":"TO_APP"`:                       "one",
		`"channel_identities":["46700000001"],"end_time":"` + s.ago(3) + `"`:              "two",
		`"messages_source":"CONVERSATION_SOURCE","channel_identities":["46700000001"]`:    "three",
		dispatch + `"channel_identities":["46700000001","46700000002","46700000003"]`:     "eight seven",
		dispatch + `"channel_identities":["+46700000001","46700000002"],"app_id":"{a}"`:   "",
		dispatch + `"channel_identities":["46700000001","46700000002"],"channel":"SMS"`:   "seven",
		dispatch + `"channel_identities":["46700000001"],"direction":"TO_APP"`:            "",
		dispatch + `"channel_identities":["46700000001"],"end_time":"` + s.ago(1) + `"`:   "",
		dispatch + `"channel_identities":["46700000001"],"start_time":"` + s.ago(1) + `"`: "seven",
	} {
		got := answerOf[convapi.ListMessagesResponse](t, s.call(t, http.MethodPost, "messages:fetch-last-message", s.expand("{"+body+"}")))
		if !slices.Equal(names(got.Messages), strings.Fields(want)) || got.NextPageToken != "" {
			t.Errorf("%s: got %v, want %s", body, names(got.Messages), want)
		}
	}
	bare := answerOf[convapi.ListMessagesResponse](t, s.call(t, http.MethodPost, "messages:fetch-last-message", s.expand(`{"contact_ids":["{alice}"],"view":"WITHOUT_METADATA"}`)))
	if len(bare.Messages) != 1 || bare.Messages[0].Metadata != "" || bare.Messages[0].ContactMessage == nil || !bare.Messages[0].Injected {
		t.Errorf("WITHOUT_METADATA: %+v", bare.Messages)
	}
}

// The token of the body leads from page to page, also while messages come in.
func TestLastMessagesAreBrowsed(t *testing.T) {
	s := newMany(t)
	const body = `"channel_identities":["46700000001","46700000002","-1001"],"page_size":1`
	var got []string
	for token := ""; ; {
		page := answerOf[convapi.ListMessagesResponse](t, s.call(t, http.MethodPost, "messages:fetch-last-message", s.expand(`{`+body+`,"page_token":"`+token+`"}`)))
		got = append(got, names(page.Messages)...)
		if token = page.NextPageToken; token == "" {
			break
		}
		s.send(t, "later", "a", `{"contact_id":"{bob}"}`)
	}
	if want := []string{"six", "five", "three"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
