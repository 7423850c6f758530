package openapi

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// assembleBatch gives the document of the Batch API: its own piece and, of the
// components of the others, what it refers to.
func assembleBatch() (*yaml.Node, error) {
	own, err := assemble([]string{"batch"})
	if err != nil {
		return nil, err
	}
	whole, err := assembleAPI()
	if err != nil {
		return nil, err
	}
	components := lookUp(own, "components")
	if err := merge(components, lookUp(whole, "components")); err != nil {
		return nil, err
	}
	used := make(map[string]bool)
	follow(own, lookUp(own, "paths"), used)
	for i := 0; i < len(components.Content); i += 2 {
		if kind := components.Content[i].Value; kind != "securitySchemes" {
			keep(components.Content[i+1], "#/components/"+kind+"/", used)
		}
	}
	return own, nil
}

// follow notes every reference below a node, and below what it leads to.
func follow(root, n *yaml.Node, used map[string]bool) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "$ref" && !used[child.Value] {
			used[child.Value] = true
			at := root
			for name := range strings.SplitSeq(strings.TrimPrefix(child.Value, "#/"), "/") {
				if at != nil {
					at = lookUp(at, name)
				}
			}
			if at != nil {
				follow(root, at, used)
			}
		}
		follow(root, child, used)
	}
}

// keep drops the members of a mapping that are not used.
func keep(mapping *yaml.Node, prefix string, used map[string]bool) {
	var kept []*yaml.Node
	for i := 0; i < len(mapping.Content); i += 2 {
		if used[prefix+mapping.Content[i].Value] {
			kept = append(kept, mapping.Content[i], mapping.Content[i+1])
		}
	}
	mapping.Content = kept
}

// DescribeBatch gives the description of the Batch API.
func DescribeBatch() (*Document, error) {
	root, err := assembleBatch()
	if err != nil {
		return nil, err
	}
	d := new(Document)
	return d, root.Decode(d)
}

// BatchJSON gives the description of the Batch API as JSON.
func BatchJSON() ([]byte, error) {
	root, err := assembleBatch()
	if err != nil {
		return nil, err
	}
	return asJSON(root)
}
