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
	"strings"
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
	// ErrOwned: another process works on this store.
	ErrOwned = errors.New("another process works on this store")
)

// Options of Open. The zero value is good for tests.
type Options struct {
	// URL is "sqlite:PATH", "sqlite::memory:" is not supported, or
	// "postgres://…".
	URL string
	// Node names this process in the owner's row; "" is host and pid.
	Node string
	// Failed is called once if a commit fails. The process has to end then:
	// what is on disk is only known after a new start.
	Failed func(error)
	// Observe is told of each commit: the operations in it and how long the
	// batch took. It may be nil.
	Observe func(operations int, took time.Duration)
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
	head   uint64        // the last position given, of the writer alone
}

// engine is what differs between SQLite and PostgreSQL.
type engine interface {
	reader
	// load fills tx's wanted rows: at once in one round trip, or nothing where
	// single loads are cheap.
	load(ctx context.Context, tx *Tx) error
	// get loads one row by key, for what was not wanted beforehand.
	get(ctx context.Context, t *schema, bind func(encoder), scan func(decoder)) (bool, error)
	// commit writes the changed rows of tx in one transaction, durably. A
	// *statementError means that nothing was written; after any other error
	// nobody knows.
	commit(ctx context.Context, tx *Tx) error
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

// Open opens the store at opts.URL, makes or upgrades its tables and takes
// ownership: one process works on a store at a time.
func Open(ctx context.Context, opts Options) (*DB, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Node == "" {
		opts.Node = nodeName()
	}
	var (
		e   engine
		own owner
		err error
	)
	scheme, rest, _ := strings.Cut(opts.URL, ":")
	switch scheme {
	case "sqlite":
		e, own, err = openSQLite(rest, opts.Node)
	case "postgres", "postgresql":
		e, own, err = openPostgres(ctx, opts.URL, opts.Node)
	default:
		return nil, fmt.Errorf("store %q: want sqlite:PATH or postgres://…", scheme+":…")
	}
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	db := &DB{
		engine: e, opts: opts, head: own.head,
		queue: make(chan *pending, queueLength),
		wake:  make(chan struct{}, 1),
		stop:  make(chan struct{}), done: make(chan struct{}),
	}
	if ahead := time.Until(PositionTime(own.head)); ahead > time.Hour {
		e.close()
		return nil, fmt.Errorf("open the store: its newest record is %s ahead of this machine's clock; set the clock", ahead.Round(time.Second))
	}
	go db.write()
	return db, nil
}

// Close ends the writer after the operations that are already queued, and
// closes the files or connections.
func (db *DB) Close() error {
	close(db.stop)
	<-db.done
	return db.engine.close()
}

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
