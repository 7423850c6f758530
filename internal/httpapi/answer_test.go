package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"switchyard/convapi"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
)

func TestRefuse(t *testing.T) {
	field := &convapi.FieldError{Field: "a.b", Description: "is required"}
	for _, tc := range []struct {
		err        error
		status     int
		message    string
		retryAfter string
	}{
		{gateway.Errorf(gateway.InvalidArgument, "m"), 400, "m", ""},
		{gateway.Errorf(gateway.FailedPrecondition, "m"), 400, "m", ""},
		{gateway.Invalid("f", "m"), 400, "f: m", ""},
		{gateway.Errorf(gateway.Unauthenticated, "m"), 401, "m", ""},
		{gateway.Errorf(gateway.Unauthorized, "m"), 403, "m", ""},
		{gateway.Errorf(gateway.NotFound, "m"), 404, "m", ""},
		{gateway.Errorf(gateway.IdempotencyClash, "m"), 422, "m", ""},
		{gateway.Errorf(gateway.ResourceExhausted, "m"), 429, "m", "1"},
		{&gateway.Error{Code: gateway.ResourceExhausted, Message: "m", RetryAfter: 1500 * time.Millisecond}, 429, "m", "2"},
		{&gateway.Error{Code: gateway.Unavailable, Message: "m", RetryAfter: time.Minute}, 503, "m", "60"},
		{fmt.Errorf("send: %w", gateway.Errorf(gateway.NotFound, "m")), 404, "m", ""},
		{field, 400, "a.b: is required", ""},
		{convapi.FieldErrors{field, {Field: "c", Description: "d"}}, 400, "a.b: is required; c: d", ""},
	} {
		a := &api{log: slog.New(slog.DiscardHandler), metrics: observe.NewMetrics(prometheus.NewRegistry())}
		w := httptest.NewRecorder()
		status := a.writeError(w, httptest.NewRequest("GET", "/", nil), tc.err)
		var body convapi.ErrorResponse
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if status != tc.status || w.Code != tc.status || body.Error.Code != tc.status || body.Error.Message != tc.message {
			t.Errorf("%v: %d %s, want %d %q", tc.err, w.Code, w.Body, tc.status, tc.message)
		}
		if got := w.Header().Get("Retry-After"); got != tc.retryAfter {
			t.Errorf("%v: Retry-After %q, want %q", tc.err, got, tc.retryAfter)
		}
		if tc.retryAfter != "" && !strings.Contains(w.Body.String(), `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":"`+tc.retryAfter+`s"}`) {
			t.Errorf("%v: no RetryInfo in %s", tc.err, w.Body)
		}
	}
}

// What went wrong inside is in the log and not in the answer; both have the id.
func TestInternalErrors(t *testing.T) {
	for name, fail := range map[string]operation{
		"error": func(context.Context, *call) (any, error) { return nil, errors.New("disk on fire") },
		"gateway error": func(context.Context, *call) (any, error) {
			return nil, gateway.Errorf(gateway.Internal, "disk on fire")
		},
		"panic":         func(context.Context, *call) (any, error) { panic("disk on fire") },
		"not encodable": func(context.Context, *call) (any, error) { return brokenAnswer{}, nil },
		"nested failure": func(context.Context, *call) (any, error) {
			return nil, fmt.Errorf("send: %w", errors.New("disk on fire"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			a := &api{
				engine:   engine.New(engine.Config{}), // not started: it has no limits
				tokens:   tokenMaker{key: testKey},
				log:      slog.New(slog.NewTextHandler(&log, nil)),
				metrics:  observe.NewMetrics(prometheus.NewRegistry()),
				versions: map[string]*node{"v1": newTree("/", []route{{"GET", "fail", fail}})},
			}
			token, err := a.tokens.issue("key", "p", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/v1/projects/p/fail", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			if w.Code != 500 || strings.Contains(w.Body.String(), "fire") || !strings.Contains(w.Body.String(), "INTERNAL_ERROR") {
				t.Errorf("answer %d %s", w.Code, w.Body)
			}
			id := regexp.MustCompile(`[0-9A-Z]{26}`).FindString(w.Body.String())
			if id == "" || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "disk on fire") {
				t.Errorf("log lacks id %q or cause: %s", id, log.String())
			}
		})
	}
}

// brokenAnswer cannot be encoded.
type brokenAnswer struct{}

func (brokenAnswer) MarshalJSON() ([]byte, error) { return nil, errors.New("disk on fire") }

// A caller who hangs up is no fault of ours.
func TestCallerGone(t *testing.T) {
	var log bytes.Buffer
	a := &api{log: slog.New(slog.NewTextHandler(&log, nil)), metrics: observe.NewMetrics(prometheus.NewRegistry())}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	a.writeError(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx), fmt.Errorf("send: %w", context.Canceled))
	if w.Code != 503 || log.Len() > 0 {
		t.Errorf("status %d, log %s", w.Code, log.String())
	}
}

func TestShortKeyIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a key of 31 octets was taken")
		}
	}()
	New(Config{TokenKey: make([]byte, 31)})
}
