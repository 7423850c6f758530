package pace_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchyard/internal/pace"
)

// start is any time.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const burst = 100 * time.Millisecond

// passed counts what a party that always has something gets until the end, and
// calls at with each turn.
func passed(t *pace.Turns, from, until time.Time) (n int) {
	for now := from; ; n++ {
		if at := t.Next(now); at.After(now) {
			now = at
		}
		if now.After(until) {
			return n
		}
		t.Take()
	}
}

func TestTurnsKeepTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 5000).Draw(t, "rate")
		nodes := rapid.IntRange(1, 5).Draw(t, "nodes")
		limit := pace.New(rate, burst)
		limit.Share(nodes, start)
		part := float64(rate) / float64(nodes)
		got := float64(passed(&pace.Turns{Limit: limit}, start, start.Add(10*time.Second)))
		if least, most := 10*part-1, 10*part+max(1, part*burst.Seconds())+1; got < least || got > most {
			t.Errorf("%v in 10 s, want %v to %v", got, least, most)
		}
	})
}

func TestTurnsAlternate(t *testing.T) {
	limit := pace.New(10, burst)
	parties := []*pace.Turns{{Limit: limit}, {Limit: limit}, {Limit: limit}}
	got := make([]int, len(parties))
	for now := start; now.Before(start.Add(30 * time.Second)); now = now.Add(time.Millisecond) {
		for i, p := range parties {
			if !p.Next(now).After(now) {
				p.Take()
				got[i]++
			}
		}
	}
	for i, n := range got {
		if n < 99 || n > 101 {
			t.Errorf("party %d had %d turns of 300", i, n)
		}
	}
}

func TestATurnGivenBackCostsNothing(t *testing.T) {
	limit := pace.New(10, burst)
	party := &pace.Turns{Limit: limit}
	for range 1000 {
		if party.Next(start).After(start) {
			t.Fatal("what came to nothing has cost a turn")
		}
		party.Take()
		party.GiveBack()
	}
	if n := passed(party, start, start.Add(time.Second)); n < 10 || n > 12 {
		t.Errorf("%d in the second after", n)
	}
}

func TestAdmit(t *testing.T) {
	limit := pace.New(10, time.Second)
	for i := range 10 {
		if wait, ok := limit.Admit(1, 0, start); !ok || wait != 0 {
			t.Fatalf("number %d: %v, %v", i, wait, ok)
		}
	}
	if wait, ok := limit.Admit(1, 0, start); ok || wait != 100*time.Millisecond {
		t.Errorf("over the rate: %v, %v", wait, ok)
	}
	if wait, ok := limit.Admit(1, 150*time.Millisecond, start); !ok || wait != 100*time.Millisecond {
		t.Errorf("with patience: %v, %v", wait, ok)
	}
	if wait, ok := limit.Admit(1, 150*time.Millisecond, start); ok || wait != 200*time.Millisecond {
		t.Errorf("without enough patience: %v, %v", wait, ok)
	}
	if _, ok := limit.Admit(1, 0, start.Add(200*time.Millisecond)); !ok {
		t.Error("a refusal has cost something")
	}
}

// However large, a group that waits its turn gets through, or it never would.
func TestAdmitTakesLargeGroups(t *testing.T) {
	limit := pace.New(10, burst)
	if _, ok := limit.Admit(500, 0, start); !ok {
		t.Fatal("the group was refused")
	}
	if wait, ok := limit.Admit(1, time.Second, start); ok || wait != 50*time.Second {
		t.Errorf("behind it: %v, %v", wait, ok)
	}
	if _, ok := limit.Admit(1, 0, start.Add(50*time.Second)); !ok {
		t.Error("its time is over, and the next one is refused")
	}
}

func TestNoLimit(t *testing.T) {
	limit := pace.New(0, burst)
	limit.Share(3, start)
	party := pace.Turns{Limit: limit}
	for range 1000 {
		if party.Next(start).After(start) {
			t.Fatal("there is a limit")
		}
		party.Take()
		party.GiveBack()
		if wait, ok := limit.Admit(1000, 0, start); !ok || wait != 0 {
			t.Fatal("there is a limit")
		}
	}
}

// BenchmarkNoLimit is what gateways without limits pay for them.
func BenchmarkNoLimit(b *testing.B) {
	var limit *pace.Limit
	party := pace.Turns{Limit: limit}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := limit.Admit(1, 0, start); !ok || party.Next(start).After(start) {
			b.Fatal("there is a limit")
		}
		party.Take()
	}
}

func BenchmarkLimit(b *testing.B) {
	party := pace.Turns{Limit: pace.New(1_000_000_000, burst)}
	b.ReportAllocs()
	for now := start; b.Loop(); now = now.Add(time.Microsecond) {
		if !party.Next(now).After(now) {
			party.Take()
		}
	}
}
