package observe

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing makes the spans of a message's way through the gateway. A nil Tracing
// makes none, costs a comparison and allocates nothing. It is safe for
// concurrent use.
//
// What outlives a process, a message or a callback, keeps its place in a trace
// as a text: traceparent of W3C Trace Context, level 1, "" for none.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// The variables that decide whether there are traces; those that say where to
// and how are the SDK's.
const (
	envEndpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	envTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	envProtocol       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	envTracesProtocol = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	envExporter       = "OTEL_TRACES_EXPORTER"
	envDisabled       = "OTEL_SDK_DISABLED"
)

// NewTracing makes Tracing as the OTEL_* environment says: nil without an
// endpoint. Spans go out by OTLP over HTTP in the background; a collector that
// is slow or away costs spans and nothing else.
func NewTracing(ctx context.Context, version string, log *slog.Logger) (*Tracing, error) {
	on, err := TracingWanted()
	if !on || err != nil {
		return nil, err
	}
	otlp, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("export of traces: %w", err)
	}
	// The environment comes last and wins.
	about, err := resource.New(ctx,
		resource.WithHost(), resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "switchyard"), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return newTracing(sdk.WithBatcher(&exporter{SpanExporter: otlp, log: log}), sdk.WithResource(about)), nil
}

func newTracing(options ...sdk.TracerProviderOption) *Tracing {
	provider := sdk.NewTracerProvider(options...)
	return &Tracing{provider: provider, tracer: provider.Tracer("switchyard")}
}

// TracingWanted says whether the environment asks for traces, or what is wrong
// in it: by the name of the variable, for an endpoint may hold a password.
func TracingWanted() (bool, error) {
	name := envTracesEndpoint
	if os.Getenv(name) == "" {
		name = envEndpoint
	}
	endpoint := os.Getenv(name)
	if endpoint == "" || strings.EqualFold(os.Getenv(envDisabled), "true") || os.Getenv(envExporter) == "none" {
		return false, nil
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false, fmt.Errorf("%s: want http://HOST:PORT or https://…", name)
	}
	for _, name := range []string{envProtocol, envTracesProtocol} {
		if protocol := os.Getenv(name); protocol != "" && protocol != "http/protobuf" {
			return false, fmt.Errorf("%s %q: want http/protobuf", name, protocol)
		}
	}
	return true, nil
}

// Stop exports what is left, as long as ctx allows.
func (t *Tracing) Stop(ctx context.Context) {
	if t == nil {
		return
	}
	_ = t.provider.Shutdown(ctx) // the exporter has logged it
}

// Start begins a span under that of ctx, or a new trace. Give attributes to a
// span that is recording only, so that none are made in vain.
func (t *Tracing) Start(ctx context.Context, kind trace.SpanKind, name string) (context.Context, trace.Span) {
	if t == nil {
		return ctx, noSpan
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(kind))
}

// StartUnder begins a span under one that may be of an earlier process; without
// a parent it begins a new trace. cause, if any, is linked: a span of another
// trace that led to this one.
func (t *Tracing) StartUnder(parent, cause string, kind trace.SpanKind, name string) trace.Span {
	if t == nil {
		return noSpan
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(kind)}
	if linked := parseTraceparent(cause); linked.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: linked}))
	}
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), parseTraceparent(parent))
	_, span := t.tracer.Start(ctx, name, options...)
	return span
}

// StartRequest begins the span of an HTTP request: in the caller's trace, if it
// sends one and follow says so.
func (t *Tracing) StartRequest(r *http.Request, follow bool) (*http.Request, trace.Span) {
	if t == nil {
		return r, noSpan
	}
	ctx := r.Context()
	if follow {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, span := t.tracer.Start(ctx, "HTTP", trace.WithSpanKind(trace.SpanKindServer))
	return r.WithContext(ctx), span
}

// Traceparent is the text form of the span of ctx.
func (t *Tracing) Traceparent(ctx context.Context) string {
	if t == nil {
		return ""
	}
	return Traceparent(trace.SpanFromContext(ctx))
}

// noSpan records nothing.
var noSpan = trace.SpanFromContext(context.Background())

// Traceparent is the text form of a span: version, trace, span and flags in
// hex; "" for one that is in no trace.
func Traceparent(s trace.Span) string {
	c := s.SpanContext()
	if !c.IsValid() {
		return ""
	}
	id, span, text := c.TraceID(), c.SpanID(), [55]byte{}
	out := append(text[:0], "00-"...)
	out = append(hex.AppendEncode(out, id[:]), '-')
	out = append(hex.AppendEncode(out, span[:]), '-')
	return string(hex.AppendEncode(out, []byte{byte(c.TraceFlags() & trace.FlagsSampled)}))
}

// parseTraceparent reads what Traceparent has written; anything else is
// no parent.
func parseTraceparent(text string) trace.SpanContext {
	if text == "" {
		return trace.SpanContext{}
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": text})
	return trace.SpanContextFromContext(ctx)
}

// exporter logs what an exporter cannot do, at most once a minute, where the
// SDK would tell a handler that the whole process shares.
type exporter struct {
	sdk.SpanExporter
	log  *slog.Logger
	last atomic.Int64 // Unix seconds of the last line
}

// ExportSpans implements the SDK's SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	now, last := time.Now().Unix(), e.last.Load()
	if now-last >= 60 && e.last.CompareAndSwap(last, now) {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the URL
		}
		e.log.Warn("traces cannot be exported; spans are lost, messages are not", "error", err)
	}
	return nil // the SDK would only tell its own handler
}
