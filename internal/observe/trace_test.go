package observe

import (
	"context"
	"net/http/httptest"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// Law: what is written of a span leads back to it, in another process too.
func TestTraceparentLeadsBack(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	t1 := newTracing(sdk.WithSyncer(spans))
	_, first := t1.Start(t.Context(), trace.SpanKindInternal, "first")
	text := Traceparent(first)
	first.End()
	later := t1.StartUnder(text, "", trace.SpanKindClient, "later")
	later.End()
	got := spans.GetSpans()
	if len(got) != 2 || got[1].Parent.SpanID() != got[0].SpanContext.SpanID() || got[1].SpanContext.TraceID() != got[0].SpanContext.TraceID() {
		t.Errorf("%q led to %+v", text, got)
	}
}

// What is no traceparent is no parent, and no reason to fail.
func TestTraceparentUnreadable(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tracing := newTracing(sdk.WithSyncer(spans))
	for _, text := range []string{"", "x", "00-0-0-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"} {
		tracing.StartUnder(text, text, trace.SpanKindClient, "root").End()
	}
	for _, span := range spans.GetSpans() {
		if span.Parent.IsValid() || len(span.Links) > 0 || !span.SpanContext.IsValid() {
			t.Errorf("span %+v", span)
		}
	}
	if n := len(spans.GetSpans()); n != 4 {
		t.Errorf("%d spans", n)
	}
}

// useTracing is what one message costs in calls.
func useTracing(tracing *Tracing) {
	r, span := tracing.StartRequest(httptest.NewRequest("POST", "/", nil), true)
	useSpans(r.Context(), tracing)
	EndRequest(span, "/", "POST", 200)
}

func useSpans(ctx context.Context, tracing *Tracing) {
	ctx, accept := tracing.Start(ctx, trace.SpanKindInternal, "accept")
	parent := tracing.Traceparent(ctx)
	accept.End()
	send := tracing.StartUnder(parent, "", trace.SpanKindClient, "send")
	post := tracing.StartUnder(Traceparent(send), "", trace.SpanKindClient, "post")
	post.End()
	send.End()
}

// Off is free.
func TestNoTracingAllocatesNothing(t *testing.T) {
	var off *Tracing
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { useSpans(ctx, off) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	useTracing(off)
	off.Stop(ctx)
}

// BenchmarkTracing is the spans of one message, without attributes.
func BenchmarkTracing(b *testing.B) {
	for name, tracing := range map[string]*Tracing{
		"off":         nil,
		"not sampled": newTracing(sdk.WithSampler(sdk.NeverSample())),
		"on":          newTracing(sdk.WithBatcher(tracetest.NewNoopExporter())),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				useSpans(b.Context(), tracing)
			}
		})
	}
}
