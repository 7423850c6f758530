package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// node is a store with a peer that writes down what it is told.
type node struct {
	*store.DB
	mu         sync.Mutex
	handed     []store.Handoff
	owned      map[int]bool
	lost       int // lanes, in all
	died       []int64
	left       [][]int
	configured int
	moved      chan struct{} // something has moved
}

func (n *node) Configure(store.Configuration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.configured++
	return nil
}

func (n *node) Receive(tx *store.Tx, handed []store.Handoff) error {
	tx.After(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.handed = append(n.handed, handed...)
	})
	return nil
}

func (n *node) Moved(m store.Moved) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, lane := range m.Lost {
		delete(n.owned, lane)
	}
	n.lost += len(m.Lost)
	for _, lane := range m.Gained {
		n.owned[lane] = true
	}
	n.died = append(n.died, m.Died...)
	select {
	case n.moved <- struct{}{}:
	default:
	}
}

func (n *node) Leave(_ context.Context, lanes []int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.left = append(n.left, lanes)
}

// lanes is what the peer has been told that it owns.
func (n *node) lanes() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.owned)
}

// join opens the store at url as a node with a lease that is short.
func join(t *testing.T, url, name string) *node {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{
		URL: url, Node: name, Lease: 400 * time.Millisecond, DatabaseClock: true,
		Failed: func(err error) { t.Errorf("the store of node %s failed: %v", name, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{DB: db, owned: make(map[int]bool), moved: make(chan struct{}, 1)}
	if err := db.Join(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	return n
}

// await waits until f holds; the nodes are real, and so is their time.
func await(t *testing.T, what string, n *node, f func() bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	for !f() {
		select {
		case <-n.moved:
		case <-time.After(50 * time.Millisecond):
		case <-late:
			t.Fatalf("not in 20 s: %s", what)
		}
	}
}

// put is an operation with an effect that can be counted.
func put(app gateway.ID, about gateway.ID) store.Op {
	return store.Op{Run: func(tx *store.Tx) error {
		c := tx.Append(store.Callback{App: app, Message: about, At: tx.Now})
		tx.Hand(c.Lane, store.Handoff{Callback: &c})
		return nil
	}}
}

// Nodes share the lanes out, each about its part; one that comes gets its part
// after the others have left it, and one that goes leaves it at once.
func TestNodesShareTheLanes(t *testing.T) {
	url := storetest.Postgres(t)
	one := join(t, url, "one")
	defer one.Close()
	await(t, "the first owns all", one, func() bool { return one.lanes() == gateway.Lanes })
	two := join(t, url, "two")
	three := join(t, url, "three")
	defer three.Close()
	await(t, "all is shared", three, func() bool {
		a, b, c := one.lanes(), two.lanes(), three.lanes()
		return a+b+c == gateway.Lanes && min(a, b, c) > gateway.Lanes/6
	})
	one.mu.Lock()
	if left := len(slices.Concat(one.left...)); left != gateway.Lanes-len(one.owned) {
		t.Errorf("the first has left %d lanes in order, owns %d", left, len(one.owned))
	}
	one.mu.Unlock()
	two.Close()
	await(t, "the others have what the second had", one, func() bool { return one.lanes()+three.lanes() == gateway.Lanes })
}

// What one node writes in another's lanes is handed to that one, once and in
// the order of the log; what it writes in its own is not.
func TestCallbacksAreHandedToTheOwner(t *testing.T) {
	url := storetest.Postgres(t)
	one, two := join(t, url, "one"), join(t, url, "two")
	defer one.Close()
	defer two.Close()
	await(t, "all is shared", two, func() bool { return one.lanes()+two.lanes() == gateway.Lanes && two.lanes() > 0 })
	app := gateway.NewID(0)
	const each = 300
	var writers sync.WaitGroup
	var wanted [2]atomic.Int64 // callbacks that each is to be handed
	for range each {
		about := gateway.NewID(gateway.LaneOf(fmt.Sprint(time.Now().UnixNano())))
		for i, n := range []*node{one, two} {
			other := []*node{two, one}[i]
			writers.Go(func() {
				var foreign bool
				err := n.Apply(t.Context(), store.Op{Run: func(tx *store.Tx) error {
					c := tx.Append(store.Callback{App: app, Message: about, At: tx.Now})
					foreign = tx.Hand(c.Lane, store.Handoff{Callback: &c})
					return nil
				}})
				if err != nil {
					t.Error(err)
				}
				if foreign && other.Members().Owns(other.Lane(about)) {
					wanted[1-i].Add(1)
				}
			})
		}
		writers.Wait()
	}
	for i, n := range []*node{one, two} {
		await(t, "all callbacks are handed over", n, func() bool {
			n.mu.Lock()
			defer n.mu.Unlock()
			return int64(len(n.handed)) >= wanted[i].Load()
		})
		n.mu.Lock()
		last := uint64(0)
		for _, h := range n.handed {
			if h.Callback == nil || h.Callback.Position <= last || !n.owned[h.Lane] {
				t.Errorf("node %d was handed %+v after position %d", i, h, last)
				break
			}
			last = h.Callback.Position
		}
		if int64(len(n.handed)) != wanted[i].Load() || len(n.handed) == 0 {
			t.Errorf("node %d was handed %d callbacks, want %d", i, len(n.handed), wanted[i].Load())
		}
		n.mu.Unlock()
	}
}

// What a node has in memory is worth nothing once another one has written: one
// that has joined, or a process that has not.
func TestWhatOthersWriteIsSeen(t *testing.T) {
	url := storetest.Postgres(t)
	id := gateway.NewID(7)
	write := func(db *store.DB, metadata string) {
		t.Helper()
		apply(t, db, func(tx *store.Tx) error {
			tx.Contents.Put(store.Content{ID: id, Metadata: metadata})
			return nil
		})
	}
	read := func(db *store.DB) (metadata string) {
		t.Helper()
		apply(t, db, func(tx *store.Tx) error {
			c, _, err := tx.Contents.Get(id)
			metadata = c.Metadata
			return err
		})
		return metadata
	}
	one := join(t, url, "one")
	defer one.Close()
	stranger := storetest.Open(t, url)
	write(one.DB, "of one")
	var known bool
	apply(t, one.DB, func(tx *store.Tx) error { known = tx.Contents.Known(id); return nil })
	if !known {
		t.Error("a node that is alone has forgotten what it has written")
	}
	write(stranger, "of a stranger")
	if got := read(one.DB); got != "of a stranger" {
		t.Errorf("after another process has written: %q", got)
	}
	two := join(t, url, "two")
	defer two.Close()
	for _, db := range []*node{two, one, two} {
		write(db.DB, "of "+db.name())
		for _, reader := range []*node{one, two} {
			if got := read(reader.DB); got != "of "+db.name() {
				t.Errorf("%s reads %q after %s has written", reader.name(), got, db.name())
			}
		}
	}
}

// name tells nodes apart.
func (n *node) name() string { return fmt.Sprint("node ", n.Members().Self()) }

// A node that was taken for dead owns nothing in its next transaction, and is
// told the configuration anew before it owns anything again.
func TestANodeTakenForDeadIsFenced(t *testing.T) {
	url := storetest.Postgres(t)
	one, two := join(t, url, "one"), join(t, url, "two")
	defer one.Close()
	defer two.Close()
	await(t, "all is shared", two, func() bool { return one.lanes()+two.lanes() == gateway.Lanes && two.lanes() > 0 })
	lane := one.Members().Owned()[0]
	statement(t, url, fmt.Sprintf("UPDATE node SET expires = 0 WHERE id = %d", one.Members().Self()))
	statement(t, url, fmt.Sprintf("UPDATE lane SET node = %d", two.Members().Self()))
	statement(t, url, "UPDATE writer SET leases = leases + 1, version = version + 1")
	var owned bool
	err := one.Apply(t.Context(), store.Op{Run: func(tx *store.Tx) error { owned = tx.Owns(lane); return nil }})
	if err != nil || owned {
		t.Errorf("in the first transaction after that: owned %v, error %v", owned, err)
	}
	await(t, "it has come back", one, func() bool {
		return one.lanes() > 0 && one.lanes()+two.lanes() == gateway.Lanes
	})
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.configured < 2 {
		t.Errorf("it was configured %d times, want twice", one.configured)
	}
}

// A node that was taken for dead, and takes back in one transaction the lanes
// that nobody has taken meanwhile, is told that it had lost them.
func TestLanesTakenBackAreToldTwice(t *testing.T) {
	url := storetest.Postgres(t)
	one := join(t, url, "one")
	defer one.Close()
	await(t, "it owns all", one, func() bool { return one.lanes() == gateway.Lanes })
	one.mu.Lock()
	lost := one.lost
	one.mu.Unlock()
	statement(t, url, "UPDATE writer SET leases = leases + 1, version = version + 1; UPDATE node SET expires = 0; UPDATE lane SET node = 0")
	if err := one.Review(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, "it has lost and owns all", one, func() bool {
		one.mu.Lock()
		defer one.mu.Unlock()
		return one.lost == lost+gateway.Lanes && len(one.owned) == gateway.Lanes
	})
}

// A connection that is cut at any time, in the middle of a commit as well,
// costs no operation and repeats none.
func TestNothingIsLostWithTheConnection(t *testing.T) {
	const name = "to_be_cut"
	url := storetest.Postgres(t) + "&application_name=" + name
	for _, others := range []int{0, 1} {
		t.Run(fmt.Sprintf("%d others", others), func(t *testing.T) {
			n := join(t, url, "one")
			defer n.Close()
			if others > 0 {
				other := join(t, url, "two")
				defer other.Close()
			}
			app := gateway.NewID(0)
			const senders, each = 8, 150
			var wait sync.WaitGroup
			for i := range senders {
				wait.Go(func() {
					for range each {
						if err := n.ApplyOwed(t.Context(), put(app, gateway.NewID(byte(i)))); err != nil {
							t.Error(err)
						}
					}
				})
			}
			done := make(chan struct{})
			go func() { wait.Wait(); close(done) }()
			cuts := 0
			for running := true; running; cuts++ {
				select {
				case <-done:
					running = false
				case <-time.After(30 * time.Millisecond):
					statement(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+name+"'")
				}
			}
			count := 0
			for lane := range gateway.Lanes {
				list, err := n.Callbacks(t.Context(), lane, app, 0, senders*each+1)
				for range 10 { // the readers' connections were cut as well
					if !errors.Is(err, store.ErrUnavailable) {
						break
					}
					list, err = n.Callbacks(t.Context(), lane, app, 0, senders*each+1)
				}
				if err != nil {
					t.Fatal(err)
				}
				count += len(list)
			}
			if count != senders*each {
				t.Errorf("%d callbacks in the log after %d cuts, want %d", count, cuts, senders*each)
			}
		})
	}
}

// statement runs a statement beside the nodes.
func statement(t *testing.T, url, sql string) {
	t.Helper()
	ctx := context.Background()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["application_name"] = "statement"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// Nodes take the time from the database: one whose own clock is 20 years off,
// or is set while it works, writes the same times as the others.
func TestNodesAgreeOnTheTime(t *testing.T) {
	url := storetest.Postgres(t)
	other := join(t, url, "two")
	defer other.Close()
	synctest.Test(t, func(t *testing.T) { // where it is the year 2000
		db, err := store.Open(t.Context(), store.Options{URL: url, Node: "one", Lease: time.Hour, DatabaseClock: true})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		n := &node{DB: db, owned: make(map[int]bool), moved: make(chan struct{}, 1)}
		if err := db.Join(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		for range 2 {
			var wrote, is time.Time
			if err := db.ApplyOwed(t.Context(), store.Op{Run: func(tx *store.Tx) error { wrote = tx.Now; return nil }}); err != nil {
				t.Fatal(err)
			}
			if err := conn.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&is); err != nil {
				t.Fatal(err)
			}
			if apart := is.Sub(wrote); apart < 0 || apart > time.Second {
				t.Errorf("at %s by its own clock the node wrote %s, %s before the database's time", time.Now(), wrote, apart)
			}
			time.Sleep(30 * time.Second) // the clock is set forward
		}
	})
}
