package tasks

import (
	"context"
	"path/filepath"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func includeTasks() engine.Kind {
	return engine.Kind{
		Name:    "include_tasks",
		Full:    "ansible.builtin.include_tasks",
		Doc:     "Brings in the tasks of a file when the play comes to it, once for each item of a loop. Its vars beat facts in there. To bring tasks in before anything runs, use import_tasks.",
		New:     func() engine.Task { return &IncludeTasks{} },
		Guard:   true,
		Defines: anyName,
		Example: `- name: Do what each phase asks for
  ansible.builtin.include_tasks:
    file: "{{ phase }}.yml"
    apply:
      tags: [phases]
  loop: [databases, caches]
  loop_control:
    loop_var: phase
`,
		Returns: []engine.Return{{Name: "include", Doc: "the file, as it was named"}},
	}
}

// anyName says that a task may define whatever its file does.
func anyName(*expr.Node) (names []string, more bool) { return nil, true }

// IncludeTasks brings in tasks.
type IncludeTasks struct {
	File  string       `arg:"file" required:"true" doc:"the file, relative to the one in which this stands"`
	Apply engine.Value `arg:"apply" doc:"keywords for the tasks of the file, such as tags"`
}

// Plan names the file; the engine does the rest.
func (i *IncludeTasks) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Include: i.File, Result: value.MapOf("include", i.File)}, nil
}

func includeVars() engine.Kind {
	return engine.Kind{
		Name:    "include_vars",
		Full:    "ansible.builtin.include_vars",
		Doc:     "Reads variables from a file when the play comes to it. They beat the variables of plays, blocks and tasks; facts beat them.",
		New:     func() engine.Task { return &IncludeVars{} },
		Guard:   true,
		Defines: includedNames,
		Example: `- name: Read what holds for this environment
  ansible.builtin.include_vars:
    file: "{{ environment_name }}.yml"
    name: settings
  vars:
    environment_name: staging
`,
		Returns: []engine.Return{
			{Name: "ansible_facts", Doc: "the variables, as they are written"},
			{Name: "ansible_included_var_files", Doc: "the file that was read"},
		},
	}
}

// includedNames returns the one name under which a file's variables are put.
func includedNames(args *expr.Node) (names []string, more bool) {
	if n := args.Get("name"); n != nil && n.Tmpl == nil && n.Text != "" {
		return []string{n.Text}, true // the file may still mention any name
	}
	return nil, true
}

// IncludeVars reads variables.
type IncludeVars struct {
	File string `arg:"file" required:"true" doc:"the file, relative to the one in which this stands"`
	Name string `arg:"name" doc:"a variable that gets all of the file's as a map"`
}

// Plan reads the file.
func (i *IncludeVars) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if i.Name != "" && !engine.IsName(i.Name) {
		return engine.Change{}, engine.About("name", &diagnostic.Problem{Msg: "this is no name of a variable",
			Hint: "names are letters, digits and _, and begin with no digit"})
	}
	vars, err := h.ReadVars(ctx, i.File)
	if err != nil {
		return engine.Change{}, engine.About("file", err)
	}
	facts, file := &value.Map{}, i.File
	for _, v := range vars {
		facts.Set(v.Name, asWritten(v.Value))
		file = v.Place.Source.Name
	}
	if path, err := filepath.Abs(file); err == nil {
		file = path
	}
	if i.Name != "" {
		vars, facts = gathered(i.Name, vars), value.MapOf(i.Name, facts)
	}
	return engine.Change{Vars: vars, Result: value.MapOf("ansible_facts", facts,
		"ansible_included_var_files", []value.Value{file})}, nil
}

// gathered makes one variable of several: a map.
func gathered(name string, vars []engine.Var) []engine.Var {
	m := &expr.Node{Shape: expr.Mapping}
	for _, v := range vars {
		m.Place = v.Place
		key := &expr.Node{Place: v.Place, Text: v.Name, Value: v.Name}
		m.Entries = append(m.Entries, expr.Entry{Key: key, Value: v.Value})
	}
	return []engine.Var{{Name: name, Place: m.Place, Value: m}}
}

// asWritten returns a value with its templates as text.
func asWritten(n *expr.Node) value.Value {
	switch {
	case n == nil:
		return nil
	case n.Shape == expr.Sequence:
		list := make([]value.Value, len(n.Items))
		for i, item := range n.Items {
			list[i] = asWritten(item)
		}
		return list
	case n.Shape == expr.Mapping:
		m := &value.Map{}
		for _, e := range n.Entries {
			m.Set(asWritten(e.Key), asWritten(e.Value))
		}
		return m
	case n.Tmpl != nil:
		return n.Text
	}
	return n.Value
}
