package playbooks

import (
	"strconv"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/playbooks/reading"
)

// loopOf gives the kind of loop that a keyword stands for.
func loopOf(keyword string) (engine.LoopKind, bool) {
	for _, k := range [...]engine.LoopKind{engine.LoopList, engine.LoopItems, engine.LoopWithList, engine.LoopDict, engine.LoopIndexed} {
		if string(k) == keyword {
			return k, true
		}
	}
	return "", false
}

// loopKey takes an entry that says what a task is looped over.
func (c *compiler) loopKey(d *draft, e expr.Entry) bool {
	kind, ok := loopOf(e.Key.Text)
	if !ok {
		return false
	}
	if d.step.Loop != nil {
		c.problem(e.Key.Place, "this task has two loops, %q and %q", d.step.Loop.Kind, kind).WithHint("keep one of them")
		return true
	}
	c.templates(e.Value)
	d.step.Loop = &engine.Loop{Kind: kind, Place: e.Key.Place, Over: e.Value}
	n := e.Value
	switch {
	case n.Tmpl != nil, n.Shape == expr.Scalar && expr.HasTemplate(n.Text): // else told already
	case kind == engine.LoopDict && n.Shape != expr.Mapping:
		c.problem(n.Place, "with_dict wants a map, not %s", reading.Shape(n)).WithHint("loop: goes over a list")
	case reading.IsNull(n):
		c.problem(n.Place, "%q has nothing to go over", kind).WithHint("write a list, or a template that gives one")
	case kind == engine.LoopDict, kind == engine.LoopItems && n.Shape == expr.Scalar:
	case n.Shape == expr.Mapping:
		c.problem(n.Place, "%q wants a list, not a map", kind).WithHint("use with_dict, or the filter dict2items")
	case n.Shape == expr.Scalar:
		c.problem(n.Place, "%q wants a list, not %s", kind, reading.Shape(n)).WithHint(`write "{{ %s }}" if that is a variable`, n.Text)
	}
	return true
}

// loopControl reads how a loop names and shows its items.
func (c *compiler) loopControl(loop *engine.Loop, control *expr.Node) {
	if reading.IsNull(control) {
		return
	}
	if control.Shape != expr.Mapping {
		c.problem(control.Place, `"loop_control" is a map, not %s`, reading.Shape(control)).WithHint("it takes %s", list(loopKeywords[:]))
		return
	}
	for _, e := range control.Entries {
		switch e.Key.Text {
		case "loop_var":
			loop.Var, _ = c.variable(e)
		case "index_var":
			loop.Index, _ = c.variable(e)
		case "label":
			c.templates(e.Value)
			loop.Label = e.Value
		case "pause":
			loop.Pause = c.number(e, true)
		case "extended":
			loop.Extended = c.flag(e)
		case "extended_allitems":
			c.flag(e) // they cost nothing until they are asked for
		case "break_when":
			loop.BreakWhen = c.conditions(e.Value)
		default:
			c.problem(e.Key.Place, "unknown keyword %q of loop_control", e.Key.Text).
				WithHint("%s", orElse(c.didYouMean(e.Key.Text, loopKeywords[:]), "it takes "+list(loopKeywords[:])))
		}
	}
}

// number reads a keyword that is a number that is not negative, or a template of one.
func (c *compiler) number(e expr.Entry, fractions bool) *expr.Node {
	n := e.Value
	if reading.IsNull(n) {
		return nil
	}
	if n.Shape == expr.Scalar {
		if c.templates(n); n.Tmpl != nil || expr.HasTemplate(n.Text) {
			return n
		}
		if v, ok := numberOf(n); ok && v >= 0 && (fractions || v == float64(int(v))) {
			return &expr.Node{Place: n.Place, Text: n.Text, Value: plainNumber(v)}
		}
	}
	wants := "a whole number"
	if fractions {
		wants = "a number"
	}
	said := reading.Shape(n)
	if n.Shape == expr.Scalar {
		said = strconv.Quote(n.Text)
	}
	c.problem(n.Place, "%q wants %s from 0 on, not %s", e.Key.Text, wants, said)
	return nil
}

// plainNumber gives a number as the language has it.
func plainNumber(f float64) value.Value {
	if f == float64(int(f)) {
		return int(f)
	}
	return f
}

// numberOf reads a number, in quotes or not.
func numberOf(n *expr.Node) (float64, bool) {
	switch v := n.Value.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}
