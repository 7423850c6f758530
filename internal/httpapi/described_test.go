package httpapi

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/internal/openapi"
)

// The description has the operations that there are, and no others.
func TestRoutesAreDescribed(t *testing.T) {
	d, err := openapi.Describe()
	if err != nil {
		t.Fatal(err)
	}
	got := described(d)
	want := map[string]bool{"POST /oauth2/token": true}
	a := new(api)
	for below, routes := range map[string][]route{
		"/v1/projects/*/": a.operations(),
		"/v2/projects/*/": a.operationsV2(),
	} {
		for _, r := range routes {
			want[r.method+" "+below+r.pattern] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("operations (-routes +description):\n%s", diff)
	}
}

// So it is with the Batch API.
func TestBatchRoutesAreDescribed(t *testing.T) {
	d, err := openapi.DescribeBatch()
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]bool)
	for _, r := range new(api).batchOperations() {
		want[r.method+" /v1/projects/*/"+r.pattern] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(described(d)))); diff != "" {
		t.Errorf("operations (-routes +description):\n%s", diff)
	}
}

// described lists the operations of a description as routes are written.
func described(d *openapi.Document) map[string]bool {
	parameter := regexp.MustCompile(`\{[a-z_]+\}`)
	list := make(map[string]bool)
	for _, path := range d.Paths {
		for _, operation := range path.Value.Operations() {
			list[operation.Name+" "+parameter.ReplaceAllString(path.Name, "*")] = true
		}
	}
	return list
}

// An operation says which of its members it needs in a path by their names: the
// description of a path has all its parameters.
func TestPathParametersAreDescribed(t *testing.T) {
	d, err := openapi.Describe()
	if err != nil {
		t.Fatal(err)
	}
	inPath := regexp.MustCompile(`\{([a-z_]+)\}`)
	for _, path := range d.Paths {
		var want, got []string
		for _, found := range inPath.FindAllStringSubmatch(path.Name, -1) {
			want = append(want, found[1])
		}
		for _, p := range path.Value.Parameters {
			if p = d.Parameter(p); p.In == "path" {
				got = append(got, p.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parameters of %s (-path +described):\n%s", path.Name, diff)
		}
		if strings.Contains(path.Name, "//") {
			t.Errorf("path %s", path.Name)
		}
	}
}
