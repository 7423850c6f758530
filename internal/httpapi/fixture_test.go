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
	e := engine.New(engine.Config{
		Store:     db,
		Deliverer: delivery.New(delivery.Config{Store: db, Poster: poster, Log: log}),
		HTTP:      http.DefaultClient,
		PublicURL: "http://127.0.0.1",
		Log:       log,
		Metrics:   metrics,
	})
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
	return &server{handler: New(Config{Engine: e, TokenKey: testKey, Log: log, Metrics: metrics}), ids: make(map[string]string)}
}
