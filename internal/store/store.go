// Package store keeps everything that must survive: on SQLite in one file, or
// on PostgreSQL. Callers hand it operations; one writer gathers all that wait
// into one transaction, applies them in memory to rows loaded by key, writes
// the changed rows and answers after the commit (docs/adr/0002). It knows the
// shape of rows, but none of the rules that change them.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"switchyard/internal/gateway"
)

// Errors that callers branch on.
var (
	// ErrOverloaded: the queue of operations is full. Nothing was written.
	ErrOverloaded = errors.New("the store's queue is full")
	// ErrClosed: the store is closing or has failed. Nothing was written, or
	// it is not known.
	ErrClosed = errors.New("the store is closed")
	// ErrOwned: another process works on this SQLite file.
	ErrOwned = errors.New("another process works on this store")
	// ErrUnavailable: the database cannot be reached. Nothing was written.
	ErrUnavailable = errors.New("the database cannot be reached")
)

// Options of Open. The zero value is good for tests.
type Options struct {
	// URL is "sqlite:PATH", "sqlite::memory:" is not supported, or
	// "postgres://…".
	URL string
	// Node names this process to the others; "" is made of host and pid.
	Node string
	// Lease is how long a silent node keeps its lanes; 0 is DefaultLease.
	Lease time.Duration
	// DatabaseClock takes the time of transactions from PostgreSQL, so that
	// the nodes' clocks need not agree. Without it, and on SQLite, it is this
	// machine's.
	DatabaseClock bool
	// Hints has nodes on PostgreSQL tell each other when there is something to
	// look for; without them each looks every 25 ms.
	Hints bool
	// Failed is called once if a commit fails. The process has to end then:
	// what is on disk is only known after a new start.
	Failed func(error)
	// Observe is told of each transaction: the operations in it, how long it
	// took, and why it failed. It may be nil.
	Observe func(operations int, took time.Duration, err error)
	// MinFree is how much room on the disk Room wants, in bytes; 0 is none.
	// SQLite only.
	MinFree uint64
	Log     *slog.Logger
}

// DB is an open store.
type DB struct {
	engine engine
	opts   Options
	queue  chan *pending
	owed   owed
	wake   chan struct{} // something is owed
	stop   chan struct{} // closed by Close
	done   chan struct{} // closed when the writer has ended
	tend   chan struct{} // the leases want to be looked at

	members    atomic.Pointer[Members]
	peer       Peer
	down       atomic.Bool  // the database cannot be reached
	oldest     atomic.Int64 // Unix nanoseconds, see Oldest
	suspension suspension
	space      *space

	// Of the writer alone:
	head   uint64 // the last position given
	handed int64  // the last handoff's number
	tx     *Tx
}

// engine is what differs between SQLite and PostgreSQL.
type engine interface {
	reader
	// shared says that other nodes may write before the next transaction, or have.
	shared() bool
	// begin reads what other nodes have done, into tx, and tx's wanted rows; with
	// lock none of them commits before tx does.
	begin(ctx context.Context, tx *Tx, lock bool) error
	// rollback ends a transaction that will not be committed.
	rollback(ctx context.Context) error
	// load fills tx's wanted rows in one round trip. It is called only where
	// there are several lanes.
	load(ctx context.Context, tx *Tx) error
	// get loads one row by key, for what was not wanted beforehand.
	get(ctx context.Context, t *schema, bind func(encoder), scan func(decoder)) (bool, error)
	// commit writes the changed rows of tx in one transaction, durably. A
	// *statementError means that nothing was written; after any other error
	// nobody knows.
	commit(ctx context.Context, tx *Tx) error
	// join makes this process a node, within a locked transaction.
	join(ctx context.Context, tx *Tx, name string) error
	// review says which other nodes are to be taken for dead, within a locked
	// transaction, and revives this one if it was taken for that.
	review(ctx context.Context, tx *Tx) (dead []int64, revived bool, err error)
	// assign writes who owns lanes, and bury ends a node.
	assign(ctx context.Context, lanes []int, node int64) error
	bury(ctx context.Context, node int64) error
	// newsFor says whether other nodes have left something, or have moved.
	newsFor(ctx context.Context, m *Members) (bool, error)
	// reconnect opens a lost connection anew and says whether the transaction
	// under way when it was lost has been committed.
	reconnect(ctx context.Context) (committed bool, err error)
	// hints is how nodes call each other; nil where they do not.
	hints() *hints
	// newest is the newest position in the callback log.
	newest(ctx context.Context) (uint64, error)
	// now is the time of transactions.
	now() time.Time
	lanes() int
	close() error
}

// statementError is a statement's failure before the commit.
type statementError struct{ error }

func (e *statementError) Unwrap() error { return e.error }

// Limits of the writer.
const (
	// queueLength bounds the operations that wait: some 200 ms of work at the
	// measured 20,000 operations a second. More is refused as overload.
	queueLength = 4096
	// batchSize bounds one transaction, so that the first caller in it does
	// not wait for a thousand others.
	batchSize = 512
)

// Open opens the store at opts.URL and makes or upgrades its tables. One process
// works on a SQLite file at a time. On PostgreSQL there may be many; those that
// carry messages Join.
func Open(ctx context.Context, opts Options) (*DB, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Node == "" {
		opts.Node = nodeName()
	}
	if opts.Lease == 0 {
		opts.Lease = DefaultLease
	}
	var (
		e   engine
		err error
	)
	scheme, rest, _ := strings.Cut(opts.URL, ":")
	switch scheme {
	case "sqlite":
		e, err = openSQLite(rest)
		err = because(sqliteFault(err), err)
	case "postgres", "postgresql":
		e, err = openPostgres(ctx, opts)
	default:
		return nil, fmt.Errorf("store %q: want sqlite:PATH or postgres://…", scheme+":…")
	}
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	db := &DB{
		engine: e, opts: opts,
		queue: make(chan *pending, queueLength),
		wake:  make(chan struct{}, 1),
		stop:  make(chan struct{}), done: make(chan struct{}),
		tend: make(chan struct{}, 1),
	}
	if scheme == "sqlite" {
		db.space = &space{dir: filepath.Dir(rest), least: opts.MinFree, log: opts.Log}
	}
	db.members.Store(&Members{owners: make([]int64, e.lanes())})
	if db.head, err = e.newest(ctx); err == nil {
		if ahead := PositionTime(db.head).Sub(e.now()); ahead > time.Hour {
			err = fmt.Errorf("its newest record is %s ahead of the clock; set the clock", ahead.Round(time.Second))
		}
	}
	if err != nil {
		e.close()
		return nil, fmt.Errorf("open the store: %w", err)
	}
	db.tx = newTx(context.Background(), db)
	go db.write()
	return db, nil
}

// Close ends the writer after the operations that are already queued, and
// closes the files or connections.
func (db *DB) Close() error {
	db.leave()
	close(db.stop)
	<-db.done
	return db.engine.close()
}

// Now is the time as the store's transactions have it.
func (db *DB) Now() time.Time { return db.engine.now() }

// Members is who works on the store, as of the last transaction.
func (db *DB) Members() *Members { return db.members.Load() }

// Lanes is the number of lanes of this store: 1 on SQLite, which has one owner
// for ever, and gateway.Lanes on PostgreSQL.
func (db *DB) Lanes() int { return db.engine.lanes() }

// Lane is the lane of this store that holds the rows of an id.
func (db *DB) Lane(id gateway.ID) int { return int(id.Lane()) % db.engine.lanes() }

// Positions in the callback log are a hybrid clock: milliseconds and a count,
// so that "since 14:00" is a comparison.
const positionCount = 16

// PositionAt is the first position of the given time.
func PositionAt(t time.Time) uint64 {
	return uint64(max(t.UnixMilli(), 0)) << positionCount
}

// PositionTime is the time that a position was given at, in whole milliseconds.
func PositionTime(pos uint64) time.Time {
	return time.UnixMilli(int64(pos >> positionCount))
}
