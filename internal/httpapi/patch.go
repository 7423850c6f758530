package httpapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// patch is a PATCH request on a resource of type T: a value and the paths of the
// members to take over from it.
type patch[T any] struct {
	value T
	paths []string // in the contract's spelling, like retention_policy.ttl_days
}

// newPatch reads a PATCH request. With an update mask its paths are taken over,
// and what the body lacks of them is cleared. Without one it is the members that
// the body has, down into nested settings. Unknown members of the body are
// ignored, unknown paths of the mask are an error. Paths at or below a fixed
// member are skipped: clients send whole resources back.
func newPatch[T any](c *call, fixed ...string) (patch[T], error) {
	value, err := decode[T](c.body)
	if err != nil {
		return patch[T]{}, err
	}
	q := c.query()
	paths, err := maskPaths(q, reflect.TypeFor[T]())
	if err != nil {
		return patch[T]{}, err
	}
	if paths == nil {
		paths = presentPaths(c.body, reflect.TypeFor[T](), "")
	}
	paths = slices.DeleteFunc(paths, func(path string) bool {
		top, _, _ := strings.Cut(path, ".")
		return slices.Contains(fixed, top)
	})
	return patch[T]{value: value, paths: paths}, nil
}

// apply takes the members over into stored. It shares no memory with what stored
// pointed to before.
func (p patch[T]) apply(stored *T) {
	for _, path := range p.paths {
		from := reflect.ValueOf(&p.value).Elem()
		into := reflect.ValueOf(stored).Elem()
		for name := range strings.SplitSeq(path, ".") {
			from, into = member(structOf(from), name), member(ownStruct(into), name)
		}
		into.Set(from)
	}
}

// names reports whether the patch takes over the member of that path.
func (p patch[T]) names(path string) bool { return slices.Contains(p.paths, path) }

// structOf follows a pointer to a struct; for a nil one it makes an empty struct,
// whose members are what an absent object has.
func structOf(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	if v.IsNil() {
		return reflect.Zero(v.Type().Elem())
	}
	return v.Elem()
}

// ownStruct follows a pointer to a struct after replacing it by a copy.
func ownStruct(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	copied := reflect.New(v.Type().Elem())
	copied.Elem().Set(structOf(v))
	v.Set(copied)
	return copied.Elem()
}

// member is the field of a struct with that JSON name.
func member(v reflect.Value, name string) reflect.Value {
	field, _ := fieldNamed(v.Type(), name)
	return v.FieldByIndex(field.Index)
}

// fieldNamed finds the field of a struct type, or of a pointer to one, by its
// JSON name. The contract's structs tag every field and embed none.
func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || name == "" {
		return reflect.StructField{}, false
	}
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if tag == name {
			return t.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

// maskPaths reads the update mask: update_mask=a,b, or as another client writes
// it update_mask.paths=a&update_mask.paths=b. nil means that there is none.
func maskPaths(q *query, t reflect.Type) ([]string, error) {
	var paths []string
	for _, parameter := range []string{"update_mask", "update_mask.paths"} {
		for _, list := range q.all(parameter) {
			for spelled := range strings.SplitSeq(list, ",") {
				path := snakeCase(strings.TrimSpace(spelled))
				if path == "" {
					continue
				}
				if !hasPath(t, path) {
					q.refuse("update_mask", "names a member that the resource does not have")
					continue
				}
				paths = append(paths, path)
			}
		}
	}
	return paths, q.err()
}

// snakeCase turns camelCase, which a mask is written in by the rules of
// protobuf's JSON form, into the contract's spelling.
func snakeCase(path string) string {
	var out strings.Builder
	for i := range len(path) {
		c := path[i]
		if c >= 'A' && c <= 'Z' {
			if i > 0 && path[i-1] != '.' {
				out.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		out.WriteByte(c)
	}
	return out.String()
}

// hasPath reports whether t has a member of that path.
func hasPath(t reflect.Type, path string) bool {
	for name := range strings.SplitSeq(path, ".") {
		field, ok := fieldNamed(t, name)
		if !ok {
			return false
		}
		t = field.Type
	}
	return true
}

// presentPaths lists the members of a JSON object that t has. An object within is
// listed by its own members, unless t takes it as a whole.
func presentPaths(object []byte, t reflect.Type, prefix string) []string {
	var paths []string
	for name, value := range membersOf(object) {
		field, ok := fieldNamed(t, name)
		if !ok {
			continue
		}
		if isSettings(field.Type) && value[0] == '{' {
			paths = append(paths, presentPaths(value, field.Type, prefix+name+".")...)
			continue
		}
		paths = append(paths, prefix+name)
	}
	return paths
}

// isSettings reports whether t is a nested object of the contract.
func isSettings(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// membersOf decodes a JSON object; nil for anything else.
func membersOf(text []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}
