// Package bench measures a gateway: it starts one as a process of its own, is
// its customer, its provider and its webhook endpoint, and measures beside it
// what the machine can do at all. Load stays on loopback.
//
// What is measured goes over the gateway's API, its provider's protocol and its
// callbacks. Only where a million of something has to lie in the store before
// the gateway starts, it is put there as copies of what a gateway has made.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"switchyard/internal/store"
)

// Config is what is measured, with what, and where it is told.
type Config struct {
	// Binary is the gateway's program, Version its version.
	Binary, Version string
	// Store says where the phases make their stores; it is not touched itself.
	Store  string
	Phases []string
	// JSON is a file for all figures; "" for none.
	JSON string
	Out  io.Writer
	Options
}

// Options are the sizes of the measurements.
type Options struct {
	// Duration of each load, and Concurrency of the connections that make it.
	Duration    time.Duration `json:"duration_ns"`
	Concurrency int           `json:"concurrency"`
	// Rate of latency measurements, messages a second.
	Rate int `json:"rate"`
	// Contacts take part in turn; the first message to each makes it.
	Contacts int `json:"contacts"`
	// Messages is the number of stored messages, callbacks or deadlines in the
	// phases that are about many of them.
	Messages int `json:"messages"`
	// Nodes is the number of gateways on the store; on SQLite it is 1.
	Nodes int `json:"nodes"`
	// Repeat is how often each phase is run.
	Repeat int `json:"repeat"`
	// Profile is a directory for profiles of each phase; "" for none.
	Profile string `json:"-"`
}

// phase measures one thing on a store of its own.
type phase struct {
	name  string
	quick bool // in the default set
	run   func(*bench, context.Context) error
}

// phases are all there are, in the order in which they are run.
func phases() []phase {
	return []phase{
		{"ceilings", true, (*bench).ceilings},
		{"inbound", true, (*bench).inbound},
		{"submit", true, (*bench).submit},
		{"whole", true, (*bench).whole},
		{"accept", true, (*bench).accept},
		{"backlog", true, (*bench).backlog},
		{"calm", true, (*bench).calm},
		{"neighbours", false, (*bench).neighbours},
		{"outage", false, (*bench).outage},
		{"deadlines", false, (*bench).deadlines},
		{"full", false, (*bench).full},
		{"memory", false, (*bench).memory},
		{"overload", false, (*bench).overload},
	}
}

// The names that stand for several phases.
const (
	Quick = "quick"
	All   = "all"
)

// PhaseNames lists the phases that there are.
func PhaseNames() []string {
	var names []string
	for _, p := range phases() {
		names = append(names, p.name)
	}
	return names
}

// choose gives the phases of the names.
func choose(names []string) ([]phase, error) {
	for _, name := range names {
		if name != Quick && name != All && !slices.Contains(PhaseNames(), name) {
			return nil, fmt.Errorf("phase %q: want %s, %s or some of %s", name, Quick, All, strings.Join(PhaseNames(), ", "))
		}
	}
	var out []phase
	for _, p := range phases() {
		if slices.Contains(names, p.name) || slices.Contains(names, All) || p.quick && slices.Contains(names, Quick) {
			out = append(out, p)
		}
	}
	return out, nil
}

// CheckPhases says what is wrong with names of phases.
func CheckPhases(names []string) error {
	_, err := choose(names)
	return err
}

// bench is one run.
type bench struct {
	cfg     Config
	phase   string
	figures figures
}

// Run measures and prints, each phase when it is done.
func Run(ctx context.Context, cfg Config) error {
	chosen, err := choose(cfg.Phases)
	if err != nil {
		return err
	}
	machine, err := describeMachine(ctx, cfg.Store)
	if err != nil {
		return err
	}
	fmt.Fprintf(cfg.Out, "switchyard %s on %d cores, %s, %s, Linux %s\n", cfg.Version, machine.Cores, machine.Store, machine.Go, machine.Kernel)
	fmt.Fprintf(cfg.Out, "%s a load, %d connections, %d contacts, %d gateways, median of %d\n", cfg.Duration, cfg.Concurrency, cfg.Contacts, cfg.Nodes, cfg.Repeat)
	if cfg.Profile != "" {
		if err := os.MkdirAll(cfg.Profile, 0o700); err != nil {
			return err
		}
	}
	b := &bench{cfg: cfg}
	for _, p := range chosen {
		b.phase = p.name
		for range cfg.Repeat {
			if err := p.run(b, ctx); err != nil {
				if ctx.Err() != nil { // and not that the gateway has gone
					return ctx.Err()
				}
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		b.figures.print(cfg.Out, p.name)
	}
	d := document{Version: cfg.Version, Machine: machine, Options: cfg.Options}
	for _, p := range chosen {
		d.Figures = append(d.Figures, b.figures.of(p.name)...)
	}
	met, targets := countMet(d.Figures)
	fmt.Fprintf(cfg.Out, "%d of %d targets met\n", met, targets)
	if cfg.JSON == "" {
		return nil
	}
	return writeJSON(cfg.JSON, d)
}

// note notes a figure of the running phase.
func (b *bench) note(name string, value float64, unit string, t target) {
	b.figures.note(b.phase, name, value, unit, t)
}

// noteCost notes what a load has cost for each of its messages.
func (b *bench) noteCost(r result, cpu target) {
	b.note("CPU for 1,000", r.cpu(), "s", cpu)
	if r.database > 0 {
		b.note("of it in PostgreSQL", r.database.Seconds()*1000/float64(r.n), "s", none)
	}
	b.note("allocations a message", r.allocations/float64(r.n), "", none)
	b.note("allocated a message", r.allocated/1024/float64(r.n), "KiB", none)
	if r.commits > 0 {
		b.note("operations a commit", r.operations/r.commits, "", none)
		b.note("time of a commit", 1000*r.committing/r.commits, "ms", none)
	}
}

func (b *bench) sqlite() bool { return isSQLite(b.cfg.Store) }

// either picks by the store's engine.
func (b *bench) either(sqlite, postgres float64) float64 {
	if b.sqlite() {
		return sqlite
	}
	return postgres
}

// on runs f on a rig of its own.
func (b *bench) on(ctx context.Context, f func(*rig) error, env ...string) (err error) {
	r, err := newRig(ctx, b, env...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return f(r)
}

// ceilings is what the machine can do at all, without the gateway.
func (b *bench) ceilings(ctx context.Context) error {
	posts, err := barePosts(ctx, b.cfg.Concurrency, b.cfg.Duration, "", callbackLength)
	if err != nil {
		return err
	}
	b.note("bare net/http posts", posts, "/s", none)
	place, remove, err := newPlace(ctx, b.cfg.Store)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Options{URL: place})
	if err != nil {
		return errors.Join(err, remove())
	}
	commits, err := bareCommits(ctx, db, b.cfg.Duration)
	b.note("durable commits, one at a time", commits, "/s", none)
	return errors.Join(err, db.Close(), remove())
}
