package store

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// How the WAL file is kept short, in its pages of 4 KiB.
const (
	// checkpointPages is when a checkpoint begins: rare enough that a page which
	// changes often is copied once for many changes.
	checkpointPages = 8_000
	// checkpointRest is how many pages may be left to the last pass, for which
	// the writer waits: some milliseconds.
	checkpointRest = 400
	// checkpointPasses bounds the passes beside a writer that is as fast as
	// they are.
	checkpointPasses = 8
	// checkpointBackstop is when the writer does it itself, as SQLite has it:
	// the checkpointer does not keep up or is held up by a reader.
	checkpointBackstop = 64_000
	// walKept is what the file is cut down to after a time in which it had
	// to grow, in bytes.
	walKept = 128 << 20
)

// checkpointCheck is how many rows are written between two looks at the length
// of the WAL.
const checkpointCheck = 500

// checkpointer copies the pages of the WAL into the database file, on a
// connection of its own, so that no commit waits while they are written and
// synced. Only the last few pages, after which the WAL starts anew, are copied
// while the writer waits: otherwise it would never be done beside a writer that
// always has work.
type checkpointer struct {
	conn *sqlite.Conn
	// file is the database once more, to sync what a pass has written. Closing
	// it drops the locks that this process has on the database, a law of POSIX:
	// it comes last.
	file *os.File
	// gate is held by the writer while it has a transaction.
	gate *sync.Mutex
	// broken is told of an error after which the process must not go on.
	broken func(error) error

	rows int // written since the last look, of the writer alone
	wake chan struct{}
	stop chan struct{}
	done chan struct{}
}

func openCheckpointer(path string, gate *sync.Mutex, broken func(error) error) (_ *checkpointer, err error) {
	c := &checkpointer{gate: gate, broken: broken, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	if c.file, err = os.Open(path); err != nil {
		return nil, err
	}
	if c.conn, err = openSQLiteConn(path, sqlite.OpenReadWrite|sqlite.OpenWAL); err != nil {
		c.file.Close()
		return nil, err
	}
	c.conn.SetBusyTimeout(0) // never wait for a reader while the writer waits for us
	go c.run()
	return c, nil
}

// end returns when no checkpoint is under way any more.
func (c *checkpointer) end() {
	close(c.stop)
	<-c.done
}

// wrote is called by the writer after each commit.
func (c *checkpointer) wrote(rows int) {
	if c.rows += rows; c.rows < checkpointCheck {
		return
	}
	c.rows = 0
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run() {
	defer close(c.done)
	for {
		select {
		case <-c.wake:
		case <-c.stop:
			return
		}
		// A disk that is full or busy now concerns the writer sooner or later,
		// and it says so.
		if err := c.checkpoint(); err != nil && errors.Is(sqliteFault(err), ErrDamaged) {
			_ = c.broken(because(ErrDamaged, err)) // the writer returns it
			return
		}
	}
}

// checkpoint copies what the WAL holds if that is much.
func (c *checkpointer) checkpoint() error {
	before, err := c.pass("NOOP")
	if err != nil || before.length-before.copied < checkpointPages {
		return err
	}
	for range checkpointPasses {
		now, err := c.pass("PASSIVE")
		if err != nil {
			return err
		}
		left := now.length - now.copied
		if left > 0 && now.copied == before.copied {
			return nil // a reader is in the way
		}
		// SQLite syncs the file only when nothing is left, which the writer would
		// have to wait for in the last pass. Most of it is done here.
		if left > 0 {
			if err := c.file.Sync(); err != nil {
				return &syncError{err}
			}
		}
		before = now
		if left <= checkpointRest {
			break
		}
	}
	// Even if nothing is left: the transaction that is open now began before, and
	// adds its pages at the end.
	c.gate.Lock()
	defer c.gate.Unlock()
	_, err = c.pass("PASSIVE")
	return err
}

// walState is the length of the WAL, and how much of it is copied, in pages.
type walState struct{ length, copied int }

// pass copies what it can without waiting for anybody; NOOP only looks.
func (c *checkpointer) pass(mode string) (wal walState, err error) {
	err = sqlitex.Execute(c.conn, "PRAGMA wal_checkpoint("+mode+")", &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error {
			wal = walState{s.ColumnInt(1), s.ColumnInt(2)}
			return nil
		},
	})
	if err != nil {
		return wal, fmt.Errorf("checkpoint: %w", err)
	}
	return wal, nil
}
