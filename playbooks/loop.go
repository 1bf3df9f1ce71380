package playbooks

import (
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// loop takes an entry that says what a task is looped over.
func (c *compiler) loop(s *engine.Step, e expr.Entry) {
	kind := engine.LoopKind(e.Key.Text)
	if kind == engine.LoopList && reading.IsNull(e.Value) { // as if it were left out
		return
	}
	if s.Loop != nil {
		c.problem(e.Key.Place, "this task has two loops, %q and %q", s.Loop.Kind, kind).WithHint("keep one of them")
		return
	}
	c.templates(e.Value)
	s.Loop = &engine.Loop{Kind: kind, Place: e.Key.Place, Over: e.Value}
	n := e.Value
	switch {
	case n.Tmpl != nil, n.Shape == expr.Scalar && syntax.HasTemplate(n.Text): // else reported already
	case kind.Lookup() != "" && !reading.IsNull(n):
	case kind == engine.LoopDict && n.Shape != expr.Mapping:
		c.mistake(n, diagnostic.Problemf(n.Place, "with_dict wants a map, not %s", reading.Shape(n)).WithHint("loop: goes over a list"))
	case reading.IsNull(n):
		c.mistake(n, diagnostic.Problemf(n.Place, "%q has nothing to go over", kind).WithHint("write a list, or a template that gives one"))
	case kind == engine.LoopDict, kind == engine.LoopItems && n.Shape != expr.Sequence:
	case n.Shape == expr.Mapping:
		c.mistake(n, diagnostic.Problemf(n.Place, "%q wants a list, not a map", kind).WithHint("use with_dict, or the filter dict2items"))
	case n.Shape == expr.Scalar:
		c.mistake(n, diagnostic.Problemf(n.Place, "%q wants a list, not %s", kind, reading.Shape(n)).WithHint(`write "{{ %s }}" if that is a variable`, n.Text))
	}
}

// loopControl reads how a loop names and shows its items.
func (c *compiler) loopControl(loop *engine.Loop, control *expr.Node) {
	words := keyword.Names(keyword.LoopControl)
	if control.Shape != expr.Mapping {
		c.problem(control.Place, `"loop_control" is a map, not %s`, reading.Shape(control)).WithHint("it takes %s", list(words))
		return
	}
	r := record{in: keyword.LoopControl, Loop: loop}
	for _, e := range control.Entries {
		if k := r.put(c, e); k.Name == "" {
			c.problem(e.Key.Place, "unknown keyword %q of loop_control", e.Key.Text).
				Suggest(e.Key.Text, c.nearest(e.Key.Text, words), "it takes "+list(words))
		}
	}
}
