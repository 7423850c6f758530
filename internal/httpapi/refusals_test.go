package httpapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// badRequest is a request that must be refused. In path and body {app},
// {contact} … stand for the ids of what the fixture made.
type badRequest struct {
	request string // method and path below the project
	body    string
	status  int
	field   string // what details and message must name; "" for nothing
}

// absent is a well-formed id that names nothing.
const absent = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

func badRequests() []badRequest {
	return slices.Concat(badSends(), badMessageCalls(), badAppCalls(), badWebhookCalls(), badContactCalls(),
		badConversationCalls(), badEventCalls(), badPaths(), badLookups(), badChanges(), badConsents(), badTemplates())
}

func TestRefusals(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	for _, tc := range badRequests() {
		t.Run(tc.request+" "+shorten(tc.body), func(t *testing.T) {
			method, path, _ := strings.Cut(tc.request, " ")
			answer := s.call(t, method, s.expand(path), s.expand(tc.body))
			checkRefusal(t, answer, tc.status, tc.field)
		})
	}
}

func shorten(text string) string { return text[:min(len(text), 60)] }

// checkRefusal checks status, form and, if one is wanted, the field named.
func checkRefusal(t *testing.T, got answer, status int, field string) {
	t.Helper()
	if got.status != status {
		t.Fatalf("status %d, want %d: %s", got.status, status, got.body)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("content type %q", kind)
	}
	var body struct {
		Error struct {
			Code    int
			Message string
			Status  string
			Details []struct {
				Type       string      `json:"@type"`
				Violations []violation `json:"field_violations"`
			}
		}
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	e := body.Error
	if e.Code != status || e.Message == "" || e.Status == "" || e.Details == nil {
		t.Errorf("incomplete error: %s", got.body)
	}
	if field == "" {
		return
	}
	named := len(e.Details) == 1 && e.Details[0].Type == "type.googleapis.com/google.rpc.BadRequest" &&
		slices.ContainsFunc(e.Details[0].Violations, func(v violation) bool { return v.Field == field && v.Description != "" })
	if !named || !strings.Contains(e.Message, field) {
		t.Errorf("details or message do not name %q: %s", field, got.body)
	}
}

// send makes the body of a send with one member replaced or added.
func send(member, value string) string {
	members := map[string]json.RawMessage{
		"app_id":    json.RawMessage(`"{app}"`),
		"recipient": json.RawMessage(`{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"46700000001"}]}}`),
		"message":   json.RawMessage(`{"text_message":{"text":"hello"}}`),
	}
	if member != "" {
		members[member] = json.RawMessage(value)
	}
	return string(mustMarshal(members))
}

func quoted(length int) string { return `"` + strings.Repeat("x", length) + `"` }

func badSends() []badRequest {
	const (
		call       = "POST messages:send"
		identities = "recipient.identified_by.channel_identities"
	)
	text := func(text string) string { return `{"text_message":{"text":` + text + `}}` }
	choices := strings.Repeat(`{"text_message":{"text":"a"}},`, 10) + `{"text_message":{"text":"b"}}`
	return []badRequest{
		{call, ``, 400, "app_id"},
		{call, ``, 400, "recipient"},
		{call, ``, 400, "message"},
		{call, `[]`, 400, ""},
		{call, `{"app_id":`, 400, ""},
		{call, "{\"app_id\":\"\xff\"}", 400, ""},
		{call, send("app_id", `7`), 400, "app_id"},
		{call, send("app_id", `"`+absent+`"`), 404, ""},
		{call, send("recipient", `null`), 400, "recipient"},
		{call, send("recipient", `{"contact_id":"{contact}","identified_by":{"channel_identities":[]}}`), 400, "recipient"},
		{call, send("recipient", `{"identified_by":{"channel_identities":[]}}`), 400, identities},
		{call, send("recipient", `{"identified_by":{"channel_identities":[{"identity":"46700000001"}]}}`), 400, identities + "[0].channel"},
		{call, send("recipient", `{"identified_by":{"channel_identities":[{"channel":"PIGEON","identity":"1"}]}}`), 400, identities + "[0].channel"},
		{call, send("recipient", `{"identified_by":{"channel_identities":[{"channel":"SMS"}]}}`), 400, identities + "[0].identity"},
		{call, send("recipient", `{"identified_by":{"channel_identities":{}}}`), 400, identities},
		{call, send("message", `{}`), 400, "message"},
		{call, send("message", `{"text_message":{"text":"a"},"media_message":{"url":"http://h/i.png"}}`), 400, "message"},
		{call, send("message", text(`""`)), 400, "message.text_message.text"},
		{call, send("message", text(`7`)), 400, "message.text_message.text"},
		{call, send("message", `{"choice_message":{"text_message":{"text":"q"},"choices":[`+choices+`]}}`), 400, "message.choice_message.choices"},
		{call, send("ttl", `2`), 400, "ttl"},
		{call, send("ttl", `"soon"`), 400, "ttl"},
		{call, send("callback_url", `"ftp://host/"`), 400, "callback_url"},
		{call, send("channel_priority_order", `["PIGEON"]`), 400, "channel_priority_order[0]"},
		{call, send("channel_priority_order", `["WHATSAPP"]`), 400, "channel_priority_order[0]"},
		{call, send("message_metadata", quoted(1025)), 400, "message_metadata"},
		{call, send("conversation_metadata", `[]`), 400, "conversation_metadata"},
		{call, send("conversation_metadata", `{"k":`+quoted(2048)+`}`), 400, "conversation_metadata"},
		{call, send("conversation_metadata_update_strategy", `"MIX"`), 400, "conversation_metadata_update_strategy"},
		{call, send("queue", `"LOW"`), 400, "queue"},
		{call, send("processing_strategy", `"MAYBE"`), 400, "processing_strategy"},
		{call, send("correlation_id", quoted(129)), 400, "correlation_id"},
		{call, send("message_content_type", `"SPAM"`), 400, "message_content_type"},
		{call, send("channel_properties", `{"SMS_SENDER":`+quoted(1025)+`}`), 400, "channel_properties.SMS_SENDER"},
		{call, send("message", text(quoted(MaxBody))), 413, ""},
	}
}

func badMessageCalls() []badRequest {
	return []badRequest{
		{"GET messages?page_size=ten", "", 400, "page_size"},
		{"GET messages?page_size=-1", "", 400, "page_size"},
		{"GET messages?page_token=no-token", "", 400, "page_token"},
		{"GET messages?start_time=yesterday", "", 400, "start_time"},
		{"GET messages?end_time=2026-13-01T00:00:00Z", "", 400, "end_time"},
		{"GET messages?direction=SIDEWAYS", "", 400, "direction"},
		{"GET messages?view=ALL", "", 400, "view"},
		{"GET messages?messages_source=ELSEWHERE", "", 400, "messages_source"},
		{"GET messages?channel=PIGEON", "", 400, "channel"},
		{"GET messages?channel_identity=%zz", "", 400, "channel_identity"},
		{"GET messages?channel_identity=a%00", "", 400, "channel_identity"},
		{"GET messages?messages_source=DISPATCH_SOURCE&only_recipient_originated=maybe", "", 400, "only_recipient_originated"},
		{"GET messages?only_recipient_originated=true", "", 400, "only_recipient_originated"},
		{"GET messages?messages_source=DISPATCH_SOURCE&contact_id={contact}", "", 400, "contact_id"},
		{"GET messages?messages_source=DISPATCH_SOURCE&conversation_id={conversation}", "", 400, "conversation_id"},
		{"GET messages/{message}?messages_source=ELSEWHERE", "", 400, "messages_source"},
		{"GET messages/" + absent, "", 404, ""},
		{"GET messages/no-ulid", "", 404, ""},
		{"GET messages/{message}?messages_source=DISPATCH_SOURCE", "", 404, ""},
		{"PATCH messages/{message}", ``, 400, "metadata"},
		{"PATCH messages/{message}", `{"metadata":null}`, 400, "metadata"},
		{"PATCH messages/{message}", `{"metadata":1}`, 400, "metadata"},
		{"PATCH messages/{message}", `{"metadata":` + quoted(1025) + `}`, 400, "metadata"},
		{"PATCH messages/" + absent, `{"metadata":"m"}`, 404, ""},
		{"DELETE messages/" + absent, "", 404, ""},
		{"POST messages:transcode", ``, 400, "app_id"},
		{"POST messages:transcode", ``, 400, "app_message"},
		{"POST messages:transcode", transcode("channels", `[]`), 400, "channels"},
		{"POST messages:transcode", transcode("channels", `["PIGEON"]`), 400, "channels[0]"},
		{"POST messages:transcode", transcode("app_message", `{"text_message":{}}`), 400, "app_message.text_message.text"},
		{"POST messages:transcode", transcode("app_message", `{"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"a"}}}}`), 400, "channels[1]"},
		{"POST messages:transcode", transcode("app_id", `"`+absent+`"`), 404, ""},
	}
}

// transcode makes the body of a preview with one member replaced or added.
func transcode(member, value string) string {
	members := map[string]json.RawMessage{
		"app_id": json.RawMessage(`"{app}"`), "app_message": json.RawMessage(`{"text_message":{"text":"hello"}}`), "channels": json.RawMessage(`["SMS","WHATSAPP"]`),
	}
	if member != "" {
		members[member] = json.RawMessage(value)
	}
	return string(mustMarshal(members))
}

func badAppCalls() []badRequest {
	credential := func(c string) string { return `{"display_name":"a","channel_credentials":[` + c + `]}` }
	return []badRequest{
		{"POST apps", ``, 400, "display_name"},
		{"POST apps", ``, 400, "channel_credentials"},
		{"POST apps", credential(`{"static_bearer":{"claimed_identity":"i","token":"t"}}`), 400, "channel_credentials[0].channel"},
		{"POST apps", credential(`{"channel":"SMS"}`), 400, "channel_credentials[0]"},
		{"POST apps", credential(`{"channel":"SMS","static_bearer":{"claimed_identity":"i"}}`), 400, "channel_credentials[0].static_bearer.token"},
		{"POST apps", credential(`{"channel":"SMS","callback_secret":` + quoted(257) + `,"static_bearer":{"claimed_identity":"i","token":"t"}}`), 400, "channel_credentials[0].callback_secret"},
		{"PATCH apps/{app}", `{"retention_policy":{"ttl_days":3651}}`, 400, "retention_policy.ttl_days"},
		{"PATCH apps/{app}", `{"dispatch_retention_policy":{"ttl_days":8}}`, 400, "dispatch_retention_policy.ttl_days"},
		{"PATCH apps/{app}", `{"message_retry_settings":{"retry_duration":29}}`, 400, "message_retry_settings.retry_duration"},
		{"PATCH apps/{app}", `{"delivery_report_based_fallback":{"delivery_report_waiting_time":9}}`, 400, "delivery_report_based_fallback.delivery_report_waiting_time"},
		{"PATCH apps/{app}", `{"processing_mode":"BOTH"}`, 400, "processing_mode"},
		{"PATCH apps/{app}?update_mask=no_such_member", `{}`, 400, "update_mask"},
		{"PATCH apps/{app}?update_mask.paths=displayname", `{}`, 400, "update_mask"},
		{"PATCH apps/{app}?update_mask=display_name", `{}`, 400, "display_name"},
		{"PATCH apps/" + absent, `{}`, 404, ""},
		{"GET apps/" + absent, "", 404, ""},
		{"DELETE apps/" + absent, "", 404, ""},
	}
}

func badWebhookCalls() []badRequest {
	hook := func(members string) string { return `{"app_id":"{app}",` + members + `}` }
	const target = `"target":"https://example.com/other"`
	return []badRequest{
		{"POST webhooks", ``, 400, "app_id"},
		{"POST webhooks", ``, 400, "target"},
		{"POST webhooks", hook(`"target":"ftp://example.com"`), 400, "target"},
		{"POST webhooks", hook(`"target":"https://example.com/` + strings.Repeat("x", 742) + `"`), 400, "target"},
		{"POST webhooks", hook(`"target":"https://example.com/hook"`), 400, "target"}, // the fixture's own
		{"POST webhooks", hook(target + `,"triggers":["MESSAGE_LOST"]`), 400, "triggers[0]"},
		{"POST webhooks", hook(target + `,"target_type":"PIGEON"`), 400, "target_type"},
		{"POST webhooks", hook(target + `,"client_credentials":{"client_id":"i","client_secret":"s"}`), 400, "client_credentials.endpoint"},
		{"POST webhooks", `{"app_id":"` + absent + `",` + target + `}`, 404, ""},
		{"PATCH webhooks/{webhook}?update_mask=target", `{}`, 400, "target"},
		{"PATCH webhooks/{webhook}?update_mask=targets", `{}`, 400, "update_mask"},
		{"PATCH webhooks/" + absent, `{}`, 404, ""},
		{"GET webhooks/" + absent, "", 404, ""},
		{"GET apps/" + absent + "/webhooks", "", 404, ""},
		{"DELETE webhooks/" + absent, "", 404, ""},
	}
}

func badContactCalls() []badRequest {
	contact := func(members string) string {
		return `{"channel_identities":[{"channel":"SMS","identity":"46700000099"}],"language":"EN_US"` + members + `}`
	}
	return []badRequest{
		{"POST contacts", ``, 400, "channel_identities"},
		{"POST contacts", ``, 400, "language"},
		{"POST contacts", contact(`,"language":"KLINGON"`), 400, "language"},
		{"POST contacts", contact(`,"metadata":` + quoted(1025)), 400, "metadata"},
		{"POST contacts", contact(`,"channel_priority":["PIGEON"]`), 400, "channel_priority[0]"},
		{"GET contacts?channel=SMS", "", 400, "identity"},
		{"GET contacts?identity=+46700000001", "", 400, "channel"},
		{"GET contacts?channel=PIGEON&identity=1", "", 400, "channel"},
		{"GET contacts?page_size=1e3", "", 400, "page_size"},
		{"GET contacts?page_token=no-token", "", 400, "page_token"},
		{"GET contacts?external_id=%ff", "", 400, "external_id"},
		{"GET contacts/" + absent, "", 404, ""},
		{"PATCH contacts/{contact}", `{"display_name":7}`, 400, "display_name"},
		{"PATCH contacts/{contact}?update_mask=name", `{}`, 400, "update_mask"},
		{"PATCH contacts/" + absent, `{}`, 404, ""},
		{"DELETE contacts/" + absent, "", 404, ""},
		{"GET contacts:identityConflicts?page_size=x", "", 400, "page_size"},
		{"GET contacts:identityConflicts?page_token=no-token", "", 400, "page_token"},
		{"POST settings", `{"contact_settings":7}`, 400, "contact_settings"},
		{"PATCH settings", `{"contact_settings":{"unified_contact_id_enabled":"perhaps"}}`, 400, "contact_settings.unified_contact_id_enabled"},
		{"POST contacts/{contact}:merge", ``, 400, "source_id"},
		{"POST contacts/{contact}:merge", `{"source_id":"{contact}"}`, 400, "source_id"},
		{"POST contacts/{contact}:merge", `{"source_id":"` + absent + `","strategy":"SPLIT"}`, 400, "strategy"},
		{"POST contacts/{contact}:merge", `{"source_id":"` + absent + `"}`, 404, ""},
		{"POST contacts/{contact}:merge", `{"source_id":"nobody"}`, 404, ""},
		{"POST contacts/" + absent + ":merge", `{"source_id":"{contact}"}`, 404, ""},
	}
}

func badConversationCalls() []badRequest {
	return []badRequest{
		{"POST conversations", ``, 400, "app_id"},
		{"POST conversations", ``, 400, "contact_id"},
		{"POST conversations", `{"app_id":"` + absent + `","contact_id":"{contact}"}`, 404, ""},
		{"POST conversations", `{"app_id":"{app}","contact_id":"` + absent + `"}`, 404, ""},
		{"POST conversations", `{"app_id":"{app}","contact_id":"{contact}","metadata_json":[]}`, 400, "metadata_json"},
		{"GET conversations", "", 400, "app_id"},
		{"GET conversations?app_id=", "", 400, "app_id"},
		{"GET conversations?app_id={app}&only_active=perhaps", "", 400, "only_active"},
		{"GET conversations?app_id={app}&active_channel=PIGEON", "", 400, "active_channel"},
		{"GET conversations?app_id={app}&page_size=x", "", 400, "page_size"},
		{"GET conversations?app_id={app}&page_token=no-token", "", 400, "page_token"},
		{"GET conversations/" + absent, "", 404, ""},
		{"PATCH conversations/{conversation}", `{"correlation_id":` + quoted(129) + `}`, 400, "correlation_id"},
		{"PATCH conversations/{conversation}?metadata_update_strategy=MIX", `{}`, 400, "metadata_update_strategy"},
		{"PATCH conversations/{conversation}?metadata_update_strategy=MERGE_PATCH", `{"metadata_json":7}`, 400, "metadata_json"},
		{"PATCH conversations/{conversation}?update_mask=metadata_json.key", `{}`, 400, "update_mask"},
		{"DELETE conversations/" + absent, "", 404, ""},
		{"POST conversations/" + absent + ":stop", "", 404, ""},
	}
}

func badEventCalls() []badRequest {
	const call = "POST events:send"
	event := func(member, value string) string {
		members := map[string]json.RawMessage{
			"app_id":    json.RawMessage(`"{app}"`),
			"recipient": json.RawMessage(`{"contact_id":"{contact}"}`),
			"event":     json.RawMessage(`{"composing_event":{}}`),
		}
		members[member] = json.RawMessage(value)
		return string(mustMarshal(members))
	}
	return []badRequest{
		{call, ``, 400, "app_id"},
		{call, ``, 400, "recipient"},
		{call, ``, 400, "event"},
		{call, event("app_id", `"`+absent+`"`), 404, ""},
		{call, event("recipient", `{"contact_id":"`+absent+`"}`), 404, ""},
		{call, event("event", `{}`), 400, "event"},
		{call, event("event", `{"composing_event":{},"read_message_event":{}}`), 400, "event"},
		{call, event("event", `{"comment_reply_event":{}}`), 400, "event.comment_reply_event.text"},
		{call, event("event", `{"agent_joined_event":{}}`), 400, "event.agent_joined_event.agent"},
		{call, event("event", `{"agent_left_event":{"agent":{"type":"ROBOT"}}}`), 400, "event.agent_left_event.agent.type"},
		{call, event("event", `{"generic_event":{"payload":[]}}`), 400, "event.generic_event.payload"},
		{call, event("callback_url", `"host"`), 400, "callback_url"},
		{call, event("channel_priority_order", `["WHATSAPP"]`), 400, "channel_priority_order[0]"},
		{call, event("event_metadata", quoted(1025)), 400, "event_metadata"},
		{call, event("queue", `"LOW"`), 400, "queue"},
		{"GET events", "", 400, "conversation_id"},
		{"GET events?contact_id={contact}&page_token=no-token", "", 400, "page_token"},
		{"GET events?contact_id={contact}&page_size=x", "", 400, "page_size"},
		{"GET events/" + absent, "", 404, ""},
		{"GET events/no-ulid", "", 404, ""},
		{"GET events/{message}", "", 404, ""},
		{"GET messages/{event}", "", 404, ""},
		{"DELETE events/{message}", "", 404, ""},
		{"DELETE events/" + absent, "", 404, ""},
	}
}

func badPaths() []badRequest {
	return []badRequest{
		{"GET nothing", "", 404, ""},
		{"POST messages:vanish", "", 404, ""},
		{"GET messages/M/more", "", 404, ""},
		{"GET messages:send", "", 405, ""},
		{"PUT apps/{app}", `{}`, 405, ""},
		{"DELETE messages", "", 405, ""},
		{"POST conversations/{conversation}", `{}`, 405, ""},
	}
}

// A 405 says what is allowed.
func TestMethodNotAllowed(t *testing.T) {
	s := newServer(t)
	got := s.call(t, http.MethodPut, "apps/A", "")
	if allow := got.header.Get("Allow"); got.status != http.StatusMethodNotAllowed || allow != "DELETE, GET, PATCH" {
		t.Errorf("status %d, Allow %q", got.status, allow)
	}
}
