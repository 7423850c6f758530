package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"zombiezen.com/go/sqlite"
)

// What an error means depends on when it comes: an fsync that fails, or damage,
// is never taken for a fault that passes.
func TestFaultsOfSQLite(t *testing.T) {
	for _, tt := range []struct {
		code         sqlite.ResultCode
		before, upon error // of a commit
	}{
		{sqlite.ResultFull, ErrFull, ErrFull},
		{sqlite.ResultIOErrWrite, ErrUnwritable, ErrUnwritable},
		{sqlite.ResultReadOnly, ErrUnwritable, ErrUnwritable},
		{sqlite.ResultReadOnlyDBMoved, ErrUnwritable, ErrUnwritable},
		{sqlite.ResultIOErrSHMSize, ErrFull, nil},
		{sqlite.ResultBusy, ErrUnwritable, nil},
		{sqlite.ResultIOErrFsync, ErrDamaged, nil},
		{sqlite.ResultIOErrRead, ErrDamaged, nil},
		{sqlite.ResultCorrupt, ErrDamaged, nil},
		{sqlite.ResultNotADB, ErrDamaged, nil},
		{sqlite.ResultConstraintUnique, nil, nil},
	} {
		err := tt.code.ToError()
		if got := sqliteFault(err); got != tt.before {
			t.Errorf("%v before a commit: %v, want %v", tt.code, got, tt.before)
		}
		if got := sqliteCommitFault(err); got != tt.upon {
			t.Errorf("%v of a commit: %v, want %v", tt.code, got, tt.upon)
		}
	}
	for code, want := range map[string]error{"53100": ErrFull, "23505": nil} {
		if got := postgresFault(&pgconn.PgError{Code: code}); got != want {
			t.Errorf("PostgreSQL's %s: %v, want %v", code, got, want)
		}
	}
}

// A store that is broken takes nothing any more, says why, and leaves its files
// as they are: the WAL is what the next start goes by.
func TestABrokenStoreIsLeftAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "switchyard.db")
	failed := make(chan error, 1)
	db, err := Open(context.Background(), Options{URL: "sqlite:" + path, Failed: func(err error) { failed <- err }})
	if err != nil {
		t.Fatal(err)
	}
	put := Op{Run: func(tx *Tx) error { tx.Settings.Put(Setting{Name: "a", Value: []byte("b")}); return nil }}
	if err := db.Apply(context.Background(), put); err != nil {
		t.Fatal(err)
	}
	planted := &syncError{errors.New("planted")}
	_ = db.engine.(*sqliteEngine).breakDown(planted)
	if err := db.Apply(context.Background(), put); !errors.Is(err, ErrClosed) {
		t.Errorf("an operation on a broken store: %v, want ErrClosed", err)
	}
	if err := <-failed; !errors.Is(err, planted) {
		t.Errorf("it failed with %v, want %v", err, planted)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Errorf("the WAL after the end: %v", err)
	}
}
