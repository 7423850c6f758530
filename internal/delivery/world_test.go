package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
	"switchyard/internal/webhook"
)

// fastSQLite is a store in memory where the system has a file system there: a
// day of synctest's time is 28,800 renewals of the store's ownership, each with
// its fsync.
func fastSQLite(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "delivery") //nolint:usetesting // not where t.TempDir is
	if err != nil {
		return storetest.SQLite(t)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "sqlite:" + filepath.Join(dir, "switchyard.db")
}

// network is endpoints in memory, by host, so that synctest sees who waits.
type network struct {
	mu        sync.Mutex
	endpoints map[string]*endpoint
}

func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(addr)
	n.mu.Lock()
	e := n.endpoints[host]
	n.mu.Unlock()
	if e == nil {
		return nil, fmt.Errorf("no host %s", host)
	}
	ours, theirs := net.Pipe()
	select {
	case e.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.closed:
		return nil, errors.New("refused")
	}
}

// post is a callback as an endpoint sees it.
type post struct {
	ID      string // webhook-id
	Signed  bool
	Path    string
	Message string `json:"message"`
	N       int    `json:"n"` // counts within the message
	At      time.Time
	Status  int // what was answered
}

// endpoint answers posts and remembers them. It is a net.Listener.
type endpoint struct {
	conns  chan net.Conn
	closed chan struct{}
	server *http.Server

	mu     sync.Mutex
	posts  []post // in the order of the answers
	flying int
	most   int
	answer func(p post, w http.ResponseWriter, r *http.Request) int
}

func (e *endpoint) Accept() (net.Conn, error) {
	select {
	case c := <-e.conns:
		return c, nil
	case <-e.closed:
		return nil, net.ErrClosed
	}
}
func (e *endpoint) Close() error   { return nil }
func (e *endpoint) Addr() net.Addr { return &net.IPAddr{} }

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := post{ID: r.Header.Get("webhook-id"), Path: r.URL.Path, Signed: r.Header.Get("webhook-signature") != ""}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &p) != nil {
		return
	}
	e.mu.Lock()
	e.flying++
	e.most = max(e.most, e.flying)
	answer := e.answer
	e.mu.Unlock()
	p.Status = 204
	if answer != nil {
		p.Status = answer(p, w, r)
	}
	p.At = time.Now()
	e.mu.Lock()
	e.flying--
	e.posts = append(e.posts, p)
	e.mu.Unlock()
	if p.Status > 0 {
		w.WriteHeader(p.Status)
	} else {
		panic(http.ErrAbortHandler)
	}
}

// answers sets how posts are answered from now on; nil is 204.
func (e *endpoint) answers(f func(p post, w http.ResponseWriter, r *http.Request) int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = f
}

func always(status int) func(post, http.ResponseWriter, *http.Request) int {
	return func(post, http.ResponseWriter, *http.Request) int { return status }
}

func (e *endpoint) seen() []post {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.posts)
}

func (e *endpoint) mostAtOnce() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.most
}

// taken is the posts that were answered with 2xx.
func (e *endpoint) taken() []post {
	return slices.DeleteFunc(e.seen(), func(p post) bool { return p.Status/100 != 2 })
}

// world is a store, a network and a Deliverer that can be restarted.
type world struct {
	t       testing.TB
	db      *store.DB
	network *network
	poster  *webhook.Poster
	cfg     delivery.Config
	d       *delivery.Deliverer
	targets map[gateway.ID]delivery.Target
	counts  map[gateway.ID]int
}

func newWorld(t testing.TB, url string, cfg delivery.Config) *world {
	w := &world{
		t: t, db: storetest.Open(t, url), network: &network{endpoints: make(map[string]*endpoint)},
		targets: make(map[gateway.ID]delivery.Target), counts: make(map[gateway.ID]int), cfg: cfg,
	}
	w.poster = webhook.New(webhook.Config{Dial: w.network.dial})
	t.Cleanup(w.poster.Close)
	w.cfg.Store, w.cfg.Poster = w.db, w.poster
	w.start()
	if err := w.db.Join(context.Background(), node{func() *delivery.Deliverer { return w.d }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.d.Stop(context.Background()) })
	return w
}

func (w *world) start() {
	w.t.Helper()
	w.d = delivery.New(w.cfg)
	c, err := w.db.Configuration(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	var targets []delivery.Target
	for _, t := range w.targets {
		targets = append(targets, t)
	}
	if err := w.d.Configure(targets, c.States); err != nil {
		w.t.Fatal(err)
	}
	w.d.Gain(w.db.Members().Owned())
}

// node is the store's peer of a test: a Deliverer alone.
type node struct{ d func() *delivery.Deliverer }

func (node) Configure(store.Configuration) error      { return nil }
func (node) Receive(*store.Tx, []store.Handoff) error { return nil }
func (n node) Leave(ctx context.Context, lanes []int) { n.d().Leave(ctx, lanes) }
func (n node) Moved(m store.Moved) {
	n.d().Lose(m.Lost)
	n.d().Gain(m.Gained)
}

// hand has all lanes go to another node, which does nothing, and come back: in
// order, while more is stored, or at once, as from a node that was taken for dead.
func (w *world) hand(inOrder bool) {
	lanes := w.db.Members().Owned()
	if inOrder {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		w.d.Leave(ctx, lanes)
		w.append(gateway.NewID(1), gateway.NewID(0), convapi.TriggerMessageInbound, "") // offered, and left alone
	}
	w.d.Lose(lanes)
	w.d.Gain(lanes)
}

// cut takes out of the log all that is done with.
func (w *world) cut() {
	ctx := context.Background()
	for lane := range w.db.Lanes() {
		for app, found, err := w.db.NextLogApp(ctx, lane, gateway.ID{}); found; app, found, err = w.db.NextLogApp(ctx, lane, app) {
			if err != nil {
				w.t.Fatal(err)
			}
			done, err := w.db.OldCallbacks(ctx, lane, app, 0, w.d.Done(app, lane, math.MaxInt64), 1<<20)
			if err != nil {
				w.t.Fatal(err)
			}
			w.apply(func(tx *store.Tx) error {
				for _, c := range done {
					tx.Forget(c)
				}
				return nil
			})
		}
	}
}

func (w *world) restart() { w.d.Stop(context.Background()); w.start() }
func (w *world) crash()   { w.d.Crash(); w.start() }

// endpoint makes the endpoint of a host.
func (w *world) endpoint(host string) *endpoint {
	e := &endpoint{conns: make(chan net.Conn), closed: make(chan struct{})}
	e.server = &http.Server{Handler: e}
	go e.server.Serve(e)
	w.t.Cleanup(func() { close(e.closed); e.server.Close() })
	w.network.mu.Lock()
	defer w.network.mu.Unlock()
	w.network.endpoints[host] = e
	return e
}

// webhook makes a webhook of the app at host, for MESSAGE_DELIVERY.
func (w *world) webhook(app gateway.ID, host string) delivery.Target {
	t := delivery.Target{
		ID: gateway.NewID(0), App: app, URL: "http://" + host + "/hook",
		Triggers: []convapi.Trigger{convapi.TriggerMessageDelivery},
	}
	w.set(t)
	return t
}

// set stores a webhook's change as the engine does.
func (w *world) set(t delivery.Target) {
	w.t.Helper()
	w.targets[t.ID] = t
	w.apply(func(tx *store.Tx) error { tx.After(func() { w.d.Set(t) }); return nil })
}

func (w *world) apply(run func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.ApplyOwed(context.Background(), store.Op{Run: run}); err != nil {
		w.t.Fatal(err)
	}
}

// append stores the next callback of a message, with a trigger of its own and
// to a target of its own if they are given.
func (w *world) append(app, message gateway.ID, trigger convapi.Trigger, target string) {
	w.t.Helper()
	n := w.counts[message]
	w.counts[message]++
	w.apply(func(tx *store.Tx) error {
		w.d.Append(tx, store.Callback{
			App: app, Message: message, Trigger: delivery.TriggerIndex(trigger), Target: target,
			Body: fmt.Appendf(nil, `{"message":"%s","n":%d}`, message, n),
		})
		return nil
	})
}

func (w *world) deliver(app, message gateway.ID) {
	w.t.Helper()
	w.append(app, message, convapi.TriggerMessageDelivery, "")
}

// rows is what is kept about a webhook.
func (w *world) rows(id gateway.ID) (cursors []store.Cursor, rows []store.Delivery, dropped []store.Dropped) {
	w.t.Helper()
	ctx := context.Background()
	var err1, err2, err3 error
	cursors, err1 = w.db.Cursors(ctx, id)
	rows, err2 = w.db.Deliveries(ctx, id)
	dropped, err3 = w.db.Dropped(ctx, id, 10_000)
	if err := errors.Join(err1, err2, err3); err != nil {
		w.t.Fatal(err)
	}
	return cursors, rows, dropped
}

// checkOrder wants the first successes of each message in order, and returns
// their number.
func checkOrder(t testing.TB, posts []post) int {
	t.Helper()
	ids := make(map[string]string)
	last := make(map[string]int)
	for _, p := range posts {
		key := fmt.Sprint(p.Message, p.N)
		if id, again := ids[key]; again {
			if id != p.ID {
				t.Errorf("message %s callback %d came as %s and as %s", p.Message, p.N, id, p.ID)
			}
			continue
		}
		ids[key] = p.ID
		if before, ok := last[p.Message]; ok && p.N < before {
			t.Errorf("message %s: callback %d came after %d", p.Message, p.N, before)
		}
		last[p.Message] = p.N
	}
	return len(ids)
}
