package openapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
)

// wireTypes are what package convapi says about the wire, read from its source:
// so a new type cannot be forgotten.
type wireTypes struct {
	structs map[string][]wireField // by the type's name
	enums   map[string][]string    // values by the type's name
}

type wireField struct {
	name string // on the wire
	of   ast.Expr
}

func readWireTypes(t *testing.T) wireTypes {
	t.Helper()
	w := wireTypes{structs: make(map[string][]wireField), enums: make(map[string][]string)}
	names, err := filepath.Glob("../../convapi/*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok {
				for _, spec := range general.Specs {
					w.add(spec)
				}
			}
		}
	}
	w.enums["Language"] = nil
	for _, code := range convapi.Languages() {
		w.enums["Language"] = append(w.enums["Language"], string(code))
	}
	return w
}

// add takes a struct whose fields all have names on the wire, or the constants
// of an enum.
func (w wireTypes) add(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		form, ok := spec.Type.(*ast.StructType)
		if !ok || !spec.Name.IsExported() {
			return
		}
		fields := []wireField{}
		for _, field := range form.Fields.List {
			if field.Tag == nil {
				return
			}
			tag, _ := strconv.Unquote(field.Tag.Value)
			name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			fields = append(fields, wireField{name, field.Type})
		}
		w.structs[spec.Name.Name] = fields
	case *ast.ValueSpec:
		of, ok := spec.Type.(*ast.Ident)
		if !ok || !of.IsExported() {
			return
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				w.enums[of.Name] = append(w.enums[of.Name], text)
			}
		}
	}
}

// notInConvapi are schemas of objects that package convapi has no type for.
func notInConvapi() []string {
	return []string{
		"ChannelIdentityAnswer", "BadRequestDetail", "FieldViolation", "RetryDetail", "TokenRequest", "Token", "TokenError",
	}
}

// allSchemas are those of both documents.
func allSchemas(t *testing.T) Members[*Schema] {
	t.Helper()
	d, err := Describe()
	if err != nil {
		t.Fatal(err)
	}
	batch, err := DescribeBatch()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(d.Components.Schemas, batch.Components.Schemas)
}

// Every type of package convapi has a schema of its name with the same members,
// and the other way round.
func TestSchemasAreTheTypes(t *testing.T) {
	schemas := allSchemas(t)
	w := readWireTypes(t)
	for _, name := range slices.Sorted(maps.Keys(w.structs)) {
		schema, found := schemas.Get(name)
		if !found {
			t.Errorf("convapi.%s has no schema: describe it in a file of the folder spec", name)
			continue
		}
		for _, wrong := range w.compare(name, schema) {
			t.Error(wrong)
		}
	}
	for _, name := range notInConvapi() {
		if _, typed := w.structs[name]; typed {
			t.Errorf("%s is in convapi", name)
		}
	}
	for _, one := range schemas {
		_, typed := w.structs[one.Name]
		if isRefinement := one.Value.Ref != ""; len(one.Value.Properties) > 0 && !isRefinement && !typed && !slices.Contains(notInConvapi(), one.Name) {
			t.Errorf("schema %s has no type in convapi", one.Name)
		}
	}
}

func (w wireTypes) compare(name string, schema *Schema) (wrong []string) {
	described := make(map[string]*Schema)
	for _, one := range schema.Properties {
		described[one.Name] = one.Value
	}
	for _, field := range w.structs[name] {
		property := described[field.name]
		delete(described, field.name)
		if property == nil {
			wrong = append(wrong, fmt.Sprintf("schema %s lacks the member %s, which convapi.%s has", name, field.name, name))
		} else if want := w.form(field.of); !want(property) {
			wrong = append(wrong, fmt.Sprintf("schema %s: member %s is of another type than in convapi.%s", name, field.name, name))
		}
	}
	for _, extra := range slices.Sorted(maps.Keys(described)) {
		wrong = append(wrong, fmt.Sprintf("schema %s has the member %s, which convapi.%s lacks", name, extra, name))
	}
	return wrong
}

// form says what schema a Go type wants.
func (w wireTypes) form(of ast.Expr) func(*Schema) bool {
	switch of := of.(type) {
	case *ast.StarExpr:
		return w.form(of.X)
	case *ast.ArrayType:
		item := w.form(of.Elt)
		return func(s *Schema) bool { return s.Type == "array" && s.Items != nil && item(s.Items) }
	case *ast.MapType:
		value, key := w.form(of.Value), of.Key.(*ast.Ident).Name
		return func(s *Schema) bool {
			keyed := key == "string" || s.PropertyNames != nil && refName(s.PropertyNames.Ref) == key
			return s.Type == "object" && keyed && s.AdditionalProperties != nil && value(s.AdditionalProperties.Schema)
		}
	case *ast.SelectorExpr: // json.RawMessage
		return func(s *Schema) bool { return isOf(s, "JSONObject") || isOf(s, "AnyErrorDetail") || s.Type == "object" }
	case *ast.Ident:
		return formOf(of.Name)
	}
	return func(*Schema) bool { return false }
}

func formOf(name string) func(*Schema) bool {
	kinds := map[string]string{
		"string": "string", "bool": "boolean", "int": "integer", "int32": "integer", "float64": "number", "SecretObject": "object",
	}
	if kind := kinds[name]; kind != "" {
		return func(s *Schema) bool { return s.Type == kind || isOf(s, "NextPageToken") }
	}
	if name == "Secret" {
		return func(s *Schema) bool { return s.Type == "string" && s.Format == "password" }
	}
	return func(s *Schema) bool { return isOf(s, name) }
}

// isOf reports whether a schema is that of a name, or its form in answers, or has
// it as one of its forms.
func isOf(s *Schema, name string) bool {
	if got := refName(s.Ref); got == name || got == name+"Answer" {
		return true
	}
	return slices.ContainsFunc(s.AnyOf, func(one *Schema) bool { return isOf(one, name) })
}

// Every enum of package convapi has a schema with the same values.
func TestSchemasHaveTheValues(t *testing.T) {
	w := readWireTypes(t)
	got := make(map[string][]string)
	for _, one := range allSchemas(t) {
		if len(one.Value.Enum) > 0 {
			got[one.Name] = slices.Sorted(slices.Values(one.Value.Enum))
		}
	}
	for _, values := range w.enums {
		slices.Sort(values)
	}
	if diff := cmp.Diff(w.enums, got); diff != "" {
		t.Errorf("values of enums (-convapi +description):\n%s", diff)
	}
}
