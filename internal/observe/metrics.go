package observe

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are the gateway's own; the package comment lists their names. Owners
// use the fields directly.
type Metrics struct {
	Accepted         prometheus.Counter
	Attempts         *prometheus.CounterVec // channel, verdict
	Reports          *prometheus.CounterVec // channel, status
	Inbound          *prometheus.CounterVec // channel
	Duplicates       prometheus.Counter
	Callbacks        *prometheus.CounterVec // outcome
	CallbackDuration prometheus.Histogram   // seconds
	BreakersOpen     prometheus.Gauge
	CommitBatch      prometheus.Histogram // operations
	CommitDuration   prometheus.Histogram // seconds
	AcceptToSubmit   prometheus.Histogram // seconds
	EventToWebhook   prometheus.Histogram // seconds
	LanesOwned       prometheus.Gauge
	NodesLive        prometheus.Gauge
	LeaseChanges     *prometheus.CounterVec // change
	Handoffs         *prometheus.CounterVec // kind

	registry prometheus.Registerer
}

// NewMetrics makes the metrics and registers them, with those of the Go runtime
// and the process, in registry. It panics when called twice for one registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		Accepted:         counter("messages_accepted_total", "Messages accepted by the API."),
		Attempts:         counters("attempts_total", "Finished attempts on a channel.", "channel", "verdict"),
		Reports:          counters("reports_total", "Delivery reports received from providers.", "channel", "status"),
		Inbound:          counters("inbound_total", "Messages and events received from contacts.", "channel"),
		Duplicates:       counter("duplicate_deliveries_total", "Messages that reached, or may reach, a person over two channels."),
		Callbacks:        counters("callbacks_total", "Posts to webhooks.", "outcome"),
		CallbackDuration: histogram("callback_duration_seconds", "Duration of one post to a webhook.", latencies()),
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
		registry:       registry,
	}
	registry.MustRegister(
		m.Accepted, m.Attempts, m.Reports, m.Inbound, m.Duplicates, m.Callbacks, m.CallbackDuration, m.BreakersOpen,
		m.CommitBatch, m.CommitDuration, m.AcceptToSubmit, m.EventToWebhook,
		m.LanesOwned, m.NodesLive, m.LeaseChanges, m.Handoffs,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// GaugeQueue registers the depth of a queue under its owner's name for it.
// depth is called at every scrape, from any goroutine, and must be quick. It
// panics when the name is taken.
func (m *Metrics) GaugeQueue(name string, depth func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "switchyard_queue_depth",
		Help:        "Entries waiting in a queue.",
		ConstLabels: prometheus.Labels{"queue": name},
	}, depth))
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

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "switchyard_" + name, Help: help, Buckets: buckets})
}

// latencies span a commit on a fast disk to the limit of a post: 1 ms to 33 s.
func latencies() []float64 { return prometheus.ExponentialBuckets(0.001, 2, 16) }

// batchSizes end at the writer's limit of 512 operations in one transaction.
func batchSizes() []float64 { return prometheus.ExponentialBuckets(1, 2, 10) }
