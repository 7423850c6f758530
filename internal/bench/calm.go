package bench

import (
	"context"
	"strconv"
	"time"
)

// calm: latencies at a rate far below the limit.
func (b *bench) calm(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		app, err := r.createApp(ctx, reporting, nil)
		if err != nil {
			return err
		}
		if err := r.createWebhook(ctx, app, r.sinkURL, "MESSAGE_SUBMIT", "MESSAGE_DELIVERY", "MESSAGE_INBOUND"); err != nil {
			return err
		}
		if err := r.report(ctx, app); err != nil {
			return err
		}
		if _, err := r.wholeLatency(ctx, app, warmTime); err != nil {
			return err
		}
		m, err := r.wholeLatency(ctx, app, b.cfg.Duration)
		if err != nil {
			return err
		}
		begun := m.begun
		submit, called := m.between(begun, m.submit), m.between(m.report, m.delivered)
		b.note("accept → submit p50", submit.at(50), "ms", none)
		b.note("accept → submit p99", submit.at(99), "ms", none)
		b.note("report → webhook p50", called.at(50), "ms", atMost(3))
		b.note("report → webhook p99", called.at(99), "ms", atMost(30))
		in, err := r.inboundLatency(ctx, app, b.cfg.Duration)
		if err != nil {
			return err
		}
		b.note("message in → webhook p50", in.at(50), "ms", atMost(3))
		b.note("message in → webhook p99", in.at(99), "ms", atMost(30))
		return nil
	})
}

// wholeLatency sends at a steady rate and notes what happens when.
func (r *rig) wholeLatency(ctx context.Context, app string, d time.Duration) (*marks, error) {
	m := newMarks()
	r.provider.marks.Store(m)
	r.sink.marks.Store(m)
	defer r.provider.marks.Store(nil)
	defer r.sink.marks.Store(nil)
	s := sendShape(app)
	before := r.sink.delivered.Load()
	n, err := r.pace(r.opts.Rate, d, func(c *conn) error {
		start := time.Now()
		if err := r.send(c, s); err != nil {
			return err
		}
		m.note(&m.begun, string(between(c.body, `"message_id":"`, `"`)), start)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, reach(ctx, &r.sink.delivered, before+n)
}

// inboundLatency lets contacts write at a steady rate: from the start of the
// provider's request until the callback is at the webhook's door.
func (r *rig) inboundLatency(ctx context.Context, app string, d time.Duration) (quantiles, error) {
	m := newMarks()
	r.sink.marks.Store(m)
	defer r.sink.marks.Store(nil)
	in := inboundShape(app)
	before := r.sink.callbacks.Load()
	n, err := r.pace(r.opts.Rate, d, func(c *conn) error {
		start := time.Now()
		number, err := r.write(c, in)
		text := strconv.FormatInt(number, 10)
		for len(text) < numberWidth {
			text = "0" + text
		}
		m.note(&m.begun, text, start)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := reach(ctx, &r.sink.callbacks, before+n); err != nil {
		return nil, err
	}
	return m.between(m.begun, m.inbound), nil
}
