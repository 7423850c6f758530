// Command tally reads the events of "go test -json" from standard input and
// prints what a person wants of them: a line a package, everything that a
// failed test said, and why tests were skipped. Its last line is
// "N passed, N failed", over tests and subtests; a package that fails without
// a failed test (it does not build, it panics, its time is over) counts as one
// failure. It exits with 1 when something failed or nothing passed.
//
// It must not know which tests there are.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	t, err := read(os.Stdin, os.Stdout)
	if err == nil {
		err = t.close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	if t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

// event is one line of go test -json (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // instead of Package in the output of a build
	Test       string // empty: about the package
	Output     string
}

// tally is what has been read.
type tally struct {
	out            io.Writer
	passed, failed int
	said           map[string]map[string]string // output of running tests, by package and test
	broken         map[string]bool              // packages with a failed test
	skipped        map[string]int               // skipped tests by reason
}

// read takes all events. Lines that are none are passed on: they are
// complaints of the go command itself.
func read(in io.Reader, out io.Writer) (*tally, error) {
	t := &tally{
		out: out, said: make(map[string]map[string]string), broken: make(map[string]bool), skipped: make(map[string]int),
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Action == "" {
			if _, err := fmt.Fprintln(out, lines.Text()); err != nil {
				return t, err
			}
			continue
		}
		if err := t.take(e); err != nil {
			return t, err
		}
	}
	return t, lines.Err()
}

// take counts an event.
func (t *tally) take(e event) error {
	switch {
	case e.Action == "build-output":
		return t.print(e.Output)
	case e.Test == "":
		return t.takePackage(e)
	}
	said := t.said[e.Package]
	if said == nil {
		said = make(map[string]string)
		t.said[e.Package] = said
	}
	switch e.Action {
	case "output":
		said[e.Test] += e.Output
		return nil
	case "pass":
		t.passed++
	case "skip":
		t.skipped[reason(said[e.Test])]++
	case "fail":
		t.failed++
		t.broken[e.Package] = true
		if err := t.print(said[e.Test]); err != nil {
			return err
		}
	default: // start, run, pause, cont, bench
		return nil
	}
	delete(said, e.Test)
	return nil
}

// takePackage counts an event that is about a whole package.
func (t *tally) takePackage(e event) error {
	switch {
	case e.Action == "fail" && !t.broken[e.Package]:
		t.failed++
		// Whoever was running says best what has happened.
		for _, test := range slices.Sorted(maps.Keys(t.said[e.Package])) {
			if err := t.print(t.said[e.Package][test]); err != nil {
				return err
			}
		}
	case e.Action == "output" && e.Output != "PASS\n" && !strings.HasPrefix(e.Output, "?"):
		return t.print(e.Output)
	}
	return nil
}

func (t *tally) print(text string) error {
	_, err := io.WriteString(t.out, text)
	return err
}

// close prints the end.
func (t *tally) close() error {
	var end strings.Builder
	for _, why := range slices.SortedFunc(maps.Keys(t.skipped), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.skipped[b], t.skipped[a]), cmp.Compare(a, b))
	}) {
		fmt.Fprintf(&end, "skipped %d: %s\n", t.skipped[why], why)
	}
	fmt.Fprintf(&end, "%d passed, %d failed\n", t.passed, t.failed)
	return t.print(end.String())
}

// place is where a test says that it says something.
var place = regexp.MustCompile(`^\s*[\w./-]+\.go:\d+: `)

// reason is the last thing that a skipped test said.
func reason(said string) string {
	why := "no reason given"
	for line := range strings.Lines(said) {
		if at := place.FindString(line); at != "" {
			why = strings.TrimSpace(strings.TrimPrefix(line, at))
		}
	}
	return why
}
