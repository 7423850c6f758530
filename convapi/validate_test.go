package convapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// send wraps a message in an otherwise valid send request.
func send(message string) string { return sendWith(`"message":` + message) }

// sendWith puts members into a send request whose other members are valid.
func sendWith(members string) string {
	base := `"app_id":"a","recipient":{"contact_id":"c"}`
	if !strings.Contains(members, `"message":`) {
		base += `,"message":{"text_message":{"text":"hi"}}`
	}
	return "{" + base + "," + members + "}"
}

// repeat makes a JSON list of n copies.
func repeat(n int, element string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
}

func long(n int) string { return strings.Repeat("å", n) }

const textChoice = `{"text_message":{"text":"x"}}`

// sendRequests lists send requests with the members that must be named, in order; no
// members means that the request is fine.
var sendRequests = []struct {
	name, body string
	wrong      []string
}{
	{"smallest", send(`{"text_message":{"text":"hi"}}`), nil},
	{"empty", `{}`, []string{"app_id", "recipient", "message"}},
	{"no body object", `[]`, []string{""}},
	{"null", `null`, []string{""}},
	{"malformed", `{"app_id":`, []string{""}},
	{"trailing", `{} {}`, []string{""}},
	{"not UTF-8", "{\"app_id\":\"\xff\"}", []string{""}},
	{"unknown members", sendWith(`"new_thing":{"x":1}`), nil},
	{"wrong types", `{"app_id":7,"recipient":"x","message":{"choice_message":{"choices":[{},{"url_message":{"url":1}}]}},"channel_properties":{"K":1},"channel_priority_order":{}}`,
		[]string{"app_id", "recipient", "message.choice_message.choices[1].url_message.url", "channel_priority_order", "channel_properties.K"}},
	{"both recipients", `{"app_id":"a","recipient":{"contact_id":"c","identified_by":{"channel_identities":[{"channel":"SMS","identity":"47"}]}},"message":{"text_message":{"text":"x"}}}`, []string{"recipient"}},
	{"no identities", `{"app_id":"a","recipient":{"identified_by":{}},"message":{"text_message":{"text":"x"}}}`, []string{"recipient.identified_by.channel_identities"}},
	{"bad identity", `{"app_id":"a","recipient":{"identified_by":{"channel_identities":[null,{"channel":"FAX","identity":"1"}]}},"message":{"text_message":{"text":"x"}}}`,
		[]string{"recipient.identified_by.channel_identities[0].channel", "recipient.identified_by.channel_identities[0].identity", "recipient.identified_by.channel_identities[1].channel"}},
	{"dispatch needs identities", sendWith(`"processing_strategy":"DISPATCH_ONLY"`), []string{"recipient"}},
	{"callback URL", sendWith(`"callback_url":"http://h:81/p"`), nil},
	{"bad callback URL", sendWith(`"callback_url":"ftp://h/"`), []string{"callback_url"}},
	{"callback URL without host", sendWith(`"callback_url":"https:///p"`), []string{"callback_url"}},
	{"bad channel", sendWith(`"channel_priority_order":["SMS","sms"]`), []string{"channel_priority_order[1]"}},
	{"property", sendWith(`"channel_properties":{"ANY":"` + long(1024) + `"}`), nil},
	{"long property", sendWith(`"channel_properties":{"ANY":"` + long(1025) + `"}`), []string{"channel_properties.ANY"}},
	{"metadata", sendWith(`"message_metadata":"` + long(1024) + `"`), nil},
	{"long metadata", sendWith(`"message_metadata":"` + long(1025) + `"`), []string{"message_metadata"}},
	{"conversation metadata", sendWith(`"conversation_metadata":  { "k" : "` + long(2040) + `" }`), nil},
	{"long conversation metadata", sendWith(`"conversation_metadata":{"k":"` + long(2041) + `"}`), []string{"conversation_metadata"}},
	{"conversation metadata is an object", sendWith(`"conversation_metadata":[1]`), []string{"conversation_metadata"}},
	{"null conversation metadata", sendWith(`"conversation_metadata":null`), nil},
	{"correlation", sendWith(`"correlation_id":"` + long(128) + `"`), nil},
	{"long correlation", sendWith(`"correlation_id":"` + long(129) + `"`), []string{"correlation_id"}},
	{"enums", sendWith(`"queue":"LOW","conversation_metadata_update_strategy":"X","message_content_type":"Y","processing_strategy":"Z"`),
		[]string{"conversation_metadata_update_strategy", "queue", "processing_strategy", "message_content_type"}},
	{"ttl", sendWith(`"ttl":"3s"`), nil},
	{"ttl without unit", sendWith(`"ttl":"10"`), nil},
	{"ttl number", sendWith(`"ttl":315576000000`), nil},
	{"short ttl", sendWith(`"ttl":"2s"`), []string{"ttl"}},
	{"zero ttl", sendWith(`"ttl":0`), []string{"ttl"}},
	{"long ttl", sendWith(`"ttl":"315576000001s"`), []string{"ttl"}},
	{"fractional ttl", sendWith(`"ttl":"10.5s"`), []string{"ttl"}},
	{"odd ttl", sendWith(`"ttl":{"seconds":10}`), []string{"ttl"}},

	{"no type", send(`{}`), []string{"message"}},
	{"two types", send(`{"text_message":{"text":"x"},"media_message":{"url":"u"}}`), []string{"message"}},
	{"only raw channel JSON", send(`{"explicit_channel_message":{"SMS":"{}"}}`), nil},
	{"only an override", send(`{"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"x"}}}}`), nil},
	{"only channel specific", send(`{"channel_specific_message":{"WHATSAPP":{"message_type":"FLOWS","message":{}}}}`), nil},
	{"bad overrides", send(`{"explicit_channel_message":{"FAX":""},"explicit_channel_omni_message":{"SMS":{}},"channel_specific_message":{"WHATSAPP":{"message_type":"X","message":[]}}}`),
		[]string{"message.explicit_channel_message.FAX", "message.explicit_channel_message.FAX", "message.explicit_channel_omni_message.SMS",
			"message.channel_specific_message.WHATSAPP.message_type", "message.channel_specific_message.WHATSAPP.message"}},
	{"agent and reply", send(`{"text_message":{"text":"x"},"agent":{"type":"CAT"},"reply_to":{}}`), []string{"message.agent.type", "message.reply_to.message_id"}},
	{"text", send(`{"text_message":{}}`), []string{"message.text_message.text"}},
	{"media", send(`{"media_message":{"thumbnail_url":"u"}}`), []string{"message.media_message.url"}},
	{"card", send(`{"card_message":{"choices":` + repeat(10, textChoice) + `,"height":"TALL"}}`), nil},
	{"bad card", send(`{"card_message":{"media_message":{},"choices":` + repeat(11, textChoice) + `,"height":"HUGE"}}`),
		[]string{"message.card_message.media_message.url", "message.card_message.choices", "message.card_message.height"}},
	{"carousel", send(`{"carousel_message":{"cards":` + repeat(10, `{"title":"x"}`) + `,"choices":` + repeat(3, textChoice) + `}}`), nil},
	{"bad carousel", send(`{"carousel_message":{"cards":` + repeat(11, `{"title":"x"}`) + `,"choices":` + repeat(4, textChoice) + `}}`),
		[]string{"message.carousel_message.cards", "message.carousel_message.choices"}},
	{"persistent outer choice", send(`{"carousel_message":{"cards":[{}],"choices":[{"text_message":{"text":"x"},"display_mode":"PERSISTENT"}]}}`),
		[]string{"message.carousel_message.choices[0].display_mode"}},
	{"no cards", send(`{"carousel_message":{}}`), []string{"message.carousel_message.cards"}},
	{"choices", send(`{"choice_message":{"choices":` + repeat(10, textChoice) + `}}`), nil},
	{"no choices", send(`{"choice_message":{"text_message":{}}}`), []string{"message.choice_message.text_message.text", "message.choice_message.choices"}},
	{"eleven choices", send(`{"choice_message":{"choices":` + repeat(11, textChoice) + `}}`), []string{"message.choice_message.choices"}},
	{"bad choices", send(`{"choice_message":{"choices":[{},{"text_message":{"text":"x"},"url_message":{"title":"t","url":"u"}},{"call_message":{}},{"url_message":{"title":"t"}},{"calendar_message":{}},{"share_location_message":{}},{"location_message":{},"display_mode":"X"}]}}`),
		[]string{"message.choice_message.choices[0]", "message.choice_message.choices[1]",
			"message.choice_message.choices[2].call_message.title", "message.choice_message.choices[2].call_message.phone_number",
			"message.choice_message.choices[3].url_message.url",
			"message.choice_message.choices[4].calendar_message.title", "message.choice_message.choices[4].calendar_message.event_title",
			"message.choice_message.choices[4].calendar_message.fallback_url", "message.choice_message.choices[4].calendar_message.event_start",
			"message.choice_message.choices[4].calendar_message.event_end",
			"message.choice_message.choices[5].share_location_message.title", "message.choice_message.choices[5].share_location_message.fallback_url",
			"message.choice_message.choices[6].location_message.title", "message.choice_message.choices[6].location_message.coordinates",
			"message.choice_message.choices[6].display_mode"}},
	{"list of products", send(`{"list_message":{"title":"t","sections":[{"items":[{"product":{"id":"1","marketplace":"FACEBOOK"}}]}],"message_properties":{"catalog_id":"c"}}}`), nil},
	{"bad list", send(`{"list_message":{"sections":[{},{"items":[{},{"choice":{}},{"product":{}}]}]}}`),
		[]string{"message.list_message.title", "message.list_message.sections[0].items", "message.list_message.sections[1].items[0]",
			"message.list_message.sections[1].items[1].choice.title", "message.list_message.sections[1].items[2].product.id",
			"message.list_message.sections[1].items[2].product.marketplace", "message.list_message.sections",
			"message.list_message.message_properties.catalog_id"}},
	{"empty list", send(`{"list_message":{"title":"t"}}`), []string{"message.list_message.sections"}},
	{"location", send(`{"location_message":{"title":"t","coordinates":{"latitude":0,"longitude":0}}}`), nil},
	{"bad location", send(`{"location_message":{"coordinates":{"latitude":"1"}}}`), []string{"message.location_message.coordinates.latitude"}},
	{"contact", send(`{"contact_info_message":{"name":{"full_name":"n"},"phone_numbers":[{"phone_number":"1"}],"birthday":"2001-02-03"}}`), nil},
	{"bad contact", send(`{"contact_info_message":{"email_addresses":[{}],"urls":[{}],"birthday":"3 May"}}`),
		[]string{"message.contact_info_message.name", "message.contact_info_message.phone_numbers", "message.contact_info_message.email_addresses[0].email_address",
			"message.contact_info_message.urls[0].url", "message.contact_info_message.birthday"}},
	{"templates", send(`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t"}},"omni_template":{"template_id":"t","version":"latest"}}}`), nil},
	{"no template", send(`{"template_message":{}}`), []string{"message.template_message"}},
	{"bad templates", send(`{"template_message":{"channel_template":{"SMS":{}},"omni_template":{"template_id":"t"}}}`),
		[]string{"message.template_message.channel_template.SMS.template_id", "message.template_message.omni_template.version"}},
	{"override template", send(`{"explicit_channel_omni_message":{"RCS":{"template_reference":{"template_id":"t"}}}}`),
		[]string{"message.explicit_channel_omni_message.RCS.template_reference.version"}},
}

func TestSendMessageRequest(t *testing.T) {
	for _, tc := range sendRequests {
		t.Run(tc.name, func(t *testing.T) {
			var request SendMessageRequest
			err := Decode([]byte(tc.body), &request)
			if err == nil {
				err = request.Validate()
			}
			if diff := cmp.Diff(tc.wrong, fieldsOf(err)); diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// fieldsOf lists the members that an error names.
func fieldsOf(err error) []string {
	var list FieldErrors
	if !errors.As(err, &list) {
		return nil
	}
	fields := make([]string, len(list))
	for i, one := range list {
		fields[i] = one.Field
	}
	return fields
}

func TestErrorsAreBoundedAndDoNotRepeatValues(t *testing.T) {
	body := `{"channel_priority_order":` + repeat(1000, `"s3cret"`) + `}`
	var request SendMessageRequest
	if err := Decode([]byte(body), &request); err != nil {
		t.Fatal(err)
	}
	err := request.Validate()
	if n := len(fieldsOf(err)); n != maxFieldErrors {
		t.Errorf("%d errors, want %d", n, maxFieldErrors)
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("an error repeats a value: %v", err)
	}
	var one *FieldError
	if !errors.As(err, &one) || one.Error() != "app_id: is required" {
		t.Errorf("first error: %v", one)
	}
}

func TestTTLForms(t *testing.T) {
	for _, text := range []string{`"10s"`, `"10"`, `10`} {
		var request SendMessageRequest
		if err := Decode([]byte(sendWith(`"ttl":`+text)), &request); err != nil || request.TTL != 10 {
			t.Errorf("ttl %s = %d, %v", text, request.TTL, err)
		}
		data, err := Marshal(request)
		if err != nil || !strings.Contains(string(data), `"ttl":"10s"`) {
			t.Errorf("written as %s, %v", data, err)
		}
	}
	if got := TTL(10).Duration(); got != 10*time.Second {
		t.Errorf("10 s = %v", got)
	}
	if got := MaxTTL.Duration(); got < 290*365*24*time.Hour {
		t.Errorf("the longest ttl overflows to %v", got)
	}
}

func TestInjectedMessage(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	valid := InjectMessageRequest{
		AppMessage: &AppMessage{TextMessage: &TextMessage{"x"}}, Direction: ToContact, ContactID: "c",
		ChannelIdentity: &ChannelIdentity{Channel: ChannelSMS, Identity: "4790000001"},
	}
	for _, tc := range []struct {
		age  time.Duration
		want []string
	}{
		{time.Second, nil},
		{30 * 24 * time.Hour, nil},
		{30*24*time.Hour + time.Second, []string{"accept_time"}},
		{-time.Second, []string{"accept_time"}},
	} {
		request := valid
		request.AcceptTime = At(now.Add(-tc.age))
		if diff := cmp.Diff(tc.want, fieldsOf(request.Validate(now))); diff != "" {
			t.Errorf("%v old: %s", tc.age, diff)
		}
	}
	want := []string{"app_message", "direction", "channel_identity", "contact_id", "accept_time"}
	if diff := cmp.Diff(want, fieldsOf((&InjectMessageRequest{}).Validate(now))); diff != "" {
		t.Error(diff)
	}
}

func TestInjectedEvent(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	fine := InjectEventRequest{AppEvent: &AppEvent{ComposingEvent: &Empty{}}, AcceptTime: At(now.Add(-time.Hour))}
	if err := fine.Validate(now); err != nil {
		t.Error(err)
	}
	wrong := InjectEventRequest{
		AppEvent:        &AppEvent{AgentLeftEvent: &AgentEvent{&Agent{Type: "CAT"}}},
		ChannelIdentity: &ChannelIdentity{}, ProcessingMode: ModeDispatch,
	}
	want := []string{"app_event.agent_left_event.agent.type", "accept_time", "channel_identity.channel", "channel_identity.identity", "processing_mode"}
	if diff := cmp.Diff(want, fieldsOf(wrong.Validate(now))); diff != "" {
		t.Error(diff)
	}
}

func TestEnumsKnowTheirValuesOnly(t *testing.T) {
	for _, c := range Channels() {
		if !c.Known() {
			t.Errorf("%s is unknown", c)
		}
	}
	counts := map[string][2]int{
		"channels":  {len(unique(Channels())), 15},
		"reasons":   {len(unique(ReasonCodes())), 31},
		"triggers":  {len(unique(Triggers())), 22},
		"statuses":  {len(unique(DeliveryStatuses())), 5},
		"languages": {len(unique(Languages())), 71},
	}
	for name, n := range counts {
		if n[0] != n[1] {
			t.Errorf("%d %s, want %d", n[0], name, n[1])
		}
	}
	for _, known := range []bool{Channel("sms").Known(), Trigger("UNSPECIFIED_TRIGGER").Known(), ReasonCode("").Known(),
		DeliveryStatus("QUEUED").Known(), Language("XX").Known(), Queue("x").Known(), SubCode("x").Known()} {
		if known {
			t.Error("a value outside the contract is known")
		}
	}
}

func unique[T ~string](list []T) []T { return slices.Compact(slices.Sorted(slices.Values(list))) }

func FuzzSendMessageRequest(f *testing.F) {
	for _, tc := range sendRequests {
		f.Add([]byte(tc.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var request SendMessageRequest
		if err := Decode(body, &request); err != nil {
			if len(fieldsOf(err)) == 0 || err.Error() == "" {
				t.Fatalf("an error without a field: %v", err)
			}
			return
		}
		verdict := fmt.Sprint(request.Validate())
		data, err := Marshal(request)
		if err != nil {
			t.Fatalf("decoded, but cannot be written: %v", err)
		}
		var again SendMessageRequest
		if err := Decode(data, &again); err != nil {
			t.Fatalf("%s does not decode: %v", data, err)
		}
		if got := fmt.Sprint(again.Validate()); got != verdict {
			t.Fatalf("verdict changed from %s to %s", verdict, got)
		}
	})
}
