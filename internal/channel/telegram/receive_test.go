package telegram_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
)

// private is an update with a message in a private chat.
func private(content string) string {
	return `{"update_id":10,"message":{"message_id":5,"date":1750000000,"chat":{"id":42,"type":"private"},"from":{"id":42},` + content + `}}`
}

func TestUpdates(t *testing.T) {
	at := time.Unix(1750000000, 0).UTC()
	// in fills in what the private chat of these updates gives.
	in := func(in channel.Inbound) channel.Inbound {
		if in.Key == "" {
			in.Key = "10"
		}
		in.Identity, in.At = "42", at
		if in.Message != nil {
			in.Ref = "42:5"
		}
		return in
	}
	text := func(text string) *convapi.ContactMessage {
		return &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: text}}
	}
	place := func(title, label string) *convapi.ContactMessage {
		return &convapi.ContactMessage{LocationMessage: &convapi.LocationMessage{
			Coordinates: &convapi.Coordinates{Latitude: 55.5, Longitude: 13.25}, Title: title, Label: label,
		}}
	}
	react := func(emoji, category string, action convapi.ReactionAction) channel.Inbound {
		return channel.Inbound{EventRef: "42:7", MessageEvent: &convapi.ContactMessageEvent{ReactionEvent: &convapi.ReactionEvent{Emoji: emoji, Action: action, ReactionCategory: category}}}
	}
	second := func(i channel.Inbound) channel.Inbound { i.Key = "10/1"; return i }
	chat := `"chat":{"id":42,"type":"private"},"date":1750000000`
	dice := private(`"dice":{"emoji":"🎲","value":3}`)
	edited := `{"message_id":5,` + chat + `,"text":"better"}`
	tests := []struct {
		name, body string
		want       []channel.Inbound
	}{
		{"text", private(`"text":"hej å"`), []channel.Inbound{in(channel.Inbound{Message: text("hej å")})}},
		{"reply", private(`"text":"x","reply_to_message":{"message_id":3}`), []channel.Inbound{in(channel.Inbound{Message: text("x"), ReplyToRef: "42:3"})}},
		{"start", private(`"text":"/start"`), []channel.Inbound{in(channel.Inbound{Message: text("/start")})}},
		{"start by a link", private(`"text":"/start summer-24"`), []channel.Inbound{
			in(channel.Inbound{Message: text("/start summer-24")}),
			in(second(channel.Inbound{MessageEvent: &convapi.ContactMessageEvent{ShortlinkActivatedEvent: &convapi.ShortlinkActivatedEvent{Payload: "/start", Ref: "summer-24", Source: "SHORTLINK", Type: "OPEN_THREAD"}}})),
		}},
		{"location", private(`"location":{"latitude":55.5,"longitude":13.25}`), []channel.Inbound{in(channel.Inbound{Message: place("", "")})}},
		{"venue", private(`"location":{"latitude":55.5,"longitude":13.25},"venue":{"location":{"latitude":55.5,"longitude":13.25},"title":"T","address":"A"}`),
			[]channel.Inbound{in(channel.Inbound{Message: place("T", "A")})}},
		{"contact", private(`"contact":{"phone_number":"+4670","first_name":"A"}`), []channel.Inbound{in(channel.Inbound{Message: &convapi.ContactMessage{FallbackMessage: &convapi.FallbackMessage{
			RawMessage: `{"phone_number":"+4670","first_name":"A"}`,
			Reason:     &convapi.Reason{Code: convapi.ReasonUnsupportedOperation, Description: "shared contacts have no form of their own", SubCode: convapi.SubCodeUnspecified}}}})}},
		{"unknown content", dice, []channel.Inbound{in(channel.Inbound{Unsupported: []byte(dice)})}},
		{"tap", `{"update_id":10,"callback_query":{"id":"q1","from":{"id":42},"message":{"message_id":7,"chat":{"id":42,"type":"private"}},"data":"yes"}}`,
			[]channel.Inbound{{Key: "10", Identity: "42", ReplyToRef: "42:7", Message: &convapi.ContactMessage{ChoiceResponseMessage: &convapi.ChoiceResponseMessage{PostbackData: "yes"}}}}},
		{"tap without a message", `{"update_id":10,"callback_query":{"id":"q1","from":{"id":42},"data":"yes"}}`,
			[]channel.Inbound{{Key: "10", Identity: "42", Message: &convapi.ContactMessage{ChoiceResponseMessage: &convapi.ChoiceResponseMessage{PostbackData: "yes"}}}}},
		{"edited", `{"update_id":10,"edited_message":` + edited + `}`,
			[]channel.Inbound{in(channel.Inbound{Event: &convapi.ContactEvent{GenericEvent: &convapi.GenericEvent{Payload: json.RawMessage(`{"edited_message":` + edited + `}`)}}})}},
		{"reaction", `{"update_id":10,"message_reaction":{` + chat + `,"message_id":7,"old_reaction":[],"new_reaction":[{"type":"emoji","emoji":"👍"}]}}`,
			[]channel.Inbound{in(react("👍", "emoji", convapi.ReactionReact))}},
		{"other reaction", `{"update_id":10,"message_reaction":{` + chat + `,"message_id":7,"old_reaction":[{"type":"emoji","emoji":"👍"}],"new_reaction":[{"type":"emoji","emoji":"🔥"}]}}`,
			[]channel.Inbound{in(react("👍", "emoji", convapi.ReactionUnreact)), in(second(react("🔥", "emoji", convapi.ReactionReact)))}},
		{"blocked", `{"update_id":10,"my_chat_member":{` + chat + `,"new_chat_member":{"status":"kicked"}}}`, []channel.Inbound{in(channel.Inbound{Opt: &channel.Opt{In: false}})}},
		{"unblocked", `{"update_id":10,"my_chat_member":{` + chat + `,"new_chat_member":{"status":"member"}}}`, []channel.Inbound{in(channel.Inbound{Opt: &channel.Opt{In: true}})}},
		{"administrator", `{"update_id":10,"my_chat_member":{` + chat + `,"new_chat_member":{"status":"administrator"}}}`, nil},
		{"put into a group", `{"update_id":10,"my_chat_member":{"chat":{"id":-5,"type":"group"},"new_chat_member":{"status":"member"}}}`, nil},
		{"no chat", `{"update_id":10,"message":{"text":"x"}}`, nil},
		{"nothing that we asked for", `{"update_id":10,"poll":{"id":"1"}}`, nil},
		{"odd message", `{"update_id":10,"message":{"chat":{"id":42},"date":1750000000,"text":5}}`,
			[]channel.Inbound{in(channel.Inbound{Unsupported: []byte(`{"update_id":10,"message":{"chat":{"id":42},"date":1750000000,"text":5}}`)})}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			batch, _ := receive(t, tt.body)
			if len(batch.Inbound) == 0 {
				batch.Inbound = nil
			}
			if diff := cmp.Diff(tt.want, batch.Inbound); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The URL of media is ours and never holds the token.
func TestMediaURLs(t *testing.T) {
	for name, tt := range map[string]struct{ content, id, caption, file string }{
		"photo, the largest": {`"caption":"c","photo":[{"file_id":"S","width":90,"height":90},{"file_id":"L","width":800,"height":600},{"file_id":"M","width":320,"height":240}]`, "L", "c", ""},
		"video":              {`"video":{"file_id":"V"}`, "V", "", ""},
		"audio":              {`"audio":{"file_id":"A","file_name":"a.mp3"}`, "A", "", "a.mp3"},
		"voice":              {`"voice":{"file_id":"O"}`, "O", "", ""},
		"document":           {`"document":{"file_id":"D","file_name":"a.pdf"},"caption":"c"`, "D", "c", ""},
		"animation":          {`"animation":{"file_id":"G"},"document":{"file_id":"D"}`, "G", "", ""},
		"sticker":            {`"sticker":{"file_id":"K"}`, "K", "", ""},
		"video note":         {`"video_note":{"file_id":"N"}`, "N", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			batch, _ := receive(t, private(tt.content))
			m := batch.Inbound[0].Message
			var url, caption, file string
			if m.MediaCardMessage != nil {
				url, caption = m.MediaCardMessage.URL, m.MediaCardMessage.Caption
			} else {
				url, file = m.MediaMessage.URL, m.MediaMessage.FilenameOverride
			}
			if !strings.HasPrefix(url, "http://gateway.test/channels/APP1/TELEGRAM/media/") || !strings.HasSuffix(url, "."+tt.id) || strings.Contains(url, token) {
				t.Errorf("URL %s, want one of ours for %s", url, tt.id)
			}
			if caption != tt.caption || file != tt.file {
				t.Errorf("caption %q, file %q; want %q and %q", caption, file, tt.caption, tt.file)
			}
		})
	}
}

// A tap is acknowledged in the answer, which goes out after it is stored.
func TestTapIsAcknowledged(t *testing.T) {
	_, reply := receive(t, `{"update_id":10,"callback_query":{"id":"q1","from":{"id":42},"data":"yes"}}`)
	if string(reply.Body) != `{"method":"answerCallbackQuery","callback_query_id":"q1"}` || reply.ContentType != "application/json" {
		t.Errorf("reply %+v %s", reply, reply.Body)
	}
	if _, reply := receive(t, private(`"text":"x"`)); len(reply.Body) > 0 {
		t.Errorf("a text is answered with %s", reply.Body)
	}
}

func TestRefusedPosts(t *testing.T) {
	polling := harness().Account("")
	polling.Credential.CallbackSecret = ""
	for name, tt := range map[string]struct {
		account channel.Account
		request *http.Request
		body    string
		status  int
	}{
		"polling account": {polling, post("", private(`"text":"x"`)), private(`"text":"x"`), 403},
		"not JSON":        {harness().Account(""), post(secret, "{"), "{", 400},
		"no update id":    {harness().Account(""), post(secret, "{}"), "{}", 400},
		"GET":             {harness().Account(""), httptest.NewRequest(http.MethodGet, "/", nil), "", 405},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := harness().Definition.Open(tt.account, channel.Env{HTTP: http.DefaultClient})
			if err != nil {
				t.Fatal(err)
			}
			batch, reply, err := a.(channel.Receiver).Receive(t.Context(), tt.request, []byte(tt.body))
			if err == nil || reply.Status != tt.status || len(batch.Inbound) > 0 {
				t.Errorf("reply %d, %v", reply.Status, err)
			}
		})
	}
}

// A secret that Telegram would not take is wrong when it is stored, not when
// the webhook is registered.
func TestCheck(t *testing.T) {
	for name, spoil := range map[string]func(*convapi.ChannelCredential){
		"secret with a space": func(c *convapi.ChannelCredential) { c.CallbackSecret = "a b" },
		"long secret":         func(c *convapi.ChannelCredential) { c.CallbackSecret = convapi.Secret(strings.Repeat("a", 257)) },
		"token with a path":   func(c *convapi.ChannelCredential) { c.TelegramCredentials.Token = "1:a/../b" },
		"token without id":    func(c *convapi.ChannelCredential) { c.TelegramCredentials.Token = "abc" },
	} {
		c := credential("")
		spoil(&c)
		if err := harness().Definition.Check(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Whatever comes with the right secret: no panic, and every item is one that the
// engine can store.
func FuzzReceive(f *testing.F) {
	f.Add([]byte(private(`"text":"/start x","reply_to_message":{"message_id":3}`)))
	f.Add([]byte(private(`"photo":[{"file_id":"S","width":90,"height":90}],"caption":"c"`)))
	f.Add([]byte(private(`"venue":{"location":{"latitude":1e308,"longitude":-1}},"date":99999999999999`)))
	f.Add([]byte(`{"update_id":10,"callback_query":{"id":"q1","from":{"id":42},"data":"yes"}}`))
	f.Add([]byte(`{"update_id":10,"message_reaction":{"chat":{"id":42},"message_id":7,"old_reaction":[{"type":"emoji","emoji":"👍"}],"new_reaction":[{"type":"custom_emoji"}]}}`))
	f.Add([]byte(`{"update_id":10,"edited_message":{"chat":{"id":42}},"my_chat_member":{"chat":{"id":1,"type":"private"},"new_chat_member":{"status":"kicked"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, reply, err := adapter(t, "").(channel.Receiver).Receive(t.Context(), post(secret, ""), body)
		channeltest.CheckBatch(t, batch, reply, err)
	})
}
