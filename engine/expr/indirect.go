package expr

import (
	"regexp"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// A WrittenScope is a Scope that tells what is written in a playbook from data. Only what is
// written there can be a condition: `when: "{{ name }}"` tests the text of that variable.
type WrittenScope interface {
	// Written returns what a name stands for as a playbook writes it; nil where that is data.
	Written(name string) *Node
}

var oneName = regexp.MustCompile(`^\s*\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}\s*$`)

// Named returns the conditions that a template which is one name stands for: nodes without
// templates of a text, or of a list of texts. Nil: it stands for none.
func (t *Template) Named(c *Context) *Node {
	m := oneName.FindStringSubmatch(t.tree.Text)
	scope, ok := c.Scope.(WrittenScope)
	if m == nil || !ok {
		return nil
	}
	return scope.Written(m[1])
}

// Condition returns a node that is a text without templates as a condition; nil where it is
// something else.
func (t *Template) Condition(n *Node) *Template {
	if n == nil || n.Shape != Scalar || n.Tmpl != nil {
		return nil
	}
	text, ok := n.Value.(string)
	if !ok {
		return nil
	}
	inner, delimited, err := ParseCondition(t.lib, text, diagnostic.At(n.Place, n.Text))
	if delimited {
		return nil
	}
	if err != nil {
		return Failing(text, err)
	}
	return inner
}

// testText tests a text that a condition comes to, if it is one that a playbook writes.
func (t *Template) testText(c *Context) (v value.Value, is bool, err error) {
	inner := t.Condition(t.Named(c))
	if inner == nil {
		return nil, false, nil
	}
	v, err = inner.Test(c)
	return v, true, err
}
