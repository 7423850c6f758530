package observe_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"switchyard/internal/observe"
)

func get(t *testing.T, mux http.Handler, path string) (status int, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestReadiness(t *testing.T) {
	var health observe.Health
	mux := observe.AdminMux(&health, prometheus.NewRegistry())
	for _, ready := range []bool{false, true, false} {
		health.SetReady(ready)
		want := http.StatusServiceUnavailable
		if ready {
			want = http.StatusOK
		}
		if got, _ := get(t, mux, "/readyz"); got != want || health.Ready() != ready {
			t.Errorf("ready %v: status %d, want %d", ready, got, want)
		}
		if got, _ := get(t, mux, "/healthz"); got != http.StatusOK {
			t.Errorf("ready %v: /healthz answers %d", ready, got)
		}
	}
}

func TestAdminPages(t *testing.T) {
	mux := observe.AdminMux(new(observe.Health), prometheus.NewRegistry())
	for path, want := range map[string]int{
		"/debug/pprof/":                   200,
		"/debug/pprof/cmdline":            200,
		"/debug/pprof/goroutine?debug=1":  200,
		"/debug/pprof/heap":               200,
		"/debug/pprof/symbol":             200,
		"/debug/pprof/trace?seconds=0.01": 200,
		"/metrics":                        200,
		"/":                               404,
		"/debug":                          404,
	} {
		if got, _ := get(t, mux, path); got != want {
			t.Errorf("%s answers %d, want %d", path, got, want)
		}
	}
}

// observeEverything gives each metric a value, so that it is exposed.
func observeEverything(m *observe.Metrics) {
	m.Accepted.Inc()
	m.Attempts.WithLabelValues("SMS", "retry").Inc()
	m.AttemptDuration.WithLabelValues("SMS").Observe(0.1)
	m.InDoubt.WithLabelValues("SMS").Inc()
	m.Reports.WithLabelValues("SMS", "DELIVERED").Inc()
	m.Inbound.WithLabelValues("SMS").Inc()
	m.Answered("/v1/projects/*/apps", "GET", 200, time.Millisecond)
	m.Refusals.WithLabelValues("NOT_FOUND").Inc()
	m.Callbacks.WithLabelValues("delivered", observe.StatusClass(204)).Inc()
	m.Dropped.WithLabelValues("expired").Inc()
	m.BreakerTransitions.WithLabelValues("OPEN").Inc()
	m.DeadlineLateness.Observe(0.001)
	m.CallbackDuration.Observe(0.02)
	m.BreakersOpen.Set(2)
	m.CommitBatch.Observe(64)
	m.CommitDuration.Observe(0.002)
	m.AcceptToSubmit.Observe(0.01)
	m.EventToWebhook.Observe((20 * time.Millisecond).Seconds())
	m.LanesOwned.Set(256)
	m.NodesLive.Set(1)
	m.LeaseChanges.WithLabelValues("gained").Add(256)
	m.Handoffs.WithLabelValues("callback").Inc()
	m.Expired.WithLabelValues("message").Inc()
	m.GaugeQueue("writer", func() float64 { return 7 })
	m.GaugeQueue("lane", func() float64 { return 8 })
	m.GaugeOldest("writer", func() time.Time { return time.Now().Add(-time.Minute) })
	m.GaugeOldest("lane", func() time.Time { return time.Time{} })
	m.GaugeBuild("v1.2.3")
	m.GaugeDisk("/store.db")
	m.CollectChannels(func() []observe.Channel {
		return []observe.Channel{{Name: "SMS", Waiting: 3, Accounts: map[string]int{"failing": 1}}}
	})
	m.CollectWebhooks(func() observe.Webhooks { return observe.Webhooks{Behind: 4} })
	m.GaugeStore(func() error { return errors.New("full") }, func() (uint64, bool) { return 9, true })
}

// A fault of the store and what an operator should see to are told with their
// reasons.
func TestReadinessGivesReasons(t *testing.T) {
	var fault, warning error
	health := &observe.Health{Fault: func() error { return fault }, Warning: func() error { return warning }}
	health.SetReady(true)
	mux := observe.AdminMux(health, prometheus.NewRegistry())
	for _, tt := range []struct {
		fault, warning error
		status         int
		text           string
	}{
		{nil, nil, 200, "ready\n"},
		{nil, errors.New("little room"), 200, "ready, but little room\n"},
		{errors.New("no room"), errors.New("little room"), 503, "not ready: no room\n"},
	} {
		fault, warning = tt.fault, tt.warning
		if status, text := get(t, mux, "/readyz"); status != tt.status || text != tt.text {
			t.Errorf("%v, %v: %d %q, want %d %q", tt.fault, tt.warning, status, text, tt.status, tt.text)
		}
	}
}

func TestMetricsAreServed(t *testing.T) {
	registry := prometheus.NewRegistry()
	observeEverything(observe.NewMetrics(registry))
	_, body := get(t, observe.AdminMux(new(observe.Health), registry), "/metrics")
	for _, line := range []string{
		"switchyard_messages_accepted_total 1",
		`switchyard_attempts_total{channel="SMS",verdict="retry"} 1`,
		`switchyard_reports_total{channel="SMS",status="DELIVERED"} 1`,
		`switchyard_callbacks_total{outcome="delivered",status="2xx"} 1`,
		`switchyard_http_requests_total{method="GET",route="/v1/projects/*/apps",status="200"} 1`,
		`switchyard_outbound_depth{channel="SMS"} 3`,
		`switchyard_outbound_oldest_age_seconds{channel="SMS"} 0`,
		`switchyard_accounts{channel="SMS",state="failing"} 1`,
		"switchyard_webhooks_behind 4",
		"switchyard_callback_oldest_age_seconds 0",
		`switchyard_queue_oldest_age_seconds{queue="lane"} 0`,
		`switchyard_queue_oldest_age_seconds{queue="writer"} 60.`,
		`switchyard_callback_duration_seconds_bucket{le="0.032"} 1`,
		`switchyard_commit_batch_operations_bucket{le="64"} 1`,
		`switchyard_queue_depth{queue="writer"} 7`,
		`switchyard_queue_depth{queue="lane"} 8`,
		"switchyard_breakers_open 2",
		"switchyard_store_fault 1",
		"switchyard_store_free_bytes 9",
		"go_goroutines ",
		"process_open_fds ",
	} {
		if !strings.Contains(body, "\n"+line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

// The package comment is where operators are sent to: it lists what there is,
// with the labels, and nothing else.
func TestDocumentedMetricsAreTheRealOnes(t *testing.T) {
	registry := prometheus.NewRegistry()
	observeEverything(observe.NewMetrics(registry))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "switchyard_") {
			continue
		}
		var labels []string
		for _, pair := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, pair.GetName())
		}
		text := family.GetName()
		if len(labels) > 0 {
			text += "{" + strings.Join(labels, ",") + "}"
		}
		got = append(got, text)
	}
	source, err := os.ReadFile("observe.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, match := range regexp.MustCompile(`(?m)^//\t(switchyard_\S+)`).FindAllSubmatch(source, -1) {
		want = append(want, string(match[1]))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documented (-), registered (+):\n%s", diff)
	}
}
