package process

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"switchyard/internal/sim/graph"
	"switchyard/internal/sim/smsc"
	"switchyard/internal/store/storetest"
)

// What must not be in a trace: what was written, to whom, and secrets.
const (
	tracedText   = "the code is 4711"
	tracedNumber = "46733000001"
	hookPassword = "hook-password"
)

// collecting is an OpenTelemetry collector.
type collecting struct {
	*httptest.Server
	t testing.TB

	mu    sync.Mutex
	raw   bytes.Buffer
	about []string // attributes of the resources
	spans []*otlp.Span
}

func collect(t testing.TB) *collecting {
	c := &collecting{t: t}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP takes OTLP over HTTP.
func (c *collecting) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the gateway was killed while it wrote
	}
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("X-Tenant") != "mine" {
		c.t.Errorf("request to %s with headers %v: %v", r.URL.Path, r.Header, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, resource := range request.ResourceSpans {
		for _, a := range resource.Resource.Attributes {
			c.about = append(c.about, a.Key+"="+a.Value.GetStringValue())
		}
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// env is what a gateway needs to export here.
func (c *collecting) env() []string {
	return []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_HEADERS=x-tenant=mine",
		"OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test", "OTEL_BSP_SCHEDULE_DELAY=50",
	}
}

// of lists the spans of a trace in words: name, parent's name, and the values of
// the attributes that tell them apart. Equal ones are one: a callback may be
// posted again when its lane moves.
func (c *collecting) of(trace string) (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make(map[string]string)
	for _, s := range c.spans {
		names[hex.EncodeToString(s.SpanId)] = s.Name
	}
	for _, s := range c.spans {
		if hex.EncodeToString(s.TraceId) != trace {
			continue
		}
		parent := hex.EncodeToString(s.ParentSpanId)
		if name, ours := names[parent]; ours {
			parent = name
		}
		line := fmt.Sprintf("%s < %s (%s)", s.Name, parent, strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_")))
		for _, key := range []string{"channel", "verdict", "status", "trigger", "http.response.status_code"} {
			for _, a := range s.Attributes {
				if a.Key == key {
					line += fmt.Sprint(" ", a.Value.GetStringValue())
					if n := a.Value.GetIntValue(); n != 0 {
						line += fmt.Sprint(n)
					}
				}
			}
		}
		for _, l := range s.Links {
			line += " from " + names[hex.EncodeToString(l.SpanId)]
		}
		list = append(list, line)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// await waits for the whole trace of a message over WhatsApp that was delivered.
func (c *collecting) await(trace, caller string) {
	c.t.Helper()
	want := []string{
		"POST /v1/projects/*/messages:send < " + caller + " (server) 200",
		"accept message < POST /v1/projects/*/messages:send (internal)",
		"delivery report < accept message (consumer) WHATSAPP DELIVERED from POST /channels/{app}/{channel}",
		"delivery report < accept message (consumer) WHATSAPP QUEUED_ON_CHANNEL from POST /channels/{app}/{channel}",
		"post callback < delivery report (client) MESSAGE_DELIVERY 200",
		"post callback < send message (client) MESSAGE_DELIVERY 200",
		"post callback < send message (client) MESSAGE_SUBMIT 200",
		"send message < accept message (client) WHATSAPP accepted",
	}
	until(c.t, 10*time.Second, func() bool { return cmp.Equal(want, c.of(trace)) },
		func() string { return "spans (-want +got):\n" + cmp.Diff(want, c.of(trace)) })
}

// tracedScene is a gateway with WhatsApp and a webhook that keeps what
// traceparent it was sent. Reports come once they are let.
type tracedScene struct {
	*gateway
	ledger   *ledger
	platform *graph.Server
	app      string

	mu      sync.Mutex
	parents []string
}

func newTracedScene(t testing.TB, store string, env ...string) *tracedScene {
	s := &tracedScene{ledger: newLedger(t)}
	var whatsapp object
	s.platform, whatsapp = whatsApp(t, graph.Config{NoRead: true})
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(closed.Close)
	s.platform.SetCallbackURL(closed.URL)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.parents = append(s.parents, r.Header.Get("traceparent"))
		s.mu.Unlock()
		s.ledger.ServeHTTP(w, r)
	}))
	t.Cleanup(hook.Close)
	s.gateway = serve(t, store, env...)
	var app struct{ ID string }
	s.must(http.MethodPost, "apps", object{"display_name": "traced", "channel_credentials": []object{whatsapp}}, &app)
	s.app = app.ID
	s.must(http.MethodPost, "webhooks", object{
		"app_id": s.app, "target": strings.Replace(hook.URL, "http://", "http://me:"+hookPassword+"@", 1), "target_type": "HTTP",
		"secret": "hook-secret", "triggers": []string{"MESSAGE_SUBMIT", "MESSAGE_DELIVERY"},
	}, nil)
	return s
}

// sqlite names a new store.
func sqlite(t testing.TB) string { return "sqlite:" + t.TempDir() + "/traced.db" }

func (s *tracedScene) send(header ...string) string {
	s.t.Helper()
	var accepted struct {
		MessageID string `json:"message_id"`
	}
	s.must(http.MethodPost, "messages:send", object{
		"app_id": s.app, "recipient": object{"identified_by": object{"channel_identities": []object{{"channel": "WHATSAPP", "identity": tracedNumber}}}},
		"message": object{"text_message": object{"text": tracedText}},
	}, &accepted, header...)
	return accepted.MessageID
}

// letReport lets the platform reach the gateway.
func (s *tracedScene) letReport() {
	s.platform.SetCallbackURL(s.api + "/channels/" + s.app + "/WHATSAPP")
}

// told waits until the customer has been told a status of a message.
func (s *tracedScene) told(id, status string) {
	s.t.Helper()
	until(s.t, 20*time.Second, func() bool {
		s.ledger.mu.Lock()
		defer s.ledger.mu.Unlock()
		return count(s.ledger.told[id], status, "WHATSAPP") > 0
	}, func() string { return fmt.Sprintf("message %s was never told %s", id, status) })
}

// One trace leads from the caller over the API and the channel to the webhook,
// through a restart between the submission and the report.
func TestTrace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine storetest.Engine) { traceOne(t, engine.URL(t)) })
}

func traceOne(t *testing.T, store string) {
	const trace, caller = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	c := collect(t)
	s := newTracedScene(t, store, c.env()...)
	id := s.send("traceparent", "00-"+trace+"-"+caller+"-01")
	s.told(id, "QUEUED_ON_CHANNEL")
	if code, took := s.terminate(); code != 0 {
		t.Errorf("ended with %d after %s", code, took)
	}
	s.start()
	s.letReport()
	s.told(id, "DELIVERED")
	c.await(trace, caller)

	c.mu.Lock()
	defer c.mu.Unlock()
	posts := make(map[string]bool)
	for _, span := range c.spans {
		if span.Name == "post callback" {
			posts["00-"+hex.EncodeToString(span.TraceId)+"-"+hex.EncodeToString(span.SpanId)+"-01"] = true
		}
	}
	if len(s.parents) != 3 {
		t.Errorf("the webhook was called with %q", s.parents)
	}
	for _, parent := range s.parents {
		if !posts[parent] {
			t.Errorf("the webhook was sent traceparent %q, which is no span", parent)
		}
	}
	for _, want := range []string{"service.name=switchyard", "deployment.environment.name=test"} {
		if !slices.Contains(c.about, want) {
			t.Errorf("the resource lacks %s: %q", want, c.about)
		}
	}
	if !bytes.Contains(c.raw.Bytes(), []byte(id)) {
		t.Error("no span names the message")
	}
	for _, secret := range []string{tracedText, tracedNumber, hookPassword, "hook-secret", keySecret, accessToken, appSecret} {
		if bytes.Contains(c.raw.Bytes(), []byte(secret)) {
			t.Errorf("the traces contain %q", secret)
		}
	}
}

// The trace is one also where one node accepts, another takes the reports, and
// the lane is the work of either.
func TestTraceOverNodes(t *testing.T) {
	const trace, caller = "4bf92f3577b34da6a3ce929d0e0e47%02x", "00f067aa0ba902b7"
	for _, engine := range storetest.Engines()[1:] { // SQLite has one node
		store := engine.URL(t)
		c := collect(t)
		s := newTracedScene(t, store, c.env()...)
		first, second := s.gateway, serve(t, store, c.env()...)
		s.gateway = second
		var ids []string
		for i := range 8 {
			ids = append(ids, s.send("traceparent", "00-"+fmt.Sprintf(trace, i)+"-"+caller+"-01"))
			s.told(ids[i], "QUEUED_ON_CHANNEL")
		}
		s.gateway = first
		s.letReport()
		for i, id := range ids {
			s.told(id, "DELIVERED")
			c.await(fmt.Sprintf(trace, i), caller)
		}
		if owned := first.scrape()["switchyard_lanes_owned"]; owned == 0 || owned+second.scrape()["switchyard_lanes_owned"] != 256 {
			t.Errorf("the first node owns %v lanes", owned)
		}
	}
}

// What people write is a trace too, from the provider's connection to the webhook.
func TestTraceInbound(t *testing.T) {
	c := collect(t)
	s := newTracedScene(t, sqlite(t), c.env()...)
	centre, sms := messageCentre(t, smsc.Config{})
	var app struct{ ID string }
	s.must(http.MethodPost, "apps", object{"display_name": "SMS", "channel_credentials": []object{sms}}, &app)
	hook := httptest.NewServer(s.ledger)
	t.Cleanup(hook.Close)
	s.must(http.MethodPost, "webhooks", object{"app_id": app.ID, "target": hook.URL, "target_type": "HTTP", "triggers": []string{"MESSAGE_INBOUND"}}, nil)
	until(t, 20*time.Second, func() bool { return centre.Sessions() > 0 }, func() string { return "no bind" })
	if err := centre.Inbound(t.Context(), smsc.Inbound{From: tracedNumber, To: "12345", Text: tracedText}); err != nil {
		t.Fatal(err)
	}
	want := []string{"post callback < receive from channel (client) MESSAGE_INBOUND 200", "receive from channel <  (consumer) SMS"}
	var got []string
	until(t, 20*time.Second, func() bool {
		c.mu.Lock()
		var trace string
		for _, span := range c.spans {
			if span.Name == "receive from channel" {
				trace = hex.EncodeToString(span.TraceId)
			}
		}
		c.mu.Unlock()
		got = c.of(trace)
		return cmp.Equal(want, got)
	}, func() string { return "spans (-want +got):\n" + cmp.Diff(want, got) })
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, secret := range []string{tracedText, tracedNumber} {
		if bytes.Contains(c.raw.Bytes(), []byte(secret)) {
			t.Errorf("the traces contain %q", secret)
		}
	}
}

// A caller that does not sample decides for the whole message.
func TestTraceNotSampled(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4737"
	c := collect(t)
	s := newTracedScene(t, sqlite(t), c.env()...)
	s.letReport()
	s.told(s.send("traceparent", "00-"+trace+"-00f067aa0ba902b7-00"), "DELIVERED")
	s.terminate() // which exports the rest
	if got := c.of(trace); len(got) > 0 {
		t.Errorf("spans %q", got)
	}
	for _, parent := range s.parents {
		if !strings.HasPrefix(parent, "00-"+trace+"-") || !strings.HasSuffix(parent, "-00") {
			t.Errorf("the webhook was sent traceparent %q", parent)
		}
	}
}

// Without an endpoint, and where traces are turned off, there are none.
func TestTraceOff(t *testing.T) {
	c := collect(t)
	for name, env := range map[string][]string{
		"no endpoint":  {"OTEL_SERVICE_NAME=x", "OTEL_TRACES_SAMPLER=always_on"},
		"no exporter":  append(c.env(), "OTEL_TRACES_EXPORTER=none"),
		"SDK disabled": append(c.env(), "OTEL_SDK_DISABLED=true"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newTracedScene(t, sqlite(t), env...)
			s.letReport()
			s.told(s.send("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), "DELIVERED")
			s.terminate()
			if got := strings.Join(s.parents, ""); got != "" {
				t.Errorf("the webhook was sent traceparents %q", s.parents)
			}
		})
	}
	if len(c.spans) > 0 {
		t.Errorf("exported: %v", c.spans)
	}
}

// A collector that takes connections and never answers, or is not there, costs
// spans and neither time nor messages.
func TestTraceCollectorAway(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, address := range map[string]string{"silent": silent.Addr().String(), "not there": freeAddress(t)} {
		t.Run(name, func(t *testing.T) {
			s := newTracedScene(t, sqlite(t), "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+address, "OTEL_BSP_SCHEDULE_DELAY=10",
				"OTEL_BSP_MAX_QUEUE_SIZE=8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4")
			s.letReport()
			var ids []string
			began := time.Now()
			for range 100 {
				ids = append(ids, s.send())
			}
			for _, id := range ids {
				s.told(id, "DELIVERED")
			}
			// One export lasts up to 10 s: whatever waited for one would show.
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("100 messages took %s", took)
			}
			if code, took := s.terminate(); code != 0 || took > 10*time.Second {
				t.Errorf("ended with %d after %s", code, took)
			}
		})
	}
}

// What cannot be exported to is refused by its name, without its value.
func TestTraceWrongSettings(t *testing.T) {
	for setting, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318/secret":     "OTEL_EXPORTER_OTLP_ENDPOINT: want http://HOST:PORT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=grpc://collector/s": "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: want http://HOST:PORT",
	} {
		_, stderr, code := run(t, []string{setting, "SWITCHYARD_LISTEN=127.0.0.1:0", "SWITCHYARD_ADMIN_LISTEN=127.0.0.1:0"}, "serve")
		if code != 2 || !strings.Contains(stderr, want) || strings.Contains(stderr, "secret") {
			t.Errorf("%s: exit code %d, %q", setting, code, stderr)
		}
	}
	_, stderr, code := run(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
		"SWITCHYARD_LISTEN=127.0.0.1:0", "SWITCHYARD_ADMIN_LISTEN=127.0.0.1:0"}, "serve")
	if code != 2 || !strings.Contains(stderr, `OTEL_EXPORTER_OTLP_PROTOCOL "grpc": want http/protobuf`) {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
