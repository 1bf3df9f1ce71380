package playbooks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// special sees to tasks that bring in files, and notes the variables that they define.
func (c *compiler) special(in section, s *engine.Step) {
	switch s.Kind.Includes() {
	case engine.IncludesTasks:
		s.Params = slices.Clone(s.Vars[len(in.set.step.Vars):])
		c.includeTasks(in, s)
	case engine.IncludesRole:
		if in.handlers {
			c.noRole(&expr.Node{Text: s.As, Place: s.At})
		}
		s.Params = slices.Clone(s.Vars[len(in.set.step.Vars):])
		c.includeRole(in, s)
	case engine.IncludesVars:
		c.includeVars(s)
	}
	names, _ := s.Kind.Defines(s.Args)
	for _, name := range names {
		c.names[name] = true
	}
}

// Surroundings are what the tasks of an included file find around them: the settings
// of what stands around the include, and of its apply.
type surroundings struct {
	section
	names    map[string]bool
	playbook string          // the path of the playbook
	roles    map[string]bool // what was done when the play began, and what was brought in since
	mu       *sync.Mutex     // of roles
}

// includeTasks notes what the tasks of an included file inherit, and checks the
// file if its name is known already.
func (c *compiler) includeTasks(in section, s *engine.Step) {
	around := c.around(in, s)
	n := s.Args.Get("file")
	if n == nil || n.Tmpl != nil || n.Shape != expr.Scalar || syntax.HasTemplate(n.Text) || strings.TrimSpace(n.Text) == "" {
		return
	}
	c.know(s.Params)
	c.whileRunning(s, func() {
		path, src := c.bring(n, n.Text, "tasks")
		if src == nil || c.checked[absolute(path)] {
			return
		}
		c.checked[absolute(path)] = true
		defer func(before []string) { c.importing = before }(c.importing)
		c.importing = []string{c.importing[0], absolute(path)}
		c.file(path, src, func(root *expr.Node) { c.try(s, around.section, root) })
	})
}

// around notes what the tasks that a step brings in inherit.
func (c *compiler) around(in section, s *engine.Step) *surroundings {
	around := &surroundings{section: section{play: in.play, set: in.set, id: s.ID + ".", depth: in.depth + 1}, names: c.names, playbook: c.importing[0], roles: c.rolesDone, mu: c.rolesMu}
	s.Within = around
	if apply := s.Args.Get("apply"); apply != nil {
		c.applied(&around.set, apply)
		args := *s.Args
		args.Entries = slices.DeleteFunc(slices.Clone(args.Entries), func(e expr.Entry) bool { return e.Key.Text == "apply" })
		s.Args = &args
	}
	return around
}

// try compiles a file of tasks for its problems only.
func (c *compiler) try(by *engine.Step, in section, root *expr.Node) {
	c.included[by] = c.tasksFile(in, root)
	shadow := engine.Play{Tasks: c.included[by]}
	c.tried = slices.AppendSeq(c.tried, shadow.Steps())
}

// whileRunning runs f on a file that a step reads while the play runs: what is wrong
// with it stops nothing if nobody comes there. That it is missing is a warning: an
// earlier task may write it.
func (c *compiler) whileRunning(s *engine.Step, f func()) {
	before, blind := c.problems, c.blind
	c.problems = diagnostic.Problems{}
	f()
	for _, p := range c.problems.All() {
		switch {
		case p.Severity != diagnostic.Error:
			before.Add(p)
		case errors.Is(p.Err, fs.ErrNotExist):
			c.mistake(p, p)
		default:
			c.mistake(s, p)
		}
	}
	c.problems, c.blind = before, blind
}

// applied lays the keywords of an apply over settings, as if they were a block's.
func (c *compiler) applied(set *inherited, n *expr.Node) {
	if n.Shape != expr.Mapping {
		c.problem(n.Place, `"apply" is a map of keywords, not %s`, reading.Shape(n)).WithHint("such as tags: or when:")
		return
	}
	r := record{in: keyword.Block, Step: &set.step, defaults: &set.defaults}
	for _, e := range n.Entries {
		if k := r.put(c, e); k.Name == "" || k.Takes == keyword.Tasks {
			c.problem(e.Key.Place, "%q cannot be applied to tasks", e.Key.Text).
				Suggest(e.Key.Text, c.nearest(e.Key.Text, keyword.Names(keyword.ImportTasks)), "")
		}
	}
}

// Files reads what plays bring in while they run, with the Options that the
// playbooks were loaded with. Its methods are what engine.Hooks wants.
type Files struct{ Options Options }

// Load compiles the file of tasks that a step includes. Its name is relative to
// the file in which the step stands, or else to the playbook.
func (f Files) Load(_ context.Context, by *engine.Step, name string) (*engine.Included, error) {
	around, ok := by.Within.(*surroundings)
	if !ok {
		return nil, fmt.Errorf("%s cannot bring in tasks", by.As)
	}
	if err := around.tooDeep(by, name); err != nil {
		return nil, err
	}
	c := f.inside(by, around)
	n := &expr.Node{Place: by.At, Text: name, Value: name}
	if written := by.Args.Get("file"); written != nil {
		n.Place = written.Place
	}
	path, src := c.bring(n, name, "tasks")
	if src == nil {
		return nil, c.problems.Err()
	}
	c.importing = append(c.importing, absolute(path))
	included := &engine.Included{File: absolute(path)}
	c.file(path, src, func(root *expr.Node) { included.Items = c.tasksFile(around.section, root) })
	handlers := engine.Play{Tasks: included.Items, Handlers: around.play.Handlers}
	c.checkNotified(&handlers)
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	return included, nil
}

// tooDeep refuses what is included inside of too many others, as it is where a file
// includes itself and nothing ends that.
func (s *surroundings) tooDeep(by *engine.Step, name string) error {
	if s.depth <= deepestInclude {
		return nil
	}
	return diagnostic.Problemf(by.At, "%s of %s: files and roles include each other more than %d deep here", by.As, name, deepestInclude).WithHint("end what includes itself with a condition, when: …")
}

// inside returns a compiler of what a step brings in.
func (f Files) inside(by *engine.Step, around *surroundings) *compiler {
	c := newCompiler(f.Options)
	around.mu.Lock()
	defer around.mu.Unlock()
	c.names, c.rolesDone = maps.Clone(around.names), maps.Clone(around.roles)
	c.path, c.importing, c.inRole = by.Place.Source.Name, []string{around.playbook}, by.Role
	return c
}

// LoadRole compiles the role that a step includes.
func (f Files) LoadRole(_ context.Context, by *engine.Step, call engine.RoleCall) (*engine.Included, error) {
	around, ok := by.Within.(*surroundings)
	if !ok {
		return nil, fmt.Errorf("%s cannot bring in roles", by.As)
	}
	if err := around.tooDeep(by, call.Name); err != nil {
		return nil, err
	}
	c := f.inside(by, around)
	parts := c.role(around.section, roleCall{RoleCall: call, at: &expr.Node{Place: by.At, Text: call.Name, Value: call.Name}, nested: true})
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	begin := func() { // a role that others depend on is done once in a play
		around.mu.Lock()
		defer around.mu.Unlock()
		maps.Copy(around.roles, c.rolesDone)
	}
	return &engine.Included{File: call.Name, Items: parts.items, Handlers: parts.handlers, Vars: parts.vars, Defaults: parts.defaults,
		Public: call.Public, Begin: begin}, nil
}

// includeVars checks the file of an include_vars whose name is known already.
func (c *compiler) includeVars(s *engine.Step) {
	n := s.Args.Get("file")
	if n == nil || n.Tmpl != nil || n.Shape != expr.Scalar || strings.TrimSpace(n.Text) == "" {
		return
	}
	c.anyKeys = s.Args.Get("name") != nil
	c.whileRunning(s, func() { c.know(c.varsOfFile(n)) })
	c.anyKeys = false
}
