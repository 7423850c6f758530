package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/openapi/openapitest"
	"switchyard/internal/webhook"
)

// internet has the customers' endpoints, on connections in memory.
type internet struct {
	t      testing.TB
	server *http.Server
	conns  chan net.Conn
	done   chan struct{}

	mu        sync.Mutex
	endpoints map[string]*endpoint // by name
	arrivals  []*arrival           // in the order of their coming
}

// endpoint is a customer's server.
type endpoint struct {
	name, secret string
	show         []string
	answer       reply
	bodies       map[string][]byte // by webhook-id
	taken        map[string]bool   // webhook-ids that were answered with 2xx
}

// reply is what an endpoint answers.
type reply struct {
	status     int
	retryAfter string
	after      time.Duration
	hang, down bool
}

// arrival is a callback that has reached an endpoint.
type arrival struct {
	at       time.Time
	endpoint *endpoint
	id       string // webhook-id
	callback convapi.Callback
	status   int // 0: no answer
	again    bool
}

func newInternet(t testing.TB) *internet {
	n := &internet{t: t, conns: make(chan net.Conn), done: make(chan struct{}), endpoints: make(map[string]*endpoint)}
	n.server = &http.Server{Handler: n, ErrorLog: log.New(io.Discard, "", 0)}
	go n.server.Serve(n)
	return n
}

// The methods of net.Listener.

func (n *internet) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}
func (n *internet) Close() error   { close(n.done); return nil }
func (n *internet) Addr() net.Addr { return &net.IPAddr{} }

// dial is webhook.Config.Dial.
func (n *internet) dial(_ context.Context, _, address string) (net.Conn, error) {
	e := n.of(address)
	n.mu.Lock()
	down := e == nil || e.answer.down
	n.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	ours, theirs := net.Pipe()
	select {
	case n.conns <- theirs:
		return ours, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

// of finds the endpoint of a host: h.example is h's.
func (n *internet) of(host string) *endpoint {
	n.mu.Lock()
	defer n.mu.Unlock()
	name, _, _ := strings.Cut(host, ".")
	return n.endpoints[name]
}

// ServeHTTP is every endpoint.
func (n *internet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := n.of(r.Host)
	body, err := io.ReadAll(r.Body)
	if e == nil || err != nil {
		n.t.Errorf("callback to %s: %v", r.Host, err)
		return
	}
	n.mu.Lock()
	said := e.answer
	a := n.check(e, r.Header, body)
	if !said.hang && !said.down {
		a.status = said.status
	}
	if a.status/100 == 2 {
		a.again, e.taken[a.id] = e.taken[a.id], true
	}
	n.arrivals = append(n.arrivals, a)
	n.mu.Unlock()
	switch {
	case said.down:
		panic(http.ErrAbortHandler)
	case said.hang:
		<-r.Context().Done()
		return
	}
	if said.after > 0 {
		select {
		case <-time.After(said.after):
		case <-r.Context().Done():
		}
	}
	if said.retryAfter != "" {
		w.Header().Set("Retry-After", said.retryAfter)
	}
	w.WriteHeader(said.status)
}

// check holds a callback against what every callback promises.
func (n *internet) check(e *endpoint, header http.Header, body []byte) *arrival {
	t := n.t
	err := webhook.Verify(e.secret, header, body)
	if e.secret == "" && !errors.Is(err, webhook.ErrNotSigned) || e.secret != "" && err != nil {
		t.Errorf("callback to %s: signature: %v\n%s", e.name, err, body)
	}
	if got := header.Get("Content-Type"); got != "application/json" {
		t.Errorf("callback to %s: Content-Type %q", e.name, got)
	}
	id := header.Get("webhook-id")
	if before, known := e.bodies[id]; id == "" || known && !bytes.Equal(before, body) {
		t.Errorf("callback to %s: webhook-id %q came with two bodies:\n%s\n%s", e.name, id, before, body)
	}
	e.bodies[id] = body
	a := &arrival{at: time.Now(), endpoint: e, id: id}
	if err := json.Unmarshal(body, &a.callback); err != nil {
		t.Errorf("callback to %s: %v\n%s", e.name, err, body)
	}
	if again, err := a.callback.Encode(); err != nil || !bytes.Equal(again, body) {
		t.Errorf("callback to %s is not in its canonical form: %v\n got %s\nwant %s", e.name, err, body, again)
	}
	if err := described().Callback(string(a.callback.Trigger()), body); err != nil {
		t.Errorf("callback to %s is not as described: %v", e.name, err)
	}
	if a.callback.AppID == "" || a.callback.ProjectID != projectID || a.callback.AcceptedTime.IsZero() {
		t.Errorf("callback to %s: envelope %s", e.name, body)
	}
	return a
}

// described knows what the OpenAPI description says of callbacks.
var described = sync.OnceValue(func() *openapitest.Checker {
	checker, err := openapitest.New()
	if err != nil {
		panic(err)
	}
	return checker
})

func newReply(status int) reply { return reply{status: status} }

// close ends the endpoints.
func (n *internet) close() { n.server.Close() }

// parseReply reads "503 retry_after=2m slowly=3s".
func parseReply(t testing.TB, l *line) reply {
	status, err := strconv.Atoi(l.word(2))
	if err != nil {
		l.errorf(t, "%v", err)
	}
	r := reply{status: status, after: l.duration(t, "slowly")}
	if d := l.duration(t, "retry_after"); d > 0 {
		r.retryAfter = strconv.Itoa(int(d / time.Second))
	}
	return r
}
