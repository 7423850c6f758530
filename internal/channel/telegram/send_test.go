package telegram_test

import (
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
)

// The bytes that Telegram gets, which its published list of methods allows.
func TestRequest(t *testing.T) {
	spec := channeltest.LoadSpec(t, "telegram-bot-api.json")
	var got string
	server := httptest.NewServer(spec.Validate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + string(body)
		_, _ = io.WriteString(w, acceptance)
	})))
	defer server.Close()
	preview := func(value string) map[string]string { return map[string]string{"TELEGRAM_DISABLE_LINK_PREVIEW": value} }
	for name, tt := range map[string]struct {
		m    channel.Outbound
		want string
	}{
		"person":        {channel.Outbound{Identity: "42", Text: "<b>*å*</b>"}, `{"chat_id":42,"text":"\u003cb\u003e*å*\u003c/b\u003e"}`},
		"group":         {channel.Outbound{Identity: "-1001234567890", Text: "a"}, `{"chat_id":-1001234567890,"text":"a"}`},
		"named channel": {channel.Outbound{Identity: "@news", Text: "a"}, `{"chat_id":"@news","text":"a"}`},
		"no preview":    {channel.Outbound{Identity: "42", Text: "a", Properties: preview("TRUE")}, `{"chat_id":42,"text":"a","link_preview_options":{"is_disabled":true}}`},
		"preview":       {channel.Outbound{Identity: "42", Text: "a", Properties: preview("false")}, `{"chat_id":42,"text":"a"}`},
		"odd property":  {channel.Outbound{Identity: "42", Text: "a", Properties: preview("perhaps")}, `{"chat_id":42,"text":"a"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := adapter(t, server.URL).Send(t.Context(), tt.m); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("POST /bot"+token+"/sendMessage "+tt.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
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
			receipt, err := adapter(t, server.URL).Send(t.Context(), channel.Outbound{Identity: "-5", Text: "a"})
			if (err == nil) != (tt.refs != nil) {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.refs, receipt.Refs) + cmp.Diff(tt.calls, calls); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
