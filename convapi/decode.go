package convapi

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxFieldErrors bounds how much one bad request can make us say.
const maxFieldErrors = 50

// Decode reads a request body into v, a pointer. Unknown members are ignored.
// What does not fit comes back as FieldErrors (at most 50) that name each member
// by its path; v is then unspecified. Names match as in encoding/json. A struct
// wants a JSON object, and the text must be UTF-8.
func Decode(data []byte, v any) error {
	if !utf8.Valid(data) {
		return FieldErrors{{Description: "must be UTF-8"}}
	}
	t := reflect.TypeOf(v).Elem()
	if t.Kind() == reflect.Struct && !isObject(data) && json.Valid(data) {
		return FieldErrors{errWrongType("an object")}
	}
	err := json.Unmarshal(data, v)
	if err == nil {
		return refuseNUL(data)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return FieldErrors{{Description: fmt.Sprintf("malformed JSON at byte %d: %v", syntax.Offset, syntax)}}
	}
	var problems fieldProblems
	problems.findMismatch(data, t, "")
	if len(problems.found) == 0 { // a member that matched by case folding only
		return FieldErrors{{Description: "a member has the wrong type"}}
	}
	return problems.found
}

// refuseNUL refuses U+0000 in any string: some databases cannot keep it.
func refuseNUL(data []byte) error {
	if !bytes.Contains(data, []byte(`\u0000`)) {
		return nil
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return FieldErrors{{Description: "malformed JSON"}}
	}
	var problems fieldProblems
	problems.findNUL(tree, "")
	return problems.err()
}

func (p *fieldProblems) findNUL(tree any, path string) {
	switch tree := tree.(type) {
	case string:
		if strings.ContainsRune(tree, 0) {
			p.add(path, "must not contain U+0000")
		}
	case []any:
		for i, item := range tree {
			p.findNUL(item, at(path, i))
		}
	case map[string]any:
		for _, name := range sortedKeys(tree) {
			if strings.ContainsRune(name, 0) {
				p.add(path, "must not have a member whose name contains U+0000")
			}
			p.findNUL(tree[name], join(path, name))
		}
	}
}

// fieldProblems collects field errors up to maxFieldErrors.
type fieldProblems struct{ found FieldErrors }

func (p *fieldProblems) add(path, description string) {
	if len(p.found) < maxFieldErrors {
		p.found = append(p.found, &FieldError{Field: path, Description: description})
	}
}

// err returns what was collected, or nil when there is nothing.
func (p *fieldProblems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	return p.found
}

// findMismatch walks a text that does not decode into t down to the members that
// are to blame. It decodes every level again, which only bad requests pay.
func (p *fieldProblems) findMismatch(raw []byte, t reflect.Type, path string) {
	target := reflect.New(t)
	err := json.Unmarshal(raw, target.Interface())
	if err == nil || len(p.found) == maxFieldErrors {
		return
	}
	var own *FieldError
	if errors.As(err, &own) && isCustom(target) {
		p.add(path, own.Description)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		p.findMismatch(raw, t.Elem(), path)
	case reflect.Struct:
		p.structMismatch(raw, t, path)
	case reflect.Map:
		p.mapMismatch(raw, t, path)
	case reflect.Slice:
		p.sliceMismatch(raw, t, path)
	default:
		p.add(path, "must be "+kindName(t.Kind()))
	}
}

func (p *fieldProblems) structMismatch(raw []byte, t reflect.Type, path string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		p.add(path, "must be an object")
		return
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if member, present := members[name]; present {
			p.findMismatch(member, t.Field(i).Type, join(path, name))
		}
	}
}

func (p *fieldProblems) mapMismatch(raw []byte, t reflect.Type, path string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		p.add(path, "must be an object")
		return
	}
	for _, name := range sortedKeys(members) {
		p.findMismatch(members[name], t.Elem(), join(path, name))
	}
}

func (p *fieldProblems) sliceMismatch(raw []byte, t reflect.Type, path string) {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil {
		p.add(path, "must be a list")
		return
	}
	for i, element := range elements {
		p.findMismatch(element, t.Elem(), at(path, i))
	}
}

// isCustom reports whether target decodes itself.
func isCustom(target reflect.Value) bool {
	switch target.Interface().(type) {
	case json.Unmarshaler, encoding.TextUnmarshaler:
		return true
	}
	return false
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// isObject reports whether a JSON text is an object, by its first byte.
func isObject(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte{'{'})
}

// join appends a member to a path.
func join(path, member string) string {
	if path == "" {
		return member
	}
	return path + "." + member
}

// at appends a list index to a path.
func at(path string, index int) string { return fmt.Sprintf("%s[%d]", path, index) }
