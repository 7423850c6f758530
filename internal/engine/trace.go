package engine

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"switchyard/internal/channel"
	"switchyard/internal/observe"
)

// A message's trace begins with the request that brings it or, where the caller
// has one, before. Its attempts and its reports are spans under its
// acceptance, whose traceparent is in its plan; callbacks carry that of what
// they tell of. Spans hold ids, names and states, never what was written or to
// whom.

// describe tells a span what was accepted.
func (s *send) describe(span trace.Span) {
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("message_id", s.resp.MessageID), attribute.String("app_id", s.app.resource.ID),
			attribute.Bool("replayed", s.replayed))
	}
}

// startSpan begins the attempt's span.
func (t *attempt) startSpan() trace.Span {
	span := t.account.engine.tracing.StartUnder(t.plan.Trace, "", trace.SpanKindClient, "send message")
	t.trace = observe.Traceparent(span)
	describeAccount(span, t.account)
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("message_id", t.row.ID.String()), attribute.Int("hop", t.hop), attribute.Int("attempt", t.number))
	}
	return span
}

// endSpan ends an attempt's span.
func endSpan(span trace.Span, failure *channel.Failure) {
	if span.IsRecording() {
		verdict := verdictOf(failure)
		span.SetAttributes(attribute.String("verdict", verdict))
		if failure != nil {
			span.SetAttributes(attribute.String("reason", string(failure.Reason.Code)))
			span.SetStatus(codes.Error, verdict)
		}
	}
	span.End()
}

// traceReport makes the span of a provider's word on the message, with the
// request that brought it as a link, and gives its traceparent. The operation
// may run again, so the span counts only after the commit.
func (c *change) traceReport(cause string, hop int, r channel.Report) string {
	span := c.engine.tracing.StartUnder(c.plan.Trace, cause, trace.SpanKindConsumer, "delivery report")
	if span.IsRecording() {
		span.SetAttributes(
			attribute.String("message_id", c.row.ID.String()), attribute.String("app_id", c.row.App.String()),
			attribute.String("channel", string(c.at(hop).Channel)), attribute.Int("hop", hop), attribute.String("status", string(r.Status)))
		c.tx.After(func() { span.End() })
	}
	return observe.Traceparent(span)
}

// describeAccount tells a span whose account it works with.
func describeAccount(span trace.Span, a *account) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("app_id", a.app.String()), attribute.String("channel", string(a.channel)))
	}
}
