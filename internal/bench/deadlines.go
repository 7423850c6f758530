package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

const (
	// burst is how many deadlines fall on one instant.
	burst = 10_000
	// startAllowance is the target for a start with all deadlines stored; the
	// first deadline falls behind it and the idle time.
	startAllowance = 10 * time.Second
	// originals is how many real messages the stored ones are copies of.
	originals = 64
	// readyRest is what passes between the last of the idle time and the burst.
	readyRest = 2 * time.Second
)

// deadlines: a million messages that wait for a report, a start with them, and
// some of them due.
func (b *bench) deadlines(ctx context.Context) error {
	return b.on(ctx, func(r *rig) error {
		copies, err := r.waitingMessages(ctx)
		if err != nil {
			return err
		}
		idle := 2 * b.cfg.Duration
		due := newDueTimes()
		steady := int(b.cfg.Duration.Seconds()) * b.cfg.Rate
		if err := r.seed(ctx, func(db *store.DB) error {
			if err := copies.load(ctx, db); err != nil {
				return err
			}
			far := time.Now().Add(time.Hour)
			spread := 24 * time.Hour / time.Duration(b.cfg.Messages)
			if err := seed(ctx, db, b.cfg.Messages, func(tx *store.Tx, i int) {
				copies.put(tx, i, far.Add(time.Duration(i)*spread))
			}); err != nil {
				return err
			}
			due.burst = time.Now().Add(startAllowance + idle + readyRest)
			return seed(ctx, db, burst+steady, func(tx *store.Tx, i int) {
				at := due.burst
				if i >= burst { // the stream begins when the burst is over
					at = at.Add(startAllowance + time.Duration(i-burst)*time.Second/time.Duration(b.cfg.Rate))
				}
				due.set(copies.put(tx, i, at), at, i < burst)
			})
		}); err != nil {
			return err
		}
		return b.fire(ctx, r, due, idle, burst+steady)
	})
}

// fire starts the gateway on the stored deadlines and watches.
func (b *bench) fire(ctx context.Context, r *rig, due *dueTimes, idle time.Duration, n int) error {
	look := due.look
	r.sink.look.Store(&look)
	begin := time.Now()
	if err := r.start(ctx); err != nil {
		return err
	}
	b.note("deadlines stored", float64(b.cfg.Messages), "", none)
	b.note("start with them", time.Since(begin).Seconds(), "s", atMost(startAllowance.Seconds()))
	before, err := r.usage(ctx)
	if err != nil {
		return err
	}
	time.Sleep(idle)
	after, err := r.usage(ctx)
	if err != nil {
		return err
	}
	if time.Now().After(due.burst) {
		return errors.New("the start took so long that the first deadlines are over")
	}
	used := after.since(before)
	b.note("idle CPU, share of a core", 100*(used.gateway+used.database).Seconds()/idle.Seconds(), "%", atMost(1))
	time.Sleep(time.Until(due.burst))
	done, err := r.measure(ctx, func() (int64, error) { return burst, reach(ctx, &r.sink.failed, burst) })
	if err != nil {
		return err
	}
	if err := reach(ctx, &r.sink.failed, int64(n)); err != nil {
		return err
	}
	b.note("deadlines at one instant", burst, "", none)
	b.note("fired and called back", done.rate(), "/s", none)
	b.noteCost(done, none)
	b.note("their firing error p99", due.fired[true].sorted().at(99), "ms", atMost(1000))
	b.note("callback of it at the webhook p99", due.arrived[true].sorted().at(99), "ms", none)
	b.note(fmt.Sprintf("firing error p99 of %d a second", b.cfg.Rate), due.fired[false].sorted().at(99), "ms", atMost(1000))
	b.note("callback of those at the webhook p99", due.arrived[false].sorted().at(99), "ms", none)
	return b.noteMemory(r, "memory at most", atMost(256))
}

func (q quantiles) sorted() quantiles { return slices.Sorted(slices.Values(q)) }

// dueTimes knows when which message is due and notes how late it was.
type dueTimes struct {
	burst time.Time

	mu             sync.Mutex
	at             map[string]dueTime
	fired, arrived map[bool]quantiles // of the burst and of the stream
}

type dueTime struct {
	at    time.Time
	burst bool
}

func newDueTimes() *dueTimes {
	return &dueTimes{at: map[string]dueTime{}, fired: map[bool]quantiles{}, arrived: map[bool]quantiles{}}
}

func (d *dueTimes) set(id gateway.ID, at time.Time, burst bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at[id.String()] = dueTime{at, burst}
}

// look notes the callback that a deadline has led to: when the transaction was
// that it says it is of, and when it came.
func (d *dueTimes) look(body []byte, now time.Time) {
	accepted, err := time.Parse(time.RFC3339Nano, string(between(body, `"accepted_time":"`, `"`)))
	d.mu.Lock()
	defer d.mu.Unlock()
	if due, ok := d.at[string(between(body, `"message_id":"`, `"`))]; ok && err == nil {
		d.fired[due.burst] = append(d.fired[due.burst], accepted.Sub(due.at))
		d.arrived[due.burst] = append(d.arrived[due.burst], now.Sub(due.at))
	}
}

// copies makes stored messages of real ones.
type copies struct {
	app      gateway.ID
	messages []store.Message
	contents map[gateway.ID]store.Content
}

// reportWait is the longest that a message may wait for its report, in
// seconds, by the contract.
const reportWait = 259_200

// waitingMessages sends some messages that will wait for a report.
func (r *rig) waitingMessages(ctx context.Context) (*copies, error) {
	app, err := r.createApp(ctx, silent, map[string]any{
		"delivery_report_based_fallback": map[string]any{"enabled": true, "delivery_report_waiting_time": reportWait},
	})
	if err != nil {
		return nil, err
	}
	id, ok := gateway.ParseID(app)
	if !ok {
		return nil, fmt.Errorf("app %q: not an id", app)
	}
	if err := r.createWebhook(ctx, app, r.sinkURL, "MESSAGE_DELIVERY"); err != nil {
		return nil, err
	}
	before := r.sink.callbacks.Load()
	s := sendShape(app)
	c := <-r.pool
	defer func() { r.pool <- c }()
	for range originals {
		if err := r.send(c, s); err != nil {
			return nil, err
		}
	}
	return &copies{app: id}, reach(ctx, &r.sink.callbacks, before+originals)
}

// load reads the real messages.
func (c *copies) load(ctx context.Context, db *store.DB) (err error) {
	if c.messages, err = db.Messages(ctx, store.MessageQuery{Apps: []gateway.ID{c.app}}, originals); err != nil {
		return err
	}
	var ids []gateway.ID
	for _, m := range c.messages {
		ids = append(ids, m.ID)
	}
	if len(ids) == 0 {
		return errors.New("there is no message to copy")
	}
	c.contents, err = db.Contents(ctx, ids)
	return err
}

// put writes copy i of a message with another deadline, in a lane of its own.
func (c *copies) put(tx *store.Tx, i int, due time.Time) gateway.ID {
	m := c.messages[i%len(c.messages)]
	content := c.contents[m.ID]
	m.ID = gateway.NewIDAt(byte(i), tx.Now)
	m.Accepted, m.State.Due = tx.Now, due
	content.ID = m.ID
	tx.PutMessage(m)
	tx.Contents.Put(content)
	return m.ID
}
