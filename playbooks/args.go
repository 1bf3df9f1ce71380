package playbooks

import (
	"path/filepath"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/playbooks/reading"
)

// args compiles and checks the parameters of a step.
func (c *compiler) args(in section, d *draft) {
	s, n := d.step, d.kinds[0].Value
	text, isText := n.Value.(string)
	switch {
	case isText && n.Shape == expr.Scalar:
		if s.Args = c.freeForm(in, s, n, text); s.Args == nil {
			d.refused = true
			return
		}
	default:
		c.parseArgs(in, s, n)
		if !reading.IsNull(n) {
			s.Args = n
		}
	}
	if more, ok := d.rest["args"]; ok && s.Args == nil && isTemplate(more.Value) && s.Kind.Includes() == engine.IncludesNothing {
		c.parseArgs(in, s, more.Value)
		s.Args = more.Value
	} else if ok && c.moreArgs(more.Value) {
		c.parseArgs(in, s, more.Value)
		c.addArgs(s, more.Value.Entries, more.Value.Place)
	}
	c.addArgs(s, d.own[s.Kind.Name], s.At)
	for _, p := range engine.CheckStep(s, filepath.Dir(in.play.File)) {
		c.mistake(s, p)
	}
}

// parseArgs makes templates of parameters; single braces count where they surround
// a variable that is known.
func (c *compiler) parseArgs(in section, s *engine.Step, n *expr.Node) {
	c.note(c.doc.Templates(n, func(n *expr.Node) *expr.Template {
		return c.braces.read(n, c.doc, func(name string) bool { return c.known(in.play, s, name) })
	}))
}

// isTemplate reports whether a node is a text with a template in it.
func isTemplate(n *expr.Node) bool {
	return n.Shape == expr.Scalar && syntax.HasTemplate(n.Text)
}

func (c *compiler) moreArgs(n *expr.Node) bool {
	if n.Shape != expr.Mapping && !reading.IsNull(n) {
		c.problem(n.Place, `"args" is a map of parameters, not %s`, reading.Shape(n))
	}
	return n.Shape == expr.Mapping
}

// addArgs adds parameters to those of a step, which win.
func (c *compiler) addArgs(s *engine.Step, more []expr.Entry, at diagnostic.Place) {
	if len(more) == 0 || s.Args != nil && s.Args.Shape != expr.Mapping {
		return
	}
	args := &expr.Node{Shape: expr.Mapping, Place: at}
	if s.Args != nil {
		*args = *s.Args
	}
	args.Entries = withDefaults(s.Kind, args.Entries, more)
	s.Args = args
}

// known reports whether a variable can be used in the arguments of a step.
func (c *compiler) known(play *engine.Play, s *engine.Step, name string) bool {
	is := func(v engine.Var) bool { return v.Name == name }
	if c.names[name] || slices.ContainsFunc(play.Vars, is) || slices.ContainsFunc(s.Vars, is) {
		return true
	}
	if l := s.Loop; l != nil && (name == l.Index || name == orElse(l.Var, "item")) {
		return true
	}
	return slices.ContainsFunc(play.VarsFiles, func(f *engine.VarsFile) bool { return slices.ContainsFunc(f.Vars, is) })
}

// freeForm makes parameters of a text such as `msg='hello world' verbosity=1`; nil
// where that cannot be done.
func (c *compiler) freeForm(in section, s *engine.Step, n *expr.Node, text string) *expr.Node {
	if param := plainParam(s.Kind); param != "" && !c.allParams(s.Kind, text) {
		key := &expr.Node{Place: n.Place, Text: param, Value: param}
		args := &expr.Node{Shape: expr.Mapping, Place: n.Place, Entries: []expr.Entry{{Key: key, Value: n}}}
		if end := c.pairsAfter(s.Kind, text); end > 0 {
			first := strings.TrimSpace(text[:end])
			args.Entries[0].Value = &expr.Node{Place: n.Place, Text: first, Value: first}
			list, _ := reading.Pairs(text[end:])
			c.addPairs(args, list, func(i int) diagnostic.Place { return c.doc.Origin(n)(end + i) })
		}
		c.templates(args.Entries[0].Value)
		return args
	}
	if list, err := reading.Pairs(text); strings.HasPrefix(strings.TrimSpace(text), "{{") && (err != nil || len(list) == 0) {
		if s.Kind.Includes() == engine.IncludesNothing && strings.HasPrefix(s.Kind.Full, core) {
			c.parseArgs(in, s, n)
			return n
		}
		c.problem(n.Place, "the parameters of %s cannot be one template", s.As).
			WithHint("write them below %q, each a template if need be", s.As)
		return nil
	}
	if !strings.HasPrefix(s.Kind.Full, core) {
		c.problem(n.Place, "%s takes its parameters as a map, not as text", s.Kind.Name).
			WithHint("write each in a line of its own below %q", s.As)
		return nil
	}
	list, err := reading.Pairs(text)
	if err != nil {
		c.problem(n.Place, "%s", err).WithHint(`write "%s:" in a line of its own below %q`, s.Kind.Params()[0].Name, s.As)
		return nil
	}
	args := &expr.Node{Shape: expr.Mapping, Place: n.Place}
	c.addPairs(args, list, c.doc.Origin(n))
	return args
}

// addPairs adds name=value pairs to parameters.
func (c *compiler) addPairs(args *expr.Node, list []reading.Pair, at func(int) diagnostic.Place) {
	for _, p := range list {
		value, bad := p.Node(at)
		c.mistake(value, bad)
		key := &expr.Node{Place: at(p.NameAt), Text: p.Name, Value: p.Name}
		args.Entries = append(args.Entries, expr.Entry{Key: key, Value: value})
	}
}

// pairsAfter returns where name=value pairs of a kind's parameters begin behind the text that
// it takes without a name, as in `settings.yml name=settings`; 0 if there are none.
func (c *compiler) pairsAfter(k *engine.Kind, text string) int {
	for i := 1; i < len(text); i++ {
		if (text[i-1] == ' ' || text[i-1] == '\n') && text[i] != ' ' && strings.Contains(text[i:], "=") && c.allParams(k, text[i:]) {
			return i
		}
	}
	return 0
}

// allParams reports whether a text is name=value pairs of parameters that a kind has.
func (c *compiler) allParams(k *engine.Kind, text string) bool {
	list, err := reading.Pairs(text)
	params := k.Params()
	return err == nil && len(list) > 0 && !slices.ContainsFunc(list, func(p reading.Pair) bool {
		return !slices.ContainsFunc(params, func(param engine.Param) bool { return param.Name == p.Name })
	})
}

// action reads a kind with its parameters that stands under `action`: as text, or
// as a map with the key module.
func (c *compiler) action(d *draft, e expr.Entry) {
	n := e.Value
	d.does = true
	if n.Shape == expr.Mapping && n.Get("module") != nil {
		args := &expr.Node{Shape: expr.Mapping, Place: n.Place}
		for _, p := range n.Entries {
			if p.Key.Text != "module" {
				args.Entries = append(args.Entries, p)
			}
		}
		c.acts(d, n.Get("module"), args)
		return
	}
	if _, isText := n.Value.(string); n.Shape != expr.Scalar || !isText || strings.TrimSpace(n.Text) == "" {
		c.problem(n.Place, "%q wants a kind with its parameters, not %s", e.Key.Text, reading.Shape(n)).
			WithHint("write the kind itself as the key")
		d.refused = true
		return
	}
	at := c.doc.Origin(n)
	start := len(n.Text) - len(strings.TrimLeft(n.Text, " "))
	kind, rest, _ := strings.Cut(n.Text[start:], " ")
	key := &expr.Node{Place: at(start), Text: kind, Value: kind}
	args := &expr.Node{Place: at(start + len(kind) + 1), Text: rest, Value: rest}
	if strings.TrimSpace(rest) == "" {
		args = &expr.Node{Place: n.Place}
	}
	c.acts(d, key, args)
}

// acts takes the kind that an action names.
func (c *compiler) acts(d *draft, key, args *expr.Node) {
	if !c.isKind(key.Text) {
		c.unknownKind(key)
		d.refused = true
		return
	}
	c.kindKey(d, expr.Entry{Key: key, Value: args})
}
