package playbooks

import (
	"maps"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
)

// defaults are the parameters that tasks of a kind get unless they give their own,
// by the kind's short name.
type defaults map[string][]expr.Entry

// moduleDefaults lays the defaults of a node over those inherited.
func (c *compiler) moduleDefaults(inherited defaults, n *expr.Node) defaults {
	all := defaults{}
	maps.Copy(all, inherited)
	for _, item := range reading.Listed(n) {
		if item.Shape != expr.Mapping {
			c.problem(item.Place, `"module_defaults" is a map of kinds to parameters, not %s`, reading.Shape(item))
			continue
		}
		for _, e := range item.Entries {
			if k := c.defaultsOf(e); k != nil {
				all[k.Name] = withDefaults(k, e.Value.Entries, all[k.Name])
			}
		}
	}
	return all
}

// defaultsOf checks the defaults of one kind, and gives the kind; nil if it is unknown.
func (c *compiler) defaultsOf(e expr.Entry) *engine.Kind {
	k := c.kinds[e.Key.Text]
	if strings.HasPrefix(e.Key.Text, "group/") {
		return nil // none of our kinds is in a group
	}
	if k == nil {
		c.unknownKind(e.Key)
		return nil
	}
	if reading.IsNull(e.Value) {
		return k
	}
	if e.Value.Shape != expr.Mapping {
		c.problem(e.Value.Place, "the defaults of %s are a map, not %s", k.Name, reading.Shape(e.Value))
		return nil
	}
	c.templates(e.Value)
	for _, p := range engine.CheckArgs(k, e.Value, diagnostic.Place{}) {
		if !p.Place.IsZero() { // what is missing, the task may give
			c.problems.Add(p)
		}
	}
	return k
}

// withDefaults adds to the parameters of a kind those defaults that are not among them.
func withDefaults(k *engine.Kind, given, more []expr.Entry) []expr.Entry {
	if len(more) == 0 {
		return given
	}
	params := k.Params()
	name := func(e expr.Entry) string {
		for _, p := range params {
			if slices.Contains(p.Aliases, e.Key.Text) {
				return p.Name
			}
		}
		return e.Key.Text
	}
	all := slices.Clone(given)
	for _, d := range more {
		if !slices.ContainsFunc(given, func(e expr.Entry) bool { return name(e) == name(d) }) {
			all = append(all, d)
		}
	}
	return all
}
