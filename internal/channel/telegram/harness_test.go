package telegram_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
	"switchyard/internal/channel/telegram"
)

const (
	token  = "123456:ABC-DEF_ghi"
	secret = "webhook_secret-1"
)

func credential(providerURL string) convapi.ChannelCredential {
	return convapi.ChannelCredential{
		Channel:             convapi.ChannelTelegram,
		TelegramCredentials: &convapi.TelegramCredentials{Token: token},
		CallbackSecret:      secret,
		ProviderURL:         providerURL,
	}
}

func post(secret, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/channels/APP1/TELEGRAM", strings.NewReader(body))
	if secret != "" {
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	}
	return r
}

func write(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const acceptance = `{"ok":true,"result":{"message_id":1001,"date":1750000000,"chat":{"id":42,"type":"private","first_name":"Peer"}}}`

func harness() channeltest.Harness {
	const body = `{"update_id":10,"message":{"message_id":5,"date":1750000000,"chat":{"id":42,"type":"private"},"text":"hej å"}}`
	return channeltest.Harness{
		Definition:   telegram.Channel,
		Credential:   credential,
		Secrets:      []string{token, secret},
		Outbound:     channel.Outbound{MessageID: "01J0M", Identity: "42", Bodies: []json.RawMessage{json.RawMessage(`{"method":"sendMessage","chat_id":"{{to}}","text":"hello"}`)}},
		Accept:       write(200, acceptance),
		Refs:         []string{"42:1001"},
		Throttled:    write(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}`),
		WantWait:     7 * time.Second,
		MaxText:      4096,
		Notification: func() (*http.Request, []byte) { return post(secret, body), []byte(body) },
		Forgeries: func() map[string]*http.Request {
			return map[string]*http.Request{
				"other secret": post("webhook_secret-2", body),
				"no secret":    post("", body),
				"prefix":       post(secret[:5], body),
				"longer":       post(secret+"x", body),
			}
		},
	}
}

func TestLaws(t *testing.T) { channeltest.Run(t, harness()) }

// adapter opens the channel at a provider.
func adapter(t testing.TB, providerURL string) channel.Adapter {
	t.Helper()
	a, err := telegram.Channel.Open(harness().Account(providerURL), channel.Env{HTTP: &http.Client{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// receive gives what a genuine update holds.
func receive(t testing.TB, body string) (channel.Batch, channel.Reply) {
	t.Helper()
	batch, reply, err := adapter(t, "").(channel.Receiver).Receive(t.Context(), post(secret, body), []byte(body))
	if err != nil {
		t.Fatalf("reply %d, %v", reply.Status, err)
	}
	return batch, reply
}
