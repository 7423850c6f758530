// Package storetest gives a test a fresh store of either kind.
package storetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"switchyard/internal/store"
)

// PostgresEnv names the PostgreSQL that tests may make schemas in. Without it
// the tests run on SQLite alone; test/with-postgres sets it.
const PostgresEnv = "SWITCHYARD_TEST_POSTGRES"

// Engine is a kind of store.
type Engine struct {
	Name string
	// URL makes a new, empty store and gives its URL.
	URL func(testing.TB) string
}

// Engines are those that this run can test.
func Engines() []Engine {
	engines := []Engine{{"sqlite", SQLite}}
	if os.Getenv(PostgresEnv) != "" {
		engines = append(engines, Engine{"postgres", Postgres})
	}
	return engines
}

// Each runs f on every engine.
func Each(t *testing.T, f func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range Engines() {
		t.Run(e.Name, func(t *testing.T) { f(t, e) })
	}
}

// Open opens the store at url and closes it when the test ends. Its lease is
// long: a day of a bubble's time would be thousands of renewals.
func Open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{URL: url, Lease: time.Hour, Failed: func(err error) { t.Errorf("the store failed: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return db
}

// SQLite is the URL of a new file.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "switchyard.db")
}

var schemas atomic.Int64

// Postgres is the URL of a new schema, which is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	base := os.Getenv(PostgresEnv)
	if base == "" {
		t.Skip(PostgresEnv + " is not set")
	}
	name := fmt.Sprintf("t%d_%d_%d", os.Getpid(), time.Now().UnixNano()%1_000_000, schemas.Add(1))
	statement(t, base, "CREATE SCHEMA "+name)
	t.Cleanup(func() { statement(t, base, "DROP SCHEMA "+name+" CASCADE") })
	separator := "?"
	if strings.Contains(base, "?") {
		separator = "&"
	}
	return base + separator + "search_path=" + url.QueryEscape(name)
}

func statement(t testing.TB, url, sql string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatalf("connect to %s: %v", PostgresEnv, err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}
