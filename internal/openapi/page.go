package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed page.html
var pageTemplate string

//go:embed page.css
var pageStyle string

// stylePolicy lets a browser use the page's own style and nothing else.
func stylePolicy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// view is what the template shows.
type view struct {
	Title, Summary string
	Style          template.CSS
	Intro          template.HTML
	Contents       []string // headings of the introduction
	Areas          []area
	Schemas        []schemaView
}

// area is a tag with its operations.
type area struct {
	Name, Anchor string
	About        template.HTML
	Operations   []operationView
	Headers      []item // that every callback has
}

// operationView is an operation or a callback.
type operationView struct {
	Anchor, Title, Method, Path string
	Deprecated, Ours            bool
	About                       template.HTML
	Parameters                  []item
	Request                     template.HTML // what its body is
	Examples                    []exampleView
	Answers                     []answerView
}

// item is a member or a parameter.
type item struct {
	Anchor, Name, In                 string
	Kind, About                      template.HTML
	Limits                           string
	Required, Ours, ReadOnly, Retire bool
}

// exampleView is a request or a body to look at.
type exampleView struct{ Title, Text string }

// answerView is an answer of an operation.
type answerView struct {
	Status, Example string
	About, Kind     template.HTML
	Headers         []item
}

// schemaView is a schema of the components.
type schemaView struct {
	Name     string
	Ours     bool
	About    template.HTML
	Kind     template.HTML // of those that have no members
	Refines  template.HTML
	Required template.HTML
	Rules    []template.HTML
	Members  []item
}

// renderPage makes the page for people.
func renderPage() ([]byte, error) {
	d, err := Describe()
	if err != nil {
		return nil, err
	}
	batch, err := DescribeBatch()
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("page").Funcs(template.FuncMap{"slug": slug}).Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	v, err := newView(d, batch)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// newView makes the view of the API and, behind its own areas, of the Batch API.
func newView(d, batch *Document) (*view, error) {
	v := &view{
		Title: d.Info.Title, Summary: d.Info.Summary, Style: template.CSS(pageStyle), Intro: prose(d.Info.Description),
	}
	for line := range strings.Lines(d.Info.Description) {
		if title, heading := strings.CutPrefix(line, "## "); heading {
			v.Contents = append(v.Contents, strings.TrimSpace(title))
		}
	}
	for _, one := range []*Document{d, batch} {
		areas, err := one.viewAreas()
		if err != nil {
			return nil, err
		}
		v.Areas = append(v.Areas, areas...)
	}
	schemas := make(map[string]*Schema)
	for _, one := range slices.Concat(batch.Components.Schemas, d.Components.Schemas) {
		schemas[one.Name] = one.Value
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		v.Schemas = append(v.Schemas, viewSchema(name, schemas))
	}
	return v, nil
}

func (d *Document) viewAreas() ([]area, error) {
	areas := make([]area, len(d.Tags))
	byName := make(map[string]*area)
	for i, tag := range d.Tags {
		areas[i] = area{Name: tag.Name, Anchor: slug(tag.Name), About: prose(tag.Description)}
		byName[tag.Name] = &areas[i]
	}
	for _, path := range d.Paths {
		for _, o := range path.Value.Operations() {
			shown, err := d.viewOperation(o.Name, path.Name, path.Value, o.Value)
			if err != nil {
				return nil, err
			}
			of := byName[o.Value.Tags[0]]
			of.Operations = append(of.Operations, shown)
		}
	}
	for _, callback := range d.Webhooks {
		shown, err := d.viewCallback(callback.Name, callback.Value.Post)
		if err != nil {
			return nil, err
		}
		of := byName[callback.Value.Post.Tags[0]]
		of.Operations = append(of.Operations, shown)
		of.Headers = d.viewParameters(callback.Value.Post.Parameters)
	}
	return areas, nil
}

func (d *Document) viewOperation(method, path string, of PathItem, o *Operation) (operationView, error) {
	v := operationView{
		Anchor: o.ID, Title: o.Summary, Method: method, Path: path, Deprecated: o.Deprecated, Ours: o.Ours,
		About: prose(o.Description), Parameters: d.viewParameters(slices.Concat(of.Parameters, o.Parameters)),
	}
	call := d.curl(method, path, of.Parameters)
	if o.RequestBody == nil {
		v.Examples = []exampleView{{Text: call}}
	} else {
		body := o.RequestBody.Content[0]
		v.Request = bodyKind(body.Value.Schema)
		for _, example := range body.Value.all() {
			text, err := d.curlBody(body.Name, &example.Value)
			if err != nil {
				return v, err
			}
			v.Examples = append(v.Examples, exampleView{Title: example.Name, Text: call + text})
		}
	}
	var err error
	v.Answers, err = d.viewAnswers(o)
	return v, err
}

func (d *Document) viewCallback(trigger string, o *Operation) (operationView, error) {
	body := o.RequestBody.Content[0].Value
	v := operationView{
		Anchor: "callback-" + trigger, Title: o.Summary, Path: trigger, Ours: o.Ours, About: prose(o.Description), Request: bodyKind(body.Schema),
	}
	for _, example := range body.all() {
		text, err := prettyJSON(&example.Value, "")
		if err != nil {
			return v, err
		}
		v.Examples = append(v.Examples, exampleView{Title: example.Name, Text: text})
	}
	return v, nil
}

// curl is a call from the command line, without its body.
func (d *Document) curl(method, path string, parameters []Parameter) string {
	for _, p := range parameters {
		if p = d.Parameter(p); p.In == "path" {
			value := p.Example.Value
			if p.Name == "project_id" {
				value = "$PROJECT"
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", value)
		}
	}
	request := ""
	if method != "GET" {
		request = " -X " + method
	}
	credentials, base := `-u "$KEY"`, "$URL"
	if d.bearerOnly() {
		credentials, base = `-H "Authorization: Bearer $TOKEN"`, "$BATCH"
	}
	return "curl " + credentials + request + ` "` + base + path + `"`
}

// curlBody is the rest of a call that has a body.
func (d *Document) curlBody(kind string, body *yaml.Node) (string, error) {
	if kind != "application/json" {
		form := ""
		for i := 0; i < len(body.Content); i += 2 {
			form += " -d " + body.Content[i].Value + "=" + body.Content[i+1].Value
		}
		return form, nil
	}
	text, err := prettyJSON(body, "")
	return " -d '\n" + strings.ReplaceAll(text, "'", `'\''`) + "'", err
}

func (d *Document) viewParameters(list []Parameter) []item {
	var out []item
	for _, p := range list {
		if p = d.Parameter(p); p.Name == "project_id" { // in every path, and explained once
			continue
		}
		out = append(out, item{
			Name: p.Name, In: p.In, Kind: kind(p.Schema), About: line(p.Description), Limits: limits(p.Schema),
			Required: p.Required, Ours: p.Ours,
		})
	}
	return out
}

func (d *Document) viewAnswers(o *Operation) ([]answerView, error) {
	var out []answerView
	for _, r := range o.Responses {
		if r.Name == "default" { // the same everywhere, and explained once
			continue
		}
		response := d.Response(r.Value)
		v := answerView{Status: r.Name, About: line(response.Description)}
		for _, header := range response.Headers {
			h := d.Header(header.Value)
			v.Headers = append(v.Headers, item{Name: header.Name, Kind: kind(h.Schema), About: line(h.Description), Ours: h.Ours})
		}
		for _, body := range response.Content {
			v.Kind = bodyKind(body.Value.Schema)
			for _, example := range body.Value.all() {
				text, err := prettyJSON(&example.Value, "")
				if err != nil {
					return nil, err
				}
				if r.Value.Ref == "" || r.Name == "200" {
					v.Example = text
				}
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// bodyKind says what a body is and what it needs beyond its schema.
func bodyKind(s *Schema) template.HTML {
	text := kindText(s)
	if len(s.Required) > 0 {
		text += " with " + spans(named(s.Required))
	}
	return template.HTML(text)
}

func viewSchema(name string, schemas map[string]*Schema) schemaView {
	s := schemas[name]
	v := schemaView{Name: name, Ours: s.Ours, About: prose(s.Description)}
	if s.Ref != "" {
		v.Refines, v.Required = kind(s), template.HTML(spans(named(s.Required)))
		return v
	}
	for _, rule := range rules(s) {
		v.Rules = append(v.Rules, template.HTML(spans(rule)))
	}
	if len(s.Properties) == 0 {
		v.Kind = kind(s)
	}
	for _, one := range s.Properties {
		p := one.Value
		v.Members = append(v.Members, item{
			Anchor: "schema-" + name + "." + one.Name, Name: one.Name, Kind: kind(p), About: line(about(p, schemas)), Limits: limits(p),
			Required: slices.Contains(s.Required, one.Name), Ours: p.Ours, ReadOnly: p.ReadOnly, Retire: p.Deprecated,
		})
	}
	return v
}

// about describes a member: in its own words, or in those of what it refers to.
func about(s *Schema, schemas map[string]*Schema) string {
	if referred := schemas[refName(s.Ref)]; s.Description == "" && referred != nil {
		return referred.Description
	}
	return s.Description
}
