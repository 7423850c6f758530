package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// File is the settings in a YAML file: one mapping from names, spelt as the
// flags, to single values. Its errors are one line that begins with file:line.
type File struct {
	path     string
	settings []Setting
}

// Setting is one member of a File.
type Setting struct {
	Name string
	// Value is the text of the value, as a flag would be given it.
	Value string
	// At is file:line.
	At string

	tag string // YAML's own type of the value: !!str, !!int …
}

// ReadFile reads a file's settings, without judging names and types.
func ReadFile(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	f := &File{path: path}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, f.syntax(err)
	}
	if document.Kind == 0 {
		return f, nil // nothing but comments
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return f, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: want lines like listen: 127.0.0.1:8080", f.at(root))
	}
	for i := 0; i < len(root.Content); i += 2 {
		if err := f.add(root.Content[i], root.Content[i+1]); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *File) add(name, value *yaml.Node) error {
	if before, twice := f.Setting(name.Value); twice {
		return fmt.Errorf("%s: %s is set before, at %s", f.at(name), name.Value, before.At)
	}
	switch {
	case value.Kind != yaml.ScalarNode:
		return fmt.Errorf("%s: %s: want a single value", f.at(value), name.Value)
	case value.Tag == "!!null":
		return fmt.Errorf("%s: %s has no value; leave the line out for the default", f.at(value), name.Value)
	}
	f.settings = append(f.settings, Setting{Name: name.Value, Value: value.Value, At: f.at(name), tag: value.Tag})
	return nil
}

func (f *File) at(node *yaml.Node) string { return f.path + ":" + strconv.Itoa(node.Line) }

// lineOf finds the line in the YAML library's words, which have it in front of
// most complaints.
var lineOf = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (f *File) syntax(err error) error {
	text, line := err.Error(), "1"
	if found := lineOf.FindStringSubmatch(text); found != nil {
		text = strings.TrimPrefix(text, found[0])
		if found[1] != "" {
			line = found[1]
		}
	}
	return fmt.Errorf("%s:%s: not YAML: %s", f.path, line, strings.ReplaceAll(text, "\n", "; "))
}

// Settings lists all members in the file's order.
func (f *File) Settings() []Setting { return f.settings }

// Setting finds a member.
func (f *File) Setting(name string) (Setting, bool) {
	for _, s := range f.settings {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

// Check says whether the value is of a flag's type. Text may look like a
// number, as a password does; a number or a truth value may not be text.
func (s Setting) Check(like reflect.Type) error {
	want, err := "", error(nil)
	switch {
	case like == reflect.TypeFor[time.Duration]():
		_, err = time.ParseDuration(s.Value)
		want = "a time like 10s or 5m"
	case like == reflect.TypeFor[Size]():
		err = new(Size).UnmarshalText([]byte(s.Value))
		want = "a size like 64MiB"
	case like.Kind() == reflect.Bool:
		err = s.is("!!bool")
		want = "true or false"
	case like.Kind() == reflect.Int:
		if err = s.is("!!int"); err == nil {
			_, err = strconv.Atoi(s.Value)
		}
		want = "a whole number"
	}
	if err != nil {
		return fmt.Errorf("%s: %s: want %s", s.At, s.Name, want)
	}
	return nil
}

var errOtherType = errors.New("another type")

func (s Setting) is(tag string) error {
	if s.tag != tag {
		return errOtherType
	}
	return nil
}
