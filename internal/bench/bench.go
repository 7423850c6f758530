// Package bench measures a gateway: it starts one as a process of its own, is
// its customer, its provider and its webhook endpoint, and measures beside it
// what the machine can do at all. Load stays on loopback.
//
// It must not know the gateway from inside: everything goes over its API, its
// provider's protocol and its callbacks.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"switchyard/internal/store"
)

// Config is what is measured.
type Config struct {
	// Binary is the gateway's program; Store where it keeps things.
	Binary, Store string
	// Duration of each measurement, and Concurrency of the senders.
	Duration    time.Duration
	Concurrency int
	// Rate of the latency measurement, messages a second.
	Rate int
	// Profile is a file for a CPU profile of the gateway while it carries whole
	// messages; "" for none.
	Profile string
	Out     io.Writer
}

// Run measures and prints.
func Run(ctx context.Context, cfg Config) error {
	if err := checkStore(ctx, cfg.Store); err != nil {
		return err
	}
	ceilings, err := measureCeilings(ctx, cfg)
	if err != nil {
		return fmt.Errorf("ceilings: %w", err)
	}
	rig, err := newRig(ctx, cfg)
	if err != nil {
		return err
	}
	defer rig.close()
	accept, err := rig.accept(ctx)
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	whole, err := rig.whole(ctx)
	if err != nil {
		return fmt.Errorf("whole messages: %w", err)
	}
	calm, err := rig.calm(ctx)
	if err != nil {
		return fmt.Errorf("latency: %w", err)
	}
	memory, err := rig.gateway.peakMemory()
	if err != nil {
		return err
	}
	report{cfg, ceilings, accept, whole, calm, memory}.print()
	return nil
}

// checkStore refuses a store that somebody works with: it would be filled with
// test data, and its webhooks would be called.
func checkStore(ctx context.Context, url string) error {
	db, err := store.Open(ctx, store.Options{URL: url})
	if err != nil {
		return err
	}
	config, err := db.Configuration(ctx)
	if err == nil && slices.ContainsFunc(config.Projects, func(p store.Project) bool { return p.ID != project }) {
		err = errors.New("the store has projects; measure on an empty one")
	}
	return errors.Join(err, db.Close())
}

// report is everything measured in one run.
type report struct {
	cfg      Config
	ceilings ceilings
	accept   acceptResult
	whole    wholeResult
	calm     calmResult
	memory   int64 // bytes
}

func (r report) print() {
	w := tabwriter.NewWriter(r.cfg.Out, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", what, fmt.Sprintf(format, args...)) }
	line("store", "%s", kindOf(r.cfg.Store))
	line("ceiling: bare net/http", "%.0f posts/s", r.ceilings.posts)
	line("ceiling: durable commits", "%.0f commits/s, one at a time", r.ceilings.commits)
	line("accept", "%.0f/s (%.0f %% of bare posts)", r.accept.rate, 100*r.accept.rate/r.ceilings.posts)
	line("whole messages", "%.0f/s: accept, submit, report, callbacks", r.whole.messages)
	line("callbacks", "%.0f/s (%.2f a message)", r.whole.callbacks, r.whole.callbacks/r.whole.messages)
	exchanges := r.whole.messages*exchangesBesideCallbacks + r.whole.callbacks
	line("HTTP exchanges", "%.0f/s (%.0f %% of bare posts)", exchanges, 100*exchanges/r.ceilings.posts)
	line("CPU", "%.3f ms/message in the gateway%s", r.whole.gatewayCPU, r.databaseCPU())
	c := r.whole.commits
	line("commits", "%.0f operations each, %.2f ms each, %.0f/s", c.operations/c.number, 1000*c.seconds/c.number, c.number/c.seconds)
	line("memory", "%.0f MiB at most in the gateway", float64(r.memory)/(1<<20))
	line(fmt.Sprintf("accept → submit at %d/s", r.cfg.Rate), "p50 %s  p99 %s", r.calm.submit.at(50), r.calm.submit.at(99))
	line(fmt.Sprintf("event → webhook at %d/s", r.cfg.Rate), "p50 %s  p99 %s", r.calm.webhook.at(50), r.calm.webhook.at(99))
	w.Flush()
}

func (r report) databaseCPU() string {
	if r.whole.databaseCPU == 0 {
		return ""
	}
	return fmt.Sprintf(", %.3f ms/message in PostgreSQL", r.whole.databaseCPU)
}
