package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/keyword"
)

// A draft is a task whose keys are being sorted.
type draft struct {
	record
	step    *engine.Step
	own     defaults // of the parameters of kinds, by its module_defaults too
	kinds   []expr.Entry
	unknown []expr.Entry
	refused bool // a key was refused: what the task does is not what was meant
	does    bool // that key was what the task does
	foreign bool // it is of a module of Ansible's that is none of ours
}

// draft starts a task with what it inherits.
func (in section) draft(n *expr.Node, id string) *draft {
	step := in.set.step
	step.ID, step.Place = id, n.Place
	d := &draft{step: &step, own: in.set.defaults}
	d.record = record{in: keyword.Task, Step: d.step, defaults: &d.own}
	return d
}

// task compiles one task: the tasks of another file if it imports those, nothing if
// it is not known what it does.
func (c *compiler) task(in section, n *expr.Node, id string) []engine.Item {
	c.steps++
	d := in.draft(n, id)
	for _, e := range n.Entries {
		c.taskKey(d, e)
	}
	c.checkDraft(d, n)
	s := d.step
	if len(d.kinds) == 0 || d.refused {
		c.lose(s)
	}
	if len(d.kinds) == 0 {
		return nil
	}
	if s.Kind == nil {
		return c.importStep(in, d, n)
	}
	if d.foreign {
		return []engine.Item{s}
	}
	if !in.handlers && !c.partial && s.Listen != nil {
		c.problem(n.Get("listen").Place, `"listen" is for handlers`).WithHint(`move the task to the "handlers:" of the play, or remove it`)
	}
	c.args(in, d)
	c.special(in, s)
	c.lintTask(s)
	if s.Register != "" {
		c.names[s.Register] = true
	}
	if d.refused {
		return nil
	}
	return []engine.Item{s}
}

// importStep compiles a task that imports others. What it says holds for each of them.
func (c *compiler) importStep(in section, d *draft, n *expr.Node) []engine.Item {
	for _, e := range n.Entries {
		if !c.isKind(e.Key.Text) && keyword.Only(e.Key.Text, keyword.Task, keyword.ImportTasks) {
			c.besideImport(e.Key, bare(d.kinds[0].Key.Text))
		}
	}
	file := d.kinds[0].Value
	if bare(d.kinds[0].Key.Text) == importRole {
		if in.handlers {
			c.noRole(d.kinds[0].Key)
			return nil
		}
		in.set, in.id = inherited{handOn(in.set.step, d.step), d.own}, d.step.ID+"."
		c.know(d.step.Vars)
		return c.importRole(in, file, d.kinds[0].Key.Place)
	}
	if file.Shape == expr.Mapping {
		for _, e := range file.Entries {
			if e.Key.Text != "file" {
				c.problem(e.Key.Place, "unknown parameter %q of import_tasks", e.Key.Text).WithHint("it takes file")
			}
		}
		if file = file.Get("file"); file == nil {
			c.problem(d.kinds[0].Key.Place, "import_tasks needs file").WithHint("write import_tasks: tasks.yml")
			c.blind = true
			return nil
		}
	}
	c.know(d.step.Vars)
	in.set, in.id = inherited{handOn(in.set.step, d.step), d.own}, d.step.ID+"."
	return c.importTasks(in, file)
}

// besideImport reports a keyword of tasks beside what imports some: Ansible refuses those
// that say what is done, and passes over those about a result.
func (c *compiler) besideImport(key *expr.Node, kind string) {
	hint := fmt.Sprintf("use include_%s, which is a task itself, or give it to the tasks of the file", strings.TrimPrefix(kind, "import_"))
	k, _ := keyword.Find(key.Text, keyword.Task)
	switch k.Takes {
	case keyword.Action, keyword.Args, keyword.Loop, keyword.Lookup, keyword.WithDict, keyword.WithItems:
		c.problem(key.Place, "%q cannot stand beside %s", key.Text, kind).WithHint("%s", hint)
	default:
		c.warn(key.Place, noEffect, fmt.Sprintf("%q has no effect beside %s", key.Text, kind), hint)
	}
}

// taskKey sorts one key of a task.
func (c *compiler) taskKey(d *draft, e expr.Entry) {
	switch k := d.put(c, e); k.Takes {
	case "":
		c.kindKey(d, e)
	case keyword.Action:
		c.action(d, e)
	case keyword.Loop, keyword.Lookup, keyword.WithDict, keyword.WithItems:
		c.loop(d.step, e)
	}
}

// kindKey sorts a key that is not one of our keywords.
func (c *compiler) kindKey(d *draft, e expr.Entry) {
	key := e.Key.Text
	if c.isKind(key) {
		if len(d.kinds) == 0 {
			d.step.Kind, d.step.As, d.step.At = c.kinds[key], key, e.Key.Place
		}
		d.kinds = append(d.kinds, e)
		return
	}
	k, ok := keyword.Find(key, keyword.Task)
	if short, isKind := keyword.Find(bare(key), keyword.Task); isKind && short.Takes == keyword.Kind {
		k, ok, d.does = short, true, true
	}
	if !ok || k.Works() {
		d.unknown = append(d.unknown, e)
		return
	}
	d.refused = true
	c.blind = c.blind || d.does // it might have brought names in
	c.problem(e.Key.Place, "%q is not supported", key).WithHint("%s", k.Instead)
}

// checkDraft tells what is wrong with the kind of a task, and with its loop.
func (c *compiler) checkDraft(d *draft, n *expr.Node) {
	if len(d.kinds) > 1 {
		c.problem(d.kinds[1].Key.Place, "this task has two kinds, %q and %q", d.kinds[0].Key.Text, d.kinds[1].Key.Text).
			WithHint("make two tasks of it")
	}
	meant := -1
	if len(d.kinds) == 0 && !d.does {
		meant = c.meantAsKind(d.unknown)
	}
	for i, e := range d.unknown {
		if i == meant && advice(e.Key.Text) != "" {
			c.foreignTask(d, e)
		} else if i == meant {
			c.unknownKind(e.Key)
		} else {
			c.unknownKeyword(e.Key)
		}
	}
	if len(d.kinds) == 0 && !d.does && meant < 0 {
		c.problem(n.Place, "this task has no kind").WithHint(`say what it does, such as "debug:"`)
	}
	control, ok := d.rest["loop_control"]
	switch {
	case ok && d.step.Loop != nil:
		c.loopControl(d.step.Loop, control.Value)
	case ok && !d.refused && d.step.Kind != nil:
		c.warn(control.Value.Place, noEffect, `"loop_control" without a loop has no effect`, `say what to go over, by "loop:"`)
	}
}

// meantAsKind picks the key that was meant as the kind of a task: one that is
// like a kind, else one that is not like a keyword; -1 if there is none.
func (c *compiler) meantAsKind(unknown []expr.Entry) int {
	like := func(e expr.Entry) bool {
		return advice(e.Key.Text) != "" || elsewhere(e.Key.Text) != "" || c.nearest(bare(e.Key.Text), c.kindNames) != ""
	}
	if i := slices.IndexFunc(unknown, like); i >= 0 {
		return i
	}
	return slices.IndexFunc(unknown, func(e expr.Entry) bool { return c.nearKeyword(e.Key.Text) == "" })
}

func (c *compiler) unknownKeyword(key *expr.Node) {
	if onlyInPlays(key.Text) {
		c.problem(key.Place, "%q belongs to a play, not to a task", key.Text)
		return
	}
	c.problem(key.Place, "unknown keyword %q of a task", key.Text).Suggest(key.Text, c.nearKeyword(key.Text), "")
}

// nearKeyword returns the keyword of a task that a word almost is, or "".
func (c *compiler) nearKeyword(word string) string {
	return c.nearest(word, keyword.AllNames(keyword.Task|keyword.Block))
}
