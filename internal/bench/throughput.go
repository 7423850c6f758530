package bench

import (
	"context"
	"strings"
	"sync/atomic"
	"time"
)

// inbound: a message that a contact writes, until the webhook has it.
func (b *bench) inbound(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		app, err := r.createApp(ctx, silent, nil)
		if err != nil {
			return err
		}
		if err := r.createWebhook(ctx, app, r.sinkURL, "MESSAGE_INBOUND"); err != nil {
			return err
		}
		in := inboundShape(app)
		done, err := r.carry(ctx, func(d time.Duration) (int64, error) { return r.inboundLoad(ctx, in, d) })
		if err != nil {
			return err
		}
		bare, err := barePosts(ctx, b.cfg.Concurrency, b.cfg.Duration, "", in.bodyLength(), r.sink.meanLength())
		if err != nil {
			return err
		}
		b.note("message in, durable, one webhook out", done.rate(), "/s", atLeast(6600))
		b.noteCost(done, atMost(b.either(0.20, 0.30)))
		b.note("ceiling: the same 2 exchanges by bare net/http", bare/2, "/s", none)
		b.note("share of it", 200*done.rate()/bare, "%", none)
		return nil
	})
}

// inboundLoad lets contacts write for d and waits until the webhook has it all.
func (r *rig) inboundLoad(ctx context.Context, in *shape, d time.Duration) (int64, error) {
	r.sink.every.Store(true)
	before := r.sink.callbacks.Load()
	n, err := r.flood(ctx, d, func(c *conn) error {
		if err := r.window.enter(); err != nil {
			return err
		}
		_, err := r.write(c, in)
		return err
	})
	if err != nil {
		return n, err
	}
	return n, reach(ctx, &r.sink.callbacks, before+n)
}

// carry measures a load after it has run for a while: all contacts are known
// then, and connections, caches and heaps are of their working size.
func (r *rig) carry(ctx context.Context, load func(time.Duration) (int64, error)) (result, error) {
	for warm := false; !warm; warm = r.recipients.Load() >= int64(r.opts.Contacts) {
		if _, err := load(warmTime); err != nil {
			return result{}, err
		}
	}
	return r.measure(ctx, func() (int64, error) { return load(r.opts.Duration) })
}

// submit: a send that is accepted, until the provider has it.
func (b *bench) submit(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		app, err := r.createApp(ctx, silent, nil)
		if err != nil {
			return err
		}
		s := sendShape(app)
		done, err := r.carry(ctx, func(d time.Duration) (int64, error) {
			return r.sendLoad(ctx, s, d, &r.provider.submitted)
		})
		if err != nil {
			return err
		}
		bare, err := barePosts(ctx, b.cfg.Concurrency, b.cfg.Duration, "", s.bodyLength(), r.provider.meanLength())
		if err != nil {
			return err
		}
		b.note("send accepted, durable, submitted", done.rate(), "/s", atLeast(5000))
		b.noteCost(done, atMost(0.25))
		b.note("ceiling: the same 2 exchanges by bare net/http", bare/2, "/s", none)
		b.note("share of it", 200*done.rate()/bare, "%", none)
		return nil
	})
}

// sendLoad sends for d and waits until the counter knows all of it.
func (r *rig) sendLoad(ctx context.Context, s *shape, d time.Duration, arrived *atomic.Int64) (int64, error) {
	before := arrived.Load()
	n, err := r.flood(ctx, d, func(c *conn) error {
		if err := r.window.enter(); err != nil {
			return err
		}
		return r.send(c, s)
	})
	if err != nil {
		return n, err
	}
	return n, reach(ctx, arrived, before+n)
}

// wholeApp is an app whose messages are reported and called back.
func (r *rig) wholeApp(ctx context.Context) (app string, err error) {
	if app, err = r.createApp(ctx, reporting, nil); err != nil {
		return "", err
	}
	if err := r.createWebhook(ctx, app, r.sinkURL, "MESSAGE_SUBMIT", "MESSAGE_DELIVERY"); err != nil {
		return "", err
	}
	return app, r.report(ctx, app)
}

// whole: a send that is accepted, submitted, reported and called back three
// times, until the webhook has the last.
func (b *bench) whole(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		app, err := r.wholeApp(ctx)
		if err != nil {
			return err
		}
		s := sendShape(app)
		var callbacks int64
		done, err := r.carry(ctx, func(d time.Duration) (int64, error) {
			callbacks = r.sink.callbacks.Load()
			return r.sendLoad(ctx, s, d, &r.sink.delivered)
		})
		if err != nil {
			return err
		}
		callbacks = r.sink.callbacks.Load() - callbacks
		called := r.sink.meanLength()
		bare, err := barePosts(ctx, b.cfg.Concurrency, b.cfg.Duration, "",
			s.bodyLength(), r.provider.meanLength(), len(reportBody(refPrefix)), called, called, called)
		if err != nil {
			return err
		}
		b.note("accepted, submitted, reported, called back", done.rate(), "/s", atLeast(2500))
		b.note("callbacks", float64(callbacks)/done.took.Seconds(), "/s", atLeast(7500))
		b.noteCost(done, none)
		b.note("ceiling: the same 6 exchanges by bare net/http", bare/6, "/s", none)
		b.note("share of it", 600*done.rate()/bare, "%", atLeast(50))
		b.note("messages that failed", float64(r.sink.failed.Load()), "", atMost(0))
		return nil
	})
}

// newNumber is the first of recipients that are no contacts yet.
const newNumber = 46_800_000_000

// accept: sends that are answered, hence are on disk. The provider wants to be
// left alone for an hour: they are queued, and no more.
func (b *bench) accept(ctx context.Context) error {
	var bare float64
	if err := b.storeless(ctx, &bare); err != nil {
		return err
	}
	return b.on(ctx, func(r *rig) error {
		app, err := r.createApp(ctx, busy, nil)
		if err != nil {
			return err
		}
		s := sendShape(app)
		done, err := r.carry(ctx, func(d time.Duration) (int64, error) {
			return r.flood(ctx, d, func(c *conn) error { return r.send(c, s) })
		})
		if err != nil {
			return err
		}
		var fresh atomic.Int64
		begin := time.Now()
		made, err := r.flood(ctx, b.cfg.Duration, func(c *conn) error { return sendTo(c, s, newNumber+fresh.Add(1)) })
		if err != nil {
			return err
		}
		b.note("accepted, durable", done.rate(), "/s", none)
		b.noteCost(done, none)
		b.note("ceiling: the same server without engine and store", bare, "/s", none)
		b.note("share of it", 100*done.rate()/bare, "%", atLeast(70))
		b.note("accepted when every recipient is new", float64(made)/time.Since(begin).Seconds(), "/s", none)
		return nil
	})
}

// storeless measures the same sends to a server that keeps nothing.
func (b *bench) storeless(ctx context.Context, rate *float64) error {
	url, stop, err := listen(takeSend())
	if err != nil {
		return err
	}
	defer stop()
	connections := make([]*conn, b.cfg.Concurrency)
	for i := range connections {
		if connections[i], err = dialConn(ctx, strings.TrimPrefix(url, "http://")); err != nil {
			return err
		}
		defer connections[i].Close()
	}
	s := sendShape("01ARZ3NDEKTSV4RRFFQ69G5FAV")
	send := func(c *conn) error { return sendTo(c, s, firstNumber) }
	if _, err := flood(ctx, connections, warmTime, send); err != nil {
		return err
	}
	begin := time.Now()
	n, err := flood(ctx, connections, b.cfg.Duration, send)
	*rate = float64(n) / time.Since(begin).Seconds()
	return err
}
