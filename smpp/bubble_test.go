package smpp

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// centre is a message centre inside a test's bubble: a Server behind net.Pipe.
type centre struct {
	Server
	mu     sync.Mutex
	refuse error // of the next connections
	dials  []time.Time
}

// newCentre makes a centre that accepts everything. It is closed by the test, inside the bubble.
func newCentre() *centre {
	c := &centre{}
	c.SystemID = "mc"
	c.Limits.EnquireInterval = -1
	c.Submit = func(_ context.Context, _ *Session, sm *SubmitSM) (*SubmitSMResp, Status) {
		return &SubmitSMResp{MessageID: "id-" + sm.Destination.Addr}, StatusOK
	}
	return c
}

func (c *centre) dial(context.Context) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dials = append(c.dials, time.Now())
	if c.refuse != nil {
		return nil, c.refuse
	}
	ours, theirs := net.Pipe()
	c.ServeConn(theirs)
	return ours, nil
}

func (c *centre) refuseDials(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = err
}

// attempts gives the times at which somebody tried to connect.
func (c *centre) attempts() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.dials)
}

func (c *centre) account() Account {
	return Account{SystemID: "gw", Password: "secret", Dial: c.dial}
}

func storeNothing(context.Context, *DeliverSM) Status { return StatusOK }

func to(number string) *SubmitSM {
	return &SubmitSM{Destination: Address{1, 1, number}, ShortMessage: []byte("hi")}
}

// connect binds one session to the centre.
func (c *centre) connect(t *testing.T, bind BindType, limits Limits, handler Handler) *Session {
	t.Helper()
	s, err := Connect(t.Context(), c.account(), bind, limits, handler)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open starts a client and waits until it has done what it can without time passing.
func (c *centre) open(t *testing.T, cfg ClientConfig) *Client {
	t.Helper()
	cfg.Account = c.account()
	if cfg.Handler == nil {
		cfg.Handler = storeNothing
	}
	client, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return client
}

func closeAll(t *testing.T, client *Client, c *centre) {
	t.Helper()
	if client != nil {
		if err := client.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := c.Close(); err != nil {
		t.Errorf("close the centre: %v", err)
	}
}

func wantNotSent(t *testing.T, err, cause error) {
	t.Helper()
	var notSent *NotSentError
	if !errors.As(err, &notSent) || !errors.Is(err, cause) {
		t.Errorf("got %v, want a NotSentError for %v", err, cause)
	}
}

func wantInDoubt(t *testing.T, err, cause error) {
	t.Helper()
	var inDoubt *InDoubtError
	if !errors.As(err, &inDoubt) || !errors.Is(err, cause) {
		t.Errorf("got %v, want an InDoubtError for %v", err, cause)
	}
}

func wantStatus(t *testing.T, err error, status Status) {
	t.Helper()
	var refused *StatusError
	if !errors.As(err, &refused) || refused.Status != status {
		t.Errorf("got %v, want %s", err, status)
	}
}
