package webhook_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"switchyard/convapi"
	"switchyard/internal/webhook"
)

// TestMain has this process trust the certificate of httptest.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		server := httptest.NewTLSServer(http.NotFoundHandler())
		defer server.Close()
		dir, err := os.MkdirTemp("", "webhook")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "roots.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
			panic(err)
		}
		os.Setenv("SSL_CERT_FILE", file)
		return m.Run()
	}())
}

func TestTLS(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	poster := newPoster(t, webhook.Config{})
	for range 3 {
		if out := poster.Post(t.Context(), request(server.URL)); out.Class != webhook.Delivered || out.Status != http.StatusAccepted {
			t.Errorf("outcome %+v", out)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 3 posts, want 1", n)
	}
	out := poster.Post(t.Context(), request(strings.Replace(server.URL, "127.0.0.1", "localhost", 1)))
	if out.Class != webhook.Retry || out.Err == nil || !strings.Contains(out.Err.Error(), "localhost") {
		t.Errorf("a certificate for another name: %+v", out)
	}
}

// What an answer looks like decides what becomes of its connection.
func TestAnswersAndTheirConnections(t *testing.T) {
	const none = "HTTP/1.1 204 No Content\r\n\r\n"
	tests := map[string]struct {
		answer string
		status int // 0: none
		kept   bool
	}{
		"chunked":            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, true},
		"chunked, a trailer": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n", 200, true},
		"early hints":        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + none, 204, true},
		"five hints":         {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 5) + none, 204, true},
		"endless hints":      {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20) + none, 0, false},
		"last one":           {"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 204, false},
		"HTTP/1.0":           {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, false},
		"another protocol":   {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 101, false},
		"two answers":        {none + none, 204, false},
		"a wrong length":     {"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int32
			var seen sync.Map
			url := rawServe(t, func(conn net.Conn, _ *http.Request) {
				if _, before := seen.LoadOrStore(conn, true); !before {
					connections.Add(1)
				}
				io.WriteString(conn, tt.answer)
			})
			poster := newPoster(t, webhook.Config{})
			for range 2 {
				if out := poster.Post(t.Context(), request(url)); out.Status != tt.status {
					t.Errorf("%+v, want status %d", out, tt.status)
				}
			}
			if kept := connections.Load() == 1; kept != tt.kept {
				t.Errorf("the connection was kept: %v, want %v", kept, tt.kept)
			}
		})
	}
}

// An endpoint may answer without reading what it is sent.
func TestEarlyAnswer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		io.Copy(io.Discard, conn)
	}()
	r := request("http://" + ln.Addr().String())
	r.Body = make([]byte, 8<<20)
	if out := newPoster(t, webhook.Config{}).Post(t.Context(), r); out.Class != webhook.Drop || out.Status != 413 {
		t.Errorf("outcome %+v, want a drop for 413", out)
	}
}

// After its time is up a post leaves nothing behind that another could stumble over.
func TestLateAnswerIsNobodysElse(t *testing.T) {
	var posts atomic.Int32
	late := make(chan struct{})
	url := rawServe(t, func(conn net.Conn, _ *http.Request) {
		if posts.Add(1) == 1 {
			<-late
		}
		fmt.Fprintf(conn, "HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n", 200+posts.Load())
	})
	poster := newPoster(t, webhook.Config{Timeout: 50 * time.Millisecond})
	if out := poster.Post(t.Context(), request(url)); out.Class != webhook.Retry || out.Status != 0 {
		t.Errorf("outcome %+v, want a retry", out)
	}
	close(late)
	for range 5 {
		if out := poster.Post(t.Context(), request(url)); out.Class != webhook.Delivered {
			t.Errorf("outcome %+v, want delivered", out)
		}
	}
}

// Nothing that comes from elsewhere can end a header and begin another.
func TestHeadersCannotBeForged(t *testing.T) {
	target, requests := record(t)
	endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"access_token":"t\r\nX-Forged: yes","expires_in":60}`)
	})
	r := request(target)
	r.ClientCredentials = &convapi.WebhookClientCredentials{Endpoint: endpoint, ClientID: "id", ClientSecret: "s"}
	if out := newPoster(t, webhook.Config{}).Post(t.Context(), r); out.Class != webhook.Retry || out.Err == nil {
		t.Errorf("outcome %+v, want an error", out)
	}
	if len(requests) != 0 {
		t.Error("the request was sent")
	}
}

// A name in another alphabet is dialled as the DNS knows it.
func TestInternationalName(t *testing.T) {
	errStop := errors.New("far enough")
	var dialled string
	poster := newPoster(t, webhook.Config{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = address
		return nil, errStop
	}})
	poster.Post(t.Context(), request("http://bücher.example/hook"))
	if want := "xn--bcher-kva.example:80"; dialled != want {
		t.Errorf("dialled %s, want %s", dialled, want)
	}
}

// Connections that nobody uses are closed after a while.
func TestIdleConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int32
		poster := newPoster(t, webhook.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			open.Add(1)
			go func() {
				defer open.Add(-1)
				serveRaw(theirs, func(conn net.Conn, _ *http.Request) { io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n") })
			}()
			return ours, nil
		}})
		post := func() {
			if out := poster.Post(t.Context(), request("http://endpoint.example/")); out.Class != webhook.Delivered {
				t.Errorf("outcome %+v", out)
			}
		}
		for range 3 {
			post()
			time.Sleep(80 * time.Second)
			synctest.Wait()
			if n := open.Load(); n != 1 {
				t.Fatalf("%d connections are open, want 1", n)
			}
		}
		time.Sleep(101 * time.Second)
		synctest.Wait()
		if n := open.Load(); n != 0 {
			t.Errorf("%d connections are open, want none", n)
		}
		post()
	})
}
