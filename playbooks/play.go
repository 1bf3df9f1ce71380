package playbooks

import (
	"fmt"
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
)

// playbook compiles the tree of one file.
func (c *compiler) playbook(root *expr.Node, from imported) {
	switch {
	case reading.IsNull(root), root.Shape == expr.Sequence && len(root.Items) == 0:
		c.problem(root.Place, "the playbook is empty").WithHint("write a list of plays or of tasks")
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
		return onlyInPlays(key) || !onlyInTasks(key) && c.didYouMean(key, []string{"hosts", "tasks"}) != ""
	})
}

// onlyInPlays reports whether a keyword can stand in a play and not in a task.
func onlyInPlays(key string) bool {
	_, ok := find(key, laterInPlays[:])
	return ok || slices.Contains(playKeywords[:], key) && !slices.Contains(taskKeywords[:], key) && key != "connection"
}

// onlyInTasks reports whether a keyword can stand in a task or a block and not in a play.
func onlyInTasks(key string) bool {
	_, ok := find(key, laterInTasks[:], laterKinds[:])
	return ok || (slices.Contains(taskKeywords[:], key) || slices.Contains(blockKeywords[:], key)) &&
		!slices.Contains(playKeywords[:], key)
}

func (c *compiler) hasKind(n *expr.Node) bool {
	return slices.ContainsFunc(n.Entries, func(e expr.Entry) bool { return c.isKind(e.Key.Text) })
}

// isKind reports whether a key says what a task does.
func (c *compiler) isKind(key string) bool { return c.kinds[key] != nil || bare(key) == importTasks }

// bareTasks compiles a playbook that is a list of tasks: one play on this machine.
func (c *compiler) bareTasks(root *expr.Node, from imported) {
	play := c.newPlay(root.Place)
	play.Tags, play.Vars = from.tags, from.vars
	play.Tasks = c.items(section{play: play, set: from.settings(), id: c.playID()}, root)
	c.checkNotified(play)
}

func (c *compiler) newPlay(at diagnostic.Place) *engine.Play {
	play := &engine.Play{Place: at, Hosts: "localhost", File: c.path, Given: c.given}
	c.program.Plays = append(c.program.Plays, play)
	return play
}

// playID is what the ids of the steps of the last play begin with.
func (c *compiler) playID() string { return fmt.Sprintf("%d.", len(c.program.Plays)) }

// A draftPlay is a play whose keys are being sorted.
type draftPlay struct {
	*engine.Play
	set   settings
	lists [4]*expr.Node // of playSections
	prune expr.Entry    // without a value where the play says none
}

// The lists of tasks of a play in their order, as they are written and as they
// stand in ids.
var playSections = [...]struct{ keyword, id string }{
	{"pre_tasks", "pre."}, {"tasks", ""}, {"post_tasks", "post."}, {"handlers", "handler."},
}

// play compiles one play.
func (c *compiler) play(n *expr.Node, from imported) {
	d := draftPlay{Play: c.newPlay(n.Place), set: from.settings()}
	for _, e := range n.Entries {
		if !d.set.keyword(c, e) {
			c.playKey(&d, e)
		}
	}
	d.Tags, d.Vars = d.set.tags, slices.Concat(d.Vars, from.vars)
	var sections [4][]engine.Item
	for i, s := range playSections {
		in := section{play: d.Play, set: d.set, id: c.playID() + s.id, handlers: s.keyword == "handlers"}
		sections[i] = c.part(in, s.keyword, d.lists[i])
	}
	d.PreTasks, d.Tasks, d.PostTasks = sections[0], sections[1], sections[2]
	if d.prune.Value != nil {
		c.prunes(&d)
	}
	for _, item := range sections[3] {
		if s, ok := item.(*engine.Step); ok {
			d.Handlers = append(d.Handlers, s)
		}
	}
	c.checkNotified(d.Play)
}

// playKey sorts a key of a play that is none of the settings.
func (c *compiler) playKey(d *draftPlay, e expr.Entry) {
	for i, s := range playSections {
		if e.Key.Text == s.keyword {
			d.lists[i] = e.Value
			return
		}
	}
	switch e.Key.Text {
	case "name":
		d.Name = c.name(e.Value)
	case "hosts":
		d.Hosts = c.hosts(e.Value)
	case "gather_facts":
		c.flag(e)
	case "force_handlers":
		d.ForceHandlers = c.flag(e)
	case "prune":
		d.prune = e
	case "connection":
		c.connection(e.Value)
	case "vars":
		d.Vars = c.vars(e.Value)
	case "vars_files":
		d.VarsFiles = c.varsFiles(e.Value)
	case "vars_prompt":
		d.Prompts = c.prompts(e.Value)
	default:
		c.foreignInPlay(e.Key)
	}
}

// foreignInPlay tells that a key of a play is none, or none that means something here.
func (c *compiler) foreignInPlay(key *expr.Node) {
	c.blind = true // it might have brought names in
	if l, ok := find(key.Text, laterAnywhere[:], laterInPlays[:]); ok {
		c.problem(key.Place, "%q is not supported", key.Text).WithHint("%s", l.instead)
		return
	}
	if c.isKind(key.Text) || onlyInTasks(key.Text) {
		c.problem(key.Place, "%q belongs to a task, not to a play", key.Text).WithHint(`put it under "tasks:"`)
		return
	}
	known := slices.Concat(playKeywords[:], namesOf(laterAnywhere[:], laterInPlays[:]))
	c.problem(key.Place, "unknown keyword %q of a play", key.Text).WithHint("%s", c.didYouMean(key.Text, known))
}

// name reads the name of a play or task.
func (c *compiler) name(n *expr.Node) *expr.Node {
	if n.Shape != expr.Scalar {
		c.problem(n.Place, "a name is text, not %s", reading.Shape(n))
		return nil
	}
	if reading.IsNull(n) {
		return nil
	}
	c.templates(n)
	return n
}

// hosts reads the hosts of a play: there is only this machine.
func (c *compiler) hosts(n *expr.Node) string {
	one := n
	if n.Shape == expr.Sequence && len(n.Items) == 1 {
		one = n.Items[0]
	}
	if one.Shape == expr.Scalar && (one.Text == "localhost" || one.Text == "127.0.0.1") {
		return one.Text
	}
	said := reading.Shape(one)
	if one.Shape == expr.Scalar && one.Text != "" {
		said = fmt.Sprintf("%q", one.Text)
	}
	c.problem(n.Place, "plays run on localhost only, not on %s", said).WithHint(`write "hosts: localhost", or leave it out`)
	return "localhost"
}

func (c *compiler) connection(n *expr.Node) {
	if n.Shape != expr.Scalar || n.Text != "local" {
		c.problem(n.Place, "the only connection is local").WithHint("remove it: everything runs on this machine")
	}
}
