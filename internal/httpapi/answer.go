package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
)

// refusal is an error answer.
type refusal struct {
	status     int
	name       string // the contract's name of the status
	message    string
	violations []violation
	retryAfter time.Duration // positive: the caller may come back then
}

// Error implements error.
func (r *refusal) Error() string { return r.message }

// violation is one member or parameter at fault, as google.rpc.BadRequest has it.
type violation struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// Refusals for which the contract has no name of its own.
var (
	errNoSuchPath = &refusal{status: http.StatusNotFound, name: string(gateway.NotFound), message: "no such path"}
	errMethod     = &refusal{status: http.StatusMethodNotAllowed, name: "METHOD_NOT_ALLOWED", message: "method not allowed on this path"}
	errEncoding   = &refusal{status: http.StatusUnsupportedMediaType, name: "UNSUPPORTED_MEDIA_TYPE", message: "request body must not be content-encoded"}
)

// minRetryAfter goes out when an error names no time to wait.
const minRetryAfter = time.Second

// statusOf maps the codes of package gateway to HTTP.
func statusOf(code gateway.Code) int {
	switch code {
	case gateway.InvalidArgument, gateway.FailedPrecondition:
		return http.StatusBadRequest
	case gateway.Unauthenticated:
		return http.StatusUnauthorized
	case gateway.Unauthorized:
		return http.StatusForbidden
	case gateway.NotFound:
		return http.StatusNotFound
	case gateway.IdempotencyClash:
		return http.StatusUnprocessableEntity
	case gateway.ResourceExhausted:
		return http.StatusTooManyRequests
	case gateway.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refuse turns an error that the caller may see into its answer; nil for all
// others.
func refuse(err error) *refusal {
	if already, ok := errors.AsType[*refusal](err); ok {
		return already
	}
	if e, ok := errors.AsType[*gateway.Error](err); ok {
		return refuseGateway(e)
	}
	if fields, ok := errors.AsType[convapi.FieldErrors](err); ok {
		return refuseFields(fields)
	}
	if field, ok := errors.AsType[*convapi.FieldError](err); ok {
		return refuseFields(convapi.FieldErrors{field})
	}
	return nil
}

func refuseGateway(e *gateway.Error) *refusal {
	status := statusOf(e.Code)
	if status == http.StatusInternalServerError {
		return nil
	}
	r := &refusal{status: status, name: string(e.Code), message: e.Message}
	if e.Field != "" {
		r.message = e.Field + ": " + e.Message
		r.violations = []violation{{e.Field, e.Message}}
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		r.retryAfter = max(e.RetryAfter, minRetryAfter)
	}
	return r
}

func refuseFields(fields convapi.FieldErrors) *refusal {
	r := &refusal{status: http.StatusBadRequest, name: string(gateway.InvalidArgument), message: fields.Error()}
	for _, f := range fields {
		r.violations = append(r.violations, violation{f.Field, f.Description})
	}
	return r
}

// details renders what a refusal knows beyond its message.
func (r *refusal) details() []json.RawMessage {
	var out []json.RawMessage
	if len(r.violations) > 0 {
		out = append(out, mustMarshal(struct {
			Type       string      `json:"@type"`
			Violations []violation `json:"field_violations"`
		}{"type.googleapis.com/google.rpc.BadRequest", r.violations}))
	}
	if r.retryAfter > 0 {
		out = append(out, mustMarshal(struct {
			Type  string `json:"@type"`
			Delay string `json:"retry_delay"`
		}{"type.googleapis.com/google.rpc.RetryInfo", retrySeconds(r.retryAfter) + "s"}))
	}
	return out
}

// mustMarshal encodes strings and JSON texts, which cannot fail.
func mustMarshal(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// retrySeconds renders a wait in whole seconds, rounded up.
func retrySeconds(d time.Duration) string {
	return strconv.Itoa(int(math.Ceil(d.Seconds())))
}

// writeError answers with err and returns the HTTP status. An error that is not
// for the caller's eyes goes to the log, under an id that the caller gets.
func (a *api) writeError(w http.ResponseWriter, r *http.Request, err error) int {
	refused := refuse(err)
	switch {
	case refused != nil:
	case gone(r.Context(), err):
		refused = refuseGateway(gateway.Errorf(gateway.Unavailable, "the request was given up"))
	default:
		id := gateway.NewID(0).String()
		a.log.ErrorContext(r.Context(), "request failed",
			"error_id", id, "method", r.Method, "path", r.URL.Path, "error", err)
		refused = &refusal{
			status: http.StatusInternalServerError, name: string(gateway.Internal),
			message: "internal error; the log has it under the id " + id,
		}
	}
	a.metrics.Refusals.WithLabelValues(refused.name).Inc()
	if refused.retryAfter > 0 {
		w.Header().Set("Retry-After", retrySeconds(refused.retryAfter))
	}
	return a.writeJSON(w, r, refused.status, convapi.ErrorResponse{Error: convapi.ErrorDetail{
		Code:    refused.status,
		Message: refused.message,
		Status:  refused.name,
		Details: refused.details(),
	}})
}

// gone reports whether err only says that the caller has hung up.
func gone(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// writeJSON answers with v and returns the HTTP status it gave.
func (a *api) writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) int {
	body, err := convapi.Marshal(v)
	if err != nil {
		return a.writeError(w, r, fmt.Errorf("encode answer: %w", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone: nobody to tell
	return status
}

// usualLength bounds the memory that is set aside for a body by its announced
// length alone, in octets.
const usualLength = 16 << 10

// readBody reads the whole body, up to limit octets.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, errEncoding
	}
	var body bytes.Buffer
	body.Grow(int(max(0, min(r.ContentLength, usualLength))) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &refusal{
			status: http.StatusRequestEntityTooLarge, name: "REQUEST_TOO_LARGE",
			message: fmt.Sprintf("request body is longer than %d octets", limit),
		}
	}
	if err != nil {
		return nil, &refusal{
			status: http.StatusBadRequest, name: string(gateway.InvalidArgument),
			message: "request body could not be read to its end",
		}
	}
	return body.Bytes(), nil
}
