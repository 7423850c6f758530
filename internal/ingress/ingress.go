// Package ingress takes the HTTP callbacks of the channels' providers: it reads
// the raw body, hands it to the engine and writes the reply that the channel's
// adapter wants.
//
// It must not know any provider: signatures, challenges and the form of bodies are
// the adapters'.
package ingress

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/observe"
)

// MaxBody is the longest callback in octets. The largest that a provider
// documents is WhatsApp's, up to 3 MB.
const MaxBody = 4 << 20

// maxOrdinal is the highest number of a credential within its channel
// (the contract's limit of credential_ordinal_number).
const maxOrdinal = 255

// retryAfter is what a provider is asked to wait when nothing better is known.
const retryAfter = 5 * time.Second

// Config is what New needs; every member but Tracing is required.
type Config struct {
	Engine  *engine.Engine
	Log     *slog.Logger
	Metrics *observe.Metrics
	Tracing *observe.Tracing // nil: no traces
}

// New makes the handler of /channels/{app_id}/{CHANNEL}, GET and POST;
// ?credential=N picks one of several credentials of the channel, from 0. Below
// it, media/{ref} is a file that somebody sent and that lies with the provider.
//
// The adapter's reply goes out after everything is on disk. When it is not, the
// answer is a 503 and the provider comes again.
func New(cfg Config) http.Handler {
	in := &ingress{engine: cfg.Engine, log: cfg.Log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /channels/{app}/{channel}", in.receive)
	mux.HandleFunc("POST /channels/{app}/{channel}", in.receive)
	mux.HandleFunc("GET /channels/{app}/{channel}/media/{ref}", in.media)
	mux.HandleFunc("/channels/{app}/{channel}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, POST")
		refuse(w, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "method not allowed on this path")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuseUnknown(w) })
	return watch(mux, cfg)
}

// watch counts and traces what is answered. A provider's own traceparent is not
// followed: whoever knows the URL could decide what is recorded here.
func watch(mux *http.ServeMux, cfg Config) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		r, span := cfg.Tracing.StartRequest(r, false)
		answer := &answer{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(answer, r)
		method, route, found := strings.Cut(r.Pattern, " ")
		if !found {
			method, route = observe.Other, observe.Other
		}
		cfg.Metrics.Answered(route, method, answer.status, time.Since(started))
		observe.EndRequest(span, route, method, answer.status)
	})
}

// answer remembers the status.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

type ingress struct {
	engine *engine.Engine
	log    *slog.Logger
}

// receive hands one callback to the engine.
func (in *ingress) receive(w http.ResponseWriter, r *http.Request) {
	app, ch := r.PathValue("app"), convapi.Channel(r.PathValue("channel"))
	defer func() {
		if p := recover(); p != nil {
			in.log.ErrorContext(r.Context(), "callback panicked", "app", app, "channel", string(ch), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			refuseForNow(w, 0)
		}
	}()
	ordinal, ok := ordinalOf(r)
	if !ok || !ch.Known() {
		refuseUnknown(w)
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	reply, err := in.engine.Receive(r.Context(), app, ch, ordinal, r, body)
	if err != nil {
		refuseCallback(w, r, in.log.With("app", app, "channel", string(ch)), err)
		return
	}
	write(w, reply)
}

// usualLength bounds the memory that is set aside for a body by its announced
// length alone, in octets.
const usualLength = 16 << 10

// readBody reads the whole body, or refuses the request.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	var body bytes.Buffer
	body.Grow(int(max(0, min(r.ContentLength, usualLength))) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE", fmt.Sprintf("body is longer than %d octets", MaxBody))
		return nil, false
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, string(gateway.InvalidArgument), "body could not be read to its end")
		return nil, false
	}
	return body.Bytes(), true
}

// refuseCallback answers for an error of the engine. Anything but an unknown
// account means that the callback is not on disk.
func refuseCallback(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	var after time.Duration
	if refused, ok := errors.AsType[*gateway.Error](err); ok {
		if refused.Code == gateway.NotFound {
			refuseUnknown(w)
			return
		}
		if refused.Code == gateway.Unavailable { // the store says so once, for all
			log.DebugContext(r.Context(), "callback not stored", "error", err)
			refuseForNow(w, refused.RetryAfter)
			return
		}
		after = refused.RetryAfter
	}
	log.ErrorContext(r.Context(), "callback not stored", "error", err)
	refuseForNow(w, after)
}

// ordinalOf reads which of a channel's credentials is meant.
func ordinalOf(r *http.Request) (int, bool) {
	text := r.URL.Query().Get("credential")
	if text == "" {
		return 0, true
	}
	ordinal, err := strconv.Atoi(text)
	return ordinal, err == nil && ordinal >= 0 && ordinal <= maxOrdinal
}

// write sends an adapter's reply. A body without a type is plain text: left to
// guesswork, an echoed challenge could pass for a page.
func write(w http.ResponseWriter, reply channel.Reply) {
	if reply.ContentType != "" {
		w.Header().Set("Content-Type", reply.ContentType)
	} else if len(reply.Body) > 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	if reply.Status != 0 {
		w.WriteHeader(reply.Status)
	}
	_, _ = w.Write(reply.Body) // the provider has gone: nobody to tell
}

// refuseUnknown answers for an app, a channel or a credential that does not exist.
func refuseUnknown(w http.ResponseWriter) {
	refuse(w, http.StatusNotFound, string(gateway.NotFound), "information not found")
}

// refuseForNow answers when nothing was stored: the provider is to come again.
func refuseForNow(w http.ResponseWriter, after time.Duration) {
	if after <= 0 {
		after = retryAfter
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	refuse(w, http.StatusServiceUnavailable, string(gateway.Unavailable), "not stored, send it again")
}

// refuse answers in the error form of the contract.
func refuse(w http.ResponseWriter, status int, name, message string) {
	body, err := convapi.Marshal(convapi.ErrorResponse{
		Error: convapi.ErrorDetail{Code: status, Message: message, Status: name},
	})
	if err != nil { // strings and a number: cannot happen
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the provider has gone: nobody to tell
}
