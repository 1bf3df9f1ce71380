package playbooks

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// A roleCall is where a playbook names a role.
type roleCall struct {
	engine.RoleCall
	at     *expr.Node   // its name
	entry  *expr.Node   // of a list of roles
	params []engine.Var // that it is given
	nested bool         // an import or an include, which may stand in another role's tasks
}

// A roleParts is what a role brings in, what its dependencies do included.
type roleParts struct {
	items          []engine.Item
	handlers       []*engine.Step
	vars, defaults []engine.Var
}

func (p *roleParts) add(more roleParts) {
	p.items = append(p.items, more.items...)
	p.handlers = append(p.handlers, more.handlers...)
	p.vars = append(p.vars, more.vars...)
	p.defaults = append(p.defaults, more.defaults...)
}

// roles compiles the roles of a play: their tasks stand before its own, their variables
// are seen by all its tasks.
func (c *compiler) roles(in section, n *expr.Node) []engine.Item {
	if n == nil || reading.IsNull(n) {
		return nil
	}
	if n.Shape != expr.Sequence {
		c.problem(n.Place, `"roles" is a list of roles, not %s`, reading.Shape(n)).WithHint(`write "- " before each`)
		return nil
	}
	for _, item := range n.Items {
		in.play.Roles = append(in.play.Roles, roleTitle(item))
	}
	all := c.listedRoles(in, n)
	c.export(in.play, all)
	return all.items
}

// export returns a play the variables and handlers of roles that it names.
func (c *compiler) export(play *engine.Play, parts roleParts) {
	play.RoleVars = append(play.RoleVars, parts.vars...)
	play.RoleDefaults = append(play.RoleDefaults, parts.defaults...)
	play.Handlers = append(play.Handlers, parts.handlers...)
	c.know(parts.vars)
	c.know(parts.defaults)
}

// listedRoles compiles a list of roles; of two calls that are the same one is done.
func (c *compiler) listedRoles(in section, n *expr.Node) roleParts {
	var all roleParts
	for i, item := range n.Items {
		inner := in
		inner.id = fmt.Sprintf("%srole%d.", in.id, i+1)
		call, ok := c.roleEntry(&inner.set, item)
		if !ok {
			c.blind = true
			continue
		}
		all.add(c.role(inner, call))
	}
	return all
}

// roleEntry reads an entry of a list of roles: a name, or a map of one with keywords
// and parameters.
func (c *compiler) roleEntry(set *inherited, n *expr.Node) (call roleCall, ok bool) {
	call.at, call.entry = n, n
	if n.Shape == expr.Mapping {
		if call.at = n.Get("role"); call.at == nil {
			call.at = n.Get("name")
		}
		if call.at == nil {
			c.problem(n.Place, "this names no role").WithHint("write role: NAME")
			return call, false
		}
		call.params = c.roleKeys(set, n)
	}
	call.Name, ok = c.roleName(call.at)
	return call, ok
}

// roleKeys reads what stands beside the name of a role: keywords, and its parameters.
func (c *compiler) roleKeys(set *inherited, n *expr.Node) []engine.Var {
	var params []engine.Var
	r := record{in: keyword.Role, Step: &set.step, defaults: &set.defaults}
	for _, e := range n.Entries {
		if k := r.put(c, e); k.Name != "" || c.refusedWord(e.Key, keyword.Role) {
			continue
		}
		c.problems.Add(badName(e.Key.Text, e.Key.Place))
		c.templates(e.Value)
		params = append(params, engine.Var{Name: e.Key.Text, Place: e.Key.Place, Value: e.Value})
	}
	return params
}

func (c *compiler) roleName(n *expr.Node) (string, bool) {
	name, ok := c.fileName(n, "a role")
	return name, ok
}

// role compiles a role: those that it depends on first, then its own.
func (c *compiler) role(in section, call roleCall) roleParts {
	folder := c.roleFolder(call)
	if folder == "" {
		return roleParts{}
	}
	defer func(before *engine.Role) { c.inRole = before }(c.inRole)
	role := &engine.Role{Name: call.Name, Path: absolute(folder)}
	if outer := in.set.step.Role; outer != nil && call.nested {
		role.Parents = append([]string{outer.Name}, outer.Parents...)
		role.ParentPaths = append([]string{outer.Path}, outer.ParentPaths...)
	}
	if len(role.Parents) > deepestImport {
		c.problem(call.at.Place, "roles depend on each other deeper than %d levels", deepestImport)
		return roleParts{}
	}
	c.inRole = role
	meta, source := c.roleMeta(role)
	if !call.nested {
		key := callKey(in, role, call)
		if c.rolesDone[key] && !meta.repeats {
			return roleParts{}
		}
		c.rolesDone[key] = true
	}
	in.set.step.Role = role
	var all roleParts
	own := roleParts{vars: c.roleVars(role, "vars", call.Vars), defaults: c.roleVars(role, "defaults", call.Defaults)}
	in.set.step.Vars = slices.Concat(in.set.step.Vars[:0:0], own.vars, in.set.step.Vars, call.params)
	in.set.step.RoleParams = slices.Concat(in.set.step.RoleParams, call.params)
	if meta.dependencies != nil {
		for _, item := range meta.dependencies.Items {
			if title := roleTitle(item); !slices.Contains(in.play.Dependencies, title) {
				in.play.Dependencies = append(in.play.Dependencies, title)
			}
		}
		c.file(source.Name, source, func(*expr.Node) { all.add(c.listedRoles(in, meta.dependencies)) })
	}
	c.inRole = role
	in.set.step.Vars = slices.Concat(all.vars, in.set.step.Vars)
	in.set.step.Defaults = slices.Concat(in.set.step.Defaults, all.defaults, own.defaults)
	c.know(own.vars)
	c.know(own.defaults)
	c.know(call.params)
	own.items = c.roleTasks(in, role, "tasks", call.Tasks)
	in.handlers, in.id = true, in.id+"handler."
	for _, it := range c.roleTasks(in, role, "handlers", call.Handlers) {
		if s, ok := it.(*engine.Step); ok {
			own.handlers = append(own.handlers, s)
		}
	}
	all.add(own)
	return all
}

// roleTitle returns the name of an entry of a list of roles.
func roleTitle(n *expr.Node) string {
	for _, key := range []string{"role", "name"} {
		if named := n.Get(key); named != nil {
			n = named
			break
		}
	}
	return n.Text
}

// callKey tells calls of a role apart: by the play, the folder, and what is said of it.
func callKey(in section, role *engine.Role, call roleCall) string {
	key := fmt.Sprintf("%s\x00%p", role.Path, in.play)
	if call.entry.Shape != expr.Mapping {
		return key
	}
	for _, e := range call.entry.Entries {
		if e.Key.Text != "role" && e.Key.Text != "name" {
			key += "\x00" + e.Key.Text + "=" + asWritten(e.Value)
		}
	}
	return key
}

// asWritten returns what a value is written as, to tell it from others.
func asWritten(n *expr.Node) string {
	text := strconv.Quote(n.Text)
	for _, item := range n.Items {
		text += "," + asWritten(item)
	}
	for _, e := range n.Entries {
		text += "," + asWritten(e.Key) + ":" + asWritten(e.Value)
	}
	return text
}

// roleFolder finds the folder of a role; "" where there is none, which is reported.
func (c *compiler) roleFolder(call roleCall) string {
	for _, dir := range c.roleDirs() {
		path := filepath.Join(dir, call.Name)
		if filepath.IsAbs(call.Name) {
			path = call.Name
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			c.notes.role(call.at, path)
			return path
		}
	}
	p := c.problem(call.at.Place, "there is no role %q", call.Name).WithHint("put it into the folder roles/%s beside the playbook", call.Name)
	p.Err = os.ErrNotExist
	c.blind = true
	return ""
}

// roleDirs lists where roles are looked for.
func (c *compiler) roleDirs() []string {
	playbook := "."
	if len(c.importing) > 0 {
		playbook = filepath.Dir(c.importing[0])
	}
	dirs := []string{filepath.Join(playbook, "roles")}
	if c.inRole != nil {
		dirs = append(dirs, filepath.Dir(c.inRole.Path))
	}
	if paths := os.Getenv("ANSIBLE_ROLES_PATH"); paths != "" {
		dirs = append(dirs, filepath.SplitList(paths)...)
	}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, ".ansible/roles"))
	}
	return append(dirs, "/usr/share/ansible/roles", "/etc/ansible/roles", playbook)
}

// roleFile returns the file of a part of a role: main, or another one; "" where there
// is none.
func roleFile(role *engine.Role, part, name string) string {
	if name == "" {
		name = "main"
	}
	for _, ending := range []string{"", ".yml", ".yaml", ".json"} {
		path := filepath.Join(role.Path, part, name+ending)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}

// roleVars reads a file of variables of a role.
func (c *compiler) roleVars(role *engine.Role, part, name string) []engine.Var {
	paths := []string{roleFile(role, part, name)}
	if paths[0] == "" {
		if paths = varsIn(filepath.Join(role.Path, part, cmp.Or(name, "main"))); paths == nil && name != "" && name != "main" {
			c.problem(diagnostic.Place{}, "role %q has no file %s in %s", role.Name, name, part)
		}
	}
	var vars []engine.Var
	for _, path := range paths {
		vars = append(vars, c.varsOfFile(&expr.Node{Place: diagnostic.Place{}, Text: path, Value: path})...)
	}
	return vars
}

// varsIn lists the files of variables in a folder and those in it; nil where it is none.
func varsIn(folder string) (paths []string) {
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{"", ".yml", ".yaml", ".json"}, filepath.Ext(path)) {
			paths = append(paths, path)
		}
		return nil
	})
	return paths
}

// roleTasks compiles a file of tasks or handlers of a role.
func (c *compiler) roleTasks(in section, role *engine.Role, part, name string) (items []engine.Item) {
	path := roleFile(role, part, name)
	if path == "" {
		if name != "" && name != "main" {
			c.problem(diagnostic.Place{}, "role %q has no file %s in %s", role.Name, name, part)
		}
		return nil
	}
	n := &expr.Node{Text: path, Value: path}
	c.imports(n, importTasks, func(root *expr.Node) { items = c.tasksFile(in, root) })
	return items
}

// A roleMeta is what a role says of itself.
type roleMeta struct {
	dependencies *expr.Node
	repeats      bool // it is done again for the same parameters
}

// roleMeta reads what a role says of itself, and where; no source where it says nothing.
func (c *compiler) roleMeta(role *engine.Role) (meta roleMeta, src *diagnostic.Source) {
	path := roleFile(role, "meta", "")
	if path == "" {
		return meta, nil
	}
	if path, src = c.bring(&expr.Node{Text: path, Value: path}, path, ""); src == nil {
		return meta, nil
	}
	c.file(path, src, func(root *expr.Node) {
		if d := root.Get("dependencies"); d != nil && d.Shape == expr.Sequence {
			meta.dependencies = d
		}
		if n := root.Get("allow_duplicates"); n != nil {
			meta.repeats, _ = boolOf(n)
		}
	})
	return meta, src
}

// noRole reports a role in the place of a handler.
func (c *compiler) noRole(key *expr.Node) {
	c.problem(key.Place, "%s cannot be a handler", bare(key.Text)).WithHint("bring the role in by a task, or put its tasks into a file and include_tasks that")
}

// importRole compiles a role in the place of an import_role.
func (c *compiler) importRole(in section, args *expr.Node, at diagnostic.Place) []engine.Item {
	call, ok := c.roleArgs(args, at)
	if !ok {
		c.blind = true
		return nil
	}
	in.play.Roles = append(in.play.Roles, call.Name)
	call.nested = true
	parts := c.role(in, call)
	c.export(in.play, parts)
	return parts.items
}

// roleArgs reads the parameters of import_role.
func (c *compiler) roleArgs(n *expr.Node, at diagnostic.Place) (call roleCall, ok bool) {
	words := map[string]*string{"tasks_from": &call.Tasks, "vars_from": &call.Vars,
		"defaults_from": &call.Defaults, "handlers_from": &call.Handlers}
	for _, e := range n.Entries {
		switch key := e.Key.Text; {
		case key == "name" || key == "role":
			call.at = e.Value
		case words[key] != nil:
			*words[key], _ = c.fileName(e.Value, key)
		case !slices.Contains([]string{"public", "allow_duplicates", "rolespec_validate"}, key):
			c.problem(e.Key.Place, "unknown parameter %q of import_role", key).
				WithHint("it takes name, tasks_from, vars_from, defaults_from, handlers_from")
		}
	}
	if call.at == nil {
		c.problem(at, "import_role needs name").WithHint("write import_role: {name: ROLE}")
		return call, false
	}
	call.Name, ok = c.roleName(call.at)
	return call, ok
}

// includeRole notes what the tasks of an included role inherit, and checks the role if
// its name is known already.
func (c *compiler) includeRole(in section, s *engine.Step) {
	around := c.around(in, s)
	n := s.Args.Get("name")
	if n == nil {
		n = s.Args.Get("role")
	}
	if n != nil && s.Name == nil {
		s.NamedByRole = true
		s.Name = &expr.Node{Place: n.Place, Text: s.As + " : " + n.Text, Value: s.As + " : " + n.Text}
	}
	if n == nil || n.Tmpl != nil || n.Shape != expr.Scalar || strings.TrimSpace(n.Text) == "" {
		return
	}
	key := "role " + n.Text
	if c.checked[key] {
		return
	}
	c.checked[key] = true
	defer func(before map[string]bool) { c.rolesDone = before }(c.rolesDone)
	c.rolesDone = maps.Clone(c.rolesDone)
	c.whileRunning(s, func() { c.role(around.section, roleCall{RoleCall: engine.RoleCall{Name: n.Text}, at: n, nested: true}) })
}
