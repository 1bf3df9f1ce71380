package playbooks

import (
	"slices"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
	"runner/playbooks/keyword"
	"runner/playbooks/reading"
)

// allow reads the risks that a task consents to.
func (c *compiler) allow(n *expr.Node) []string {
	var all []string
	risks := engine.Risks()
	for _, item := range reading.Listed(n) {
		if item.Shape != expr.Scalar {
			c.problem(item.Place, "what is allowed is text, not %s", reading.Shape(item)).WithHint("one of %s", list(risks))
			continue
		}
		for risk := range strings.SplitSeq(item.Text, ",") {
			risk = strings.TrimSpace(risk)
			if !slices.Contains(risks, risk) {
				c.problem(item.Place, "%q cannot be allowed", risk).WithHint("one of %s", list(risks))
				continue
			}
			all = append(all, risk)
		}
	}
	return all
}

func list(words []string) string { return strings.Join(words, ", ") }

// variable reads a keyword that names a variable, such as register; nil where it is none.
func (c *compiler) variable(e expr.Entry) any {
	n := e.Value
	text, ok := n.Value.(string)
	if c.templates(n); n.Tmpl != nil && e.Key.Text == "register" {
		c.problem(n.Place, `"register" wants a name, not a template`).WithHint("names are known before anything runs")
		return nil
	} else if n.Tmpl != nil {
		v, err := c.static(n)
		if err != nil {
			delete(c.mistakes, n)
			c.problem(n.Place, "%q wants a name, not a template", e.Key.Text).WithHint("names are known before anything runs")
			return nil
		}
		text, ok = v.(string)
	}
	if n.Shape != expr.Scalar || !ok {
		c.problem(n.Place, "%q wants the name of a variable, not %s", e.Key.Text, reading.Shape(n))
		return nil
	}
	p := badName(text, n.Place)
	c.problems.Add(p)
	if p != nil && p.Severity == diagnostic.Error {
		return nil
	}
	return text
}

// notify reads which handlers a task notifies: names, topics, or templates of them.
func (c *compiler) notify(n *expr.Node) []*expr.Node {
	var all []*expr.Node
	for _, item := range reading.Listed(n) {
		c.templates(item)
		if _, isText := item.Value.(string); item.Shape != expr.Scalar || item.Tmpl == nil && !isText {
			c.problem(item.Place, "a handler is notified by its name, not by %s", reading.Shape(item))
			continue
		}
		all = append(all, item)
	}
	return all
}

// topics reads what a handler listens to.
func (c *compiler) topics(n *expr.Node) []string {
	var all []string
	for _, item := range reading.Listed(n) {
		text, isText := item.Value.(string)
		switch {
		case item.Shape != expr.Scalar || !isText:
			c.problem(item.Place, "a topic is text, not %s", reading.Shape(item)).WithHint("put it in quotes")
		case syntax.HasTemplate(text):
			c.problem(item.Place, "a topic cannot be a template").WithHint("topics are known before anything runs")
		default:
			all = append(all, text)
		}
	}
	return all
}

// environment reads a map of environment variables, a list of such, or templates.
func (c *compiler) environment(n *expr.Node) []*expr.Node {
	var all []*expr.Node
	for _, item := range reading.Listed(n) {
		c.templates(item)
		if item.Shape != expr.Mapping && item.Tmpl == nil {
			if !syntax.HasTemplate(item.Text) { // else reported already
				c.problem(item.Place, `"environment" is a map of names to values, not %s`, reading.Shape(item))
			}
			continue
		}
		all = append(all, item)
	}
	return all
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

// condition reads one condition. One that is wrong fails when it is evaluated.
func (c *compiler) condition(n *expr.Node) *engine.Condition {
	text := n.Text
	switch v := n.Value.(type) {
	case nil:
		if n.Shape == expr.Scalar {
			return nil
		}
		return c.wrongCondition(n, c.notText(n))
	case bool:
		// Written yes or off, it would be taken for a name.
		text = strconv.FormatBool(v)
	case string:
		if strings.TrimSpace(v) == "" {
			return c.wrongCondition(n, diagnostic.Problemf(n.Place, "the condition is empty").
				WithHint("write an expression, or remove the keyword"))
		}
	default:
		return c.wrongCondition(n, c.notText(n))
	}
	at := c.doc.Origin(n)
	tmpl, delimited, err := expr.ParseCondition(builtin.Table(), text, at)
	cond := &engine.Condition{Text: n.Text, Place: at(0), Expr: tmpl}
	if _, cond.Bare = n.Value.(bool); cond.Bare {
		cond.Text = text
	}
	switch {
	case err != nil:
		c.mistake(cond, diagnostic.From(err, n.Place))
	case delimited:
		p := diagnostic.Problemf(n.Place, "a condition is an expression already").WithHint("leave out {{ and }}")
		p.Severity, p.Rule = diagnostic.Warning, "no-jinja-when"
		c.problems.Add(p)
	}
	return cond
}

func (c *compiler) notText(n *expr.Node) *diagnostic.Problem {
	return diagnostic.Problemf(n.Place, "a condition is text, not %s", reading.Shape(n)).
		WithHint("write an expression, such as `result is changed`")
}

// wrongCondition makes a condition that fails with a problem. What stands above it may
// be done before: that is a warning.
func (c *compiler) wrongCondition(n *expr.Node, p *diagnostic.Problem) *engine.Condition {
	cond := &engine.Condition{Text: n.Text, Place: n.Place, Expr: expr.Failing(n.Text, p)}
	c.mistake(p, p)
	return cond
}

// refusedWord tells of a key that is a keyword of Ansible's and does not work at a place.
func (c *compiler) refusedWord(key *expr.Node, in keyword.Place) bool {
	k, ok := keyword.Find(key.Text, in)
	if ok = ok && !k.Works(); ok {
		c.problem(key.Place, "%q is not supported", key.Text).WithHint("%s", k.Instead)
	}
	return ok
}

// unknownWord tells of a key that is no keyword of a place.
func (c *compiler) unknownWord(key *expr.Node, in keyword.Place) {
	c.problem(key.Place, "unknown keyword %q of %s", key.Text, in).
		Suggest(key.Text, c.nearest(key.Text, keyword.AllNames(in)), "")
}

// onlyInPlays reports whether a keyword can stand in a play and not in a task.
func onlyInPlays(key string) bool { return keyword.Only(key, keyword.Play, keyword.Task|keyword.Block) }

// onlyInTasks reports whether a keyword can stand in a task or a block and not in a play.
func onlyInTasks(key string) bool { return keyword.Only(key, keyword.Task|keyword.Block, keyword.Play) }
