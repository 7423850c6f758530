package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

// What official clients send, as seen on the wire: each
// must be understood, and without a redirect.
func TestPathsAsClientsWriteThem(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	for _, tc := range []struct{ method, path, body string }{
		{"GET", "//v1/projects/{project}/apps", ""},
		{"POST", "//v1/projects/{project}/messages:send", send("", "")},
		{"POST", "/v1/projects/{project}/messages%3Asend", send("", "")},
		{"POST", "/v1/projects/{project}//messages%3asend", send("", "")},
		{"GET", "/v1/projects/{project}/contacts/", ""},
		{"GET", "/v1/projects/{project}/conversations?app_id={app}&only_active=True", ""},
		{"GET", "/v1/projects/{project}/messages?start_time=1970-01-01T00:00:00.000Z&view=WITH_METADATA", ""},
		{"GET", "/v1/projects/{project}/messages/{message}?messages_source=CONVERSATION_SOURCE", ""},
		{"POST", "/v1/projects/{project}/conversations/{conversation}%3Astop", ""},
		{"POST", "/v1/projects/{project}/conversations/{conversation}:stop", ""},
	} {
		got := s.call(t, tc.method, s.expand(tc.path), s.expand(tc.body))
		if got.status != http.StatusOK {
			t.Errorf("%s %s: status %d: %s", tc.method, tc.path, got.status, got.body)
		}
	}
}

// A phone number in a query means the same with its plus raw or escaped.
func TestPlusInQuery(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	s.call(t, "POST", "contacts", `{"channel_identities":[{"channel":"SMS","identity":"+46700000555"}],"language":"EN_US","external_id":"a+b"}`)
	for _, query := range []string{
		"channel=SMS&identity=+46700000555",
		"channel=SMS&identity=%2B46700000555",
		"identity=46700000555&channel=SMS",
		"external_id=a+b",
		"external_id=a%2Bb",
	} {
		list := answerOf[convapi.ListContactsResponse](t, s.call(t, "GET", "contacts?"+query, ""))
		if len(list.Contacts) != 1 || list.Contacts[0].ExternalID != "a+b" {
			t.Errorf("%s finds %+v", query, list.Contacts)
		}
	}
	for _, query := range []string{"channel_identity=+46700000001", "channel_identity=%2B46700000001"} {
		list := answerOf[convapi.ListMessagesResponse](t, s.call(t, "GET", "messages?"+query, ""))
		if len(list.Messages) != 1 {
			t.Errorf("%s finds %d messages, want 1", query, len(list.Messages))
		}
	}
}

// A client that puts page tokens raw into the URL sees every contact once.
func TestPaging(t *testing.T) {
	s := newServer(t)
	want := make(map[string]bool)
	for _, digit := range strings.Split("0123456789", "") {
		body := `{"channel_identities":[{"channel":"SMS","identity":"4670000000` + digit + `"}],"language":"EN_US"}`
		want[answerOf[convapi.Contact](t, s.call(t, "POST", "contacts", body)).ID] = true
	}
	got, token := make(map[string]bool), ""
	for range len(want) {
		page := answerOf[convapi.ListContactsResponse](t, s.call(t, "GET", "contacts?page_size=3&page_token="+token, ""))
		if len(page.Contacts) > 3 {
			t.Fatalf("page of %d, want at most 3", len(page.Contacts))
		}
		for _, c := range page.Contacts {
			if got[c.ID] {
				t.Errorf("contact %s is listed twice", c.ID)
			}
			got[c.ID] = true
		}
		if token = page.NextPageToken; token == "" {
			break
		}
		if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("token %q does not fit a URL as it stands", token)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

// All spellings of an update mask reach the stored resource.
func TestMasksReachTheStore(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	for i, query := range []string{
		"", "?update_mask=target,triggers", "?update_mask.paths=target&update_mask.paths=triggers",
		"?update_mask.paths=target,triggers", "?update_mask=target%2Ctriggers",
	} {
		want := convapi.Webhook{Target: "https://example.com/" + string(rune('a'+i)), Triggers: []convapi.Trigger{convapi.Triggers()[i]}}
		body, err := json.Marshal(map[string]any{"target": want.Target, "triggers": want.Triggers, "app_id": absent})
		if err != nil {
			t.Fatal(err)
		}
		s.call(t, "PATCH", s.expand("webhooks/{webhook}")+query, string(body))
		got := answerOf[convapi.Webhook](t, s.call(t, "GET", s.expand("webhooks/{webhook}"), ""))
		if got.Target != want.Target || !cmp.Equal(got.Triggers, want.Triggers) {
			t.Errorf("%q left %+v, want %+v", query, got, want)
		}
		if got.AppID != s.ids["app"] || got.Secret != "shh" {
			t.Errorf("%q changed what it does not name: %+v", query, got)
		}
	}
}

func TestConversationMetadataIsMerged(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	path := s.expand("conversations/{conversation}")
	s.call(t, "PATCH", path, `{"metadata_json":{"a":1,"b":2}}`)
	s.call(t, "PATCH", path+"?metadata_update_strategy=MERGE_PATCH&update_mask=metadata_json", `{"metadata_json":{"b":null,"c":3}}`)
	got := answerOf[convapi.Conversation](t, s.call(t, "GET", path, ""))
	if want := `{"a":1,"c":3}`; string(got.MetadataJSON) != want {
		t.Errorf("merged metadata %s, want %s", got.MetadataJSON, want)
	}
	s.call(t, "PATCH", path, `{"metadata_json":{"d":4}}`)
	got = answerOf[convapi.Conversation](t, s.call(t, "GET", path, ""))
	if want := `{"d":4}`; string(got.MetadataJSON) != want {
		t.Errorf("replaced metadata %s, want %s", got.MetadataJSON, want)
	}
}

func TestIdempotentSend(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	key := http.Header{"Idempotency-Key": {strings.Repeat("k", 255)}}
	body := s.expand(send("", ""))
	first := s.callWith(t, "POST", "messages:send", body, key)
	again := s.callWith(t, "POST", "messages:send", body, key)
	if first.status != http.StatusOK || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("first: %d, %v", first.status, first.header)
	}
	if again.status != http.StatusOK || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replay: %d, %v", again.status, again.header)
	}
	if string(first.body) != string(again.body) {
		t.Errorf("replayed %s, want %s", again.body, first.body)
	}
	clash := s.callWith(t, "POST", "messages:send", s.expand(send("correlation_id", `"other"`)), key)
	checkRefusal(t, clash, http.StatusUnprocessableEntity, "")
	long := s.callWith(t, "POST", "messages:send", body, http.Header{"Idempotency-Key": {strings.Repeat("k", 256)}})
	checkRefusal(t, long, http.StatusBadRequest, "Idempotency-Key")
	other := s.callWith(t, "POST", "messages:send", body, http.Header{"Idempotency-Key": {"other"}})
	if string(other.body) == string(first.body) {
		t.Error("another key gave the same message")
	}
}

func TestEncodedBodyIsRefused(t *testing.T) {
	s := newServer(t)
	got := s.callWith(t, "POST", "messages:send", "\x1f\x8b", http.Header{"Content-Encoding": {"gzip"}})
	checkRefusal(t, got, http.StatusUnsupportedMediaType, "")
}
