package playbooks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// flag reads a keyword that is true, false, or a template that says which.
func (c *compiler) flag(e expr.Entry) *expr.Node {
	n := e.Value
	if reading.IsNull(n) {
		return nil
	}
	if n.Shape == expr.Scalar {
		if c.templates(n); n.Tmpl != nil {
			return n
		}
		if b, ok := boolOf(n); ok {
			return &expr.Node{Place: n.Place, Text: n.Text, Value: b}
		}
		if syntax.HasTemplate(n.Text) {
			return nil // reported already
		}
	}
	said := reading.Shape(n)
	if n.Shape == expr.Scalar {
		said = `"` + n.Text + `"`
	}
	c.problem(n.Place, "%q wants true or false, not %s", e.Key.Text, said)
	return nil
}

// boolOf reads what Ansible takes for a bool where it wants one.
func boolOf(n *expr.Node) (b, ok bool) {
	switch v := n.Value.(type) {
	case bool:
		return v, true
	case int:
		return v == 1, v == 0 || v == 1
	case string:
		switch strings.ToLower(v) {
		case "true", "yes", "on", "1", "y", "t":
			return true, true
		case "false", "no", "off", "0", "n", "f":
			return false, true
		}
	}
	return false, false
}

// fixed reads what is true or false and cannot be a template; nil where it is neither.
func (c *compiler) fixed(e expr.Entry) any {
	n := c.flag(e)
	if n == nil {
		return nil
	}
	b, ok := n.Value.(bool)
	if !ok {
		c.problem(n.Place, "%q cannot be a template here", e.Key.Text)
	}
	return b
}

// tags reads the tags that a node names. A template has to come to something that is
// known before anything runs.
func (c *compiler) tags(n *expr.Node) []string {
	var all []string
	for _, written := range reading.Listed(n) {
		all = append(all, c.tagsOf(written)...)
	}
	return all
}

// tagsOf reads one tag, or several: of a list that a template comes to, or of a text with
// commas, which those that a template comes to keep.
func (c *compiler) tagsOf(n *expr.Node) []string {
	var all []string
	for _, item := range c.staticItems(n) {
		text, ok := item.(string)
		if i, isNumber := item.(int); isNumber {
			text, ok = strconv.Itoa(i), true
		}
		if !ok {
			c.problem(n.Place, "a tag is text, not %s", value.Describe(item)).WithHint("put it in quotes")
			continue
		}
		if n.Tmpl != nil && !strings.Contains(n.Text, ",") {
			all = append(all, text)
			continue
		}
		for tag := range strings.SplitSeq(text, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				all = append(all, tag)
			}
		}
	}
	return all
}

// staticItems returns the values of a list, or of a single value, whose templates
// are evaluated before anything runs.
func (c *compiler) staticItems(n *expr.Node) []value.Value {
	var all []value.Value
	for _, item := range reading.Listed(n) {
		if c.templates(item); item.Tmpl == nil {
			all = append(all, reading.ValueOf(item))
			continue
		}
		v, err := c.static(item)
		if err != nil {
			delete(c.mistakes, item)
			c.problems.Add(diagnostic.From(err, item.Place).WithHint("this has to be known before anything runs"))
			continue
		}
		if list, ok := v.([]value.Value); ok {
			all = append(all, list...)
		} else {
			all = append(all, v)
		}
	}
	return all
}

// name reads the name of a play or task.
func (c *compiler) name(n *expr.Node) *expr.Node {
	if n.Shape != expr.Scalar {
		c.problem(n.Place, "a name is text, not %s", reading.Shape(n))
		return nil
	}
	if reading.IsNull(n) || n.Text == "" {
		return nil
	}
	c.templates(n)
	return n
}

// only reads a keyword that has few values here, or a template that comes to one of
// them; nil where it says what holds anyway.
func (c *compiler) only(k keyword.Keyword, e expr.Entry, values ...string) any {
	n := e.Value
	if n.Shape == expr.Scalar {
		if c.templates(n); n.Tmpl != nil {
			return n
		}
		if reading.IsNull(n) || slices.Contains(values, strings.ToLower(n.Text)) || syntax.HasTemplate(n.Text) {
			return nil
		}
	}
	said := reading.Shape(n)
	if n.Shape == expr.Scalar {
		said = fmt.Sprintf("%q", n.Text)
	}
	c.problem(n.Place, "%q can only be %s here, not %s", k.Name, values[0], said).WithHint("%s", k.Instead)
	return nil
}

// delegate reads the host that a task is delegated to: this machine, under any name.
func (c *compiler) delegate(k keyword.Keyword, e expr.Entry) any {
	names := []string{engine.Localhost, "127.0.0.1", "::1"}
	if c.host != nil {
		names = append(names, c.host.name)
	}
	if v := c.only(k, e, names...); v != nil || e.Value.Shape != expr.Scalar || reading.IsNull(e.Value) {
		return v
	}
	return e.Value
}

// number reads a keyword that is a number that is not negative and that a duration in
// seconds can hold, or a template of one.
func (c *compiler) number(e expr.Entry, fractions bool) *expr.Node {
	n := e.Value
	if reading.IsNull(n) {
		return nil
	}
	if n.Shape == expr.Scalar {
		if c.templates(n); n.Tmpl != nil || syntax.HasTemplate(n.Text) {
			return n
		}
		v, ok := numberOf(n)
		if ok && v > engine.LongestSeconds {
			c.problem(n.Place, "%q is at most %d, not %s", e.Key.Text, engine.LongestSeconds, n.Text)
			return nil
		}
		if ok && v >= 0 && (fractions || v == float64(int(v))) {
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

// plainNumber returns a number as the language has it.
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

// strategy reads whether the tasks of a play are done one after the other. The other
// strategies of Ansible's tell hosts apart, of which there is one.
func (c *compiler) strategy(n *expr.Node) any {
	switch bare(n.Text) {
	case "linear":
		return true
	case "free", "host_pinned":
		return false
	}
	c.problem(n.Place, "there is no strategy %q here", n.Text).WithHint("write linear or free, or leave it out")
	return nil
}
