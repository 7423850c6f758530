package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// backlogRate is how many callbacks a second of the load's duration are stored
// for backlog: more than can be delivered.
const backlogRate = 20_000

// backlog: callbacks that were stored before the gateway started, to one
// webhook.
func (b *bench) backlog(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		n := int(backlogRate * b.cfg.Duration.Seconds())
		l := newLedger(n)
		n = len(l.messages) * stepsOfMessage
		if err := r.storeBacklog(ctx, r.sinkURL, l, n); err != nil {
			return err
		}
		look := l.look
		r.sink.look.Store(&look)
		bare, err := barePosts(ctx, b.cfg.Concurrency, b.cfg.Duration, r.sinkURL, callbackLength)
		if err != nil {
			return err
		}
		before, err := databaseCPU(ctx, r.store)
		if err != nil {
			return err
		}
		r.sink.callbacks.Store(0)
		r.sink.first.Store(0)
		if err := r.start(ctx); err != nil {
			return err
		}
		if err := l.all(ctx, r.sink, n); err != nil {
			return err
		}
		done := result{n: int64(n), took: r.sink.took()}
		if done.usage, err = r.usage(ctx); err != nil {
			return err
		}
		done.database -= before
		b.note("callbacks delivered from the log", done.rate(), "/s", none)
		b.noteCost(done, none)
		b.note("ceiling: net/http's client, the same endpoint", bare, "/s", none)
		b.note("share of it", 100*done.rate()/bare, "%", atLeast(70))
		b.noteOrder(l)
		return nil
	})
}

// storeBacklog makes an app with a webhook and puts n callbacks into the log
// for it. The gateways are stopped then.
func (r *rig) storeBacklog(ctx context.Context, url string, l *ledger, n int) error {
	app, err := r.createApp(ctx, silent, nil)
	if err != nil {
		return err
	}
	if err := r.createWebhook(ctx, app, url, "MESSAGE_DELIVERY"); err != nil {
		return err
	}
	return r.appendLedger(ctx, app, l, n)
}

func (r *rig) appendLedger(ctx context.Context, app string, l *ledger, n int) error {
	id, ok := gateway.ParseID(app)
	if !ok {
		return fmt.Errorf("app %q: not an id", app)
	}
	return r.seed(ctx, func(db *store.DB) error {
		return seed(ctx, db, n, func(tx *store.Tx, i int) { l.append(tx, id, i) })
	})
}

// all waits until every callback of the ledger has arrived.
func (l *ledger) all(ctx context.Context, s *sink, n int) error {
	for last, since := 0, time.Now(); ; {
		arrived, _, _ := l.counted()
		if arrived >= n {
			return nil
		}
		if arrived != last {
			last, since = arrived, time.Now()
		}
		if time.Since(since) > settleTime {
			return fmt.Errorf("%d of %d callbacks have come, and none for %s", arrived, n, settleTime)
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(err, fmt.Errorf("%d posts", s.callbacks.Load()))
		}
		time.Sleep(time.Millisecond)
	}
}

// noteOrder tells whether all came in order.
func (b *bench) noteOrder(l *ledger) {
	_, early, repeated := l.counted()
	b.note("callbacks out of order", float64(early), "", atMost(0))
	b.note("callbacks that came again", float64(repeated), "", none)
}
