package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Figure is one measured value: the median of all repetitions.
type Figure struct {
	Phase  string  `json:"phase"`
	Name   string  `json:"name"`
	Unit   string  `json:"unit,omitempty"`
	Value  float64 `json:"value"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Runs   int     `json:"runs"`
	Target string  `json:"target,omitempty"` // such as "≥ 6600"
	Met    *bool   `json:"met,omitempty"`    // nil without a target
}

// target is what a figure has to reach.
type target struct {
	sign  string // "≥", "≤" or "" for none
	value float64
}

func atLeast(v float64) target { return target{"≥", v} }
func atMost(v float64) target  { return target{"≤", v} }

// none is for figures that only explain others.
var none target

func (t target) met(v float64) bool {
	if t.sign == "≥" {
		return v >= t.value
	}
	return v <= t.value
}

// figures gathers what the phases note.
type figures struct {
	list []*gathered
}

type gathered struct {
	phase, name, unit string
	target            target
	values            []float64
}

// note adds a value; that of a repetition joins those before.
func (f *figures) note(phase, name string, value float64, unit string, t target) {
	for _, g := range f.list {
		if g.phase == phase && g.name == name {
			g.values = append(g.values, value)
			return
		}
	}
	f.list = append(f.list, &gathered{phase, name, unit, t, []float64{value}})
}

// of gives the figures of a phase in the order of their first note.
func (f *figures) of(phase string) []Figure {
	var out []Figure
	for _, g := range f.list {
		if g.phase == phase {
			out = append(out, g.figure())
		}
	}
	return out
}

func (g *gathered) figure() Figure {
	values := slices.Sorted(slices.Values(g.values))
	n := len(values)
	out := Figure{
		Phase: g.phase, Name: g.name, Unit: g.unit, Runs: n,
		Value: (values[(n-1)/2] + values[n/2]) / 2, Min: values[0], Max: values[n-1],
	}
	if g.target.sign != "" {
		met := g.target.met(out.Value)
		out.Target, out.Met = g.target.sign+" "+readable(g.target.value), &met
	}
	return out
}

// countMet counts the figures that have a target, and those that reach it.
func countMet(list []Figure) (met, targets int) {
	for _, one := range list {
		if one.Met == nil {
			continue
		}
		targets++
		if *one.Met {
			met++
		}
	}
	return met, targets
}

// print writes the figures of a phase, one a line.
func (f *figures) print(w io.Writer, phase string) {
	for _, one := range f.of(phase) {
		line := fmt.Sprintf("%-10s  %-52s %10s %-7s", one.Phase, one.Name, readable(one.Value), one.Unit)
		if one.Runs > 1 {
			line += fmt.Sprintf(" %10s – %-10s", readable(one.Min), readable(one.Max))
		}
		if one.Met != nil {
			line += fmt.Sprintf(" target %-9s %s", one.Target, map[bool]string{true: "met", false: "NOT MET"}[*one.Met])
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// readable rounds to three digits or to a whole number, with thousands apart.
func readable(v float64) string {
	switch abs := math.Abs(v); {
	case abs == 0:
		return "0"
	case abs < 100:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	digits := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	var out []byte
	for i, d := range []byte(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			out = append(out, ',')
		}
		out = append(out, d)
	}
	return string(out)
}

// document is what --json writes.
type document struct {
	Version string   `json:"version"`
	Machine Machine  `json:"machine"`
	Options Options  `json:"options"`
	Figures []Figure `json:"figures"`
}

// writeJSON writes all figures for a later comparison.
func writeJSON(path string, d document) error {
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}
