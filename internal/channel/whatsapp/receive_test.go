package whatsapp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
)

func encode(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// webhook puts members of a value of field messages into a webhook.
func webhook(members string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"1","phone_number_id":"` +
		phoneNumberID + `"},` + members + `}}]}]}`
}

func TestChallenge(t *testing.T) {
	for name, tt := range map[string]struct {
		query  url.Values
		status int
		body   string
	}{
		"right":       {url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {verifyToken}, "hub.challenge": {"<1158201444>"}}, 200, "<1158201444>"},
		"wrong token": {url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {"x"}, "hub.challenge": {"1"}}, 403, ""},
		"no token":    {url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"1"}}, 403, ""},
		"other mode":  {url.Values{"hub.mode": {"unsubscribe"}, "hub.verify_token": {verifyToken}, "hub.challenge": {"1"}}, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/channels/A/WHATSAPP?"+tt.query.Encode(), nil)
			batch, reply, err := adapter(t, "").(channel.Receiver).Receive(t.Context(), r, nil)
			if reply.Status != tt.status || string(reply.Body) != tt.body || (err == nil) != (tt.status == 200) || len(batch.Inbound) > 0 {
				t.Errorf("reply %d %q, %v", reply.Status, reply.Body, err)
			}
			if tt.status == 200 && !strings.HasPrefix(reply.ContentType, "text/plain") {
				t.Errorf("content type %q: a challenge is not markup", reply.ContentType)
			}
		})
	}
}

// An account without a verify token has nothing that a challenge could match.
func TestChallengeWithoutVerifyToken(t *testing.T) {
	account := harness().Account("")
	account.Credential.VerifyToken = ""
	a, err := harness().Definition.Open(account, channel.Env{HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/?hub.mode=subscribe&hub.verify_token=&hub.challenge=1", nil)
	if _, reply, err := a.(channel.Receiver).Receive(t.Context(), r, nil); err == nil || reply.Status != http.StatusForbidden {
		t.Errorf("reply %d, %v", reply.Status, err)
	}
}

// An empty secret is the contract's way to turn the check off.
func TestNoSecretNoCheck(t *testing.T) {
	account := harness().Account("")
	account.Credential.CallbackSecret = ""
	a, err := harness().Definition.Open(account, channel.Env{HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	_, body := harness().Notification()
	batch, _, err := a.(channel.Receiver).Receive(t.Context(), httptest.NewRequest(http.MethodPost, "/", nil), body)
	if err != nil || len(batch.Inbound) != 1 {
		t.Errorf("%d inbound, %v", len(batch.Inbound), err)
	}
}

func TestStatuses(t *testing.T) {
	at := time.Unix(1750000000, 0).UTC()
	for word, want := range map[string][]channel.Report{
		"sent":      {{Ref: "w", MessageID: "01J0M", Status: convapi.StatusQueuedOnChannel, At: at}},
		"delivered": {{Ref: "w", MessageID: "01J0M", Status: convapi.StatusDelivered, At: at}},
		"read":      {{Ref: "w", MessageID: "01J0M", Status: convapi.StatusRead, At: at}},
		"played":    {{Ref: "w", MessageID: "01J0M", Status: convapi.StatusRead, At: at}},
		"deleted":   nil,
		"warning":   nil,
		"failed": {{Ref: "w", MessageID: "01J0M", Status: convapi.StatusFailed, At: at, Reason: convapi.Reason{
			Code: convapi.ReasonUnknown, Description: "The underlying channel reported: no reason", SubCode: convapi.SubCodeUnspecified,
		}}},
	} {
		got := receive(t, webhook(`"statuses":[{"id":"w","status":"`+word+`","timestamp":"1750000000","recipient_id":"1","biz_opaque_callback_data":"01J0M"}]`))
		if diff := cmp.Diff(want, got.Reports); diff != "" {
			t.Errorf("%s (-want +got):\n%s", word, diff)
		}
	}
}

// A POST may hold several entries and changes; one that we do not understand
// does not take the others with it, and other numbers' messages are not ours.
func TestSeveralInOne(t *testing.T) {
	change := func(number, id string) string {
		return `{"field":"messages","value":{"metadata":{"phone_number_id":"` + number + `"},"messages":[{"id":"` + id + `","from":"1","type":"text","text":{"body":"x"}}]}}`
	}
	body := `{"entry":[{"changes":[` + change(phoneNumberID, "m1") + `,{"field":"account_update","value":{"event":"x"}},{"field":"messages","value":"?"}]},` +
		`{"changes":[` + change("999", "m2") + `,` + change(phoneNumberID, "m3") + `,` +
		`{"field":"messages","value":{"metadata":{"phone_number_id":"` + phoneNumberID + `"},"statuses":[7,{"id":"s1","status":"read"}],"messages":[7,{"id":"m4","from":"1","type":"text","text":5},{"id":"m5","from":"1","type":"text","text":{"body":"y"}}]}}]}]}`
	batch := receive(t, body)
	var keys []string
	for _, in := range batch.Inbound {
		keys = append(keys, in.Key)
	}
	if diff := cmp.Diff([]string{"m1", "m3", "m4", "m5"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if string(batch.Inbound[2].Unsupported) != `{"id":"m4","from":"1","type":"text","text":5}` {
		t.Errorf("m4 is %+v, want it as it came", batch.Inbound[2])
	}
	if len(batch.Reports) != 1 || batch.Reports[0].Ref != "s1" {
		t.Errorf("reports %+v", batch.Reports)
	}
}

func TestNotJSON(t *testing.T) {
	body := []byte(`{"entry":`)
	batch, reply, err := adapter(t, "").(channel.Receiver).Receive(t.Context(), signed(body), body)
	if err == nil || reply.Status != http.StatusBadRequest || len(batch.Inbound) > 0 {
		t.Errorf("reply %d, %v", reply.Status, err)
	}
}

// Meta's own sixteen examples: each message is understood, except the one that
// is unsupported by its type, and changes of groups are accepted silently.
func TestDescribedWebhooks(t *testing.T) {
	spec := channeltest.LoadSpec(t, "whatsapp-cloud-v23.json")
	examples := spec.Doc.Paths.Find("/whatsapp/webhooks").Post.RequestBody.Value.Content["application/json"].Examples
	if len(examples) != 16 {
		t.Errorf("%d examples, want 16", len(examples))
	}
	want := map[string]func(channel.Inbound) bool{
		"Text Message": func(in channel.Inbound) bool {
			return in.Message.TextMessage.Text == "Does it come in another color?" && in.ReplyToRef == "" && in.At.Equal(time.Unix(1749416383, 0))
		},
		"Text Message with Context (Product Inquiry)": func(in channel.Inbound) bool {
			return in.Message.TextMessage.Text == "Is this still available?" && in.ReplyToRef == "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGA9wcm9kdWN0X2lucXVpcnkA"
		},
		"Text Message from Click to WhatsApp Ad": func(in channel.Inbound) bool {
			return in.Message.TextMessage.Text == "Hello! Can I get more info on this?" && strings.Contains(in.Metadata, `"ctwa_clid"`)
		},
		"Reaction Message": func(in channel.Inbound) bool {
			r := in.MessageEvent.ReactionEvent
			return r.Emoji == "👍" && r.Action == convapi.ReactionReact && in.EventRef == "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI0RTJEOTc2ODVERUY5RDlGNkYA"
		},
		"Image Message": func(in channel.Inbound) bool {
			m := in.Message.MediaCardMessage
			return m.Caption == "Taj Mahal" && strings.HasPrefix(m.URL, "http://gateway.test/channels/APP1/WHATSAPP/media/") && strings.HasSuffix(m.URL, ".1003383421387256")
		},
		"Location Message": func(in channel.Inbound) bool {
			l := in.Message.LocationMessage
			return l.Coordinates.Latitude == 37.44221496582 && l.Coordinates.Longitude == -122.16165924072 && l.Title == "Philz Coffee" && l.Label == "101 Forest Ave, Palo Alto, CA 94301"
		},
		"Contact Sharing Message": func(in channel.Inbound) bool {
			return strings.Contains(in.Message.FallbackMessage.RawMessage, "19835552319")
		},
		"Unsupported Message": func(in channel.Inbound) bool {
			return strings.Contains(string(in.Unsupported), `131051`)
		},
		"Button Message": func(in channel.Inbound) bool {
			return in.Message.ChoiceResponseMessage.PostbackData == "Unsubscribe" && in.ReplyToRef != ""
		},
		"Interactive List Reply Message": func(in channel.Inbound) bool {
			return in.Message.ChoiceResponseMessage.PostbackData == "priority_express" && in.ReplyToRef != ""
		},
		"Interactive Button Reply Message": func(in channel.Inbound) bool {
			return in.Message.ChoiceResponseMessage.PostbackData == "cancel-button" && in.ReplyToRef != ""
		},
		"Order Message": func(in channel.Inbound) bool {
			o := in.Message.ProductResponseMessage
			return o.CatalogID == "194836987003835" && len(o.Products) == 2 && o.Products[1] == convapi.ListProduct{ID: "nqryix03ez", Marketplace: "FACEBOOK", Quantity: 1, ItemPrice: 25, Currency: "USD"}
		},
		"System Message": func(in channel.Inbound) bool {
			return in.ChannelEvent.EventType == "WHATS_APP_USER_CHANGED_NUMBER" && strings.Contains(string(in.ChannelEvent.AdditionalData), "12195555358")
		},
	}
	for name, example := range examples {
		t.Run(name, func(t *testing.T) {
			batch := receive(t, encode(t, example.Value.Value))
			check, ok := want[name]
			if !ok {
				if !strings.HasPrefix(name, "Group ") || len(batch.Inbound)+len(batch.Reports) != 0 {
					t.Errorf("got %+v", batch)
				}
				return
			}
			if len(batch.Inbound) != 1 || batch.Inbound[0].Identity != "16505551234" || !strings.HasPrefix(batch.Inbound[0].Key, "wamid.") {
				t.Fatalf("got %+v", batch.Inbound)
			}
			if !check(batch.Inbound[0]) {
				t.Errorf("got %s", encode(t, batch.Inbound[0]))
			}
		})
	}
}

// Forms that the examples do not have.
func TestInbound(t *testing.T) {
	tests := []struct {
		name, message string
		want          channel.Inbound
	}{
		{"user id only", `"messages":[{"id":"m","from_user_id":"US.134","type":"text","text":{"body":"x"}}]`,
			channel.Inbound{Key: "m", Identity: "US.134", Message: &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: "x"}}}},
		{"number and user id", `"messages":[{"id":"m","from":"467","from_user_id":"US.134","type":"text","text":{"body":"x"}}]`,
			channel.Inbound{Key: "m", Identity: "467", Message: &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: "x"}}}},
		{"sender in the contacts", `"contacts":[{"profile":{"name":"A"},"user_id":"US.134"}],"messages":[{"id":"m","type":"text","text":{"body":"x"}}]`,
			channel.Inbound{Key: "m", Identity: "US.134", Message: &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: "x"}}}},
		{"reaction taken off", `"messages":[{"id":"m","from":"467","type":"reaction","reaction":{"message_id":"w"}}]`,
			channel.Inbound{Key: "m", Identity: "467", EventRef: "w", MessageEvent: &convapi.ContactMessageEvent{ReactionEvent: &convapi.ReactionEvent{Action: convapi.ReactionUnreact}}}},
		{"flow", `"messages":[{"id":"m","from":"467","context":{"id":"w"},"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{}"}}}]`,
			channel.Inbound{Key: "m", Identity: "467", ReplyToRef: "w", Message: &convapi.ContactMessage{ChannelSpecificMessage: &convapi.ChannelSpecificContactMessage{
				MessageType: "nfm_reply", Message: json.RawMessage(`{"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{}"}}`)}}}},
		{"unknown interactive", `"messages":[{"id":"m","from":"467","type":"interactive","interactive":{"type":"new_reply"}}]`,
			channel.Inbound{Key: "m", Identity: "467", Unsupported: []byte(`{"id":"m","from":"467","type":"interactive","interactive":{"type":"new_reply"}}`)}},
		{"unknown type", `"messages":[{"id":"m","from":"467","type":"hologram"}]`,
			channel.Inbound{Key: "m", Identity: "467", Unsupported: []byte(`{"id":"m","from":"467","type":"hologram"}`)}},
		{"media without a number for an id", `"messages":[{"id":"m","from":"467","type":"image","image":{"id":"../x"}}]`,
			channel.Inbound{Key: "m", Identity: "467", Unsupported: []byte(`{"id":"m","from":"467","type":"image","image":{"id":"../x"}}`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want.Message != nil {
				tt.want.Ref = "m"
			}
			if diff := cmp.Diff([]channel.Inbound{tt.want}, receive(t, webhook(tt.message)).Inbound); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOtherFields(t *testing.T) {
	body := func(field, value string) string {
		return `{"entry":[{"id":"42","time":1750000000,"changes":[{"field":"` + field + `","value":` + value + `}]}]}`
	}
	at := time.Unix(1750000000, 0).UTC()
	preference := func(value string) string {
		return `{"metadata":{"phone_number_id":"` + phoneNumberID + `"},"user_preferences":[{"wa_id":"467","category":"marketing_messages","value":"` + value + `","timestamp":1750000000}]}`
	}
	quality := `{"display_phone_number":"1","event":"FLAGGED","current_limit":"TIER_1K"}`
	for name, tt := range map[string]struct {
		body string
		want []channel.Inbound
	}{
		"stop":         {body("user_preferences", preference("stop")), []channel.Inbound{{Identity: "467", At: at, Opt: &channel.Opt{List: convapi.OptOutMarketing}}}},
		"resume":       {body("user_preferences", preference("resume")), []channel.Inbound{{Identity: "467", At: at, Opt: &channel.Opt{In: true, List: convapi.OptOutMarketing}}}},
		"other wish":   {body("user_preferences", preference("perhaps")), nil},
		"other number": {body("user_preferences", strings.Replace(preference("stop"), phoneNumberID, "1", 1)), nil},
		"quality": {body("phone_number_quality_update", quality), []channel.Inbound{{At: at, ChannelEvent: &convapi.ChannelEvent{
			Channel: convapi.ChannelWhatsApp, EventType: "WHATS_APP_QUALITY_RATING_CHANGED", AdditionalData: json.RawMessage(quality)}}}},
		"template status": {body("message_template_status_update", `{"event":"APPROVED"}`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := receive(t, tt.body).Inbound
			keys := map[string]bool{}
			for i := range got {
				keys[got[i].Key] = true
				got[i].Key = ""
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(keys) != len(got) || keys[""] {
				t.Errorf("keys %v, (-want +got):\n%s", keys, diff)
			}
		})
	}
}

// Whatever comes with a right signature: no panic, and every item is one that
// the engine can store.
func FuzzReceive(f *testing.F) {
	_, body := harness().Notification()
	f.Add(body)
	f.Add([]byte(webhook(`"messages":[{"id":"m","from":"467","type":"order","order":{"product_items":[{"quantity":1}]}}],"statuses":[{"id":"s","status":"failed","errors":[{"code":131047}]}]`)))
	f.Add([]byte(webhook(`"messages":[{"id":"m","from":"467","type":"image","image":{"id":"12","caption":"c"},"referral":{}},{"id":"n","from_user_id":"US.1","type":"system","system":{"type":"user_changed_number"}}]`)))
	f.Add([]byte(`{"entry":[{"id":"1","time":1e99,"changes":[{"field":"phone_number_quality_update","value":{}},{"field":"user_preferences","value":{"user_preferences":[{}]}}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, reply, err := adapter(t, "").(channel.Receiver).Receive(t.Context(), signed(body), body)
		channeltest.CheckBatch(t, batch, reply, err)
	})
}
