// Package openapitest holds requests, answers and callbacks against the OpenAPI
// description.
package openapitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"switchyard/internal/openapi"
)

// Exchange is a request and its answer.
type Exchange struct {
	Method  string
	URL     *url.URL
	Header  http.Header
	Body    []byte
	Status  int
	Reply   http.Header
	Answer  []byte
	Unusual bool // the request is one that is understood though it is not described
}

// Checker knows the description.
type Checker struct {
	document *openapi.Document
	paths    []path

	mu        sync.Mutex
	compilers map[bool]*jsonschema.Compiler // by whether members that are not described are wrong
	compiled  map[string]*jsonschema.Schema // by address
}

// path is a path of the description, cut at its parameters.
type path struct {
	name  string
	parts []string
	item  openapi.PathItem
}

// address is what the description calls itself here. Nothing is fetched from it.
const address = "http://switchyard/openapi.json"

// New reads the description of the API.
func New() (*Checker, error) { return newChecker(openapi.Describe, openapi.JSON) }

// NewBatch reads the description of the Batch API.
func NewBatch() (*Checker, error) { return newChecker(openapi.DescribeBatch, openapi.BatchJSON) }

func newChecker(describe func() (*openapi.Document, error), render func() ([]byte, error)) (*Checker, error) {
	document, err := describe()
	if err != nil {
		return nil, err
	}
	text, err := render()
	if err != nil {
		return nil, err
	}
	c := &Checker{document: document, compiled: make(map[string]*jsonschema.Schema), compilers: make(map[bool]*jsonschema.Compiler)}
	for _, strict := range []bool{false, true} {
		root, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if strict {
			forbidOthers(root)
		}
		compiler := jsonschema.NewCompiler()
		compiler.DefaultDraft(jsonschema.Draft2020)
		compiler.AssertFormat()
		if err := compiler.AddResource(address, root); err != nil {
			return nil, err
		}
		c.compilers[strict] = compiler
	}
	for _, p := range document.Paths {
		c.paths = append(c.paths, path{p.Name, cut(p.Name), p.Value})
	}
	return c, nil
}

// cut splits a path at its parameters: "/a/{b}:c" gives "/a/" and ":c".
func cut(name string) []string {
	var parts []string
	for {
		literal, rest, found := strings.Cut(name, "{")
		parts = append(parts, literal)
		if !found {
			return parts
		}
		_, name, _ = strings.Cut(rest, "}")
	}
}

// forbidOthers forbids members that are not described in every object that lists some.
// Schemas that refine another one are left alone.
func forbidOthers(node any) {
	switch node := node.(type) {
	case map[string]any:
		_, refines := node["$ref"]
		_, lists := node["properties"].(map[string]any)
		_, says := node["additionalProperties"]
		if lists && !refines && !says && node["type"] == "object" {
			node["additionalProperties"] = false
		}
		for _, child := range node {
			forbidOthers(child)
		}
	case []any:
		for _, child := range node {
			forbidOthers(child)
		}
	}
}

// match gives the parameters of a path, if it is this one.
func (p path) match(escaped string) (parameters []string, matches bool) {
	rest, matches := strings.CutPrefix(escaped, p.parts[0])
	for _, literal := range p.parts[1:] {
		end := strings.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		if literal != "" && literal[0] == ':' {
			end = strings.LastIndex(rest[:end], literal)
		}
		if !matches || end <= 0 || !strings.HasPrefix(rest[end:], literal) {
			return nil, false
		}
		value, err := url.PathUnescape(rest[:end])
		if err != nil {
			return nil, false
		}
		parameters, rest = append(parameters, value), rest[end+len(literal):]
	}
	return parameters, matches && rest == ""
}

// find gives the path of a URL: of several the one with the most that is literal.
func (c *Checker) find(u *url.URL) (found *path, parameters []string) {
	escaped := strings.NewReplacer("%3A", ":", "%3a", ":").Replace(u.EscapedPath())
	for strings.Contains(escaped, "//") {
		escaped = strings.ReplaceAll(escaped, "//", "/")
	}
	escaped = strings.TrimSuffix(escaped, "/")
	for i := range c.paths {
		values, matches := c.paths[i].match(escaped)
		if matches && (found == nil || len(strings.Join(c.paths[i].parts, "")) > len(strings.Join(found.parts, ""))) {
			found, parameters = &c.paths[i], values
		}
	}
	return found, parameters
}

// Operation gives the id of the operation that a request calls; "" for none.
func (c *Checker) Operation(method string, u *url.URL) string {
	p, _ := c.find(u)
	if p == nil {
		return ""
	}
	operation, _ := p.item.Operations().Get(method)
	if operation == nil {
		return ""
	}
	return operation.ID
}

// Check says what about an exchange is not as described. The request is looked at
// only if it was accepted: what is refused need not fit.
func (c *Checker) Check(x Exchange) error {
	p, parameters := c.find(x.URL)
	if p == nil {
		return c.checkElsewhere(x)
	}
	operation, found := p.item.Operations().Get(x.Method)
	if !found {
		return c.checkElsewhere(x)
	}
	pointer := "/paths/" + escape(p.name) + "/" + strings.ToLower(x.Method)
	problems := []error{c.checkAnswer(x, operation, pointer), Clients(x.Answer)}
	if x.Status < 300 && !x.Unusual {
		problems = append(problems, c.checkRequest(x, p, operation), checkPath(p, parameters))
	}
	return errors.Join(problems...)
}

// checkElsewhere is for requests that nothing describes: they must be refused.
func (c *Checker) checkElsewhere(x Exchange) error {
	if x.Status < 400 {
		return fmt.Errorf("%s %s is not described, but the answer is %d", x.Method, x.URL.Path, x.Status)
	}
	return c.validate("/components/schemas/ErrorResponse", x.Answer, true)
}

func checkPath(p *path, parameters []string) error {
	for _, value := range parameters {
		if value == "" {
			return fmt.Errorf("%s: an empty parameter", p.name)
		}
	}
	return nil
}

func (c *Checker) checkAnswer(x Exchange, o *openapi.Operation, pointer string) error {
	name := strconv.Itoa(x.Status)
	response, found := o.Responses.Get(name)
	if !found {
		name = "default"
		response, found = o.Responses.Get(name)
	}
	if !found || name == "default" && x.Status < 400 {
		return fmt.Errorf("%s: status %d is not described", o.ID, x.Status)
	}
	pointer += "/responses/" + name
	if response.Ref != "" {
		pointer = strings.TrimPrefix(response.Ref, "#")
		response = c.document.Response(response)
	}
	var problems []error
	for _, header := range ours() {
		_, described := response.Headers.Get(header)
		if _, present := x.Reply[header]; present && !described {
			problems = append(problems, fmt.Errorf("%s: header %s is not described for %d", o.ID, header, x.Status))
		}
	}
	kind := x.Reply.Get("Content-Type")
	if _, found := response.Content.Get(kind); !found {
		return errors.Join(append(problems, fmt.Errorf("%s: content type %q is not described for %d", o.ID, kind, x.Status))...)
	}
	if err := c.validate(pointer+"/content/"+escape(kind)+"/schema", x.Answer, true); err != nil {
		problems = append(problems, fmt.Errorf("%s: answer %d: %w", o.ID, x.Status, err))
	}
	return errors.Join(problems...)
}

// ours are the headers that an answer has for reasons of its own, as they stand in
// the header map.
func ours() []string { return []string{"Idempotent-Replayed", "Retry-After", "www-authenticate"} }

func (c *Checker) checkRequest(x Exchange, p *path, o *openapi.Operation) error {
	var problems []error
	if err := c.checkQuery(x.URL.RawQuery, slices.Concat(p.item.Parameters, o.Parameters)); err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", o.ID, err))
	}
	if err := c.CheckBody(x.Method, x.URL, x.Body); err != nil {
		problems = append(problems, fmt.Errorf("%s: request: %w", o.ID, err))
	}
	return errors.Join(problems...)
}

// CheckBody says what about the body of a request is not as described.
func (c *Checker) CheckBody(method string, u *url.URL, body []byte) error {
	p, _ := c.find(u)
	if p == nil {
		return errors.New("no such path")
	}
	o, _ := p.item.Operations().Get(method)
	if o == nil || o.RequestBody == nil {
		if text := bytes.TrimSpace(body); len(text) > 0 && string(text) != "{}" {
			return errors.New("a body, though none is described")
		}
		return nil
	}
	if len(body) == 0 && !o.RequestBody.Required {
		return nil
	}
	kind := o.RequestBody.Content[0].Name
	if kind != "application/json" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		members := make(map[string]string)
		for name := range form {
			members[name] = form.Get(name)
		}
		if body, err = json.Marshal(members); err != nil {
			return err
		}
	}
	pointer := "/paths/" + escape(p.name) + "/" + strings.ToLower(method)
	return c.validate(pointer+"/requestBody/content/"+escape(kind)+"/schema", body, false)
}

// checkQuery says which parameters of a query are not described or do not fit.
func (c *Checker) checkQuery(raw string, described []openapi.Parameter) error {
	var problems []error
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" || value == "" {
			continue
		}
		name = strings.TrimSuffix(name, ".paths") // how one client writes update_mask
		i := slices.IndexFunc(described, func(p openapi.Parameter) bool {
			p = c.document.Parameter(p)
			return p.In == "query" && p.Name == name
		})
		if i < 0 {
			problems = append(problems, fmt.Errorf("parameter %s is not described", name))
			continue
		}
		if err := c.checkParameter(c.document.Parameter(described[i]), value); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// checkParameter holds the value of a parameter against its schema.
func (c *Checker) checkParameter(p openapi.Parameter, escaped string) error {
	value, err := url.PathUnescape(escaped)
	if err != nil {
		return fmt.Errorf("parameter %s: %w", p.Name, err)
	}
	schema := p.Schema
	var enum []string
	if schema.Ref != "" {
		referred, _ := c.document.Components.Schemas.Get(strings.TrimPrefix(schema.Ref, "#/components/schemas/"))
		enum = referred.Enum
	} else {
		enum = schema.Enum
	}
	switch {
	case len(enum) > 0 && !slices.Contains(enum, value):
		err = errors.New("is none of the values")
	case schema.Type == "integer":
		_, err = strconv.ParseInt(value, 10, 64)
	case schema.Type == "boolean":
		_, err = strconv.ParseBool(value)
	}
	if err != nil {
		return fmt.Errorf("parameter %s: %w", p.Name, err)
	}
	return nil
}

// Callback says what about the body of a callback is not as described.
func (c *Checker) Callback(trigger string, body []byte) error {
	return errors.Join(c.validate("/webhooks/"+trigger+"/post/requestBody/content/application~1json/schema", body, true), Clients(body))
}

// Value says what about a value is not as a named schema has it.
func (c *Checker) Value(schema string, text []byte) error {
	return c.validate("/components/schemas/"+schema, text, true)
}

// validate holds a JSON text against the schema at a pointer into the description.
// Of a request, null counts as absent.
func (c *Checker) validate(pointer string, text []byte, strict bool) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	if !strict {
		value = withoutNulls(value)
	}
	schema, err := c.schema(pointer, strict)
	if err != nil {
		return err
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%w\nin %s", err, text)
	}
	return nil
}

func (c *Checker) schema(pointer string, strict bool) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := strconv.FormatBool(strict) + pointer
	if known := c.compiled[key]; known != nil {
		return known, nil
	}
	schema, err := c.compilers[strict].Compile(address + "#" + (&url.URL{Path: pointer}).EscapedPath())
	if err != nil {
		return nil, err
	}
	c.compiled[key] = schema
	return schema, nil
}

func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if member == nil {
				delete(value, name)
				continue
			}
			value[name] = withoutNulls(member)
		}
	case []any:
		for i := range value {
			value[i] = withoutNulls(value[i])
		}
	}
	return value
}

// escape is that of JSON Pointer (RFC 6901).
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
