package breaker_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchyard/internal/breaker"
)

// world drives a breaker the way its owner does and remembers enough to judge
// it independently.
type world struct {
	cfg     breaker.Config
	state   breaker.State
	now     time.Time
	probing bool          // a probe is under way
	sent    time.Time     // when it was sent
	row     int           // failures since the last sign of life, while closed
	recent  []observation // while closed
}

type observation struct {
	at     time.Time
	failed bool
}

// Laws of a breaker under any sequence of calls, outcomes and pauses:
//
//  1. nothing passes while open, and one call at a time while half-open;
//  2. it opens only for one of its two reasons, and always for the first;
//  3. the open phase lies between Open and OpenCap;
//  4. the next probe is never further away than the longest of the times that
//     the configuration names: it cannot stay shut;
//  5. a stored state behaves like the one in memory.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: start, cfg: breaker.Config{
			Failures: rapid.IntRange(1, 12).Draw(t, "failures"),
			Ratio:    rapid.Float64Range(0.1, 1).Draw(t, "ratio"),
			MinCalls: rapid.IntRange(1, 25).Draw(t, "min calls"),
			Window:   60 * time.Second,
			Open:     30 * time.Second,
			OpenCap:  10 * time.Minute,
			Probe:    30 * time.Second,
		}}
		t.Repeat(map[string]func(*rapid.T){
			"wait":    w.wait,
			"call":    w.call,
			"restore": w.restore,
			"":        w.check,
		})
	})
}

func (w *world) wait(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "pause")))
}

func (w *world) call(t *rapid.T) {
	allowed, probe := w.state.Allow(w.now)
	switch w.state.Phase {
	case breaker.Closed:
		if !allowed || probe {
			t.Fatal("a closed breaker held back a call")
		}
		w.finish(t)
	case breaker.Open:
		if allowed != !w.now.Before(w.state.ProbeAt) || allowed != probe {
			t.Fatalf("open until %v, allowed at %v: %v", w.state.ProbeAt, w.now, allowed)
		}
		if allowed {
			w.state = w.state.Probing(w.cfg, w.now)
			w.probing, w.sent = true, w.now
		}
	case breaker.HalfOpen:
		lost := !w.now.Before(w.sent.Add(w.cfg.Probe))
		if allowed && w.probing && !lost {
			t.Fatal("a second probe")
		}
		w.finish(t)
	}
}

// finish ends the call that is under way.
func (w *world) finish(t *rapid.T) {
	o := breaker.Outcome{Status: rapid.SampledFrom([]int{0, 200, 204, 302, 404, 429, 500, 503}).Draw(t, "status")}
	before := w.state
	w.state = w.state.Next(w.cfg, o, w.now)
	if before.Phase == breaker.HalfOpen {
		w.probing, w.row, w.recent = false, 0, nil
		if o.Alive() != (w.state.Phase == breaker.Closed) || !o.Alive() != (w.state.Phase == breaker.Open) {
			t.Fatalf("probe with status %d led to %v", o.Status, w.state.Phase)
		}
		return
	}
	w.recent = append(w.recent, observation{w.now, !o.Alive()})
	w.row++
	if o.Alive() {
		w.row = 0
	}
	w.checkOpening(t)
}

func (w *world) checkOpening(t *rapid.T) {
	inARow := w.row >= w.cfg.Failures
	if inARow && w.state.Phase != breaker.Open {
		t.Fatalf("closed after %d failures in a row", w.row)
	}
	if w.state.Phase == breaker.Open && !inARow && !w.ratioReached() {
		t.Fatalf("opened for no reason: %d in a row, recent %v", w.row, w.recent)
	}
	// A ratio reached over the part of the window that is always covered opens.
	if w.state.Phase == breaker.Closed && w.recent[len(w.recent)-1].failed && w.ratioWithin(w.cfg.Window*5/6, true) {
		t.Fatalf("closed though the ratio was reached: %v", w.recent)
	}
}

// ratioReached tries every length between five sixths of the window and all of
// it, for the breaker's window moves in sixths.
func (w *world) ratioReached() bool {
	for i := range w.recent {
		age := w.now.Sub(w.recent[i].at)
		if age <= w.cfg.Window && w.ratioWithin(age, false) {
			return true
		}
	}
	return false
}

// ratioWithin judges the calls of a certain age. With all, only when no older
// call could tip the balance.
func (w *world) ratioWithin(age time.Duration, all bool) bool {
	calls, failures := 0, 0
	for _, o := range w.recent {
		inside := w.now.Sub(o.at) <= age
		if !inside && all && w.now.Sub(o.at) <= w.cfg.Window && !o.failed {
			return false
		}
		if inside {
			calls++
			if o.failed {
				failures++
			}
		}
	}
	return calls >= w.cfg.MinCalls && float64(failures) >= w.cfg.Ratio*float64(calls)
}

func (w *world) restore(t *rapid.T) {
	row, err := json.Marshal(w.state)
	if err != nil {
		t.Fatal(err)
	}
	var stored breaker.State
	if err := json.Unmarshal(row, &stored); err != nil {
		t.Fatal(err)
	}
	if stored != w.state {
		t.Fatalf("stored %+v, restored %+v", w.state, stored)
	}
	w.state = stored
}

func (w *world) check(t *rapid.T) {
	if w.state.Phase == breaker.Closed {
		return
	}
	if w.state.OpenFor < w.cfg.Open || w.state.OpenFor > w.cfg.OpenCap {
		t.Fatalf("open for %v", w.state.OpenFor)
	}
	if longest := max(w.cfg.OpenCap, w.cfg.Probe); w.state.ProbeAt.After(w.now.Add(longest)) {
		t.Fatalf("next probe at %v, now %v", w.state.ProbeAt, w.now)
	}
}
