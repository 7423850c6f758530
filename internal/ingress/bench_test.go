package ingress_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkInbound is a provider's signed callback with a message from a known
// contact until it is on disk, from 64 callers: no connection and no webhook.
func BenchmarkInbound(b *testing.B) {
	f := newFixture(b)
	var callers sync.WaitGroup
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	for range 64 {
		callers.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if got := f.do(http.MethodPost, whatsApp, inbound("111", fmt.Sprint("wamid.", n))); got.Code != http.StatusOK {
					b.Errorf("status %d: %s", got.Code, got.Body)
				}
			}
		})
	}
	callers.Wait()
	b.StopTimer()
}
