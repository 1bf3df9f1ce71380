package playbooks

import (
	"slices"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A staticScope is the variables that are known before anything runs: the first list
// that has a name counts, and in it the last variable of that name.
type staticScope struct {
	lists  [][]engine.Var
	host   string
	groups []engine.HostGroup
}

// Lookup returns a name's value.
func (s staticScope) Lookup(c *expr.Context, name string) (value.Value, bool, error) {
	for _, vars := range s.lists {
		for _, v := range slices.Backward(vars) {
			if v.Name == name {
				val, err := c.Resolve(v.Name, v.Value)
				return val, true, err
			}
		}
	}
	switch name {
	case "inventory_hostname":
		return s.host, true, nil
	case "groups":
		m := &value.Map{}
		for _, g := range s.groups {
			hosts := make([]value.Value, len(g.Hosts))
			for i, h := range g.Hosts {
				hosts[i] = h
			}
			m.Set(g.Name, hosts)
		}
		return m, true, nil
	}
	return nil, false, nil
}

// staticScope returns the variables of the command line, of the play at hand, and those
// that are given.
func (c *compiler) staticScope(more []engine.Var) staticScope {
	s := staticScope{lists: [][]engine.Var{c.extraVars, more, c.playVars, c.hostVars}, host: engine.Localhost}
	if c.host != nil {
		s.host = c.host.name
	}
	for _, g := range c.inventory().Groups {
		s.groups = append(s.groups, groupOf(g))
	}
	return s
}

// static evaluates a template of what has to be known before anything runs: names of
// files and hosts, tags. A secret in it is returned in clear.
func (c *compiler) static(n *expr.Node, more ...engine.Var) (value.Value, error) {
	v, err := n.Tmpl.Eval(&expr.Context{Scope: c.staticScope(more)})
	if err == nil {
		v, err = value.Complete(v)
	}
	return value.Open(v), err
}
