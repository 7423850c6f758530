package httpapi

import (
	"encoding/json"
	"strings"
	"time"
)

// Refusals of the operations that have no table of their own in refusals_test.go.

func badLookups() []badRequest {
	const (
		fetch   = "POST messages:fetch-last-message"
		query   = "POST capability:query"
		profile = "POST contacts:getChannelProfile"
	)
	return []badRequest{
		{fetch, `[]`, 400, ""},
		{fetch, ``, 400, "channel_identities"},
		{fetch, `{"contact_ids":["a"],"messages_source":"DISPATCH_SOURCE"}`, 400, "contact_ids"},
		{fetch, `{"contact_ids":["a"],"page_token":"no-token"}`, 400, "page_token"},
		{fetch, `{"channel_identities":["a\u0000"]}`, 400, "channel_identities[0]"},
		{fetch, `{"channel_identities":["1"],"contact_ids":["{contact}"]}`, 400, "contact_ids"},
		{fetch, `{"contact_ids":["{contact}"],"messages_source":"ELSEWHERE"}`, 400, "messages_source"},
		{fetch, `{"channel_identities":"1"}`, 400, "channel_identities"},
		{fetch, `{"channel_identities":["1"],"channel":"PIGEON"}`, 400, "channel"},
		{fetch, `{"channel_identities":["1"],"direction":"UP"}`, 400, "direction"},
		{fetch, `{"channel_identities":["1"],"view":"ALL"}`, 400, "view"},
		{fetch, `{"channel_identities":["1"],"start_time":"yesterday"}`, 400, "start_time"},
		{fetch, `{"channel_identities":["1"],"page_size":-1}`, 400, "page_size"},
		{query, ``, 400, "app_id"},
		{query, ``, 400, "recipient"},
		{query, `{"app_id":"{app}","recipient":{}}`, 400, "recipient"},
		{query, `{"app_id":"` + absent + `","recipient":{"contact_id":"{contact}"}}`, 404, ""},
		{query, `{"app_id":"{app}","recipient":{"contact_id":"` + absent + `"}}`, 404, ""},
		{query, `{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"request_id":` + quoted(257) + `}`, 400, "request_id"},
		{profile, ``, 400, "app_id"},
		{profile, `{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"channel":"LINE"}`, 400, "channel"},
		{profile, `{"app_id":"{app}","recipient":{"contact_id":"{contact}"},"channel":"SMS"}`, 400, "channel"},
		{profile, `{"app_id":"` + absent + `","recipient":{"contact_id":"{contact}"},"channel":"LINE"}`, 404, ""},
		{"GET conversations:recent", "", 400, "app_id"},
		{"GET conversations:recent?app_id={app}&order=UP", "", 400, "order"},
		{"GET conversations:recent?app_id={app}&only_active=perhaps", "", 400, "only_active"},
		{"GET conversations:recent?app_id={app}&page_size=x", "", 400, "page_size"},
		{"GET conversations:recent?app_id={app}&page_token=no-token", "", 400, "page_token"},
		{"GET conversations:recent?app_id={app}&page_token=" + absent, "", 400, "page_token"},
		{"GET conversations:recent?app_id={app}&page_token=zz-" + absent + "x", "", 400, "page_token"},
		{"GET conversations:recent?app_id=" + absent, "", 404, ""},
		{"GET contacts:identityConflicts?page_size=x", "", 400, "page_size"},
	}
}

// injectMessage and injectEvent make the body of an injection with one member
// replaced or added.
func injectMessage(member, value string) string {
	return with(map[string]string{
		"contact_message": `{"text_message":{"text":"a"}}`, "direction": `"TO_APP"`, "contact_id": `"{contact}"`,
		"channel_identity": `{"channel":"SMS","identity":"46700000001"}`, "accept_time": anHourAgo(),
	}, member, value)
}

func injectEvent(member, value string) string {
	return with(map[string]string{"app_event": `{"composing_event":{}}`, "accept_time": anHourAgo()}, member, value)
}

func anHourAgo() string { return time.Now().Add(-time.Hour).Format(`"` + time.RFC3339Nano + `"`) }

func badChanges() []badRequest {
	const (
		message = "POST conversations/{conversation}:inject-message"
		event   = "POST conversations/{conversation}:inject-event"
	)
	return []badRequest{
		{"POST contacts/{contact}:merge", ``, 400, "source_id"},
		{"POST contacts/{contact}:merge", `{"source_id":"{contact}","strategy":"SPLIT"}`, 400, "strategy"},
		{"POST contacts/{contact}:merge", `{"source_id":7}`, 400, "source_id"},
		{"POST contacts/{contact}:merge", `{"source_id":"` + absent + `"}`, 404, ""},
		{"POST contacts/" + absent + ":merge", `{"source_id":"{contact}"}`, 404, ""},
		{message, ``, 400, ""},
		{message, injectMessage("direction", `null`), 400, "direction"},
		{message, injectMessage("direction", `"UP"`), 400, "direction"},
		{message, injectMessage("channel_identity", `null`), 400, "channel_identity"},
		{message, injectMessage("channel_identity", `{"channel":"SMS"}`), 400, "channel_identity.identity"},
		{message, injectMessage("contact_id", `""`), 400, "contact_id"},
		{message, injectMessage("accept_time", `null`), 400, "accept_time"},
		{message, injectMessage("accept_time", `"2001-01-01T00:00:00Z"`), 400, "accept_time"},
		{message, injectMessage("accept_time", `"2999-01-01T00:00:00Z"`), 400, "accept_time"},
		{message, injectMessage("metadata", quoted(1025)), 400, "metadata"},
		{message, injectMessage("app_message", `{"text_message":{"text":"x"}}`), 400, "app_message"},
		{message, injectMessage("contact_message", `{}`), 400, "contact_message"},
		{message, injectMessage("contact_message", `{"text_message":{}}`), 400, "contact_message.text_message.text"},
		{message, injectMessage("contact_message", `{"choice_response_message":{"message_id":"m"}}`), 400, "contact_message.choice_response_message.postback_data"},
		{message, injectMessage("direction", `"TO_CONTACT"`), 400, "direction"},
		{message, injectMessage("contact_id", `"`+absent+`"`), 400, "contact_id"},
		{message, injectMessage("conversation_id", `"`+absent+`"`), 400, "conversation_id"},
		{message, injectMessage("processing_mode", `"DISPATCH"`), 400, "processing_mode"},
		{"POST conversations/" + absent + ":inject-message", injectMessage("", ""), 404, ""},
		{event, ``, 400, "app_event"},
		{event, ``, 400, "accept_time"},
		{event, injectEvent("accept_time", `"2001-01-01T00:00:00Z"`), 400, "accept_time"},
		{event, injectEvent("app_event", `{}`), 400, "app_event"},
		{event, injectEvent("processing_mode", `"DISPATCH"`), 400, "processing_mode"},
		{event, injectEvent("contact_id", `"`+absent+`"`), 400, "contact_id"},
		{event, injectEvent("conversation_id", `"`+absent+`"`), 400, "conversation_id"},
		{event, injectEvent("channel_identity", `{"channel":"SMS"}`), 400, "channel_identity.identity"},
		{"POST conversations/" + absent + ":inject-event", injectEvent("", ""), 404, ""},
		{"POST settings", `[]`, 400, ""},
		{"POST settings", `{"contact_settings":{"unified_contact_id_enabled":"yes"}}`, 400, "contact_settings.unified_contact_id_enabled"},
		{"PATCH settings", `{"contact_settings":7}`, 400, "contact_settings"},
	}
}

func badConsents() []badRequest {
	opt := func(member, value string) string {
		return with(map[string]string{"app_id": `"{app}"`, "channels": `["SMS"]`, "recipient": `{"contact_id":"{contact}"}`}, member, value)
	}
	out := []badRequest{
		{"GET apps/{app}/consents/OPT_OUT_SOME", "", 400, "list_type"},
		{"GET apps/{app}/consents/OPT_OUT_ALL?page_size=x", "", 400, "page_size"},
		{"GET apps/{app}/consents/OPT_OUT_ALL?page_token=no-token", "", 400, "page_token"},
		{"GET apps/" + absent + "/consents/OPT_OUT_ALL", "", 404, ""},
		{"GET apps/" + absent + "/consents/identities/46700000001", "", 404, ""},
		{"GET apps/{app}/consents/identities", "", 404, ""},
		{"PATCH apps/{app}", `{"consent_settings":{"keywords":[{"opt_out":["x"]}]}}`, 400, "consent_settings.keywords[0].language"},
		{"PATCH apps/{app}", `{"consent_settings":{"keywords":[{"language":"en","opt_in":["stop!"]}]}}`, 400, "consent_settings.keywords[0].opt_in[0]"},
		{"PATCH apps/{app}", `{"consent_settings":{"keywords":[{"language":"en","opt_out":[` + quoted(61) + `]}]}}`, 400, "consent_settings.keywords[0].opt_out[0]"},
		{"PATCH apps/{app}", `{"consent_settings":{"ignore":["STOP"]}}`, 400, "consent_settings.ignore[0]"},
		{"PATCH apps/{app}", `{"consent_settings":{"enabled":"no"}}`, 400, "consent_settings.enabled"},
	}
	for _, call := range []string{"POST optins:register", "POST optouts:register"} {
		out = append(out,
			badRequest{call, ``, 400, "app_id"},
			badRequest{call, opt("channels", `[]`), 400, "channels"},
			badRequest{call, opt("channels", `["PIGEON"]`), 400, "channels[0]"},
			badRequest{call, opt("recipient", `{}`), 400, "recipient"},
			badRequest{call, opt("recipient", `{"contact_id":"`+absent+`"}`), 404, ""},
			badRequest{call + "?request_id=" + strings.Repeat("x", 129), opt("channels", `["SMS"]`), 400, "request_id"},
			badRequest{call, opt("app_id", `"`+absent+`"`), 404, ""},
		)
	}
	return out
}

func badTemplates() []badRequest {
	const (
		v1 = "templates"
		v2 = "/v2/projects/{project}/templates"
	)
	body := func(member, value string) string {
		return with(map[string]string{
			"default_translation": `"en"`, "translations": `[{"language_code":"en","text_message":{"text":"a"}}]`,
		}, member, value)
	}
	older := func(member, value string) string {
		return with(map[string]string{
			"default_translation": `"en"`, "translations": `[{"language_code":"en","content":"a"}]`,
		}, member, value)
	}
	return []badRequest{
		{"POST " + v2, ``, 400, "default_translation"},
		{"POST " + v2, ``, 400, "translations"},
		{"POST " + v2, body("translations", `[{"text_message":{"text":"a"}}]`), 400, "translations[0].language_code"},
		{"POST " + v2, body("translations", `[{"language_code":"en"}]`), 400, "translations[0]"},
		{"POST " + v2, body("translations", `[{"language_code":"en","text_message":{"text":""}}]`), 400, "translations[0].text_message.text"},
		{"POST " + v2, body("translations", `[{"language_code":"en","text_message":{"text":"a"},"variables":[{"preview_value":"x"}]}]`), 400, "translations[0].variables[0].key"},
		{"POST " + v2, body("id", `"a b"`), 400, "id"},
		{"POST " + v2, body("version", `"1"`), 400, "version"},
		{"PUT " + v2 + "/" + absent, body("version", `1`), 404, ""},
		{"GET " + v2 + "/" + absent, "", 404, ""},
		{"GET " + v2 + "/" + absent + "/translations", "", 404, ""},
		{"DELETE " + v2 + "/" + absent, "", 404, ""},
		{"POST " + v1, ``, 400, "default_translation"},
		{"POST " + v1, older("translations", `[{"language_code":"en"}]`), 400, "translations[0].content"},
		{"POST " + v1, older("translations", `{}`), 400, "translations"},
		{"PATCH " + v1 + "/" + absent, `{}`, 404, ""},
		{"PATCH " + v1 + "/" + absent + "?update_mask=no_such_member", `{}`, 400, "update_mask"},
		{"GET " + v1 + "/" + absent, "", 404, ""},
		{"DELETE " + v1 + "/" + absent, "", 404, ""},
	}
}

// with makes a body of members, one of which, if it is named, is replaced or
// added.
func with(members map[string]string, member, value string) string {
	raw := make(map[string]json.RawMessage)
	for name, text := range members {
		raw[name] = json.RawMessage(text)
	}
	if member != "" {
		raw[member] = json.RawMessage(value)
	}
	// Marks like {app} stand in strings and survive.
	return strings.TrimSpace(string(mustMarshal(raw)))
}
