package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// node opens a store that several share. Time is real, and leases are short.
func node(t *testing.T, url, name string) *store.DB {
	t.Helper()
	db, _ := mortal(t, url, name)
	return db
}

// mortal is a node that may leave before the test ends.
func mortal(t *testing.T, url, name string) (db *store.DB, leave func()) {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{
		URL: url, Node: name, Lease: time.Second, DatabaseClock: true,
		Failed: func(err error) { t.Errorf("the store of node %s failed: %v", name, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	leave = sync.OnceFunc(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the store of node %s: %v", name, err)
		}
	})
	t.Cleanup(leave)
	return db, leave
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

// Every node shows what waits at all of them, and refuses more than the queue holds.
func TestNodesKnowTheWholeQueue(t *testing.T) {
	const limit = 40
	url := storetest.Postgres(t)
	nodes := []*store.DB{node(t, url, "one"), node(t, url, "two")}
	provider := make(idle)
	defer close(provider)
	var engines []*engine.Engine
	for _, db := range nodes {
		engines = append(engines, launch(t, db, engine.Config{QueueLimit: limit, SendTimeout: time.Hour}, provider, channel.Features{Concurrency: 2}))
	}
	shared(t, nodes...)
	app := furnish(t, engines[0])
	for i := range limit - 1 {
		if err := sendText(engines[i%2], app, fmt.Sprintf("4670000%04d", i)); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(e *engine.Engine) int {
		shown, err := e.App(context.Background(), project, app)
		if err != nil {
			t.Fatal(err)
		}
		return shown.QueueStats.OutboundSize
	}
	alike := func() bool {
		whole := engines[0].Queued() + engines[1].Queued()
		return engines[0].Queued() > 0 && engines[1].Queued() > 0 && shows(engines[0]) == whole && shows(engines[1]) == whole
	}
	await(t, "both nodes show what waits at both", alike)
	for i := 0; shows(engines[0]) < limit; i++ {
		if err := sendText(engines[0], app, fmt.Sprintf("4671000%04d", i)); err != nil {
			t.Fatal(err)
		}
		await(t, "both know of one more", alike)
	}
	for i, e := range engines {
		if err := sendText(e, app, "46700000001"); err == nil {
			t.Errorf("node %d takes more than the queue holds", i)
		}
	}
}

// A batch that another node has accepted is worked on by its lane's owner. When that
// one goes, the next one goes on with it: nobody is left out, nobody is written to
// twice.
func TestABatchMovesWithItsLane(t *testing.T) {
	const n = 1000
	url := storetest.Postgres(t)
	one, endOne := mortal(t, url, "one")
	two, endTwo := mortal(t, url, "two")
	nodes, ends := []*store.DB{one, two}, []func(){endOne, endTwo}
	var engines []*engine.Engine
	for _, db := range nodes {
		engines = append(engines, launch(t, db, engine.Config{}, prompt{}, channel.Features{Concurrency: 64}))
	}
	shared(t, nodes...)
	app := furnish(t, engines[0])
	var id gateway.ID
	for accepting := 0; ; { // until one is the other node's
		text := sendBatch(t, engines[accepting], app, recipients(1))
		id, _ = gateway.ParseID(text)
		if !nodes[accepting].Members().Owns(nodes[accepting].Lane(id)) {
			await(t, "the other node does it", func() bool { return batchOf(t, engines[accepting], text).Status == convapi.BatchProcessed })
			break
		}
	}
	text := sendBatch(t, engines[0], app, recipients(n))
	id, _ = gateway.ParseID(text)
	owner := 0
	if nodes[1].Members().Owns(nodes[1].Lane(id)) {
		owner = 1
	}
	await(t, "the batch is in its middle", func() bool { return batchOf(t, engines[owner], text).Accepted > 100 })
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	engines[owner].Stop(ended)
	ends[owner]()
	other := engines[1-owner]
	if b := batchOf(t, other, text); b.Accepted == n {
		t.Error("the batch had ended before its node did")
	}
	await(t, "the other node ends it", func() bool { return batchOf(t, other, text).Status == convapi.BatchProcessed })
	checkOnce(t, other, app, text, n)
}
