package lifecycle

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// explore reaches every state that matters over some plans, and calls visit for
// every step out of it.
func explore(visit func(before State, sig Signal, after State, effects []Effect)) {
	for _, p := range drawnPlans() {
		frontier := []State{New(p, start)}
		seen := map[essence]bool{}
		for len(frontier) > 0 {
			s := frontier[0]
			frontier = frontier[1:]
			for _, step := range steps(p, s) {
				after, effects := Apply(p, s, step.sig, step.now, 0.5)
				visit(s, step.sig, after, effects)
				if key := essenceOf(after); !seen[key] {
					seen[key] = true
					frontier = append(frontier, after)
				}
			}
		}
	}
}

// essence is a state without its times and with its counts cut short: states
// of the same essence have the same edges.
type essence struct {
	status   Status
	phase    Phase
	hop      int
	retries  int
	resent   bool
	due      bool
	progress string
}

func essenceOf(s State) essence {
	s.Progress = slices.Clone(s.Progress)
	for i := range s.Progress {
		s.Progress[i].Attempts = min(s.Progress[i].Attempts, 1)
		s.Progress[i].Accepted = 0
	}
	return essence{s.Status, s.Phase, s.Hop, min(s.Retries, 2), s.Resent, !s.Due.IsZero(), s.ProgressText()}
}

// drawnPlans differ in what decides between edges: the kinds of hops, whether
// one that cannot be tried goes before, fallback by reports, a ttl.
func drawnPlans() []Plan {
	var plans []Plan
	for _, first := range []Hop{reporting, resending, assuming, faulty} {
		for _, second := range []Hop{reporting, assuming} {
			for _, hops := range [][]Hop{{first, second}, {faulty, first, second}} {
				p := planOf(hops...)
				p.RetryFor = 0 // one retry
				expiring, silent := p, p
				expiring.Expires = start.Add(2 * time.Hour)
				silent.ReportWait = 0
				plans = append(plans, p, expiring, silent)
			}
		}
	}
	return plans
}

type step struct {
	sig Signal
	now time.Time
}

// steps has every signal in its time: at once, when the state is due, and after
// the ttl.
func steps(p Plan, s State) []step {
	var out []step
	signals := []Signal{Claimed{}, Orphaned{}, Overdue{}, Withdrawn{appGone}, Lost{Hop: s.Hop, Attempt: s.Attempt}, Accepted{Hop: s.Hop, Attempt: s.Attempt, Parts: 1, Now: 1}}
	for _, v := range []Verdict{Retry, Refuse, Abort} {
		signals = append(signals, Refused{Hop: s.Hop, Attempt: s.Attempt, Verdict: v, Reason: rejection})
	}
	for hop := range p.Hops {
		for _, status := range []Status{OnChannel, Delivered, Read, Failed} {
			signals = append(signals, report(hop, status))
		}
		signals = append(signals, Reported{Hop: hop, Part: 0, Status: Delivered})
	}
	times := []time.Time{start}
	if !s.Due.IsZero() {
		times[0] = s.Due
	}
	if !p.Expires.IsZero() {
		times = append(times, p.Expires)
	}
	for _, sig := range signals {
		for _, now := range times {
			out = append(out, step{sig, now})
		}
	}
	return out
}

// edges are what the drawings and the table show, as "from to signal".
type edges map[string]bool

func (e edges) add(from, to, signal string) { e[from+" "+to+" "+signal] = true }

func signalName(sig Signal) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", sig), "lifecycle.")
}

func TestDrawing(t *testing.T) {
	statuses, phases, rows := edges{}, edges{}, edges{}
	explore(func(before State, sig Signal, after State, effects []Effect) {
		if after.Due.IsZero() && after.Phase != Submitted {
			t.Fatalf("%s and %s without a due time: a restart would not find it", after.Status, after.Phase)
		}
		if len(effects) == 0 && before.Phase == after.Phase {
			return
		}
		var told []string
		for _, e := range effects {
			if tell, ok := e.(Tell); ok {
				told = append(told, tell.Status.String())
			}
		}
		if len(told) > 0 {
			statuses.add(before.Status.String(), after.Status.String(), signalName(sig))
			rows.add(before.Status.String(), after.Status.String(), signalName(sig)+" "+strings.Join(told, ", "))
		}
		if before.Phase != after.Phase || before.Hop != after.Hop {
			phases.add(before.Phase.String(), after.Phase.String(), signalName(sig))
		}
	})
	for s := Queued; s <= Failed; s++ {
		if s.Final() {
			statuses.add(s.String(), "[*]", "")
		}
	}
	statuses.add("[*]", Queued.String(), "")
	phases.add("[*]", Waiting.String(), "")

	page, err := os.ReadFile("../../docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	drawnStatuses, rest := drawing(string(page))
	drawnPhases, _ := drawing(rest)
	for _, c := range []struct {
		name           string
		drawn, machine edges
	}{
		{"drawing of statuses", drawnStatuses, statuses},
		{"drawing of phases", drawnPhases, phases},
		{"table of edges", table(string(page)), rows},
	} {
		if diff := cmp.Diff(c.machine, c.drawn); diff != "" {
			t.Errorf("%s in docs/states.md (-machine +drawn):\n%s", c.name, diff)
		}
	}
}

// drawing reads the first mermaid block of a page, and gives what is after it.
func drawing(page string) (edges, string) {
	_, page, _ = strings.Cut(page, "```mermaid\n")
	block, rest, _ := strings.Cut(page, "```")
	out := edges{}
	for line := range strings.Lines(block) {
		from, to, ok := strings.Cut(strings.TrimSpace(line), " --> ")
		if !ok {
			continue
		}
		to, signals, _ := strings.Cut(to, ": ")
		for signal := range strings.SplitSeq(signals, ", ") {
			out.add(from, to, signal)
		}
	}
	return out, rest
}

// table reads the rows of the page's table of edges: the one of five columns.
func table(page string) edges {
	out := edges{}
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 5 || strings.Contains(cells[0], "---") || strings.Contains(cells[0], "from") {
			continue
		}
		for from := range strings.SplitSeq(strings.TrimSpace(cells[0]), ", ") {
			out.add(from, cells[1], cells[2]+" "+cells[3])
		}
	}
	return out
}
