// Package engine is the core: it accepts messages, sends them over their
// planned channels, takes in what providers report and what people write, and
// tells the customer. Every step is one operation of the store; what follows
// from it happens after the commit, and all of it can be found again from the
// rows alone. It knows no HTTP routes and no provider's protocol.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
	"switchyard/internal/store"
)

// Config is what an Engine works with.
type Config struct {
	Store     *store.DB
	Deliverer *delivery.Deliverer
	Channels  []channel.Definition
	// HTTP carries the requests to providers.
	HTTP *http.Client
	// Dial opens the connections of channels that keep one.
	Dial func(ctx context.Context, network, address string) (channel.Conn, error)
	// PublicURL is where providers reach this gateway, without a final slash.
	PublicURL string
	// SendTimeout bounds one attempt; after it the attempt is in doubt. 0 is
	// DefaultSendTimeout.
	SendTimeout time.Duration
	Retention   Retention
	Rates       Rates
	// QueueLimit is how many messages of one app may wait for an attempt; 0 is the
	// contract's limit.
	QueueLimit int
	Log        *slog.Logger
	Metrics    *observe.Metrics
	Tracing    *observe.Tracing // nil: no traces
}

// DefaultSendTimeout is longer than any channel's own limit for an answer
// (SMPP: 30 s), so that the channel's own classification comes first.
const DefaultSendTimeout = 60 * time.Second

// Engine is the running core.
type Engine struct {
	cfg       Config
	db        *store.DB
	log       *slog.Logger
	metrics   *observe.Metrics
	tracing   *observe.Tracing
	deliverer *delivery.Deliverer

	definitions map[convapi.Channel]channel.Definition
	directory   *directory
	accounts    *accounts
	deadlines   *deadlines
	batches     *batches
	signals     chan struct{} // one for each of the deadlines' operations under way
	rates       *rates
	courses     courses // of operations alone
	merges      merges
	consents    consents

	// configuring serialises changes of apps and webhooks, so that each sees
	// the one before in the directory.
	configuring sync.Mutex

	ctx        context.Context // of everything in the background; ends in Stop
	cancel     context.CancelFunc
	background sync.WaitGroup
}

// New makes an Engine; Start sets it to work.
func New(cfg Config) *Engine {
	if cfg.SendTimeout == 0 {
		cfg.SendTimeout = DefaultSendTimeout
	}
	if cfg.QueueLimit == 0 {
		cfg.QueueLimit = convapi.DefaultQueueLimit
	}
	e := &Engine{
		cfg: cfg, db: cfg.Store, log: cfg.Log, metrics: cfg.Metrics, tracing: cfg.Tracing, deliverer: cfg.Deliverer,
		definitions: make(map[convapi.Channel]channel.Definition),
		directory:   newDirectory(),
		signals:     make(chan struct{}, signalsUnderWay),
		rates:       newRates(cfg.Rates),
		courses:     newCourses(),
		consents:    consents{apps: make(map[gateway.ID]bool)},
	}
	for _, d := range cfg.Channels {
		e.definitions[d.Channel] = d
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.accounts = newAccounts(e)
	e.deadlines = newDeadlines(e)
	e.batches = newBatches(e)
	return e
}

// Start makes this process one of the nodes on the store: it loads the
// configuration and, in the background, goes on with every message and callback
// in the lanes that become its own.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.db.Join(ctx, peer{e}); err != nil {
		return fmt.Errorf("begin to work on the store: %w", err)
	}
	if e.cfg.Retention.Interval > 0 {
		e.background.Go(e.sweepForEver)
	}
	if e.db.Lanes() > 1 {
		e.background.Go(e.tellBacklogs)
	}
	return nil
}

// Stop ends in order: no new attempts, the sends under way get their answers
// onto disk, then the callbacks. It returns early with ctx; what is left then
// is found at the next Start.
func (e *Engine) Stop(ctx context.Context) {
	e.deadlines.stop()
	e.batches.stop()
	e.accounts.drain(ctx)
	e.cancel()
	e.deliverer.Stop(ctx)
	done := make(chan struct{})
	go func() { e.background.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// apply runs an operation for a caller who can be told to come back later.
func (e *Engine) apply(ctx context.Context, op store.Op) error {
	op.Trace = e.tracing.Traceparent(ctx)
	err := e.db.Apply(ctx, op)
	switch {
	case store.Passing(err):
		return full(err)
	case errors.Is(err, store.ErrOverloaded):
		return &gateway.Error{Code: gateway.Unavailable, Message: "the gateway is overloaded", RetryAfter: time.Second}
	case errors.Is(err, store.ErrUnavailable):
		return &gateway.Error{Code: gateway.Unavailable, Message: "the database cannot be reached", RetryAfter: 5 * time.Second}
	case errors.Is(err, store.ErrClosed):
		return stopping()
	}
	return err
}

func stopping() error {
	return &gateway.Error{Code: gateway.Unavailable, Message: "the gateway is stopping", RetryAfter: 5 * time.Second}
}

// full is the answer while the disk takes nothing, or nothing new.
func full(fault error) error {
	why := "the store cannot be written"
	if !errors.Is(fault, store.ErrUnwritable) {
		why = "the store is full"
	}
	return &gateway.Error{Code: gateway.Unavailable, Message: why + "; nothing was accepted", RetryAfter: 5 * time.Second}
}

// notFound is the answer to an id that names nothing in the project.
func notFound(what, id string) error {
	return gateway.Errorf(gateway.NotFound, "%s %q not found", what, id)
}
