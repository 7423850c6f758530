package telegram_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
	"switchyard/internal/channel/rest"
	"switchyard/internal/sim/botapi"
)

// message is an outbound message of one type, in the form that the engine gives.
func message(t testing.TB, text string) channel.Outbound {
	t.Helper()
	var m convapi.AppMessage
	if err := convapi.Decode([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return channel.Outbound{MessageID: "01J0M", Identity: "42", Bodies: channeltest.Bodies(t, convapi.ChannelTelegram, &m)}
}

// textTo is a text to an identity.
func textTo(t testing.TB, identity, text string) channel.Outbound {
	t.Helper()
	m := message(t, `{"text_message":{"text":"`+text+`"}}`)
	m.Identity = identity
	return m
}

// The bytes that Telegram gets, which its published list of methods allows.
func TestRequest(t *testing.T) {
	spec := channeltest.LoadSpec(t, "telegram-bot-api.json")
	var got []string
	server := httptest.NewServer(spec.Validate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, strings.TrimPrefix(r.URL.Path, "/bot"+token+"/")+" "+string(body))
		_, _ = io.WriteString(w, acceptance)
	})))
	defer server.Close()
	preview := func(value string) channel.Outbound {
		m := textTo(t, "42", "a")
		m.Properties = map[string]string{"TELEGRAM_DISABLE_LINK_PREVIEW": value}
		return m
	}
	quoting := func(m channel.Outbound, ref string) channel.Outbound { m.Quote = ref; return m }
	raw := func(body string) channel.Outbound {
		return channel.Outbound{Identity: "42", Bodies: []json.RawMessage{json.RawMessage(body)}}
	}
	for name, tt := range map[string]struct {
		m    channel.Outbound
		want []string
	}{
		"person":        {textTo(t, "42", "<b>*å*</b>"), []string{`sendMessage {"chat_id":42,"text":"\u003cb\u003e*å*\u003c/b\u003e"}`}},
		"group":         {textTo(t, "-1001234567890", "a"), []string{`sendMessage {"chat_id":-1001234567890,"text":"a"}`}},
		"named channel": {textTo(t, "@news", "a"), []string{`sendMessage {"chat_id":"@news","text":"a"}`}},
		"no preview":    {preview("TRUE"), []string{`sendMessage {"chat_id":42,"link_preview_options":{"is_disabled":true},"text":"a"}`}},
		"preview":       {preview("false"), []string{`sendMessage {"chat_id":42,"text":"a"}`}},
		"odd property":  {preview("perhaps"), []string{`sendMessage {"chat_id":42,"text":"a"}`}},
		"an answer":     {quoting(textTo(t, "42", "a"), "42:7"), []string{`sendMessage {"chat_id":42,"reply_parameters":{"message_id":7,"allow_sending_without_reply":true},"text":"a"}`}},
		"an odd quote":  {quoting(textTo(t, "42", "a"), "7"), []string{`sendMessage {"chat_id":42,"text":"a"}`}},
		"a card": {message(t, `{"card_message":{"title":"Tea","media_message":{"url":"https://m.example/a.jpg"},"choices":[{"text_message":{"text":"Yes"}}]}}`), []string{
			`sendPhoto {"caption":"Tea","caption_entities":[{"type":"bold","offset":0,"length":3}],"chat_id":42,"photo":"https://m.example/a.jpg",` +
				`"reply_markup":{"inline_keyboard":[[{"text":"Yes","callback_data":"01J0M_Yes"}]]}}`,
		}},
		"cards, quoting once": {quoting(message(t, `{"carousel_message":{"cards":[{"title":"a"},{"title":"b"}]}}`), "42:7"), []string{
			`sendMessage {"chat_id":42,"reply_parameters":{"message_id":7,"allow_sending_without_reply":true},"text":"a"}`, `sendMessage {"chat_id":42,"text":"b"}`,
		}},
		"a place":                   {message(t, `{"location_message":{"title":"Pier","label":"crane","coordinates":{"latitude":1.5,"longitude":2}}}`), []string{`sendVenue {"address":"crane","chat_id":42,"latitude":1.5,"longitude":2,"title":"Pier"}`}},
		"the customer's own":        {raw(`{"method":"sendSticker","chat_id":1,"sticker":"id","disable_notification":true}`), []string{`sendSticker {"chat_id":42,"disable_notification":true,"sticker":"id"}`}},
		"its method by its content": {raw(`{"photo":"https://m.example/a.jpg","caption":"a"}`), []string{`sendPhoto {"caption":"a","chat_id":42,"photo":"https://m.example/a.jpg"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			got = nil
			receipt, err := adapter(t, server.URL).Send(t.Context(), tt.m)
			if err != nil || receipt.Parts != len(tt.want) {
				t.Fatalf("%+v, %v", receipt, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// A customer's own body sends a message, and does nothing else to the bot.
func TestOwnBodiesOnlySend(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call was made") }))
	defer server.Close()
	for _, body := range []string{
		`{"method":"deleteWebhook"}`, `{"method":"sendChatAction","action":"typing"}`, `{"method":"sendMessage/../logOut","text":"a"}`, `{"method":1}`,
		`{"method":"getUpdates"}`, `{"caption":"a"}`, `{}`, `[]`, `null`, `"a"`, `{`,
	} {
		_, err := adapter(t, server.URL).Send(t.Context(), channel.Outbound{Identity: "42", Bodies: []json.RawMessage{json.RawMessage(body)}})
		if f := channel.AsFailure(err); f.Verdict != channel.Refuse || f.Reason.Code != convapi.ReasonBadRequest {
			t.Errorf("%s: %v", body, f)
		}
	}
}

// Several messages of one call are one part, known by the first.
func TestMediaGroup(t *testing.T) {
	server := httptest.NewServer(write(200, `{"ok":true,"result":[{"message_id":7,"chat":{"id":42}},{"message_id":8,"chat":{"id":42}}]}`))
	defer server.Close()
	receipt, err := adapter(t, server.URL).Send(t.Context(), channel.Outbound{Identity: "42", Bodies: []json.RawMessage{json.RawMessage(`{"media":[]}`)}})
	if diff := cmp.Diff(channel.Receipt{Refs: []string{"42:7"}, Parts: 1}, receipt); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// Every row of the channel's table of errors. The wording shifts: case and what
// stands around the words do not matter.
func TestErrorTable(t *testing.T) {
	account := rest.Class{Verdict: channel.Refuse, Code: convapi.ReasonChannelBadConfiguration, Account: true}
	refuse := func(code convapi.ReasonCode) rest.Class { return rest.Class{Verdict: channel.Refuse, Code: code} }
	retry := func(code convapi.ReasonCode) rest.Class { return rest.Class{Verdict: channel.Retry, Code: code} }
	tests := []struct {
		code        int
		description string
		want        rest.Class
	}{
		{401, "Unauthorized", account},
		{404, "Not Found", account},
		{403, "Forbidden: bot was blocked by the user", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "Forbidden: user is deactivated", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "Forbidden: bot can't initiate conversation with a user", refuse(convapi.ReasonRecipientNotOptedIn)},
		{403, "Forbidden: bot can't send messages to bots", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "Forbidden: bot was kicked from the group chat", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "Forbidden: bot is not a member of the channel chat", refuse(convapi.ReasonRecipientNotReachable)},
		{403, "Forbidden: something new", refuse(convapi.ReasonRecipientNotReachable)},
		{400, "Bad Request: chat not found", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "Bad Request: PEER_ID_INVALID", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "Bad Request: chat_id is empty", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "Bad Request: user not found", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "Bad Request: group chat was upgraded to a supergroup chat", refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{400, "Bad Request: message is too long", refuse(convapi.ReasonBadRequest)},
		{400, "Bad Request: message text is empty", refuse(convapi.ReasonBadRequest)},
		{400, "Bad Request: can't parse entities: byte offset 5", refuse(convapi.ReasonBadRequest)},
		{400, "Bad Request: BUTTON_DATA_INVALID", refuse(convapi.ReasonBadRequest)},
		{400, "Bad Request: BUTTON_URL_INVALID", refuse(convapi.ReasonBadRequest)},
		{400, "Bad Request: reply markup is too long", refuse(convapi.ReasonBadRequest)},
		{400, "Bad Request: wrong file identifier/HTTP URL specified", refuse(convapi.ReasonMediaNotReachable)},
		{400, "Bad Request: failed to get HTTP URL content", refuse(convapi.ReasonMediaNotReachable)},
		{400, "Bad Request: wrong type of the web page content", refuse(convapi.ReasonMediaTypeUnsupported)},
		{400, "Bad Request: file is too big", refuse(convapi.ReasonMediaTooLarge)},
		{413, "Request Entity Too Large", refuse(convapi.ReasonMediaTooLarge)},
		{400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", refuse(convapi.ReasonChannelReject)},
		{400, "Bad Request: not enough rights to send text messages to the chat", refuse(convapi.ReasonChannelReject)},
		{400, "Bad Request: something new", refuse(convapi.ReasonChannelReject)},
		{409, "Conflict: terminated by other getUpdates request", account},
		{429, "Too Many Requests: retry after 5", rest.Class{Verdict: channel.Retry, Code: convapi.ReasonRateLimited, Account: true}},
		{500, "Internal Server Error", retry(convapi.ReasonChannelFailure)},
		{502, "Bad Gateway", retry(convapi.ReasonChannelFailure)},
	}
	for _, tt := range tests {
		for _, description := range []string{tt.description, strings.ToUpper(tt.description) + "!"} {
			t.Run(fmt.Sprint(tt.code, description), func(t *testing.T) {
				server := httptest.NewServer(write(tt.code, fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q}`, tt.code, description)))
				defer server.Close()
				_, err := adapter(t, server.URL).Send(t.Context(), harness().Outbound)
				f := channel.AsFailure(err)
				if got := (rest.Class{Verdict: f.Verdict, Code: f.Reason.Code, Account: f.Account}); got != tt.want {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
				if f.Reason.Description != "The underlying channel reported: "+description || f.Reason.ChannelCode != "" {
					t.Errorf("reason %+v: the raw code is for WhatsApp only", f.Reason)
				}
			})
		}
	}
}

func TestRetryAfterIsCapped(t *testing.T) {
	for wish, want := range map[string]time.Duration{"5": 5 * time.Second, "3600": time.Hour, "86400": time.Hour, "9000000000000000000": time.Hour, "0": 0, "-5": 0} {
		server := httptest.NewServer(write(429, `{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":`+wish+`}}`))
		_, err := adapter(t, server.URL).Send(t.Context(), harness().Outbound)
		server.Close()
		if f := channel.AsFailure(err); f.RetryAfter != want {
			t.Errorf("%s: %v, want %v", wish, f.RetryAfter, want)
		}
	}
}

// A group that became a supergroup is written to at its new id, once.
func TestMigratedChat(t *testing.T) {
	for name, tt := range map[string]struct {
		second string
		status int
		refs   []string
		calls  []string
	}{
		"taken":          {strings.Replace(acceptance, `"id":42`, `"id":-1009`, 1), 200, []string{"-1009:1001"}, []string{`{"chat_id":-5,"text":"a"}`, `{"chat_id":-1009,"text":"a"}`}},
		"migrated again": {`{"ok":false,"error_code":400,"description":"upgraded to a supergroup","parameters":{"migrate_to_chat_id":-1010}}`, 400, nil, []string{`{"chat_id":-5,"text":"a"}`, `{"chat_id":-1009,"text":"a"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			var calls []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				calls = append(calls, string(body))
				if len(calls) == 1 {
					w.WriteHeader(400)
					_, _ = io.WriteString(w, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}`)
					return
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.second)
			}))
			defer server.Close()
			receipt, err := adapter(t, server.URL).Send(t.Context(), textTo(t, "-5", "a"))
			if (err == nil) != (tt.refs != nil) {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.refs, receipt.Refs) + cmp.Diff(tt.calls, calls); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The platform takes every type of message.
func TestEveryTypeIsTaken(t *testing.T) {
	s, err := botapi.New(botapi.Config{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer func() { s.Close(); server.Close() }()
	if taken := harness().SendAll(t, adapter(t, server.URL)); taken < 35 {
		t.Errorf("%d taken", taken)
	}
}
