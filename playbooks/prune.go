package playbooks

import (
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
)

// prunes compiles `prune: {scope: NAME, keep: […]}`: what the play orders belongs to
// the scope, and the play ends with a task that removes what it no longer declares.
// The scope is plain text, so that it is the same wherever the playbook is played.
func (c *compiler) prunes(play *engine.Play, set inherited, e expr.Entry) {
	kind := c.pruner()
	n := e.Value
	if kind == nil || n.Shape != expr.Mapping {
		c.problem(n.Place, "prune is a map with a scope, not %s", reading.Shape(n)).WithHint("write prune: {scope: NAME}")
		return
	}
	c.templates(n)
	for _, entry := range n.Entries {
		if key := entry.Key; key.Text != "scope" && key.Text != "keep" {
			c.problem(key.Place, "unknown keyword %q of prune", key.Text).WithHint("it takes scope and keep")
			return
		}
	}
	c.problems.Add(engine.CheckArgs(kind, n, e.Key.Place)...)
	scope := n.Get("scope")
	if scope == nil || scope.Shape != expr.Scalar || reading.IsNull(scope) {
		return // reported by CheckArgs
	}
	if scope.Tmpl != nil {
		c.problem(scope.Place, "the scope of prune is plain text, not a template").
			WithHint("it says what belongs together, and must be the same in every run")
		return
	}
	play.Prune = &engine.Prune{Place: e.Key.Place, Scope: scope.Text}
	step := set.step
	step.ID, step.Place = c.playID()+"prune", e.Key.Place
	step.Kind, step.As, step.At, step.Args = kind, kind.Name, e.Key.Place, n
	play.PostTasks = append(play.PostTasks, &step)
}

// pruner returns the kind that removes what a scope no longer declares.
func (c *compiler) pruner() *engine.Kind {
	for _, name := range c.kindNames {
		if _, ok := engine.As[engine.Pruner](c.kinds[name]); ok {
			return c.kinds[name]
		}
	}
	return nil
}
