package playbooks

import (
	"runner/engine"
	"runner/engine/expr"
)

// A templater parses the templates of a document's trees.
type templater struct {
	doc      *document
	problems []*engine.Problem
	// braces, if set, reads a text in single braces as a template; nil where it is none.
	braces func(n *expr.Node) *expr.Template
}

// parse makes templates of those scalars below n that are meant as such. Keys are
// none. What aliases repeat is parsed once.
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
	if !expr.HasTemplate(text) {
		return
	}
	tmpl, err := expr.Parse(text, t.doc.origin(n))
	if err != nil {
		t.problems = append(t.problems, engine.ProblemOf(err, n.Place))
		return
	}
	n.Tmpl, n.Value = tmpl, nil
}
