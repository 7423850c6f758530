// Package delivery carries the callback log to the webhooks: at least once, in
// order per message, fair between webhooks, in bounded memory, and losing
// nothing while a webhook's breaker is open.
//
// It must not know what callbacks say, nor HTTP: webhook.Poster makes the
// posts, package store keeps the log.
//
// # How
//
// The log is the only queue. A webhook's progress in a lane of it is one cursor
// row: everything up to there is delivered, dropped, or waits in a delivery row.
// Only exceptions have rows: callbacks that failed and what follows them in the
// same message.
//
// Each webhook has a hook of its own: its lock, its window, its breaker and its
// workers. No queue and no lock is shared, so a webhook that is slow or dead
// holds back nobody. After a commit a callback is offered to the hooks in
// memory; one that has no room only notes that it is behind in that lane and
// reads the log when it has. Goroutines and timers exist only while there is
// something to do, so an idle webhook costs its struct.
//
// Cursors and rows are written in one transaction every FlushInterval. A crash
// repeats at most the callbacks delivered since, with the same webhook-id.
//
// Callbacks with a target of their own (message-level URLs) have a delivery row
// from the start and go to a hook that is made of app, scheme and host.
package delivery

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/convapi"
	"switchyard/internal/backoff"
	"switchyard/internal/breaker"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
	"switchyard/internal/pace"
	"switchyard/internal/store"
	"switchyard/internal/webhook"
)

// Defaults and limits.
const (
	// DefaultConcurrency is webhook.DefaultConcurrency: as many connections as
	// are kept.
	DefaultConcurrency = webhook.DefaultConcurrency
	// DefaultWindow is storage's measured page: reading 256 callbacks takes
	// less than a millisecond.
	DefaultWindow = 256
	// FlushInterval is the time between two writes of what has changed. It
	// bounds the callbacks that a crash repeats.
	FlushInterval = 200 * time.Millisecond
	// PassInterval is the time between two writes of cursors that have moved
	// only over callbacks that the webhook does not want. It bounds what a
	// crash reads again.
	PassInterval = time.Minute
)

// Config is what all webhooks have in common. Store and Poster are needed; the
// zero value of the rest means the defaults.
type Config struct {
	Store  *store.DB
	Poster *webhook.Poster
	// Retry is the schedule of one callback; its Window is also the age at
	// which callbacks are dropped that waited for an open breaker.
	Retry   backoff.Policy
	Breaker breaker.Config
	// Concurrency is how many posts are made at once to one webhook.
	Concurrency int
	// Window is how many callbacks of one webhook are held in memory, waiting
	// to be tried again included, and so how many delivery rows it has.
	Window int
	// Rate is how many callbacks of one app are posted a second, over all its
	// webhooks and all nodes, every attempt counted; 0 is no limit.
	Rate int
	// DirectSecret signs callbacks to message-level URLs; nil or an empty
	// secret: not signed.
	DirectSecret func(app gateway.ID) convapi.Secret
	Log          *slog.Logger
	// Metrics may be given to one Deliverer only: it registers queues there.
	Metrics *observe.Metrics
	Tracing *observe.Tracing // nil: no traces
}

// Target is a webhook as this package sees it.
type Target struct {
	ID, App           gateway.ID
	URL               string
	Secret            convapi.Secret // empty: not signed
	ClientCredentials *convapi.WebhookClientCredentials
	Triggers          []convapi.Trigger
	// Since is the first position of the log that the webhook gets, in lanes
	// where it has no cursor yet.
	Since uint64
	// Paused is target_type DISMISS: nothing is sent, callbacks pass by.
	Paused bool
}

// Deliverer delivers. It is safe for concurrent use.
type Deliverer struct {
	cfg     Config
	offered atomic.Uint64 // every callback up to this position has been offered

	mu      sync.RWMutex
	hooks   map[gateway.ID]*hook
	apps    map[gateway.ID][]*hook // the webhooks of an app; the slices are never changed
	stage   stage
	flusher flusher

	ctx     context.Context // ends when posts under way have to end
	cancel  context.CancelFunc
	running sync.WaitGroup // workers, readers and loaders
	loading chan struct{}  // limits how many hooks load at once

	waiting, retrying atomic.Int64 // callbacks in memory; of those with a row
	nodes             atomic.Int64 // that share the endpoints
	rates             rates

	owned    laneSet               // this node's lanes
	scanning laneSet               // of those, which have not been looked through for origins
	losses   int                   // counts the calls of Lose
	lostAt   map[int]int           // the last loss of each lane that was lost
	states   map[gateway.ID][]byte // breakers without a hook so far
}

// concurrency is this node's share of the posts at once to one webhook.
func (d *Deliverer) concurrency() int {
	return max(1, d.cfg.Concurrency/int(max(1, d.nodes.Load())))
}

// stage of a Deliverer's life.
type stage uint8

const (
	idle stage = iota // before Configure
	started
	stopped
)

// loaders is how many webhooks read their cursors at once after a start. The
// store's readers are few, and the surfaces need them too.
const loaders = 2

// New returns a Deliverer that does nothing before Configure.
func New(cfg Config) *Deliverer {
	if cfg.Retry == (backoff.Policy{}) {
		cfg.Retry = backoff.Webhook()
	}
	if cfg.Breaker == (breaker.Config{}) {
		cfg.Breaker = breaker.DefaultConfig()
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = DefaultConcurrency
	}
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.DirectSecret == nil {
		cfg.DirectSecret = func(gateway.ID) convapi.Secret { return "" }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = observe.NewMetrics(prometheus.NewRegistry())
	}
	d := &Deliverer{
		cfg:     cfg,
		hooks:   make(map[gateway.ID]*hook),
		apps:    make(map[gateway.ID][]*hook),
		loading: make(chan struct{}, loaders),
		states:  make(map[gateway.ID][]byte),
		lostAt:  make(map[int]int),
		rates:   rates{perSecond: cfg.Rate, limits: make(map[gateway.ID]*pace.Limit)},
	}
	d.flusher.d = d
	d.ctx, d.cancel = context.WithCancel(context.Background())
	cfg.Metrics.GaugeQueue("callbacks_waiting", func() float64 { return float64(d.waiting.Load()) })
	cfg.Metrics.GaugeQueue("callbacks_in_retry", func() float64 { return float64(d.retrying.Load()) })
	cfg.Metrics.CollectWebhooks(d.stand)
	return d
}
