package convapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checked decodes a body into T and validates it.
func checked[T any](t *testing.T, body string, validate func(*T) error) []string {
	t.Helper()
	var v T
	if err := Decode([]byte(body), &v); err != nil {
		return fieldsOf(err)
	}
	return fieldsOf(validate(&v))
}

// app wraps one credential in an app to be created.
func app(credential string) string {
	return `{"display_name":"d","channel_credentials":[` + credential + `]}`
}

func TestAppToBeCreated(t *testing.T) {
	one := "channel_credentials[0]"
	cases := []struct {
		name, body string
		wrong      []string
	}{
		{"empty", `{}`, []string{"display_name", "channel_credentials"}},
		{"no channels yet", `{"display_name":"d","channel_credentials":[]}`, nil},
		{"SMS bearer", app(`{"channel":"SMS","static_bearer":{"claimed_identity":"i","token":"t"}}`), nil},
		{"RCS bearer", app(`{"channel":"RCS","static_bearer":{"claimed_identity":"i","token":"t"}}`), nil},
		{"WHATSAPP bearer", app(`{"channel":"WHATSAPP","static_bearer":{"claimed_identity":"i","token":"t"},"verify_token":"v","provider_url":"http://127.0.0.1:9/x"}`), nil},
		{"VIBERBM bearer", app(`{"channel":"VIBERBM","static_bearer":{"claimed_identity":"i","token":"t"}}`), nil},
		{"MESSENGER", app(`{"channel":"MESSENGER","static_token":{"token":"t"},"callback_secret":"` + long(256) + `"}`), nil},
		{"VIBER", app(`{"channel":"VIBER","static_token":{"token":"t"}}`), nil},
		{"MMS", app(`{"channel":"MMS","mms_credentials":{"account_id":"a","api_key":"k","basic_auth":{"username":"u","password":"p"}}}`), nil},
		{"KAKAOTALK", app(`{"channel":"KAKAOTALK","kakaotalk_credentials":{"kakaotalk_plus_friend_id":"f","kakaotalk_sender_key":"k"}}`), nil},
		{"KAKAOTALKCHAT", app(`{"channel":"KAKAOTALKCHAT","kakaotalkchat_credentials":{"kakaotalk_plus_friend_id":"f"}}`), nil},
		{"TELEGRAM", app(`{"channel":"TELEGRAM","telegram_credentials":{"token":"t"},"assume_delivered":false,"in_doubt_policy":"RESEND"}`), nil},
		{"LINE", app(`{"channel":"LINE","line_credentials":{"token":"t","secret":"s","is_default":true},"credential_ordinal_number":255}`), nil},
		{"LINE enterprise", app(`{"channel":"LINE","line_enterprise_credentials":{"line_thailand":{"token":"t","secret":"s"}}}`), nil},
		{"WECHAT", app(`{"channel":"WECHAT","wechat_credentials":{"app_id":"a","app_secret":"s","token":"t","aes_key":"k"}}`), nil},
		{"INSTAGRAM", app(`{"channel":"INSTAGRAM","instagram_credentials":{"token":"t"}}`), nil},
		{"APPLEBC", app(`{"channel":"APPLEBC","applebc_credentials":{"business_chat_account_id":"b"}}`), nil},
		{"SMPP", app(`{"channel":"SMS","smpp_credentials":{"address":"h:2775","system_id":"s","password":"p","source_ton":5,"bind_mode":"TX_RX"}}`), nil},
		{"HTTP SMS", app(`{"channel":"SMS","http_sms_credentials":{"profile":"kannel","any":1}}`), nil},
		{"EMAIL", app(`{"channel":"EMAIL","email_credentials":{"host":"h"}}`), nil},

		{"no form", app(`{"channel":"SMS"}`), []string{one}},
		{"two forms", app(`{"channel":"SMS","static_bearer":{"claimed_identity":"i","token":"t"},"smpp_credentials":{"address":"h:1","system_id":"s"}}`), []string{one}},
		{"another channel's form", app(`{"channel":"TELEGRAM","static_token":{"token":"t"}}`), []string{one, one + ".static_token"}},
		{"members missing", app(`{"channel":"MMS","mms_credentials":{}}`),
			[]string{one + ".mms_credentials.account_id", one + ".mms_credentials.api_key", one + ".mms_credentials.basic_auth.username", one + ".mms_credentials.basic_auth.password"}},
		{"LINE enterprise without a country", app(`{"channel":"LINE","line_enterprise_credentials":{}}`),
			[]string{one + ".line_enterprise_credentials.line_japan.token", one + ".line_enterprise_credentials.line_japan.secret"}},
		{"HTTP SMS without a profile", app(`{"channel":"SMS","http_sms_credentials":{}}`), []string{one + ".http_sms_credentials.profile"}},
		{"HTTP SMS is an object", app(`{"channel":"SMS","http_sms_credentials":"x"}`), []string{one + ".http_sms_credentials"}},
		{"common members", app(`{"channel":"TELEGRAM","telegram_credentials":{"token":"t"},"callback_secret":"` + long(257) + `","credential_ordinal_number":256,"provider_url":"h:1","in_doubt_policy":"GUESS"}`),
			[]string{one + ".callback_secret", one + ".credential_ordinal_number", one + ".provider_url", one + ".in_doubt_policy"}},
		{"SMPP limits", app(`{"channel":"SMS","smpp_credentials":{"address":"h","system_id":"` + long(16) + `","password":"` + long(9) + `","system_type":"` + long(13) + `","bind_mode":"X","binds":11,"window":1001,"max_tps":-1,"enquire_seconds":-1,"source_ton":256,"source_npi":-1}}`),
			[]string{one + ".smpp_credentials.address", one + ".smpp_credentials.system_id", one + ".smpp_credentials.password", one + ".smpp_credentials.system_type",
				one + ".smpp_credentials.bind_mode", one + ".smpp_credentials.binds", one + ".smpp_credentials.window", one + ".smpp_credentials.max_tps",
				one + ".smpp_credentials.enquire_seconds", one + ".smpp_credentials.source_ton", one + ".smpp_credentials.source_npi"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wrong, checked(t, tc.body, (*App).Validate)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUpdates(t *testing.T) {
	cases := []struct {
		name, body string
		check      func(*testing.T, string) []string
		wrong      []string
	}{
		{"app, nothing", `{}`, checkApp, nil},
		{"app, limits", `{"retention_policy":{"ttl_days":3650},"dispatch_retention_policy":{"ttl_days":7},"message_retry_settings":{"retry_duration":30},"delivery_report_based_fallback":{"enabled":true,"delivery_report_waiting_time":259200}}`, checkApp, nil},
		{"app, nulls", `{"message_retry_settings":null,"retention_policy":null}`, checkApp, nil},
		{"app, beyond", `{"retention_policy":{"ttl_days":3651,"retention_type":"X"},"dispatch_retention_policy":{"ttl_days":8,"retention_type":"PERSIST_RETENTION_POLICY"},"message_retry_settings":{"retry_duration":29},"delivery_report_based_fallback":{"delivery_report_waiting_time":9},"processing_mode":"X","conversation_metadata_report_view":"X"}`, checkApp,
			[]string{"conversation_metadata_report_view", "processing_mode", "retention_policy.retention_type", "retention_policy.ttl_days",
				"dispatch_retention_policy.retention_type", "dispatch_retention_policy.ttl_days",
				"delivery_report_based_fallback.delivery_report_waiting_time", "message_retry_settings.retry_duration"}},
		{"app, consent", `{"consent_settings":{"keywords":[{"language":"de","opt_out":["Schluss"]}],"ignore":["END"]}}`, checkApp, nil},
		{"app, consent beyond", `{"consent_settings":{"keywords":[{"opt_in":["` + strings.Repeat("x", 61) + `"]}],"ignore":["` + strings.Repeat(`a","`, 100) + `b"]}}`, checkApp,
			[]string{"consent_settings.keywords[0].language", "consent_settings.keywords[0].opt_in[0]", "consent_settings.ignore"}},
		{"app, wrong types", `{"smart_conversation":{"enabled":"yes"},"message_retry_settings":{"retry_duration":"60"},"retention_policy":[],"channel_credentials":[{"smpp_credentials":{"max_tps":"1"},"http_sms_credentials":null}]}`, checkApp,
			[]string{"channel_credentials[0].smpp_credentials.max_tps", "retention_policy", "smart_conversation.enabled", "message_retry_settings.retry_duration"}},
		{"webhook, nothing", `{}`, checkWebhook, nil},
		{"webhook, bad", `{"target":"gopher://x","target_type":"SMTP","triggers":["CAPABILITY","UNSPECIFIED_TRIGGER","CAPABILITY"],"client_credentials":{"endpoint":"x","scope":"` + long(1025) + `","response_type":"` + long(65) + `","token_request_type":"X"}}`, checkWebhook,
			[]string{"target", "target_type", "triggers[1]", "triggers[2]", "client_credentials.client_id", "client_credentials.client_secret",
				"client_credentials.endpoint", "client_credentials.scope", "client_credentials.response_type", "client_credentials.token_request_type"}},
		{"webhook, longest target", `{"target":"http://h/` + strings.Repeat("x", 733) + `"}`, checkWebhook, nil},
		{"webhook, long target", `{"target":"http://h/` + strings.Repeat("x", 734) + `"}`, checkWebhook, []string{"target"}},
		{"webhook, vendor's host", `{"target":"https://conversation-api.EU.sinch.com/x"}`, checkWebhook, []string{"target"}},
		{"contact, nothing", `{}`, checkContact, nil},
		{"contact, bad", `{"channel_identities":[{"channel":"SMS"}],"channel_priority":[""],"metadata":"` + long(1025) + `","language":"en"}`, checkContact,
			[]string{"channel_identities[0].identity", "channel_priority[0]", "metadata", "language"}},
		{"conversation, nothing", `{}`, checkConversation, nil},
		{"conversation, bad", `{"active_channel":"X","metadata":"` + long(1025) + `","metadata_json":"x","correlation_id":"` + long(129) + `"}`, checkConversation,
			[]string{"active_channel", "metadata", "metadata_json", "correlation_id"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wrong, tc.check(t, tc.body)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func checkApp(t *testing.T, body string) []string { return checked(t, body, (*App).ValidatePatch) }
func checkWebhook(t *testing.T, body string) []string {
	return checked(t, body, (*Webhook).ValidatePatch)
}
func checkContact(t *testing.T, body string) []string {
	return checked(t, body, (*Contact).ValidatePatch)
}
func checkConversation(t *testing.T, body string) []string {
	return checked(t, body, (*Conversation).ValidatePatch)
}

func TestRequiredMembersOfOtherRequests(t *testing.T) {
	cases := map[string]struct{ got, want []string }{
		"webhook":      {checked(t, `{}`, (*Webhook).Validate), []string{"app_id", "target"}},
		"contact":      {checked(t, `{}`, (*Contact).Validate), []string{"channel_identities", "language"}},
		"conversation": {checked(t, `{}`, (*Conversation).Validate), []string{"app_id", "contact_id"}},
		"merge":        {checked(t, `{"strategy":"X"}`, (*MergeContactRequest).Validate), []string{"source_id", "strategy"}},
		"profile":      {checked(t, `{"channel":"SMS"}`, (*ChannelProfileRequest).Validate), []string{"app_id", "recipient", "channel"}},
		"capability":   {checked(t, `{}`, (*CapabilityRequest).Validate), []string{"app_id", "recipient"}},
		"transcode":    {checked(t, `{}`, (*TranscodeMessageRequest).Validate), []string{"app_id", "app_message", "channels"}},
		"metadata":     {checked(t, `{}`, (*UpdateMessageRequest).Validate), []string{"metadata"}},
		"event":        {checked(t, `{}`, (*SendEventRequest).Validate), []string{"app_id", "recipient", "event"}},
		"fetch last": {checked(t, `{"channel_identities":["1"],"contact_ids":["c"],"messages_source":"DISPATCH_SOURCE","page_size":-1}`, (*FetchLastMessageRequest).Validate),
			[]string{"contact_ids", "contact_ids", "page_size"}},
		"fetch last of nobody": {checked(t, `{"page_size":1001}`, (*FetchLastMessageRequest).Validate), []string{"channel_identities"}},
		"fetch last of many": {checked(t, `{"contact_ids":["c"`+strings.Repeat(`,"c"`, 1000)+`]}`, (*FetchLastMessageRequest).Validate),
			[]string{"contact_ids"}},
		"template": {checked(t, `{"default_translation":"sv","translations":[{"language_code":"en-US","variables":[{}]}]}`, (*Template).Validate),
			[]string{"translations[0].variables[0].key", "translations[0]", "default_translation"}},
		"event parts": {checked(t, `{"app_id":"a","recipient":{"contact_id":"c"},"event":{"agent_joined_event":{},"comment_reply_event":{},"generic_event":{"payload":1}}}`, (*SendEventRequest).Validate),
			[]string{"event", "event.comment_reply_event.text", "event.agent_joined_event.agent", "event.generic_event.payload"}},
	}
	for name, tc := range cases {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestInDoubtPolicyInAnyCase(t *testing.T) {
	for text, want := range map[string]InDoubtPolicy{`"wait"`: InDoubtWait, `"RESEND"`: InDoubtResend, `"Resend"`: InDoubtResend, `""`: ""} {
		var c ChannelCredential
		if err := Decode([]byte(`{"channel":"SMS","in_doubt_policy":`+text+`}`), &c); err != nil || c.InDoubtPolicy != want {
			t.Errorf("%s: %q, %v; want %q", text, c.InDoubtPolicy, err, want)
		}
	}
}
