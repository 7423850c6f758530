package coding

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var t0 = time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)

func key(ref uint16, total uint8) Key {
	return Key{Source: "46701112233", Destination: "72", Ref: ref, Total: total}
}

// Law: in whatever order and however often parts come, the message comes out once, whole, with the first arrival of its last missing part.
func TestPartsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(2, 6).Draw(t, "total")
		arrivals := rapid.SliceOfN(rapid.IntRange(1, total), 0, 20).Draw(t, "arrivals")
		for seq := 1; seq <= total; seq++ {
			arrivals = append(arrivals, seq) // each at least once
		}
		a := Assembler{TTL: time.Hour, Remember: time.Hour, Max: 10}
		var want strings.Builder
		for seq := 1; seq <= total; seq++ {
			fmt.Fprintf(&want, "<%d>", seq)
		}
		seen := map[int]bool{}
		for _, seq := range arrivals {
			before := len(seen)
			seen[seq] = true
			outcome, ready := a.Add(key(1, uint8(total)), uint8(seq), fmt.Sprintf("<%d>", seq), t0)
			switch {
			case before == total:
				if outcome != Duplicate || len(ready) != 0 {
					t.Fatalf("after the end: %v, %v", outcome, ready)
				}
			case len(seen) == total:
				if diff := cmp.Diff([]Assembled{{Key: key(1, uint8(total)), Text: want.String()}}, ready); outcome != Complete || diff != "" {
					t.Fatalf("last part: %v (-want +got):\n%s", outcome, diff)
				}
			case outcome != Waiting || len(ready) != 0:
				t.Fatalf("on the way: %v, %v", outcome, ready)
			}
		}
	})
}

func TestMessagesDoNotMix(t *testing.T) {
	a := Assembler{TTL: time.Hour, Remember: time.Hour, Max: 10}
	other := key(1, 2)
	other.Source = "46700000000"
	wide := key(1, 2)
	wide.Wide = true
	for _, k := range []Key{key(1, 2), key(2, 2), key(1, 3), other, wide} {
		if outcome, ready := a.Add(k, 1, "x", t0); outcome != Waiting || ready != nil {
			t.Errorf("%+v: %v, %v", k, outcome, ready)
		}
	}
}

func TestAnIncompleteMessageIsGivenUp(t *testing.T) {
	a := Assembler{TTL: 24 * time.Hour, Remember: time.Hour, Max: 10}
	a.Add(key(1, 3), 1, "one ", t0)
	a.Add(key(1, 3), 3, "three", t0.Add(23*time.Hour))
	if got := a.Expire(t0.Add(24 * time.Hour)); got != nil {
		t.Errorf("too early: %v", got)
	}
	want := []Assembled{{Key: key(1, 3), Text: "one three", Missing: 1}}
	if diff := cmp.Diff(want, a.Expire(t0.Add(24*time.Hour+1))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.Len() != 0 {
		t.Errorf("%d are left", a.Len())
	}
}

func TestAReferenceUsedAgain(t *testing.T) {
	a := Assembler{TTL: time.Hour, Remember: time.Minute, Max: 10}
	a.Add(key(1, 2), 1, "old", t0)
	outcome, ready := a.Add(key(1, 2), 1, "new ", t0)
	if diff := cmp.Diff([]Assembled{{Key: key(1, 2), Text: "old", Missing: 1}}, ready); outcome != Waiting || diff != "" {
		t.Errorf("%v (-want +got):\n%s", outcome, diff)
	}
	if outcome, ready := a.Add(key(1, 2), 2, "text", t0); outcome != Complete || ready[0].Text != "new text" {
		t.Errorf("%v, %v", outcome, ready)
	}
	if outcome, ready := a.Add(key(1, 2), 1, "third", t0); outcome != Waiting || ready != nil {
		t.Errorf("after a complete one: %v, %v", outcome, ready)
	}
	a.Forget(key(1, 2))
	a.Add(key(1, 2), 1, "a", t0)
	a.Add(key(1, 2), 2, "b", t0)
	if outcome, _ := a.Add(key(1, 2), 2, "b", t0.Add(2*time.Minute)); outcome != Waiting {
		t.Errorf("when the memory of a complete one has faded: %v", outcome)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	a := Assembler{TTL: time.Hour, Remember: time.Hour, Max: 2}
	a.Add(key(1, 2), 1, "first", t0)
	a.Add(key(2, 2), 1, "second", t0.Add(time.Second))
	_, ready := a.Add(key(3, 2), 1, "third", t0.Add(2*time.Second))
	if diff := cmp.Diff([]Assembled{{Key: key(1, 2), Text: "first", Missing: 1}}, ready); diff != "" || a.Len() != 2 {
		t.Errorf("%d held (-want +got):\n%s", a.Len(), diff)
	}
}
