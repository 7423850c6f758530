package main

import (
	"context"
	"os"

	"github.com/alecthomas/kong"

	"switchyard/internal/channel/all"
	"switchyard/internal/config"
	"switchyard/internal/demo"
)

type demoCommand struct {
	config.Demo
}

// Run is the demo until a signal ends it or it fails.
func (c *demoCommand) Run(ctx context.Context) error {
	log, err := newLogger("text", c.LogLevel)
	if err != nil {
		return usageError{err}
	}
	var gateway config.Serve
	if err := kong.ApplyDefaults(&gateway); err != nil {
		return err
	}
	return demo.Run(ctx, demo.Config{
		Demo: c.Demo, Gateway: gateway, Version: version, Channels: all.Channels(), Log: log, Out: os.Stdout,
	})
}
