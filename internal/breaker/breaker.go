// Package breaker is a circuit breaker as a function of state, outcome and
// time: it says whether a webhook's endpoint may be called and what a call
// taught about it.
//
// It is pure: no clock, no lock, no memory. Whoever owns the state keeps it,
// usually in a row, and sees to it that two callers do not change it at once.
// It must not know HTTP beyond status codes, nor what waits while it is open.
package breaker

import "time"

// Config is when a breaker opens and for how long.
type Config struct {
	Failures int           // consecutive failures that open it
	Ratio    float64       // share of failures within Window that opens it …
	MinCalls int           // … once there were this many calls
	Window   time.Duration // how far back Ratio looks
	Open     time.Duration // time from the first opening to the probe
	OpenCap  time.Duration // limit of that time, which doubles with each failed probe
	Probe    time.Duration // a probe without outcome for this long is taken for lost (its node died)
}

// DefaultConfig is our choice: the contract publishes no figures. Probe is
// three times the callbacks' total timeout.
func DefaultConfig() Config {
	return Config{
		Failures: 10,
		Ratio:    0.5,
		MinCalls: 20,
		Window:   60 * time.Second,
		Open:     30 * time.Second,
		OpenCap:  10 * time.Minute,
		Probe:    30 * time.Second,
	}
}

// State is everything a breaker remembers. The zero value is closed. It
// is a plain value, and its JSON form is what a row holds.
type State struct {
	Phase      Phase         `json:"phase"`
	Failures   int           `json:"failures,omitempty"`    // consecutive failures
	OpenedAt   time.Time     `json:"opened_at,omitzero"`    // when it left Closed
	ProbeAt    time.Time     `json:"probe_at,omitzero"`     // Open: the probe is due; HalfOpen: the probe is taken for lost
	OpenFor    time.Duration `json:"open_for_ns,omitempty"` // current length of the Open phase
	LastStatus int           `json:"last_status,omitempty"` // HTTP status of the last failure, 0 without an answer
	LastError  string        `json:"last_error,omitempty"`  // what the last failure said
	Recent     Recent        `json:"recent,omitzero"`
}

// Outcome is what one call taught. The zero value is a call without answer.
type Outcome struct {
	Status int    // HTTP status, 0 when there was no answer
	Error  string // for the record; must hold no secrets
}

// Alive reports whether the endpoint proved that it is there and works: any
// answer but 5xx and 429. That it rejects one callback (another 4xx) or has
// moved (3xx) is no reason to hold back the others.
func (o Outcome) Alive() bool {
	return o.Status >= 100 && o.Status < 500 && o.Status != 429
}

// Allow reports whether a call may be made at now. With probe the caller must
// first make the state s.Probing its own, and only the one who succeeds calls.
func (s State) Allow(now time.Time) (ok, probe bool) {
	if s.Phase == Closed {
		return true, false
	}
	due := !now.Before(s.ProbeAt)
	return due, due
}

// Probing is the state while the one probe is under way.
func (s State) Probing(cfg Config, now time.Time) State {
	s.Phase = HalfOpen
	s.ProbeAt = now.Add(cfg.Probe)
	return s
}

// Next is the state after a call came out at now. An outcome in the Open phase
// belongs to a call made before it opened and teaches nothing new: a late
// failure must not prolong the phase, and a late success must not undo an
// opening by ratio.
func (s State) Next(cfg Config, o Outcome, now time.Time) State {
	if s.Phase == Open {
		return s
	}
	if s.Phase == HalfOpen && o.Alive() {
		return State{}
	}
	if !o.Alive() {
		s.LastStatus, s.LastError = o.Status, o.Error
		s.Failures++
	}
	if s.Phase == HalfOpen {
		return s.reopen(cfg, now)
	}
	if o.Alive() {
		s.Failures = 0
	}
	s.Recent = s.Recent.add(cfg.Window, !o.Alive(), now)
	if !o.Alive() && s.tripped(cfg, now) {
		return s.open(cfg, now)
	}
	return s
}

// tripped reports whether what is remembered is enough to open.
func (s State) tripped(cfg Config, now time.Time) bool {
	if s.Failures >= cfg.Failures {
		return true
	}
	calls, failures := s.Recent.count(cfg.Window, now)
	return calls >= cfg.MinCalls && float64(failures) >= cfg.Ratio*float64(calls)
}

func (s State) open(cfg Config, now time.Time) State {
	s.Phase, s.OpenedAt = Open, now
	s.OpenFor = min(cfg.Open, cfg.OpenCap)
	s.ProbeAt = now.Add(s.OpenFor)
	s.Recent = Recent{}
	return s
}

// reopen is a failed probe: it keeps OpenedAt, for the endpoint has been away
// since then.
func (s State) reopen(cfg Config, now time.Time) State {
	s.Phase = Open
	s.OpenFor = min(2*s.OpenFor, cfg.OpenCap)
	s.ProbeAt = now.Add(s.OpenFor)
	return s
}
