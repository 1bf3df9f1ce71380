package playbooks

import (
	"path/filepath"
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// imported is what an import_playbook hands on to the plays that it brings in.
type imported struct {
	inherited
	vars []engine.Var // they beat those of the plays
}

// importOf returns what stands under import_playbook, or nil.
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
				Suggest(e.Key.Text, c.nearest(e.Key.Text, beside), "there can be "+list(beside))
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
	path, src := c.bring(n, name, "tasks")
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
