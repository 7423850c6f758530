package store

import (
	"context"
	"errors"
	"time"
)

// errConflict: another node has committed since this one last looked. Nothing
// was written.
var errConflict = errors.New("another node has committed")

// lostError is the loss of the connection to the database.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

// errGivenUp: the store was closed while the database could not be reached.
var errGivenUp = errors.New("closed while the database was away")

// The pauses between attempts to reach the database again.
const (
	reconnectFirst = 100 * time.Millisecond
	reconnectCap   = time.Second
)

// recover waits for a database that cannot be reached. Whether the transaction
// that was under way has been committed is in this node's row: either it has,
// and then it is finished, or it is run again. Callers who have not been begun
// with are sent away meanwhile. It gives up only when the store is closed.
func (db *DB) recover(batch []*pending, tx *Tx, lost *lostError) error {
	db.down.Store(true)
	defer db.down.Store(false)
	db.opts.Log.Error("the database cannot be reached; trying again", "error", lost.error)
	begin := time.Now()
	for pause := reconnectFirst; ; pause = min(2*pause, reconnectCap) {
		committed, err := db.engine.reconnect(context.Background())
		if err == nil {
			db.opts.Log.Warn("the database is back", "after", time.Since(begin), "committed", committed)
			if committed {
				db.finish(tx, batch)
				return nil
			}
			return db.run(batch)
		}
		db.refuse()
		select {
		case <-time.After(pause):
		case <-db.stop:
			return errGivenUp
		}
	}
}

// refuse answers those who can come back later.
func (db *DB) refuse() {
	for {
		select {
		case p := <-db.queue:
			p.answer(ErrUnavailable)
		default:
			return
		}
	}
}
