package reading

import (
	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
)

// Templates makes templates of those scalars below a node that are meant as such,
// and returns what is wrong with them. Keys are none. What aliases repeat is parsed
// once. braces, if not nil, reads a text in single braces as a template, and returns
// nil where it is none.
func (d *Document) Templates(n *expr.Node, braces func(n *expr.Node) *expr.Template) []*diagnostic.Problem {
	t := templater{doc: d, braces: braces}
	t.parse(n)
	return t.problems
}

// A templater parses the templates of a document's trees.
type templater struct {
	doc      *Document
	problems []*diagnostic.Problem
	braces   func(n *expr.Node) *expr.Template
}

func (t *templater) parse(n *expr.Node) {
	if done, isShared := t.doc.shared[n]; done {
		return
	} else if isShared {
		t.doc.shared[n] = true
	}
	for _, item := range n.Items {
		t.parse(item)
	}
	for _, e := range n.Entries {
		t.parse(e.Value)
	}
	if n.Shape == expr.Scalar {
		t.scalar(n)
	}
}

func (t *templater) scalar(n *expr.Node) {
	text, isText := n.Value.(string)
	if !isText || n.Tmpl != nil || t.doc.unsafe[n] {
		return
	}
	if t.braces != nil {
		if n.Tmpl = t.braces(n); n.Tmpl != nil {
			n.Value = nil
			return
		}
	}
	if !syntax.HasTemplate(text) {
		return
	}
	tmpl, err := expr.Parse(builtin.Table(), text, t.doc.Origin(n))
	if err != nil {
		t.problems = append(t.problems, diagnostic.From(err, n.Place))
		return
	}
	n.Tmpl, n.Value = tmpl, nil
}
