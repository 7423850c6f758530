package store_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// The WAL starts anew beside a writer that always has work, and whose
// transactions begin with reading: it does not grow with all that is written.
func TestTheWALStaysShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "switchyard.db")
	db, err := store.Open(context.Background(), store.Options{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const (
		rows = 3000
		size = 64 << 10
	)
	room := make(chan struct{}, 64)
	var answers sync.WaitGroup
	for range rows {
		room <- struct{}{}
		answers.Add(1)
		db.Submit(store.Op{Run: func(tx *store.Tx) error {
			id := gateway.NewID(0)
			if _, _, err := tx.Contents.Get(id); err != nil {
				return err
			}
			tx.Contents.Put(store.Content{ID: id, Body: make([]byte, size)})
			return nil
		}}, func(err error) {
			if err != nil {
				t.Error(err)
			}
			<-room
			answers.Done()
		})
	}
	answers.Wait()
	wal, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if written := int64(rows * size); wal.Size() > written*3/4 {
		t.Errorf("the WAL has %d MiB after %d MiB were written", wal.Size()>>20, written>>20)
	}
}
