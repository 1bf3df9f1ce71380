package playbooks

import (
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

// An Analysis is what is known of playbooks, be they right or wrong.
type Analysis struct {
	// Program is as much of the playbooks as could be compiled: what is wrong is left out.
	Program *engine.Program
	// Included are the tasks that a step brings in while the play runs, where its file
	// is known already.
	Included map[*engine.Step][]engine.Item
	Problems []*diagnostic.Problem // as Load returns them
	Files    []File                // that were read, in order
	Links    []Link
}

// A File is one that was read, and its tree; nil where the text is not YAML.
type File struct {
	Source *diagnostic.Source
	Root   *expr.Node
}

// A Link is a place that names a file, or the folder of a role.
type Link struct {
	Place diagnostic.Place
	Text  string // as written
	Path  string
	Role  bool
}

func (a *Analysis) file(src *diagnostic.Source, root *expr.Node) {
	if a != nil {
		a.Files = append(a.Files, File{src, root})
	}
}

func (a *Analysis) link(n *expr.Node, path string) {
	if a != nil && !n.Place.IsZero() {
		a.Links = append(a.Links, Link{Place: n.Place, Text: n.Text, Path: path})
	}
}

func (a *Analysis) role(n *expr.Node, path string) {
	if a != nil {
		a.Links = append(a.Links, Link{Place: n.Place, Text: n.Text, Path: path, Role: true})
	}
}
