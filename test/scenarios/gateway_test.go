package scenarios

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/delivery"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
	"switchyard/internal/store"
	"switchyard/internal/webhook"
)

const projectID = "scenario"

// process is the gateway from a start to its end, built as package app does.
type process struct {
	db        *store.DB
	poster    *webhook.Poster
	deliverer *delivery.Deliverer
	engine    *engine.Engine
	registry  *prometheus.Registry
}

// outside is what a process is built on, and what stays when it ends.
type outside struct {
	storeURL string
	internet *internet
	carriers map[convapi.Channel]*carrier
	posts    int // at once to one webhook
	rates    engine.Rates
	log      *slog.Logger
}

func (o *outside) start(t testing.TB) *process {
	t.Helper()
	ctx := context.Background()
	p := &process{registry: prometheus.NewRegistry()}
	var err error
	p.db, err = store.Open(ctx, store.Options{URL: o.storeURL, Log: o.log, Lease: time.Hour, Failed: func(err error) { t.Errorf("the store failed: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	metrics := observe.NewMetrics(p.registry)
	p.poster = webhook.New(webhook.Config{UserAgent: "switchyard/test", Dial: o.internet.dial})
	p.deliverer = delivery.New(delivery.Config{
		Store: p.db, Poster: p.poster, Concurrency: o.posts, Rate: o.rates.Webhooks, Log: o.log, Metrics: metrics,
		DirectSecret: func(app gateway.ID) convapi.Secret { return p.engine.DirectSecret(app) },
	})
	var definitions []channel.Definition
	for _, c := range o.carriers {
		definitions = append(definitions, c.definition())
	}
	p.engine = engine.New(engine.Config{
		Store: p.db, Deliverer: p.deliverer, Channels: definitions, HTTP: http.DefaultClient,
		Retention: engine.Retention{Interval: time.Hour, Callbacks: 72 * time.Hour}, Rates: o.rates,
		PublicURL: "http://gateway.example", Log: o.log, Metrics: metrics,
	})
	if err := p.engine.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

// stopTime is what package app gives the engine.
const stopTime = 6 * time.Second

// stop ends the process as SIGTERM does.
func (p *process) stop(t testing.TB, o *outside) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	p.engine.Stop(ctx)
	o.unplug()
	p.close(t)
}

// crash ends the process as a power cut does: from one instant on nothing
// reaches the disk, and nobody outside hears of the gateway again.
func (p *process) crash(t testing.TB, o *outside) {
	if err := p.db.Close(); err != nil {
		t.Errorf("close the store: %v", err)
	}
	o.unplug()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p.engine.Stop(ctx)
	p.poster.Close()
}

func (p *process) close(t testing.TB) {
	p.poster.Close()
	if err := p.db.Close(); err != nil {
		t.Errorf("close the store: %v", err)
	}
}

func (o *outside) unplug() {
	for _, c := range o.carriers {
		c.unplug()
	}
}

// metric is the value of a counter without labels.
func (p *process) metric(t testing.TB, name string) int {
	families, err := p.registry.Gather()
	if err != nil {
		t.Error(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return int(f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	t.Errorf("no metric %s", name)
	return 0
}
