package bench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// storeView is what a user sees of a store.
type storeView struct {
	app    string  // of the stored messages
	accept float64 // a second
	list   float64 // milliseconds, median
	report float64 // likewise
}

// seedPrefix begins the references of copied messages.
const seedPrefix = "wamid.seed."

// age is how far back the stored messages go.
const age = 30 * 24 * time.Hour

// full: the same calls on an almost empty store and on one with a million
// messages of the last thirty days, of which all but a day's are then deleted.
func (b *bench) full(ctx context.Context) error {
	var empty storeView
	// As many as are reported, so that each report is the first of its message.
	few := max(originals, min(b.cfg.Messages, b.cfg.Rate*int(1+b.cfg.Duration.Seconds())*10))
	if err := b.on(ctx, func(r *rig) (err error) {
		empty, err = b.view(ctx, r, few)
		return err
	}); err != nil {
		return err
	}
	return b.on(ctx, func(r *rig) error {
		full, err := b.view(ctx, r, b.cfg.Messages)
		if err != nil {
			return err
		}
		b.note("messages stored", float64(b.cfg.Messages), "", none)
		b.note("accepted, empty store", empty.accept, "/s", none)
		b.note("accepted, full store", full.accept, "/s", none)
		b.note("accept: times slower", empty.accept/full.accept, "", atMost(1.5))
		b.note("page of 20 messages p50, empty store", empty.list, "ms", none)
		b.note("page of 20 messages p50, full store", full.list, "ms", none)
		b.note("page: times slower", full.list/empty.list, "", atMost(1.5))
		b.note("report p50, empty store", empty.report, "ms", none)
		b.note("report p50, full store", full.report, "ms", none)
		b.note("report: times slower", full.report/empty.report, "", atMost(1.5))
		return b.retention(ctx, r, full.app)
	})
}

// view fills a store and looks at it.
func (b *bench) view(ctx context.Context, r *rig, messages int) (v storeView, err error) {
	copies, err := r.waitingMessages(ctx)
	if err != nil {
		return v, err
	}
	idle, err := r.createApp(ctx, busy, nil)
	if err != nil {
		return v, err
	}
	begin := time.Now()
	if err := r.seed(ctx, func(db *store.DB) error {
		if err := copies.load(ctx, db); err != nil {
			return err
		}
		return seed(ctx, db, messages, func(tx *store.Tx, i int) { copies.putOld(tx, i, messages) })
	}); err != nil {
		return v, err
	}
	if messages == b.cfg.Messages {
		b.note("stored by the seed", float64(messages)/time.Since(begin).Seconds(), "/s", none)
	}
	if err := r.start(ctx); err != nil {
		return v, err
	}
	s := sendShape(idle)
	done, err := r.carry(ctx, func(d time.Duration) (int64, error) {
		return r.flood(ctx, d, func(c *conn) error { return r.send(c, s) })
	})
	if err != nil {
		return v, err
	}
	v.app, v.accept = copies.app.String(), done.rate()
	if v.list, err = r.listTime(ctx, v.app); err != nil {
		return v, err
	}
	v.report, err = r.reportTime(v.app, messages)
	return v, err
}

// putOld writes copy i of n, spread over the time before now, as its provider
// and its customer know it.
func (c *copies) putOld(tx *store.Tx, i, n int) {
	m := c.messages[i%len(c.messages)]
	content := c.contents[m.ID]
	m.Accepted = tx.Now.Add(-age + age/time.Duration(n)*time.Duration(i))
	m.ID = gateway.NewIDAt(m.Contact.Lane(), m.Accepted)
	m.State.Due = time.Time{}
	content.ID = m.ID
	tx.PutMessage(m)
	tx.Contents.Put(content)
	tx.Refs.Put(store.Ref{
		RefKey:  store.RefKey{Channel: m.Channel, App: m.App, Ref: seedRef(int64(i))},
		Message: m.ID, Part: 0,
	})
}

func seedRef(i int64) string { return fmt.Sprintf("%s%0*d", seedPrefix, numberWidth, i) }

// listTime is the median of getting the first page of an app's messages.
func (r *rig) listTime(ctx context.Context, app string) (float64, error) {
	var times quantiles
	for begin := time.Now(); time.Since(begin) < r.opts.Duration; {
		start := time.Now()
		if _, err := r.request(ctx, http.MethodGet, r.gateways[0], "messages?page_size=20&app_id="+app, nil); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times.at(50), nil
}

// reportTime is the median of a provider's report on a stored message, of
// messages from all over the store.
func (r *rig) reportTime(app string, messages int) (float64, error) {
	report := reportShape(app, seedPrefix)
	// The body names a message of ours that does not exist: only the
	// provider's reference leads to it.
	none := gateway.NewID(0).String()
	c := <-r.pool
	defer func() { r.pool <- c }()
	var times quantiles
	// A step that shares no divisor with the number comes to each of them once.
	at, step := int64(0), int64(7919)
	for begin := time.Now(); time.Since(begin) < r.opts.Duration && len(times) < messages; {
		at = (at + step) % int64(messages)
		report.render(c)
		report.number(c, 1, at)
		report.word(c, 2, none)
		start := time.Now()
		if err := expectOK(c); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times.at(50), nil
}
