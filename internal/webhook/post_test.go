package webhook_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/dial"
	"switchyard/internal/webhook"
)

const body = `{"app_id":"A1","project_id":"P1","message":{"text":"<b>&å"},"message_metadata":""}`

func newPoster(t testing.TB, cfg webhook.Config) *webhook.Poster {
	t.Helper()
	cfg.AllowPrivate, cfg.UserAgent = true, "switchyard/test"
	p := webhook.New(cfg)
	t.Cleanup(p.Close)
	return p
}

// serve starts an endpoint and returns its URL.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func request(target string) webhook.Request {
	return webhook.Request{Target: target, Secret: "topsecret", ID: "cb1", Body: []byte(body)}
}

// received is what an endpoint saw of one attempt.
type received struct {
	header http.Header
	body   []byte
	method string
	uri    string
}

// record answers 200 and hands over what came.
func record(t testing.TB) (url string, got <-chan received) {
	t.Helper()
	requests := make(chan received, 16)
	return serve(t, func(_ http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("endpoint: %v", err)
		}
		requests <- received{r.Header, content, r.Method, r.RequestURI}
	}), requests
}

func TestPostSends(t *testing.T) {
	url, requests := record(t)
	out := newPoster(t, webhook.Config{}).Post(t.Context(), request(url+"/hook?key=1"))
	if out.Class != webhook.Delivered || out.Status != 200 || out.Err != nil || out.Duration <= 0 {
		t.Fatalf("outcome %+v", out)
	}
	got := <-requests
	if got.method != "POST" || got.uri != "/hook?key=1" || string(got.body) != body {
		t.Errorf("got %s %s with %s", got.method, got.uri, got.body)
	}
	if err := webhook.Verify("topsecret", got.header, got.body); err != nil {
		t.Errorf("verify: %v", err)
	}
	for name, want := range map[string]string{
		"Content-Type":                        "application/json",
		"User-Agent":                          "switchyard/test",
		"Webhook-Id":                          "cb1",
		"X-Sinch-Webhook-Signature-Algorithm": "HmacSHA256",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
	if _, sent := got.header["Idempotency-Key"]; sent {
		t.Error("Idempotency-Key was sent")
	}
}

// Law: the body and webhook-id stay over the attempts of a callback, nonce and
// signatures do not.
func TestAttemptsAreSignedAnew(t *testing.T) {
	url, requests := record(t)
	poster := newPoster(t, webhook.Config{})
	poster.Post(t.Context(), request(url))
	poster.Post(t.Context(), request(url))
	first, second := <-requests, <-requests
	if first.header.Get("Webhook-Id") != second.header.Get("Webhook-Id") {
		t.Error("webhook-id changed")
	}
	for _, name := range []string{"X-Sinch-Webhook-Signature-Nonce", "X-Sinch-Webhook-Signature"} {
		if first.header.Get(name) == second.header.Get(name) {
			t.Errorf("%s did not change", name)
		}
	}
}

func TestUnsignedWithoutSecret(t *testing.T) {
	url, requests := record(t)
	r := request(url)
	r.Secret = ""
	newPoster(t, webhook.Config{}).Post(t.Context(), r)
	got := <-requests
	for name := range got.header {
		if strings.Contains(strings.ToLower(name), "signature") {
			t.Errorf("%s was sent without a secret", name)
		}
	}
	if got.header.Get("Webhook-Id") != "cb1" || got.header.Get("Webhook-Timestamp") == "" {
		t.Errorf("webhook-id %q, webhook-timestamp %q", got.header.Get("Webhook-Id"), got.header.Get("Webhook-Timestamp"))
	}
}

func TestUserInfoOfTheURLIsBasicAuth(t *testing.T) {
	url, requests := record(t)
	newPoster(t, webhook.Config{}).Post(t.Context(), request(strings.Replace(url, "http://", "http://me:p%40ss@", 1)))
	if got, want := (<-requests).header.Get("Authorization"), "Basic bWU6cEBzcw=="; got != want {
		t.Errorf("Authorization %q, want %q", got, want)
	}
}

// Every final status that HTTP can carry, by class.
func TestEveryStatus(t *testing.T) {
	want := func(status int) webhook.Class {
		switch {
		case status >= 200 && status < 300:
			return webhook.Delivered
		case status >= 500, status == 429:
			return webhook.Retry
		default:
			return webhook.Drop
		}
	}
	url := rawServe(t, func(conn net.Conn, r *http.Request) {
		fmt.Fprintf(conn, "HTTP/1.1 %s Whatever\r\nContent-Length: 0\r\n\r\n", r.URL.Path[1:])
	})
	poster := newPoster(t, webhook.Config{})
	for status := 101; status <= 999; status++ {
		if status > 101 && status < 200 {
			continue // informational: the final status is yet to come
		}
		out := poster.Post(t.Context(), request(fmt.Sprintf("%s/%d", url, status)))
		if out.Class != want(status) || out.Status != status || (out.Err == nil) != (out.Class == webhook.Delivered) {
			t.Errorf("status %d: %+v, want %v", status, out, want(status))
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere, requests := record(t)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})
	out := newPoster(t, webhook.Config{}).Post(t.Context(), request(url))
	if out.Class != webhook.Drop || out.Status != 307 || len(requests) != 0 {
		t.Errorf("outcome %+v, %d requests elsewhere", out, len(requests))
	}
}

func TestRetryAfter(t *testing.T) {
	var value atomic.Value
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", value.Load().(string))
		w.WriteHeader(http.StatusTooManyRequests)
	})
	poster := newPoster(t, webhook.Config{})
	inTwoMinutes := time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat)
	for text, want := range map[string][2]time.Duration{
		"":                              {0, 0},
		"7":                             {7 * time.Second, 7 * time.Second},
		"3600":                          {time.Hour, time.Hour},
		"3601":                          {time.Hour, time.Hour},
		"99999999999999999999":          {0, 0},
		"-1":                            {0, 0},
		"soon":                          {0, 0},
		"Wed, 21 Oct 2015 07:28:00 GMT": {0, 0},
		"Fri, 31 Dec 2100 23:59:59 GMT": {time.Hour, time.Hour},
		inTwoMinutes:                    {time.Minute, 2 * time.Minute},
	} {
		value.Store(text)
		out := poster.Post(t.Context(), request(url))
		if out.Class != webhook.Retry || out.RetryAfter < want[0] || out.RetryAfter > want[1] {
			t.Errorf("Retry-After %q: %+v, want %v", text, out, want)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, url := range map[string]string{
		"connection refused": "http://" + refused.Addr().String(),
		"unknown host":       "http://host.invalid/",
		"closed at once":     rawServe(t, func(conn net.Conn, _ *http.Request) { conn.Close() }),
		"not HTTP":           rawServe(t, func(conn net.Conn, _ *http.Request) { io.WriteString(conn, "220 smtp\r\n") }),
		"half a header":      rawServe(t, func(conn net.Conn, _ *http.Request) { io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: "); conn.Close() }),
		"endless header": rawServe(t, func(conn net.Conn, _ *http.Request) {
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nX: %s\r\n\r\n", strings.Repeat("x", 1<<20))
		}),
		"no TLS":  strings.Replace(rawServe(t, func(net.Conn, *http.Request) {}), "http:", "https:", 1),
		"silence": rawServe(t, func(net.Conn, *http.Request) { <-hang }),
	} {
		out := newPoster(t, webhook.Config{Timeout: 300 * time.Millisecond}).Post(t.Context(), request(url))
		if out.Class != webhook.Retry || out.Status != 0 || out.Err == nil {
			t.Errorf("%s: %+v, want a retry", name, out)
		}
		t.Logf("%s: %v", name, out.Err)
	}
}

func TestTargetsThatAreNone(t *testing.T) {
	for _, target := range []string{"", "hook", "ftp://host/", "http://", "http://[::1", "http://h/%zz?key=hidden"} {
		out := newPoster(t, webhook.Config{}).Post(t.Context(), request(target))
		if out.Class != webhook.Drop || out.Err == nil || strings.Contains(out.Err.Error(), "hidden") {
			t.Errorf("target %q: %+v", target, out)
		}
	}
}

func TestPrivateTargetIsDropped(t *testing.T) {
	url, requests := record(t)
	poster := webhook.New(webhook.Config{})
	defer poster.Close()
	for _, target := range []string{url, strings.Replace(url, "127.0.0.1", "localhost", 1)} {
		out := poster.Post(t.Context(), request(target))
		if out.Class != webhook.Drop || !errors.Is(out.Err, dial.ErrPrivateTarget) {
			t.Errorf("%s: %+v, want a drop", target, out)
		}
	}
	if len(requests) != 0 {
		t.Error("the private target was called")
	}
}

func TestCancelMidRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	url := rawServe(t, func(net.Conn, *http.Request) { cancel(); <-hang })
	out := newPoster(t, webhook.Config{}).Post(ctx, request(url))
	if out.Class != webhook.Retry || !errors.Is(out.Err, context.Canceled) {
		t.Errorf("outcome %+v, want a retry for context.Canceled", out)
	}
}

// The answer counts from its status on, however long or slow its body is.
func TestBodiesDoNotChangeTheOutcome(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, answer := range map[string]func(net.Conn, *http.Request){
		"slow drip": func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
			<-hang
		},
		"oversize": func(conn net.Conn, _ *http.Request) {
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx", 1<<40)
			<-hang
		},
		"endless": func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			for block := make([]byte, 4096); ; {
				if _, err := conn.Write(block); err != nil {
					return
				}
			}
		},
		"broken off": func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
			conn.Close()
		},
	} {
		out := newPoster(t, webhook.Config{}).Post(t.Context(), request(rawServe(t, answer)))
		if out.Class != webhook.Delivered || out.Err != nil || out.Duration > 5*time.Second {
			t.Errorf("%s: %+v, want delivered at once", name, out)
		}
	}
}

// Small bodies are read for the sake of the connection.
func TestConnectionsAreKept(t *testing.T) {
	for name, size := range map[string]int{"no body": 0, "body": 1000, "body at the limit": 64 << 10} {
		peers := map[string]bool{}
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			peers[r.RemoteAddr] = true
			w.Write(make([]byte, size))
		})
		poster := newPoster(t, webhook.Config{})
		for range 20 {
			poster.Post(t.Context(), request(url))
		}
		if len(peers) != 1 {
			t.Errorf("%s: %d connections for 20 posts one after the other", name, len(peers))
		}
	}
}

// As many connections are kept as posts are made at once.
func TestConcurrentConnectionsAreKept(t *testing.T) {
	const concurrency = 16
	var connections atomic.Int32
	var arrived sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived.Done()
		arrived.Wait()
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	poster := newPoster(t, webhook.Config{Concurrency: concurrency})
	for range 5 {
		arrived.Add(concurrency)
		var posts sync.WaitGroup
		for range concurrency {
			posts.Go(func() { poster.Post(t.Context(), request(server.URL)) })
		}
		posts.Wait()
	}
	if n := connections.Load(); n > concurrency+concurrency/4 {
		t.Errorf("%d connections for rounds of %d posts", n, concurrency)
	}
}

// A kept connection that the endpoint has closed meanwhile is no failure.
func TestClosedConnectionIsReplaced(t *testing.T) {
	url := rawServe(t, func(conn net.Conn, r *http.Request) {
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		if r.URL.Path == "/last" {
			conn.Close()
		}
	})
	poster := newPoster(t, webhook.Config{})
	for range 50 {
		if out := poster.Post(t.Context(), request(url+"/last")); out.Class != webhook.Delivered {
			t.Fatalf("outcome %+v", out)
		}
	}
}

// Errors go to logs and pages: nothing that identifies us may be in them, not
// even when the endpoint sends it back.
func TestErrorsHoldNoSecrets(t *testing.T) {
	echo := rawServe(t, func(conn net.Conn, r *http.Request) {
		fmt.Fprintf(conn, "%s %s\r\n%v\r\n\r\n", r.Method, r.RequestURI, r.Header)
	})
	echoStatus := rawServe(t, func(conn net.Conn, r *http.Request) {
		fmt.Fprintf(conn, "HTTP/1.1 500 %s %v\r\nContent-Length: 0\r\n\r\n", r.RequestURI, r.Header)
	})
	closed := rawServe(t, func(conn net.Conn, _ *http.Request) { conn.Close() })
	for _, url := range []string{echo, echoStatus, closed, "http://host.invalid", "bad://host", "http://host:port"} {
		target := strings.Replace(url, "://", "://user:hidden@", 1) + "/hook?key=hidden"
		r := request(target)
		r.Secret = "hidden"
		out := newPoster(t, webhook.Config{}).Post(t.Context(), r)
		if out.Err == nil {
			t.Errorf("%s: no error", url)
			continue
		}
		for _, secret := range []string{"hidden", "key=", "aGlkZGVu", "/hook"} {
			if strings.Contains(out.Err.Error(), secret) {
				t.Errorf("%s: error holds %q: %v", url, secret, out.Err)
			}
		}
		if text := fmt.Sprintf("%+v %#v", r.Secret, r.Secret); strings.Contains(text, "hidden") {
			t.Errorf("the secret prints as %s", text)
		}
	}
}

func TestClassNames(t *testing.T) {
	got := []string{webhook.Class(0).String(), webhook.Delivered.String(), webhook.Drop.String()}
	if diff := cmp.Diff([]string{"retry", "delivered", "drop"}, got); diff != "" {
		t.Error(diff)
	}
}

// rawServe answers each request on a connection by hand.
func rawServe(t testing.TB, answer func(net.Conn, *http.Request)) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serveRaw(conn, answer)
		}
	}()
	return "http://" + ln.Addr().String()
}

func serveRaw(conn net.Conn, answer func(net.Conn, *http.Request)) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		answer(conn, r)
	}
}
