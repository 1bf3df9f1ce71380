package inventory

import (
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
	"runner/suggest"
)

// A yamlFile is an inventory in YAML that is being read.
type yamlFile struct {
	in       *Inventory
	file     string
	problems diagnostic.Problems
}

// readYAML reads an inventory in YAML or JSON: a map of groups.
func readYAML(in *Inventory, file string, root *expr.Node) []*diagnostic.Problem {
	f := &yamlFile{in: in, file: file}
	switch {
	case reading.IsNull(root):
		f.problem(root.Place, "the inventory is empty")
	case root.Shape != expr.Mapping:
		f.problem(root.Place, "an inventory is a map of groups, not %s", reading.Shape(root))
	case root.Get("plugin") != nil:
		f.problem(root.Get("plugin").Place, "the inventory plugin %q is not supported", root.Get("plugin").Text).
			WithHint("write hosts and groups: ansible-inventory --list --yaml prints those that the plugin finds")
	default:
		for _, e := range root.Entries {
			f.group(e)
		}
	}
	return f.problems.All()
}

func (f *yamlFile) problem(at diagnostic.Place, format string, args ...any) *diagnostic.Problem {
	p := diagnostic.Problemf(at, format, args...)
	f.problems.Add(p)
	return p
}

// warn notes what Ansible passes over with a warning.
func (f *yamlFile) warn(at diagnostic.Place, format string, args ...any) *diagnostic.Problem {
	p := f.problem(at, format, args...)
	p.Severity = diagnostic.Warning
	return p
}

// group reads one group; nil where it is none.
func (f *yamlFile) group(e expr.Entry) *Group {
	if e.Value.Shape != expr.Mapping && !reading.IsNull(e.Value) {
		f.warn(e.Value.Place, "the group %q is a map with hosts, vars and children, not %s", e.Key.Text, reading.Shape(e.Value))
		return nil
	}
	g := f.in.addGroup(e.Key.Text)
	for _, part := range e.Value.Entries {
		switch part.Key.Text {
		case "hosts":
			f.hosts(g, part.Value)
		case "vars":
			for _, v := range f.entries(part) {
				f.problems.Add(g.set(engine.Var{Name: v.Key.Text, Place: v.Key.Place, Value: v.Value}))
			}
		case "children":
			for _, child := range f.entries(part) {
				below := f.group(child)
				if below != nil && !g.add(below) {
					f.problem(child.Key.Place, "the group %q cannot be below %q, which is below it", below.Name, g.Name)
				}
			}
		default:
			f.warn(part.Key.Place, "a group has no %q", part.Key.Text).
				WithHint("%s", suggest.DidYouMean(part.Key.Text, []string{"hosts", "vars", "children"}))
		}
	}
	return g
}

// entries returns what stands in a part of a group: a map, a lone name, or nothing.
func (f *yamlFile) entries(part expr.Entry) []expr.Entry {
	n := part.Value
	switch {
	case n.Shape == expr.Mapping:
		return n.Entries
	case reading.IsNull(n):
		return nil
	case n.Shape == expr.Scalar:
		return []expr.Entry{{Key: n, Value: &expr.Node{Place: n.Place}}}
	}
	f.problem(n.Place, "%q is a map, not %s", part.Key.Text, reading.Shape(n)).WithHint("write a colon behind each name, not a dash before it")
	return nil
}

func (f *yamlFile) hosts(g *Group, n *expr.Node) {
	for _, e := range f.entries(expr.Entry{Key: &expr.Node{Text: "hosts"}, Value: n}) {
		names, port, err := expand(e.Key.Text)
		if err != nil {
			f.problem(e.Key.Place, "%s", err)
			continue
		}
		if e.Value.Shape != expr.Mapping && !reading.IsNull(e.Value) {
			f.problem(e.Value.Place, "the variables of a host are a map, not %s", reading.Shape(e.Value))
			continue
		}
		var vars []engine.Var
		if port != "" {
			v, _ := variable("ansible_port", port, e.Key.Place)
			vars = append(vars, v)
		}
		for _, v := range e.Value.Entries {
			vars = append(vars, engine.Var{Name: v.Key.Text, Place: v.Key.Place, Value: v.Value})
		}
		for _, name := range names {
			h := f.in.addHost(name, f.file, g)
			h.Vars = append(h.Vars, vars...)
		}
	}
}
