package playbooks

import (
	"maps"
	"slices"

	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
)

// notify reads which handlers a task notifies: names, topics, or templates of them.
func (c *compiler) notify(n *expr.Node) []*expr.Node {
	var all []*expr.Node
	for _, item := range reading.Listed(n) {
		c.templates(item)
		if _, isText := item.Value.(string); item.Shape != expr.Scalar || item.Tmpl == nil && !isText {
			c.problem(item.Place, "a handler is notified by its name, not by %s", reading.Shape(item))
			continue
		}
		all = append(all, item)
	}
	return all
}

// topics reads what a handler listens to.
func (c *compiler) topics(n *expr.Node) []string {
	var all []string
	for _, item := range reading.Listed(n) {
		text, isText := item.Value.(string)
		switch {
		case item.Shape != expr.Scalar || !isText:
			c.problem(item.Place, "a topic is text, not %s", reading.Shape(item)).WithHint("put it in quotes")
		case expr.HasTemplate(text):
			c.problem(item.Place, "a topic cannot be a template").WithHint("topics are known before anything runs")
		default:
			all = append(all, text)
		}
	}
	return all
}

// checkNotified tells of handlers that are notified and that the play does not have.
func (c *compiler) checkNotified(play *engine.Play) {
	tried := c.tried
	c.tried = nil
	known := map[string]bool{}
	for _, h := range play.Handlers {
		if h.Name != nil && h.Name.Tmpl != nil || h.Kind.Name == includeTasks {
			return // its name is not known yet
		}
		if h.Name != nil {
			known[h.Name.Text] = true
		}
		for _, topic := range h.Listen {
			known[topic] = true
		}
	}
	check := func(s *engine.Step) {
		for _, n := range s.Notify {
			if n.Tmpl == nil && !known[n.Text] && !expr.HasTemplate(n.Text) {
				c.problem(n.Place, "no handler is called %q", n.Text).
					WithHint("%s", orElse(c.didYouMean(n.Text, slices.Sorted(maps.Keys(known))), `write it under the "handlers:" of the play`))
			}
		}
	}
	for s := range play.Steps() {
		check(s)
	}
	for _, s := range tried {
		check(s)
	}
}
