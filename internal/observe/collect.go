package observe

import (
	"math"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What is read at a scrape and counted nowhere. The functions given here are
// called at every scrape, from any goroutine, and must be quick: they may take
// a lock that work needs only for as long as it takes to copy a few numbers.
// Each registers once and panics when its name is taken.

// GaugeQueue registers the depth of a queue under its owner's name for it.
func (m *Metrics) GaugeQueue(name string, depth func() float64) {
	m.gauge("queue_depth", "Entries waiting in a queue.", prometheus.Labels{"queue": name}, depth)
}

// GaugeOldest registers when the oldest entry of a queue came; zero for an
// empty one.
func (m *Metrics) GaugeOldest(name string, oldest func() time.Time) {
	m.gauge("queue_oldest_age_seconds", "Age of the oldest entry of a queue, 0 for an empty one.", prometheus.Labels{"queue": name},
		func() float64 { return age(oldest()) })
}

// GaugeBuild registers what runs here.
func (m *Metrics) GaugeBuild(version string) {
	m.gauge("build_info", "Always 1; the labels say what runs.", prometheus.Labels{"version": version, "goversion": runtime.Version()},
		func() float64 { return 1 })
}

// GaugeDisk registers the size of the file system that a file lies on. It is
// NaN, which no alert takes for a figure, when it is not known.
func (m *Metrics) GaugeDisk(path string) {
	dir := filepath.Dir(path)
	m.gauge("store_disk_size_bytes", "Size of the store's disk.", nil, func() float64 {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil {
			return math.NaN()
		}
		return float64(s.Blocks) * float64(s.Bsize)
	})
}

func (m *Metrics) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "switchyard_" + name, Help: help, ConstLabels: labels}, value))
}

// age is how long ago something was, in seconds; 0 for the zero time.
func age(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(0, time.Since(t).Seconds())
}

// Channel is how the accounts of one channel stand.
type Channel struct {
	Name    string
	Waiting int       // messages that wait for an attempt
	Oldest  time.Time // since when the oldest of them waits; zero for none
	// Accounts counts them by state: "active", "pending" (nothing sent yet),
	// "paused" (over the provider's rate) and "failing" (refused by it).
	Accounts map[string]int
}

// CollectChannels registers the accounts' queues and states.
func (m *Metrics) CollectChannels(channels func() []Channel) {
	m.registry.MustRegister(&channelCollector{channels,
		describe("outbound_depth", "Messages waiting for an attempt on a channel.", "channel"),
		describe("outbound_oldest_age_seconds", "How long the oldest of them waits.", "channel"),
		describe("accounts", "Credentials of a channel by state.", "channel", "state")})
}

type channelCollector struct {
	read                      func() []Channel
	depth, oldest, accountsBy *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *channelCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.depth
	out <- c.oldest
	out <- c.accountsBy
}

// Collect implements prometheus.Collector.
func (c *channelCollector) Collect(out chan<- prometheus.Metric) {
	for _, ch := range c.read() {
		out <- gaugeOf(c.depth, float64(ch.Waiting), ch.Name)
		out <- gaugeOf(c.oldest, age(ch.Oldest), ch.Name)
		for state, n := range ch.Accounts {
			out <- gaugeOf(c.accountsBy, float64(n), ch.Name, state)
		}
	}
}

// Webhooks is how the delivery to all of them stands. They have no series of
// their own: there are as many as customers care to make.
type Webhooks struct {
	Oldest time.Time // when the oldest callback that waits was stored; zero for none
	Behind int       // webhooks with callbacks that only the log has
}

// CollectWebhooks registers how the delivery of callbacks stands.
func (m *Metrics) CollectWebhooks(webhooks func() Webhooks) {
	m.registry.MustRegister(&webhookCollector{webhooks,
		describe("callback_oldest_age_seconds", "Age of the oldest callback that is not delivered."),
		describe("webhooks_behind", "Webhooks with more callbacks than are held in memory.")})
}

type webhookCollector struct {
	read           func() Webhooks
	oldest, behind *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *webhookCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.oldest
	out <- c.behind
}

// Collect implements prometheus.Collector.
func (c *webhookCollector) Collect(out chan<- prometheus.Metric) {
	w := c.read()
	out <- gaugeOf(c.oldest, age(w.Oldest))
	out <- gaugeOf(c.behind, float64(w.Behind))
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("switchyard_"+name, help, labels, nil)
}

func gaugeOf(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
