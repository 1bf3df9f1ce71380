package playbooks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
	"runner/suggest"
)

const importTasks = "import_tasks"

// imported is what an import_playbook hands on to the plays that it brings in.
type imported struct {
	inherited
	vars []engine.Var // they beat those of the plays
}

// importOf gives what stands under import_playbook, or nil.
func importOf(n *expr.Node) *expr.Node {
	for _, e := range n.Entries {
		if bare(e.Key.Text) == "import_playbook" {
			return e.Value
		}
	}
	return nil
}

// importPlaybook compiles the plays of another file in the place of an import.
func (c *compiler) importPlaybook(n *expr.Node, from imported) {
	r := record{in: keyword.ImportPlaybook, Step: &from.step}
	for _, e := range n.Entries {
		if bare(e.Key.Text) == "import_playbook" {
			continue
		}
		if k := r.put(c, e); k.Name == "" {
			beside := slices.DeleteFunc(keyword.Names(keyword.ImportPlaybook), func(name string) bool { return name == "import_playbook" })
			c.problem(e.Key.Place, "%q cannot stand beside import_playbook", e.Key.Text).
				WithHint("%s", orElse(c.didYouMean(e.Key.Text, beside), "there can be "+list(beside)))
		}
	}
	from.vars, from.step.Vars = slices.Concat(from.step.Vars, from.vars), nil
	c.imports(importOf(n), "import_playbook", func(root *expr.Node) { c.playbook(root, from) })
}

// importTasks compiles the tasks of another file in the place of an import.
func (c *compiler) importTasks(in section, file *expr.Node) (items []engine.Item) {
	c.imports(file, importTasks, func(root *expr.Node) { items = c.tasksFile(in, root) })
	return items
}

// tasksFile compiles the tree of a file of tasks.
func (c *compiler) tasksFile(in section, root *expr.Node) []engine.Item {
	switch {
	case reading.IsNull(root):
		return nil
	case root.Shape != expr.Sequence:
		c.problem(root.Place, "a file of tasks is a list of tasks, not %s", reading.Shape(root)).WithHint(`write "- " before each task`)
		c.blind = true
		return nil
	}
	for _, item := range root.Items {
		if item.Shape == expr.Mapping && !c.hasKind(item) && slices.ContainsFunc(item.Entries, func(e expr.Entry) bool { return onlyInPlays(e.Key.Text) }) {
			c.problem(item.Place, "a play cannot stand in a file of tasks").WithHint("bring it in by import_playbook")
			c.blind = true
			return nil
		}
	}
	return c.items(in, root)
}

// imports has the file that a node names compiled, unless it imports itself.
func (c *compiler) imports(n *expr.Node, by string, compile func(root *expr.Node)) {
	name, ok := c.fileName(n, by)
	if !ok {
		c.blind = true
		return
	}
	path, src := c.bring(n, name)
	if src == nil {
		c.blind = true
		return
	}
	key := absolute(path)
	if i := slices.Index(c.importing, key); i >= 0 {
		c.problem(n.Place, "%s imports itself: %s", n.Text, chain(append(c.importing[i:], key))).
			WithHint("use include_tasks, with a condition that ends it")
		return
	}
	if len(c.importing) > deepestImport {
		c.problem(n.Place, "files import each other deeper than %d levels", deepestImport)
		return
	}
	if c.steps++; c.steps > mostSteps {
		c.tooLarge(n)
		return
	}
	c.importing = append(c.importing, key)
	defer func(before []string) { c.importing = before }(c.importing[:len(c.importing)-1])
	c.file(path, src, compile)
}

// tooLarge tells once that imports repeat too much.
func (c *compiler) tooLarge(n *expr.Node) {
	c.blind = true
	if !c.swollen {
		c.swollen = true
		c.problem(n.Place, "imports make this playbook larger than %d tasks and files", mostSteps)
	}
}

// chain writes down how files lead to each other.
func chain(paths []string) string {
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return strings.Join(names, " → ")
}

// fileName reads the name of a file that has to be known before anything runs.
func (c *compiler) fileName(n *expr.Node, by string) (name string, ok bool) {
	if _, isText := n.Value.(string); n.Shape != expr.Scalar || !isText || strings.TrimSpace(n.Text) == "" {
		c.problem(n.Place, "%s wants the name of a file, not %s", by, reading.Shape(n))
		return "", false
	}
	if syntax.HasTemplate(n.Text) {
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
// The source is nil if it cannot be read; that is told.
func (c *compiler) bring(n *expr.Node, name string) (path string, src *diagnostic.Source) {
	path = c.find(name)
	if src := c.opened[path]; src != nil {
		return path, src
	}
	if _, err := os.Stat(path); err != nil {
		c.missing(n, path, err)
		return path, nil
	}
	src, p := reading.Open(path, nil, c.vault)
	if p != nil {
		c.unread(p)
		return path, nil
	}
	c.opened[path] = src
	return path, src
}

// find gives the path of a file that the one at hand names.
func (c *compiler) find(name string) string {
	return findFile(name, c.path, c.importing)
}

// findFile looks for a name beside the file that mentions it, then beside the
// playbook, the first of those that lead to it.
func findFile(name, from string, leading []string) string {
	path := beside(from, name)
	if len(leading) > 0 && !exists(path) {
		if other := beside(leading[0], name); exists(other) {
			return other
		}
	}
	return path
}

// beside gives the path of a name that is relative to another file.
func beside(file, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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
	if near := c.neighbour(path); near != "" {
		p.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	c.problems.Add(p)
}

// neighbour gives the file in the folder of a path that was most likely meant, ""
// if there is none.
func (c *compiler) neighbour(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if c.asked++; err != nil || len(entries) > 1000 || c.asked > enough {
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

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
