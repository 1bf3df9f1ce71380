package playbooks

import (
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
)

// prunes compiles `prune: {scope: NAME, keep: […]}`: what the play orders belongs to
// the scope, and the play ends with a task that removes what it no longer declares.
// Its scope is a name, or a template of variables that are known when the play starts:
// package verify sees to that.
func (c *compiler) prunes(play *engine.Play, set inherited, e expr.Entry) {
	kind := firstKind[engine.Pruner](c)
	n := e.Value
	if kind == nil || n.Shape != expr.Mapping {
		c.problem(n.Place, "prune is a map with a scope, not %s", reading.Shape(n)).WithHint("write prune: {scope: NAME}")
		return
	}
	c.templates(n)
	for _, entry := range n.Entries {
		if key := entry.Key; !slices.Contains(pruneKeys, key.Text) {
			c.problem(key.Place, "unknown keyword %q of prune", key.Text).WithHint("it takes scope, organisation, keep and require_backup")
			return
		}
	}
	c.problems.Add(engine.CheckStep(&engine.Step{Kind: kind, Args: n, At: e.Key.Place}, "")...)
	scope := n.Get("scope")
	if scope == nil || scope.Shape != expr.Scalar || reading.IsNull(scope) {
		return // reported by CheckArgs
	}
	if scope.Tmpl == nil {
		if err := engine.CheckScope(scope.Text); err != nil {
			c.problems.Add(diagnostic.From(err, scope.Place))
			return
		}
	}
	step := set.step
	play.Prune = &engine.Prune{Place: e.Key.Place, Scope: scope, Step: &step}
	step.ID, step.Place = c.playID()+"prune", e.Key.Place
	step.Kind, step.As, step.At, step.Args = kind, kind.Name, e.Key.Place, n
	play.PostTasks = append(play.PostTasks, &step)
}

// pruneKeys are the keywords of a play's prune.
var pruneKeys = []string{"scope", "organisation", "keep", "require_backup"}
