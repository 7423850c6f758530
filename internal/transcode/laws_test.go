package transcode

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"switchyard/convapi"
)

// figure is a limit of a channel, said once more and apart from the code: values
// found at a path of its bodies have at most so many.
type figure struct {
	channel convapi.Channel
	path    string // names from the root; every element of an array is tried
	most    int
	length  func(string) int // nil: the number of elements of an array
}

func runes(s string) int { return utf8.RuneCountInString(s) }
func utf16s(s string) int {
	return len(utf16.Encode([]rune(s)))
}
func bytesOf(s string) int { return len(s) }

// figures are those of the channels' own documents.
var figures = []figure{
	{convapi.ChannelWhatsApp, "text.body", 4096, runes},
	{convapi.ChannelWhatsApp, "image.caption", 1024, runes},
	{convapi.ChannelWhatsApp, "interactive.body.text", 1024, runes},
	{convapi.ChannelWhatsApp, "interactive.footer.text", 60, runes},
	{convapi.ChannelWhatsApp, "interactive.header.text", 60, runes},
	{convapi.ChannelWhatsApp, "interactive.action.buttons", 3, nil},
	{convapi.ChannelWhatsApp, "interactive.action.buttons.reply.title", 20, runes},
	{convapi.ChannelWhatsApp, "interactive.action.buttons.reply.id", 256, runes},
	{convapi.ChannelWhatsApp, "interactive.action.parameters.display_text", 20, runes},
	{convapi.ChannelWhatsApp, "interactive.action.button", 20, runes},
	{convapi.ChannelWhatsApp, "interactive.action.sections", 10, nil},
	{convapi.ChannelWhatsApp, "interactive.action.sections.title", 24, runes},
	{convapi.ChannelWhatsApp, "interactive.action.sections.rows", 10, nil},
	{convapi.ChannelWhatsApp, "interactive.action.sections.rows.title", 24, runes},
	{convapi.ChannelWhatsApp, "interactive.action.sections.rows.description", 72, runes},
	{convapi.ChannelWhatsApp, "interactive.action.sections.rows.id", 200, runes},
	{convapi.ChannelTelegram, "text", 4096, runes},
	{convapi.ChannelTelegram, "caption", 1024, runes},
	{convapi.ChannelTelegram, "vcard", 2048, bytesOf},
	{convapi.ChannelTelegram, "reply_markup.inline_keyboard", 100, nil},
	{convapi.ChannelTelegram, "reply_markup.inline_keyboard.callback_data", 64, bytesOf},
	{convapi.ChannelMessenger, "message.text", 2000, runes},
	{convapi.ChannelMessenger, "message.quick_replies", 13, nil},
	{convapi.ChannelMessenger, "message.quick_replies.title", 20, runes},
	{convapi.ChannelMessenger, "message.quick_replies.payload", 1000, runes},
	{convapi.ChannelMessenger, "message.attachment.payload.text", 640, runes},
	{convapi.ChannelMessenger, "message.attachment.payload.buttons", 3, nil},
	{convapi.ChannelMessenger, "message.attachment.payload.buttons.title", 20, runes},
	{convapi.ChannelMessenger, "message.attachment.payload.elements", 10, nil},
	{convapi.ChannelMessenger, "message.attachment.payload.elements.title", 80, runes},
	{convapi.ChannelMessenger, "message.attachment.payload.elements.subtitle", 80, runes},
	{convapi.ChannelMessenger, "message.attachment.payload.elements.buttons", 3, nil},
	{convapi.ChannelMessenger, "message.attachment.payload.elements.buttons.title", 20, runes},
	{convapi.ChannelInstagram, "message.text", 1000, bytesOf},
	{convapi.ChannelInstagram, "message.quick_replies", 13, nil},
	{convapi.ChannelInstagram, "message.attachment.payload.elements", 10, nil},
	{convapi.ChannelInstagram, "message.attachment.payload.elements.subtitle", 80, runes},
	{convapi.ChannelViber, "text", 7000, runes},
	{convapi.ChannelViber, "keyboard.Buttons", 24, nil},
	{convapi.ChannelViber, "keyboard.Buttons.Text", 250, runes},
	{convapi.ChannelViber, "rich_media.Buttons", 6 * 6 * 7, nil},
	{convapi.ChannelViber, "contact.name", 28, runes},
	{convapi.ChannelViber, "contact.phone_number", 18, runes},
	{convapi.ChannelViberBM, "message.#txt", 1000, runes},
	{convapi.ChannelViberBM, "message.#caption", 30, runes},
	{convapi.ChannelLINE, "messages", 5, nil},
	{convapi.ChannelLINE, "messages.text", 5000, utf16s},
	{convapi.ChannelLINE, "messages.altText", 1500, utf16s},
	{convapi.ChannelLINE, "messages.title", 100, utf16s},
	{convapi.ChannelLINE, "messages.address", 100, utf16s},
	{convapi.ChannelLINE, "messages.template.text", 160, utf16s},
	{convapi.ChannelLINE, "messages.template.title", 40, utf16s},
	{convapi.ChannelLINE, "messages.template.actions", 4, nil},
	{convapi.ChannelLINE, "messages.template.actions.label", 20, utf16s},
	{convapi.ChannelLINE, "messages.template.actions.data", 300, utf16s},
	{convapi.ChannelLINE, "messages.template.columns", 10, nil},
	{convapi.ChannelLINE, "messages.template.columns.text", 120, utf16s},
	{convapi.ChannelLINE, "messages.template.columns.actions", 3, nil},
	{convapi.ChannelLINE, "messages.quickReply.items", 13, nil},
	{convapi.ChannelLINE, "messages.quickReply.items.action.label", 20, utf16s},
	{convapi.ChannelKakaoTalk, "messages.text", 1000, runes},
	{convapi.ChannelKakaoTalk, "messages.kakaoOptions.buttons", 5, nil},
	{convapi.ChannelKakaoTalk, "messages.kakaoOptions.buttons.buttonName", 14, runes},
	{convapi.ChannelKakaoTalk, "messages.kakaoOptions.bms.carousel.list", 6, nil},
	{convapi.ChannelKakaoTalkChat, "template.outputs", 3, nil},
	{convapi.ChannelKakaoTalkChat, "template.outputs.simpleText.text", 1000, runes},
	{convapi.ChannelKakaoTalkChat, "template.outputs.listCard.items", 5, nil},
	{convapi.ChannelKakaoTalkChat, "template.outputs.carousel.items", 10, nil},
	{convapi.ChannelKakaoTalkChat, "template.quickReplies", 10, nil},
	{convapi.ChannelKakaoTalkChat, "template.quickReplies.label", 14, runes},
	{convapi.ChannelWeChat, "text.content", 2048, bytesOf},
	{convapi.ChannelWeChat, "msgmenu.head_content", 2048, bytesOf},
	{convapi.ChannelWeChat, "news.articles", 1, nil},
	{convapi.ChannelAppleBC, "body", 3000, runes},
	{convapi.ChannelAppleBC, "interactiveData.data.quick-reply.items", 5, nil},
	{convapi.ChannelMMS, "subject", 40, runes},
	{convapi.ChannelMMS, "slides.text", 1000, runes},
	{convapi.ChannelEmail, "subject", 78, runes},
	{convapi.ChannelRCS, "contentMessage.text", 3072, runes},
	{convapi.ChannelRCS, "contentMessage.suggestions", 11, nil},
	{convapi.ChannelRCS, "contentMessage.suggestions.reply.text", 25, runes},
	{convapi.ChannelRCS, "contentMessage.richCard.standaloneCard.cardContent.suggestions", 4, nil},
	{convapi.ChannelRCS, "contentMessage.richCard.carouselCard.cardContents", 10, nil},
	{convapi.ChannelRCS, "contentMessage.richCard.carouselCard.cardContents.suggestions", 4, nil},
}

func TestLimitsAreRespected(t *testing.T) {
	for name, m := range fixtures(t) {
		for _, ch := range convapi.Channels() {
			if m.ExplicitChannelMessage == nil {
				checkForm(t, name, m, ch)
			}
		}
	}
}

// checkForm holds one message on one channel against the laws that need no
// knowledge of the message.
func checkForm(t rapid.TB, name string, m *convapi.AppMessage, ch convapi.Channel) []any {
	t.Helper()
	form, err := Native(m, ch, testID)
	if err != nil {
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Errorf("%s on %s: %v", name, ch, err)
		}
		return nil
	}
	if (form.Text == "") == (len(form.Bodies) == 0) || len(form.Bodies) > MaxBodies {
		t.Errorf("%s on %s: a text of %d octets and %d bodies", name, ch, len(form.Text), len(form.Bodies))
	}
	text, err := form.JSON()
	if err != nil || !json.Valid([]byte(text)) {
		t.Errorf("%s on %s: %s: %v", name, ch, text, err)
	}
	again, err := Native(m, ch, testID)
	if err != nil || len(again.Bodies) != len(form.Bodies) {
		t.Errorf("%s on %s is not the same again: %v", name, ch, err)
	}
	var bodies []any
	for i, raw := range form.Bodies {
		if string(again.Bodies[i]) != string(raw) {
			t.Errorf("%s on %s is not the same again: %s", name, ch, raw)
		}
		var body any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(err)
		}
		if members, ok := body.(map[string]any); !ok || len(members) == 0 {
			t.Errorf("%s on %s: empty body %s", name, ch, raw)
		}
		bodies = append(bodies, body)
		for _, f := range figures {
			if f.channel == ch {
				f.check(t, name, body)
			}
		}
	}
	return bodies
}

func (f figure) check(t rapid.TB, name string, body any) {
	t.Helper()
	for _, found := range at(body, strings.Split(f.path, ".")) {
		switch value := found.(type) {
		case []any:
			if f.length == nil && len(value) > f.most {
				t.Errorf("%s on %s: %d of %s, at most %d", name, f.channel, len(value), f.path, f.most)
			}
		case string:
			if f.length != nil && f.length(value) > f.most {
				t.Errorf("%s on %s: %s has a length of %d, at most %d: %.40q", name, f.channel, f.path, f.length(value), f.most, value)
			}
		}
	}
}

// at gives the values at a path.
func at(value any, path []string) []any {
	if list, ok := value.([]any); ok && len(path) > 0 {
		var all []any
		for _, element := range list {
			all = append(all, at(element, path)...)
		}
		return all
	}
	if len(path) == 0 {
		return []any{value}
	}
	members, ok := value.(map[string]any)
	if !ok || members[path[0]] == nil {
		return nil
	}
	return at(members[path[0]], path[1:])
}

// The labels of buttons of one message differ, or nobody could tell them apart.
func TestLabelsDiffer(t *testing.T) {
	m := fixtures(t)["choice_long_labels"]
	for ch, path := range map[convapi.Channel]string{
		convapi.ChannelWhatsApp: "interactive.action.buttons.reply.title", convapi.ChannelRCS: "contentMessage.suggestions.reply.text",
		convapi.ChannelMessenger: "message.quick_replies.title", convapi.ChannelLINE: "messages.template.actions.label",
	} {
		for _, body := range checkForm(t, "labels", m, ch) {
			labels := at(body, strings.Split(path, "."))
			if len(labels) != 3 || labels[0] == labels[1] {
				t.Errorf("%s: %v", ch, labels)
			}
		}
	}
}

// Random messages keep all laws on all channels, and lose no words.
func TestAnyMessageKeepsTheLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := randomMessage(rt)
		for _, ch := range convapi.Channels() {
			bodies := checkForm(rt, "random", m, ch)
			if bodies == nil {
				continue
			}
			raw, err := json.Marshal(bodies)
			if err != nil {
				rt.Fatal(err)
			}
			shown := squeeze(strings.ReplaceAll(string(raw), `\n`, " "))
			for _, word := range wordsOf(m) {
				if !strings.Contains(shown, squeeze(word)) {
					text, _ := json.Marshal(m)
					rt.Fatalf("%s lost %q of %s\nin %s", ch, word, text, raw)
				}
			}
		}
	})
}

var gaps = regexp.MustCompile(`\s+|…`)

// squeeze makes texts comparable: case, and white space at cuts, do not count.
func squeeze(s string) string { return strings.ToUpper(gaps.ReplaceAllString(s, "")) }

// wordsOf is what a person must be able to read or tap of a message: words of
// titles and texts, addresses, numbers.
func wordsOf(m *convapi.AppMessage) []string {
	var out []string
	texts := func(all ...string) {
		for _, text := range all {
			out = append(out, strings.Fields(text)...)
		}
	}
	choices := func(list []convapi.Choice) {
		for _, c := range list {
			switch {
			case c.URLMessage != nil:
				texts(c.URLMessage.URL)
			case c.CallMessage != nil:
				texts(c.CallMessage.PhoneNumber)
			}
		}
	}
	card := func(c *convapi.CardMessage) {
		texts(c.Title, c.Description, mediaURL(c.MediaMessage))
		choices(c.Choices)
	}
	switch {
	case m.TextMessage != nil:
		texts(m.TextMessage.Text)
	case m.MediaMessage != nil:
		texts(m.MediaMessage.URL)
	case m.CardMessage != nil:
		card(m.CardMessage)
	case m.CarouselMessage != nil:
		for i := range m.CarouselMessage.Cards {
			card(&m.CarouselMessage.Cards[i])
		}
		choices(m.CarouselMessage.Choices)
	case m.ChoiceMessage != nil:
		texts(m.ChoiceMessage.TextMessage.Text)
		choices(m.ChoiceMessage.Choices)
	case m.ListMessage != nil:
		texts(m.ListMessage.Title, m.ListMessage.Description, mediaURL(m.ListMessage.Media))
		for _, s := range m.ListMessage.Sections {
			for _, item := range s.Items {
				texts(item.Choice.Description)
			}
		}
	case m.ContactInfoMessage != nil:
		texts(m.ContactInfoMessage.Name.FullName)
		for _, p := range m.ContactInfoMessage.PhoneNumbers {
			texts(p.PhoneNumber)
		}
	case m.LocationMessage != nil:
		texts(m.LocationMessage.Title, m.LocationMessage.Label)
	}
	return out
}
