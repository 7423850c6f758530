package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// event is something that happened, in the words of a scenario.
type event struct {
	at    time.Duration
	group string // order is compared within it
	text  string
}

// compare holds what happened against what was wanted.
func (st *stage) compare(s *scenario) {
	var taken, refused, attempts []event
	for _, a := range st.internet.arrivals {
		text := st.showArrival(a)
		words := strings.Fields(text)
		group := words[0] + " " + words[1]
		if s.inOrder[words[0]] {
			group = words[0]
		}
		e := event{a.at.Sub(st.began), group, text}
		if a.status/100 == 2 {
			taken = append(taken, e)
		} else {
			refused = append(refused, e)
		}
	}
	for _, c := range st.carriers {
		for _, a := range c.attempts {
			text := st.showAttempt(c, a)
			attempts = append(attempts, event{a.at.Sub(st.began), group(text, false), text})
		}
	}
	slices.SortStableFunc(attempts, func(a, b event) int { return int(a.at - b.at) })
	for name, got := range map[string][]event{"want": taken, "tries": refused, "provider": attempts} {
		if want, asked := s.want[name]; asked {
			st.compareSection(name, got, want, s.inOrder)
		}
	}
	if _, asked := s.want["want"]; !asked {
		st.Error("the scenario wants nothing")
	}
}

// group is what a line is ordered with: endpoint and subject, or channel and person.
func group(text string, whole bool) string {
	words := strings.Fields(text)
	if whole || len(words) < 2 {
		return words[0]
	}
	return words[0] + " " + words[1]
}

func (st *stage) compareSection(name string, got []event, want []*line, inOrder map[string]bool) {
	wanted := make(map[string][]*line)
	for _, l := range want {
		g := group(strings.Join(l.words, " "), inOrder[l.words[0]])
		wanted[g] = append(wanted[g], l)
	}
	wrong := false
	for _, e := range got {
		list := wanted[e.group]
		if len(list) == 0 {
			st.Errorf("%s: not wanted: %s %s", name, formatOffset(e.at), e.text)
			wrong = true
			continue
		}
		l := list[0]
		wanted[e.group] = list[1:]
		if text := strings.Join(l.words, " "); text != e.text || e.at < l.at || e.at > l.end {
			l.errorf(st, "%s: got %s %s", name, formatOffset(e.at), e.text)
			wrong = true
		}
	}
	for _, list := range wanted {
		for _, l := range list {
			l.errorf(st, "%s: has not come", name)
			wrong = true
		}
	}
	if wrong {
		var all strings.Builder
		for _, e := range got {
			fmt.Fprintf(&all, "%-7s %s\n", formatOffset(e.at), e.text)
		}
		st.Logf("-- %s -- in fact:\n%s", name, all.String())
	}
}
