package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"switchyard/internal/store"
)

func isSQLite(store string) bool { return strings.HasPrefix(store, "sqlite:") }

// newPlace makes an empty store beside the given one, which stays as it is: on
// SQLite a file in the same directory, on PostgreSQL a schema in the same
// database. remove deletes it with all that was stored.
func newPlace(ctx context.Context, at string) (place string, remove func() error, err error) {
	if path, ok := strings.CutPrefix(at, "sqlite:"); ok {
		dir, err := os.MkdirTemp(filepath.Dir(path), "switchyard-bench")
		return "sqlite:" + filepath.Join(dir, "bench.db"), func() error { return os.RemoveAll(dir) }, err
	}
	u, err := url.Parse(at)
	if err != nil {
		return "", nil, errors.New("the postgres URL cannot be read") // its own words may hold the password
	}
	dir, err := os.MkdirTemp("", "bench") // for a name that no other run has
	if err != nil {
		return "", nil, err
	}
	if err := os.Remove(dir); err != nil {
		return "", nil, err
	}
	schema := "switchyard_" + filepath.Base(dir)
	execute := func(ctx context.Context, statement string) error {
		conn, err := pgx.Connect(ctx, at)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statement)
		return err
	}
	if err := execute(ctx, "CREATE SCHEMA "+schema); err != nil {
		return "", nil, err
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	// Not ctx: what was made goes also when the run was interrupted.
	return u.String(), func() error { return execute(context.Background(), "DROP SCHEMA "+schema+" CASCADE") }, nil
}

// rest brings a PostgreSQL that was filled just now to the state of one that has
// had its rows for long, as closing it does with SQLite: the work that follows a
// great many inserts is done, and not beside what is measured.
func rest(ctx context.Context, store string) error {
	conn, err := pgx.Connect(ctx, store)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()")
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "VACUUM (ANALYZE) "+strings.Join(tables, ", ")); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CHECKPOINT")
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "42501" {
		return nil // for superusers only: it will come by itself
	}
	return err
}

// seedBatch is how many rows of a kind are written in one transaction.
const seedBatch = 2000

// seed calls put n times, many in a transaction, while no gateway works on the
// store.
func seed(ctx context.Context, db *store.DB, n int, put func(tx *store.Tx, i int)) error {
	for begin := 0; begin < n; begin += seedBatch {
		end := min(n, begin+seedBatch)
		err := db.Apply(ctx, store.Op{Run: func(tx *store.Tx) error {
			for i := begin; i < end; i++ {
				put(tx, i)
			}
			return nil
		}})
		if err != nil {
			return fmt.Errorf("seed the store: %w", err)
		}
	}
	return nil
}
