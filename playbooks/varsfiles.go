package playbooks

import (
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/playbooks/reading"
)

// varsFiles reads the files of variables of a play: each is a name, or a list of
// names of which the first that exists counts.
func (c *compiler) varsFiles(n *expr.Node) []*engine.VarsFile {
	var all []*engine.VarsFile
	for _, item := range reading.Listed(n) {
		f := &engine.VarsFile{Place: item.Place}
		for _, path := range reading.Listed(item) {
			c.templates(path)
			if _, isText := path.Value.(string); path.Shape != expr.Scalar || path.Tmpl == nil && !isText {
				c.problem(path.Place, `"vars_files" wants names of files, not %s`, reading.Shape(path))
				continue
			}
			f.Paths = append(f.Paths, path)
		}
		if len(f.Paths) == 0 {
			continue
		}
		c.readVarsFile(f)
		all = append(all, f)
	}
	return all
}

// readVarsFile reads a file of variables, if its name is known already.
func (c *compiler) readVarsFile(f *engine.VarsFile) {
	for i, n := range f.Paths {
		template := n.Tmpl != nil
		if n = c.named(n); n == nil {
			return
		}
		path := c.find(n.Text, "vars")
		if err := c.stat(path); err != nil {
			if i == len(f.Paths)-1 && !template {
				c.missing(n, path, err)
			}
			continue
		}
		f.Vars, f.Read = c.varsOfFile(n), true
		return
	}
}

// named returns a file's name with its templates evaluated: those of variables that are known
// before anything runs, and that no task above sets; nil where it is not known.
func (c *compiler) named(n *expr.Node) *expr.Node {
	if n.Tmpl == nil {
		if syntax.HasTemplate(n.Text) {
			return nil
		}
		return n
	}
	for _, ref := range n.Tmpl.Refs() {
		if ref.Any || c.names[ref.Name] && !slices.Contains(c.extra, ref.Name) {
			return nil
		}
	}
	v, err := c.static(n)
	text, isText := value.Bare(v).(string)
	if err != nil || !isText {
		return nil
	}
	return &expr.Node{Place: n.Place, Text: text, Value: text}
}

// varsOfFile reads the file of variables that a node names.
func (c *compiler) varsOfFile(n *expr.Node) []engine.Var {
	path, src := c.bring(n, n.Text, "vars")
	if src == nil {
		return nil
	}
	var vars []engine.Var
	c.file(path, src, func(root *expr.Node) { vars = c.variablesOf(root) })
	if src.Secret {
		for _, v := range vars {
			c.vault.Note(v.Value)
		}
	}
	return vars
}

// variablesOf reads the variables of a file, whose names may be any keys; one that no
// template can mention is a warning, unless they become a map.
func (c *compiler) variablesOf(root *expr.Node) []engine.Var {
	if root.Shape != expr.Mapping {
		return c.vars(root)
	}
	var vars []engine.Var
	for _, e := range root.Entries {
		if p := badName(e.Key.Text, e.Key.Place); p != nil && !c.anyKeys { // it can still be read from vars
			p.Severity = diagnostic.Warning
			c.problems.Add(p)
		}
		c.templates(e.Value)
		vars = append(vars, engine.Var{Name: e.Key.Text, Place: e.Key.Place, Value: e.Value})
	}
	return vars
}
