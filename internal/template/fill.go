package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"switchyard/convapi"
)

// MaxFilled is how many octets the strings of a filled message may have
// together. The contract states no figure; it is the longest body that a send
// request may have, so that parameters make nothing that could not be sent
// without them.
const MaxFilled = 1 << 20

// ErrTooLong says that a message with its parameters is longer than MaxFilled.
var ErrTooLong = errors.New("the message with its parameters is longer than 1 MiB")

// Fill gives a copy of m in which each ${key} of a parameter is replaced by its
// value, in every string of the message: texts, URLs, postback data, parameters
// of templates, raw channel JSON. Names of channels and other fixed values are
// left alone, and so are placeholders without a parameter. What a value contains
// is never replaced in turn. There is no escape: "$${amount}" is a dollar sign
// and the amount.
//
// m is not changed; the copy may share with it what has no placeholder. The only
// error is ErrTooLong.
func Fill(m *convapi.AppMessage, parameters map[string]string) (*convapi.AppMessage, error) {
	if m == nil || len(parameters) == 0 {
		return m, nil
	}
	f := filler{parameters: parameters, left: MaxFilled}
	filled := f.value(reflect.ValueOf(m)).Interface().(*convapi.AppMessage)
	if f.left < 0 {
		return nil, ErrTooLong
	}
	return filled, nil
}

// filler fills the strings of one message.
type filler struct {
	parameters map[string]string
	left       int // octets of MaxFilled; once it is below 0, nothing is filled any more
}

// The types with a treatment of their own.
var (
	plainText   = reflect.TypeFor[string]()
	rawJSON     = reflect.TypeFor[json.RawMessage]()
	rawMessages = reflect.TypeFor[map[convapi.Channel]string]() // explicit_channel_message
)

// value gives a filled copy of a part of a message. Only plain strings are
// filled: named string types are the contract's enums.
func (f *filler) value(v reflect.Value) reflect.Value {
	switch v.Type() {
	case plainText:
		return reflect.ValueOf(f.text(v.String(), asIs))
	case rawJSON:
		return reflect.ValueOf(f.json(v.Bytes()))
	case rawMessages:
		return reflect.ValueOf(f.raw(v.Interface().(map[convapi.Channel]string)))
	}
	switch v.Kind() {
	case reflect.Pointer:
		return f.pointer(v)
	case reflect.Struct:
		return f.structure(v)
	case reflect.Slice:
		return f.slice(v)
	case reflect.Map:
		return f.mapping(v)
	}
	return v
}

func (f *filler) pointer(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	filled := reflect.New(v.Type().Elem())
	filled.Elem().Set(f.value(v.Elem()))
	return filled
}

func (f *filler) structure(v reflect.Value) reflect.Value {
	filled := reflect.New(v.Type()).Elem()
	filled.Set(v)
	for i := range v.NumField() {
		if field := filled.Field(i); field.CanSet() {
			field.Set(f.value(v.Field(i)))
		}
	}
	return filled
}

func (f *filler) slice(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	filled := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		filled.Index(i).Set(f.value(v.Index(i)))
	}
	return filled
}

func (f *filler) mapping(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	filled := reflect.MakeMapWithSize(v.Type(), v.Len())
	for entries := v.MapRange(); entries.Next(); {
		filled.SetMapIndex(entries.Key(), f.value(entries.Value()))
	}
	return filled
}

// raw fills messages that are JSON in a string: nobody but their channel knows
// whether it is well formed, so it is filled as a text.
func (f *filler) raw(messages map[convapi.Channel]string) map[convapi.Channel]string {
	if messages == nil {
		return nil
	}
	filled := make(map[convapi.Channel]string, len(messages))
	for ch, message := range messages {
		filled[ch] = f.text(message, quoted)
	}
	return filled
}

// json fills the strings in a JSON text.
func (f *filler) json(raw json.RawMessage) json.RawMessage {
	if !bytes.Contains(raw, []byte("${")) {
		f.left -= len(raw)
		return raw
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return raw
	}
	filled, err := convapi.Marshal(f.tree(tree))
	if err != nil {
		return raw
	}
	return filled
}

func (f *filler) tree(tree any) any {
	switch tree := tree.(type) {
	case string:
		return f.text(tree, asIs)
	case []any:
		for i := range tree {
			tree[i] = f.tree(tree[i])
		}
	case map[string]any:
		for name := range tree {
			tree[name] = f.tree(tree[name])
		}
	}
	return tree
}

// text fills one string; write gives a value the form that it has there. A
// placeholder starts at the last "${" before its "}", so that the work grows
// with the length only.
func (f *filler) text(text string, write func(string) string) string {
	f.left -= len(text)
	var filled strings.Builder
	done := 0 // how much of text is in filled
	for at := 0; f.left >= 0; {
		end := strings.IndexByte(text[at:], '}')
		if end < 0 {
			break
		}
		end += at
		if start := strings.LastIndex(text[at:end], "${"); start >= 0 {
			start += at
			if value, known := f.parameters[text[start+len("${"):end]]; known {
				value = write(value)
				f.left -= len(value)
				filled.WriteString(text[done:start])
				filled.WriteString(value)
				done = end + 1
			}
		}
		at = end + 1
	}
	if done == 0 {
		return text
	}
	filled.WriteString(text[done:])
	return filled.String()
}

func asIs(value string) string { return value }

// quoted writes a value as it stands within a JSON string, so that none can
// break out of it.
func quoted(value string) string {
	text, err := convapi.Marshal(value)
	if err != nil { // a string can always be written
		return ""
	}
	return string(text[1 : len(text)-1])
}
