package playbooks

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/playbooks/reading"
	"runner/suggest"
)

// file reads a file and has its tree compiled. Afterwards the file at hand is the
// one from before.
func (c *compiler) file(path string, src *diagnostic.Source, compile func(root *expr.Node)) {
	defer func(doc *reading.Document, path string, b braces) { c.doc, c.path, c.braces = doc, path, b }(c.doc, c.path, c.braces)
	c.order(src)
	c.doc, c.path, c.braces = reading.NewDocument(src, c.vault), path, braces{}
	c.docs[src] = c.doc
	root, problems := c.doc.Parse()
	c.problems.Add(problems...)
	c.notes.file(src, root)
	if root == nil {
		c.blind = true
		return
	}
	compile(root)
	c.problems.Add(c.braces.warning())
}

// fileName reads the name of a file that has to be known before anything runs.
func (c *compiler) fileName(n *expr.Node, by string) (name string, ok bool) {
	if _, isText := n.Value.(string); n.Shape != expr.Scalar || !isText && n.Tmpl == nil || strings.TrimSpace(n.Text) == "" {
		c.problem(n.Place, "%s wants the name of a file, not %s", by, reading.Shape(n))
		return "", false
	}
	if syntax.HasTemplate(n.Text) {
		c.templates(n)
	}
	if n.Tmpl != nil {
		if v, err := c.static(n); err == nil {
			return strings.TrimSpace(value.Text(v)), true
		}
		hint := "write the name itself"
		if by == importTasks {
			hint = "use include_tasks, which reads its file while the play runs"
		}
		c.problem(n.Place, "the file of %s has to be known before anything runs", by).WithHint("%s", hint)
		return "", false
	}
	return strings.TrimSpace(n.Text), true
}

// bring opens a file that another names: relative to that one, or to the playbook.
// The source is nil if it cannot be read; that is reported.
func (c *compiler) bring(n *expr.Node, name, folder string) (path string, src *diagnostic.Source) {
	path = c.find(name, folder)
	c.notes.link(n, path)
	if src := c.opened[path]; src != nil {
		return path, src
	}
	if err := c.stat(path); err != nil {
		c.missing(n, path, err)
		return path, nil
	}
	src, p := c.open(path, nil)
	if p != nil {
		c.unreadable(p)
		return path, nil
	}
	c.opened[path] = src
	return path, src
}

// find returns the path of a file that the one at hand names: in the role at hand,
// beside that file, beside the playbook, and there in the folder of its kind first. If
// it is nowhere, it is the path beside the file at hand.
func (c *compiler) find(name, folder string) string {
	if filepath.IsAbs(name) {
		return name
	}
	var places []string
	if c.inRole != nil {
		places = append(places, filepath.Join(c.inRole.Path, folder, name), filepath.Join(c.inRole.Path, name))
	}
	files := []string{c.path}
	if len(c.importing) > 0 {
		files = append(files, c.importing[0])
	}
	for _, file := range files {
		if folder == "vars" {
			places = append(places, beside(file, filepath.Join(folder, name)))
		}
		places = append(places, beside(file, name))
	}
	for _, path := range places {
		if c.stat(path) == nil {
			return path
		}
	}
	return beside(c.path, name)
}

// open opens a file, or what an editor has in its place.
func (c *compiler) open(path string, stdin io.Reader) (*diagnostic.Source, *diagnostic.Problem) {
	if len(c.unsaved) > 0 {
		if text, ok := c.unsaved[absolute(path)]; ok {
			return reading.SourceOf(path, []byte(text), c.vault)
		}
	}
	return reading.Open(path, stdin, c.vault)
}

// stat returns why there is no file of that name; nil where there is one.
func (c *compiler) stat(path string) error {
	if len(c.unsaved) > 0 {
		if _, ok := c.unsaved[absolute(path)]; ok {
			return nil
		}
	}
	_, err := os.Stat(path)
	return err
}

// beside returns the path of a name that is relative to another file.
func beside(file, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// missing tells that a file that is named cannot be read.
func (c *compiler) missing(n *expr.Node, path string, err error) {
	c.blind = true
	p := diagnostic.Problemf(n.Place, "%s: %s", path, reading.Reason(err))
	p.Err = err
	c.problems.Add(p.Suggest(filepath.Base(n.Text), c.neighbour(path), ""))
}

// neighbour returns the file in the folder of a path that was most likely meant, ""
// if there is none.
func (c *compiler) neighbour(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if c.searched++; err != nil || len(entries) > 1000 || c.searched > enough {
		return ""
	}
	stem := func(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }
	files := map[string]string{}
	var stems []string
	for _, e := range entries {
		if s := stem(e.Name()); s != "" {
			files[s] = e.Name()
			stems = append(stems, s)
		}
	}
	return files[suggest.Nearest(stem(filepath.Base(path)), stems)]
}
