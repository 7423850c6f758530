package convapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// messageTypes has every type and every form of messages in canonical form with
// the members in the order of the types.
var messageTypes = []string{
	`{"text_message":{"text":"<b>&å"}}`,
	`{"media_message":{"url":"u","thumbnail_url":"t","filename_override":"f"}}`,
	`{"card_message":{"title":"t","description":"d","media_message":{"url":"u"},"choices":[{"text_message":{"text":"x"},"postback_data":"p"}],"height":"MEDIUM","message_properties":{"whatsapp_header":"h"}}}`,
	`{"carousel_message":{"cards":[{"title":"t"}],"choices":[{"url_message":{"title":"t","url":"u"}}]}}`,
	`{"choice_message":{"text_message":{"text":"q"},"choices":[{"call_message":{"title":"t","phone_number":"+1"}},{"location_message":{"coordinates":{"latitude":0,"longitude":-4.3727684},"title":"t","label":"l"}},{"calendar_message":{"title":"t","event_start":"2026-05-04T08:00:00Z","event_end":"2026-05-04T09:00:00Z","event_title":"e","event_description":"d","fallback_url":"u"}},{"share_location_message":{"title":"t","fallback_url":"u"},"display_mode":"PERSISTENT"}],"message_properties":{"whatsapp_footer":"f"}}}`,
	`{"list_message":{"title":"t","description":"d","media":{"url":"u"},"sections":[{"title":"s","items":[{"choice":{"title":"c","description":"d","media":{"url":"u"},"postback_data":"p"}},{"product":{"id":"1","marketplace":"FACEBOOK","quantity":2,"item_price":1.5,"currency":"EUR"}}]}],"message_properties":{"catalog_id":"c","menu":"m","whatsapp_header":"h"}}}`,
	`{"location_message":{"coordinates":{"latitude":47.79819,"longitude":-4.3727684},"title":"t","label":"l"}}`,
	`{"contact_info_message":{"name":{"full_name":"n","first_name":"f","last_name":"l","middle_name":"m","prefix":"p","suffix":"s"},"phone_numbers":[{"phone_number":"1","type":"t"}],"addresses":[{"city":"c","country":"c","state":"s","zip":"z","type":"t","country_code":"cc"}],"email_addresses":[{"email_address":"e","type":"t"}],"organization":{"company":"c","department":"d","title":"t"},"urls":[{"url":"u","type":"t"}],"birthday":"2001-02-03"}}`,
	`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t","language_code":"en_US","parameters":{"k":"v"}}},"omni_template":{"template_id":"o","version":"latest"}}}`,
	`{"text_message":{"text":"x"},"explicit_channel_message":{"SMS":"{}"},"explicit_channel_omni_message":{"RCS":{"template_reference":{"template_id":"t","version":"1"}},"SMS":{"text_message":{"text":"y"}}},"channel_specific_message":{"WHATSAPP":{"message_type":"FLOWS","message":{"flow_id":"1"}}},"agent":{"display_name":"n","type":"BOT","picture_url":"p"},"reply_to":{"message_id":"m"}}`,
}

// contactMessageForms has every form of inbound messages.
var contactMessageForms = []string{
	`{"text_message":{"text":"x"},"reply_to":{"message_id":"m"}}`,
	`{"media_message":{"url":"u"}}`,
	`{"media_card_message":{"url":"u","caption":"c"}}`,
	`{"location_message":{"coordinates":{"latitude":1.5,"longitude":2},"title":"t"}}`,
	`{"choice_response_message":{"message_id":"m","postback_data":""}}`,
	`{"fallback_message":{"raw_message":"r","reason":{"code":"BAD_REQUEST","description":"d","sub_code":"UNSPECIFIED_SUB_CODE"}}}`,
	`{"product_response_message":{"products":[{"id":"1","marketplace":"FACEBOOK","quantity":1,"item_price":9.99,"currency":"EUR"}],"title":"t","catalog_id":"c"}}`,
	`{"channel_specific_message":{"message_type":"nfm_reply","message":{"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{}","body":"b"}}}}`,
}

func TestMessagesSurviveDecodeAndMarshal(t *testing.T) {
	for _, text := range messageTypes {
		roundTrip(t, text, &AppMessage{})
	}
	for _, text := range contactMessageForms {
		roundTrip(t, text, &ContactMessage{})
	}
}

func roundTrip(t *testing.T, text string, v any) {
	t.Helper()
	if err := Decode([]byte(text), v); err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	got, err := Marshal(v)
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	if diff := cmp.Diff(text, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestAnswersShowTheirDefaults(t *testing.T) {
	cases := []struct {
		name string
		v    any
		want string
	}{
		{"app", App{ID: "a", DisplayName: "d", ChannelCredentials: []ChannelCredential{{Channel: ChannelTelegram, TelegramCredentials: &TelegramCredentials{"tok"}}}}.WithDefaults(),
			`{"id":"a","display_name":"d","channel_credentials":[{"channel":"TELEGRAM","callback_secret":"","state":{"status":"PENDING","description":""},"channel_known_id":"","credential_ordinal_number":0,"telegram_credentials":{"token":"tok"}}],` +
				`"conversation_metadata_report_view":"NONE","retention_policy":{"retention_type":"MESSAGE_EXPIRE_POLICY","ttl_days":180},"dispatch_retention_policy":{"retention_type":"MESSAGE_EXPIRE_POLICY","ttl_days":0},` +
				`"processing_mode":"DISPATCH","smart_conversation":{"enabled":false},"callback_settings":{"secret_for_overridden_callback_urls":""},"delivery_report_based_fallback":{"enabled":false,"delivery_report_waiting_time":0},` +
				`"message_retry_settings":{"retry_duration":3600},"persist_message_status":{"enabled":false},"message_search":{"enabled":false},"rate_limits":{"inbound":25,"outbound":25,"webhooks":25},"queue_stats":{"outbound_size":0,"outbound_limit":500000}}`},
		{"apps", ListAppsResponse{}, `{"apps":[]}`},
		{"webhook", Webhook{ID: "w", Secret: "s", RoutingConfiguration: json.RawMessage(`{"new": true}`)},
			`{"id":"w","app_id":"","target":"","target_type":"DISMISS","triggers":[],"secret":"s","client_credentials":null,"routing_configuration":{"new":true}}`},
		{"webhook with OAuth2", Webhook{ClientCredentials: &WebhookClientCredentials{ClientID: "i", ClientSecret: "s", Endpoint: "e"}},
			`{"id":"","app_id":"","target":"","target_type":"DISMISS","triggers":[],"secret":"","client_credentials":{"client_id":"i","client_secret":"s","endpoint":"e"}}`},
		{"contact", Contact{}, `{"id":"","channel_identities":[],"channel_priority":[],"display_name":"","email":"","external_id":"","metadata":"","language":"UNSPECIFIED"}`},
		{"contacts", ListContactsResponse{}, `{"contacts":[],"next_page_token":""}`},
		{"conversation", Conversation{}, `{"id":"","app_id":"","contact_id":"","last_received":"1970-01-01T00:00:00Z","active_channel":"","active":false,"metadata":"","metadata_json":{},"correlation_id":""}`},
		{"messages", ListMessagesResponse{}, `{"messages":[],"next_page_token":""}`},
		{"conflicts", ListIdentityConflictsResponse{}, `{"conflicts":[],"next_page_token":""}`},
		{"conversations", ListConversationsResponse{}, `{"conversations":[],"next_page_token":"","total_size":0}`},
		{"recent", ListRecentConversationsResponse{}, `{"conversations":[],"next_page_token":"","total_size":0}`},
		{"events", ListEventsResponse{}, `{"events":[],"next_page_token":""}`},
		{"webhooks", ListWebhooksResponse{}, `{"webhooks":[]}`},
		{"consents", ListConsentsResponse{}, `{"identities":[],"next_page_token":""}`},
		{"consent history", ConsentAuditResponse{Identity: ConsentIdentity{"+47"}}, `{"identity":{"identity":"+47"},"audit_records":[]}`},
		{"templates", ListTemplatesResponse{[]Template{{ID: "t", Version: 1}}}, `{"templates":[{"id":"t","description":"","version":1,"default_translation":"","translations":[],"create_time":"1970-01-01T00:00:00Z","update_time":"1970-01-01T00:00:00Z"}]}`},
		{"translations", ListTranslationsResponse{}, `{"translations":[]}`},
		{"no secret object", SecretObject(nil), `null`},
		{"translation", TemplateTranslation{LanguageCode: "en"}, `{"language_code":"en","version":"","variables":[],"channel_template_overrides":{},"create_time":"1970-01-01T00:00:00Z","update_time":"1970-01-01T00:00:00Z"}`},
		{"error", ErrorResponse{ErrorDetail{Code: 404, Message: "m", Status: "NOT_FOUND"}}, `{"error":{"code":404,"message":"m","status":"NOT_FOUND","details":[]}}`},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Marshal(tc.v)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWithDefaultsKeepsWhatIsSetAndTheReceiver(t *testing.T) {
	given := App{RetentionPolicy: &RetentionPolicy{TTLDays: 7}, ProcessingMode: ModeConversation}
	got := given.WithDefaults()
	if got.RetentionPolicy.TTLDays != 7 || got.ProcessingMode != ModeConversation {
		t.Errorf("overwritten: %+v", got)
	}
	if given.RetentionPolicy.RetentionType != "" || given.QueueStats != nil {
		t.Errorf("the receiver was changed: %+v", given)
	}
}

// secretHolders has every type with a secret in it, by value and behind pointers.
func secretHolders() []any {
	const secret Secret = "hunter2"
	credential := ChannelCredential{
		Channel: ChannelSMS, CallbackSecret: secret, VerifyToken: secret,
		EmailCredentials: SecretObject(`{"password":"hunter2"}`), HTTPSMSCredentials: SecretObject(`{"password":"hunter2"}`),
		StaticBearer: &StaticBearer{Token: secret}, StaticToken: &StaticToken{Token: secret},
		MMSCredentials:            &MMSCredentials{APIKey: secret, BasicAuth: &BasicAuth{Password: secret}},
		KakaoTalkCredentials:      &KakaoTalkCredentials{KakaoTalkSenderKey: secret},
		KakaoTalkChatCredentials:  &KakaoTalkChatCredentials{APIKey: secret},
		TelegramCredentials:       &TelegramCredentials{Token: secret},
		LINECredentials:           &LINECredentials{Token: secret, Secret: secret},
		LINEEnterpriseCredentials: &LINEEnterpriseCredentials{LINEJapan: &LINEAccount{Token: secret, Secret: secret}},
		WeChatCredentials:         &WeChatCredentials{AppSecret: secret, Token: secret, AESKey: secret},
		InstagramCredentials:      &InstagramCredentials{Token: secret},
		AppleBCCredentials:        &AppleBCCredentials{ApplePayCertificatePassword: secret},
		SMPPCredentials:           &SMPPCredentials{Password: secret},
	}
	webhook := Webhook{ID: "w-1", Secret: secret, ClientCredentials: &WebhookClientCredentials{ClientSecret: secret}}
	app := App{ID: "a-1", ChannelCredentials: []ChannelCredential{credential}, CallbackSettings: &CallbackSettings{secret}}
	return []any{
		secret, credential.EmailCredentials, credential, &credential, webhook, &webhook, app, &app,
		credential.StaticBearer, credential.StaticToken, credential.MMSCredentials, credential.MMSCredentials.BasicAuth,
		credential.KakaoTalkCredentials, credential.KakaoTalkChatCredentials, credential.TelegramCredentials,
		credential.LINECredentials, credential.LINEEnterpriseCredentials, credential.LINEEnterpriseCredentials.LINEJapan,
		credential.WeChatCredentials, credential.InstagramCredentials, credential.AppleBCCredentials,
		credential.SMPPCredentials, app.CallbackSettings, webhook.ClientCredentials,
	}
}

func TestSecretsPrintMasked(t *testing.T) {
	for _, v := range secretHolders() {
		if data, err := Marshal(v); err != nil || !leaks(string(data)) {
			t.Errorf("%T: the wire must carry the secret: %s, %v", v, data, err)
		}
		for _, shown := range []any{v, struct{ V any }{v}, []any{v}, map[string]any{"k": v}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
				if text := fmt.Sprintf(verb, shown); leaks(text) || !strings.Contains(text, masked) {
					t.Errorf("%s of %T: %s", verb, v, text)
				}
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		if leaks(log.String()) || !strings.Contains(log.String(), masked) {
			t.Errorf("log of %T: %s", v, log.String())
		}
	}
}

func TestPrintStaysReadable(t *testing.T) {
	cases := map[string]string{
		Secret("").String():                       "",
		fmt.Sprintf("%q", Secret("x")):            `"***"`,
		fmt.Sprintf("%#v", Secret("x")):           `"***"`,
		Secret("x").GoString():                    `"***"`,
		SecretObject("{}").GoString():             `"***"`,
		fmt.Sprint((*StaticToken)(nil)):           "<nil>",
		fmt.Sprint(Webhook{ID: "w", Secret: "x"}): "{ID:w AppID: Target: TargetType: Triggers:[] Secret:*** ClientCredentials:<nil> RoutingConfiguration:[]}",
	}
	for got, want := range cases {
		if got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
}

// leaks reports whether text shows hunter2, in clear or in hexadecimal.
func leaks(text string) bool {
	return strings.Contains(text, "hunter2") || strings.Contains(strings.ToLower(text), "68756e74657232") || strings.Contains(text, "104 117 110")
}

func TestTimeForms(t *testing.T) {
	cases := []struct{ in, want string }{
		{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"},
		{"2026-01-02T03:04:05.1200Z", "2026-01-02T03:04:05.12Z"},
		{"2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"},
		{"2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05Z"},
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
		{"", "1970-01-01T00:00:00Z"},
	}
	for _, tc := range cases {
		var parsed Time
		if err := json.Unmarshal([]byte(`"`+tc.in+`"`), &parsed); err != nil || parsed.String() != tc.want {
			t.Errorf("%q = %q, %v, want %q", tc.in, parsed, err, tc.want)
		}
	}
	for _, in := range []string{`"yesterday"`, `7`, `"2026-01-02"`} {
		if err := json.Unmarshal([]byte(in), new(Time)); err == nil {
			t.Errorf("%s was taken for a time", in)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := At(time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "microseconds")))
		data, _ := at.MarshalJSON()
		var back Time
		if err := back.UnmarshalJSON(data); err != nil || !back.Equal(at.Time) {
			t.Fatalf("%s became %s, %v", data, back, err)
		}
	})
}
