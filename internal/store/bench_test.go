package store_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
)

// Commit latencies as callers see them: at the rate that 200 messages a second
// bring, and as fast as 64 callers can. What a checkpoint does to commits shows
// in the 99th percentile only after some checkpoints: -benchtime 12000x.

func BenchmarkCommitPaced(b *testing.B) {
	const pause = time.Second / 600
	eachEngine(b, func(b *testing.B, w *workload) {
		latencies := make([]time.Duration, b.N)
		var wait sync.WaitGroup
		next := time.Now()
		b.ResetTimer()
		for i := range latencies {
			time.Sleep(time.Until(next))
			next = next.Add(pause)
			wait.Go(func() { latencies[i] = w.step() })
		}
		wait.Wait()
		report(b, latencies)
	})
}

func BenchmarkCommitFull(b *testing.B) {
	eachEngine(b, func(b *testing.B, w *workload) {
		latencies := make([]time.Duration, b.N)
		var next atomic.Int64
		var wait sync.WaitGroup
		b.ResetTimer()
		for range benchCallers {
			wait.Go(func() {
				for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
					latencies[i] = w.step()
				}
			})
		}
		wait.Wait()
		report(b, latencies)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	})
}

const (
	benchCallers = 64
	// benchStored is how many operations fill the store beforehand: in a small
	// one, all changes fall on the same few pages.
	benchStored = 150_000
)

func eachEngine(b *testing.B, run func(*testing.B, *workload)) {
	for _, e := range storetest.Engines() {
		b.Run(e.Name, func(b *testing.B) {
			w := &workload{b: b, db: storetest.Open(b, e.URL(b)), app: gateway.NewID(0)}
			var wait sync.WaitGroup
			for range benchCallers {
				wait.Go(func() {
					for range benchStored / benchCallers {
						w.step()
					}
				})
			}
			wait.Wait()
			run(b, w)
		})
	}
}

func report(b *testing.B, latencies []time.Duration) {
	slices.Sort(latencies)
	for name, part := range map[string]float64{"p50-ms": 0.50, "p99-ms": 0.99, "p99.9-ms": 0.999, "max-ms": 1} {
		b.ReportMetric(latencies[int(part*float64(len(latencies)-1))].Seconds()*1000, name)
	}
	b.ReportMetric(0, "ns/op")
}

// workload writes as a message does: a third of the operations store a new
// message, the others change an earlier one, and each has a callback.
type workload struct {
	b     *testing.B
	db    *store.DB
	app   gateway.ID
	steps atomic.Int64

	mu   sync.Mutex
	made []store.Message
}

var benchBody = make([]byte, 700) // bytes of a usual callback

// step does one operation and tells how long it took.
func (w *workload) step() time.Duration {
	n := w.steps.Add(1)
	w.mu.Lock()
	m := store.Message{}
	if n%3 != 0 && len(w.made) > 0 {
		m = w.made[max(0, len(w.made)-1-int(n%50))]
		m.State.Due = time.UnixMicro(m.State.Due.UnixMicro() + 1)
	} else {
		m = message(w.app, byte(n))
		w.made = append(w.made, m)
	}
	w.mu.Unlock()
	begin := time.Now()
	err := w.db.Apply(context.Background(), store.Op{
		Want: []func(*store.Tx){func(tx *store.Tx) { tx.WantMessage(m.ID) }},
		Run: func(tx *store.Tx) error {
			_, found, err := tx.Message(m.ID)
			if err != nil {
				return err
			}
			if !found {
				tx.Contents.Put(store.Content{ID: m.ID, Body: benchBody[:200]})
				tx.Seen.Put(store.Seen{RefKey: store.RefKey{Channel: "SMS", App: w.app, Ref: m.ID.String()}, At: tx.Now})
			}
			tx.PutMessage(m)
			tx.Append(store.Callback{App: w.app, Message: m.ID, At: tx.Now, Body: benchBody})
			return nil
		},
	})
	took := time.Since(begin)
	if err != nil {
		w.b.Error(err)
	}
	return took
}
