package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/delivery"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
	"switchyard/internal/webhook"
)

// doorbell is a provider that posts: every request brings one message.
type doorbell struct{}

// Send implements channel.Adapter.
func (*doorbell) Send(context.Context, channel.Outbound) (channel.Receipt, error) {
	return channel.Receipt{}, nil
}

// Receive implements channel.Receiver. The body is the message's key.
func (*doorbell) Receive(_ context.Context, _ *http.Request, body []byte) (channel.Batch, channel.Reply, error) {
	return channel.Batch{Inbound: []channel.Inbound{{
		Key: string(body), Identity: "46700000001", Message: &convapi.ContactMessage{TextMessage: &convapi.TextMessage{Text: "ring"}},
	}}}, channel.Reply{}, nil
}

// launch starts an engine with one channel on a store, SMS unless the Config has
// others.
func launch(t *testing.T, db *store.DB, cfg engine.Config, adapter channel.Adapter, features channel.Features) *engine.Engine {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	cfg.Store, cfg.Log, cfg.Metrics = db, log, observe.NewMetrics(prometheus.NewRegistry())
	cfg.Deliverer = delivery.New(delivery.Config{Store: db, Poster: webhook.New(webhook.Config{}), Log: log, Metrics: cfg.Metrics})
	cfg.HTTP, cfg.PublicURL = http.DefaultClient, "http://localhost"
	if cfg.Channels == nil {
		cfg.Channels = []channel.Definition{{
			Channel: convapi.ChannelSMS, Features: features,
			Open: func(channel.Account, channel.Env) (channel.Adapter, error) { return adapter, nil },
		}}
	}
	e := engine.New(cfg)
	if err := e.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		e.Stop(ctx)
	})
	return e
}

// furnish makes a project and an app on the channel.
func furnish(t *testing.T, e *engine.Engine) (app string) {
	t.Helper()
	ctx := context.Background()
	if err := e.PutProject(ctx, project, "key", "secret"); err != nil {
		t.Fatal(err)
	}
	made, err := e.CreateApp(ctx, project, convapi.App{
		DisplayName: "app", ProcessingMode: convapi.ModeConversation,
		ChannelCredentials: []convapi.ChannelCredential{{Channel: convapi.ChannelSMS, StaticBearer: &convapi.StaticBearer{ClaimedIdentity: "c", Token: "t"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// A provider that posts faster than the app's rate is first kept waiting and then
// asked to come again. What it posts again is stored once.
func TestAProviderOverTheRateComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := launch(t, storetest.Open(t, storetest.SQLite(t)), engine.Config{Rates: engine.Rates{Inbound: 1}}, &doorbell{}, channel.Features{})
		app := furnish(t, e)
		began := time.Now()
		type outcome struct {
			key   int
			took  time.Duration
			again time.Duration
		}
		outcomes := make(chan outcome)
		post := func(key int) {
			_, err := e.Receive(context.Background(), app, convapi.ChannelSMS, 0, nil, []byte(strconv.Itoa(key)))
			o := outcome{key: key, took: time.Since(began)}
			if refused, ok := errors.AsType[*gateway.Error](err); ok {
				if refused.Code != gateway.Unavailable {
					t.Errorf("refused with %v", err)
				}
				o.again = refused.RetryAfter
			} else if err != nil {
				t.Error(err)
			}
			outcomes <- o
		}
		for key := range 5 {
			go post(key)
			synctest.Wait()
		}
		byKey := make(map[int]outcome)
		for range 5 {
			o := <-outcomes
			byKey[o.key] = o
		}
		for key, want := range []outcome{{0, 0, 0}, {1, time.Second, 0}, {2, 2 * time.Second, 0}, {3, 0, 3 * time.Second}, {4, 0, 3 * time.Second}} {
			if byKey[key] != want {
				t.Errorf("got %+v, want %+v", byKey[key], want)
			}
		}
		for _, key := range []int{3, 4} {
			time.Sleep(3 * time.Second)
			go post(key)
			if o := <-outcomes; o.again != 0 {
				t.Errorf("post %d was refused again", key)
			}
		}
		messages, _, err := e.Messages(context.Background(), project, engine.MessageFilter{AppID: app}, engine.Page{Size: 100})
		if err != nil || len(messages) != 5 {
			t.Errorf("%d messages of 5, %v", len(messages), err)
		}
	})
}

// idle is a provider that does not answer until the channel is closed.
type idle chan struct{}

// Send implements channel.Adapter.
func (i idle) Send(ctx context.Context, _ channel.Outbound) (channel.Receipt, error) {
	select {
	case <-i:
	case <-ctx.Done():
	}
	return channel.Receipt{}, errors.New("no answer")
}

// sendText sends a text to a number.
func sendText(e *engine.Engine, app, number string) error {
	_, _, err := e.Send(context.Background(), project, &convapi.SendMessageRequest{
		AppID: app, Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: "hello"}},
		Recipient: &convapi.Recipient{IdentifiedBy: &convapi.IdentifiedBy{ChannelIdentities: []convapi.ChannelIdentity{{Channel: convapi.ChannelSMS, Identity: number}}}},
	}, engine.Idempotency{})
	return err
}

func TestAFullQueueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		provider := make(idle)
		defer close(provider)
		e := launch(t, storetest.Open(t, storetest.SQLite(t)), engine.Config{QueueLimit: 3, SendTimeout: time.Minute}, provider, channel.Features{Concurrency: 1})
		app := furnish(t, e)
		for i := range 4 { // one is under way
			if err := sendText(e, app, "46700000001"); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		err := sendText(e, app, "46700000001")
		if refused, ok := errors.AsType[*gateway.Error](err); !ok || refused.Code != gateway.ResourceExhausted || refused.RetryAfter <= 0 {
			t.Errorf("got %v", err)
		}
		shown, err := e.App(context.Background(), project, app)
		if want := (convapi.QueueStats{OutboundSize: 3, OutboundLimit: 3}); err != nil || *shown.QueueStats != want {
			t.Errorf("shown %+v, %v", shown.QueueStats, err)
		}
		time.Sleep(2 * time.Minute) // the attempts end in doubt, one after the other
		if err := sendText(e, app, "46700000001"); err != nil {
			t.Errorf("when there is room again: %v", err)
		}
	})
}
