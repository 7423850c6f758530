package engine

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/pace"
)

// Rates are limits a second, over all nodes together; 0 is none.
type Rates struct {
	// Inbound, Outbound and Webhooks are of each app: what people send to it, its
	// attempts on channels, and its callbacks. Outbound counts every attempt, also
	// those of retries and fallbacks: it is what providers see.
	Inbound, Outbound, Webhooks int
	// Requests are those to the API of each project.
	Requests int
}

const (
	// queueBurst is for what waits its turn: it is spread evenly, but for the
	// coarseness of timers.
	queueBurst = 100 * time.Millisecond
	// requestBurst is for what is refused when it comes too soon: clients come in
	// bursts, and the limit counts by the second.
	requestBurst = time.Second
	// inboundPatience is how long a provider's HTTP request waits for its app's
	// rate before the provider is asked to come again: shorter than any provider
	// waits for an answer.
	inboundPatience = 2 * time.Second
)

// rates holds the limits of this node, which are its share of those of all.
type rates struct {
	cfg Rates

	mu       sync.Mutex
	nodes    int
	inbound  map[gateway.ID]*pace.Limit // of apps
	outbound map[gateway.ID]*pace.Limit
	requests map[string]*pace.Limit // of projects
	// linked are the apps that use kept connections alone. They do so at one node,
	// which has their whole rate.
	linked map[gateway.ID]bool
}

func newRates(cfg Rates) *rates {
	return &rates{
		cfg: cfg, nodes: 1,
		inbound: make(map[gateway.ID]*pace.Limit), outbound: make(map[gateway.ID]*pace.Limit), requests: make(map[string]*pace.Limit),
		linked: make(map[gateway.ID]bool),
	}
}

func (r *rates) inboundOf(app gateway.ID) *pace.Limit {
	return r.ofApp(r.inbound, app, r.cfg.Inbound)
}

func (r *rates) outboundOf(app gateway.ID) *pace.Limit {
	return r.ofApp(r.outbound, app, r.cfg.Outbound)
}

// ofApp finds or makes a limit of an app; nil if there is none.
func (r *rates) ofApp(limits map[gateway.ID]*pace.Limit, app gateway.ID, perSecond int) *pace.Limit {
	if perSecond == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if limits[app] == nil {
		limits[app] = pace.New(perSecond, queueBurst)
		r.shareApp(app)
	}
	return limits[app]
}

// ofProject finds or makes the limit of a project; nil if there is none.
func (r *rates) ofProject(project string) *pace.Limit {
	if r.cfg.Requests == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	limit := r.requests[project]
	if limit == nil {
		limit = pace.New(r.cfg.Requests, requestBurst)
		limit.Share(r.nodes, time.Now())
		r.requests[project] = limit
	}
	return limit
}

// share follows a change of how many nodes there are.
func (r *rates) share(nodes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes = nodes
	now := time.Now()
	for _, limit := range r.requests {
		limit.Share(nodes, now)
	}
	for app := range r.inbound {
		r.shareApp(app)
	}
	for app := range r.outbound {
		r.shareApp(app)
	}
}

// link says whether an app uses kept connections alone.
func (r *rates) link(app gateway.ID, linked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.linked[app] = linked
	r.shareApp(app)
}

func (r *rates) shareApp(app gateway.ID) {
	nodes := r.nodes
	if r.linked[app] {
		nodes = 1
	}
	now := time.Now()
	r.inbound[app].Share(nodes, now)
	r.outbound[app].Share(nodes, now)
}

// forget drops the limits of an app that is no more.
func (r *rates) forget(app gateway.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.inbound, app)
	delete(r.outbound, app)
	delete(r.linked, app)
}

// shown is what the contract shows of them; 0 is no limit.
func (r *rates) shown() *convapi.RateLimits {
	return &convapi.RateLimits{Inbound: r.cfg.Inbound, Outbound: r.cfg.Outbound, Webhooks: r.cfg.Webhooks}
}

// AdmitRequest counts a request to the API of a project, and refuses it if the
// project's rate is exceeded.
func (e *Engine) AdmitRequest(project string) error {
	if wait, ok := e.rates.ofProject(project).Admit(1, 0, time.Now()); !ok {
		return &gateway.Error{
			Code: gateway.ResourceExhausted, RetryAfter: wait,
			Message: fmt.Sprintf("the project makes more than %d requests a second", e.rates.cfg.Requests),
		}
	}
	return nil
}

// admitInbound waits until the app's rate lets in what people did, or refuses it
// if that takes longer than patience.
func (e *Engine) admitInbound(ctx context.Context, app gateway.ID, n int, patience time.Duration) error {
	wait, ok := e.rates.inboundOf(app).Admit(n, patience, time.Now())
	switch {
	case !ok:
		return &gateway.Error{
			Code: gateway.Unavailable, RetryAfter: wait,
			Message: fmt.Sprintf("more than %d inbound messages a second came to the app", e.rates.cfg.Inbound),
		}
	case wait == 0:
		return nil
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// inboundPatienceOf is how long what an account's Runner has received waits. A
// Runner that asks for more only after this may wait as long as it takes. Over a
// kept connection reports come as well, and a centre that is asked to come again
// keeps its places free for them.
func inboundPatienceOf(a *account) time.Duration {
	if a.features.Linked {
		return inboundPatience
	}
	return math.MaxInt64
}
