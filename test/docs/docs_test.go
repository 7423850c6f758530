// Package docs holds the documents against the program: what a page lists is
// what there is. That the paths in them exist is package floors' test.
package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/config"
	"switchyard/internal/openapi"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is the text under a heading, up to the next one.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no section %q", heading)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// Every setting of the gateway is in the table of operate.md with its
// environment variable and its default.
func TestSettings(t *testing.T) {
	var cli struct {
		Serve struct{ config.Serve } `cmd:""`
	}
	parser, err := kong.New(&cli, kong.DefaultEnvars("SWITCHYARD"))
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for _, flag := range parser.Model.Children[0].Flags {
		standard := flag.Default
		if flag.IsBool() && standard == "" {
			standard = "false"
		}
		if standard != "" {
			standard = "`" + standard + "`"
		}
		want["--"+flag.Name] = strings.TrimSpace(strings.Join(flag.Envs, " ") + " " + standard)
	}
	got := make(map[string]string)
	row := regexp.MustCompile("(?m)^\\| `(--[a-z-]+)` \\| `([A-Z_]+)` \\| (\\S*) ?\\|")
	for _, found := range row.FindAllStringSubmatch(section(t, read(t, "docs/operate.md"), "Settings"), -1) {
		got[found[1]] = strings.TrimSpace(found[2] + " " + found[3])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operate.md (-program +table):\n%s", diff)
	}
}

// The metrics of operate.md are those of package observe's comment, which a
// test there holds against the program.
func TestMetrics(t *testing.T) {
	names := func(text, form string) (list []string) {
		for _, found := range regexp.MustCompile(form).FindAllStringSubmatch(text, -1) {
			list = append(list, found[1])
		}
		slices.Sort(list)
		return list
	}
	want := names(read(t, "internal/observe/observe.go"), `(?m)^//\t(switchyard_\S+)`)
	got := names(section(t, read(t, "docs/operate.md"), "Metrics"), "(?m)^\\| `(switchyard_[^`]+)`")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operate.md (-program +table):\n%s", diff)
	}
}

// The operations of compatibility.md are those of the API.
func TestOperations(t *testing.T) {
	first, second, _ := strings.Cut(read(t, "internal/httpapi/operations.go"), "func (a *api) operationsV2")
	works, worksV2 := operations(first), operations(second)
	if len(works) == 0 || len(worksV2) == 0 {
		t.Errorf("%d operations, and %d of version 2", len(works), len(worksV2))
	}
	page := read(t, "docs/compatibility.md")
	listed := func(heading string) (list []string) {
		for _, found := range regexp.MustCompile(`(?m)^([A-Z]+) +(\S+)$`).FindAllStringSubmatch(section(t, page, heading), -1) {
			list = append(list, found[1]+" "+found[2])
		}
		return list
	}
	if diff := cmp.Diff(works, listed("Operations that work")); diff != "" {
		t.Errorf("works (-program +page):\n%s", diff)
	}
	if diff := cmp.Diff(worksV2, listed("Operations of version 2")); diff != "" {
		t.Errorf("version 2 (-program +page):\n%s", diff)
	}
}

// operations lists the routes in a source.
func operations(source string) (list []string) {
	for _, found := range regexp.MustCompile(`\{"([A-Z]+)", "([^"]+)", [\w.]+\}`).FindAllStringSubmatch(source, -1) {
		list = append(list, found[1]+" "+found[2])
	}
	return list
}

// And so are those of the Batch API.
func TestBatchOperations(t *testing.T) {
	var want, got []string
	for _, found := range regexp.MustCompile(`\{"([A-Z]+)", "([^"]+)", a\.\w+\}`).FindAllStringSubmatch(read(t, "internal/httpapi/batch.go"), -1) {
		want = append(want, found[1]+" "+found[2])
	}
	for _, found := range regexp.MustCompile(`(?m)^([A-Z]+) +(\S+)$`).FindAllStringSubmatch(section(t, read(t, "docs/compatibility.md"), "Batch API"), -1) {
		got = append(got, found[1]+" "+found[2])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Batch API (-program +page):\n%s", diff)
	}
}

// Every direct requirement of go.mod has its line in dependencies.md, with the
// version.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", "../../go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, r := range module.Require {
		if !r.Indirect {
			want = append(want, r.Path+" "+strings.TrimPrefix(r.Version, "v"))
		}
	}
	for _, found := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (\\S+) \\|").FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		got = append(got, found[1]+" "+found[2])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dependencies.md (-go.mod +page):\n%s", diff)
	}
}

// Every trigger of the contract has its state in compatibility.md.
func TestTriggers(t *testing.T) {
	callbacks := section(t, read(t, "docs/compatibility.md"), "Callbacks")
	for _, trigger := range convapi.Triggers() {
		if n := strings.Count(callbacks, "`"+string(trigger)+"`"); n != 1 {
			t.Errorf("compatibility.md has %s %d times", trigger, n)
		}
	}
}

// The members that compatibility.md lists of each resource and request are those
// that there are, and ours are those that the description calls so.
func TestMembers(t *testing.T) {
	d, err := openapi.Describe()
	if err != nil {
		t.Fatal(err)
	}
	span := regexp.MustCompile("`([a-z_]+)`")
	rows := regexp.MustCompile(`(?m)^\| ([A-Z]\w+) \|(.*)\|(.*)\|(.*)\|$`).FindAllStringSubmatch(section(t, read(t, "docs/compatibility.md"), "Members"), -1)
	if len(rows) < 20 {
		t.Errorf("%d resources and requests", len(rows))
	}
	for _, row := range rows {
		schema, found := d.Components.Schemas.Get(row[1])
		if !found {
			t.Errorf("no schema %s", row[1])
			continue
		}
		want, got := make(map[string]bool), make(map[string]bool) // whether a member is ours
		for _, member := range schema.Properties {
			want[member.Name] = member.Value.Ours
		}
		for i, column := range row[2:] {
			for _, name := range span.FindAllStringSubmatch(column, -1) {
				got[name[1]] = i == 1
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("members of %s (-description +page):\n%s", row[1], diff)
		}
	}
}
