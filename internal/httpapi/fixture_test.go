package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/internal/delivery"
	"switchyard/internal/engine"
	"switchyard/internal/observe"
	"switchyard/internal/store"
	"switchyard/internal/webhook"
)

// newServer starts an engine without channels on an empty SQLite store, with one
// project. What is sent fails later, which the API does not show.
func newServer(t testing.TB) *server {
	t.Helper()
	return newServerOf(t, engine.Config{})
}

// newServerOf is newServer with an engine that has more settings than it needs.
func newServerOf(t testing.TB, cfg engine.Config) *server {
	t.Helper()
	ctx := context.Background() // of the clean-up too
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, store.Options{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "store.db"), Log: log,
		Failed: func(err error) { t.Errorf("the store failed: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	metrics := observe.NewMetrics(prometheus.NewRegistry())
	poster := webhook.New(webhook.Config{})
	cfg.Store, cfg.Log, cfg.Metrics = db, log, metrics
	cfg.Deliverer = delivery.New(delivery.Config{Store: db, Poster: poster, Log: log})
	cfg.HTTP, cfg.PublicURL = http.DefaultClient, "http://127.0.0.1"
	e := engine.New(cfg)
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stopping, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		e.Stop(stopping)
		poster.Close()
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	if err := e.PutProject(ctx, projectID, keyID, keySecret); err != nil {
		t.Fatal(err)
	}
	surface := Config{Engine: e, TokenKey: testKey, Log: log, Metrics: metrics}
	return &server{handler: New(surface), batch: NewBatch(surface), ids: make(map[string]string)}
}
