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

// While PostgreSQL takes no writes, what can be refused is refused with the
// reason, and what is owed waits and happens once it does. SQLite's part of it
// is tested on full disks, in test/process.
func TestPostgresTakesNoWrites(t *testing.T) {
	for _, tt := range []struct {
		code string
		want error
	}{{"53100", store.ErrFull}, {"25006", store.ErrUnwritable}} {
		t.Run(tt.code, func(t *testing.T) {
			ctx := context.Background()
			url := storetest.Postgres(t)
			db := storetest.Open(t, url)
			conn, err := pgx.Connect(ctx, url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			for _, statement := range []string{
				"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '" + tt.code + "'; END $$",
				"CREATE TRIGGER refuse BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION refuse()",
				"CREATE TRIGGER refuse BEFORE UPDATE ON owner FOR EACH ROW EXECUTE FUNCTION refuse()",
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
			if err := db.Apply(ctx, put(refused)); !errors.Is(err, tt.want) {
				t.Errorf("an operation that can be refused: %v, want %v", err, tt.want)
			}
			if err := db.Fault(); !errors.Is(err, tt.want) {
				t.Errorf("the fault is %v, want %v", err, tt.want)
			}
			for _, table := range []string{"message", "owner"} {
				if _, err := conn.Exec(ctx, "DROP TRIGGER refuse ON "+table); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("what was owed: %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("what was owed has not happened")
			}
			if err := db.Fault(); err != nil {
				t.Errorf("the fault is still %v", err)
			}
			if _, found, err := db.Message(ctx, refused.ID); found || err != nil {
				t.Errorf("what was refused is stored: %v, %v", found, err)
			}
			if _, found, err := db.Message(ctx, owed.ID); !found || err != nil {
				t.Errorf("what was owed is stored: %v, %v", found, err)
			}
		})
	}
}
