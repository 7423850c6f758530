package bench

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/convapi"
	"switchyard/internal/store"
)

// memory: the most that a gateway has resident while it carries all it can, on
// an empty store and with a million callbacks and deadlines waiting.
func (b *bench) memory(ctx context.Context) error {
	err := b.on(ctx, func(r *rig) error {
		app, err := r.wholeApp(ctx)
		if err != nil {
			return err
		}
		if err := b.outpace(ctx, r, app); err != nil {
			return err
		}
		return b.noteMemory(r, "memory at most, at full load", atMost(b.either(100, 160)))
	})
	if err != nil {
		return err
	}
	return b.on(ctx, func(r *rig) error {
		waiting, err := r.waitingMessages(ctx)
		if err != nil {
			return err
		}
		if err := r.seed(ctx, func(db *store.DB) error {
			if err := waiting.load(ctx, db); err != nil {
				return err
			}
			begin, spread := time.Now().Add(time.Hour), 24*time.Hour/time.Duration(b.cfg.Messages)
			return seed(ctx, db, b.cfg.Messages, func(tx *store.Tx, i int) {
				waiting.put(tx, i, begin.Add(time.Duration(i)*spread))
			})
		}); err != nil {
			return err
		}
		if err := r.start(ctx); err != nil {
			return err
		}
		broken := newSink(nil)
		broken.state.Store(down)
		url, err := r.serve(broken.answer)
		if err != nil {
			return err
		}
		l := newLedger(b.cfg.Messages)
		if err := r.storeBacklog(ctx, url, l, b.cfg.Messages); err != nil {
			return err
		}
		if err := r.start(ctx); err != nil {
			return err
		}
		app, err := r.wholeApp(ctx)
		if err != nil {
			return err
		}
		if err := b.outpace(ctx, r, app); err != nil {
			return err
		}
		b.note("callbacks waiting, and deadlines", float64(b.cfg.Messages), "each", none)
		return b.noteMemory(r, "memory at most, with those at full load", atMost(256))
	})
}

// outpace sends as fast as the gateway accepts, which is faster than it can
// deliver, and waits for all of it.
func (b *bench) outpace(ctx context.Context, r *rig, app string) error {
	s := sendShape(app)
	before := r.sink.delivered.Load()
	n, err := r.flood(ctx, b.cfg.Duration, func(c *conn) error { return r.send(c, s) })
	if err != nil {
		return err
	}
	return reach(ctx, &r.sink.delivered, before+n)
}

// overload: sends to a provider that takes none, until the queue is full, and
// how the queue drains when it takes them.
func (b *bench) overload(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		app, err := r.createApp(ctx, gated, nil)
		if err != nil {
			return err
		}
		s := sendShape(app)
		var refusal string
		begin := time.Now()
		accepted, err := r.untilRefused(ctx, s, &refusal)
		if err != nil {
			return err
		}
		filled := time.Since(begin)
		// The limit is the queue's: what is being tried, or waits for the next
		// try, is not in it.
		b.note("accepted until 429", float64(accepted), "", atMost(1.01*convapi.DefaultQueueLimit))
		b.note("accepted meanwhile", float64(accepted)/filled.Seconds(), "/s", none)
		var seconds float64
		if _, err := fmt.Sscan(refusal, &seconds); err != nil {
			return fmt.Errorf("429 with Retry-After %q: want seconds", refusal)
		}
		b.note("Retry-After of the refusal", seconds, "s", atLeast(1))
		if err := b.noteMemory(r, "memory at most, with the queue full", none); err != nil {
			return err
		}
		begin = time.Now()
		r.provider.open.Store(true)
		if err := reach(ctx, &r.provider.submitted, accepted); err != nil {
			return err
		}
		b.note("drained", float64(accepted)/time.Since(begin).Seconds(), "/s", none)
		return nil
	})
}

// untilRefused sends over all connections until the gateway answers 429, whose
// Retry-After it gives. The others end with the first that is refused.
func (r *rig) untilRefused(ctx context.Context, s *shape, retryAfter *string) (int64, error) {
	var accepted atomic.Int64
	var once sync.Once
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := r.flood(ctx, fillTime, func(c *conn) error {
		s.render(c)
		s.number(c, 1, r.recipient())
		status, err := c.exchange()
		switch {
		case err != nil:
			return err
		case status == http.StatusTooManyRequests:
			once.Do(func() { *retryAfter = c.retryAfter })
			cancel()
		case status == http.StatusOK:
			accepted.Add(1)
		default:
			return fmt.Errorf("status %d: %s", status, c.body)
		}
		return nil
	})
	if err == nil && *retryAfter == "" {
		err = fmt.Errorf("%d accepted in %s and none refused", accepted.Load(), fillTime)
	}
	return accepted.Load(), err
}

// fillTime bounds the time until the queue is full.
const fillTime = 10 * time.Minute
