package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"switchyard/internal/store/storetest"
)

// fleet is several gateways on one store behind a balancer.
type fleet struct {
	nodes []*gateway
	next  atomic.Int64

	mu   sync.Mutex
	away map[*gateway]bool // are not asked

	client *http.Client
}

// answerLimit is how long the balancer waits for a node before it gives up.
const answerLimit = 5 * time.Second

// newFleet starts so many gateways on the store, each on a host of its own if
// we may make some, and gives them as one gateway: the balancer.
func newFleet(t testing.TB, store string, size int, env ...string) (*fleet, *gateway) {
	t.Helper()
	f := &fleet{away: map[*gateway]bool{}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	for i := range size {
		g := newGateway(t, store, env...)
		if os.Getuid() == 0 {
			g.host = fmt.Sprintf("node%d", i+1)
		}
		g.start()
		f.nodes = append(f.nodes, g)
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	whole := &gateway{t: t, store: store, api: server.URL, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, stderr: &tail{}}
	return f, whole
}

// ServeHTTP hands a request to the next node. One that cannot be reached is
// left out; one that breaks off may have done it, so the client is told to try
// again.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	for range f.nodes {
		g := f.nodes[int(f.next.Add(1))%len(f.nodes)]
		f.mu.Lock()
		away := f.away[g]
		f.mu.Unlock()
		if away {
			continue
		}
		if f.forward(w, r, g, body) {
			return
		}
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

func (f *fleet) forward(w http.ResponseWriter, r *http.Request, g *gateway, body []byte) (done bool) {
	ctx, cancel := context.WithTimeout(r.Context(), answerLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, g.api+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.Header = r.Header
	res, err := f.client.Do(req)
	if err != nil {
		if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(answer)
	return true
}

func (f *fleet) setAway(g *gateway, away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away[g] = away
}

// newFleetScene is newScene on several nodes.
func newFleetScene(t testing.TB, store string, size int, env ...string) (*scene, *fleet) {
	var f *fleet
	s := newSceneAt(t, "WAIT", func(more ...string) (whole *gateway) {
		f, whole = newFleet(t, store, size, append(more, env...)...)
		return whole
	})
	return s, f
}

// lanes reads how many lanes a node owns.
func (g *gateway) lanes() int { return int(g.metric("switchyard_lanes_owned")) }

// metric reads a metric without labels; -1 if it cannot be read.
func (g *gateway) metric(name string) float64 {
	client := http.Client{Timeout: time.Second}
	res, err := client.Get(g.admin + "/metrics")
	if err != nil {
		return -1
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			if n, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
				return n
			}
		}
	}
	return -1
}

// awaitReadiness waits until /readyz answers 200.
func (g *gateway) awaitReadiness(t testing.TB, limit time.Duration) {
	t.Helper()
	client := http.Client{Timeout: time.Second}
	for begin := time.Now(); time.Since(begin) < limit; time.Sleep(50 * time.Millisecond) {
		if res, err := client.Get(g.admin + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatalf("%s was not ready in %s", g.api, limit)
}

// awaitShared waits until every lane has one owner among the nodes, each of
// which has a good part, and gives the parts.
func (f *fleet) awaitShared(t testing.TB, limit time.Duration, nodes ...*gateway) (owned []int, took time.Duration) {
	t.Helper()
	begin := time.Now()
	for time.Since(begin) < limit {
		sum, least := 0, 256
		owned = nil
		for _, g := range nodes {
			n := g.lanes()
			owned = append(owned, n)
			sum, least = sum+n, min(least, n)
		}
		if sum == 256 && least > 256/len(nodes)/3 {
			return owned, time.Since(begin)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the lanes were not shared out in %s: %v", limit, owned)
	return nil, 0
}

// takeOverTime is how long a dead node's work may lie, by default.
const takeOverTime = 15 * time.Second

// One project with one app is carried by all nodes; any of them is killed and
// comes back, again and again.
func TestNodesKill(t *testing.T) {
	s, f := newFleetScene(t, storetest.Postgres(t), 3)
	owned, _ := f.awaitShared(t, takeOverTime, f.nodes...)
	t.Logf("lanes of the nodes: %v", owned)
	s.begin(2) // less than the message centre takes: what waits for it is not lost, but late
	defer s.end()
	time.Sleep(2 * time.Second)
	for _, g := range f.nodes {
		if g.metric(`switchyard_handoffs_total{kind="callback"}`) <= 0 {
			t.Errorf("%s was handed no callback: is the load on all nodes?", g.host)
		}
	}
	var slowest time.Duration
	for range 3 {
		time.Sleep(time.Duration(1000+rand.IntN(2000)) * time.Millisecond)
		i := rand.IntN(len(f.nodes))
		g := f.nodes[i]
		f.setAway(g, true)
		g.kill()
		rest := append(append([]*gateway{}, f.nodes[:i]...), f.nodes[i+1:]...)
		_, took := f.awaitShared(t, takeOverTime, rest...)
		slowest = max(slowest, took)
		g.start()
		f.setAway(g, false)
		f.awaitShared(t, takeOverTime, f.nodes...)
	}
	s.end()
	settled := s.settle(doubtTime)
	t.Logf("a node killed 3 times; its lanes taken over after %s at most; settled %s after the load", slowest.Round(10*time.Millisecond), settled.Round(time.Second))
	s.report(t, s.account())
}

// A node that is stopped for longer than its lease, in the middle of whatever
// it does, holds up the others for that long at most and writes nothing of its
// old work when it wakes up.
func TestNodesZombie(t *testing.T) {
	s, f := newFleetScene(t, storetest.Postgres(t), 3, "SWITCHYARD_LEASE=2s")
	f.awaitShared(t, takeOverTime, f.nodes...)
	s.begin(senders)
	defer s.end()
	for range 4 {
		time.Sleep(time.Duration(500+rand.IntN(1000)) * time.Millisecond)
		i := rand.IntN(len(f.nodes))
		g := f.nodes[i]
		f.setAway(g, true)
		if err := g.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		rest := append(append([]*gateway{}, f.nodes[:i]...), f.nodes[i+1:]...)
		f.awaitShared(t, takeOverTime, rest...)
		if err := g.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		f.setAway(g, false)
		f.awaitShared(t, takeOverTime, f.nodes...)
	}
	s.end()
	settled := s.settle(doubtTime)
	t.Logf("a node stopped 4 times past its lease; settled %s after the load", settled.Round(time.Second))
	s.report(t, s.account())
}

// A node that ends in order leaves its work to the others at once.
func TestNodesTerminate(t *testing.T) {
	s, f := newFleetScene(t, storetest.Postgres(t), 2)
	f.awaitShared(t, takeOverTime, f.nodes...)
	s.begin(senders)
	defer s.end()
	for i := range 4 {
		time.Sleep(time.Duration(500+rand.IntN(1000)) * time.Millisecond)
		g, rest := f.nodes[i%2], f.nodes[1-i%2]
		f.setAway(g, true)
		if code, _ := g.terminate(); code != 0 {
			t.Errorf("exit code %d after SIGTERM", code)
		}
		if _, took := f.awaitShared(t, takeOverTime, rest); took > 2*time.Second {
			t.Errorf("the other node had all lanes after %s", took)
		}
		g.start()
		f.setAway(g, false)
		f.awaitShared(t, takeOverTime, f.nodes...)
		if n := s.centre.Sessions(); n > 1 {
			t.Errorf("%d links to the message centre, want one of one node", n)
		}
	}
	s.end()
	settled := s.settle(doubtTime)
	figures := s.account()
	if figures.failed > 0 {
		t.Errorf("%d messages failed: an orderly end leaves nothing in doubt", figures.failed)
	}
	t.Logf("a node ended 4 times; settled %s after the load", settled.Round(time.Second))
	s.report(t, figures)
}

// A newer version has upgraded the tables while an older one works: the older
// one goes on, and can even be started anew.
func TestNodesUpgrade(t *testing.T) {
	store := storetest.Postgres(t)
	s, f := newFleetScene(t, store, 2)
	f.awaitShared(t, takeOverTime, f.nodes...)
	s.begin(senders)
	defer s.end()
	time.Sleep(time.Second)
	conn, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, step := range []string{ // what a next version may do: add, with a default
		"ALTER TABLE message ADD COLUMN later bigint NOT NULL DEFAULT 0",
		"ALTER TABLE callback ADD COLUMN later text NOT NULL DEFAULT ''",
		"ALTER TABLE node ADD COLUMN later text NOT NULL DEFAULT ''",
		"CREATE TABLE later (id bigint PRIMARY KEY)",
		"INSERT INTO migration VALUES ('9999_later.sql', 'later')",
	} {
		if _, err := conn.Exec(t.Context(), step); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	time.Sleep(time.Second)
	for _, g := range f.nodes {
		f.setAway(g, true)
		if code, _ := g.terminate(); code != 0 {
			t.Errorf("exit code %d after SIGTERM", code)
		}
		g.start()
		f.setAway(g, false)
		f.awaitShared(t, takeOverTime, f.nodes...)
	}
	s.end()
	s.settle(doubtTime)
	figures := s.account()
	if figures.failed > 0 {
		t.Errorf("%d messages failed", figures.failed)
	}
	s.report(t, figures)
}

// What one node learns of a webhook's endpoint, all know: the breaker that one
// opens is open everywhere, and closes everywhere.
func TestNodesShareTheBreaker(t *testing.T) {
	s, f := newFleetScene(t, storetest.Postgres(t), 2, "SWITCHYARD_BREAKER_FAILURES=5", "SWITCHYARD_BREAKER_OPEN=2s", "SWITCHYARD_BREAKER_OPEN_CAP=2s")
	f.awaitShared(t, takeOverTime, f.nodes...)
	var down atomic.Bool
	down.Store(true)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer hook.Close()
	s.must(http.MethodPost, "webhooks", object{"app_id": s.app, "target": hook.URL, "target_type": "HTTP", "triggers": []string{"MESSAGE_DELIVERY"}}, nil)
	await := func(what string, want float64) {
		t.Helper()
		for begin := time.Now(); time.Since(begin) < takeOverTime; time.Sleep(20 * time.Millisecond) {
			if f.nodes[0].metric("switchyard_breakers_open") == want && f.nodes[1].metric("switchyard_breakers_open") == want {
				return
			}
		}
		t.Fatalf("not in %s on both nodes: %s", takeOverTime, what)
	}
	s.begin(2)
	defer s.end()
	await("the breaker is open", 1)
	down.Store(false)
	await("the breaker is closed", 0)
}
