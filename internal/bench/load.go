package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// together runs f in n goroutines over and over until the time is up or one fails.
func together(ctx context.Context, n int, d time.Duration, f func(i int) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	errs := make(chan error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			for ctx.Err() == nil {
				if err := f(i); err != nil {
					errs <- err
					cancel()
					return
				}
			}
		})
	}
	wait.Wait()
	select {
	case err := <-errs:
		return fmt.Errorf("load: %w", err)
	default:
		return nil
	}
}

// flood calls f on every connection over and over for d, and counts.
func (r *rig) flood(ctx context.Context, d time.Duration, f func(*conn) error) (int64, error) {
	connections := make([]*conn, r.opts.Concurrency)
	for i := range connections {
		connections[i] = <-r.pool
	}
	n, err := flood(ctx, connections, d, f)
	for _, c := range connections {
		r.pool <- c
	}
	return n, err
}

func flood(ctx context.Context, connections []*conn, d time.Duration, f func(*conn) error) (int64, error) {
	var n atomic.Int64
	err := together(ctx, len(connections), d, func(i int) error {
		err := f(connections[i])
		n.Add(1)
		return err
	})
	return n.Load(), err
}

// window bounds the messages under way, so that a load measures what the
// gateway carries and not how much it can put by.
type window chan struct{}

// underWay is how many messages of a load are under way for each connection.
const underWay = 16

// enter waits for room.
func (w window) enter() error {
	select {
	case w <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	select {
	case w <- struct{}{}:
		return nil
	case <-timer.C:
		return fmt.Errorf("%d messages are under way, and none has arrived for %s", cap(w), settleTime)
	}
}

// leave makes room, if the message has entered.
func (w window) leave() {
	select {
	case <-w:
	default:
	}
}

// pace calls f at a steady rate for d, each on a goroutine and a connection of
// its own: a slow answer does not hold back the next.
func (r *rig) pace(rate int, d time.Duration, f func(*conn) error) (int64, error) {
	var wait sync.WaitGroup
	var mu sync.Mutex
	var failed error
	n := int64(0)
	begin := time.Now()
	for ; ; n++ {
		at := begin.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if at.Sub(begin) >= d {
			break
		}
		time.Sleep(time.Until(at))
		wait.Go(func() {
			c := <-r.pool
			defer func() { r.pool <- c }()
			if err := f(c); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = errors.Join(failed, err)
			}
		})
	}
	wait.Wait()
	return n, failed
}

// warmTime is what a load runs before it is measured: connections, caches and
// heaps are then of their working size.
const warmTime = time.Second

// reach waits until a counter has got to a value, at most for settleTime
// without any progress.
func reach(ctx context.Context, counter *atomic.Int64, value int64) error {
	last, since := counter.Load(), time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		now := counter.Load()
		if now >= value {
			return nil
		}
		if now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > settleTime {
			return fmt.Errorf("%d of %d have come, and none for %s", now, value, settleTime)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settleTime bounds the wait for the next of what is on its way. It is longer
// than an open breaker's.
const settleTime = 45 * time.Second

// usage is what the gateways have used and counted.
type usage struct {
	gateway, database time.Duration // processor time
	counts
}

func (r *rig) usage(ctx context.Context) (u usage, err error) {
	for _, p := range r.gateways {
		used, err := p.cpu()
		if err != nil {
			return u, err
		}
		c, err := p.counts(ctx)
		if err != nil {
			return u, err
		}
		u.gateway += used
		u.commits += c.commits
		u.operations += c.operations
		u.committing += c.committing
		u.allocations += c.allocations
		u.allocated += c.allocated
		u.deleted += c.deleted
	}
	u.database, err = databaseCPU(ctx, r.store)
	return u, err
}

func (u usage) since(b usage) usage {
	return usage{u.gateway - b.gateway, u.database - b.database, counts{
		u.commits - b.commits, u.operations - b.operations, u.committing - b.committing,
		u.allocations - b.allocations, u.allocated - b.allocated, u.deleted - b.deleted,
	}}
}

// result is what a load has done and cost.
type result struct {
	n    int64
	took time.Duration
	usage
}

func (r result) rate() float64 { return float64(r.n) / r.took.Seconds() }

// cpu is in seconds for 1,000 of what was done.
func (r result) cpu() float64 { return (r.gateway + r.database).Seconds() * 1000 / float64(r.n) }

// measure runs a load that gives the number of what it has done when all of it
// has arrived, and takes profiles of it if that is wanted.
func (r *rig) measure(ctx context.Context, load func() (int64, error)) (out result, err error) {
	before, err := r.usage(ctx)
	if err != nil {
		return out, err
	}
	profiled := make(chan error, 1)
	go func() {
		if r.opts.Profile == "" {
			profiled <- nil
			return
		}
		seconds := max(1, int(r.opts.Duration.Seconds()))
		path := filepath.Join(r.opts.Profile, r.phase)
		profiled <- errors.Join(
			r.gateways[0].profile(ctx, fmt.Sprintf("profile?seconds=%d", seconds), path+".cpu"),
			r.gateways[0].profile(ctx, "allocs", path+".allocs"),
		)
	}()
	begin := time.Now()
	if out.n, err = load(); err != nil {
		return out, err
	}
	out.took = time.Since(begin)
	after, err := r.usage(ctx)
	out.usage = after.since(before)
	return out, errors.Join(err, <-profiled)
}
