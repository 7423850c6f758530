package bench

import (
	"context"
	"fmt"
	"time"
)

// deadBacklog is how many callbacks wait for the dead webhook.
const deadBacklog = 10_000

// neighbours: a healthy webhook beside one of the same app that takes posts and
// never answers.
func (b *bench) neighbours(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		app, in, alone, err := r.alone(ctx)
		if err != nil {
			return err
		}
		dead := newSink(nil)
		dead.state.Store(hanging)
		defer close(dead.release)
		url, err := r.serve(dead.answer)
		if err != nil {
			return err
		}
		if err := r.createWebhook(ctx, app, url, "MESSAGE_INBOUND"); err != nil {
			return err
		}
		for waiting := int64(0); waiting < deadBacklog; {
			n, err := r.inboundLoad(ctx, in, warmTime)
			if err != nil {
				return err
			}
			waiting += n
		}
		beside, err := r.healthy(ctx, app, in)
		if err != nil {
			return err
		}
		b.noteNeighbours(alone, beside)
		return nil
	})
}

// service is what a webhook gets.
type service struct {
	rate    float64
	latency quantiles
}

// alone makes an app whose webhook wants what contacts write, and measures its
// service while nothing disturbs it.
func (r *rig) alone(ctx context.Context) (app string, in *shape, s service, err error) {
	if app, err = r.createApp(ctx, silent, nil); err != nil {
		return "", nil, s, err
	}
	if err := r.createWebhook(ctx, app, r.sinkURL, "MESSAGE_INBOUND"); err != nil {
		return "", nil, s, err
	}
	in = inboundShape(app)
	s, err = r.healthy(ctx, app, in)
	return app, in, s, err
}

// healthy measures the service of the healthy webhook.
func (r *rig) healthy(ctx context.Context, app string, in *shape) (s service, err error) {
	done, err := r.carry(ctx, func(d time.Duration) (int64, error) { return r.inboundLoad(ctx, in, d) })
	if err != nil {
		return s, err
	}
	s.rate = done.rate()
	s.latency, err = r.inboundLatency(ctx, app, r.opts.Duration)
	return s, err
}

func (b *bench) noteNeighbours(alone, beside service) {
	b.note("message in → webhook p99, alone", alone.latency.at(99), "ms", none)
	b.note("message in → webhook p99, beside", beside.latency.at(99), "ms", none)
	b.note("times as long", beside.latency.at(99)/alone.latency.at(99), "", atMost(2))
	b.note("message in → webhook p50, alone", alone.latency.at(50), "ms", none)
	b.note("message in → webhook p50, beside", beside.latency.at(50), "ms", none)
	b.note("messages in, alone", alone.rate, "/s", none)
	b.note("messages in, beside", beside.rate, "/s", none)
	b.note("share of the rate", 100*beside.rate/alone.rate, "%", atLeast(90))
}

// outage: a million callbacks behind a webhook that is down, the service of
// another one of the same app, and what happens after the recovery.
func (b *bench) outage(ctx context.Context) error {
	// Probes come soon, so that the recovery is not waited for.
	env := []string{"SWITCHYARD_BREAKER_OPEN=1s", "SWITCHYARD_BREAKER_OPEN_CAP=2s", "SWITCHYARD_WEBHOOK_RETRY_FIRST=1s", "SWITCHYARD_WEBHOOK_RETRY_CAP=5s"}
	return b.on(ctx, func(r *rig) error {
		app, in, alone, err := r.alone(ctx)
		if err != nil {
			return err
		}
		broken := newSink(nil)
		broken.state.Store(down)
		url, err := r.serve(broken.answer)
		if err != nil {
			return err
		}
		l := newLedger(b.cfg.Messages)
		n := len(l.messages) * stepsOfMessage
		look := l.look
		broken.look.Store(&look)
		if err := r.createWebhook(ctx, app, url, "MESSAGE_DELIVERY"); err != nil {
			return err
		}
		if err := r.appendLedger(ctx, app, l, n); err != nil {
			return err
		}
		if err := r.start(ctx, env...); err != nil {
			return err
		}
		begin := time.Now()
		if _, err := r.inboundLoad(ctx, in, time.Millisecond); err != nil {
			return err
		}
		b.note("callbacks behind the webhook that is down", float64(n), "", none)
		b.note("until the other webhook has passed them by", time.Since(begin).Seconds(), "s", none)
		if err := r.connect(ctx); err != nil {
			return err
		}
		beside, err := r.healthy(ctx, app, in)
		if err != nil {
			return err
		}
		b.noteNeighbours(alone, beside)
		return b.recovery(ctx, r, broken, l, n)
	}, env...)
}

// recovery measures how a backlog is drained once its webhook is back.
func (b *bench) recovery(ctx context.Context, r *rig, broken *sink, l *ledger, n int) error {
	back := time.Now()
	broken.state.Store(healthy)
	if err := l.all(ctx, broken, n); err != nil {
		return fmt.Errorf("after the recovery: %w", err)
	}
	b.note("from the recovery to the first callback", time.Unix(0, broken.first.Load()).Sub(back).Seconds(), "s", none)
	b.note("drained", float64(n)/broken.took().Seconds(), "/s", none)
	b.noteOrder(l)
	return b.noteMemory(r, "memory at most", atMost(256))
}

// noteMemory notes the most memory that a gateway has had.
func (b *bench) noteMemory(r *rig, name string, t target) error {
	most := int64(0)
	for _, p := range r.gateways {
		memory, err := p.peakMemory()
		if err != nil {
			return err
		}
		most = max(most, memory)
	}
	b.note(name, float64(most)/(1<<20), "MiB", t)
	return nil
}
