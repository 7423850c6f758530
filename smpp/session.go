package smpp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound a session. Zero values stand for the defaults.
type Limits struct {
	Window          int           // our requests without an answer, 1 to 1000; default 10
	Inbound         int           // their requests in our handler at one time, more are refused with ESME_RX_T_APPN; default 100
	EnquireInterval time.Duration // silence before an enquire_link; default 30 s, negative: never
	EnquireTimeout  time.Duration // for its answer, then the connection is closed; default 10 s
	ResponseTimeout time.Duration // for the answer to a submit or deliver; default 30 s
	BindTimeout     time.Duration // for connecting and for the answer to a bind, each; default 10 s
	WriteTimeout    time.Duration // for the other end to take what we write; default 10 s
}

// DefaultWindow is Limits.Window where none is set.
const DefaultWindow = 10

const (
	maxWindow       = 1000
	defaultInbound  = 100
	defaultEnquire  = 30 * time.Second
	defaultTimeout  = 10 * time.Second
	defaultResponse = 30 * time.Second
	readBuffer      = 16 << 10
	writeBatch      = 64 << 10 // octets handed to the kernel at once
)

func orDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.Window, DefaultWindow)
	orDefault(&l.Inbound, defaultInbound)
	orDefault(&l.EnquireInterval, defaultEnquire)
	orDefault(&l.EnquireTimeout, defaultTimeout)
	orDefault(&l.ResponseTimeout, defaultResponse)
	orDefault(&l.BindTimeout, defaultTimeout)
	orDefault(&l.WriteTimeout, defaultTimeout)
	return l
}

// Validate names the first limit that cannot be.
func (l Limits) Validate() error {
	if l.Window < 0 || l.Window > maxWindow {
		return fmt.Errorf("window %d is not within 1 to %d", l.Window, maxWindow)
	}
	return nil
}

// Handler receives what a centre delivers: deliver_sm, and data_sm in the form of one. The answer is sent after it has returned, with the status that it
// returns: StatusOK means stored. It is called from several goroutines. The context ends with the session.
type Handler func(ctx context.Context, sm *DeliverSM) Status

// serveFunc answers one request. A nil body stands for the empty answer of its kind.
type serveFunc func(ctx context.Context, s *Session, request Body) (answer Body, status Status)

// Session is one SMPP connection, seen from either end.
type Session struct {
	conn   net.Conn
	limits Limits
	serve  serveFunc
	start  time.Time

	assumeTLVs bool // set before the bind: optional parameters are sent to a centre that does not tell its version

	out     chan outgoing
	window  chan struct{} // a place for each unanswered request
	inbound chan struct{} // a place for each request in the handler

	bound    atomic.Uint32 // BindType, 0 before and after
	peer     atomic.Pointer[peerInfo]
	lastRead atomic.Int64 // since start

	mu       sync.Mutex
	pending  map[uint32]*request
	sequence uint32
	err      error

	ctx      context.Context // ends with the session
	cancel   context.CancelFunc
	leaving  chan struct{} // closed when no new request may start
	left     atomic.Bool
	written  chan struct{} // closed when the writer has ended
	routines sync.WaitGroup
}

// peerInfo is what a bind tells about the other end.
type peerInfo struct {
	systemID string
	version  uint8 // 0: not told
}

func newSession(conn net.Conn, limits Limits, serve serveFunc) *Session {
	limits = limits.withDefaults()
	s := &Session{
		conn: conn, limits: limits, serve: serve, start: time.Now(),
		out:     make(chan outgoing, limits.Window+limits.Inbound),
		window:  make(chan struct{}, limits.Window),
		inbound: make(chan struct{}, limits.Inbound),
		pending: map[uint32]*request{},
		leaving: make(chan struct{}),
		written: make(chan struct{}),
	}
	s.peer.Store(&peerInfo{})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.routines.Go(s.readLoop)
	s.routines.Go(s.writeLoop)
	if limits.EnquireInterval > 0 {
		s.routines.Go(s.keepAlive)
	}
	return s
}

// Done is closed when the connection is gone.
func (s *Session) Done() <-chan struct{} { return s.ctx.Done() }

// Err says why the session has ended; nil while it lives.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// BindType gives the directions that the session is bound for; 0 when it is not bound.
func (s *Session) BindType() BindType { return BindType(s.bound.Load()) }

// PeerSystemID gives the name under which the other end has presented itself in the bind.
func (s *Session) PeerSystemID() string { return s.peer.Load().systemID }

// PeerVersion gives the other end's interface_version; 0 when it has not told, which means 3.3 or older.
func (s *Session) PeerVersion() uint8 { return s.peer.Load().version }

// InFlight gives the number of our requests without an answer.
func (s *Session) InFlight() int { return len(s.window) }

func (s *Session) markBound(t BindType, peer peerInfo) {
	s.peer.Store(&peer)
	s.bound.Store(uint32(t))
}

// Drop cuts the connection without a word. Requests without an answer fail.
func (s *Session) Drop() { s.fail(ErrClosed) }

// Close drops the connection and waits until nothing of the session runs any more. A handler must not call it: it would wait for itself.
func (s *Session) Close() {
	s.Drop()
	s.routines.Wait()
}

// Unbind ends the session in order: no new requests, the answers to those outstanding and to the other end's, unbind, close. When the context ends first,
// the connection is dropped and the context's error returned.
func (s *Session) Unbind(ctx context.Context) error {
	defer s.Close()
	if !s.stopRequests() { // the other end was first, and is being served
		select {
		case <-s.Done():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.drain(ctx, s.window); err != nil {
		return err
	}
	if err := s.drain(ctx, s.inbound); err != nil {
		return err
	}
	_, err := s.roundTrip(ctx, &Unbind{}, s.limits.ResponseTimeout)
	return err
}

// stopRequests lets no new request start. The first caller is told so, and it alone may drain.
func (s *Session) stopRequests() (first bool) {
	if first = s.left.CompareAndSwap(false, true); first {
		close(s.leaving)
	}
	return first
}

// drain takes all places, which is to wait until nobody has one, and keeps them.
func (s *Session) drain(ctx context.Context, places chan struct{}) error {
	for range cap(places) {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return s.Err()
		}
	}
	return nil
}

// fail ends the session; the first reason counts.
func (s *Session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	s.bound.Store(0)
	s.stopRequests()
	s.cancel()
	_ = s.conn.Close() // wakes the reader and the writer; its own error tells nothing more
}

func (s *Session) readLoop() {
	r := bufio.NewReaderSize(s.conn, readBuffer)
	for {
		frame, err := ReadFrame(r)
		if err != nil {
			s.fail(fmt.Errorf("read: %w", err))
			return
		}
		s.lastRead.Store(int64(time.Since(s.start)))
		p, err := Decode(frame)
		if p.Body.Command().IsResponse() {
			s.settle(p, err)
			continue
		}
		s.receive(p, err)
	}
}

// keepAlive asks for a sign of life after each silence.
func (s *Session) keepAlive() {
	interval := s.limits.EnquireInterval
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-timer.C:
		}
		silence := time.Since(s.start) - time.Duration(s.lastRead.Load())
		if silence < interval || s.BindType() == 0 { // nothing but bind may be sent before the bind
			timer.Reset(max(interval-silence, interval/2))
			continue
		}
		if _, err := s.roundTrip(s.ctx, &EnquireLink{}, s.limits.EnquireTimeout); err != nil {
			var refused *StatusError
			if !errors.As(err, &refused) { // a centre that refuses it is alive
				s.fail(ErrEnquireTimeout)
				return
			}
		}
		timer.Reset(interval)
	}
}

// receive answers one request of the other end: link management at once, the rest through the handler.
func (s *Session) receive(p PDU, broken error) {
	var decodeErr *DecodeError
	if errors.As(broken, &decodeErr) {
		s.answer(p, &GenericNack{}, decodeErr.Status)
		return
	}
	switch p.Body.(type) {
	case *EnquireLink:
		s.answer(p, nil, StatusOK)
	case *Unbind:
		s.answer(p, nil, StatusOK)
		if s.stopRequests() {
			s.routines.Go(s.finish)
		}
	case *AlertNotification:
	default:
		select {
		case s.inbound <- struct{}{}:
			s.routines.Go(func() {
				body, status := s.serve(s.ctx, s, p.Body)
				s.answer(p, body, status)
				<-s.inbound
			})
		default:
			s.answer(p, nil, StatusRxTempAppn)
		}
	}
}

// finish waits for what is outstanding after the other end's unbind, and closes.
func (s *Session) finish() {
	ctx, cancel := context.WithTimeout(s.ctx, s.limits.ResponseTimeout)
	defer cancel()
	_ = s.drain(ctx, s.window) // who is still waiting after that learns it from the close
	_ = s.flush(ctx)
	s.fail(ErrUnbound)
}
