package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/delivery"
	"switchyard/internal/engine"
	"switchyard/internal/observe"
	"switchyard/internal/store/storetest"
	"switchyard/internal/webhook"
)

const project = "p"

// instant is a provider that takes everything at once and reports it when told.
type instant struct {
	refs    atomic.Int64
	sent    chan string
	deliver func(context.Context, channel.Batch) error
}

// Send implements channel.Adapter.
func (i *instant) Send(_ context.Context, _ channel.Outbound) (channel.Receipt, error) {
	ref := fmt.Sprint("ref", i.refs.Add(1))
	i.sent <- ref
	return channel.Receipt{Refs: []string{ref}}, nil
}

// Run implements channel.Runner: it is how reports come in.
func (i *instant) Run(ctx context.Context, s channel.Sink) error {
	i.deliver = s.Deliver
	<-ctx.Done()
	return nil
}

// newEngine is an engine with one app and no webhook: what is measured is the
// engine and its store.
func newEngine(b *testing.B, url string, provider *instant) (*engine.Engine, string) {
	b.Helper()
	db := storetest.Open(b, url)
	log := slog.New(slog.DiscardHandler)
	metrics := observe.NewMetrics(prometheus.NewRegistry())
	tracing, err := observe.NewTracing(b.Context(), "bench", log) // with OTEL_EXPORTER_OTLP_ENDPOINT only
	if err != nil {
		b.Fatal(err)
	}
	e := engine.New(engine.Config{
		Store:     db,
		Deliverer: delivery.New(delivery.Config{Store: db, Poster: webhook.New(webhook.Config{}), Log: log, Metrics: metrics}),
		Channels: []channel.Definition{{
			Channel:  convapi.ChannelSMS,
			Features: channel.Features{ReportsDelivered: true, Concurrency: 64},
			Open:     func(channel.Account, channel.Env) (channel.Adapter, error) { return provider, nil },
		}},
		HTTP: http.DefaultClient, PublicURL: "http://localhost", Log: log, Metrics: metrics, Tracing: tracing,
	})
	if err := e.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Stop(context.Background()) })
	if err := e.PutProject(b.Context(), project, "key", "secret"); err != nil {
		b.Fatal(err)
	}
	app, err := e.CreateApp(b.Context(), project, convapi.App{
		DisplayName: "bench", ProcessingMode: convapi.ModeConversation,
		ChannelCredentials: []convapi.ChannelCredential{{Channel: convapi.ChannelSMS, StaticBearer: &convapi.StaticBearer{ClaimedIdentity: "c", Token: "t"}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return e, app.ID
}

// BenchmarkWholeMessage is accept, claim, outcome and report, each on disk, with
// 64 senders: no HTTP and no callbacks.
func BenchmarkWholeMessage(b *testing.B) {
	for _, kind := range storetest.Engines() {
		b.Run(kind.Name, func(b *testing.B) {
			provider := &instant{sent: make(chan string, 1024)}
			e, app := newEngine(b, kind.URL(b), provider)
			var reporters sync.WaitGroup
			var reported atomic.Int64
			all := make(chan struct{})
			for range 64 {
				reporters.Go(func() {
					for ref := range provider.sent {
						report := channel.Report{Ref: ref, Status: convapi.StatusDelivered}
						if err := provider.deliver(b.Context(), channel.Batch{Reports: []channel.Report{report}}); err != nil {
							b.Error(err)
						}
						if reported.Add(1) == int64(b.N) {
							close(all)
						}
					}
				})
			}
			b.ReportAllocs()
			b.ResetTimer()
			before := processor(b)
			sendAll(b, e, app)
			<-all
			b.ReportMetric(float64(processor(b)-before)/float64(b.N)/1000, "cpu-µs/op")
			b.StopTimer()
			close(provider.sent)
			reporters.Wait()
		})
	}
}

// processor is the processor time that this process has used. Unlike the time
// that passes it says what a message costs also on a machine that others use.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sendAll accepts b.N messages from 64 senders.
func sendAll(b *testing.B, e *engine.Engine, app string) {
	var senders sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		senders.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := send(b.Context(), e, app, n); err != nil {
					b.Error(err)
				}
			}
		})
	}
	senders.Wait()
}

func send(ctx context.Context, e *engine.Engine, app string, n int64) error {
	_, _, err := e.Send(ctx, project, &convapi.SendMessageRequest{
		AppID: app,
		Recipient: &convapi.Recipient{IdentifiedBy: &convapi.IdentifiedBy{ChannelIdentities: []convapi.ChannelIdentity{
			{Channel: convapi.ChannelSMS, Identity: fmt.Sprintf("467%08d", n%100_000)},
		}}},
		Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: "Your order 4711 has left our house."}},
	}, engine.Idempotency{})
	return err
}
