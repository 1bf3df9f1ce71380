package playbooks

import (
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
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
		if expr.HasTemplate(n.Text) {
			return nil // told already
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

// tags adds the tags that a node names to those inherited.
func (c *compiler) tags(inherited []string, n *expr.Node) []string {
	all := slices.Clone(inherited)
	seen := map[string]bool{"": true}
	for _, tag := range inherited {
		seen[tag] = true
	}
	for _, item := range reading.Listed(n) {
		text, ok := item.Value.(string)
		switch {
		case item.Shape != expr.Scalar || !ok:
			c.problem(item.Place, "a tag is text, not %s", reading.Shape(item)).WithHint("put it in quotes")
		case expr.HasTemplate(text):
			c.problem(item.Place, "a tag cannot be a template").WithHint("tags are known before anything runs")
		default:
			for tag := range strings.SplitSeq(text, ",") {
				if tag = strings.TrimSpace(tag); !seen[tag] {
					seen[tag] = true
					all = append(all, tag)
				}
			}
		}
	}
	return all
}

// risks are what a task can allow beforehand.
var risks = [...]string{"delete", "replace", "migrate"}

// allow reads the risks that a task consents to.
func (c *compiler) allow(n *expr.Node) []string {
	var all []string
	for _, item := range reading.Listed(n) {
		if item.Shape != expr.Scalar {
			c.problem(item.Place, "what is allowed is text, not %s", reading.Shape(item)).WithHint("one of %s", list(risks[:]))
			continue
		}
		for risk := range strings.SplitSeq(item.Text, ",") {
			risk = strings.TrimSpace(risk)
			if !slices.Contains(risks[:], risk) {
				c.problem(item.Place, "%q cannot be allowed", risk).WithHint("one of %s", list(risks[:]))
				continue
			}
			all = append(all, risk)
		}
	}
	return all
}

func list(words []string) string { return strings.Join(words, ", ") }

// variable reads a keyword that names a variable, such as register.
func (c *compiler) variable(e expr.Entry) (name string, at diagnostic.Place) {
	n := e.Value
	text, ok := n.Value.(string)
	switch {
	case n.Shape != expr.Scalar || !ok:
		c.problem(n.Place, "%q wants the name of a variable, not %s", e.Key.Text, reading.Shape(n))
		return "", n.Place
	case expr.HasTemplate(text):
		c.problem(n.Place, "%q wants a name, not a template", e.Key.Text).WithHint("names are known before anything runs")
		return "", n.Place
	}
	p := badName(text, n.Place)
	c.problems.Add(p)
	if p != nil && p.Severity == diagnostic.Error {
		return "", n.Place
	}
	return text, n.Place
}

// conditions reads a `when`, and what else is conditions that must all hold.
func (c *compiler) conditions(n *expr.Node) []*engine.Condition {
	var all []*engine.Condition
	for _, item := range reading.Listed(n) {
		if cond := c.condition(item); cond != nil {
			all = append(all, cond)
		}
	}
	return all
}

func (c *compiler) condition(n *expr.Node) *engine.Condition {
	text := n.Text
	switch v := n.Value.(type) {
	case bool:
		// Written yes or off, it would be taken for a name.
		text = "false"
		if v {
			text = "true"
		}
	case string:
		if strings.TrimSpace(v) == "" {
			c.problem(n.Place, "the condition is empty").WithHint("write an expression, or remove the keyword")
			return nil
		}
	default:
		if !reading.IsNull(n) {
			c.problem(n.Place, "a condition is text, not %s", reading.Shape(n)).WithHint("write an expression, such as `result is changed`")
		}
		return nil
	}
	at := c.doc.Origin(n)
	tmpl, delimited, err := expr.ParseCondition(text, at)
	if err != nil {
		c.problems.Add(diagnostic.From(err, n.Place))
		return nil
	}
	if delimited {
		p := diagnostic.Problemf(n.Place, "a condition is an expression already").WithHint("leave out {{ and }}")
		p.Severity, p.Rule = diagnostic.Warning, "no-jinja-when"
		c.problems.Add(p)
	}
	return &engine.Condition{Text: n.Text, Place: at(0), Expr: tmpl}
}
