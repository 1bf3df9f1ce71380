package tasks

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func includeTasks() engine.Kind {
	return engine.Kind{
		Name: "include_tasks",
		Full: "ansible.builtin.include_tasks",
		Doc:  "Brings in the tasks of a file when the play comes to it, once for each item of a loop. Its vars beat facts in there. To bring tasks in before anything runs, use import_tasks.",
		New:  func() engine.Task { return &IncludeTasks{} },
		Example: `- name: Do what each phase asks for
  ansible.builtin.include_tasks:
    file: "{{ phase }}.yml"
    apply:
      tags: [phases]
  loop: [databases, caches]
  loop_control:
    loop_var: phase
`,
		Returns: []engine.Return{{Name: "include", Type: engine.TextParam, Doc: "the file, as it was named"}},
	}
}

var (
	_ engine.Guard    = (*IncludeTasks)(nil)
	_ engine.Definer  = (*IncludeTasks)(nil)
	_ engine.Includer = (*IncludeTasks)(nil)
	_ engine.Checker  = (*IncludeTasks)(nil)
)

// IncludeTasks brings in tasks.
type IncludeTasks struct {
	File  string       `arg:"file" required:"true" plain:"true" doc:"the file, relative to the one in which this stands"`
	Apply engine.Value `arg:"apply" doc:"keywords for the tasks of the file, such as tags"`
}

// Includes says that tasks are brought in.
func (*IncludeTasks) Includes() engine.Inclusion { return engine.IncludesTasks }

// Guard says that what follows waits for the tasks of the file.
func (*IncludeTasks) Guard() {}

// Defines says that it may define whatever its file does.
func (*IncludeTasks) Defines(*expr.Node) (names []string, more bool) { return nil, true }

// Check reports a file that is not named.
func (i *IncludeTasks) Check(c *engine.Checking) { named(c, "file", i.File, "the file") }

// Plan names the file; the engine does the rest.
func (i *IncludeTasks) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Effect: engine.IncludeFile(i.File), Result: value.MapOf("include", i.File)}, nil
}

func includeVars() engine.Kind {
	return engine.Kind{
		Name: "include_vars",
		Full: "ansible.builtin.include_vars",
		Doc:  "Reads variables from a file when the play comes to it. They beat the variables of plays, blocks and tasks; facts beat them.",
		New:  func() engine.Task { return &IncludeVars{} },
		Example: `- name: Read what holds for this environment
  ansible.builtin.include_vars:
    file: "{{ environment_name }}.yml"
    name: settings
  vars:
    environment_name: staging
`,
		Returns: []engine.Return{
			{Name: "ansible_facts", Type: engine.NestedParam, Doc: "the variables, as they are written"},
			{Name: "ansible_included_var_files", Type: engine.ListParam, Doc: "the file that was read"},
		},
	}
}

var (
	_ engine.Guard    = (*IncludeVars)(nil)
	_ engine.Definer  = (*IncludeVars)(nil)
	_ engine.Includer = (*IncludeVars)(nil)
	_ engine.Checker  = (*IncludeVars)(nil)
)

// Defines returns the one name under which a file's variables are put.
func (*IncludeVars) Defines(args *expr.Node) (names []string, more bool) {
	if n := args.Get("name"); n != nil && n.Tmpl == nil && n.Text != "" {
		return []string{n.Text}, true // the file may still mention any name
	}
	return nil, true
}

// IncludeVars reads variables.
type IncludeVars struct {
	File          string   `arg:"file" alias:"_raw_params" plain:"true" excludes:"dir" doc:"the file, relative to the one in which this stands, or in vars/ beside it"`
	Dir           string   `arg:"dir" excludes:"file" doc:"a folder, all of whose files are read, in the order of their names"`
	Name          string   `arg:"name" doc:"a variable that gets all of the variables as a map"`
	Depth         int      `arg:"depth" doc:"how many levels of the folder are read; 0: all"`
	FilesMatching string   `arg:"files_matching" doc:"a regular expression: files of the folder whose names it fits are read"`
	IgnoreFiles   []string `arg:"ignore_files" doc:"files of the folder that are not read"`
	Extensions    []string `arg:"extensions" doc:"the endings of files that are read; json, yaml and yml if left out"`
	IgnoreUnknown bool     `arg:"ignore_unknown_extensions" doc:"whether files of other endings are passed over"`
	Hash          string   `arg:"hash_behaviour" choices:"replace,merge" doc:"merge: maps that are there already are merged with"`
}

// Includes says that variables are brought in.
func (*IncludeVars) Includes() engine.Inclusion { return engine.IncludesVars }

// Guard says that what follows waits for the variables.
func (*IncludeVars) Guard() {}

// Check reports what cannot be read, and names that no variable can have.
func (i *IncludeVars) Check(c *engine.Checking) {
	if i.Name != "" && !engine.IsName(i.Name) {
		c.Add("name", &diagnostic.Problem{Msg: "this is no name of a variable",
			Hint: "names are letters, digits and _, and begin with no digit"})
	}
	if i.File == "" && i.Dir == "" && c.Known("file", "dir") {
		c.Add("", &diagnostic.Problem{Msg: "include_vars needs file or dir", Hint: "say what to read"})
	}
	notBlank(c, "file", i.File, "the file")
	notBlank(c, "dir", i.Dir, "the folder")
	if i.Depth < 0 {
		c.Addf("depth", "%d is less than none: 0 reads all levels", i.Depth)
	}
	if _, err := regexp.Compile(i.FilesMatching); err != nil {
		c.Addf("files_matching", "%q is no regular expression: %w", i.FilesMatching, err)
	}
	allNamed(c, "ignore_files", i.IgnoreFiles, "a file's name")
	allNamed(c, "extensions", i.Extensions, "an ending")
}

// Plan reads the files.
func (i *IncludeVars) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	argument, which := "file", engine.VarsQuery{Keys: i.Name != ""}
	switch {
	case i.Dir != "":
		argument, which.Dir, which.Depth, which.Matching = "dir", i.Dir, i.Depth, i.FilesMatching
		which.Ignored, which.Endings, which.IgnoreUnknown = i.IgnoreFiles, i.Extensions, i.IgnoreUnknown
	default:
		which.Paths = []string{i.File}
	}
	vars, err := h.ReadVars(ctx, which)
	if err != nil {
		return engine.Change{}, engine.About(argument, err)
	}
	files, facts := filesOf(vars, i.File), &value.Map{}
	for _, v := range vars {
		facts.Set(v.Name, asWritten(v.Value))
	}
	if i.Name != "" {
		vars, facts = gathered(i.Name, vars), value.MapOf(i.Name, facts)
	}
	return engine.Change{Effect: engine.Variables{List: vars, Merge: i.Hash == "merge"}, Result: value.MapOf("ansible_included_var_files", files,
		"ansible_facts", facts)}, nil
}

// filesOf lists the files in which variables stand.
func filesOf(vars []engine.Var, otherwise string) []value.Value {
	var names []string
	for _, v := range vars {
		if name := v.Place.Source.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 && otherwise != "" {
		names = append(names, otherwise)
	}
	files := []value.Value{}
	for _, name := range names {
		if path, err := filepath.Abs(name); err == nil {
			name = path
		}
		files = append(files, name)
	}
	return files
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
	case n.Secret && n.Tmpl == nil:
		return value.Mark(n.Value)
	case n.Tmpl != nil:
		return n.Text
	}
	return n.Value
}
