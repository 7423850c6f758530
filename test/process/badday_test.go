package process

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchyard/internal/sim/graph"
	"switchyard/internal/store/storetest"
)

// stalled is a webhook that takes requests and answers none until it is freed;
// then it is the ledger.
type stalled struct {
	*ledger
	freed chan struct{}
	once  sync.Once

	open, most atomic.Int64
}

// ServeHTTP implements http.Handler.
func (s *stalled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	open := s.open.Add(1)
	defer s.open.Add(-1)
	for most := s.most.Load(); open > most && !s.most.CompareAndSwap(most, open); most = s.most.Load() {
	}
	select {
	case <-s.freed:
		s.ledger.ServeHTTP(w, r)
	case <-r.Context().Done():
	}
}

func (s *stalled) free() { s.once.Do(func() { close(s.freed) }) }

// mostConnections is twice what one webhook may hold at once: its server
// notices only after a while that a request was given up, and the next is there
// by then.
const mostConnections = 2 * 64

// A webhook that does not answer delays nobody else, holds a bounded number of
// connections, does not keep the gateway from ending in time, and gets
// everything in order once it answers again, after a restart as well.
func TestStalledWebhook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) {
		const messages = 300
		platform, whatsapp := whatsApp(t, graph.Config{})
		good, bad := newLedger(t), &stalled{ledger: newLedger(t), freed: make(chan struct{})}
		goodHook, badHook := httptest.NewServer(good), httptest.NewServer(bad)
		t.Cleanup(func() { bad.free(); badHook.Close(); goodHook.Close() })
		g := serve(t, engine.URL(t), "SWITCHYARD_WEBHOOK_TIMEOUT=1s", "SWITCHYARD_WEBHOOK_RETRY_FIRST=200ms", "SWITCHYARD_WEBHOOK_RETRY_CAP=1s",
			"SWITCHYARD_BREAKER_OPEN=500ms", "SWITCHYARD_BREAKER_OPEN_CAP=1s", "SWITCHYARD_LOG_LEVEL=error")
		var app struct{ ID string }
		g.must(http.MethodPost, "apps", object{"display_name": "bad day", "processing_mode": "CONVERSATION", "channel_credentials": []object{whatsapp}}, &app)
		platform.SetCallbackURL(g.api + "/channels/" + app.ID + "/WHATSAPP")
		for _, target := range []string{goodHook.URL, badHook.URL} {
			g.must(http.MethodPost, "webhooks", object{
				"app_id": app.ID, "target": target, "target_type": "HTTP", "triggers": []string{"MESSAGE_SUBMIT", "MESSAGE_DELIVERY"},
			}, nil)
		}

		for i := range messages {
			var accepted struct {
				MessageID string `json:"message_id"`
			}
			g.must(http.MethodPost, "messages:send", object{
				"app_id": app.ID, "message": object{"text_message": object{"text": fmt.Sprint(i)}},
				"recipient": object{"identified_by": object{"channel_identities": []object{{"channel": "WHATSAPP", "identity": fmt.Sprintf("467%08d", i)}}}},
			}, &accepted)
			m := sent{id: accepted.MessageID, text: fmt.Sprint(i), route: []string{"WHATSAPP"}}
			good.accept(m)
			bad.accept(m)
		}
		until(t, 15*time.Second, func() bool { return good.unsettled() == 0 }, func() string {
			return fmt.Sprintf("%d of %d messages are not told beside a webhook that is stalled", good.unsettled(), messages)
		})
		if most := bad.most.Load(); most < 1 || most > mostConnections {
			t.Errorf("the stalled webhook held %d connections, want 1 to %d", most, mostConnections)
		}
		if code, took := g.terminate(); code != 0 || took > endTime {
			t.Errorf("SIGTERM beside a stalled webhook: exit code %d after %s", code, took)
		}
		g.start()
		bad.free()
		until(t, 30*time.Second, func() bool { return bad.unsettled() == 0 }, func() string {
			return fmt.Sprintf("%d of %d messages were lost while the webhook was stalled", bad.unsettled(), messages)
		})
		bad.mu.Lock()
		defer bad.mu.Unlock()
		for id, told := range bad.told {
			if len(told) != 4 || disordered(told) {
				t.Errorf("message %s: told %+v, want SUBMIT, QUEUED_ON_CHANNEL, DELIVERED and READ", id, told)
			}
		}
	})
}

// A store that cannot be used is refused at the start: one line says why,
// without the password in the URL, and nothing answers.
func TestStoreRefused(t *testing.T) {
	rubbish := filepath.Join(t.TempDir(), "rubbish.db")
	if err := os.WriteFile(rubbish, []byte(strings.Repeat("this is no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	owned := storetest.SQLite(t)
	serve(t, owned)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	tests := []struct{ name, store, want string }{
		{"no such folder", "sqlite:" + filepath.Join(t.TempDir(), "none", "switchyard.db"), "no such file or directory"},
		{"not a database", "sqlite:" + rubbish, "not a database"},
		{"another process has it", owned, "another process"},
		{"no server", "postgres://gateway:hunter2@" + nobody + "/postgres?sslmode=disable", "connect"},
		{"no kind of store", "mysql://gateway:hunter2@localhost/", "--store"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			stdout, stderr, code := run(t, nil, "serve", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--store="+tt.store)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			if code == 0 || len(lines) != 1 || !strings.Contains(stderr, tt.want) || strings.Contains(stderr, "hunter2") {
				t.Errorf("exit code %d, want one line with %q and no password:\n%s", code, tt.want, stderr)
			}
			if strings.Contains(stdout, "ready") || time.Since(begin) > startTime {
				t.Errorf("after %s: %s", time.Since(begin), stdout)
			}
		})
	}
}

// A gateway that loses its PostgreSQL finds out, when it has it back, what is on
// disk, and goes on: nothing is lost, and nothing is done twice.
func TestPostgresLost(t *testing.T) {
	address, err := url.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, address.Host)
	address.Host = w.listener.Addr().String()
	s := newScene(t, address.String(), "WAIT")
	s.begin(senders)
	defer s.end()
	const losses = 5
	for range losses {
		time.Sleep(time.Duration(300+rand.IntN(1000)) * time.Millisecond)
		w.cut()
	}
	s.end()
	s.settle(doubtTime)
	t.Logf("connections to PostgreSQL cut %d times", losses)
	s.report(t, s.account())
}

// wire carries connections to a server and can be cut.
type wire struct {
	listener net.Listener
	carrying sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func newWire(t testing.TB, server string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener}
	w.carrying.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			w.carry(client, server)
		}
	})
	t.Cleanup(func() {
		listener.Close()
		w.cut()
		w.carrying.Wait()
	})
	return w
}

func (w *wire) carry(client net.Conn, server string) {
	behind, err := net.Dial("tcp", server)
	if err != nil {
		client.Close()
		return
	}
	w.mu.Lock()
	w.conns = append(w.conns, client, behind)
	w.mu.Unlock()
	for _, way := range [][2]net.Conn{{client, behind}, {behind, client}} {
		w.carrying.Go(func() {
			// An error is the end of the connection, as is none.
			_, _ = io.Copy(way[0], way[1])
			way[0].Close()
			way[1].Close()
		})
	}
}

// cut breaks all connections.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}
