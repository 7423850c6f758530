package breaker_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/breaker"
)

var (
	start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	ok    = breaker.Outcome{Status: 200}
	bad   = breaker.Outcome{Status: 503, Error: "endpoint answered 503"}
)

// after applies outcomes one millisecond apart, the first at start.
func after(s breaker.State, outcomes ...breaker.Outcome) breaker.State {
	for i, o := range outcomes {
		s = s.Next(breaker.DefaultConfig(), o, start.Add(time.Duration(i)*time.Millisecond))
	}
	return s
}

func times(n int, o breaker.Outcome) []breaker.Outcome {
	outcomes := make([]breaker.Outcome, n)
	for i := range outcomes {
		outcomes[i] = o
	}
	return outcomes
}

func TestAlive(t *testing.T) {
	for status, want := range map[int]bool{
		0: false, 101: true, 200: true, 299: true, 302: true, 400: true, 401: true, 404: true,
		410: true, 429: false, 499: true, 500: false, 503: false, 599: false,
	} {
		if got := (breaker.Outcome{Status: status}).Alive(); got != want {
			t.Errorf("status %d: alive %v, want %v", status, got, want)
		}
	}
}

func TestOpensAfterTenFailuresInARow(t *testing.T) {
	if s := after(breaker.State{}, times(9, bad)...); s.Phase != breaker.Closed {
		t.Fatalf("%v after 9 failures", s.Phase)
	}
	if s := after(after(breaker.State{}, times(9, bad)...), ok, bad); s.Phase != breaker.Closed || s.Failures != 1 {
		t.Fatalf("%v with %d failures after a success broke the row", s.Phase, s.Failures)
	}
	got := after(breaker.State{}, times(10, bad)...)
	openedAt := start.Add(9 * time.Millisecond)
	want := breaker.State{
		Phase: breaker.Open, Failures: 10, OpenedAt: openedAt, ProbeAt: openedAt.Add(30 * time.Second),
		OpenFor: 30 * time.Second, LastStatus: 503, LastError: "endpoint answered 503",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

func TestOpensAtHalfOfTwentyCalls(t *testing.T) {
	var pairs []breaker.Outcome
	for range 9 {
		pairs = append(pairs, ok, bad)
	}
	if s := after(breaker.State{}, append(pairs, ok)...); s.Phase != breaker.Closed {
		t.Fatalf("%v after 19 calls", s.Phase)
	}
	if s := after(breaker.State{}, append(pairs, ok, bad)...); s.Phase != breaker.Open {
		t.Fatalf("%v after 10 failures of 20 calls", s.Phase)
	}
	if s := after(breaker.State{}, append(pairs, ok, ok, bad, bad)...); s.Phase != breaker.Open {
		t.Fatalf("%v after 11 failures of 22 calls", s.Phase)
	}
	if s := after(breaker.State{}, append(pairs, ok, ok, bad)...); s.Phase != breaker.Closed {
		t.Fatalf("%v after 10 failures of 21 calls", s.Phase)
	}
}

func TestForgetsCallsOlderThanTheWindow(t *testing.T) {
	s := breaker.State{}
	for i := range 30 {
		o := ok
		if i%2 == 1 {
			o = bad
		}
		// 19 calls in any 60 s, just too few for the ratio to count.
		s = s.Next(breaker.DefaultConfig(), o, start.Add(time.Duration(i)*3200*time.Millisecond))
	}
	if s.Phase != breaker.Closed {
		t.Fatalf("%v though there were never 20 calls in 60 s", s.Phase)
	}
}

func TestOneProbeAtATime(t *testing.T) {
	cfg := breaker.DefaultConfig()
	s := after(breaker.State{}, times(10, bad)...)
	if may, _ := s.Allow(s.ProbeAt.Add(-1)); may {
		t.Fatal("a call while open")
	}
	may, probe := s.Allow(s.ProbeAt)
	if !may || !probe {
		t.Fatalf("Allow when the probe is due: %v, %v", may, probe)
	}
	probing := s.Probing(cfg, s.ProbeAt)
	if probing.Phase != breaker.HalfOpen {
		t.Fatalf("%v while probing", probing.Phase)
	}
	if may, _ = probing.Allow(s.ProbeAt.Add(cfg.Probe - 1)); may {
		t.Fatal("a second call while the probe is under way")
	}
	if may, probe = probing.Allow(s.ProbeAt.Add(cfg.Probe)); !may || !probe {
		t.Fatalf("Allow when the probe is lost: %v, %v", may, probe)
	}
}

func TestProbeClosesOrReopens(t *testing.T) {
	cfg := breaker.DefaultConfig()
	opened := after(breaker.State{}, times(10, bad)...)
	for _, o := range []breaker.Outcome{ok, {Status: 404}, {Status: 301}} {
		s := opened.Probing(cfg, opened.ProbeAt).Next(cfg, o, opened.ProbeAt)
		if diff := cmp.Diff(breaker.State{}, s); diff != "" {
			t.Errorf("after a probe with status %d: %s", o.Status, diff)
		}
	}
	s := opened
	for _, seconds := range []time.Duration{60, 120, 240, 480, 600, 600} {
		now := s.ProbeAt
		s = s.Probing(cfg, now).Next(cfg, bad, now)
		if s.Phase != breaker.Open || s.OpenFor != seconds*time.Second || s.ProbeAt != now.Add(s.OpenFor) {
			t.Fatalf("after a failed probe: %v for %v, want open for %v s", s.Phase, s.OpenFor, seconds)
		}
		if s.OpenedAt != opened.OpenedAt {
			t.Fatal("a failed probe moved OpenedAt")
		}
	}
	s = s.Probing(cfg, s.ProbeAt).Next(cfg, ok, s.ProbeAt)
	if s = after(s, times(10, bad)...); s.OpenFor != cfg.Open {
		t.Fatalf("opens for %v after it was closed, want %v again", s.OpenFor, cfg.Open)
	}
}

func TestStragglersTeachNothing(t *testing.T) {
	opened := after(breaker.State{}, times(10, bad)...)
	for _, o := range []breaker.Outcome{ok, bad} {
		if diff := cmp.Diff(opened, opened.Next(breaker.DefaultConfig(), o, start.Add(time.Second))); diff != "" {
			t.Errorf("outcome %d in the open phase: %s", o.Status, diff)
		}
	}
}

// Golden: rows hold this form.
func TestJSON(t *testing.T) {
	for name, test := range map[string]struct {
		state breaker.State
		want  string
	}{
		"closed": {breaker.State{}, `{"phase":"CLOSED"}`},
		"open": {
			after(breaker.State{}, times(10, bad)...),
			`{"phase":"OPEN","failures":10,"opened_at":"2026-03-01T10:00:00.009Z","probe_at":"2026-03-01T10:00:30.009Z",` +
				`"open_for_ns":30000000000,"last_status":503,"last_error":"endpoint answered 503"}`,
		},
		"counting": {
			after(breaker.State{}, ok, bad),
			`{"phase":"CLOSED","failures":1,"last_status":503,"last_error":"endpoint answered 503",` +
				`"recent":[{"n":177235920,"c":2,"f":1},{},{},{},{},{}]}`,
		},
	} {
		got, err := json.Marshal(test.state)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var s breaker.State
	if err := json.Unmarshal([]byte(`{"phase":"AJAR"}`), &s); err == nil {
		t.Error("an unknown phase was accepted")
	}
}
