package openapi

import (
	"bytes"
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"
)

// asJSON renders a node as JSON with its members in their order.
func asJSON(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	if err := writeJSON(&out, n, ",", ":"); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// lineLength is how long a line of JSON on the page may get before it is broken.
const lineLength = 76

// prettyJSON renders a node for people: what fits stays on one line.
func prettyJSON(n *yaml.Node, indent string) (string, error) {
	var line bytes.Buffer
	if err := writeJSON(&line, n, ", ", ": "); err != nil {
		return "", err
	}
	if len(n.Content) == 0 || line.Len() <= lineLength-len(indent) {
		return line.String(), nil
	}
	opening, closing, step := "{", "}", 2
	if n.Kind == yaml.SequenceNode {
		opening, closing, step = "[", "]", 1
	}
	inner := indent + "  "
	var parts []string
	for i := 0; i < len(n.Content); i += step {
		name := ""
		if n.Kind == yaml.MappingNode {
			quoted, err := scalarJSON(n.Content[i])
			if err != nil {
				return "", err
			}
			name = string(quoted) + ": "
		}
		value, err := prettyJSON(n.Content[i+step-1], inner)
		if err != nil {
			return "", err
		}
		parts = append(parts, inner+name+value)
	}
	return opening + "\n" + strings.Join(parts, ",\n") + "\n" + indent + closing, nil
}

// writeJSON writes a node on one line.
func writeJSON(out *bytes.Buffer, n *yaml.Node, comma, colon string) error {
	switch n.Kind {
	case yaml.MappingNode:
		out.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				out.WriteString(comma)
			}
			name, err := json.Marshal(n.Content[i].Value)
			if err != nil {
				return err
			}
			out.Write(name)
			out.WriteString(colon)
			if err := writeJSON(out, n.Content[i+1], comma, colon); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				out.WriteString(comma)
			}
			if err := writeJSON(out, item, comma, colon); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	default:
		text, err := scalarJSON(n)
		if err != nil {
			return err
		}
		out.Write(text)
	}
	return nil
}

// scalarJSON renders a string, number, boolean or null.
func scalarJSON(n *yaml.Node) ([]byte, error) {
	var value any
	if err := n.Decode(&value); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}
