package main

import (
	"context"
	"errors"
	"fmt"

	"switchyard/internal/config"
	"switchyard/internal/store"
)

type backupCommand struct {
	Store string `default:"sqlite:switchyard.db" secret:"url" placeholder:"URL" help:"Store to copy: sqlite:PATH."`
	To    string `placeholder:"FILE" help:"New file to write."`
}

// Validate says what cannot work.
func (c *backupCommand) Validate() error { return config.CheckStore(c.Store) }

// Run copies a store, beside the gateway that works on it.
func (c *backupCommand) Run(ctx context.Context) error {
	if c.To == "" {
		return usageError{errors.New("--to: want the file to write")}
	}
	size, err := store.Backup(ctx, c.Store, c.To)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	fmt.Printf("%s has everything up to the start of the backup: %d bytes\n", c.To, size)
	return nil
}

type restoreCommand struct {
	From  string `placeholder:"FILE" help:"Backup to read."`
	Store string `default:"sqlite:switchyard.db" secret:"url" placeholder:"URL" help:"Store to make of it: sqlite:PATH."`
	Force bool   `help:"Replace a store that is there."`
}

// Validate says what cannot work.
func (c *restoreCommand) Validate() error { return config.CheckStore(c.Store) }

// Run makes a store of a backup.
func (c *restoreCommand) Run() error {
	if c.From == "" {
		return usageError{errors.New("--from: want the file to read")}
	}
	if err := store.Restore(c.From, c.Store, c.Force); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	fmt.Printf("%s is restored from %s\n", maskedURL(c.Store), c.From)
	return nil
}
