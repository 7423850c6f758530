package openapi

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is what the page and the tests read of the description. Mappings keep
// their order.
type Document struct {
	Info struct {
		Title       string `yaml:"title"`
		Summary     string `yaml:"summary"`
		Description string `yaml:"description"`
	} `yaml:"info"`
	Security   []map[string]any  `yaml:"security"`
	Tags       []Tag             `yaml:"tags"`
	Paths      Members[PathItem] `yaml:"paths"`
	Webhooks   Members[PathItem] `yaml:"webhooks"`
	Components Components        `yaml:"components"`
}

// Tag is an area of the API.
type Tag struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

// Components are what others refer to.
type Components struct {
	Schemas    Members[*Schema]   `yaml:"schemas"`
	Parameters Members[Parameter] `yaml:"parameters"`
	Headers    Members[Header]    `yaml:"headers"`
	Responses  Members[Response]  `yaml:"responses"`
}

// PathItem is a path and what can be done there.
type PathItem struct {
	Parameters []Parameter `yaml:"parameters"`
	Get        *Operation  `yaml:"get"`
	Post       *Operation  `yaml:"post"`
	Put        *Operation  `yaml:"put"`
	Patch      *Operation  `yaml:"patch"`
	Delete     *Operation  `yaml:"delete"`
}

// Operations lists the operations of a path by their methods.
func (p PathItem) Operations() Members[*Operation] {
	all := Members[*Operation]{
		{"GET", p.Get}, {"POST", p.Post}, {"PUT", p.Put}, {"PATCH", p.Patch}, {"DELETE", p.Delete},
	}
	var out Members[*Operation]
	for _, m := range all {
		if m.Value != nil {
			out = append(out, m)
		}
	}
	return out
}

// Operation is one call of the API, or one callback.
type Operation struct {
	ID          string            `yaml:"operationId"`
	Tags        []string          `yaml:"tags"`
	Summary     string            `yaml:"summary"`
	Description string            `yaml:"description"`
	Deprecated  bool              `yaml:"deprecated"`
	Ours        bool              `yaml:"x-ours"`
	Parameters  []Parameter       `yaml:"parameters"`
	RequestBody *RequestBody      `yaml:"requestBody"`
	Responses   Members[Response] `yaml:"responses"`
}

// Parameter is a part of the path, of the query, or a header.
type Parameter struct {
	Ref         string    `yaml:"$ref"`
	Name        string    `yaml:"name"`
	In          string    `yaml:"in"`
	Required    bool      `yaml:"required"`
	Description string    `yaml:"description"`
	Ours        bool      `yaml:"x-ours"`
	Schema      *Schema   `yaml:"schema"`
	Example     yaml.Node `yaml:"example"`
}

// RequestBody is what a request carries.
type RequestBody struct {
	Required bool               `yaml:"required"`
	Content  Members[MediaType] `yaml:"content"`
}

// Response is an answer.
type Response struct {
	Ref         string             `yaml:"$ref"`
	Description string             `yaml:"description"`
	Headers     Members[Header]    `yaml:"headers"`
	Content     Members[MediaType] `yaml:"content"`
}

// Header is a header of an answer.
type Header struct {
	Ref         string  `yaml:"$ref"`
	Description string  `yaml:"description"`
	Ours        bool    `yaml:"x-ours"`
	Schema      *Schema `yaml:"schema"`
}

// MediaType is the form of a body.
type MediaType struct {
	Schema   *Schema          `yaml:"schema"`
	Example  yaml.Node        `yaml:"example"`
	Examples Members[Example] `yaml:"examples"`
}

// Example is one of several.
type Example struct {
	Value yaml.Node `yaml:"value"`
}

// Schema is the part of JSON Schema 2020-12 that the description uses.
type Schema struct {
	Ref                  string           `yaml:"$ref"`
	Type                 string           `yaml:"type"`
	Format               string           `yaml:"format"`
	Description          string           `yaml:"description"`
	ReadOnly             bool             `yaml:"readOnly"`
	Deprecated           bool             `yaml:"deprecated"`
	Ours                 bool             `yaml:"x-ours"`
	Required             []string         `yaml:"required"`
	Properties           Members[*Schema] `yaml:"properties"`
	PropertyNames        *Schema          `yaml:"propertyNames"`
	AdditionalProperties *Additional      `yaml:"additionalProperties"`
	MaxProperties        *int             `yaml:"maxProperties"`
	Items                *Schema          `yaml:"items"`
	MinItems             *int             `yaml:"minItems"`
	MaxItems             *int             `yaml:"maxItems"`
	UniqueItems          bool             `yaml:"uniqueItems"`
	Enum                 []string         `yaml:"enum"`
	Const                yaml.Node        `yaml:"const"`
	Default              yaml.Node        `yaml:"default"`
	MinLength            *int             `yaml:"minLength"`
	MaxLength            *int             `yaml:"maxLength"`
	Pattern              string           `yaml:"pattern"`
	Minimum              *int64           `yaml:"minimum"`
	Maximum              *int64           `yaml:"maximum"`
	OneOf                []*Schema        `yaml:"oneOf"`
	AnyOf                []*Schema        `yaml:"anyOf"`
	Not                  *Schema          `yaml:"not"`
}

// Additional is additionalProperties: a schema or a boolean.
type Additional struct {
	Schema *Schema
	Any    bool
}

// UnmarshalYAML reads either form.
func (a *Additional) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&a.Any)
	}
	return n.Decode(&a.Schema)
}

// Member is one member of a mapping.
type Member[T any] struct {
	Name  string
	Value T
}

// Members is a mapping in its order.
type Members[T any] []Member[T]

// UnmarshalYAML reads a mapping.
func (m *Members[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want a mapping", n.Line)
	}
	for i := 0; i < len(n.Content); i += 2 {
		one := Member[T]{Name: n.Content[i].Value}
		if err := n.Content[i+1].Decode(&one.Value); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
		*m = append(*m, one)
	}
	return nil
}

// Get gives the member of a name.
func (m Members[T]) Get(name string) (value T, found bool) {
	for _, one := range m {
		if one.Name == name {
			return one.Value, true
		}
	}
	return value, false
}

// Describe gives the description of the API.
func Describe() (*Document, error) {
	root, err := assembleAPI()
	if err != nil {
		return nil, err
	}
	d := new(Document)
	return d, root.Decode(d)
}

// JSON gives the description as JSON.
func JSON() ([]byte, error) {
	root, err := assembleAPI()
	if err != nil {
		return nil, err
	}
	return asJSON(root)
}

// bearerOnly reports whether the only credentials are access tokens.
func (d *Document) bearerOnly() bool {
	_, bearer := d.Security[0]["bearer"]
	return len(d.Security) == 1 && bearer
}

// refName is the last part of a reference: its name among its kind.
func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// Parameter gives a parameter that may be a reference.
func (d *Document) Parameter(p Parameter) Parameter {
	if p.Ref != "" {
		p, _ = d.Components.Parameters.Get(refName(p.Ref))
	}
	return p
}

// Response gives an answer that may be a reference.
func (d *Document) Response(r Response) Response {
	if r.Ref != "" {
		r, _ = d.Components.Responses.Get(refName(r.Ref))
	}
	return r
}

// Header gives a header that may be a reference.
func (d *Document) Header(h Header) Header {
	if h.Ref != "" {
		h, _ = d.Components.Headers.Get(refName(h.Ref))
	}
	return h
}
