package observe

import (
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Other is the route and the method of a request that leads to no operation:
// what strangers ask for makes no series.
const Other = "other"

// Answered counts a request that was answered: route is the template of its
// path, method that of the route.
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	m.Requests.WithLabelValues(route, method, statusText(status)).Inc()
	m.RequestDuration.WithLabelValues(route, method).Observe(took.Seconds())
}

// statusText is an HTTP status as a label; what nobody answers is one value.
func statusText(status int) string {
	switch {
	case status == http.StatusOK:
		return "200"
	case status < 100 || status > 599: // an adapter's slip
		return Other
	}
	return strconv.Itoa(status)
}

// StatusClass is an HTTP status as a label of few values: "2xx" and so on,
// "none" for no answer.
func StatusClass(status int) string {
	switch status / 100 {
	case 1:
		return "1xx"
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	}
	return "none"
}

// EndRequest ends the span of a request.
func EndRequest(span trace.Span, route, method string, status int) {
	if span.IsRecording() {
		span.SetName(method + " " + route)
		span.SetAttributes(
			attribute.String("http.request.method", method), attribute.String("http.route", route),
			attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}
