package playbooks

import (
	"cmp"
	"slices"

	"runner/diagnostic"
	"runner/engine/expr"
)

func (c *compiler) hasKind(n *expr.Node) bool {
	return slices.ContainsFunc(n.Entries, func(e expr.Entry) bool { return c.isKind(e.Key.Text) })
}

// isKind reports whether a key says what a task does.
func (c *compiler) isKind(key string) bool {
	return c.kinds[key] != nil || bare(key) == importTasks || bare(key) == importRole
}

func (c *compiler) unknownKind(key *expr.Node) {
	p := diagnostic.Problemf(key.Place, "unknown task kind %q", key.Text)
	if p.Hint = advice(key.Text); p.Hint == "" {
		_ = p.Suggest(key.Text, cmp.Or(c.nearest(key.Text, c.kindNames), c.nearest(bare(key.Text), c.kindNames)), elsewhere(key.Text))
	}
	p.Detail = "the kinds are " + list(c.kindNames)
	c.problems.Add(p)
}
