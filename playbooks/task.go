package playbooks

import (
	"cmp"
	"slices"

	"runner/engine"
	"runner/engine/expr"
)

// A draft is a task whose keys are being sorted.
type draft struct {
	step    *engine.Step
	set     settings
	kinds   []expr.Entry
	unknown []expr.Entry
	refused bool // a key was refused: what the task does is not what was meant
	does    bool // that key was what the task does
}

// task compiles one task; nil if it is not known what it does.
func (c *compiler) task(play *engine.Play, n *expr.Node, shared settings) *engine.Step {
	d := draft{step: &engine.Step{Place: n.Place}, set: shared}
	for _, e := range n.Entries {
		c.taskKey(&d, e)
	}
	c.settle(&d, n)
	s := d.step
	s.Tags, s.IgnoreErrors, s.NoLog = d.set.tags, d.set.ignoreErrors, d.set.noLog
	s.CheckMode, s.Diff = d.set.checkMode, d.set.diff
	if s.Register != "" {
		defer func() { c.names[s.Register] = true }()
	}
	if len(d.kinds) == 0 || d.refused {
		c.lose(s)
	}
	if len(d.kinds) == 0 {
		return nil
	}
	c.args(play, s, d.kinds[0])
	if d.refused {
		return nil
	}
	return s
}

// lose keeps the name that a task registers as defined, though the task itself
// is left out: whoever mentions it is not to blame.
func (c *compiler) lose(s *engine.Step) {
	if s.Register != "" {
		c.extra = append(c.extra, s.Register)
	}
}

// taskKey sorts one key of a task.
func (c *compiler) taskKey(d *draft, e expr.Entry) {
	if d.set.keyword(c, e) {
		return
	}
	s := d.step
	switch e.Key.Text {
	case "name":
		s.Name = c.name(e.Value)
	case "vars":
		s.Vars = c.vars(e.Value)
	case "when":
		s.When = c.conditions(e.Value)
	case "register":
		s.Register, s.RegisterAt = c.register(e.Value)
	case "allow":
		s.Allow = c.allow(e.Value)
	default:
		c.kindKey(d, e)
	}
}

// kindKey sorts a key that is not one of our keywords.
func (c *compiler) kindKey(d *draft, e expr.Entry) {
	key := e.Key.Text
	if k := c.kinds[key]; k != nil {
		if len(d.kinds) == 0 {
			d.step.Kind, d.step.As, d.step.At = k, key, e.Key.Place
		}
		d.kinds = append(d.kinds, e)
		return
	}
	l, ok := find(key, laterAnywhere[:], laterInTasks[:])
	if !ok {
		l, ok = find(bare(key), laterKinds[:])
		d.does = d.does || ok
	}
	if !ok {
		d.unknown = append(d.unknown, e)
		return
	}
	d.refused = true
	d.does = d.does || slices.Contains([]string{"action", "local_action", "block", "rescue", "always"}, key)
	c.blind = c.blind || d.does // it might have brought names in
	c.problem(e.Key.Place, "%q is not supported yet", key).hint("%s", l.instead)
}

// settle tells what is wrong with the kind of a task.
func (c *compiler) settle(d *draft, n *expr.Node) {
	if len(d.kinds) > 1 {
		c.problem(d.kinds[1].Key.Place, "this task has two kinds, %q and %q", d.kinds[0].Key.Text, d.kinds[1].Key.Text).
			hint("make two tasks of it")
	}
	meant := -1
	if len(d.kinds) == 0 && !d.does {
		meant = c.meantAsKind(d.unknown)
	}
	for i, e := range d.unknown {
		if i == meant {
			c.unknownKind(e.Key)
		} else {
			c.unknownKeyword(e.Key)
		}
	}
	if len(d.kinds) == 0 && !d.does && meant < 0 {
		c.problem(n.Place, "this task has no kind").hint(`say what it does, such as "debug:"`)
	}
}

// meantAsKind picks the key that was meant as the kind of a task: one that is
// like a kind, else one that is not like a keyword; -1 if there is none.
func (c *compiler) meantAsKind(unknown []expr.Entry) int {
	like := func(e expr.Entry) bool { return c.didYouMean(bare(e.Key.Text), c.kindNames) != "" }
	if i := slices.IndexFunc(unknown, like); i >= 0 {
		return i
	}
	return slices.IndexFunc(unknown, func(e expr.Entry) bool { return c.nearKeyword(e.Key.Text) == "" })
}

func (c *compiler) unknownKind(key *expr.Node) {
	p := engine.Problemf(key.Place, "unknown task kind %q", key.Text)
	p.Hint = cmp.Or(c.didYouMean(key.Text, c.kindNames), c.didYouMean(bare(key.Text), c.kindNames))
	p.Detail = "the kinds are " + list(c.kindNames)
	c.problems.Add(p)
}

func (c *compiler) unknownKeyword(key *expr.Node) {
	if onlyInPlays(key.Text) {
		c.problem(key.Place, "%q belongs to a play, not to a task", key.Text)
		return
	}
	c.problem(key.Place, "unknown keyword %q of a task", key.Text).hint("%s", c.nearKeyword(key.Text))
}

// nearKeyword gives `did you mean …?` for what is almost a keyword of a task.
func (c *compiler) nearKeyword(word string) string {
	return c.didYouMean(word, slices.Concat(taskKeywords[:], namesOf(laterAnywhere[:], laterInTasks[:])))
}
