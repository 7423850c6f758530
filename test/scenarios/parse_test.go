package scenarios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scenario is a file.
type scenario struct {
	stage, script []*line
	want          map[string][]*line // by section
	inOrder       map[string]bool    // webhooks whose callbacks are compared as one list
}

// line is one line of a scenario.
type line struct {
	number  int
	timed   bool
	at, end time.Duration // the same but for a span
	words   []string
	options map[string]string
	used    map[string]bool
}

// errorf reports what is wrong with or at a line.
func (l *line) errorf(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Errorf("line %d (%s): %s", l.number, strings.Join(l.words, " "), fmt.Sprintf(format, args...))
}

// word gives a word by its place, "" behind the end.
func (l *line) word(i int) string {
	if i < len(l.words) {
		return l.words[i]
	}
	return ""
}

// has takes a word out of the line, if it is there.
func (l *line) has(word string) bool {
	for i, w := range l.words {
		if w == word {
			l.words = append(l.words[:i:i], l.words[i+1:]...)
			return true
		}
	}
	return false
}

// option gives an option's value, "" without it.
func (l *line) option(name string) string {
	l.used[name] = true
	return l.options[name]
}

// list is an option with commas.
func (l *line) list(name string) []string {
	if v := l.option(name); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

func (l *line) duration(t testing.TB, name string) time.Duration {
	v := l.option(name)
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		l.errorf(t, "%s: %v", name, err)
	}
	return d
}

func (l *line) int(t testing.TB, name string, missing int) int {
	v := l.option(name)
	if v == "" {
		return missing
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		l.errorf(t, "%s: %v", name, err)
	}
	return n
}

// unused names the options that nobody has asked for.
func (l *line) unused() (names []string) {
	for name := range l.options {
		if !l.used[name] {
			names = append(names, name)
		}
	}
	return names
}

var (
	sectionLine = regexp.MustCompile(`^-- (want|tries|provider) --$`)
	token       = regexp.MustCompile(`[a-z_]+=(?:"[^"]*"|'[^']*'|[^\s"']\S*)|"[^"]*"|'[^']*'|\S+`)
	optionToken = regexp.MustCompile(`^([a-z_]+)=(.*)$`)
	timeToken   = regexp.MustCompile(`^\+(\w[\w.]*?)(?:\.\.\+(\S+))?$`)
	rangeToken  = regexp.MustCompile(`^([a-z]+)(\d+)\.\.[a-z]+(\d+)$`)
)

func parse(t testing.TB, text string) *scenario {
	s := &scenario{want: make(map[string][]*line), inOrder: make(map[string]bool)}
	section := ""
	for i, raw := range strings.Split(text, "\n") {
		raw, _, _ = strings.Cut(raw, " # ")
		raw = strings.TrimSpace(raw)
		if raw == "" || strings.HasPrefix(raw, "#") {
			continue
		}
		if m := sectionLine.FindStringSubmatch(raw); m != nil {
			section = m[1]
			s.want[section] = []*line{}
			continue
		}
		for _, l := range expand(t, parseLine(t, i+1, raw)) {
			switch {
			case section != "" && !l.timed && l.word(1) == "in" && l.word(2) == "order":
				s.inOrder[l.words[0]] = true
			case section != "":
				s.want[section] = append(s.want[section], l)
			case l.timed:
				s.script = append(s.script, l)
			default:
				s.stage = append(s.stage, l)
			}
		}
	}
	return s
}

func parseLine(t testing.TB, number int, raw string) *line {
	l := &line{number: number, options: make(map[string]string), used: make(map[string]bool)}
	tokens := token.FindAllString(raw, -1)
	if m := timeToken.FindStringSubmatch(tokens[0]); m != nil {
		l.timed, tokens = true, tokens[1:]
		l.at = parseTime(t, number, m[1])
		l.end = l.at
		if m[2] != "" {
			l.end = parseTime(t, number, m[2])
		}
	}
	for _, word := range tokens {
		if m := optionToken.FindStringSubmatch(word); m != nil {
			l.options[m[1]] = strings.Trim(m[2], `"'`)
		} else {
			l.words = append(l.words, word)
		}
	}
	return l
}

func parseTime(t testing.TB, number int, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("line %d: %v", number, err)
	}
	return d
}

// expand makes a line with m1..m9 as many, "every" apart.
func expand(t testing.TB, l *line) []*line {
	for place, word := range l.words {
		m := rangeToken.FindStringSubmatch(word)
		if m == nil {
			continue
		}
		from, _ := strconv.Atoi(m[2])
		to, _ := strconv.Atoi(m[3])
		every := l.duration(t, "every")
		delete(l.options, "every")
		var out []*line
		for n := from; n <= to; n++ {
			c := *l
			c.words = append([]string(nil), l.words...)
			c.words[place] = m[1] + strconv.Itoa(n)
			c.used = make(map[string]bool)
			c.at += time.Duration(n-from) * every
			c.end += time.Duration(n-from) * every
			out = append(out, &c)
		}
		return out
	}
	return []*line{l}
}

// unquote takes the quotes off a text; the second result says whether it had any.
func unquote(word string) (string, bool) {
	if len(word) >= 2 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
		return word[1 : len(word)-1], true
	}
	return word, false
}
