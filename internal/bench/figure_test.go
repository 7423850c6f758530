package bench

import (
	"strings"
	"testing"
)

func TestFiguresAreMedians(t *testing.T) {
	var f figures
	for _, v := range []float64{9000, 1000, 7000} {
		f.note("whole", "rate", v, "/s", atLeast(6600))
		f.note("whole", "CPU", v/1e5, "s", atMost(0.05))
	}
	f.note("calm", "p50", 3, "ms", none)
	got := f.of("whole")
	if len(got) != 2 || got[0].Value != 7000 || got[0].Min != 1000 || got[0].Max != 9000 || got[0].Runs != 3 {
		t.Fatalf("%+v", got)
	}
	if met, targets := countMet(append(got, f.of("calm")...)); met != 1 || targets != 2 {
		t.Errorf("%d of %d targets met, want 1 of 2", met, targets)
	}
	if !*got[0].Met || *got[1].Met {
		t.Errorf("met: %v and %v, want true and false", *got[0].Met, *got[1].Met)
	}
	if even := (&gathered{values: []float64{4, 1, 2, 3}}).figure(); even.Value != 2.5 {
		t.Errorf("the median of 1 to 4 is %v", even.Value)
	}
	var out strings.Builder
	f.print(&out, "whole")
	for _, want := range []string{"7,000 /s", "1,000 – 9,000", "target ≥ 6,600", "NOT MET"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestReadable(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.2204: "0.22", 12.345: "12.3", 99.96: "100", 100: "100", 6600.4: "6,600", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := readable(v); got != want {
			t.Errorf("readable(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestPhaseNames(t *testing.T) {
	all, err := choose([]string{All})
	if err != nil || len(all) != len(phases()) {
		t.Errorf("%d of %d phases, %v", len(all), len(phases()), err)
	}
	some, err := choose([]string{Quick, "deadlines", "calm"})
	if err != nil {
		t.Fatal(err)
	}
	quick := 0
	for _, p := range phases() {
		if p.quick {
			quick++
		}
	}
	if len(some) != quick+1 {
		t.Errorf("%d phases, want the %d quick ones and one more", len(some), quick)
	}
	if err := CheckPhases([]string{"fast"}); err == nil || !strings.Contains(err.Error(), "neighbours") {
		t.Errorf("%v, want the names that there are", err)
	}
}
