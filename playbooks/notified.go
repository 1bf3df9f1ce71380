package playbooks

import (
	"maps"
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/syntax"
)

// checkNotified tells of handlers that are notified and that the play does not have.
func (c *compiler) checkNotified(play *engine.Play) {
	tried := c.tried
	c.tried = nil
	known := map[string]bool{}
	for _, h := range play.Handlers {
		if h.Name != nil && h.Name.Tmpl != nil || h.Kind.Includes() == engine.IncludesTasks {
			return // its name is not known yet
		}
		if h.Name != nil {
			known[h.Name.Text] = true
			if h.Role != nil {
				known[h.Role.Name+" : "+h.Name.Text] = true
			}
		}
		for _, topic := range h.Listen {
			known[topic] = true
		}
	}
	check := func(s *engine.Step) {
		for _, n := range s.Notify {
			if !c.partial && n.Tmpl == nil && !known[n.Text] && !syntax.HasTemplate(n.Text) {
				c.mistake(n, diagnostic.Problemf(n.Place, "no handler is called %q", n.Text).
					Suggest(n.Text, c.nearest(n.Text, slices.Sorted(maps.Keys(known))), `write it under the "handlers:" of the play`))
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
