package sms

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/sim/smsc"
)

// patience is how long a test waits for something that takes milliseconds.
const patience = 20 * time.Second

const password = "geheim"

// sink stores batches; it can be told to fail.
type sink struct {
	reports chan channel.Report
	inbound chan channel.Inbound
	refused chan struct{} // filled by each failure, as far as there is room
	mu      sync.Mutex
	err     error
}

func newSink() *sink {
	return &sink{reports: make(chan channel.Report, 100), inbound: make(chan channel.Inbound, 100), refused: make(chan struct{}, 10)}
}

func (s *sink) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *sink) Deliver(_ context.Context, b channel.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		select {
		case s.refused <- struct{}{}:
		default:
		}
		return s.err
	}
	for _, r := range b.Reports {
		s.reports <- r
	}
	for _, i := range b.Inbound {
		s.inbound <- i
	}
	return nil
}

// world is an adapter that runs, and what it stores and says.
type world struct {
	*adapter
	sink *sink
	log  *watched
}

// watched is a log that can be waited for.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.text.Write(p)
}

func (w *watched) contains(s string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.text.Bytes(), []byte(s))
}

// await waits until the log has these words.
func (w *watched) await(t *testing.T, words string) {
	t.Helper()
	deadline := time.After(patience)
	for !w.contains(words) {
		select {
		case <-w.more:
		case <-deadline:
			t.Fatalf("the log never said %q:\n%s", words, w.text.String())
		}
	}
}

func credential(address string, change ...func(*convapi.SMPPCredentials)) convapi.ChannelCredential {
	c := &convapi.SMPPCredentials{Address: address, SystemID: "gw", Password: password, SourceAddress: "Acme"}
	for _, f := range change {
		f(c)
	}
	return convapi.ChannelCredential{Channel: convapi.ChannelSMS, SMPPCredentials: c}
}

type dialFunc = func(context.Context, string, string) (channel.Conn, error)

// start runs an adapter; stop ends it and checks how it ended.
func start(t *testing.T, c convapi.ChannelCredential, dial dialFunc) (w *world, stop func()) {
	t.Helper()
	w = &world{sink: newSink(), log: &watched{more: make(chan struct{}, 1)}}
	opened, err := Channel.Open(channel.Account{AppID: "APP1", Credential: c}, channel.Env{Dial: dial, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.adapter = opened.(*adapter)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, w.sink) }()
	return w, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
		if w.log.contains(password) {
			t.Error("the log has the password")
		}
	})
}

// onSim runs an adapter against a simulated centre on loopback, and waits for the bind.
func onSim(t *testing.T, config smsc.Config, change ...func(*convapi.SMPPCredentials)) (*world, *smsc.Server) {
	t.Helper()
	config.SystemID, config.Password = "gw", password
	sim, err := smsc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- sim.Serve(listener) }()
	t.Cleanup(func() {
		_ = sim.Close()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	w, stop := start(t, credential(listener.Addr().String(), change...), (&net.Dialer{}).DialContext)
	t.Cleanup(stop)
	w.log.await(t, "bound to the message centre")
	return w, sim
}

func await[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s in %s", what, patience)
		panic("unreachable")
	}
}

// failureOf is the Failure in an error; the test ends if there is none.
func failureOf(t *testing.T, err error) *channel.Failure {
	t.Helper()
	f, ok := errors.AsType[*channel.Failure](err)
	if !ok {
		t.Fatalf("got %v, want a Failure", err)
	}
	return f
}

func message(id, to, text string) channel.Outbound {
	return channel.Outbound{MessageID: id, Identity: to, Text: text}
}
