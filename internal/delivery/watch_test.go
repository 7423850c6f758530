package delivery_test

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
)

// What failed is in the log and in the metrics; what is secret in a URL is in
// neither.
func TestFailuresAreSeen(t *testing.T) {
	var lines bytes.Buffer
	registry := prometheus.NewRegistry()
	cfg := delivery.Config{Log: slog.New(slog.NewTextHandler(&lines, nil)), Metrics: observe.NewMetrics(registry)}
	inTime(t, cfg, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		e := w.endpoint("a")
		e.answers(always(503))
		hook := w.webhook(app, "a")
		hook.URL = "http://user:password@a/path?token=query"
		w.set(hook)
		for range 10 {
			w.deliver(app, gateway.NewID(2))
		}
		time.Sleep(time.Second)
		want := map[string]float64{
			"switchyard_breakers_open": 1, "switchyard_callbacks_total retry 5xx": 10,
			"switchyard_queue_depth callbacks_waiting": 10, "switchyard_queue_depth callbacks_in_retry": 10,
			"switchyard_breaker_transitions_total OPEN": 1, "switchyard_callback_oldest_age_seconds": 1, "switchyard_webhooks_behind": 0,
		}
		if diff := cmp.Diff(want, gather(t, registry)); diff != "" {
			t.Errorf("failing: %s", diff)
		}
		e.answers(nil)
		time.Sleep(time.Minute)
		want = map[string]float64{
			"switchyard_breakers_open": 0, "switchyard_callbacks_total retry 5xx": 10, "switchyard_callbacks_total delivered 2xx": 10,
			"switchyard_queue_depth callbacks_waiting": 0, "switchyard_queue_depth callbacks_in_retry": 0,
			"switchyard_breaker_transitions_total OPEN": 1, "switchyard_breaker_transitions_total HALF_OPEN": 1,
			"switchyard_breaker_transitions_total CLOSED": 1, "switchyard_callback_oldest_age_seconds": 0, "switchyard_webhooks_behind": 0,
		}
		if diff := cmp.Diff(want, gather(t, registry)); diff != "" {
			t.Errorf("recovered: %s", diff)
		}
	})
	text := lines.String()
	for want, times := range map[string]int{"callback attempt failed": 10, "breaker opened": 1, "breaker closed": 1, "host=a": 12, "status=503": 11} {
		if got := strings.Count(text, want); got != times {
			t.Errorf("%q is in the log %d times, want %d", want, got, times)
		}
	}
	for _, secret := range []string{"password", "query", "path"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log contains %q", secret)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// What only the log has counts too, with its age, and what is given up.
func TestABacklogIsSeen(t *testing.T) {
	registry := prometheus.NewRegistry()
	inTime(t, delivery.Config{Metrics: observe.NewMetrics(registry), Window: 4}, func(t *testing.T, w *world) {
		app := gateway.NewID(1)
		w.endpoint("a").answers(always(503))
		w.webhook(app, "a")
		for range 30 {
			w.deliver(app, gateway.NewID(2))
		}
		time.Sleep(time.Hour)
		got := gather(t, registry)
		if got["switchyard_webhooks_behind"] != 1 || got["switchyard_callback_oldest_age_seconds"] != 3600 || got["switchyard_queue_depth callbacks_waiting"] > 4 {
			t.Errorf("after an hour: %v", got)
		}
		time.Sleep(48 * time.Hour)
		got = gather(t, registry)
		if got["switchyard_callbacks_dropped_total expired"] != 30 || got["switchyard_webhooks_behind"] != 0 || got["switchyard_callback_oldest_age_seconds"] != 0 {
			t.Errorf("after two days: %v", got)
		}
	})
}

// gather gives the delivery's own counters and gauges.
func gather(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for _, f := range families {
		switch f.GetName() {
		case "switchyard_breakers_open", "switchyard_callbacks_total", "switchyard_queue_depth", "switchyard_callbacks_dropped_total",
			"switchyard_breaker_transitions_total", "switchyard_callback_oldest_age_seconds", "switchyard_webhooks_behind":
		default:
			continue
		}
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			values[name] = math.Round(m.GetCounter().GetValue() + m.GetGauge().GetValue())
		}
	}
	return values
}
