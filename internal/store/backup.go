package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// The pace of a backup: a step of 1 MiB, then a pause as long as the step took,
// so that a gateway beside it keeps most of the disk; and what has been written
// is synced in pieces, since one sync of all of it would hold up the gateway's.
const (
	backupStep = 256 // pages
	backupSync = 32  // steps
)

// Backup copies the SQLite store at url into a new file, beside a gateway that
// may be running on it. The copy is the store at the moment when Backup began;
// until it ends, the gateway's WAL file grows. The new file is complete and on
// disk when it is there, and only its owner may read it: it holds secrets.
func Backup(ctx context.Context, url, to string) (bytes int64, err error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return 0, errors.New("a store on PostgreSQL is backed up with pg_dump or pg_basebackup")
	}
	if err := absent(to); err != nil {
		return 0, err
	}
	if _, err := os.Stat(path); err != nil {
		return 0, err
	}
	source, err := openSQLiteConn(path, sqlite.OpenReadOnly|sqlite.OpenWAL)
	if err != nil {
		return 0, because(sqliteFault(err), err)
	}
	defer source.Close()
	// One read transaction for all of it: without it the copying would begin
	// again with each commit of the gateway.
	for _, statement := range []string{"BEGIN", "SELECT count(*) FROM migration"} {
		if err := sqlitex.ExecuteTransient(source, statement, nil); err != nil {
			return 0, because(sqliteFault(err), err)
		}
	}
	copied, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.partial")
	if err != nil {
		return 0, err
	}
	defer func() {
		copied.Close()
		if err != nil {
			os.Remove(copied.Name())
		}
	}()
	if err := copyPages(ctx, source, copied); err != nil {
		return 0, because(sqliteFault(err), err)
	}
	info, err := copied.Stat()
	if err != nil {
		return 0, err
	}
	if err := absent(to); err != nil {
		return 0, err
	}
	return info.Size(), install(copied, to)
}

func absent(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return fmt.Errorf("%s exists already", path)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	return nil
}

// copyPages copies a database into an empty file.
func copyPages(ctx context.Context, source *sqlite.Conn, into *os.File) (err error) {
	target, err := sqlite.OpenConn(into.Name(), sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer func() {
		if closed := target.Close(); err == nil {
			err = closed
		}
	}()
	for _, pragma := range []string{"journal_mode = OFF", "synchronous = OFF"} { // a copy that fails is thrown away
		if err := sqlitex.ExecuteTransient(target, "PRAGMA "+pragma, nil); err != nil {
			return err
		}
	}
	backup, err := sqlite.NewBackup(target, "main", source, "main")
	if err != nil {
		return err
	}
	defer backup.Close()
	for n := 1; ; n++ {
		begin := time.Now()
		more, err := backup.Step(backupStep)
		if err != nil || !more {
			return err
		}
		if n%backupSync == 0 {
			if err := into.Sync(); err != nil {
				return err
			}
		}
		select {
		case <-time.After(time.Since(begin)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// install gives a file that is written its name, so that after a power cut the
// name stands for the whole of it or for what it stood for before.
func install(f *os.File, path string) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Restore makes a backup the store at url. The backup is checked as a whole
// first. A store that a gateway works on is never replaced, and one that is
// there only if force is set.
func Restore(from, url string, force bool) (err error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return errors.New("a store on PostgreSQL is restored with pg_restore, psql or a base backup")
	}
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := lockFile(lock); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := absent(path); err != nil && !force {
		return fmt.Errorf("%w; --force replaces it", err)
	}
	if wal, err := os.Stat(from + "-wal"); err == nil && wal.Size() > 0 {
		return fmt.Errorf("%s-wal lies beside it: %s is a store in use and no backup", from, from)
	}
	copied, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial")
	if err != nil {
		return err
	}
	defer func() {
		copied.Close()
		if err != nil {
			removeSQLite(copied.Name())
		}
	}()
	if err := copyFile(from, copied); err != nil {
		return err
	}
	if err := checkBackup(copied.Name()); err != nil {
		return fmt.Errorf("%s: %w", from, because(sqliteFault(err), err))
	}
	if err := removeWAL(path); err != nil {
		return err
	}
	return install(copied, path)
}

func copyFile(from string, into *os.File) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = io.Copy(into, source)
	return err
}

// checkBackup reads every page, and wants a schema that this version knows.
func checkBackup(path string) (err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer func() {
		if closed := conn.Close(); err == nil {
			err = closed
		}
	}()
	var found []string
	err = sqlitex.ExecuteTransient(conn, "PRAGMA integrity_check(1)", &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { found = append(found, s.ColumnText(0)); return nil },
	})
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0] != "ok" {
		return because(ErrDamaged, errors.New(strings.Join(found, "; ")))
	}
	done, err := doneMigrations(conn)
	if err != nil {
		return fmt.Errorf("no store of a gateway: %w", err)
	}
	return knownMigrations(done)
}

// removeWAL removes the files beside a store that is to be replaced: with
// another database, they would be taken for its newest part. What they hold is
// copied into the store first, if it can be, so that it stays whole should this
// process end before it is replaced.
func removeWAL(path string) error {
	if _, err := os.Stat(path); err == nil {
		if old, err := openSQLiteConn(path, sqlite.OpenReadWrite|sqlite.OpenWAL); err == nil {
			_ = old.Close() // a damaged one is what backups are for
		}
	}
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + beside); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}

func removeSQLite(path string) {
	for _, beside := range []string{"", "-wal", "-shm"} {
		os.Remove(path + beside)
	}
}
