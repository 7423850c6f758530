// Package app builds a gateway of its parts, starts them in order and stops
// them in the reverse one. It decides nothing else.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/convapi"
	"switchyard/internal/backoff"
	"switchyard/internal/breaker"
	"switchyard/internal/channel"
	"switchyard/internal/config"
	"switchyard/internal/delivery"
	"switchyard/internal/dial"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/httpapi"
	"switchyard/internal/ingress"
	"switchyard/internal/observe"
	"switchyard/internal/openapi"
	"switchyard/internal/store"
	"switchyard/internal/webhook"
)

// Config is what a gateway is built of.
type Config struct {
	config.Serve
	Version  string
	Channels []channel.Definition
	Log      *slog.Logger
	// Out gets what a person reads at start-up: a line a listener, what was
	// made once, and "ready".
	Out io.Writer
}

// The times of an orderly end. Together they stay below the 10 s after which
// operators and orchestrators lose patience.
const (
	stopRequests = 2 * time.Second
	stopEngine   = 6 * time.Second
	stopTracing  = time.Second
)

// App is a running gateway.
type App struct {
	cfg     Config
	Engine  *engine.Engine
	Project string // the first project

	store    *store.DB
	poster   *webhook.Poster
	health   *observe.Health
	metrics  *observe.Metrics
	tracing  *observe.Tracing
	api      *http.Server
	batch    *http.Server // nil if the Batch API is not served
	admin    *http.Server
	apiURL   string
	batchURL string
	failed   chan error
}

// Start builds and starts a gateway; when it returns, requests are served.
func Start(ctx context.Context, cfg Config) (_ *App, err error) {
	a := &App{cfg: cfg, health: &observe.Health{}, failed: make(chan error, 4)}
	registry := prometheus.NewRegistry()
	a.metrics = observe.NewMetrics(registry)
	a.metrics.GaugeBuild(cfg.Version)
	defer func() {
		if err != nil {
			a.Stop()
		}
	}()
	if a.tracing, err = observe.NewTracing(ctx, cfg.Version, cfg.Log); err != nil {
		return nil, err
	}
	l, err := listen(cfg.Serve)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	a.apiURL, a.batchURL = urlOf(l.api), urlOf(l.batch)

	if a.store, err = store.Open(ctx, store.Options{
		URL: cfg.Store, Log: cfg.Log, Failed: a.fail, Observe: a.observeCommit, Lease: cfg.Lease, DatabaseClock: true, Hints: true,
		MinFree: uint64(cfg.MinFreeSpace),
	}); err != nil {
		return nil, err
	}
	a.health.Fault, a.health.Warning = a.store.Fault, a.store.Room
	a.metrics.GaugeStore(a.store.Fault, a.store.Free)
	a.admin = serve(l.admin, observe.AdminMux(a.health, registry), cfg.Log, a.fail)
	if err := a.startEngine(ctx); err != nil {
		return nil, err
	}
	if err := a.firstProject(ctx); err != nil {
		return nil, err
	}
	surface, err := a.surface(ctx)
	if err != nil {
		return nil, err
	}
	a.api = serve(l.api, a.handler(surface), cfg.Log, a.fail)
	fmt.Fprintf(cfg.Out, "api    %s\nadmin  %s\n", a.apiURL, urlOf(l.admin))
	if l.batch != nil {
		a.batch = serve(l.batch, httpapi.NewBatch(surface), cfg.Log, a.fail)
		fmt.Fprintf(cfg.Out, "batch  %s\n", a.batchURL)
	}
	a.health.SetReady(true)
	fmt.Fprintln(cfg.Out, "ready")
	return a, nil
}

// listeners are where the gateway is reached.
type listeners struct{ api, admin, batch net.Listener } // batch may be nil

func listen(cfg config.Serve) (l listeners, err error) {
	for _, one := range []struct {
		listener *net.Listener
		address  string
	}{{&l.api, cfg.Listen}, {&l.admin, cfg.AdminListen}, {&l.batch, cfg.BatchListen}} {
		if one.address == "" {
			continue
		}
		if *one.listener, err = net.Listen("tcp", one.address); err != nil {
			l.close()
			return l, err
		}
	}
	return l, nil
}

func (l listeners) close() {
	for _, one := range []net.Listener{l.api, l.admin, l.batch} {
		if one != nil {
			one.Close()
		}
	}
}

func urlOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return "http://" + l.Addr().String()
}

func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default:
	}
}

func (a *App) observeCommit(operations int, took time.Duration, err error) {
	if err != nil {
		a.metrics.CommitFailures.Inc()
		return
	}
	a.metrics.CommitBatch.Observe(float64(operations))
	a.metrics.CommitDuration.Observe(took.Seconds())
}

func (a *App) startEngine(ctx context.Context) error {
	cfg := a.cfg
	a.poster = webhook.New(webhook.Config{
		AllowPrivate: cfg.AllowPrivateTargets, Timeout: cfg.WebhookTimeout, UserAgent: "switchyard/" + cfg.Version,
	})
	retry := backoff.Webhook()
	retry.First, retry.Cap, retry.Window = cfg.WebhookRetryFirst, cfg.WebhookRetryCap, cfg.WebhookRetryWindow
	circuit := breaker.DefaultConfig()
	circuit.Failures, circuit.Open, circuit.OpenCap = cfg.BreakerFailures, cfg.BreakerOpen, cfg.BreakerOpenCap
	circuit.Probe = 3 * cfg.WebhookTimeout
	deliverer := delivery.New(delivery.Config{
		Store: a.store, Poster: a.poster, Retry: retry, Breaker: circuit, Rate: cfg.AppWebhookRate, Log: cfg.Log, Metrics: a.metrics, Tracing: a.tracing,
		DirectSecret: func(app gateway.ID) convapi.Secret { return a.Engine.DirectSecret(app) },
	})
	guard := dial.Guard(cfg.AllowPrivateTargets)
	a.Engine = engine.New(engine.Config{
		Store: a.store, Deliverer: deliverer, Channels: cfg.Channels, HTTP: providerClient(guard), Dial: guard.DialContext,
		Retention: engine.Retention{Interval: cfg.RetentionInterval, Callbacks: cfg.CallbackRetention},
		PublicURL: a.publicURL(), Log: cfg.Log, Metrics: a.metrics, Tracing: a.tracing,
		Rates: engine.Rates{
			Inbound: cfg.AppInboundRate, Outbound: cfg.AppOutboundRate, Webhooks: cfg.AppWebhookRate, Requests: cfg.ProjectRequestRate,
		},
	})
	a.watch()
	return a.Engine.Start(ctx)
}

// watch registers what is read at a scrape.
func (a *App) watch() {
	m := a.metrics
	m.GaugeQueue("store", func() float64 { return float64(a.store.Queued()) })
	m.GaugeOldest("store", a.store.Oldest)
	m.GaugeQueue("deadlines", func() float64 { return float64(a.Engine.Deadlines()) })
	m.CollectChannels(a.Engine.Channels)
	if path, ok := strings.CutPrefix(a.cfg.Store, "sqlite:"); ok {
		m.GaugeDisk(path)
	}
}

// providerClient carries requests to REST channels: over kept connections, as
// many to one provider as its busiest channel has sends under way. The time of
// a request is bounded by its context.
func providerClient(guard *net.Dialer) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:           guard.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          512,
		MaxIdleConnsPerHost:   128,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   dial.ConnectTimeout,
		ResponseHeaderTimeout: 55 * time.Second, // telegram's long polls last up to 50 s
	}}
}

func (a *App) publicURL() string {
	if a.cfg.PublicURL != "" {
		return strings.TrimRight(a.cfg.PublicURL, "/")
	}
	return a.apiURL
}

// surface is what the APIs have in common.
func (a *App) surface(ctx context.Context) (httpapi.Config, error) {
	key, err := a.Engine.TokenKey(ctx)
	return httpapi.Config{Engine: a.Engine, TokenKey: key, Log: a.cfg.Log, Metrics: a.metrics, Tracing: a.tracing}, err
}

func (a *App) handler(surface httpapi.Config) http.Handler {
	api := httpapi.New(surface)
	channels := ingress.New(ingress.Config{Engine: a.Engine, Log: a.cfg.Log, Metrics: a.metrics, Tracing: a.tracing})
	description := openapi.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/channels/"):
			channels.ServeHTTP(w, r)
		case path == "/docs" || path == "/docs/" || strings.HasPrefix(path, "/openapi"):
			description.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// serve answers on a listener until the server is shut down.
func serve(l net.Listener, h http.Handler, log *slog.Logger, fail func(error)) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fail(err)
		}
	}()
	return s
}

// Failed tells of an error after which the process has to end.
func (a *App) Failed() <-chan error { return a.failed }

// URL is where the API is served.
func (a *App) URL() string { return a.apiURL }

// BatchURL is where the Batch API is served; "" if it is not.
func (a *App) BatchURL() string { return a.batchURL }

// Stop ends in order: no new requests, the sends and posts under way, then the
// store. What does not end in time is found at the next start.
func (a *App) Stop() {
	a.health.SetReady(false)
	ctx, cancel := context.WithTimeout(context.Background(), stopRequests)
	defer cancel()
	for _, server := range []*http.Server{a.api, a.batch} {
		if server == nil {
			continue
		}
		if err := server.Shutdown(ctx); err != nil {
			server.Close()
		}
	}
	if a.Engine != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopEngine)
		defer cancel()
		a.Engine.Stop(ctx)
	}
	if a.poster != nil {
		a.poster.Close()
	}
	ctx, cancel = context.WithTimeout(context.Background(), stopTracing)
	defer cancel()
	a.tracing.Stop(ctx)
	if a.store != nil {
		if err := a.store.Close(); err != nil {
			a.cfg.Log.Error("close the store", "error", err)
		}
	}
	if a.admin != nil {
		a.admin.Close()
	}
}
