package smpp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ClientConfig describes a [Client]. Zero values stand for the defaults.
type ClientConfig struct {
	Account Account
	Limits  Limits
	Pair    bool    // bind a transmitter and a receiver in place of a transceiver
	Binds   int     // 1 to 10 transceivers, or pairs; default 1
	Rate    float64 // submits a second over all binds; 0: no limit of ours
	Handler Handler // what the centre delivers; required

	// OnBind, if set, is told every change of every bind. It is called from several goroutines and must not block.
	OnBind func(BindEvent)
}

const maxBinds = 10

// BindState is what one bind is doing.
type BindState uint8

// The states of a bind.
const (
	BindDown    BindState = iota // not connected; tried again at RetryAt
	BindUp                       // bound
	BindRefused                  // the centre does not want these credentials or another process holds the bind: an operator has to act
)

// String gives the state in one word.
func (s BindState) String() string {
	switch s {
	case BindUp:
		return "up"
	case BindRefused:
		return "refused"
	}
	return "down"
}

// BindEvent is a change of one bind.
type BindEvent struct {
	Bind    int // from 0
	Type    BindType
	State   BindState
	Err     error     // why it is not up
	RetryAt time.Time // when it is tried again; zero when it is up
}

// Client keeps binds to one centre and spreads submits over them. It reconnects for ever.
type Client struct {
	cfg      ClientConfig
	throttle *throttle

	ctx      context.Context // of connecting; ends when Close begins
	cancel   context.CancelFunc
	closeCtx context.Context // the patience of Close; set before ctx ends
	loops    sync.WaitGroup

	mu       sync.Mutex
	sessions []*chosen // that may submit
	next     int       // where the search for a session begins
	closed   bool
}

// Open starts a client. It returns at once; binding goes on in the background and is told to OnBind. The error names a wrong setting.
func Open(cfg ClientConfig) (*Client, error) {
	orDefault(&cfg.Binds, 1)
	if cfg.Binds < 1 || cfg.Binds > maxBinds {
		return nil, fmt.Errorf("smpp: %d binds are not within 1 to %d", cfg.Binds, maxBinds)
	}
	if cfg.Handler == nil {
		return nil, errors.New("smpp: no handler")
	}
	if err := errors.Join(cfg.Account.Validate(), cfg.Limits.Validate()); err != nil {
		return nil, fmt.Errorf("smpp: %w", err)
	}
	if cfg.OnBind == nil {
		cfg.OnBind = func(BindEvent) {}
	}
	c := &Client{cfg: cfg, throttle: newThrottle(cfg.Rate)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for i := range cfg.Binds {
		c.loops.Go(func() { c.runBind(i) })
	}
	return c, nil
}

// Submit hands a message to the centre over the bind with the fewest outstanding, at the account's pace. Errors are [*NotSentError], [*InDoubtError] or
// [*StatusError]. Without a bound session it fails at once with [ErrNotBound]; for a token or a place in the window it waits as long as ctx allows.
func (c *Client) Submit(ctx context.Context, sm *SubmitSM) (*SubmitSMResp, error) {
	if err := c.ready(); err != nil {
		return nil, &NotSentError{err} // before it costs a token
	}
	if err := c.throttle.wait(ctx); err != nil {
		return nil, &NotSentError{err}
	}
	for {
		s, err := c.pick()
		if err != nil {
			return nil, &NotSentError{err}
		}
		resp, err := s.Submit(ctx, sm)
		c.done(s)
		status := errAsStatus(err)
		c.throttle.learn(status, time.Now())
		if status == StatusInvBndSts {
			s.Drop() // the centre has forgotten the bind: a new one is needed
		}
		var notSent *NotSentError
		if errors.As(err, &notSent) && s.left.Load() && ctx.Err() == nil {
			c.remove(s.Session)
			continue // the session ended before it had begun: take another
		}
		return resp, err
	}
}

// Rate gives the present limit in submits a second, lower than configured after complaints of the centre; 0: none.
func (c *Client) Rate() float64 { return c.throttle.rate() }

// InFlight gives the number of submits without an answer.
func (c *Client) InFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.sessions {
		n += s.InFlight()
	}
	return n
}

// Close ends all binds in order: nothing new, the answers outstanding, unbind. When ctx ends first the connections are dropped. It returns when nothing of
// the client runs any more, with the context's error if it was cut short.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		c.closeCtx = ctx
		c.cancel()
	}
	c.mu.Unlock()
	c.loops.Wait()
	return ctx.Err()
}

// chosen is a session with the number of submits that have been given to it and are
// not over. One that has not reached the session's window yet counts too: submits that
// come at the same moment must not all take the same session.
type chosen struct {
	*Session
	submits int // under Client.mu
}

// ready says why nothing can be submitted.
func (c *Client) ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readyLocked()
}

func (c *Client) readyLocked() error {
	if c.closed {
		return ErrClosed
	}
	if len(c.sessions) == 0 {
		return ErrNotBound
	}
	return nil
}

// pick gives the session with the fewest submits, in turn among equals. done gives
// it back.
func (c *Client) pick() (*chosen, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.readyLocked(); err != nil {
		return nil, err
	}
	c.next++
	best := c.sessions[c.next%len(c.sessions)]
	for i := range c.sessions {
		if s := c.sessions[(c.next+i)%len(c.sessions)]; s.submits < best.submits {
			best = s
		}
	}
	best.submits++
	return best, nil
}

func (c *Client) done(s *chosen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.submits--
}

func (c *Client) add(s *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = append(c.sessions, &chosen{Session: s})
}

func (c *Client) remove(s *Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.sessions {
		if c.sessions[i].Session == s {
			c.sessions = append(c.sessions[:i], c.sessions[i+1:]...)
			return
		}
	}
}
