package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"switchyard/internal/config"
	"switchyard/internal/inbox"
)

type listenCommand struct {
	config.Listen
}

// stopListening is how long an answer under way is waited for at the end.
const stopListening = 2 * time.Second

// Run prints callbacks until a signal ends it.
func (c *listenCommand) Run(ctx context.Context) error {
	log, err := newLogger("text", "warn")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: inbox.New(inbox.Config{
			Secret: c.Secret, Answer: c.Answer, Slow: c.Slow, Form: c.form(), Out: os.Stdout,
		}),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	c.introduce(l.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopListening)
	defer cancel()
	if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return nil
}

// introduce says where a webhook has to point to: beside the callbacks, or on
// standard error where standard output is for bodies only.
func (c *listenCommand) introduce(address net.Addr) {
	if c.JSON {
		fmt.Fprintf(os.Stderr, "inbox  http://%s\nready\n", address)
		return
	}
	fmt.Printf("inbox  http://%s\nready\n\n%s", address, inbox.Header())
}

func (c *listenCommand) form() inbox.Form {
	switch {
	case c.JSON:
		return inbox.JSON
	case c.Pretty:
		return inbox.Pretty
	}
	return inbox.Line
}
