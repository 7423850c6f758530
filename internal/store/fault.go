package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"zombiezen.com/go/sqlite"
)

// Faults of the disk. After ErrFull and ErrUnwritable nothing of the batch is
// written and the store tries again by itself; after ErrDamaged the process
// has to end.
var (
	// ErrFull: there is no room on the disk.
	ErrFull = errors.New("the disk is full")
	// ErrUnwritable: the disk takes no writes, as one that has become
	// read-only, or another program holds the file.
	ErrUnwritable = errors.New("the store cannot be written")
	// ErrDamaged: what is on disk cannot be read or is no longer what was
	// written.
	ErrDamaged = errors.New("the store is damaged or its disk has failed; check the disk and restore a backup if need be")
	// ErrLowSpace: less than Options.MinFree is left; new messages are refused
	// so that what is under way can still be recorded.
	ErrLowSpace = errors.New("the disk is almost full")
)

// Passing says whether an error is one that may pass without a new start.
func Passing(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, ErrUnwritable) || errors.Is(err, ErrLowSpace)
}

// syncError is an fsync that failed: what the system has dropped is unknown.
type syncError struct{ error }

func (e *syncError) Unwrap() error { return e.error }

// sqliteFault finds the fault behind an error of SQLite before a commit: what
// may pass, what is damaged, or nil for an error of the statement's own.
func sqliteFault(err error) error {
	if _, ok := errors.AsType[*syncError](err); ok {
		return ErrDamaged
	}
	switch code := sqlite.ErrCode(err); code {
	case sqlite.ResultIOErrSHMSize: // the file beside the WAL cannot grow
		return ErrFull
	case sqlite.ResultIOErrWrite, sqlite.ResultIOErrSHMOpen, sqlite.ResultIOErrSHMMap:
		return ErrUnwritable
	default:
		switch code.ToPrimary() {
		case sqlite.ResultFull:
			return ErrFull
		case sqlite.ResultReadOnly, sqlite.ResultPerm, sqlite.ResultCantOpen, sqlite.ResultBusy, sqlite.ResultLocked:
			return ErrUnwritable
		case sqlite.ResultCorrupt, sqlite.ResultNotADB, sqlite.ResultIOErr:
			return ErrDamaged
		}
	}
	return nil
}

// sqliteCommitFault is sqliteFault for COMMIT: what may pass, or nil. The frame
// that makes a transaction valid is the last that is written, so an error of
// writing comes before it; any other may come after, and then only a new start
// can tell what is on disk.
func sqliteCommitFault(err error) error {
	switch code := sqlite.ErrCode(err); {
	case code == sqlite.ResultFull:
		return ErrFull
	case code == sqlite.ResultIOErrWrite, code.ToPrimary() == sqlite.ResultReadOnly:
		return ErrUnwritable
	}
	return nil
}

// postgresDiskFull is PostgreSQL's error after which nothing of a transaction
// is left and the connection goes on.
const postgresDiskFull = "53100"

// postgresFault is ErrFull or nil.
func postgresFault(answer *pgconn.PgError) error {
	if answer.Code == postgresDiskFull {
		return ErrFull
	}
	return nil
}

// because names the fault first: that is what an operator has to know.
func because(fault, err error) error {
	if fault == nil || errors.Is(err, fault) {
		return err
	}
	return fmt.Errorf("%w: %w", fault, err)
}
