// Package openapi has the OpenAPI 3.1 description of the API and a page for people
// that is made of it.
//
// The description is written by hand, in the pieces of the folder spec. That it is
// true is the business of tests: package httpapi holds it against its routes and
// every request and answer of its tests, and a test here against the types of
// package convapi.
package openapi

import (
	"bytes"
	"embed"
	"fmt"

	"go.yaml.in/yaml/v3"
)

//go:embed spec
var spec embed.FS

// The pieces of the description, in the order in which it has their contents.
func pieces() []string {
	return []string{
		"openapi", "messages", "content", "apps", "credentials", "contacts", "conversations", "events", "capability",
		"consents", "webhooks", "templates", "settings", "token", "callbacks", "notifications", "common",
	}
}

// assembleAPI gives the document of the API.
func assembleAPI() (*yaml.Node, error) { return assemble(pieces()) }

// assemble puts pieces together to one document without comments and aliases.
func assemble(names []string) (*yaml.Node, error) {
	var whole *yaml.Node
	for _, name := range names {
		text, err := spec.ReadFile("spec/" + name + ".yaml")
		if err != nil {
			return nil, err
		}
		var document yaml.Node
		if err := yaml.Unmarshal(text, &document); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		piece := plain(document.Content[0])
		if whole == nil {
			whole = piece
			continue
		}
		if err := merge(whole, piece); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return whole, nil
}

// plain replaces aliases by what they stand for and drops comments.
func plain(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	out := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value}
	for _, child := range n.Content {
		out.Content = append(out.Content, plain(child))
	}
	return out
}

// merge adds the members of one mapping to another: lists are joined, mappings
// merged, and nothing may be in both.
func merge(into, from *yaml.Node) error {
	for i := 0; i < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		present := lookUp(into, key.Value)
		switch {
		case present == nil:
			into.Content = append(into.Content, key, value)
		case present.Kind == yaml.SequenceNode && value.Kind == yaml.SequenceNode:
			present.Content = append(present.Content, value.Content...)
		case present.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			if err := merge(present, value); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is in two pieces", key.Value)
		}
	}
	return nil
}

// lookUp gives a member of a mapping, or nil.
func lookUp(mapping *yaml.Node, name string) *yaml.Node {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// asYAML renders a document.
func asYAML(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(n); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}
