package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// kinds are the members that an answer must have and their JSON types, as typed
// clients check them: s string, n number, b bool, t timestamp, l list, o object,
// o? object or null.
type kinds map[string]string

// The shapes of answers and resources that official clients read.
var (
	sendShape    = kinds{"message_id": "s", "accepted_time": "t"}
	messageShape = kinds{
		"id": "s", "direction": "s", "app_message": "o", "channel_identity": "o", "channel_identity.channel": "s",
		"channel_identity.identity": "s", "channel_identity.app_id": "s", "conversation_id": "s", "contact_id": "s",
		"metadata": "s", "accept_time": "t", "sender_id": "s", "processing_mode": "s", "injected": "b",
	}
	appShape = kinds{
		"id": "s", "display_name": "s", "channel_credentials": "l", "conversation_metadata_report_view": "s",
		"retention_policy.retention_type": "s", "retention_policy.ttl_days": "n",
		"dispatch_retention_policy.retention_type": "s", "dispatch_retention_policy.ttl_days": "n",
		"processing_mode": "s", "smart_conversation.enabled": "b",
		"callback_settings.secret_for_overridden_callback_urls":       "s",
		"delivery_report_based_fallback.enabled":                      "b",
		"delivery_report_based_fallback.delivery_report_waiting_time": "n",
		"message_retry_settings.retry_duration":                       "n", "persist_message_status.enabled": "b",
		"message_search.enabled": "b", "rate_limits.inbound": "n", "rate_limits.outbound": "n",
		"rate_limits.webhooks": "n", "queue_stats.outbound_size": "n", "queue_stats.outbound_limit": "n",
		"channel_credentials.0.channel": "s", "channel_credentials.0.callback_secret": "s",
		"channel_credentials.0.state.status": "s", "channel_credentials.0.state.description": "s",
		"channel_credentials.0.channel_known_id": "s", "channel_credentials.0.credential_ordinal_number": "n",
		"channel_credentials.0.static_bearer.token": "s",
	}
	webhookShape = kinds{
		"id": "s", "app_id": "s", "target": "s", "target_type": "s", "triggers": "l", "secret": "s",
		"client_credentials": "o?",
	}
	contactShape = kinds{
		"id": "s", "channel_identities": "l", "channel_identities.0.channel": "s",
		"channel_identities.0.identity": "s", "channel_identities.0.app_id": "s", "channel_priority": "l",
		"display_name": "s", "email": "s", "external_id": "s", "metadata": "s", "language": "s",
	}
	conversationShape = kinds{
		"id": "s", "app_id": "s", "contact_id": "s", "last_received": "t", "active_channel": "s", "active": "b",
		"metadata": "s", "metadata_json": "o", "correlation_id": "s",
	}
	eventShape = kinds{
		"id": "s", "direction": "s", "app_event.composing_event": "o", "channel_identity.channel": "s", "channel_identity.identity": "s",
		"channel_identity.app_id": "s", "contact_id": "s", "conversation_id": "s", "accept_time": "t", "processing_mode": "s",
	}
	auditShape    = kinds{"operation": "s", "origin": "s", "list_type": "s", "project_id": "s", "app_id": "s", "datetime": "t"}
	emptyShape    = kinds{}
	settingsShape = kinds{"project_id": "s", "settings.contact_settings.unified_contact_id_enabled": "b"}
)

// listOf is the shape of a page of one or more resources.
func listOf(member string, each kinds, more kinds) kinds {
	shape := maps.Clone(more)
	shape[member] = "l"
	for path, kind := range each {
		shape[member+".0."+path] = kind
	}
	return shape
}

func TestAnswerShapes(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	paged := kinds{"next_page_token": "s"}
	counted := kinds{"next_page_token": "s", "total_size": "n"}
	for _, tc := range []struct {
		request, body string
		want          kinds
	}{
		{"POST messages:send", send("", ""), sendShape},
		{"GET messages", "", listOf("messages", messageShape, paged)},
		{"GET messages/{message}", "", messageShape},
		{"PATCH messages/{message}", `{"metadata":""}`, messageShape},
		{"GET apps", "", listOf("apps", appShape, kinds{})},
		{"GET apps/{app}", "", appShape},
		{"PATCH apps/{app}", `{}`, appShape},
		{"POST apps", `{"display_name":"b","channel_credentials":[{"channel":"SMS","static_bearer":{"claimed_identity":"i","token":"t"}}]}`, appShape},
		{"GET apps/{app}/webhooks", "", listOf("webhooks", webhookShape, kinds{})},
		{"GET webhooks/{webhook}", "", webhookShape},
		{"PATCH webhooks/{webhook}", `{"secret":""}`, webhookShape},
		{"POST webhooks", `{"app_id":"{app}","target":"https://example.com/b"}`, webhookShape},
		{"GET contacts", "", listOf("contacts", contactShape, paged)},
		{"GET contacts/{contact}", "", contactShape},
		{"PATCH contacts/{contact}", `{"email":""}`, contactShape},
		{"POST contacts", `{"channel_identities":[{"channel":"SMS","identity":"+46700000077"}],"language":"EN_US"}`, contactShape},
		{"POST contacts/{contact}:merge", `{"source_id":"{other}","strategy":"MERGE"}`, contactShape},
		{"GET contacts:identityConflicts", "", kinds{"conflicts": "l", "next_page_token": "s"}},
		{"GET settings", "", settingsShape},
		{"POST settings", `{}`, settingsShape},
		{"PATCH settings", `{}`, settingsShape},
		{"DELETE settings", "", emptyShape},
		{"GET conversations?app_id={app}", "", listOf("conversations", conversationShape, counted)},
		{"GET conversations/{conversation}", "", conversationShape},
		{"PATCH conversations/{conversation}", `{"correlation_id":""}`, conversationShape},
		{"POST conversations/{conversation}:stop", "", emptyShape},
		{"POST capability:query", `{"app_id":"{app}","recipient":{"contact_id":"{contact}"}}`, kinds{"app_id": "s", "recipient.contact_id": "s", "request_id": "s"}},
		{"GET conversations:recent?app_id={app}", "", listOf("conversations", kinds{"conversation.id": "s", "last_message.id": "s", "last_message.app_message": "o"}, counted)},
		{"POST messages:fetch-last-message", `{"contact_ids":["{contact}"]}`, listOf("messages", messageShape, paged)},
		{"POST conversations/{conversation}:inject-message", injectMessage("", ""), emptyShape},
		{"POST conversations/{conversation}:inject-event", injectEvent("", ""), kinds{"event_id": "s", "accepted_time": "t"}},
		{"POST events:send", `{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"event":{"read_message_event":{}}}`, kinds{"event_id": "s", "accepted_time": "t"}},
		{"GET events?conversation_id={conversation}", "", listOf("events", kinds{"id": "s", "app_event": "o"}, paged)},
		{"GET events?contact_id={contact}", "", listOf("events", kinds{"id": "s", "app_event": "o"}, paged)},
		{"GET events/{event}", "", eventShape},
		{"DELETE events/{event}", "", emptyShape},
		{"POST optouts:register?request_id=r", `{"app_id":"{app}","channels":["SMS"],"recipient":{"contact_id":"{contact}"}}`, kinds{"app_id": "s", "channels": "l", "recipient.contact_id": "s"}},
		{"GET apps/{app}/consents/OPT_OUT_ALL", "", listOf("identities", kinds{"identity": "s"}, paged)},
		{"GET apps/{app}/consents/identities/+46700000001", "", listOf("audit_records", auditShape, kinds{"identity.identity": "s"})},
		{"DELETE messages/{message}", "", emptyShape},
		{"DELETE conversations/{conversation}", "", emptyShape},
		{"DELETE webhooks/{webhook}", "", emptyShape},
		{"DELETE contacts/{contact}", "", emptyShape},
		{"DELETE apps/{app}", "", emptyShape},
	} {
		t.Run(tc.request, func(t *testing.T) {
			method, path, _ := strings.Cut(tc.request, " ")
			got := s.call(t, method, s.expand(path), s.expand(tc.body))
			if got.status != http.StatusOK {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			if kind := got.header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("content type %q", kind)
			}
			checkShape(t, got.body, tc.want)
		})
	}
}

func checkShape(t *testing.T, body []byte, want kinds) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if len(want) == 0 && string(body) != "{}" {
		t.Errorf("body %s, want {}", body)
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		value, found := lookUp(root, path)
		if !found {
			t.Errorf("%s is missing", path)
		} else if !isOfKind(value, want[path]) {
			t.Errorf("%s is %T %v, want kind %s", path, value, value, want[path])
		}
	}
	checkNames(t, root, "")
}

// lookUp follows a path of members and list indices.
func lookUp(v any, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[name]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}

var timestampForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$`)

func isOfKind(v any, kind string) bool {
	switch v := v.(type) {
	case string:
		return kind == "s" || kind == "t" && timestampForm.MatchString(v)
	case json.Number:
		return kind == "n"
	case bool:
		return kind == "b"
	case []any:
		return kind == "l"
	case map[string]any:
		return kind == "o" || kind == "o?"
	case nil:
		return kind == "o?"
	}
	return false
}

var memberForm = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// checkNames checks that every member is in snake case and that none but
// client_credentials is null: a null beside the chosen member of a oneof makes a
// strict client fail.
func checkNames(t *testing.T, v any, path string) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if !memberForm.MatchString(name) {
				t.Errorf("%s.%s is not in snake case", path, name)
			}
			if value == nil && name != "client_credentials" {
				t.Errorf("%s.%s is null", path, name)
			}
			checkNames(t, value, path+"."+name)
		}
	case []any:
		for _, value := range v {
			checkNames(t, value, path+"[]")
		}
	}
}
