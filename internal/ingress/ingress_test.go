package ingress_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/whatsapp"
	"switchyard/internal/delivery"
	"switchyard/internal/engine"
	"switchyard/internal/ingress"
	"switchyard/internal/observe"
	"switchyard/internal/store"
	"switchyard/internal/webhook"
)

const (
	project   = "b1a0cd33-6e0e-4dd8-8b8c-1ce0e4e3cbbb"
	appSecret = "app secret"
	unknown   = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
)

// fixture is ingress over a real engine with WHATSAPP, and with LINE whose
// adapter has a fault.
type fixture struct {
	handler http.Handler
	engine  *engine.Engine
	db      *store.DB
	app     string
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	ctx := context.Background() // of the clean-up too
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "store.db"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	metrics := observe.NewMetrics(prometheus.NewRegistry())
	poster := webhook.New(webhook.Config{})
	f := &fixture{db: db, engine: engine.New(engine.Config{
		Store:     db,
		Deliverer: delivery.New(delivery.Config{Store: db, Poster: poster, Log: log}),
		Channels:  []channel.Definition{whatsapp.Channel, {Channel: convapi.ChannelLINE, Open: openFaulty}},
		HTTP:      http.DefaultClient,
		PublicURL: "http://127.0.0.1",
		Log:       log,
		Metrics:   metrics,
	})}
	if err := f.engine.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stopping, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		f.engine.Stop(stopping)
		poster.Close()
		if f.db != nil {
			_ = f.db.Close()
		}
	})
	f.handler = ingress.New(ingress.Config{Engine: f.engine, Log: log, Metrics: metrics})
	f.makeApp(t)
	return f
}

// makeApp makes an app with two WHATSAPP numbers and one LINE account.
func (f *fixture) makeApp(t testing.TB) {
	t.Helper()
	if err := f.engine.PutProject(t.Context(), project, "key", "secret"); err != nil {
		t.Fatal(err)
	}
	number := func(id, token string) convapi.ChannelCredential {
		return convapi.ChannelCredential{
			Channel: convapi.ChannelWhatsApp, CallbackSecret: appSecret, VerifyToken: convapi.Secret(token),
			StaticBearer: &convapi.StaticBearer{ClaimedIdentity: id, Token: "t"},
		}
	}
	line := convapi.ChannelCredential{
		Channel: convapi.ChannelLINE, LINECredentials: &convapi.LINECredentials{Token: "t", Secret: "s"},
	}
	app, err := f.engine.CreateApp(t.Context(), project, convapi.App{
		DisplayName: "app", ProcessingMode: convapi.ModeConversation,
		ChannelCredentials: []convapi.ChannelCredential{number("111", "first"), line, number("222", "second")},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.app = app.ID
}

// faulty is an adapter with a programming error.
type faulty struct{ channel.Adapter }

func openFaulty(channel.Account, channel.Env) (channel.Adapter, error) { return faulty{}, nil }

func (faulty) Receive(context.Context, *http.Request, []byte) (channel.Batch, channel.Reply, error) {
	panic("a programming error")
}

// do makes a request; {app} in the target stands for the fixture's app. body is
// signed as Meta does it.
func (f *fixture) do(method, target string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://host"+strings.ReplaceAll(target, "{app}", f.app), bytes.NewReader(body))
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write(body)
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// inbound is a webhook of Meta about one text message.
func inbound(number, id string) []byte {
	return []byte(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
		"messaging_product":"whatsapp","metadata":{"display_phone_number":"1","phone_number_id":"` + number + `"},
		"contacts":[{"profile":{"name":"A"},"wa_id":"46700000001"}],
		"messages":[{"from":"46700000001","id":"` + id + `","timestamp":"1760000000","type":"text","text":{"body":"hi"}}]}}]}]}`)
}

const whatsApp = "/channels/{app}/WHATSAPP"

func TestChallenge(t *testing.T) {
	f := newFixture(t)
	for _, tc := range []struct {
		query  string
		status int
		body   string
	}{
		{"?hub.mode=subscribe&hub.verify_token=first&hub.challenge=123", 200, "123"},
		{"?credential=0&hub.mode=subscribe&hub.verify_token=first&hub.challenge=123", 200, "123"},
		{"?credential=1&hub.mode=subscribe&hub.verify_token=second&hub.challenge=%3Cb%3E", 200, "<b>"},
		{"?credential=1&hub.mode=subscribe&hub.verify_token=first&hub.challenge=123", 403, ""},
	} {
		got := f.do(http.MethodGet, whatsApp+tc.query, nil)
		if got.Code != tc.status || got.Body.String() != tc.body {
			t.Errorf("%s: %d %q, want %d %q", tc.query, got.Code, got.Body, tc.status, tc.body)
		}
		if kind := got.Header().Get("Content-Type"); tc.body != "" && kind != "text/plain; charset=utf-8" {
			t.Errorf("%s: content type %q", tc.query, kind)
		}
	}
}

// A 200 means that the message is on disk.
func TestInboundIsStored(t *testing.T) {
	f := newFixture(t)
	for query, body := range map[string][]byte{"": inbound("111", "wamid.1"), "?credential=1": inbound("222", "wamid.2")} {
		if got := f.do(http.MethodPost, whatsApp+query, body); got.Code != http.StatusOK || got.Body.Len() > 0 {
			t.Fatalf("%q: %d %s", query, got.Code, got.Body)
		}
	}
	stored, _, err := f.engine.Messages(t.Context(), project, engine.MessageFilter{Direction: convapi.ToApp}, engine.Page{Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(stored) != 2 || stored[0].ContactMessage == nil || stored[0].ContactMessage.TextMessage.Text != "hi" {
		t.Errorf("stored %+v", stored)
	}
}

func TestForgedIsRefused(t *testing.T) {
	f := newFixture(t)
	r := httptest.NewRequest(http.MethodPost, "/channels/"+f.app+"/WHATSAPP", bytes.NewReader(inbound("111", "wamid.1")))
	r.Header.Set("X-Hub-Signature-256", "sha256=00")
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
}

func TestRefusals(t *testing.T) {
	f := newFixture(t)
	large := bytes.Repeat([]byte(" "), ingress.MaxBody+1)
	for _, tc := range []struct {
		method, target string
		body           []byte
		status         int
	}{
		{"POST", "/channels/" + unknown + "/WHATSAPP", nil, 404},
		{"POST", "/channels/no-ulid/WHATSAPP", nil, 404},
		{"POST", "/channels/{app}/PIGEON", nil, 404},
		{"POST", "/channels/{app}/whatsapp", nil, 404},
		{"POST", "/channels/{app}/TELEGRAM", nil, 404}, // known, but not of this app
		{"GET", whatsApp + "?credential=2", nil, 404},
		{"GET", whatsApp + "?credential=-1", nil, 404},
		{"GET", whatsApp + "?credential=256", nil, 404},
		{"GET", whatsApp + "?credential=x", nil, 404},
		{"POST", "/channels/{app}", nil, 404},
		{"POST", "/channels/{app}/WHATSAPP/more", nil, 404},
		{"PUT", whatsApp, nil, 405},
		{"POST", whatsApp, large, 413},
		{"POST", "/channels/{app}/LINE", nil, 503}, // the adapter panics
	} {
		checkError(t, tc.method+" "+tc.target, f.do(tc.method, tc.target, tc.body), tc.status)
	}
	// The longest body that is read reaches the adapter, which makes nothing of it.
	if got := f.do("POST", whatsApp, large[1:]); got.Code != http.StatusBadRequest {
		t.Errorf("a body of MaxBody: status %d", got.Code)
	}
}

// What could not be stored is refused, so that the provider comes again.
func TestNotStored(t *testing.T) {
	f := newFixture(t)
	if err := f.db.Close(); err != nil {
		t.Fatal(err)
	}
	f.db = nil
	checkError(t, "closed store", f.do(http.MethodPost, whatsApp, inbound("111", "wamid.1")), 503)
}

func checkError(t *testing.T, name string, got *httptest.ResponseRecorder, status int) {
	t.Helper()
	var body convapi.ErrorResponse
	if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
		t.Errorf("%s: %v: %s", name, err, got.Body)
		return
	}
	if got.Code != status || body.Error.Code != status || got.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %s, want %d", name, got.Code, got.Body, status)
	}
	if wait := got.Header().Get("Retry-After"); (status == http.StatusServiceUnavailable) != (wait != "" && wait != "0") {
		t.Errorf("%s: Retry-After %q", name, wait)
	}
}
