// Package reading makes trees of texts: of YAML as PyYAML reads it, each key and
// value with its place, its templates parsed and its vaults opened, or all that is
// wrong with the text. It knows nothing of what the trees mean.
package reading

import "runner/engine/expr"

// IsNull reports whether a node is an empty value.
func IsNull(n *expr.Node) bool { return n.Shape == expr.Scalar && n.Value == nil && n.Tmpl == nil }

// Shape names what a node is, for messages: "a list", "text".
func Shape(n *expr.Node) string {
	switch n.Shape {
	case expr.Sequence:
		return "a list"
	case expr.Mapping:
		return "a map"
	}
	switch n.Value.(type) {
	case nil:
		return "nothing"
	case bool:
		return "a bool"
	case string:
		return "text"
	}
	return "a number"
}

// Listed returns the items of a list, or a single value as the only item of one.
// Null is an empty list.
func Listed(n *expr.Node) []*expr.Node {
	switch {
	case n.Shape == expr.Sequence:
		return n.Items
	case IsNull(n):
		return nil
	}
	return []*expr.Node{n}
}
