package engine

import (
	"fmt"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// CheckArgs reports what is wrong with the arguments of a task without evaluating
// anything: unknown, missing and repeated parameters, values of a wrong type.
// It also makes the expressions in args ready: a scalar given for an Expression
// becomes a template. `at` is where the kind's name stands; args may be nil.
func CheckArgs(k *Kind, args *expr.Node, at diagnostic.Place) []*diagnostic.Problem {
	c := argChecker{kind: k}
	if args != nil && args.Shape == expr.Scalar && args.Tmpl == nil && args.Value == nil {
		args = nil
	}
	if wholeArgs(args) {
		return nil
	}
	if args != nil && args.Shape != expr.Mapping {
		return []*diagnostic.Problem{diagnostic.Problemf(args.Place, "%s takes its parameters as a map, not as %s", k.Name, shown(args)).
			WithHint("write one parameter per line: %s", strings.Join(firstNames(k.Params()), ", "))}
	}
	c.mapping("", k.Params(), args, at)
	return c.problems
}

func firstNames(params []Param) []string {
	var list []string
	for _, p := range params {
		if p.Name != AnyName {
			list = append(list, p.Name)
		}
	}
	return list
}

type argChecker struct {
	kind     *Kind
	problems []*diagnostic.Problem
}

func (c *argChecker) add(p *diagnostic.Problem) { c.problems = append(c.problems, p) }

func (c *argChecker) mapping(path string, params []Param, n *expr.Node, at diagnostic.Place) {
	given := map[string]string{} // parameter → the name that it was given by
	var entries []expr.Entry
	if n != nil {
		entries = n.Entries
	}
	for _, e := range entries {
		p, ok := find(params, e.Key.Text)
		if !ok {
			c.unknown(path, params, e.Key)
			continue
		}
		if p.Name == AnyName {
			c.freeKey(e.Key)
			continue
		}
		if other, twice := given[p.Name]; twice {
			c.add(diagnostic.Problemf(e.Key.Place, "%s and %s are the same parameter", other, e.Key.Text).WithHint("give it once"))
			continue
		}
		for _, other := range p.Excludes {
			if by, ok := given[other]; ok {
				c.add(diagnostic.Problemf(e.Key.Place, "%s and %s exclude each other", by, e.Key.Text).WithHint("keep one of them"))
			}
		}
		given[p.Name] = e.Key.Text
		if p.Required && isNull(e.Value) {
			c.add(diagnostic.Problemf(e.Value.Place, "%s is required, and empty here", path+e.Key.Text))
			continue
		}
		c.value(path+p.Name, p, e.Value)
	}
	for _, p := range params {
		if _, ok := given[p.Name]; !ok && p.Required {
			c.add(diagnostic.Problemf(at, "%s needs %s", c.kind.Name, path+p.Name).WithHint("%s", p.Doc))
		}
	}
}

func (c *argChecker) unknown(path string, params []Param, key *expr.Node) {
	known := names(params)
	of := c.kind.Name
	if path != "" {
		of = strings.TrimSuffix(path, ".") + " of " + of
	}
	p := diagnostic.Problemf(key.Place, "unknown parameter %q of %s", key.Text, of)
	p.Detail = "it takes " + strings.Join(known, ", ")
	c.add(p.Suggest(key.Text, suggest.Nearest(key.Text, known), "it takes "+strings.Join(firstNames(params), ", ")))
}

// freeKey checks a name that the kind does not know: it is a variable's, or a
// template of one.
func (c *argChecker) freeKey(key *expr.Node) {
	if key.Tmpl == nil && syntax.HasTemplate(key.Text) {
		t, err := expr.Parse(builtin.Table(), key.Text, diagnostic.At(key.Place, key.Text))
		if err != nil {
			c.add(diagnostic.From(err, key.Place))
			return
		}
		key.Tmpl = t
	}
	if key.Tmpl == nil && !IsName(key.Text) {
		c.add(diagnostic.Problemf(key.Place, "%q is no name of a variable", key.Text).
			WithHint("names are letters, digits and _, and begin with no digit"))
	}
}

// IsName reports whether a text can name a variable.
func IsName(text string) bool {
	for i, r := range text {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}

func isNull(n *expr.Node) bool {
	return n.Shape == expr.Scalar && n.Tmpl == nil && n.Value == nil
}

func (c *argChecker) value(path string, p Param, n *expr.Node) {
	switch p.Type {
	case ExpressionParam:
		c.expression(path, n)
		return
	case ConditionsParam:
		c.conditions(path, n)
		return
	}
	if n.Tmpl != nil || isNull(n) {
		return
	}
	switch p.Type {
	case AnyParam:
		if p.Written {
			c.texts(path, n)
		}
	case NestedParam:
		if n.Shape != expr.Mapping {
			c.wrongType(path, p, n)
			return
		}
		c.mapping(path+".", p.Params, n, n.Place)
	case NestedListParam:
		c.maps(path, p, n)
	case ListParam:
		c.list(path, p, n)
	case TextMapParam:
		c.textMap(path, p, n)
	default:
		if n.Shape != expr.Scalar {
			c.wrongType(path, p, n)
		} else if _, err := scalarAs(p, n.Text, n.Value); err != nil {
			problem := diagnostic.Problemf(n.Place, "%s: %s", path, err)
			if near := suggest.Nearest(n.Text, p.Choices); near != "" {
				problem.Wrong, problem.Meant = n.Text, near
			}
			c.add(problem)
		}
	}
}

func (c *argChecker) wrongType(path string, p Param, n *expr.Node) {
	c.add(diagnostic.Problemf(n.Place, "%s wants %s, not %s", path, withArticle(p.Type), shown(n)))
}

func withArticle(t ParamType) string {
	switch t {
	case TextParam:
		return "text"
	case IntParam:
		return "a whole number"
	case FloatParam:
		return "a number"
	case BoolParam:
		return "true or false"
	case ExpressionParam:
		return "an expression"
	}
	return "a " + string(t)
}

func shown(n *expr.Node) string {
	switch n.Shape {
	case expr.Sequence:
		return "a list"
	case expr.Mapping:
		return "a map"
	}
	if n.Tmpl != nil {
		return "one template"
	}
	return fmt.Sprintf("%q", n.Text)
}

func (c *argChecker) maps(path string, p Param, n *expr.Node) {
	if n.Shape != expr.Sequence {
		c.wrongType(path, p, n)
	}
	for i, item := range n.Items {
		if at := fmt.Sprintf("%s[%d]", path, i); isNull(item) {
			c.add(diagnostic.Problemf(item.Place, "%s is empty", at).WithHint("write a map there, or remove it"))
		} else {
			c.value(at, Param{Type: NestedParam, Params: p.Params}, item)
		}
	}
}

func (c *argChecker) list(path string, p Param, n *expr.Node) {
	if n.Shape == expr.Mapping {
		c.wrongType(path, p, n)
	}
	for i, item := range n.Items {
		c.text(fmt.Sprintf("%s[%d]", path, i), item)
	}
}

func (c *argChecker) textMap(path string, p Param, n *expr.Node) {
	if n.Shape != expr.Mapping {
		c.wrongType(path, p, n)
	}
	for _, e := range n.Entries {
		c.text(path+"."+e.Key.Text, e.Value)
	}
}

// text checks one text of a list or a map: as it was written, it is never nothing.
func (c *argChecker) text(path string, n *expr.Node) {
	switch {
	case n.Shape != expr.Scalar:
		c.wrongType(path, Param{Type: TextParam}, n)
	case isNull(n):
		c.nothing(path, n)
	}
}

// texts checks scalars at any depth.
func (c *argChecker) texts(path string, n *expr.Node) {
	for i, item := range n.Items {
		c.texts(fmt.Sprintf("%s[%d]", path, i), item)
	}
	for _, e := range n.Entries {
		c.texts(path+"."+e.Key.Text, e.Value)
	}
	if isNull(n) {
		c.nothing(path, n)
	}
}

func (c *argChecker) nothing(path string, n *expr.Node) {
	msg := fmt.Sprintf("%s is nothing, and text is wanted", path)
	if n.Text != "" {
		msg = fmt.Sprintf("%s: YAML reads %s as nothing, and text is wanted", path, n.Text)
	}
	c.add(diagnostic.Problemf(n.Place, "%s", msg).WithHint(`write it in quotes: "" is an empty text`))
}

func (c *argChecker) expression(path string, n *expr.Node) {
	switch {
	case n.Shape != expr.Scalar:
		c.wrongType(path, Param{Type: ExpressionParam}, n)
	case n.Tmpl == nil:
		t, err := expr.ParseExpr(builtin.Table(), n.Text, diagnostic.At(n.Place, n.Text))
		if err != nil {
			c.add(diagnostic.From(err, n.Place))
			return
		}
		n.Tmpl = t
	}
}

// conditions makes each condition a template.
func (c *argChecker) conditions(path string, n *expr.Node) {
	switch n.Shape {
	case expr.Mapping:
		c.wrongType(path, Param{Type: ConditionsParam}, n)
	case expr.Sequence:
		for i, item := range n.Items {
			if item.Shape != expr.Scalar {
				c.wrongType(fmt.Sprintf("%s[%d]", path, i), Param{Type: ConditionsParam}, item)
			} else {
				c.conditions(path, item)
			}
		}
	default:
		c.condition(path, n)
	}
}

func (c *argChecker) condition(path string, n *expr.Node) {
	text := n.Text
	switch v := n.Value.(type) {
	case bool: // written yes or off, it would be taken for a name
		text = strings.ToLower(value.Text(v))
	case string:
	default:
		if n.Tmpl == nil {
			c.wrongType(path, Param{Type: ConditionsParam}, n)
			return
		}
	}
	t, _, err := expr.ParseCondition(builtin.Table(), text, diagnostic.At(n.Place, n.Text))
	if err != nil {
		c.add(diagnostic.From(err, n.Place))
		return
	}
	n.Tmpl = t
}
