package openapi

import (
	"fmt"
	"html/template"
	"strings"

	"go.yaml.in/yaml/v3"
)

// kind says in words what a schema takes, with links to the schemas that it refers
// to.
func kind(s *Schema) template.HTML {
	return template.HTML(kindText(s))
}

func kindText(s *Schema) string {
	switch {
	case s.Ref != "":
		name := refName(s.Ref)
		return `<a href="#schema-` + name + `">` + name + `</a>`
	case len(s.Enum) > 0 && s.Type == "string":
		return values(s.Enum)
	case s.Const.Kind != 0:
		return values([]string{s.Const.Value})
	case s.Type == "array":
		return "list of " + kindText(s.Items)
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		by := "name"
		if s.PropertyNames != nil {
			by = kindText(s.PropertyNames)
		}
		return kindText(s.AdditionalProperties.Schema) + " by " + by
	case len(s.AnyOf) > 0 && s.Type == "":
		forms := make([]string, len(s.AnyOf))
		for i, one := range s.AnyOf {
			forms[i] = kindText(one)
		}
		return strings.Join(forms, " or ")
	}
	return simpleKind(s)
}

func simpleKind(s *Schema) string {
	switch s.Type + " " + s.Format {
	case "string date-time":
		return "time"
	case "string date":
		return "date"
	case "string uri":
		return "URL"
	case "string password":
		return "secret"
	}
	words := map[string]string{
		"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "object": "object", "null": "null",
	}
	return words[s.Type]
}

func values(list []string) string {
	out := make([]string, len(list))
	for i, value := range list {
		if value == "" {
			value = `""`
		}
		out[i] = "<code>" + template.HTMLEscapeString(value) + "</code>"
	}
	return strings.Join(out, " ")
}

// limits says in words what bounds a value beyond its kind.
func limits(s *Schema) string {
	var out []string
	add := func(format string, arguments ...any) { out = append(out, fmt.Sprintf(format, arguments...)) }
	if s.MaxLength != nil {
		add("at most %d characters", *s.MaxLength)
	}
	if s.Type != "array" && s.Minimum != nil && s.Maximum != nil {
		add("%d to %d", *s.Minimum, *s.Maximum)
	} else if s.Minimum != nil && *s.Minimum != 0 {
		add("at least %d", *s.Minimum)
	}
	switch {
	case s.MinItems != nil && s.MaxItems != nil:
		add("%d to %d entries", *s.MinItems, *s.MaxItems)
	case s.MaxItems != nil:
		add("at most %d entries", *s.MaxItems)
	case s.MinItems != nil:
		add("not empty")
	}
	if s.Default.Kind == yaml.ScalarNode {
		add("%s by default", s.Default.Value)
	}
	return strings.Join(out, ", ")
}

// rules says in words which members exclude or need each other.
func rules(s *Schema) []string {
	var out []string
	if names, other := alternatives(s.OneOf); len(names) > 0 {
		rule := "Exactly one of " + names + "."
		if other != "" {
			rule = "Exactly one of " + names + "; or " + other + "."
		}
		out = append(out, rule)
	}
	if names, _ := alternatives(s.AnyOf); len(names) > 0 {
		out = append(out, "At least one of "+names+".")
	}
	if s.Not != nil && len(s.Not.Required) == 2 {
		out = append(out, "Not both of `"+strings.Join(s.Not.Required, "` and `")+"`.")
	}
	return out
}

// alternatives names the members that a choice of schemas is about; other is a
// form that is described in words.
func alternatives(choice []*Schema) (names, other string) {
	var list []string
	for _, one := range choice {
		switch {
		case one.Description != "":
			other = one.Description
		case len(one.Required) == 1:
			list = append(list, one.Required[0])
		}
	}
	return named(list), other
}

// named lists members, each as code.
func named(members []string) string {
	out := make([]string, len(members))
	for i, name := range members {
		out[i] = "`" + name + "`"
	}
	return strings.Join(out, ", ")
}
