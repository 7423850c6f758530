package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

const secret = "12345:top-secret"

// failure gives err as a Failure and checks that no form of it shows the secret.
func failure(t *testing.T, err error) *channel.Failure {
	t.Helper()
	f, ok := errors.AsType[*channel.Failure](err)
	if !ok {
		t.Fatalf("got %v, want a *channel.Failure", err)
	}
	for _, form := range []string{"%v", "%+v", "%#v", "%q"} {
		if text := fmt.Sprintf(form, f.Error()) + fmt.Sprintf(form, f.Err); strings.Contains(text, "top-secret") {
			t.Errorf("%s shows the secret: %s", form, text)
		}
	}
	return f
}

func TestDo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprint(r.Method, " ", r.Header.Get("Content-Type"), " ", r.Header.Get("X-Own"), " ", string(body)))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, `{"ok":false}`)
	}))
	defer server.Close()
	c := rest.New(server.Client(), secret)
	answer, err := c.Do(t.Context(), rest.Call{
		Method: http.MethodPost, URL: server.URL, Header: http.Header{"X-Own": {"yes"}}, Body: map[string]string{"a": "<å>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusTeapot || answer.OK() || string(answer.Body) != `{"ok":false}` {
		t.Errorf("answer %d %s", answer.Status, answer.Body)
	}
	if got, want := answer.Header.Get("X-Seen"), `POST application/json yes {"a":"\u003cå\u003e"}`; got != want {
		t.Errorf("request %s, want %s", got, want)
	}
}

// What certainly was not written may be tried again.
func TestNothingWritten(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	guard := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("address is private")
	}}}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name   string
		ctx    context.Context
		client *http.Client
		url    string
	}{
		{"connection refused", t.Context(), http.DefaultClient, "http://" + closed.Addr().String() + "/bot" + secret},
		{"dial guard", t.Context(), guard, "http://10.0.0.1/bot" + secret},
		{"no TLS there", t.Context(), http.DefaultClient, strings.Replace(plain.URL, "http:", "https:", 1) + "/bot" + secret},
		{"canceled before", canceled, http.DefaultClient, plain.URL + "/bot" + secret},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rest.New(tt.client, secret).Do(tt.ctx, rest.Call{Method: http.MethodPost, URL: tt.url, Body: 1})
			if f := failure(t, err); f.Verdict != channel.Retry {
				t.Errorf("verdict %v, want retry: %v", f.Verdict, f)
			}
		})
	}
}

// After the request was written nothing is certain until an answer came.
func TestWritten(t *testing.T) {
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, cancel func())
	}{
		{"dropped", func(http.ResponseWriter, *http.Request, func()) { panic(http.ErrAbortHandler) }},
		{"canceled", func(_ http.ResponseWriter, r *http.Request, cancel func()) { cancel(); <-r.Context().Done() }},
		{"accepted, answer cut", func(w http.ResponseWriter, _ *http.Request, _ func()) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"id"`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				tt.answer(w, r, cancel)
			}))
			defer server.Close()
			_, err := rest.New(server.Client(), secret).Do(ctx, rest.Call{Method: http.MethodPost, URL: server.URL + "/bot" + secret, Body: 1})
			if f := failure(t, err); f.Verdict != channel.Unknown {
				t.Errorf("verdict %v, want unknown: %v", f.Verdict, f)
			}
		})
	}
}

// A refusal is a refusal even if its words are cut off.
func TestCutRefusal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusBadRequest)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	c := rest.New(server.Client())
	answer, err := c.Do(t.Context(), rest.Call{Method: http.MethodPost, URL: server.URL})
	if err != nil || c.Failure(answer, "").Verdict != channel.Refuse {
		t.Errorf("got %+v, %v, want a refusal", answer, err)
	}
}

func TestBadURLHasNoSecret(t *testing.T) {
	_, err := rest.New(http.DefaultClient, secret).Do(t.Context(), rest.Call{Method: http.MethodPost, URL: "http://[bad/bot" + secret})
	if f := failure(t, err); f.Verdict != channel.Refuse {
		t.Errorf("verdict %v, want refuse", f.Verdict)
	}
}

func TestAnswerIsBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 64<<10)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	answer, err := rest.New(server.Client()).Do(t.Context(), rest.Call{Method: http.MethodGet, URL: server.URL})
	if err != nil || len(answer.Body) != rest.MaxAnswer {
		t.Errorf("%d bytes, %v, want %d", len(answer.Body), err, rest.MaxAnswer)
	}
}

// A redirect is an answer: the credential stays with the host that was named.
func TestNoRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c := rest.New(server.Client())
	answer, err := c.Do(t.Context(), rest.Call{Method: http.MethodPost, URL: server.URL, Body: 1})
	if err != nil {
		t.Fatal(err)
	}
	if f := c.Failure(answer, ""); f.Verdict != channel.Refuse || !f.Account {
		t.Errorf("got %v, account %v, want a refusal by the account", f, f.Account)
	}
}

func TestStatusTable(t *testing.T) {
	tests := []struct {
		status  int
		verdict channel.Verdict
		code    convapi.ReasonCode
		account bool
	}{
		{200, channel.Unknown, convapi.ReasonChannelFailure, false},
		{302, channel.Refuse, convapi.ReasonChannelBadConfiguration, true},
		{400, channel.Refuse, convapi.ReasonChannelReject, false},
		{401, channel.Refuse, convapi.ReasonChannelBadConfiguration, true},
		{403, channel.Refuse, convapi.ReasonChannelBadConfiguration, true},
		{404, channel.Refuse, convapi.ReasonRecipientNotReachable, false},
		{408, channel.Retry, convapi.ReasonChannelFailure, false},
		{410, channel.Refuse, convapi.ReasonRecipientNotReachable, false},
		{422, channel.Refuse, convapi.ReasonChannelReject, false},
		{425, channel.Retry, convapi.ReasonChannelFailure, false},
		{429, channel.Retry, convapi.ReasonRateLimited, true},
		{500, channel.Retry, convapi.ReasonChannelFailure, false},
		{503, channel.Retry, convapi.ReasonChannelFailure, false},
		{599, channel.Retry, convapi.ReasonChannelFailure, false},
	}
	c := rest.New(http.DefaultClient, secret)
	for _, tt := range tests {
		f := c.Failure(rest.Answer{Status: tt.status}, "Malformed token "+secret)
		if f.Verdict != tt.verdict || f.Reason.Code != tt.code || f.Account != tt.account {
			t.Errorf("%d: got %v %v account %v, want %v %v %v", tt.status, f.Verdict, f.Reason.Code, f.Account, tt.verdict, tt.code, tt.account)
		}
		if want := rest.Relayed + "Malformed token ***"; f.Reason.Description != want {
			t.Errorf("%d: description %q, want %q", tt.status, f.Reason.Description, want)
		}
	}
}

// A provider's words are bounded and stay text.
func TestRelay(t *testing.T) {
	c := rest.New(http.DefaultClient)
	for _, words := range []string{strings.Repeat("å", 5000), "\xff\xfe", strings.Repeat("a\xff", 5000), ""} {
		got := c.Relay(words)
		if len(got) > 1100 || !utf8.ValidString(got) || !strings.HasPrefix(got, rest.Relayed) {
			t.Errorf("%d bytes %q", len(got), got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Sun, 22 Nov 2026 13:00:00 GMT"
	tests := []struct {
		value, date string
		want        time.Duration
	}{
		{"", date, 0},
		{"7", "", 7 * time.Second},
		{"0", "", 0},
		{"-7", "", 0},
		{"soon", date, 0},
		{"3600", "", time.Hour},
		{"86400", "", time.Hour},
		{"99999999999999999999", "", 0},
		{"Sun, 22 Nov 2026 13:00:30 GMT", date, 30 * time.Second},
		{"Sun, 22 Nov 2026 12:00:00 GMT", date, 0},
		{"Mon, 23 Nov 2026 13:00:00 GMT", date, time.Hour},
		{"Sun, 22 Nov 2026 13:00:30 GMT", "", 0},
	}
	for _, tt := range tests {
		h := http.Header{"Retry-After": {tt.value}, "Date": {tt.date}}
		if got := rest.RetryAfter(h); got != tt.want {
			t.Errorf("%q at %q: %v, want %v", tt.value, tt.date, got, tt.want)
		}
	}
}
