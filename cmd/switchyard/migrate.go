package main

import (
	"context"
	"fmt"

	"switchyard/internal/config"
	"switchyard/internal/store"
)

type migrateCommand struct {
	Store string `default:"sqlite:switchyard.db" secret:"url" placeholder:"URL" help:"Store to work on: sqlite:PATH or postgres://…"`
}

// Validate says what cannot work.
func (c *migrateCommand) Validate() error { return config.CheckStore(c.Store) }

// Run makes or upgrades the tables, for operators who do so before they start
// a new version.
func (c *migrateCommand) Run(ctx context.Context) error {
	db, err := store.Open(ctx, store.Options{URL: c.Store})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	fmt.Printf("%s is up to date\n", maskedURL(c.Store))
	return nil
}
