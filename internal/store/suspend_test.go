package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// While PostgreSQL's disk is full, what can be refused is refused with the
// reason, and what is owed waits and happens once it does. SQLite's part of it
// is tested on full disks, in test/process.
func TestPostgresIsFull(t *testing.T) {
	ctx := context.Background()
	url := storetest.Postgres(t)
	db := storetest.Open(t, url)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, statement := range []string{
		"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = 'disk_full'; END $$",
		"CREATE TRIGGER refuse BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION refuse()",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	refused, owed := message(gateway.NewID(1), 1), message(gateway.NewID(1), 2)
	put := func(m store.Message) store.Op {
		return store.Op{Run: func(tx *store.Tx) error { tx.PutMessage(m); return nil }}
	}
	done := make(chan error, 1)
	db.Submit(put(owed), func(err error) { done <- err })
	if err := db.Apply(ctx, put(refused)); !errors.Is(err, store.ErrFull) {
		t.Errorf("an operation that can be refused: %v, want ErrFull", err)
	}
	if err := db.Fault(); !errors.Is(err, store.ErrFull) {
		t.Errorf("the fault is %v, want ErrFull", err)
	}
	if _, err := conn.Exec(ctx, "DROP TRIGGER refuse ON message"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("what was owed: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("what was owed has not happened")
	}
	for m, want := range map[*store.Message]bool{&refused: false, &owed: true} {
		if _, found, err := db.Message(ctx, m.ID); found != want || err != nil {
			t.Errorf("message %s is stored: %v, %v; want %v", m.ID, found, err, want)
		}
	}
	if err := db.Apply(ctx, put(refused)); err != nil {
		t.Errorf("an operation afterwards: %v", err)
	}
}
