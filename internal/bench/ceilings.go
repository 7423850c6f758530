package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// ceilings is what the machine does without the gateway, in the same run.
type ceilings struct {
	posts   float64 // bare net/http posts a second to the same kind of sink
	commits float64 // durable commits a second, one after the other
}

func measureCeilings(ctx context.Context, cfg Config) (c ceilings, err error) {
	if c.posts, err = barePosts(ctx, cfg); err != nil {
		return c, err
	}
	c.commits, err = bareCommits(ctx, cfg)
	return c, err
}

// bodySize is about that of a callback.
const bodySize = 500

// barePosts posts from as many goroutines as the gateway has senders.
func barePosts(ctx context.Context, cfg Config) (float64, error) {
	url, stop, err := listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a body that breaks off breaks the post
		w.WriteHeader(http.StatusOK)
	}))
	if err != nil {
		return 0, err
	}
	defer stop()
	client := newClient(cfg.Concurrency)
	body := bytes.Repeat([]byte("x"), bodySize)
	var n atomic.Int64
	begin := time.Now()
	err = together(cfg.Concurrency, cfg.Duration, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err
		}
		n.Add(1)
		return res.Body.Close()
	})
	return float64(n.Load()) / time.Since(begin).Seconds(), err
}

// bareCommits writes one small row at a time to a store of the same kind.
func bareCommits(ctx context.Context, cfg Config) (float64, error) {
	url := cfg.Store
	if path, ok := strings.CutPrefix(cfg.Store, "sqlite:"); ok {
		dir, err := os.MkdirTemp(filepath.Dir(path), "bench")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir)
		url = "sqlite:" + filepath.Join(dir, "commits.db")
	}
	db, err := store.Open(ctx, store.Options{URL: url})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	n := 0
	begin := time.Now()
	for time.Since(begin) < cfg.Duration {
		id := gateway.NewID(0)
		if err := db.Apply(ctx, store.Op{Run: func(tx *store.Tx) error {
			tx.Settings.Put(store.Setting{Name: "bench", Value: id[:]})
			return nil
		}}); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

// together runs f in n goroutines over and over until the time is up or one fails.
func together(n int, d time.Duration, f func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	errs := make(chan error, n)
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() {
			for ctx.Err() == nil {
				if err := f(); err != nil {
					errs <- err
					cancel()
					return
				}
			}
		})
	}
	wait.Wait()
	select {
	case err := <-errs:
		return fmt.Errorf("load: %w", err)
	default:
		return nil
	}
}
