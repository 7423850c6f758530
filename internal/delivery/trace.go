package delivery

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"switchyard/convapi"
	"switchyard/internal/observe"
	"switchyard/internal/webhook"
)

// startSpan begins the span of a post, under what the callback tells of, and
// names it to the endpoint.
func (h *hook) startSpan(j *job) trace.Span {
	c := &j.entry.callback
	span := h.d.cfg.Tracing.StartUnder(c.Trace, "", trace.SpanKindClient, "post callback")
	j.request.Traceparent = observe.Traceparent(span)
	if !span.IsRecording() {
		return span
	}
	span.SetAttributes(attribute.String("app_id", c.App.String()), attribute.String("callback_id", j.request.ID))
	if !h.direct {
		span.SetAttributes(attribute.String("webhook_id", h.id.String()))
	}
	if all := convapi.Triggers(); c.Trigger >= 0 && c.Trigger < len(all) {
		trigger := all[c.Trigger]
		span.SetAttributes(attribute.String("trigger", string(trigger)))
		if trigger == convapi.TriggerMessageDelivery || trigger == convapi.TriggerMessageSubmit {
			span.SetAttributes(attribute.String("message_id", c.Message.String()))
		}
	}
	return span
}

// endSpan ends the span of a post.
func endSpan(span trace.Span, out webhook.Outcome) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("outcome", out.Class.String()))
		if out.Status != 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", out.Status))
		}
		if out.Class != webhook.Delivered {
			span.SetStatus(codes.Error, "") // its text is in the log
		}
	}
	span.End()
}
