// Package httpapi is the REST surface of the Conversation API: the token
// endpoint, authentication, routing of paths, query and body parsing, update
// masks, and the form of answers and errors.
//
// It must not know how anything is stored, routed or sent: every operation is one
// call of package engine. Where official clients are peculiar (raw plus signs,
// doubled slashes, several spellings of a mask), the peculiarity is met here and
// goes no deeper.
package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"switchyard/internal/engine"
	"switchyard/internal/observe"
)

// MaxBody is the longest request body in octets. The contract states no figure;
// 1 MiB is the project's choice.
const MaxBody = 1 << 20

// MinTokenKey is the least length of Config.TokenKey in octets: a key of
// HMAC-SHA256 should not be shorter than the hash (RFC 2104 section 3).
const MinTokenKey = 32

// Config is what New needs; every member but Tracing is required.
type Config struct {
	Engine *engine.Engine
	// TokenKey signs access tokens. All nodes of one store share it; a new key
	// makes every token given out before invalid.
	TokenKey []byte
	Log      *slog.Logger
	Metrics  *observe.Metrics
	Tracing  *observe.Tracing // nil: no traces
}

// New makes the handler of /oauth2/token, /v1/ and /v2/; every other path gets a
// JSON 404. Doubled slashes in a path count as one; an http.ServeMux in front would
// redirect them and turn a POST into a GET. New panics when TokenKey is shorter
// than MinTokenKey.
func New(cfg Config) http.Handler {
	a := newAPI(cfg)
	a.versions = map[string]*node{
		"v1": newTree("/v1/projects/*/", a.operations()),
		"v2": newTree("/v2/projects/*/", a.operationsV2()),
	}
	return a
}

func newAPI(cfg Config) *api {
	if len(cfg.TokenKey) < MinTokenKey {
		panic(fmt.Sprintf("httpapi: token key has %d octets, want at least %d", len(cfg.TokenKey), MinTokenKey))
	}
	return &api{engine: cfg.Engine, tokens: tokenMaker{key: cfg.TokenKey}, log: cfg.Log, metrics: cfg.Metrics, tracing: cfg.Tracing}
}

// api serves the REST surface, or that of the Batch API.
type api struct {
	engine   *engine.Engine
	tokens   tokenMaker
	log      *slog.Logger
	metrics  *observe.Metrics
	tracing  *observe.Tracing
	versions map[string]*node
	batch    bool // the Batch API: tokens only, longer bodies, also with DELETE
}

// place is where a request led, for those who watch.
type place struct{ route, method string }

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	r, span := a.tracing.StartRequest(r, true)
	at := place{observe.Other, observe.Other}
	status := a.serve(w, r, &at)
	took := time.Since(started)
	a.metrics.Answered(at.route, at.method, status, took)
	observe.EndRequest(span, at.route, at.method, status)
	// At debug level: at thousands of requests a second a line each is for the
	// hunt of a particular fault. The query may hold phone numbers and stays out.
	if a.log.Enabled(r.Context(), slog.LevelDebug) {
		a.log.DebugContext(r.Context(), "request",
			"method", r.Method, "path", r.URL.Path, "status", status, "duration", took)
	}
}

// serve answers r and returns the HTTP status it gave.
func (a *api) serve(w http.ResponseWriter, r *http.Request, at *place) (status int) {
	defer func() {
		if p := recover(); p != nil {
			status = a.writeError(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	segments := splitPath(r.URL)
	if !a.batch && len(segments) == 2 && segments[0] == "oauth2" && segments[1] == "token" {
		if r.Method == http.MethodPost {
			at.route, at.method = "/oauth2/token", r.Method
		}
		return a.serveToken(w, r)
	}
	result, err := a.call(w, r, segments, at)
	if err != nil {
		return a.writeError(w, r, err)
	}
	return a.writeJSON(w, r, http.StatusOK, result)
}

// call finds and runs the operation that the path names. Credentials are checked
// before the rest of the path, so that a stranger learns nothing about it.
func (a *api) call(w http.ResponseWriter, r *http.Request, segments []string, at *place) (any, error) {
	if len(segments) < 3 || segments[1] != "projects" || a.versions[segments[0]] == nil {
		return nil, errNoSuchPath
	}
	version, project, rest := segments[0], segments[2], segments[3:]
	if err := a.authorize(w.Header(), r, project); err != nil {
		return nil, err
	}
	if err := a.engine.AdmitRequest(project); err != nil {
		return nil, err
	}
	found, ids := a.versions[version].find(rest)
	if found == nil || len(found.methods) == 0 {
		return nil, errNoSuchPath
	}
	op := found.methods[r.Method]
	if op == nil {
		w.Header().Set("Allow", found.allowed())
		return nil, errMethod
	}
	at.route, at.method = found.route, r.Method
	return a.runOperation(op, &call{project: project, ids: ids, reply: w.Header(), request: r}, w)
}

// runOperation reads the body, where the method has one, and runs op.
func (a *api) runOperation(op operation, c *call, w http.ResponseWriter) (any, error) {
	if c.request.Method != http.MethodGet && (a.batch || c.request.Method != http.MethodDelete) {
		body, err := readBody(w, c.request, a.maxBody())
		if err != nil {
			return nil, err
		}
		c.body = body
	}
	return op(c.request.Context(), c)
}

func (a *api) maxBody() int64 {
	if a.batch {
		return MaxBatchBody
	}
	return MaxBody
}
