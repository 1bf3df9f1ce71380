package playbooks

import (
	"cmp"
	"fmt"
	"slices"

	"runner/engine"
	"runner/engine/expr"
)

// settings are what plays and tasks both say, and tasks inherit.
type settings struct {
	tags         []string
	ignoreErrors *expr.Node
	noLog        *expr.Node
	checkMode    *expr.Node
	diff         *expr.Node
}

// keyword takes an entry, if it is one of the settings. Null leaves what is inherited.
func (s *settings) keyword(c *compiler, e expr.Entry) bool {
	switch e.Key.Text {
	case "tags":
		s.tags = c.tags(s.tags, e.Value)
	case "ignore_errors":
		s.ignoreErrors = cmp.Or(c.flag(e), s.ignoreErrors)
	case "no_log":
		s.noLog = cmp.Or(c.flag(e), s.noLog)
	case "check_mode":
		s.checkMode = cmp.Or(c.flag(e), s.checkMode)
	case "diff":
		s.diff = cmp.Or(c.flag(e), s.diff)
	default:
		return false
	}
	return true
}

// playbook compiles the tree of one file.
func (c *compiler) playbook(root *expr.Node) {
	switch {
	case isNull(root), root.Shape == expr.Sequence && len(root.Items) == 0:
		c.problem(root.Place, "the playbook is empty").hint("write a list of plays or of tasks")
		return
	case root.Shape == expr.Mapping:
		c.problem(root.Place, "a playbook is a list of plays or of tasks, not a map").
			hint(`write "- " before the first key, and indent the rest by two`)
		return
	case root.Shape == expr.Scalar:
		c.problem(root.Place, "a playbook is a list of plays or of tasks, not %s", shape(root))
		return
	}
	if !slices.ContainsFunc(root.Items, c.looksLikePlay) {
		c.bareTasks(root)
		return
	}
	for _, item := range root.Items {
		switch {
		case item.Shape != expr.Mapping:
			c.problem(item.Place, "a play is a map, not %s", shape(item))
		case c.looksLikePlay(item) || !c.hasKind(item):
			c.play(item)
		default:
			c.problem(item.Place, "a task cannot stand among plays").hint(`put it under the "tasks:" of a play`)
		}
	}
}

// looksLikePlay tells a play from a task: by a keyword that only plays have, or
// by something that was meant as one.
func (c *compiler) looksLikePlay(n *expr.Node) bool {
	if n.Get("tasks") != nil {
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

// onlyInTasks reports whether a keyword can stand in a task and not in a play.
func onlyInTasks(key string) bool {
	_, ok := find(key, laterInTasks[:], laterKinds[:])
	return ok || slices.Contains(taskKeywords[:], key) && !slices.Contains(playKeywords[:], key)
}

func (c *compiler) hasKind(n *expr.Node) bool {
	return slices.ContainsFunc(n.Entries, func(e expr.Entry) bool { return c.kinds[e.Key.Text] != nil })
}

// bareTasks compiles a playbook that is a list of tasks: one play on this machine.
func (c *compiler) bareTasks(root *expr.Node) {
	play := c.newPlay(root.Place)
	c.tasks(play, root, settings{})
}

func (c *compiler) newPlay(at expr.Place) *engine.Play {
	play := &engine.Play{Place: at, Hosts: "localhost", File: c.path}
	c.program.Plays = append(c.program.Plays, play)
	return play
}

// play compiles one play.
func (c *compiler) play(n *expr.Node) {
	play := c.newPlay(n.Place)
	var shared settings
	var tasks *expr.Node
	for _, e := range n.Entries {
		if shared.keyword(c, e) {
			continue
		}
		switch e.Key.Text {
		case "name":
			play.Name = c.name(e.Value)
		case "hosts":
			play.Hosts = c.hosts(e.Value)
		case "gather_facts":
			c.flag(e)
		case "connection":
			c.connection(e.Value)
		case "vars":
			play.Vars = c.vars(e.Value)
		case "tasks":
			tasks = e.Value
		default:
			c.foreignInPlay(e.Key)
		}
	}
	if tasks == nil || isNull(tasks) {
		return
	}
	if tasks.Shape != expr.Sequence {
		c.problem(tasks.Place, `"tasks" is a list, not %s`, shape(tasks)).hint(`write "- " before each task`)
		return
	}
	c.tasks(play, tasks, shared)
}

// foreignInPlay tells that a key of a play is none, or none yet.
func (c *compiler) foreignInPlay(key *expr.Node) {
	c.blind = true // it might have brought names in
	if l, ok := find(key.Text, laterAnywhere[:], laterInPlays[:]); ok {
		c.problem(key.Place, "%q is not supported yet", key.Text).hint("%s", l.instead)
		return
	}
	if c.kinds[key.Text] != nil || onlyInTasks(key.Text) {
		c.problem(key.Place, "%q belongs to a task, not to a play", key.Text).hint(`put it under "tasks:"`)
		return
	}
	known := slices.Concat(playKeywords[:], namesOf(laterAnywhere[:], laterInPlays[:]))
	c.problem(key.Place, "unknown keyword %q of a play", key.Text).hint("%s", c.didYouMean(key.Text, known))
}

// tasks compiles a list of tasks.
func (c *compiler) tasks(play *engine.Play, list *expr.Node, shared settings) {
	number := len(c.program.Plays)
	for i, item := range list.Items {
		if item.Shape != expr.Mapping {
			c.problem(item.Place, "a task is a map, not %s", shape(item)).
				hint("write its kind, a colon, and its parameters below")
			continue
		}
		step := c.task(play, item, shared)
		if step == nil {
			continue
		}
		step.ID = fmt.Sprintf("%d.%d", number, i+1)
		play.Tasks = append(play.Tasks, step)
	}
}

// name reads the name of a play or task.
func (c *compiler) name(n *expr.Node) *expr.Node {
	if n.Shape != expr.Scalar {
		c.problem(n.Place, "a name is text, not %s", shape(n))
		return nil
	}
	if isNull(n) {
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
	said := shape(one)
	if one.Shape == expr.Scalar && one.Text != "" {
		said = fmt.Sprintf("%q", one.Text)
	}
	c.problem(n.Place, "plays run on localhost only, not on %s", said).hint(`write "hosts: localhost", or leave it out`)
	return "localhost"
}

func (c *compiler) connection(n *expr.Node) {
	if n.Shape != expr.Scalar || n.Text != "local" {
		c.problem(n.Place, "the only connection is local").hint("remove it: everything runs on this machine")
	}
}
