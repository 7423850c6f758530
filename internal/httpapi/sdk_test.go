package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/openapi/openapitest"
	"switchyard/test/peers"
)

// The vendor's own client against our surface: token, every operation that there
// is, paging, masks, errors. Its host has a slash at the end, which makes it call
// "//oauth2/token" and "//v1/…", and its first call comes with a token that has
// expired, which it must get over alone.
func TestOfficialNodeClient(t *testing.T) {
	peers.Dir(t)
	s := newServer(t)
	expired, err := tokenMaker{key: testKey}.issue(keyID, projectID, time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var tokens, calls atomic.Int32
	described := openapitest.Handler(t, s.handler)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/oauth2/token") {
			tokens.Add(1)
		} else if calls.Add(1) == 1 {
			r.Header.Set("Authorization", "Bearer "+expired)
		}
		described.ServeHTTP(w, r)
	}))
	defer listener.Close()

	out := peers.Run(t, "conversation.js", mustMarshal(map[string]string{
		"host": listener.URL + "/", "projectId": projectID, "keyId": keyID, "keySecret": keySecret,
	}))
	var got clientView
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got.check(t)
	if n := tokens.Load(); n != 2 {
		t.Errorf("the client fetched %d tokens, want 2: one at first and one for the expired", n)
	}
}

// clientView is what the client made of our answers.
type clientView struct {
	App, AppUpdated                   convapi.App
	Apps                              []convapi.App
	Webhook, WebhookUpdated           convapi.Webhook
	Webhooks                          []convapi.Webhook
	Contact, ContactUpdated           convapi.Contact
	Contacts, ContactsByNumber        []convapi.Contact
	Sent                              convapi.SendMessageResponse
	Message, MessageUpdated           convapi.ConversationMessage
	Messages                          []convapi.ConversationMessage
	ConversationUpdated, Conversation convapi.Conversation
	Conversations                     []convapi.Conversation
	Transcoded                        convapi.TranscodeMessageResponse
	Stopped                           map[string]any
	OptedOut                          []convapi.ConsentIdentity
	Audits                            convapi.ConsentAuditResponse
	Missing                           struct{ StatusCode int }
	Deleted                           []map[string]any
}

func (v clientView) check(t *testing.T) {
	t.Helper()
	for _, tc := range []struct {
		what      string
		got, want any
	}{
		{"name after the update", v.AppUpdated.DisplayName, "renamed"},
		{"credentials after the update", len(v.AppUpdated.ChannelCredentials), 1},
		{"apps", len(v.Apps), 1},
		{"target after the update", v.WebhookUpdated.Target, "https://example.com/b"},
		{"triggers after the update", v.WebhookUpdated.Triggers, []convapi.Trigger{convapi.TriggerMessageInbound}},
		{"target type after the update", v.WebhookUpdated.TargetType, convapi.TargetHTTP},
		{"secret", v.Webhooks[0].Secret, convapi.Secret("s")},
		{"metadata after the update", v.ContactUpdated.Metadata, "m"},
		{"contacts over all pages", len(v.Contacts), 5},
		{"contacts by number", len(v.ContactsByNumber), 1},
		{"id by number", v.ContactsByNumber[0].ID, v.Contact.ID},
		{"id sent", v.Sent.MessageID, v.Message.ID},
		{"text", v.Message.AppMessage.TextMessage.Text, "hello"},
		{"metadata of the message", v.MessageUpdated.Metadata, "new"},
		{"messages", len(v.Messages), 1},
		{"channels of the preview", len(v.Transcoded.TranscodedMessage), 2},
		{"preview", v.Transcoded.TranscodedMessage[convapi.ChannelWhatsApp], `{"to":"{{to}}","type":"location","recipient_type":"individual",` +
			`"location":{"longitude":"-4.3727684","latitude":"47.79819","name":"Pier","address":"crane"},"messaging_product":"whatsapp","biz_opaque_callback_data":null}`},
		{"conversations", len(v.Conversations), 1},
		{"correlation id", v.ConversationUpdated.CorrelationID, "c"},
		{"answer of stop", v.Stopped, map[string]any{}},
		{"active after stop", v.Conversation.Active, false},
		{"opted out", v.OptedOut, []convapi.ConsentIdentity{{Identity: "46701234567"}}},
		{"changes of consent", len(v.Audits.AuditRecords), 1},
		{"status of what is missing", v.Missing.StatusCode, http.StatusNotFound},
		{"answers of delete", v.Deleted, []map[string]any{{}, {}, {}, {}, {}}},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.what, diff)
		}
	}
}
