package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// Law: whatever operations put, move, delete, read and take back, in whatever
// batches, they see the rows that a map would hold, and so does who reads
// beside the writer.
func TestRowsAreAMap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		var ids []gateway.ID
		for range 5 {
			ids = append(ids, gateway.NewID(7))
		}
		want := make(map[gateway.ID]store.Content)
		rapid.Check(t, func(t *rapid.T) {
			var answers sync.WaitGroup
			problems := make(chan error, 100)
			for range rapid.IntRange(1, 8).Draw(t, "operations") {
				refused := rapid.Bool().Draw(t, "refused")
				changes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) change {
					return change{
						rapid.IntRange(0, len(ids)-1).Draw(t, "id"), rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "value"), rapid.Bool().Draw(t, "moved"),
					}
				}), 1, 4).Draw(t, "changes")
				answers.Add(1)
				db.Submit(store.Op{Run: func(tx *store.Tx) error {
					return changeAll(tx, ids, want, changes, refused)
				}}, func(err error) {
					if err != nil && !errors.Is(err, errRefused) {
						problems <- err
					}
					answers.Done()
				})
			}
			answers.Wait()
			select {
			case err := <-problems:
				t.Fatal(err)
			default:
			}
			for _, id := range ids {
				got, found, err := db.Content(context.Background(), id)
				if row, ok := want[id]; err != nil || found != ok || !cmp.Equal(got, row) {
					t.Fatalf("beside the writer: %v %v %v, want %v %v", got, found, err, row, ok)
				}
			}
		})
	})
}

// change gives the row of an id a value; none deletes it. One that is moved gets
// it in a column as well that else never changes.
type change struct {
	id    int
	value string
	moved bool
}

// changeAll applies changes to the rows and, unless it is refused, to want. It
// is called on the writer's goroutine alone.
func changeAll(tx *store.Tx, ids []gateway.ID, want map[gateway.ID]store.Content, changes []change, refused bool) error {
	now := maps.Clone(want)
	for _, c := range changes {
		id := ids[c.id]
		got, found, err := tx.Contents.Get(id)
		if row, ok := now[id]; err != nil || found != ok || !cmp.Equal(got, row) {
			return fmt.Errorf("within an operation: %v %v %v, want %v %v", got, found, err, row, ok)
		}
		row := store.Content{ID: id, Body: got.Body, Metadata: c.value}
		if !found || c.moved {
			row.Body = []byte(c.value)
		}
		switch {
		case c.value == "":
			tx.Contents.Delete(id)
			delete(now, id)
			continue
		case c.moved:
			tx.Contents.Move(row)
		default:
			tx.Contents.Put(row)
		}
		now[id] = row
	}
	if refused {
		return errRefused
	}
	clear(want)
	maps.Copy(want, now)
	return nil
}

// More rows than are kept in memory are found and changed all the same.
func TestManyRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, e storetest.Engine) {
		db := storetest.Open(t, e.URL(t))
		var rows []store.Message
		app := gateway.NewID(1)
		for i := range 5000 {
			rows = append(rows, message(app, byte(i)))
		}
		step := func(n int, do func(tx *store.Tx, m *store.Message) error) {
			for i := 0; i < len(rows); i += n {
				apply(t, db, func(tx *store.Tx) error {
					for j := i; j < min(i+n, len(rows)); j++ {
						if err := do(tx, &rows[j]); err != nil {
							return err
						}
					}
					return nil
				})
			}
		}
		step(700, func(tx *store.Tx, m *store.Message) error { tx.PutMessage(*m); return nil })
		step(300, func(tx *store.Tx, m *store.Message) error {
			got, found, err := tx.Message(m.ID)
			if diff := cmp.Diff(*m, got); err != nil || !found || diff != "" {
				return fmt.Errorf("%v %v %s", found, err, diff)
			}
			m.Channel, m.State.Attempt = "WHATSAPP", 4
			tx.PutMessage(*m)
			return nil
		})
		for _, m := range rows {
			got, found, err := db.Message(context.Background(), m.ID)
			if diff := cmp.Diff(m, got); err != nil || !found || diff != "" {
				t.Fatalf("%v %v %s", found, err, diff)
			}
		}
	})
}
