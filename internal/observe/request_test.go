package observe_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/internal/observe"
)

// A status becomes one of few values, whatever an endpoint or an adapter says.
func TestStatusesAreFewLabels(t *testing.T) {
	for status, want := range map[int]string{0: "none", 99: "none", 100: "1xx", 204: "2xx", 302: "3xx", 429: "4xx", 503: "5xx", 600: "none", -1: "none"} {
		if got := observe.StatusClass(status); got != want {
			t.Errorf("%d is %q, want %q", status, got, want)
		}
	}
	registry := prometheus.NewRegistry()
	m := observe.NewMetrics(registry)
	for _, status := range []int{-1, 0, 7, 600, 999, 1 << 20} {
		m.Answered("/", "GET", status, time.Millisecond)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "switchyard_http_requests_total" && len(f.GetMetric()) != 1 {
			t.Errorf("%d series for statuses that there are not", len(f.GetMetric()))
		}
	}
}

// BenchmarkAnswered is what counting costs a request.
func BenchmarkAnswered(b *testing.B) {
	m := observe.NewMetrics(prometheus.NewRegistry())
	b.ReportAllocs()
	for b.Loop() {
		m.Answered("/v1/projects/*/messages:send", "POST", 200, time.Millisecond)
	}
}
