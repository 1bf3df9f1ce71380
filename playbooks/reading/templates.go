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
func (d *Document) Templates(n *expr.Node, braces func(n *expr.Node) *expr.Template) []Mistake {
	t := templater{doc: d, braces: braces}
	t.parse(n)
	return t.mistakes
}

// A Mistake is what is wrong with the template of a scalar, which fails when it is evaluated.
type Mistake struct {
	Node    *expr.Node
	Problem *diagnostic.Problem
}

// A templater parses the templates of a document's trees.
type templater struct {
	doc      *Document
	mistakes []Mistake
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
		t.mistakes = append(t.mistakes, Mistake{n, diagnostic.From(err, n.Place)})
	}
	n.Tmpl, n.Value = tmpl, nil
}
