package playbooks

import (
	"slices"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A staticScope is the variables that are known before anything runs: the first list
// that has a name counts, and in it the last variable of that name.
type staticScope [][]engine.Var

// Lookup returns a name's value.
func (s staticScope) Lookup(c *expr.Context, name string) (value.Value, bool, error) {
	for _, vars := range s {
		for _, v := range slices.Backward(vars) {
			if v.Name == name {
				val, err := c.Resolve(v.Name, v.Value)
				return val, true, err
			}
		}
	}
	if name == "inventory_hostname" {
		return engine.Localhost, true, nil
	}
	return nil, false, nil
}

// static evaluates a template of what has to be known before anything runs, with the
// variables of the command line, of the play at hand, and those that are given.
func (c *compiler) static(n *expr.Node, more ...engine.Var) (value.Value, error) {
	scope := staticScope{c.extraVars, more, c.playVars, c.inventory}
	v, err := n.Tmpl.Eval(&expr.Context{Scope: scope})
	if err == nil {
		v, err = value.Complete(v)
	}
	return v, err
}
