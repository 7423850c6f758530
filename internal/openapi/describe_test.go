package openapi

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"switchyard/convapi"
)

// Another's reader finds nothing wrong with the document.
func TestDocumentIsOpenAPI(t *testing.T) {
	root, err := assemble(pieces())
	if err != nil {
		t.Fatal(err)
	}
	text, err := asYAML(root)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

// Every trigger has its callback.
func TestCallbacksAreTheTriggers(t *testing.T) {
	d, err := Describe()
	if err != nil {
		t.Fatal(err)
	}
	want, got := make(map[string]bool), make(map[string]bool)
	for _, trigger := range convapi.Triggers() {
		want[string(trigger)] = true
	}
	for _, one := range d.Webhooks {
		got[one.Name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("callbacks (-convapi +description):\n%s", diff)
	}
}

// References lead somewhere, ids are there once, and tags and links exist.
func TestNamesExist(t *testing.T) {
	root, err := assemble(pieces())
	if err != nil {
		t.Fatal(err)
	}
	d, err := Describe()
	if err != nil {
		t.Fatal(err)
	}
	seen, tags := make(map[string]bool), make(map[string]bool)
	for _, tag := range d.Tags {
		tags[tag.Name] = true
	}
	for _, path := range slices.Concat(d.Paths, d.Webhooks) {
		for _, o := range path.Value.Operations() {
			if o.Value.ID == "" || seen[o.Value.ID] {
				t.Errorf("%s %s: operation id %q", o.Name, path.Name, o.Value.ID)
			}
			seen[o.Value.ID] = true
			if len(o.Value.Tags) != 1 || !tags[o.Value.Tags[0]] || o.Value.Summary == "" {
				t.Errorf("%s: tags %q, summary %q", o.Value.ID, o.Value.Tags, o.Value.Summary)
			}
		}
	}
	for _, one := range d.Components.Schemas {
		if one.Value.Description == "" {
			t.Errorf("schema %s has no description", one.Name)
		}
	}
	used := references(t, root)
	for _, kind := range []string{"schemas", "parameters", "responses", "headers"} {
		components := lookUp(lookUp(root, "components"), kind)
		for i := 0; i < len(components.Content); i += 2 {
			if name := components.Content[i].Value; !used["#/components/"+kind+"/"+name] {
				t.Errorf("%s %s is not used", kind, name)
			}
		}
	}
}

// references lists what a document refers to, and fails for what is not there.
func references(t *testing.T, root *yaml.Node) map[string]bool {
	used := make(map[string]bool)
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "$ref" {
				used[child.Value] = true
				at := root
				for name := range strings.SplitSeq(strings.TrimPrefix(child.Value, "#/"), "/") {
					if at = lookUp(at, name); at == nil {
						t.Errorf("%s leads nowhere", child.Value)
						break
					}
				}
			}
			walk(child)
		}
	}
	walk(root)
	return used
}

// A comma in a text without quotes makes it two members, the second without a
// value; null stands in the description only where it is meant.
func TestNoTextIsCutAtItsComma(t *testing.T) {
	root, err := assemble(pieces())
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		for i, child := range n.Content {
			name := ""
			if n.Kind == yaml.MappingNode && i%2 == 1 {
				name = n.Content[i-1].Value
			}
			if child.Tag == "!!null" && name != "client_credentials" {
				t.Errorf("%s/%s has no value", path, name)
			}
			walk(child, path+"/"+name)
		}
	}
	walk(root, "")
}
