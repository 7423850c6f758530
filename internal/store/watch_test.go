package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// Oldest tells since when an operation waits that the writer has not answered,
// also the one that holds it up, and nothing when there is none.
func TestOldest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		if at := db.Oldest(); !at.IsZero() {
			t.Errorf("idle: %v", at)
		}
		before := time.Now()
		running, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		db.Submit(store.Op{Run: func(*store.Tx) error { close(running); <-release; return nil }}, nil)
		<-running
		held := time.Now()
		db.Submit(store.Op{Run: func(*store.Tx) error { return nil }}, func(error) { close(done) })
		if at := db.Oldest(); at.Before(before) || at.After(held) {
			t.Errorf("held up: %v, want between %v and %v", at, before, held)
		}
		close(release)
		<-done
		// The batch is answered a moment before it is noted.
		for end := time.Now().Add(10 * time.Second); !db.Oldest().IsZero(); {
			if time.Now().After(end) {
				t.Fatalf("idle again: %v", db.Oldest())
			}
		}
	})
}

// A callback carries the trace of its operation, or what that has learned, and
// not that of its neighbours in the batch.
func TestCallbacksCarryTheirTrace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		app, message := gateway.NewID(1), gateway.NewID(1)
		tell := func(learned string) func(*store.Tx) error {
			return func(tx *store.Tx) error {
				if learned != "" {
					tx.Trace = learned
				}
				tx.Append(store.Callback{App: app, Message: message, Body: []byte("{}")})
				return nil
			}
		}
		running, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		db.Submit(store.Op{Run: func(*store.Tx) error { close(running); <-release; return nil }}, nil)
		<-running // so that the others make one batch
		db.Submit(store.Op{Trace: "one", Run: tell("")}, nil)
		db.Submit(store.Op{Run: tell("")}, nil)
		db.Submit(store.Op{Trace: "three", Run: tell("learned")}, nil)
		db.Submit(store.Op{Run: tell("")}, func(error) { close(done) })
		close(release)
		<-done
		list, err := db.Callbacks(t.Context(), db.Lane(message), app, 0, 10)
		var got []string
		for _, c := range list {
			got = append(got, c.Trace)
		}
		if want := []string{"one", "", "learned", ""}; err != nil || !slices.Equal(got, want) {
			t.Errorf("traces %q, %v, want %q", got, err, want)
		}
	})
}

var errRefused = errors.New("refused")

// A transaction is observed with what it took; an operation's own error is
// nobody's failure.
func TestTransactionsAreObserved(t *testing.T) {
	seen := make(chan int, 10)
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + t.TempDir() + "/store.db", Observe: func(operations int, _ time.Duration, err error) {
		if err != nil {
			operations = -1
		}
		seen <- operations
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Apply(context.Background(), store.Op{Run: func(*store.Tx) error { return errRefused }}); !errors.Is(err, errRefused) {
		t.Errorf("error %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != 1 || len(seen) > 0 {
		t.Errorf("observed %d, and %d more", got, len(seen))
	}
}
