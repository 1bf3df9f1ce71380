package engine

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/suggest"
)

// A decoder fills a task's parameters with evaluated arguments.
type decoder struct {
	context func() *expr.Context // a fresh one per argument; nil: templates are not evaluated
	tested  func(n *expr.Node) Tested
	secrets *Secrets
	passing bool           // arguments with mistakes are passed over, as if they were not known
	unknown *value.Unknown // the first argument's that cannot be known yet
	marked  []string       // the texts of the secrets among the arguments
	vague   []string       // the paths of what cannot be known yet
	omitted []string       // the paths of what was left out by omit
}

// decode makes the task. Where an argument cannot be known yet, d.unknown is set
// and the task is not usable. The error is placed at the argument.
func (d *decoder) decode(k *Kind, args *expr.Node) (Task, error) {
	task := k.New()
	args, err := d.opened(k, args)
	if err != nil {
		return task, err
	}
	if lacking := missing("", k.Params(), args); len(lacking) > 0 && !d.passing {
		return task, fmt.Errorf("%s needs %s", k.Name, strings.Join(lacking, ", "))
	}
	return task, d.fill(reflect.ValueOf(task).Elem(), "", k.Params(), args)
}

// fill fills a struct from the arguments of a map; path leads to that, with a dot.
func (d *decoder) fill(into reflect.Value, path string, params []Param, n *expr.Node) error {
	if d.passing {
		d.vague = append(d.vague, missing(path, params, n)...)
	}
	for _, e := range n.Entries {
		p, ok := find(params, e.Key.Text)
		if ok && p.Name == e.Key.Text && aliased(p, n) {
			continue
		}
		if !ok && d.passing {
			continue
		} else if !ok {
			return diagnostic.Problemf(e.Key.Place, "unknown parameter %q", e.Key.Text)
		}
		err := error(nil)
		if p.Type == FreeParam {
			err = d.setFree(into.Field(p.field), path, e)
		} else {
			err = d.set(into.Field(p.field), path+p.Name, p, e.Value)
		}
		if err != nil && !d.passing {
			return diagnostic.From(err, e.Value.Place)
		} else if err != nil {
			d.vague = append(d.vague, path+p.Name)
		}
	}
	if d.passing {
		return nil
	}
	if lacks := missing(path, params, n); len(lacks) > 0 {
		return diagnostic.Problemf(n.Place, "%s is required", lacks[0])
	}
	return d.excluded(path, params, n)
}

// aliased reports whether a parameter is given under another name too, which counts.
func aliased(p Param, n *expr.Node) bool {
	return slices.ContainsFunc(n.Entries, func(e expr.Entry) bool { return slices.Contains(p.Aliases, e.Key.Text) })
}

// excluded reports parameters that exclude each other: defaults of modules may bring both.
func (d *decoder) excluded(path string, params []Param, n *expr.Node) error {
	given := func(name string) bool {
		return !slices.Contains(d.omitted, path+name) && slices.ContainsFunc(n.Entries, func(e expr.Entry) bool {
			p, ok := find(params, e.Key.Text)
			return ok && p.Name == name
		})
	}
	for _, p := range params {
		for _, other := range p.Excludes {
			if given(p.Name) && given(other) {
				return diagnostic.Problemf(n.Place, "parameters are mutually exclusive: %s|%s", p.Name, other)
			}
		}
	}
	return nil
}

func (d *decoder) set(field reflect.Value, path string, p Param, n *expr.Node) error {
	switch p.Type {
	case ExpressionParam:
		return d.setExpression(field, path, n)
	case ConditionsParam:
		return d.setConditions(field, n)
	}
	if p.Type == NestedParam && n.Shape == expr.Mapping {
		return d.fill(target(field), path+".", p.Params, n)
	}
	if p.Type == NestedListParam && n.Shape == expr.Sequence {
		return d.fillEach(field, path, p, n)
	}
	if p.holdsText() {
		n = written(n)
	}
	v, err := d.eval(n)
	if err != nil {
		return err
	}
	if v == nil && p.Type != AnyParam || v == value.Omit {
		d.omitted = append(d.omitted, path)
		return d.checkPresent(p, n)
	}
	if !p.Marked {
		v = d.open(v)
	}
	d.note(path, v)
	if p.Type == AnyParam {
		field.Set(reflect.ValueOf(&v).Elem())
		return nil
	}
	if u, ok := v.(*value.Unknown); ok && p.Planned && u.Made != "" {
		v = u.Made
	}
	if u, ok := value.HasUnknown(v); ok {
		d.unknown = u
		if v, ok = knownParts(p, v); !ok {
			return nil
		}
	}
	return d.setKnown(target(field), p, n, v)
}

// open returns an argument in clear, and takes note of the secrets in it: the task
// may repeat them.
func (d *decoder) open(v Value) Value {
	for _, text := range value.SecretTexts(v) {
		d.marked = append(d.marked, text)
		if f, err := strconv.ParseFloat(text, 64); err == nil { // as Go writes numbers
			d.marked = append(d.marked, fmt.Sprint(f), strconv.FormatFloat(f, 'f', -1, 64))
		}
	}
	d.secrets.AddMarked(v)
	return value.Open(v)
}

// fillEach fills one struct for each item of a list.
func (d *decoder) fillEach(field reflect.Value, path string, p Param, n *expr.Node) error {
	list := reflect.MakeSlice(field.Type(), len(n.Items), len(n.Items))
	field.Set(list)
	for i, item := range n.Items {
		one := Param{Name: fmt.Sprintf("%s[%d]", p.Name, i), Type: NestedParam, Params: p.Params}
		if err := d.set(list.Index(i), fmt.Sprintf("%s[%d]", path, i), one, item); err != nil {
			return err
		}
	}
	return nil
}

// checkPresent refuses a required argument that turned out to be nothing.
func (d *decoder) checkPresent(p Param, n *expr.Node) error {
	if p.Required {
		return diagnostic.Problemf(n.Place, "%s is required, and turned out to be nothing", p.Name)
	}
	return nil
}

// target makes room behind a pointer.
func target(field reflect.Value) reflect.Value {
	if field.Kind() != reflect.Pointer {
		return field
	}
	if field.IsNil() {
		field.Set(reflect.New(field.Type().Elem()))
	}
	return field.Elem()
}

// eval evaluates an argument, as far as the decoder does.
func (d *decoder) eval(n *expr.Node) (Value, error) {
	if d.context == nil {
		return literal(n)
	}
	return n.Eval(d.context())
}

// expression is eval for what names a value, which is shown whatever came of it.
func (d *decoder) expression(n *expr.Node) (Value, error) {
	if d.context == nil {
		return literal(n)
	}
	c := d.context()
	c.ShowErrors = true
	return n.Eval(c)
}

// named returns the expression that a template comes to: of {{ n }} the one that n holds.
func (d *decoder) named(n *expr.Node) (*expr.Node, error) {
	if n.Tmpl == nil || !syntax.HasTemplate(n.Text) || d.context == nil {
		return n, nil
	}
	v, err := d.eval(n)
	if err != nil {
		return nil, err
	}
	text, ok := value.Bare(v).(string)
	if _, unknown := v.(*value.Unknown); unknown {
		return &expr.Node{Place: n.Place, Text: n.Text, Value: v}, nil
	}
	if !ok {
		return nil, diagnostic.Problemf(n.Place, "an expression is text, not %s", value.Describe(v))
	}
	t, err := expr.ParseExpr(builtin.Table(), text, func(int) diagnostic.Place { return n.Place })
	return &expr.Node{Place: n.Place, Text: text, Tmpl: t}, err
}

func (d *decoder) setExpression(field reflect.Value, path string, n *expr.Node) error {
	n, err := d.named(n)
	if err != nil {
		return err
	}
	e := Expression{Text: n.Text}
	v, err := d.expression(n)
	if x, ok := errors.AsType[*value.Error](err); ok && x.Class == value.UndefinedError {
		e.Err = err
	} else if err != nil {
		return err
	}
	d.note(path, v)
	e.Value = v
	field.Set(reflect.ValueOf(e))
	return nil
}

// setFree notes a name that is no parameter's, with its value.
func (d *decoder) setFree(field reflect.Value, path string, e expr.Entry) error {
	key, err := d.eval(e.Key)
	if err != nil {
		return err
	}
	name := value.OpenText(key)
	if u, ok := key.(*value.Unknown); ok {
		d.unknown, d.vague = u, append(d.vague, path+AnyName)
		return nil
	}
	if !IsName(name) {
		return diagnostic.Problemf(e.Key.Place, "%q is no name of a variable", value.Text(key))
	}
	v, err := d.eval(e.Value)
	if err != nil || v == value.Omit {
		return err
	}
	d.note(path+name, v)
	if field.IsNil() {
		field.Set(reflect.ValueOf(&value.Map{}))
	}
	field.Interface().(*value.Map).Set(name, v)
	return nil
}

func (d *decoder) setConditions(field reflect.Value, n *expr.Node) error {
	list, err := d.conditionsOf(n)
	if err != nil {
		return err
	}
	nodes := []*expr.Node{n}
	if n.Shape == expr.Sequence {
		nodes = n.Items
	}
	if list == nil {
		list = Conditions{}
		for _, c := range nodes {
			list = append(list, d.tested(c))
		}
	}
	field.Set(reflect.ValueOf(list))
	return nil
}

// conditionsOf returns the conditions that a template comes to, if it comes to a list of
// what is true or false; nil otherwise.
func (d *decoder) conditionsOf(n *expr.Node) (Conditions, error) {
	if n.Shape != expr.Scalar || d.context == nil || !strings.HasPrefix(strings.TrimSpace(n.Text), "{{") {
		return nil, nil
	}
	v, err := n.Tmpl.Eval(d.context())
	items, ok := v.([]Value)
	if err != nil || !ok {
		return nil, nil // which testing it says
	}
	list := Conditions{}
	written := n.Tmpl.Named(d.context())
	for i, item := range items {
		if _, isText := item.(string); isText && written != nil && i < len(written.Items) {
			if inner := n.Tmpl.Condition(written.Items[i]); inner != nil {
				list = append(list, Tested{Text: inner.Text(), Test: func() (Value, error) { return inner.Test(d.context()) }})
				continue
			}
		}
		if _, ok := item.(bool); !ok {
			return nil, diagnostic.Problemf(n.Place, "a list of conditions holds true and false here, not %s", value.Describe(item)).
				WithHint("write the conditions themselves below it")
		}
		list = append(list, Tested{Text: n.Text, Test: func() (Value, error) { return item, nil }})
	}
	return list, nil
}

func (d *decoder) setKnown(field reflect.Value, p Param, n *expr.Node, v Value) error {
	switch p.Type {
	case NestedParam:
		return d.fillFromValue(field, p, n, v)
	case NestedListParam:
		return d.fillEachFromValue(field, p, n, v)
	case ListParam:
		list, err := listOfTexts(p.Name, v)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(list))
		return nil
	case TextMapParam:
		texts, err := mapOfTexts(p.Name, n, v)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(texts))
		return nil
	}
	return d.setScalar(field, p, n, v)
}

func (d *decoder) setScalar(field reflect.Value, p Param, n *expr.Node, v Value) error {
	text := value.Text(v)
	if n.Tmpl == nil {
		text = n.Text
	}
	got, err := scalarAs(p, text, v)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	if p.Secret {
		d.secrets.Add(text)
	}
	field.Set(reflect.ValueOf(got).Convert(field.Type()))
	return nil
}

// fillFromValue fills parameters inside parameters from a template's map.
func (d *decoder) fillFromValue(into reflect.Value, p Param, n *expr.Node, v Value) error {
	m, ok := v.(*value.Map)
	if !ok {
		return fmt.Errorf("%s wants a map, not %s", p.Name, value.TypeName(v))
	}
	given := map[string]bool{}
	for key, val := range m.All() {
		inner, ok := find(p.Params, value.Text(key))
		if !ok {
			text := value.Text(key)
			return diagnostic.Problemf(n.Place, "unknown parameter %q in %s", text, p.Name).Suggest(text, suggest.Nearest(text, names(p.Params)), "")
		}
		if val == nil {
			continue
		}
		given[inner.Name] = true
		if err := d.setKnown(target(into.Field(inner.field)), inner, templated(n), val); err != nil {
			return fmt.Errorf("%s.%w", p.Name, err)
		}
	}
	for _, inner := range p.Params {
		if inner.Required && !given[inner.Name] {
			return (&diagnostic.Problem{Place: n.Place, Msg: fmt.Sprintf("%s needs %s", p.Name, inner.Name)}).WithHint("%s", inner.Doc)
		}
	}
	return nil
}

// fillEachFromValue fills one struct for each item of a template's list.
func (d *decoder) fillEachFromValue(into reflect.Value, p Param, n *expr.Node, v Value) error {
	items, ok := v.([]Value)
	if !ok {
		return fmt.Errorf("%s wants a list of maps, not %s", p.Name, value.TypeName(v))
	}
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	into.Set(list)
	for i, item := range items {
		one := Param{Name: fmt.Sprintf("%s[%d]", p.Name, i), Params: p.Params}
		if err := d.fillFromValue(list.Index(i), one, n, item); err != nil {
			return err
		}
	}
	return nil
}

// templated is a node at n's place whose text is not what was written.
func templated(n *expr.Node) *expr.Node { return &expr.Node{Place: n.Place, Tmpl: &expr.Template{}} }
