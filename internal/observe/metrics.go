package observe

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are the gateway's own; the package comment lists their names. Owners
// use the fields directly.
type Metrics struct {
	Accepted           prometheus.Counter
	Attempts           *prometheus.CounterVec   // channel, verdict
	AttemptDuration    *prometheus.HistogramVec // channel; seconds
	InDoubt            *prometheus.CounterVec   // channel
	Reports            *prometheus.CounterVec   // channel, status
	Inbound            *prometheus.CounterVec   // channel
	Duplicates         prometheus.Counter
	Requests           *prometheus.CounterVec   // route, method, status
	RequestDuration    *prometheus.HistogramVec // route, method; seconds
	Refusals           *prometheus.CounterVec   // status
	Callbacks          *prometheus.CounterVec   // outcome, status
	CallbackDuration   prometheus.Histogram     // seconds
	Dropped            *prometheus.CounterVec   // reason
	BreakersOpen       prometheus.Gauge
	BreakerTransitions *prometheus.CounterVec // to
	CommitBatch        prometheus.Histogram   // operations
	CommitDuration     prometheus.Histogram   // seconds
	CommitFailures     prometheus.Counter
	AcceptToSubmit     prometheus.Histogram // seconds
	EventToWebhook     prometheus.Histogram // seconds
	DeadlineLateness   prometheus.Histogram // seconds
	LanesOwned         prometheus.Gauge
	NodesLive          prometheus.Gauge
	LeaseChanges       *prometheus.CounterVec // change
	Handoffs           *prometheus.CounterVec // kind
	Expired            *prometheus.CounterVec // what
	LastSweep          prometheus.Gauge       // Unix seconds

	registry prometheus.Registerer
}

// NewMetrics makes the metrics and registers them, with those of the Go runtime
// and the process, in registry. It panics when called twice for one registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		Accepted:           counter("messages_accepted_total", "Messages accepted by the API."),
		Attempts:           counters("attempts_total", "Finished attempts on a channel.", "channel", "verdict"),
		AttemptDuration:    histograms("attempt_duration_seconds", "Duration of one attempt on a channel.", "channel"),
		InDoubt:            counters("messages_in_doubt_total", "Messages whose attempt ended without an answer.", "channel"),
		Reports:            counters("reports_total", "Delivery reports received from providers.", "channel", "status"),
		Inbound:            counters("inbound_total", "Messages and events received from contacts.", "channel"),
		Duplicates:         counter("duplicate_deliveries_total", "Messages that reached, or may reach, a person over two channels."),
		Requests:           counters("http_requests_total", "Requests to the API and providers' callbacks.", "route", "method", "status"),
		RequestDuration:    histograms("http_request_duration_seconds", "Duration of one request.", "route", "method"),
		Refusals:           counters("api_refusals_total", "Error answers of the API.", "status"),
		Callbacks:          counters("callbacks_total", "Posts to webhooks.", "outcome", "status"),
		CallbackDuration:   histogram("callback_duration_seconds", "Duration of one post to a webhook.", latencies()),
		Dropped:            counters("callbacks_dropped_total", "Callbacks given up.", "reason"),
		BreakerTransitions: counters("breaker_transitions_total", "Changes of a webhook's circuit breaker.", "to"),
		CommitFailures:     counter("commit_failures_total", "Transactions that failed."),
		DeadlineLateness:   histogram("deadline_lateness_seconds", "From a message's deadline to its being acted on.", latencies()),
		BreakersOpen: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "switchyard_breakers_open", Help: "Webhooks whose circuit breaker is not closed.",
		}),
		CommitBatch:    histogram("commit_batch_operations", "Operations in one transaction.", batchSizes()),
		CommitDuration: histogram("commit_duration_seconds", "Duration of one transaction.", latencies()),
		AcceptToSubmit: histogram("accept_to_submit_seconds", "From accepting a message to the provider taking it.", latencies()),
		EventToWebhook: histogram("event_to_webhook_seconds", "From storing an event to the webhook taking its callback.", latencies()),
		LanesOwned:     gauge("lanes_owned", "Lanes whose work this node does."),
		NodesLive:      gauge("nodes_live", "Nodes that work on the store, this one included."),
		LeaseChanges:   counters("lease_changes_total", "Lanes that came to this node or went.", "change"),
		Handoffs:       counters("handoffs_total", "What other nodes have left for this one.", "kind"),
		Expired:        counters("retention_deleted_total", "Rows that were deleted for their age.", "what"),
		LastSweep:      gauge("retention_last_sweep_timestamp_seconds", "When what is too old was last looked for everywhere; 0 before the first time."),
		registry:       registry,
	}
	registry.MustRegister(
		m.Accepted, m.Attempts, m.AttemptDuration, m.InDoubt, m.Reports, m.Inbound, m.Duplicates,
		m.Requests, m.RequestDuration, m.Refusals,
		m.Callbacks, m.CallbackDuration, m.Dropped, m.BreakersOpen, m.BreakerTransitions,
		m.CommitBatch, m.CommitDuration, m.CommitFailures, m.AcceptToSubmit, m.EventToWebhook, m.DeadlineLateness,
		m.LanesOwned, m.NodesLive, m.LeaseChanges, m.Handoffs, m.Expired, m.LastSweep,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// GaugeStore registers whether the store takes no writes, and the free space
// on its disk in bytes if that is known. Both are called at every scrape.
func (m *Metrics) GaugeStore(fault func() error, free func() (bytes uint64, known bool)) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "switchyard_store_fault", Help: "1 while the store takes no writes.",
	}, func() float64 {
		if fault() != nil {
			return 1
		}
		return 0
	}))
	if _, known := free(); known {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "switchyard_store_free_bytes", Help: "Free space on the store's disk.",
		}, func() float64 { bytes, _ := free(); return float64(bytes) }))
	}
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "switchyard_" + name, Help: help})
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: "switchyard_" + name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "switchyard_" + name, Help: help}, labels)
}

func histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "switchyard_" + name, Help: help, Buckets: latencies()}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "switchyard_" + name, Help: help, Buckets: buckets})
}

// latencies span a commit on a fast disk to the limit of a post: 1 ms to 33 s.
func latencies() []float64 { return prometheus.ExponentialBuckets(0.001, 2, 16) }

// batchSizes end at the writer's limit of 512 operations in one transaction.
func batchSizes() []float64 { return prometheus.ExponentialBuckets(1, 2, 10) }
