package transcode

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

var goldenTexts = []struct{ name, message, want string }{
	{"text", `{"text_message":{"text":" as it is "}}`, " as it is "},
	{"media", `{"media_message":{"url":"https://m.example/a.jpg","filename_override":"a"}}`, "https://m.example/a.jpg"},
	{"choice", `{"choice_message":{"text_message":{"text":"Tea?"},"choices":[
		{"text_message":{"text":"Yes, élan"}},
		{"url_message":{"title":"Menu","url":"https://t.example/Menu"}},
		{"call_message":{"title":"Call us","phone_number":"+4790000001"}},
		{"location_message":{"title":"Shop","label":"ring twice","coordinates":{"latitude":55.610479,"longitude":13.002873}}},
		{"calendar_message":{"title":"Add","event_title":"Tea","event_start":"2026-05-04T08:00:00Z","event_end":"2026-05-04T09:00:00Z","fallback_url":"https://t.example/cal"}},
		{"share_location_message":{"title":"Where are you","fallback_url":"https://t.example/where"}}]}}`,
		"Tea?\n\n> YES, ÉLAN\n> Menu: https://t.example/Menu\n> Call us: +4790000001\n" +
			"> Shop: https://www.google.com/maps/search/?api=1&query=55.610477,13.002873\n" +
			"> Add: https://t.example/cal\n> Where are you: https://t.example/where"},
	{"choice without a text", `{"choice_message":{"choices":[{"text_message":{"text":"a"}},{"text_message":{"text":"b"}}]}}`, "> A\n> B"},
	{"card", `{"card_message":{"title":"Tea","description":"Green","media_message":{"url":"https://m.example/t.png"},"choices":[
		{"text_message":{"text":"order"}},{"call_message":{"title":"Call","phone_number":"+47"}},{"url_message":{"title":"See","url":"https://t.example"}}]}}`,
		"Tea\nGreen\nhttps://m.example/t.png\n> ORDER\n> Call: +47\n> See: https://t.example"},
	{"card of a title", `{"card_message":{"title":"Tea"}}`, "Tea"},
	{"carousel", `{"carousel_message":{"cards":[
		{"title":"One","description":"first","choices":[{"text_message":{"text":"a"}}]},
		{"title":"Two","media_message":{"url":"https://m.example/2"}},
		{"description":"third"}]}}`,
		"1. One\nfirst\n> A\n\n2. Two\nhttps://m.example/2\n\n3. third"},
	{"carousel with outer choices", `{"carousel_message":{"cards":[{"title":"One"}],"choices":[{"text_message":{"text":"more"}},{"url_message":{"title":"All","url":"https://t.example"}}]}}`,
		"1. One\n\n> MORE\n> All: https://t.example"},
	{"location", `{"location_message":{"title":"Malmö","coordinates":{"latitude":55.610479,"longitude":-4.3727684}}}`,
		"Malmö: https://www.google.com/maps/search/?api=1&query=55.610477,-4.3727684"},
	{"location with a label", `{"location_message":{"title":"Pier","label":"at the crane","coordinates":{"latitude":47.79819,"longitude":-4.3727684}}}`,
		"Pier: https://www.google.com/maps/search/?api=1&query=47.79819,-4.3727684\nat the crane"},
	{"list", `{"list_message":{"title":"Menu","description":"today","media":{"url":"https://m.example/menu"},"sections":[
		{"title":"Hot","items":[{"choice":{"title":"Tea","description":"green"}},{"choice":{"title":"Coffee"}}]},
		{"items":[{"choice":{"title":"Water"}}]}]}}`,
		"Menu\ntoday\nhttps://m.example/menu\nHot\n1. Tea - green\n2. Coffee\n3. Water"},
	{"product list", `{"list_message":{"title":"Shop","sections":[{"title":"New","items":[{"product":{"id":"sku-1","marketplace":"FACEBOOK"}}]}]}}`,
		"Shop\nNew\n1. sku-1"},
	{"contact", `{"contact_info_message":{"name":{"full_name":"Kari Nord"},"phone_numbers":[{"phone_number":"+4790000001"},{"phone_number":"+4790000002","type":"home"}],"email_addresses":[{"email_address":"kari@example.org"}],"birthday":"2001-02-03"}}`,
		"Kari Nord\n+4790000001\n+4790000002\nkari@example.org"},
	{"the channel's override wins", `{"text_message":{"text":"generic"},"explicit_channel_omni_message":{"SMS":{"media_message":{"url":"https://m.example/sms"}},"RCS":{"text_message":{"text":"rcs"}}}}`,
		"https://m.example/sms"},
	{"another channel's override does not", `{"text_message":{"text":"generic"},"explicit_channel_omni_message":{"RCS":{"text_message":{"text":"rcs"}}}}`, "generic"},
	{"an override beats a template", `{"template_message":{"omni_template":{"template_id":"t","version":"1"}},"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"plain"}}}}`, "plain"},
}

// smsText is what m reads like where there is only text.
func smsText(m *convapi.AppMessage) (string, error) {
	form, err := Native(m, convapi.ChannelSMS, "01J0M")
	return form.Text, err
}

func TestText(t *testing.T) {
	for _, tc := range goldenTexts {
		t.Run(tc.name, func(t *testing.T) {
			got, err := smsText(decode(t, tc.message))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryTypeOverridesTheGenericOne(t *testing.T) {
	for _, tc := range goldenTexts {
		m := decode(t, tc.message)
		if len(m.ExplicitChannelOmniMessage) > 0 {
			continue
		}
		wrapped := decode(t, `{"text_message":{"text":"generic"},"explicit_channel_omni_message":{"SMS":`+tc.message+`}}`)
		got, err := smsText(wrapped)
		if err != nil || got != tc.want {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
}

func TestMessagesWithoutText(t *testing.T) {
	cases := []struct {
		name, message string
		want          convapi.ReasonCode
	}{
		{"channel template", `{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t"}}}}`, convapi.ReasonTemplateNotFound},
		{"omni template", `{"template_message":{"omni_template":{"template_id":"t","version":"1"}}}`, convapi.ReasonTemplateNotFound},
		{"template as override", `{"text_message":{"text":"x"},"explicit_channel_omni_message":{"SMS":{"template_reference":{"template_id":"t","version":"1"}}}}`, convapi.ReasonTemplateNotFound},
		{"only raw channel JSON", `{"explicit_channel_message":{"SMS":"{}"}}`, convapi.ReasonBadRequest},
		{"an empty card", `{"card_message":{}}`, convapi.ReasonBadRequest},
		{"an empty override", `{"text_message":{"text":"x"},"explicit_channel_omni_message":{"SMS":{}}}`, convapi.ReasonBadRequest},
		{"no message", "", convapi.ReasonBadRequest},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var m *convapi.AppMessage
			if tc.message != "" {
				m = decode(t, tc.message)
			}
			got, err := smsText(m)
			var refused *Error
			if !errors.As(err, &refused) || refused.Reason != tc.want || got != "" {
				t.Errorf("%q, %v, want %s", got, err, tc.want)
			}
		})
	}
}

func decode(t testing.TB, text string) *convapi.AppMessage {
	t.Helper()
	var m convapi.AppMessage
	if err := convapi.Decode([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return &m
}
