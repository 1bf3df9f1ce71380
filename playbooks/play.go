package playbooks

import (
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// playbook compiles the tree of one file.
func (c *compiler) playbook(root *expr.Node, from imported) {
	switch {
	case reading.IsNull(root), root.Shape == expr.Sequence && len(root.Items) == 0:
		c.problem(root.Place, "the playbook is empty").WithHint("write a list of plays or of tasks")
		return
	case root.Shape == expr.Mapping && c.partial:
		c.variablesOf(root)
		return
	case root.Shape == expr.Mapping:
		c.problem(root.Place, "a playbook is a list of plays or of tasks, not a map").
			WithHint(`write "- " before the first key, and indent the rest by two`)
		return
	case root.Shape == expr.Scalar:
		c.problem(root.Place, "a playbook is a list of plays or of tasks, not %s", reading.Shape(root))
		return
	}
	if !slices.ContainsFunc(root.Items, c.looksLikePlay) {
		c.bareTasks(root, from)
		return
	}
	for _, item := range root.Items {
		switch {
		case item.Shape != expr.Mapping:
			c.problem(item.Place, "a play is a map, not %s", reading.Shape(item))
		case importOf(item) != nil:
			c.importPlaybook(item, from)
		case c.looksLikePlay(item) || !c.hasKind(item):
			c.play(item, from)
		default:
			c.problem(item.Place, "a task cannot stand among plays").WithHint(`put it under the "tasks:" of a play`)
		}
	}
}

// looksLikePlay tells a play from a task: by a keyword that only plays have, or
// by something that was meant as one.
func (c *compiler) looksLikePlay(n *expr.Node) bool {
	if n.Get("tasks") != nil || importOf(n) != nil {
		return true
	}
	return !c.hasKind(n) && slices.ContainsFunc(n.Entries, func(e expr.Entry) bool {
		key := e.Key.Text
		return onlyInPlays(key) || !onlyInTasks(key) && c.nearest(key, []string{"hosts", "tasks"}) != ""
	})
}

// bareTasks compiles a playbook that is a list of tasks: one play on this machine.
func (c *compiler) bareTasks(root *expr.Node, from imported) {
	play := c.newPlay(root.Place)
	play.Tags, play.Vars = from.step.Tags, from.vars
	c.playOn(play, []string{engine.Localhost}, root.Place)
	play.Tasks = c.items(section{play: play, set: from.inherited, id: c.playID()}, root)
	c.checkNotified(play)
}

func (c *compiler) newPlay(at diagnostic.Place) *engine.Play {
	play := &engine.Play{Place: at, Hosts: engine.Localhost, File: c.path, Given: c.given}
	in := c.inventory()
	c.hostVars = c.varsOfHost(in, in.Host(engine.Localhost))
	c.program.Plays = append(c.program.Plays, play)
	return play
}

// ownVars returns the variables of a play before its other keywords are read, which
// may mention them.
func (c *compiler) ownVars(n *expr.Node) []engine.Var {
	vars := n.Get("vars")
	if vars == nil || vars.Shape != expr.Mapping {
		return nil
	}
	return c.vars(vars)
}

// The lists of tasks of a play in their order, as they are written and as they
// stand in ids.
var playSections = [...]struct{ keyword, id string }{
	{"pre_tasks", "pre."}, {"tasks", ""}, {"post_tasks", "post."}, {"handlers", "handler."},
}

// play compiles one play.
func (c *compiler) play(n *expr.Node, from imported) {
	play, set := c.newPlay(n.Place), from.inherited
	defer func(before []engine.Var) { c.playVars = before }(c.playVars)
	c.playVars = slices.Concat(c.ownVars(n), from.vars)
	c.chooseHost(play, n)
	r := record{in: keyword.Play, Play: play, Step: &set.step, defaults: &set.defaults}
	for _, e := range n.Entries {
		if k := r.put(c, e); k.Name == "" {
			c.foreignInPlay(e.Key)
		}
	}
	play.Tags, play.Vars = set.step.Tags, slices.Concat(play.Vars, from.vars)
	if e, ok := r.rest["vars_files"]; ok {
		play.VarsFiles = c.varsFiles(e.Value)
	}
	if e, ok := r.rest["vars_prompt"]; ok {
		play.Prompts = c.prompts(e.Value)
	}
	var lists [len(playSections)][]engine.Item
	for i, s := range playSections {
		in := section{play: play, set: set, id: c.playID() + s.id, handlers: s.keyword == "handlers"}
		if s.keyword == "tasks" {
			lists[i] = c.roles(in, r.rest["roles"].Value)
		}
		lists[i] = append(lists[i], c.part(in, s.keyword, r.rest[s.keyword].Value)...)
	}
	play.PreTasks, play.Tasks, play.PostTasks = append(c.gather(play, set, n), lists[0]...), lists[1], lists[2]
	if e, ok := r.rest["prune"]; ok {
		c.prunes(play, set, e)
	}
	for _, item := range lists[3] {
		if s, ok := item.(*engine.Step); ok {
			play.Handlers = append(play.Handlers, s)
		}
	}
	c.checkNotified(play)
}

// gather returns the task by which a play that says so gathers facts.
func (c *compiler) gather(play *engine.Play, set inherited, written *expr.Node) []engine.Item {
	n, kind := play.GatherFacts, firstKind[engine.FactGatherer](c)
	if n == nil || kind == nil {
		return nil
	}
	if n.Tmpl != nil {
		v, err := c.static(n)
		if err != nil {
			delete(c.mistakes, n)
			c.problems.Add(diagnostic.From(err, n.Place).WithHint("this has to be known before anything runs"))
			return nil
		}
		n = &expr.Node{Place: n.Place, Text: value.Text(v), Value: v}
	}
	if wanted, _ := boolOf(n); !wanted {
		return nil
	}
	c.know([]engine.Var{{Name: "ansible_facts"}})
	step := set.step
	step.ID, step.Place, step.At = c.playID()+"facts", play.Place, n.Place
	step.Kind, step.As = kind, kind.Full
	step.Name = &expr.Node{Place: n.Place, Text: "Gathering Facts", Value: "Gathering Facts"}
	step.Tags = append(slices.Clip(step.Tags), "always")
	if subset := written.Get("gather_subset"); subset != nil && !reading.IsNull(subset) {
		c.templates(subset)
		key := &expr.Node{Place: subset.Place, Text: "gather_subset", Value: "gather_subset"}
		step.Args = &expr.Node{Shape: expr.Mapping, Place: subset.Place, Entries: []expr.Entry{{Key: key, Value: subset}}}
		c.problems.Add(engine.CheckArgs(kind, step.Args, n.Place)...)
	}
	return []engine.Item{&step}
}

// foreignInPlay tells that a key of a play is none, or none that means something here.
func (c *compiler) foreignInPlay(key *expr.Node) {
	c.blind = true // it might have brought names in
	if c.refusedWord(key, keyword.Play) {
		return
	}
	if c.isKind(key.Text) || onlyInTasks(key.Text) {
		c.problem(key.Place, "%q belongs to a task, not to a play", key.Text).WithHint(`put it under "tasks:"`)
		return
	}
	c.unknownWord(key, keyword.Play)
}
