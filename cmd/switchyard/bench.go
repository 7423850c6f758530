package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"switchyard/internal/bench"
	"switchyard/internal/config"
)

type benchCommand struct {
	Store       string        `secret:"url" placeholder:"URL" help:"Where to measure: each phase makes an empty store, beside this SQLite file or as a schema in this PostgreSQL database, and removes it. Temporary files if empty."`
	Phases      []string      `default:"quick" placeholder:"NAME" help:"What to measure: quick (a minute and a half), all (half an hour), or names from docs/performance.md."`
	Duration    time.Duration `default:"5s" placeholder:"TIME" help:"Time of each load."`
	Concurrency int           `default:"64" placeholder:"N" help:"Connections that make the load."`
	Rate        int           `default:"200" placeholder:"N" help:"Messages a second while latencies are measured."`
	Contacts    int           `default:"10000" placeholder:"N" help:"Contacts that take part in turn."`
	Messages    int           `default:"1000000" placeholder:"N" help:"Stored messages, callbacks or deadlines in the phases about many of them."`
	Nodes       int           `default:"1" placeholder:"N" help:"Gateways on one PostgreSQL; the load is spread over them."`
	Repeat      int           `default:"1" placeholder:"N" help:"Run each phase so often and print medians, least and most."`
	JSON        string        `name:"json" placeholder:"FILE" help:"Write all figures, with version and machine."`
	Profile     string        `placeholder:"DIR" help:"Write profiles of the gateway under the load of each phase: PHASE.cpu and PHASE.allocs."`
}

// Run measures a gateway of this very program.
func (c *benchCommand) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	if c.Store == "" {
		c.Store = "sqlite:" + filepath.Join(os.TempDir(), "bench.db")
	}
	return bench.Run(ctx, bench.Config{
		Binary: binary, Version: version, Store: c.Store, Phases: c.Phases, JSON: c.JSON, Out: os.Stdout,
		Options: bench.Options{
			Duration: c.Duration, Concurrency: c.Concurrency, Rate: c.Rate, Contacts: c.Contacts,
			Messages: c.Messages, Nodes: c.Nodes, Repeat: c.Repeat, Profile: c.Profile,
		},
	})
}

func (c *benchCommand) check() error {
	for _, setting := range []struct {
		name  string
		value int
		least int
	}{
		{"concurrency", c.Concurrency, 1}, {"rate", c.Rate, 1}, {"contacts", c.Contacts, 1},
		{"messages", c.Messages, 1000}, {"nodes", c.Nodes, 1}, {"repeat", c.Repeat, 1},
	} {
		if setting.value < setting.least {
			return fmt.Errorf("--%s %d: want at least %d", setting.name, setting.value, setting.least)
		}
	}
	if c.Duration < time.Second {
		return fmt.Errorf("--duration %s: want at least 1s", c.Duration)
	}
	if c.Nodes > 1 && !strings.HasPrefix(c.Store, "postgres") {
		return fmt.Errorf("--nodes %d: want a PostgreSQL as --store", c.Nodes)
	}
	if c.Store != "" {
		if err := config.CheckStore(c.Store); err != nil {
			return err
		}
	}
	if err := bench.CheckPhases(c.Phases); err != nil {
		return fmt.Errorf("--phases: %w", err)
	}
	return nil
}
