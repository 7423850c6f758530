package observe_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"switchyard/internal/observe"
)

const (
	dashboardFile = "../../deploy/grafana/switchyard.json"
	rulesFile     = "../../deploy/prometheus/switchyard.rules.yml"
)

// labels is a set of label names.
type labels map[string]bool

func set(names ...string) labels {
	s := make(labels)
	for _, n := range names {
		s[n] = true
	}
	return s
}

func (s labels) and(others ...string) labels {
	out := maps.Clone(s)
	for _, o := range others {
		out[o] = true
	}
	return out
}

// series gives what the program exposes, as queries name it, with its labels.
func series(t *testing.T) map[string]labels {
	t.Helper()
	registry := prometheus.NewRegistry()
	observeEverything(observe.NewMetrics(registry))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]labels)
	for _, f := range families {
		names := set("job", "instance") // Prometheus's own, of the target
		for _, pair := range f.GetMetric()[0].GetLabel() {
			names[pair.GetName()] = true
		}
		switch f.GetType().String() {
		case "HISTOGRAM":
			out[f.GetName()+"_bucket"], out[f.GetName()+"_sum"], out[f.GetName()+"_count"] = names.and("le"), names, names
		case "SUMMARY":
			out[f.GetName()] = names.and("quantile")
		default:
			out[f.GetName()] = names
		}
	}
	return out
}

// queries checks PromQL against the program.
type queries struct {
	series map[string]labels
	used   map[string]bool
	parser parser.Parser
}

func newQueries(t *testing.T) *queries {
	return &queries{series: series(t), used: make(map[string]bool), parser: parser.NewParser(parser.Options{})}
}

// labelsOf gives the labels of a query's result.
func (q *queries) labelsOf(query string) (labels, error) {
	// What Grafana puts in.
	query = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(query)
	expr, err := q.parser.ParseExpr(query)
	if err != nil {
		return nil, err
	}
	return q.walk(expr)
}

func (q *queries) walk(node parser.Expr) (labels, error) {
	switch e := node.(type) {
	case *parser.VectorSelector:
		return q.selector(e)
	case *parser.MatrixSelector:
		return q.walk(e.VectorSelector)
	case *parser.ParenExpr:
		return q.walk(e.Expr)
	case *parser.StepInvariantExpr:
		return q.walk(e.Expr)
	case *parser.NumberLiteral:
		return nil, nil
	case *parser.AggregateExpr:
		inner, err := q.walk(e.Expr)
		if err == nil && e.Without {
			err = fmt.Errorf("%s: without is not understood here", e)
		}
		return set(e.Grouping...), firstError(err, inner, e.Grouping)
	case *parser.BinaryExpr:
		return q.binary(e)
	case *parser.Call:
		return q.call(e)
	}
	return nil, fmt.Errorf("%s: a %T is not understood here", node, node)
}

func (q *queries) selector(e *parser.VectorSelector) (labels, error) {
	known := q.series[e.Name]
	if known == nil {
		return nil, fmt.Errorf("%s: the program has no such metric", e.Name)
	}
	q.used[e.Name] = true
	var asked []string
	for _, m := range e.LabelMatchers {
		if m.Name != "__name__" {
			asked = append(asked, m.Name)
		}
	}
	return known, firstError(nil, known, asked)
}

func (q *queries) binary(e *parser.BinaryExpr) (labels, error) {
	left, err := q.walk(e.LHS)
	if err != nil {
		return nil, err
	}
	right, err := q.walk(e.RHS)
	if err != nil {
		return nil, err
	}
	if e.VectorMatching == nil { // one of them is a number, which has no labels
		if left == nil {
			return right, nil
		}
		return left, nil
	}
	if e.VectorMatching.On {
		if err := firstError(firstError(nil, left, e.VectorMatching.MatchingLabels), right, e.VectorMatching.MatchingLabels); err != nil {
			return nil, err
		}
		return left, nil
	}
	if !maps.Equal(left, right) {
		return nil, fmt.Errorf("%s: the sides have different labels and never meet", e)
	}
	return left, nil
}

// call knows the functions that are used.
func (q *queries) call(e *parser.Call) (labels, error) {
	if e.Func.Name == "time" {
		return nil, nil
	}
	inner, err := q.walk(e.Args[len(e.Args)-1])
	switch {
	case err != nil:
		return nil, err
	case e.Func.Name == "absent":
		return set(), nil
	case e.Func.Name == "histogram_quantile":
		out := maps.Clone(inner)
		delete(out, "le")
		return out, firstError(nil, inner, []string{"le"})
	case e.Func.Name == "rate", e.Func.Name == "increase":
		return inner, nil
	}
	return nil, fmt.Errorf("%s: the function is not understood here", e)
}

// firstError complains of names that are not among the labels.
func firstError(err error, known labels, names []string) error {
	for _, n := range names {
		if err == nil && !known[n] {
			err = fmt.Errorf("there is no label %s among %v", n, slices.Sorted(maps.Keys(known)))
		}
	}
	return err
}

// The checker itself.
func TestQueriesAreChecked(t *testing.T) {
	q := newQueries(t)
	for query, want := range map[string]string{
		`sum by (verdict) (rate(switchyard_attempts_total{channel="SMS"}[$__rate_interval]))`: "",
		`switchyard_gone_total`:                                                             "no such metric",
		`switchyard_commit_duration_seconds`:                                                "no such metric", // without _bucket
		`rate(switchyard_attempts_total{webhook="x"}[5m])`:                                  "no label webhook",
		`sum by (status) (switchyard_attempts_total)`:                                       "no label status",
		`histogram_quantile(0.9, sum by (job) (switchyard_commit_duration_seconds_bucket))`: "no label le",
		`switchyard_breakers_open / sum by (job) (switchyard_breakers_open)`:                "never meet",
		`sum by (channel) (sum by (verdict) (switchyard_attempts_total))`:                   "no label channel",
		`sum(`: "unclosed left parenthesis",
	} {
		_, err := q.labelsOf(query)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

type dashboard struct {
	Panels []struct {
		ID          int
		Type, Title string
		Targets     []struct{ Expr, LegendFormat string }
	}
}

// Every query of the dashboard asks for what the program has, and the dashboard
// leaves nothing of the gateway out.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	q := newQueries(t)
	var rows []string
	ids := make(map[int]bool)
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: id %d is there twice", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			rows = append(rows, p.Title)
		} else if len(p.Targets) == 0 {
			t.Errorf("%s: shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			got, err := q.labelsOf(target.Expr)
			if err != nil {
				t.Errorf("%s: %v", p.Title, err)
				continue
			}
			for _, found := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(target.LegendFormat, -1) {
				if !got[found[1]] {
					t.Errorf("%s: the legend shows %s, the query has %v", p.Title, found[1], slices.Sorted(maps.Keys(got)))
				}
			}
		}
	}
	want := []string{"Traffic", "Latency", "Queues and ages", "Callbacks and breakers", "Channels and verdicts", "Store", "Nodes and leases", "Runtime"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for name := range q.series {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if strings.HasPrefix(name, "switchyard_") && !q.used[name] && !q.used[base+"_bucket"] && !q.used[base+"_sum"] && !q.used[base+"_count"] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

type rules struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// Every alert asks for what the program has, says what it is about, and has its
// line in docs/operate.md.
func TestAlerts(t *testing.T) {
	file, err := os.Open(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var r rules
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	q := newQueries(t)
	var names []string
	for _, g := range r.Groups {
		for _, rule := range g.Rules {
			names = append(names, rule.Alert)
			got, err := q.labelsOf(rule.Expr)
			if err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
			if s := rule.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s: severity %q", rule.Alert, s)
			}
			if rule.For != "" && !regexp.MustCompile(`^[1-9]\d*[smh]$`).MatchString(rule.For) {
				t.Errorf("%s: for %q", rule.Alert, rule.For)
			}
			for _, key := range []string{"summary", "description"} {
				if err := expand(rule.Annotations[key], got); err != nil {
					t.Errorf("%s: %s: %v", rule.Alert, key, err)
				}
			}
		}
	}
	var listed []string
	for _, found := range regexp.MustCompile("(?m)^\\| `(Switchyard\\w+)` \\|").FindAllSubmatch(page, -1) {
		listed = append(listed, string(found[1]))
	}
	slices.Sort(names)
	slices.Sort(listed)
	if diff := cmp.Diff(names, listed); diff != "" {
		t.Errorf("docs/operate.md (-rules +page):\n%s", diff)
	}
}

// expand fills an annotation in as Prometheus does.
func expand(text string, known labels) error {
	if text == "" {
		return fmt.Errorf("is missing")
	}
	figure := func(v float64) string { return fmt.Sprint(v) }
	parsed, err := template.New("").Option("missingkey=error").
		Funcs(template.FuncMap{"humanize": figure, "humanizeDuration": figure, "humanizePercentage": figure}).
		Parse("{{$labels := .Labels}}{{$value := .Value}}" + text)
	if err != nil {
		return err
	}
	return parsed.Execute(io.Discard, map[string]any{"Labels": map[string]bool(known), "Value": 1.0})
}
