package transcode

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"switchyard/convapi"
)

// native gives what the preview shows of m on ch.
func native(t testing.TB, message string, ch convapi.Channel) string {
	t.Helper()
	form, err := Native(decode(t, message), ch, testID)
	if err != nil {
		return err.Error()
	}
	text, err := form.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Clients compare this text, member by member.
func TestWhatsAppLocation(t *testing.T) {
	got := native(t, `{"location_message":{"title":"Phare d'Eckmühl","label":"Pointe de Penmarch","coordinates":{"latitude":47.7981899,"longitude":-4.3727685}}}`, convapi.ChannelWhatsApp)
	want := `{"to":"{{to}}","type":"location","recipient_type":"individual","location":{"longitude":"-4.3727684","latitude":"47.79819",` +
		`"name":"Phare d'Eckmühl","address":"Pointe de Penmarch"},"messaging_product":"whatsapp","biz_opaque_callback_data":null}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPrecedence(t *testing.T) {
	const (
		raw      = `"explicit_channel_message":{"WHATSAPP":" {\"type\": \"raw\"} "}`
		specific = `"channel_specific_message":{"WHATSAPP":{"message_type":"ORDER_STATUS","message":{"payment":{"reference_id":"specific"}}}}`
		omni     = `"explicit_channel_omni_message":{"WHATSAPP":{"text_message":{"text":"omni"}}}`
		channel  = `"template_message":{"channel_template":{"WHATSAPP":{"template_id":"channel"}},"omni_template":{"template_id":"t","version":"1"}}`
		resolved = `"text_message":{"text":"resolved"},"template_message":{"omni_template":{"template_id":"t","version":"1"}}`
	)
	for name, tt := range map[string]struct{ message, want string }{
		"raw":                    {raw + "," + specific + "," + omni + "," + channel, ` {"type": "raw"} `},
		"specific":               {specific + "," + omni + "," + channel, `"reference_id":"specific"`},
		"omni":                   {omni + "," + channel, `"body":"omni"`},
		"channel template":       {channel, `"name":"channel"`},
		"resolved":               {resolved, `"body":"resolved"`},
		"channel beats resolved": {strings.Replace(channel, `"template_message"`, `"text_message":{"text":"resolved"},"template_message"`, 1), `"name":"channel"`},
	} {
		if got := native(t, "{"+tt.message+"}", convapi.ChannelWhatsApp); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("words ", 10*4096/6+1)
	for name, tt := range map[string]struct {
		message string
		channel convapi.Channel
		want    convapi.ReasonCode
	}{
		"an unresolved template":          {`{"template_message":{"omni_template":{"template_id":"t","version":"1"}}}`, convapi.ChannelTelegram, convapi.ReasonTemplateNotFound},
		"a template of another channel":   {`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t"}}}}`, convapi.ChannelTelegram, convapi.ReasonTemplateNotFound},
		"a template where there are none": {`{"template_message":{"channel_template":{"RCS":{"template_id":"t"}}}}`, convapi.ChannelRCS, convapi.ReasonTemplateNotFound},
		"a template for texts":            {`{"template_message":{"channel_template":{"SMS":{"template_id":"t"}}}}`, convapi.ChannelSMS, convapi.ReasonTemplateNotFound},
		"a gap in a template":             {`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t","parameters":{"body[1]text":"a","body[3]text":"c"}}}}}`, convapi.ChannelWhatsApp, convapi.ReasonTemplateInsufficientParameters},
		"a parameter without a place":     {`{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t","parameters":{"foot[1]text":"a"}}}}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
		"raw, and no JSON":                {`{"explicit_channel_message":{"WHATSAPP":"hello"}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
		"raw, and no object":              {`{"explicit_channel_message":{"WHATSAPP":"[1]"}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
		"raw, and empty":                  {`{"explicit_channel_message":{"WHATSAPP":"[]"}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
		"a kind of another channel":       {`{"channel_specific_message":{"TELEGRAM":{"message_type":"FLOWS","message":{}}}}`, convapi.ChannelTelegram, convapi.ReasonUnsupportedOperation},
		"a kind for texts":                {`{"channel_specific_message":{"SMS":{"message_type":"FLOWS","message":{}}}}`, convapi.ChannelSMS, convapi.ReasonUnsupportedOperation},
		"a kind not of its form":          {`{"channel_specific_message":{"WHATSAPP":{"message_type":"FLOWS","message":{"flow_id":1}}}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
		"an endless text":                 {`{"text_message":{"text":"` + long + `"}}`, convapi.ChannelWhatsApp, convapi.ReasonMessageSplitRequired},
		"blanks":                          {`{"text_message":{"text":"  "}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
		"an empty card":                   {`{"card_message":{}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
		"nothing for this channel":        {`{"explicit_channel_omni_message":{"SMS":{"text_message":{"text":"a"}}}}`, convapi.ChannelWhatsApp, convapi.ReasonBadRequest},
	} {
		form, err := Native(decode(t, tt.message), tt.channel, testID)
		var refused *Error
		if !errors.As(err, &refused) || refused.Reason != tt.want || len(form.Bodies) > 0 || form.Text != "" {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// The keys of a template's parameters are the vendor's.
func TestWhatsAppTemplateParameters(t *testing.T) {
	got := native(t, `{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t","language_code":"pt-BR","parameters":{
		"header[1]location.latitude":"1.5","header[1]location.longitude":"2","header[1]location.name":"Pier",
		"body[2]currency.code":"NOK","body[2]currency.amount_1000":"12500","body[2]currency.fallback_value":"12,50",
		"body[1]text":"Kari","body[10]text":"j","body[3]text":"c","body[4]text":"d","body[5]text":"e","body[6]text":"f","body[7]text":"g","body[8]text":"h","body[9]text":"i",
		"button[1]flow[1]action.flow_token":"tok","button[0]copy_code[1]coupon_code":"TEA","button[2]flow[1]action.type":"action",
		"carousel[1]body[1]text":"two","carousel[0]header[1]image.link":"https://m.example/1.png","carousel[0]button[0]quick_reply[1]payload":""}}}}}`, convapi.ChannelWhatsApp)
	want := `"template":{"name":"t","language":{"policy":"deterministic","code":"pt_BR"},"components":[` +
		`{"type":"header","parameters":[{"location":{"latitude":"1.5","longitude":"2","name":"Pier"},"type":"location"}]},` +
		`{"type":"body","parameters":[{"text":"Kari","type":"text"},{"currency":{"amount_1000":12500,"code":"NOK","fallback_value":"12,50"},"type":"currency"},` +
		`{"text":"c","type":"text"},{"text":"d","type":"text"},{"text":"e","type":"text"},{"text":"f","type":"text"},{"text":"g","type":"text"},` +
		`{"text":"h","type":"text"},{"text":"i","type":"text"},{"text":"j","type":"text"}]},` +
		`{"type":"button","sub_type":"copy_code","index":"0","parameters":[{"coupon_code":"TEA","type":"coupon_code"}]},` +
		`{"type":"button","sub_type":"flow","index":"1","parameters":[{"action":{"flow_token":"tok"},"type":"action"}]},` +
		`{"type":"button","sub_type":"flow","index":"2","parameters":[{"action":{},"type":"action"}]},` +
		`{"type":"carousel","cards":[{"card_index":0,"components":[{"type":"header","parameters":[{"image":{"link":"https://m.example/1.png"},"type":"image"}]},` +
		`{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"payload":"","type":"payload"}]}]},` +
		`{"card_index":1,"components":[{"type":"body","parameters":[{"text":"two","type":"text"}]}]}]}]}`
	if !strings.Contains(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	// Bare keys are the body's: numbers count, names are named.
	got = native(t, `{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t","parameters":{"1":"a","2":"b"}}}}}`, convapi.ChannelWhatsApp)
	if want := `"code":"en"},"components":[{"type":"body","parameters":[{"text":"a","type":"text"},{"text":"b","type":"text"}]}]`; !strings.Contains(got, want) {
		t.Error(got)
	}
	got = native(t, `{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t","parameters":{"name":"Kari"}}}}}`, convapi.ChannelWhatsApp)
	if want := `[{"parameter_name":"name","text":"Kari","type":"text"}]`; !strings.Contains(got, want) {
		t.Error(got)
	}
}

// A postback that is too long for a channel comes back as a key, and so does one
// that looks like a key.
func TestPostback(t *testing.T) {
	long := strings.Repeat("x", 300)
	twins := decode(t, `{"choice_message":{"choices":[{"text_message":{"text":"A"},"postback_data":"p"},{"text_message":{"text":"B"},"postback_data":"p"}]}}`)
	if form, err := Native(twins, convapi.ChannelTelegram, testID); err != nil || !strings.Contains(string(form.Bodies[0]), `"callback_data":"choice:2"`) {
		t.Errorf("two choices with the same data: %s, %v", form.Bodies, err)
	}
	if got := Postback(twins, convapi.ChannelTelegram, testID, "choice:2"); got != "p" {
		t.Errorf("the second of two choices with the same data: %q", got)
	}
	m := decode(t, `{"carousel_message":{"cards":[{"title":"a","choices":[{"text_message":{"text":"A"}},{"url_message":{"title":"U","url":"https://t.example"}}]},
		{"title":"b","choices":[{"text_message":{"text":"B"},"postback_data":"`+long+`"}]}],"choices":[{"text_message":{"text":"C"},"postback_data":"choice:1"}]}}`)
	form, err := Native(m, convapi.ChannelTelegram, testID)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := form.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{`"callback_data":"` + testID + `_A"`, `"callback_data":"choice:3"`, `"callback_data":"choice:4"`} {
		if !strings.Contains(shown, data) {
			t.Errorf("no %s in %s", data, shown)
		}
	}
	for returned, want := range map[string]string{
		testID + "_A": testID + "_A", "choice:3": long, "choice:4": "choice:1", "choice:5": "choice:5", "choice:0": "choice:0", "choice:x": "choice:x", "": "",
	} {
		if got := Postback(m, convapi.ChannelTelegram, testID, returned); got != want {
			t.Errorf("%q: %q, want %q", returned, got, want)
		}
	}
}

func TestAnswer(t *testing.T) {
	m := decode(t, `{"choice_message":{"text_message":{"text":"Tea?"},"choices":[{"url_message":{"title":"Menu","url":"https://t.example"}},
		{"text_message":{"text":"Yes, please"},"postback_data":"yes"},{"text_message":{"text":"No"}}]}}`)
	for text, want := range map[string]string{
		"yes, please": "yes", " YES,  PLEASE ": "yes", "no": testID + "_No", "1": "yes", "2.": testID + "_No",
		"3": "", "0": "", "-1": "", "menu": "", "maybe": "", "": "", "1 2": "",
	} {
		got, ok := Answer(m, convapi.ChannelSMS, testID, text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
}

// Pieces fit, nothing but white space is lost, and no character is cut in two.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limit{most: rapid.IntRange(4, 60).Draw(t, "most"), unit: rapid.SampledFrom([]unit{characters, units16, octets}).Draw(t, "unit")}
		text := words(t, 0, 300)
		pieces := l.split(text)
		for _, piece := range pieces {
			if !l.fits(piece) || strings.TrimSpace(piece) == "" || !utf8.ValidString(piece) {
				t.Fatalf("piece %q of %q", piece, text)
			}
			if first, _ := utf8.DecodeRuneInString(piece); unicode.In(first, unicode.Mn) && l.most > 8 {
				t.Fatalf("piece %q of %q begins with half a character", piece, text)
			}
		}
		if strings.Join(strings.Fields(strings.Join(pieces, "")), "") != strings.Join(strings.Fields(text), "") {
			t.Fatalf("%q became %q", text, pieces)
		}
		if cut := l.cut(text); !l.fits(cut) {
			t.Fatalf("%q is cut to %q", text, cut)
		}
	})
}

func TestSplitPrefersGoodPlaces(t *testing.T) {
	for text, want := range map[string][]string{
		"first part here\n\nsecond. Third":    {"first part here", "second. Third"},
		"first. second thing and third":       {"first. second thing", "and third"},
		"one sentence. other sentence.":       {"one sentence.", "other sentence."},
		"abcdefghijklmnopqrstuvwxyz":          {"abcdefghijklmnopqrst", "uvwxyz"},
		"abcdefghijklmnopqrs👩\u200d👩\u200d👦b": {"abcdefghijklmnopqrs", "👩\u200d👩\u200d👦b"},
	} {
		if diff := cmp.Diff(want, limit{most: 20}.split(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}
