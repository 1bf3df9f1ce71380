package tasks

import (
	"context"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func includeRole() engine.Kind {
	return engine.Kind{
		Name: "include_role",
		Full: "ansible.builtin.include_role",
		Doc:  "Brings in a role when its turn comes, once for each item of a loop. To bring one in before anything runs, use import_role, or the roles of the play.",
		New:  func() engine.Task { return &IncludeRole{} },
		Example: `- name: Set up what each role is for
  ansible.builtin.include_role:
    name: "{{ role }}"
    tasks_from: install
  loop: [database, cache]
  loop_control:
    loop_var: role
`,
		Returns: []engine.Return{{Name: "include", Type: engine.TextParam, Doc: "the role, as it was named"}},
	}
}

var (
	_ engine.Guard    = (*IncludeRole)(nil)
	_ engine.Definer  = (*IncludeRole)(nil)
	_ engine.Ender    = (*IncludeRole)(nil)
	_ engine.Includer = (*IncludeRole)(nil)
	_ engine.Checker  = (*IncludeRole)(nil)
)

// IncludeRole brings in a role.
type IncludeRole struct {
	Name             string       `arg:"name" alias:"role" required:"true" doc:"the role: a folder in roles/ beside the playbook, or a path"`
	TasksFrom        string       `arg:"tasks_from" default:"main" doc:"the file of its tasks"`
	VarsFrom         string       `arg:"vars_from" default:"main" doc:"the file of its variables"`
	DefaultsFrom     string       `arg:"defaults_from" default:"main" doc:"the file of its defaults"`
	HandlersFrom     string       `arg:"handlers_from" default:"main" doc:"the file of its handlers"`
	Apply            engine.Value `arg:"apply" doc:"keywords for the tasks of the role, such as tags"`
	Public           bool         `arg:"public" doc:"whether the rest of the play sees its variables"`
	AllowDuplicates  bool         `arg:"allow_duplicates" default:"true" doc:"accepted, without effect: an included role always runs"`
	RolespecValidate bool         `arg:"rolespec_validate" default:"true" doc:"accepted, without effect: the arguments of roles are not checked"`
}

// Includes says that a role is brought in.
func (*IncludeRole) Includes() engine.Inclusion { return engine.IncludesRole }

// Guard says that what follows waits for the tasks of the role.
func (*IncludeRole) Guard() {}

// Defines says that it may define whatever the role does.
func (*IncludeRole) Defines(*expr.Node) (names []string, more bool) { return nil, true }

// MayEnd says that a task of the role may end the play.
func (*IncludeRole) MayEnd(*expr.Node) bool { return true }

// Check reports a role, or a file of it, that is not named.
func (i *IncludeRole) Check(c *engine.Checking) {
	named(c, "name", i.Name, "the role")
	notBlank(c, "tasks_from", i.TasksFrom, "a file's name")
	notBlank(c, "vars_from", i.VarsFrom, "a file's name")
	notBlank(c, "defaults_from", i.DefaultsFrom, "a file's name")
	notBlank(c, "handlers_from", i.HandlersFrom, "a file's name")
}

// Plan names the role; the engine does the rest.
func (i *IncludeRole) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{
		Effect: engine.RoleCall{Name: i.Name, Tasks: i.TasksFrom, Vars: i.VarsFrom, Defaults: i.DefaultsFrom,
			Handlers: i.HandlersFrom, Public: i.Public},
		Result: value.MapOf("include", i.Name)}, nil
}
