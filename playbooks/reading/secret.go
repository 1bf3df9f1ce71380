package reading

import (
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// MarkNamed marks the value of a variable: all of it where its name says secret, else
// what is in it under such names.
func MarkNamed(name string, n *expr.Node) {
	if value.SecretName(name) {
		markAll(n)
	} else {
		markNames(n)
	}
}

// markNames marks as secret what stands below names that say so (value.SecretName),
// and addresses with a password in them.
func markNames(n *expr.Node) {
	switch n.Shape {
	case expr.Sequence:
		for _, item := range n.Items {
			markNames(item)
		}
	case expr.Mapping:
		pair := pairName(n)
		for _, e := range n.Entries {
			if value.PairSays(e.Key.Text, pair) {
				markAll(e.Value)
			} else {
				markNames(e.Value)
			}
		}
	default:
		if holdsPassword(n.Text) {
			n.Secret = true
		}
	}
}

// holdsPassword reports whether a text is an address with a password, as written.
func holdsPassword(text string) bool {
	if !strings.Contains(text, "://") || syntax.HasTemplate(text) || strings.ContainsAny(text, " \t\n") {
		return false
	}
	_, found := value.WithoutPasswords(text)
	return found != nil
}

// pairName returns what a map of key (or name) and value is about, "" for another map.
func pairName(n *expr.Node) string {
	if n.Get("value") == nil {
		return ""
	}
	for _, k := range [...]string{"key", "name"} {
		if of := n.Get(k); of != nil && of.Shape == expr.Scalar {
			return of.Text
		}
	}
	return ""
}

// markAll marks all scalars below a node, keys aside.
func markAll(n *expr.Node) {
	for _, item := range n.Items {
		markAll(item)
	}
	for _, e := range n.Entries {
		markAll(e.Value)
	}
	n.Secret = n.Shape == expr.Scalar
}
