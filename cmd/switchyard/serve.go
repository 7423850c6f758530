package main

import (
	"context"
	"log/slog"
	"os"
	"runtime/debug"

	"switchyard/internal/app"
	"switchyard/internal/channel/all"
	"switchyard/internal/config"
	"switchyard/internal/observe"
)

type serveCommand struct {
	config.Serve
}

// collectorPercent is the runtime's GOGC unless the environment sets it. Little
// of what the gateway allocates lives on: twice the usual garbage costs some
// 10 MiB and saves a tenth of the processor time.
const collectorPercent = 200

// Run is the gateway until a signal ends it or it fails.
func (c *serveCommand) Run(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
	log, err := newLogger(c.LogFormat, c.LogLevel)
	if err != nil {
		return usageError{err}
	}
	if _, err := observe.TracingWanted(); err != nil {
		return usageError{err}
	}
	a, err := app.Start(ctx, app.Config{Serve: c.Serve, Version: version, Channels: all.Channels(), Log: log, Out: os.Stdout})
	if err != nil {
		return err
	}
	return wait(ctx, a)
}

// wait stops the gateway at a signal or when it fails.
func wait(ctx context.Context, a *app.App) error {
	defer a.Stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.Failed():
		return err
	}
}

func newLogger(format, level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, err
	}
	return observe.NewLogger(os.Stderr, format, least)
}
