package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

type acceptResult struct{ rate float64 }

// accept sends to an account whose provider wants to be left alone for an
// hour: the messages are accepted, stored and queued, and no more.
func (r *rig) accept(ctx context.Context) (acceptResult, error) {
	url, err := r.listen(r.provider)
	if err != nil {
		return acceptResult{}, err
	}
	app, err := r.createApp(ctx, url, "/busy")
	if err != nil {
		return acceptResult{}, err
	}
	var n atomic.Int64
	begin := time.Now()
	err = together(r.cfg.Concurrency, r.cfg.Duration, func() error {
		n.Add(1)
		return r.send(ctx, app, begin)
	})
	return acceptResult{float64(n.Load()) / time.Since(begin).Seconds()}, err
}

type wholeResult struct {
	messages    float64 // a second, from the first send to the last callback
	callbacks   float64 // likewise
	gatewayCPU  float64 // milliseconds a message
	databaseCPU float64 // likewise; 0 where the store is in the gateway
	commits     commits
}

// whole sends as fast as the gateway accepts and waits for every callback.
func (r *rig) whole(ctx context.Context) (w wholeResult, err error) {
	before, callbacks := r.sink.delivered.Load(), r.sink.callbacks.Load()
	cpu, err := r.gateway.cpu()
	if err != nil {
		return w, err
	}
	database, err := databaseCPU(ctx, r.cfg.Store)
	if err != nil {
		return w, err
	}
	committed, err := r.gateway.commits(ctx)
	if err != nil {
		return w, err
	}
	profiled := make(chan error, 1)
	go func() {
		if r.cfg.Profile == "" {
			profiled <- nil
			return
		}
		profiled <- r.gateway.profile(ctx, max(1, int(r.cfg.Duration.Seconds())), r.cfg.Profile)
	}()
	var n atomic.Int64
	begin := time.Now()
	if err := together(r.cfg.Concurrency, r.cfg.Duration, func() error {
		n.Add(1)
		return r.send(ctx, r.app, begin)
	}); err != nil {
		return w, err
	}
	sent := float64(n.Load())
	if err := r.settle(ctx, before+n.Load()); err != nil {
		return w, err
	}
	took := time.Since(begin).Seconds()
	w.messages, w.callbacks = sent/took, float64(r.sink.callbacks.Load()-callbacks)/took
	after, err := r.gateway.cpu()
	if err != nil {
		return w, err
	}
	if err := <-profiled; err != nil {
		return w, err
	}
	committedAfter, err := r.gateway.commits(ctx)
	if err != nil {
		return w, err
	}
	w.commits = committedAfter.since(committed)
	w.gatewayCPU = (after - cpu).Seconds() * 1000 / sent
	databaseAfter, err := databaseCPU(ctx, r.cfg.Store)
	w.databaseCPU = (databaseAfter - database).Seconds() * 1000 / sent
	return w, err
}

// settleTime bounds the wait for the last callback.
const settleTime = 2 * time.Minute

// settle waits until so many messages are delivered and the webhook knows it.
func (r *rig) settle(ctx context.Context, messages int64) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for r.sink.delivered.Load() < messages {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages delivered after %s", r.sink.delivered.Load(), messages, settleTime)
		}
	}
	if failed := r.sink.failed.Load(); failed > 0 {
		return fmt.Errorf("%d messages failed", failed)
	}
	return nil
}

type calmResult struct {
	submit  quantiles // from the start of the send request to the provider's door
	webhook quantiles // from the start of the provider's report to the webhook's door
}

// calm measures latencies at a rate far below the limit.
func (r *rig) calm(ctx context.Context) (c calmResult, err error) {
	marks := newMarks()
	r.provider.latencies.use(marks)
	r.sink.latencies.use(marks)
	before := r.sink.delivered.Load()
	began := make(map[string]time.Time)
	var mu sync.Mutex
	var wait sync.WaitGroup
	var failed error
	tick := time.NewTicker(time.Second / time.Duration(r.cfg.Rate))
	defer tick.Stop()
	sent := int64(0)
	for begin := time.Now(); time.Since(begin) < r.cfg.Duration; sent++ {
		<-tick.C
		wait.Go(func() {
			start := time.Now()
			id, err := r.sendForID(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = errors.Join(failed, err)
				return
			}
			began[id] = start
		})
	}
	wait.Wait()
	if failed != nil {
		return c, failed
	}
	if err := r.settle(ctx, before+sent); err != nil {
		return c, err
	}
	return marks.durations(began), nil
}

func (m *marks) durations(began map[string]time.Time) calmResult {
	m.mu.Lock()
	defer m.mu.Unlock()
	var submit, webhook []time.Duration
	for id, start := range began {
		submit = append(submit, m.submit[id].Sub(start))
		webhook = append(webhook, m.delivered[id].Sub(m.report[id]))
	}
	return calmResult{newQuantiles(submit), newQuantiles(webhook)}
}

func (r *rig) sendForID(ctx context.Context) (string, error) {
	answer, err := r.request(ctx, "messages:send", fmt.Appendf(nil,
		`{"app_id":%q,"recipient":{"identified_by":{"channel_identities":[{"channel":"WHATSAPP","identity":"%d"}]}},"message":{"text_message":{"text":"hello"}}}`,
		r.app, 46_700_000_000+r.numbers.Add(1)%100_000))
	if err != nil {
		return "", err
	}
	var sent struct {
		MessageID string `json:"message_id"`
	}
	return sent.MessageID, json.Unmarshal(answer, &sent)
}
