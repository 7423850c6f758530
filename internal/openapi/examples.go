package openapi

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// AnExample is a body that the description shows.
type AnExample struct {
	Operation string // its id; "" for an answer that several have
	Status    string // of an answer; "" for a request
	Schema    string // pointer into the description
	Value     []byte // JSON
}

// Examples lists the examples of requests, answers and callbacks.
func Examples() ([]AnExample, error) {
	d, err := Describe()
	if err != nil {
		return nil, err
	}
	list := new(exampleList)
	for kind, paths := range map[string]Members[PathItem]{"/paths/": d.Paths, "/webhooks/": d.Webhooks} {
		for _, path := range paths {
			for _, o := range path.Value.Operations() {
				pointer := kind + escapePointer(path.Name) + "/" + strings.ToLower(o.Name)
				if body := o.Value.RequestBody; body != nil {
					list.add(AnExample{Operation: o.Value.ID, Schema: pointer + "/requestBody"}, body.Content)
				}
				for _, r := range o.Value.Responses {
					list.add(AnExample{Operation: o.Value.ID, Status: r.Name, Schema: pointer + "/responses/" + r.Name}, r.Value.Content)
				}
			}
		}
	}
	for _, r := range d.Components.Responses {
		list.add(AnExample{Status: r.Name, Schema: "/components/responses/" + r.Name}, r.Value.Content)
	}
	return list.examples, list.err
}

type exampleList struct {
	examples []AnExample
	err      error
}

// add takes the examples of a body.
func (l *exampleList) add(like AnExample, content Members[MediaType]) {
	for _, media := range content {
		like.Schema += "/content/" + escapePointer(media.Name) + "/schema"
		for _, node := range media.Value.all() {
			text, err := asJSON(&node.Value)
			if err != nil {
				l.err = err
			}
			like.Value = text
			l.examples = append(l.examples, like)
		}
	}
}

// all lists the examples of a body, whichever way they stand there.
func (m MediaType) all() Members[yaml.Node] {
	var out Members[yaml.Node]
	if m.Example.Kind != 0 {
		out = append(out, Member[yaml.Node]{Value: m.Example})
	}
	for _, one := range m.Examples {
		out = append(out, Member[yaml.Node]{one.Name, one.Value.Value})
	}
	return out
}

// escapePointer is the escaping of JSON Pointer (RFC 6901).
func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
