package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"switchyard/internal/channel"
	"switchyard/internal/engine"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// node opens a store that several share. Time is real, and leases are short.
func node(t *testing.T, url, name string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{
		URL: url, Node: name, Lease: time.Second, DatabaseClock: true,
		Failed: func(err error) { t.Errorf("the store of node %s failed: %v", name, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// await waits until f holds.
func await(t *testing.T, what string, f func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !f() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-late:
			t.Fatalf("not in 30 s: %s", what)
		}
	}
}

// shared waits until nodes have shared the lanes out.
func shared(t *testing.T, nodes ...*store.DB) {
	t.Helper()
	await(t, "the lanes are shared out", func() bool {
		sum := 0
		for _, db := range nodes {
			owned := len(db.Members().Owned())
			if owned == 0 {
				return false
			}
			sum += owned
		}
		return sum == nodes[0].Lanes()
	})
}

// Every node shows what waits at all of them.
func TestNodesKnowTheWholeQueue(t *testing.T) {
	url := storetest.Postgres(t)
	one, two := node(t, url, "one"), node(t, url, "two")
	provider := make(idle)
	defer close(provider)
	var engines []*engine.Engine
	for _, db := range []*store.DB{one, two} {
		engines = append(engines, launch(t, db, engine.Config{QueueLimit: 30, SendTimeout: time.Hour}, provider, channel.Features{Concurrency: 2}))
	}
	shared(t, one, two)
	app := furnish(t, engines[0])
	for i := range 32 { // each node has one under way
		if err := sendText(engines[i%2], app, fmt.Sprintf("4670000%04d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range engines {
		await(t, fmt.Sprintf("node %d shows 30", i), func() bool {
			shown, err := e.App(context.Background(), project, app)
			return err == nil && shown.QueueStats.OutboundSize == 30
		})
		if err := sendText(e, app, "46700000001"); err == nil {
			t.Errorf("node %d takes more than the queue holds", i)
		}
	}
}
