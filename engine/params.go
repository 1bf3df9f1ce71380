package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"runner/engine/expr"
)

// A Param is one parameter of a kind, read from the tags of a struct field:
//
//	Region string `arg:"region" alias:"zone" default:"par" doc:"Where it runs."`
//
// arg names it; alias gives other names, separated by commas; required:"true"
// demands it; excludes names those it cannot go with; choices lists what it may be; secret:"true" keeps its value from
// being shown; doc says what it is; default says what holds without it (the task
// itself fills it in). The type of the field is the type of the parameter:
// string (the scalar as written), bool, int, float64, []string (or text with
// commas), map[string]string, Value (anything), Expression, Conditions, or a
// struct or a pointer to one (parameters inside parameters). A *expr.Map named
// AnyName takes all that is no other parameter; its keys may be templates.
type Param struct {
	Name     string
	Aliases  []string
	Doc      string
	Default  string
	Type     ParamType
	Required bool
	Secret   bool
	Excludes []string
	Choices  []string
	Params   []Param // of type Nested

	field int
}

// A ParamType is what a parameter takes.
type ParamType string

// The types of parameters, in the words that a person reads.
const (
	TextParam       ParamType = "text"
	BoolParam       ParamType = "bool"
	IntParam        ParamType = "int"
	FloatParam      ParamType = "float"
	ListParam       ParamType = "list of text"
	TextMapParam    ParamType = "map of text"
	AnyParam        ParamType = "anything"
	ExpressionParam ParamType = "expression"
	ConditionsParam ParamType = "condition, or list of conditions"
	FreeParam       ParamType = "names with values"
	NestedParam     ParamType = "map"
)

// AnyName is the name of the parameter that stands for all names that are no
// other parameter's.
const AnyName = "*"

// An Expression is a parameter that names a value rather than being one: debug's
// var. What it mentions may be undefined; then Err says so.
type Expression struct {
	Text  string
	Value Value
	Err   error
}

// Conditions is a parameter of conditions that the task itself tests, one by one:
// assert's that.
type Conditions []Tested

// A Tested is a condition that can be tested.
type Tested struct {
	Text string // as written
	// Test gives a bool, or an *expr.Unknown.
	Test func() (Value, error)
}

// paramsOf remembers what a type's tags say; types do not change.
var paramsOf sync.Map // reflect.Type → []Param

// Params gives the parameters of a kind, in the order of its struct.
func (k *Kind) Params() []Param { return structParams(reflect.TypeOf(k.New()).Elem()) }

func structParams(t reflect.Type) []Param {
	if known, ok := paramsOf.Load(t); ok {
		return known.([]Param)
	}
	var params []Param
	for i := range t.NumField() {
		f := t.Field(i)
		name, ok := f.Tag.Lookup("arg")
		if !ok {
			continue
		}
		p := Param{
			Name: name, Doc: f.Tag.Get("doc"), Default: f.Tag.Get("default"),
			Required: f.Tag.Get("required") == "true", Secret: f.Tag.Get("secret") == "true",
			Aliases: words(f.Tag.Get("alias")), Excludes: words(f.Tag.Get("excludes")), Choices: words(f.Tag.Get("choices")), field: i,
		}
		p.Type, p.Params = typeOf(f.Type)
		params = append(params, p)
	}
	paramsOf.Store(t, params)
	return params
}

func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func typeOf(t reflect.Type) (ParamType, []Param) {
	switch t {
	case reflect.TypeFor[Expression]():
		return ExpressionParam, nil
	case reflect.TypeFor[Conditions]():
		return ConditionsParam, nil
	case reflect.TypeFor[*expr.Map]():
		return FreeParam, nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return TextParam, nil
	case reflect.Bool:
		return BoolParam, nil
	case reflect.Int:
		return IntParam, nil
	case reflect.Float64:
		return FloatParam, nil
	case reflect.Slice:
		return ListParam, nil
	case reflect.Map:
		return TextMapParam, nil
	case reflect.Struct:
		return NestedParam, structParams(t)
	default:
		return AnyParam, nil
	}
}

// find gives the parameter of a name or an alias, else the one that takes any name.
func find(params []Param, name string) (Param, bool) {
	for _, p := range params {
		if p.Name == name || slices.Contains(p.Aliases, name) {
			return p, true
		}
	}
	if i := slices.IndexFunc(params, func(p Param) bool { return p.Name == AnyName }); i >= 0 {
		return params[i], true
	}
	return Param{}, false
}

// names lists what may be written, aliases too.
func names(params []Param) []string {
	var all []string
	for _, p := range params {
		if p.Name != AnyName {
			all = append(append(all, p.Name), p.Aliases...)
		}
	}
	return all
}

// CheckArgs tells what is wrong with the arguments of a task without evaluating
// anything: unknown, missing and repeated parameters, values of a wrong type.
// It also makes the expressions in args ready: a scalar given for an Expression
// becomes a template. `at` is where the kind's name stands; args may be nil.
func CheckArgs(k *Kind, args *expr.Node, at Place) []*Problem {
	c := argChecker{kind: k}
	if args != nil && args.Shape == expr.Scalar && args.Tmpl == nil && args.Value == nil {
		args = nil
	}
	if args != nil && args.Shape != expr.Mapping {
		return []*Problem{Problemf(args.Place, "%s takes its parameters as a map, not as %s", k.Name, shown(args)).
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
	problems []*Problem
}

func (c *argChecker) add(p *Problem) { c.problems = append(c.problems, p) }

func (c *argChecker) mapping(path string, params []Param, n *expr.Node, at Place) {
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
			c.add(Problemf(e.Key.Place, "%s and %s are the same parameter", other, e.Key.Text).WithHint("give it once"))
			continue
		}
		for _, other := range p.Excludes {
			if by, ok := given[other]; ok {
				c.add(Problemf(e.Key.Place, "%s and %s exclude each other", by, e.Key.Text).WithHint("keep one of them"))
			}
		}
		given[p.Name] = e.Key.Text
		if p.Required && isNull(e.Value) {
			c.add(Problemf(e.Value.Place, "%s is required, and empty here", path+e.Key.Text))
			continue
		}
		c.value(path+p.Name, p, e.Value)
	}
	for _, p := range params {
		if _, ok := given[p.Name]; !ok && p.Required {
			c.add(Problemf(at, "%s needs %s", c.kind.Name, path+p.Name).WithHint("%s", p.Doc))
		}
	}
}

func (c *argChecker) unknown(path string, params []Param, key *expr.Node) {
	known := names(params)
	hint := DidYouMean(key.Text, known)
	if hint == "" {
		hint = "it takes " + strings.Join(firstNames(params), ", ")
	}
	of := c.kind.Name
	if path != "" {
		of = strings.TrimSuffix(path, ".") + " of " + of
	}
	c.add(&Problem{Place: key.Place, Msg: fmt.Sprintf("unknown parameter %q of %s", key.Text, of), Hint: hint,
		Detail: "it takes " + strings.Join(known, ", ")})
}

// freeKey checks a name that the kind does not know: it is a variable's, or a
// template of one.
func (c *argChecker) freeKey(key *expr.Node) {
	if key.Tmpl == nil && expr.HasTemplate(key.Text) {
		t, err := expr.Parse(key.Text, expr.At(key.Place, key.Text))
		if err != nil {
			c.add(ProblemOf(err, key.Place))
			return
		}
		key.Tmpl = t
	}
	if key.Tmpl == nil && !IsName(key.Text) {
		c.add(Problemf(key.Place, "%q is no name of a variable", key.Text).
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
	case NestedParam:
		if n.Shape != expr.Mapping {
			c.wrongType(path, p, n)
			return
		}
		c.mapping(path+".", p.Params, n, n.Place)
	case ListParam:
		c.list(path, p, n)
	case TextMapParam:
		c.textMap(path, p, n)
	default:
		if n.Shape != expr.Scalar {
			c.wrongType(path, p, n)
		} else if _, err := scalarAs(p, n.Text, n.Value); err != nil {
			c.add(Problemf(n.Place, "%s: %s", path, err))
		}
	}
}

func (c *argChecker) wrongType(path string, p Param, n *expr.Node) {
	c.add(Problemf(n.Place, "%s wants %s, not %s", path, withArticle(p.Type), shown(n)))
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

func (c *argChecker) list(path string, p Param, n *expr.Node) {
	if n.Shape == expr.Mapping {
		c.wrongType(path, p, n)
	}
	for i, item := range n.Items {
		if item.Shape != expr.Scalar {
			c.wrongType(fmt.Sprintf("%s[%d]", path, i), Param{Type: TextParam}, item)
		}
	}
}

func (c *argChecker) textMap(path string, p Param, n *expr.Node) {
	if n.Shape != expr.Mapping {
		c.wrongType(path, p, n)
	}
	for _, e := range n.Entries {
		if e.Value.Shape != expr.Scalar {
			c.wrongType(path+"."+e.Key.Text, Param{Type: TextParam}, e.Value)
		}
	}
}

func (c *argChecker) expression(path string, n *expr.Node) {
	switch {
	case n.Shape != expr.Scalar:
		c.wrongType(path, Param{Type: ExpressionParam}, n)
	case n.Tmpl != nil && strings.Contains(n.Text, "{{"):
		bare := strings.TrimSpace(strings.Trim(strings.TrimSpace(n.Text), "{}"))
		c.add(Problemf(n.Place, "%s takes an expression, without braces", path).WithHint("write %s: %s", path, bare))
	case n.Tmpl == nil:
		t, err := expr.ParseExpr(n.Text, expr.At(n.Place, n.Text))
		if err != nil {
			c.add(ProblemOf(err, n.Place))
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
		text = strings.ToLower(expr.Text(v))
	case string:
	default:
		if n.Tmpl == nil {
			c.wrongType(path, Param{Type: ConditionsParam}, n)
			return
		}
	}
	t, _, err := expr.ParseCondition(text, expr.At(n.Place, n.Text))
	if err != nil {
		c.add(ProblemOf(err, n.Place))
		return
	}
	n.Tmpl = t
}
