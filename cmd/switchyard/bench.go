package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"switchyard/internal/bench"
)

type benchCommand struct {
	Store       string        `help:"Store to measure on, an empty one; a new SQLite file, removed afterwards, if empty. It gets full of test data."`
	Duration    time.Duration `default:"5s" help:"Time of each measurement."`
	Concurrency int           `default:"64" help:"Connections that send at once."`
	Profile     string        `placeholder:"FILE" help:"Write a CPU profile of the gateway while it carries whole messages."`
	Rate        int           `default:"200" help:"Messages a second while latencies are measured."`
}

// Run measures a gateway of this very program.
func (c *benchCommand) Run(ctx context.Context) error {
	if c.Concurrency < 1 || c.Rate < 1 || c.Duration <= 0 {
		return usageError{fmt.Errorf("--concurrency, --rate and --duration: want more than 0")}
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	if c.Store == "" {
		dir, err := os.MkdirTemp("", "switchyard-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Store = "sqlite:" + filepath.Join(dir, "bench.db")
	}
	return bench.Run(ctx, bench.Config{
		Binary: binary, Store: c.Store, Duration: c.Duration, Concurrency: c.Concurrency, Rate: c.Rate, Profile: c.Profile, Out: os.Stdout,
	})
}
