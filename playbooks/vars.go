package playbooks

import (
	"regexp"
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// badName tells that a variable cannot be called so, or, as a warning, had better
// not be; nil if the name is good.
func badName(name string, at diagnostic.Place) *diagnostic.Problem {
	if !identifier.MatchString(name) {
		return diagnostic.Problemf(at, "%q cannot name a variable", name).
			WithHint("use letters, digits and _, and no digit first")
	}
	if reserved(name) {
		p := diagnostic.Problemf(at, "the variable %q has the name of a keyword", name).WithHint("give it another name")
		p.Severity, p.Rule = diagnostic.Warning, "var-naming"
		return p
	}
	return nil
}

// reserved reports whether a variable of that name would be taken for a keyword,
// or would hide a name that every playbook has.
func reserved(name string) bool {
	return keyword.Known(name) || slices.Contains(engine.MagicNames(), name) || name == "q" || name == "query" || name == "lookup"
}

// varsOf reads a map of names to values; null is an empty one.
func varsOf(n *expr.Node) ([]engine.Var, []*diagnostic.Problem) {
	if reading.IsNull(n) {
		return nil, nil
	}
	if n.Shape != expr.Mapping {
		return nil, []*diagnostic.Problem{diagnostic.Problemf(n.Place, "variables are a map of names to values, not %s", reading.Shape(n)).
			WithHint("write one `name: value` per line")}
	}
	var problems diagnostic.Problems
	vars := make([]engine.Var, 0, len(n.Entries))
	for _, e := range n.Entries {
		problems.Add(badName(e.Key.Text, e.Key.Place))
		vars = append(vars, engine.Var{Name: e.Key.Text, Place: e.Key.Place, Value: e.Value})
	}
	return vars, problems.All()
}

// vars reads the `vars` of a play or task.
func (c *compiler) vars(n *expr.Node) []engine.Var {
	vars, problems := varsOf(n)
	c.problems.Add(problems...)
	for _, v := range vars {
		c.templates(v.Value)
	}
	return vars
}
