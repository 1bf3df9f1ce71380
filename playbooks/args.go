package playbooks

import (
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr"
)

// The namespaces of Ansible's own kinds: two for the same.
const (
	builtin = "ansible.builtin."
	legacy  = "ansible.legacy."
)

// bare takes the namespace of Ansible's own kinds from a name.
func bare(kind string) string {
	for _, prefix := range []string{builtin, legacy} {
		if short, ok := strings.CutPrefix(kind, prefix); ok {
			return short
		}
	}
	return kind
}

// args compiles and checks the parameters of a step.
func (c *compiler) args(play *engine.Play, s *engine.Step, e expr.Entry) {
	n := e.Value
	if text, ok := n.Value.(string); ok && n.Shape == expr.Scalar {
		if s.Args = c.freeForm(s, n, text); s.Args == nil {
			return
		}
	} else {
		t := templater{doc: c.doc, braces: func(n *expr.Node) *expr.Template {
			return c.braces.read(n, c.doc, func(name string) bool { return c.known(play, s, name) })
		}}
		t.parse(n)
		c.problems.Add(t.problems...)
		if !isNull(n) {
			s.Args = n
		}
	}
	for _, p := range engine.CheckArgs(s.Kind, s.Args, s.At) {
		c.problems.Add(p)
	}
}

// known reports whether a variable can be used in the arguments of a step.
func (c *compiler) known(play *engine.Play, s *engine.Step, name string) bool {
	is := func(v engine.Var) bool { return v.Name == name }
	return c.names[name] || slices.ContainsFunc(play.Vars, is) || slices.ContainsFunc(s.Vars, is)
}

// freeForm makes parameters of `debug: msg='hello world' verbosity=1`; nil where
// that cannot be done.
func (c *compiler) freeForm(s *engine.Step, n *expr.Node, text string) *expr.Node {
	if strings.HasPrefix(strings.TrimSpace(text), "{{") {
		c.problem(n.Place, "the parameters of a task cannot be one template").
			hint("write them below %q, each a template if need be", s.As)
		return nil
	}
	if s.Kind.Name != "debug" {
		c.problem(n.Place, "%s takes its parameters as a map, not as text", s.Kind.Name).
			hint("write each in a line of its own below %q", s.As)
		return nil
	}
	list, err := pairs(text)
	if err != nil {
		c.problem(n.Place, "%s", err).hint(`write "msg:" in a line of its own below %q`, s.As)
		return nil
	}
	args := &expr.Node{Shape: expr.Mapping, Place: n.Place}
	at := c.doc.origin(n)
	for _, p := range list {
		value := p.node(at)
		c.problems.Add(parsePair(value, p, at))
		key := &expr.Node{Place: at(p.nameAt), Text: p.name, Value: p.name}
		args.Entries = append(args.Entries, expr.Entry{Key: key, Value: value})
	}
	return args
}
