package whatsapp_test

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
	"switchyard/internal/channel/whatsapp"
	"switchyard/internal/sim/graph"
)

const (
	phoneNumberID = "106540352242922" // that of the example webhooks
	token         = "EAABwzLixnjYBO"
	appSecret     = "0123456789abcdef-app"
	verifyToken   = "challenge-me"
)

func credential(providerURL string) convapi.ChannelCredential {
	return convapi.ChannelCredential{
		Channel:        convapi.ChannelWhatsApp,
		StaticBearer:   &convapi.StaticBearer{ClaimedIdentity: phoneNumberID, Token: token},
		CallbackSecret: appSecret,
		VerifyToken:    verifyToken,
		ProviderURL:    providerURL,
	}
}

// signed is a webhook as Meta posts it.
func signed(body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/channels/APP1/WHATSAPP", strings.NewReader(string(body)))
	r.Header.Set("X-Hub-Signature-256", graph.Signature(appSecret, body))
	return r
}

func write(status int, header http.Header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const acceptance = `{"messaging_product":"whatsapp","contacts":[{"input":"46700000001","wa_id":"46700000001"}],"messages":[{"id":"wamid.1","message_status":"accepted"}]}`

func harness() channeltest.Harness {
	body := []byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"` + phoneNumberID + `"},` +
		`"messages":[{"id":"wamid.in","from":"46700000001","timestamp":"1750000000","type":"text","text":{"body":"hej \u00e5"}}],` +
		`"statuses":[{"id":"wamid.out","status":"delivered","timestamp":"1750000001"}]}}]}]}`)
	return channeltest.Harness{
		Definition:   whatsapp.Channel,
		Credential:   credential,
		Secrets:      []string{token, appSecret, verifyToken},
		Outbound:     channel.Outbound{MessageID: "01J0M", Identity: "46700000001", Bodies: []json.RawMessage{json.RawMessage(`{"to":"{{to}}","type":"text","text":{"body":"hello"}}`)}},
		Accept:       write(200, nil, acceptance),
		Refs:         []string{"wamid.1"},
		Throttled:    write(429, http.Header{"Retry-After": {"7"}}, `{"error":{"message":"(#130429) Rate limit hit","code":130429}}`),
		WantWait:     7 * time.Second,
		MaxText:      4096,
		Notification: func() (*http.Request, []byte) { return signed(body), body },
		Forgeries: func() map[string]*http.Request {
			header := func(value string) *http.Request {
				r := signed(body)
				r.Header.Set("X-Hub-Signature-256", value)
				return r
			}
			right := graph.Signature(appSecret, body)
			return map[string]*http.Request{
				"other secret": header(graph.Signature("other", body)),
				"other body":   header(graph.Signature(appSecret, append(body, ' '))),
				"no signature": header(""),
				"no prefix":    header(strings.TrimPrefix(right, "sha256=")),
				"not hex":      header("sha256=zz"),
				"cut":          header(right[:len(right)-2]),
				"sha1":         header(strings.Replace(right, "sha256", "sha1", 1)),
			}
		},
	}
}

func TestLaws(t *testing.T) { channeltest.Run(t, harness()) }

// adapter opens the channel at a provider.
func adapter(t testing.TB, providerURL string) channel.Adapter {
	t.Helper()
	a, err := whatsapp.Channel.Open(harness().Account(providerURL), channel.Env{HTTP: &http.Client{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// receive gives what a genuine webhook holds.
func receive(t testing.TB, body string) channel.Batch {
	t.Helper()
	batch, reply, err := adapter(t, "").(channel.Receiver).Receive(t.Context(), signed([]byte(body)), []byte(body))
	if err != nil || reply.Status != 0 {
		t.Fatalf("reply %d, %v", reply.Status, err)
	}
	return batch
}
