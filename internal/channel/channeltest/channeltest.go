// Package channeltest holds the laws that every REST adapter has to keep,
// whatever its protocol. An adapter's test says how its account and its provider
// look and calls Run.
package channeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/transcode"
)

// Harness describes one channel.
type Harness struct {
	Definition channel.Definition
	// Credential is valid and names the provider's URL.
	Credential func(providerURL string) convapi.ChannelCredential
	// Secrets are those of Credential; they are shown nowhere.
	Secrets []string
	// Outbound is a message that the provider takes, of which Accept answers
	// with a Receipt of the Refs.
	Outbound channel.Outbound
	Accept   http.HandlerFunc
	Refs     []string
	// Throttled answers with the rate limit and a wish of WantWait.
	Throttled http.HandlerFunc
	WantWait  time.Duration
	// MaxText is the longest text of one part in characters.
	MaxText int
	// Notification makes a genuine notification with something in it: a request
	// and its body. Forgeries makes requests for the same body that prove
	// nothing. Both nil if the adapter is no Receiver.
	Notification func() (*http.Request, []byte)
	Forgeries    func() map[string]*http.Request
}

// Account gives the harness's account at a provider.
func (h Harness) Account(providerURL string) channel.Account {
	return channel.Account{
		AppID: "APP1", Credential: h.Credential(providerURL), CallbackURL: "http://gateway.test/channels/APP1/" + string(h.Definition.Channel),
	}
}

// Run checks the laws.
func Run(t *testing.T, h Harness) {
	t.Run("credential", h.credential)
	t.Run("accepted", h.accepted)
	t.Run("refused connection is retry", h.connectionRefused)
	t.Run("broken answers are unknown", h.broken)
	t.Run("canceled is unknown", h.canceled)
	t.Run("statuses", h.statuses)
	t.Run("throttled", h.throttled)
	t.Run("endless answer", h.endless)
	t.Run("text limits", h.textLimits)
	t.Run("parts", h.parts)
	if h.Notification != nil {
		t.Run("same notification, same keys", h.sameKeys)
		t.Run("forgeries", h.forgeries)
	}
}

// world is an adapter with everything that it says and opens under watch.
type world struct {
	t       *testing.T
	adapter channel.Adapter
	secrets []string
	log     *lockedBuffer
	bodies  *bodies
}

// open makes the adapter of an account at a provider that answers with handler.
func (h Harness) open(t *testing.T, handler http.HandlerFunc) *world {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return h.openAt(t, server.URL)
}

func (h Harness) openAt(t *testing.T, providerURL string) *world {
	t.Helper()
	w := &world{t: t, secrets: h.Secrets, log: &lockedBuffer{}, bodies: &bodies{next: &http.Transport{}}}
	adapter, err := h.Definition.Open(h.Account(providerURL), channel.Env{
		HTTP: &http.Client{Transport: w.bodies},
		Log:  slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.adapter = adapter
	t.Cleanup(func() {
		w.hide("the log", w.log.String())
		w.hide("the adapter printed", fmt.Sprintf("%v", h.Account(providerURL).Credential))
		w.bodies.check(t)
		w.bodies.next.CloseIdleConnections()
	})
	return w
}

// hide fails if text shows a secret.
func (w *world) hide(what, text string) {
	w.t.Helper()
	for _, secret := range w.secrets {
		if strings.Contains(text, secret) {
			w.t.Errorf("%s shows a secret: %s", what, strings.ReplaceAll(text, secret, "<SECRET>"))
		}
	}
}

// fail sends and gives the Failure.
func (w *world) fail(ctx context.Context, m channel.Outbound) *channel.Failure {
	w.t.Helper()
	receipt, err := w.adapter.Send(ctx, m)
	if err == nil {
		w.t.Fatalf("accepted as %v, want a failure", receipt)
	}
	f, ok := errors.AsType[*channel.Failure](err)
	if !ok {
		w.t.Fatalf("got %T, want a *channel.Failure", err)
	}
	w.hide("the error", err.Error()+fmt.Sprintf("%+v %#v", f.Reason, f.Err))
	if !f.Reason.Code.Known() || !f.Reason.SubCode.Known() || f.Reason.Description == "" {
		w.t.Errorf("reason %+v is not one of the contract's or says nothing", f.Reason)
	}
	return f
}

func (h Harness) credential(t *testing.T) {
	good := h.Credential("http://127.0.0.1:1")
	if err := h.Definition.Check(good); err != nil {
		t.Errorf("a good credential: %v", err)
	}
	for name, bad := range map[string]convapi.ChannelCredential{
		"empty":            {Channel: h.Definition.Channel},
		"bad provider_url": h.Credential("ftp://127.0.0.1"),
		"query in the URL": h.Credential("http://127.0.0.1?a=b"),
	} {
		err := h.Definition.Check(bad)
		if _, ok := errors.AsType[*convapi.FieldError](err); !ok {
			t.Errorf("%s: got %v, want a *convapi.FieldError", name, err)
		}
		if _, err := h.Definition.Open(channel.Account{Credential: bad}, channel.Env{HTTP: http.DefaultClient, Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func (h Harness) accepted(t *testing.T) {
	w := h.open(t, h.Accept)
	receipt, err := w.adapter.Send(t.Context(), h.Outbound)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h.Refs, receipt.Refs); diff != "" {
		t.Errorf("refs (-want +got):\n%s", diff)
	}
}

func (h Harness) connectionRefused(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	f := h.openAt(t, "http://"+closed.Addr().String()).fail(t.Context(), h.Outbound)
	if f.Verdict != channel.Retry {
		t.Errorf("verdict %v, want retry", f.Verdict)
	}
}

func (h Harness) broken(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"dropped":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"empty":      func(http.ResponseWriter, *http.Request) {},
		"not JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>ok</html>") },
		"other JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"messages":[],"ok":true}`) },
	} {
		t.Run(name, func(t *testing.T) {
			if f := h.open(t, drained(handler)).fail(t.Context(), h.Outbound); f.Verdict != channel.Unknown {
				t.Errorf("verdict %v, want unknown", f.Verdict)
			}
		})
	}
}

func (h Harness) canceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := h.open(t, drained(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	f := w.fail(ctx, h.Outbound)
	if f.Verdict != channel.Unknown || !errors.Is(f.Err, context.Canceled) {
		t.Errorf("verdict %v because of %v, want unknown because of the cancellation", f.Verdict, f.Err)
	}
}

// Statuses without words that the channel knows have the meaning that they have
// everywhere, and a provider that repeats the credential is not repeated.
func (h Harness) statuses(t *testing.T) {
	for status, want := range map[int]channel.Verdict{
		302: channel.Refuse, 400: channel.Refuse, 401: channel.Refuse, 403: channel.Refuse, 404: channel.Refuse, 410: channel.Refuse, 422: channel.Refuse,
		408: channel.Retry, 425: channel.Retry, 429: channel.Retry, 500: channel.Retry, 502: channel.Retry, 503: channel.Retry, 504: channel.Retry,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			w := h.open(t, drained(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "bad credential "+strings.Join(h.Secrets, " "))
			}))
			if f := w.fail(t.Context(), h.Outbound); f.Verdict != want {
				t.Errorf("verdict %v, want %v", f.Verdict, want)
			}
		})
	}
}

func (h Harness) throttled(t *testing.T) {
	f := h.open(t, drained(h.Throttled)).fail(t.Context(), h.Outbound)
	if f.Verdict != channel.Retry || f.Reason.Code != convapi.ReasonRateLimited || f.RetryAfter != h.WantWait {
		t.Errorf("got %v %v after %v, want retry RATE_LIMITED after %v", f.Verdict, f.Reason.Code, f.RetryAfter, h.WantWait)
	}
}

func (h Harness) endless(t *testing.T) {
	w := h.open(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte(" "), 64<<10)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if f := w.fail(t.Context(), h.Outbound); f.Verdict != channel.Unknown {
		t.Errorf("verdict %v, want unknown", f.Verdict)
	}
}

// Text gives the bodies of a text.
func (h Harness) Text(t testing.TB, text string) channel.Outbound {
	t.Helper()
	m := h.Outbound
	m.Bodies = Bodies(t, h.Definition.Channel, &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: text}})
	return m
}

// Bodies gives the bodies of a message as the engine would.
func Bodies(t testing.TB, ch convapi.Channel, m *convapi.AppMessage) []json.RawMessage {
	t.Helper()
	form, err := transcode.Native(m, ch, "01J0M")
	if err != nil {
		t.Fatal(err)
	}
	return form.Bodies
}

// A text over the limit, which counts characters, goes out in parts; a message
// of nothing costs no call.
func (h Harness) textLimits(t *testing.T) {
	for n, want := range map[int]int{1: 1, h.MaxText - 1: 1, h.MaxText: 1, h.MaxText + 1: 2} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			receipt, err := h.open(t, h.Accept).adapter.Send(t.Context(), h.Text(t, strings.Repeat("å", n)))
			if err != nil || receipt.Parts != want || len(receipt.Refs) != want {
				t.Errorf("%+v, %v, want %d parts", receipt, err, want)
			}
		})
	}
	t.Run("0", func(t *testing.T) {
		w := h.open(t, func(http.ResponseWriter, *http.Request) { t.Error("a call was made") })
		m := h.Outbound
		m.Bodies = nil
		if f := w.fail(t.Context(), m); f.Verdict != channel.Refuse || f.Reason.Code != convapi.ReasonBadRequest {
			t.Errorf("got %v %v, want refuse", f.Verdict, f.Reason.Code)
		}
	})
}

// What fails on the way tells how far it came, and another attempt goes on there.
func (h Harness) parts(t *testing.T) {
	var calls int
	m := h.Text(t, strings.Repeat("å", 2*h.MaxText+1))
	w := h.open(t, drained(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 2 {
			h.Throttled(w, r)
			return
		}
		h.Accept(w, r)
	}))
	if f := w.fail(t.Context(), m); calls != 2 || f.Verdict != channel.Retry || len(f.Refs) != 1 || f.Parts != 3 {
		t.Errorf("%d calls, refs %v of %d parts: %v", calls, f.Refs, f.Parts, f)
	}
	m.PartsDone = 1
	receipt, err := w.adapter.Send(t.Context(), m)
	if err != nil || calls != 4 || len(receipt.Refs) != 2 || receipt.Parts != 3 {
		t.Errorf("%d calls, %+v, %v", calls, receipt, err)
	}
}

func (h Harness) receiver(t *testing.T) channel.Receiver {
	t.Helper()
	w := h.openAt(t, "http://127.0.0.1:1")
	r, ok := w.adapter.(channel.Receiver)
	if !ok {
		t.Fatalf("%T is no channel.Receiver", w.adapter)
	}
	return r
}

// A provider posts again what it does not know to be stored.
func (h Harness) sameKeys(t *testing.T) {
	receiver := h.receiver(t)
	var batches [2]channel.Batch
	for i := range batches {
		r, body := h.Notification()
		batch, reply, err := receiver.Receive(t.Context(), r, body)
		if err != nil || (reply.Status != 0 && reply.Status != http.StatusOK) {
			t.Fatalf("reply %d, %v", reply.Status, err)
		}
		if len(batch.Inbound)+len(batch.Reports) == 0 {
			t.Fatal("nothing in a notification that has something")
		}
		for _, in := range batch.Inbound {
			if in.Key == "" {
				t.Errorf("no key: %+v", in)
			}
		}
		batches[i] = batch
	}
	if diff := cmp.Diff(batches[0], batches[1]); diff != "" {
		t.Errorf("the same notification gave (-first +second):\n%s", diff)
	}
}

func (h Harness) forgeries(t *testing.T) {
	receiver := h.receiver(t)
	_, body := h.Notification()
	for name, r := range h.Forgeries() {
		batch, reply, err := receiver.Receive(t.Context(), r, body)
		if err == nil || reply.Status != http.StatusForbidden || len(batch.Inbound)+len(batch.Reports) > 0 {
			t.Errorf("%s: reply %d, error %v, %d items; want 403, an error and none", name, reply.Status, err, len(batch.Inbound)+len(batch.Reports))
		}
	}
}

// drained reads the request first, so that an aborted answer is not taken for a
// request that could not be written.
func drained(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		next(w, r)
	}
}

// lockedBuffer takes a log from several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// CheckBatch says whether the engine can store what Receive gave, for fuzzing.
func CheckBatch(t *testing.T, batch channel.Batch, reply channel.Reply, err error) {
	t.Helper()
	if err != nil && (reply.Status < 400 || len(batch.Inbound)+len(batch.Reports) > 0) {
		t.Errorf("reply %d and %d items beside the error %v", reply.Status, len(batch.Inbound)+len(batch.Reports), err)
	}
	for _, in := range batch.Inbound {
		set := 0
		for _, is := range []bool{in.Message != nil, in.Event != nil, in.MessageEvent != nil, in.Opt != nil, in.ChannelEvent != nil, in.Unsupported != nil} {
			if is {
				set++
			}
		}
		if set != 1 {
			t.Errorf("%d things in one inbound: %+v", set, in)
		}
		if in.Key == "" || (in.Identity == "" && in.ChannelEvent == nil) {
			t.Errorf("no key or no identity: %+v", in)
		}
		if in.Unsupported != nil && !json.Valid(in.Unsupported) {
			t.Errorf("unsupported, and not JSON: %q", in.Unsupported)
		}
		if _, err := json.Marshal(in); err != nil {
			t.Errorf("cannot be written: %v", err)
		}
	}
	for _, report := range batch.Reports {
		if report.Ref == "" && report.MessageID == "" || !report.Status.Known() || report.Status == convapi.StatusSwitchingChannel {
			t.Errorf("a report about nothing: %+v", report)
		}
		if (report.Status == convapi.StatusFailed) != (report.Reason.Code != "") {
			t.Errorf("status %s with reason %+v", report.Status, report.Reason)
		}
	}
}
