package engine

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/suggest"
)

// A decoder fills a task's parameters with evaluated arguments.
type decoder struct {
	context func() *expr.Context // a fresh one per argument
	tested  func(n *expr.Node) Tested
	secrets *Secrets
	unknown *value.Unknown // the first argument's that cannot be known yet
	marked  []string       // the texts of the secrets among the arguments
}

// decode makes the task. Where an argument cannot be known yet, d.unknown is set
// and the task is not usable. The error is placed at the argument.
func (d *decoder) decode(k *Kind, args *expr.Node) (Task, error) {
	task := k.New()
	if args == nil {
		return task, nil
	}
	return task, d.fill(reflect.ValueOf(task).Elem(), k.Params(), args)
}

func (d *decoder) fill(into reflect.Value, params []Param, n *expr.Node) error {
	for _, e := range n.Entries {
		p, ok := find(params, e.Key.Text)
		if !ok {
			return diagnostic.Problemf(e.Key.Place, "unknown parameter %q", e.Key.Text)
		}
		err := error(nil)
		if p.Type == FreeParam {
			err = d.setFree(into.Field(p.field), e)
		} else {
			err = d.set(into.Field(p.field), p, e.Value)
		}
		if err != nil {
			return diagnostic.From(err, e.Value.Place)
		}
	}
	return nil
}

func (d *decoder) set(field reflect.Value, p Param, n *expr.Node) error {
	switch p.Type {
	case ExpressionParam:
		return d.setExpression(field, n)
	case ConditionsParam:
		d.setConditions(field, n)
		return nil
	}
	if p.Type == NestedParam && n.Shape == expr.Mapping {
		return d.fill(target(field), p.Params, n)
	}
	if p.Type == NestedListParam && n.Shape == expr.Sequence {
		return d.fillEach(field, p, n)
	}
	if p.holdsText() {
		n = written(n)
	}
	v, err := n.Eval(d.context())
	if err != nil {
		return err
	}
	if v == nil && p.Type != AnyParam || v == value.Omit {
		return d.checkPresent(p, n)
	}
	if !p.Marked {
		v = d.open(v)
	}
	if p.Type == AnyParam {
		field.Set(reflect.ValueOf(&v).Elem())
		return nil
	}
	if u, ok := value.HasUnknown(v); ok {
		d.unknown = u
		return nil
	}
	return d.setKnown(target(field), p, n, v)
}

// open returns an argument in clear, and takes note of the secrets in it: the task
// may repeat them.
func (d *decoder) open(v Value) Value {
	d.marked = append(d.marked, value.SecretTexts(v)...)
	d.secrets.AddMarked(v)
	return value.Open(v)
}

// fillEach fills one struct for each item of a list.
func (d *decoder) fillEach(field reflect.Value, p Param, n *expr.Node) error {
	list := reflect.MakeSlice(field.Type(), len(n.Items), len(n.Items))
	field.Set(list)
	for i, item := range n.Items {
		one := Param{Name: fmt.Sprintf("%s[%d]", p.Name, i), Type: NestedParam, Params: p.Params}
		if err := d.set(list.Index(i), one, item); err != nil {
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

func (d *decoder) setExpression(field reflect.Value, n *expr.Node) error {
	e := Expression{Text: n.Text}
	c := d.context()
	c.ShowErrors = true
	v, err := n.Eval(c)
	if x, ok := errors.AsType[*value.Error](err); ok && x.Class == value.UndefinedError {
		e.Err = err
	} else if err != nil {
		return err
	}
	e.Value = v
	field.Set(reflect.ValueOf(e))
	return nil
}

// setFree notes a name that is no parameter's, with its value.
func (d *decoder) setFree(field reflect.Value, e expr.Entry) error {
	key, err := e.Key.Eval(d.context())
	if err != nil {
		return err
	}
	name := value.OpenText(key)
	if u, ok := key.(*value.Unknown); ok {
		d.unknown = u
		return nil
	}
	if !IsName(name) {
		return diagnostic.Problemf(e.Key.Place, "%q is no name of a variable", value.Text(key))
	}
	v, err := e.Value.Eval(d.context())
	if err != nil || v == value.Omit {
		return err
	}
	if field.IsNil() {
		field.Set(reflect.ValueOf(&value.Map{}))
	}
	field.Interface().(*value.Map).Set(name, v)
	return nil
}

func (d *decoder) setConditions(field reflect.Value, n *expr.Node) {
	var list Conditions
	nodes := []*expr.Node{n}
	if n.Shape == expr.Sequence {
		nodes = n.Items
	}
	for _, c := range nodes {
		list = append(list, d.tested(c))
	}
	field.Set(reflect.ValueOf(list))
}

func (d *decoder) setKnown(field reflect.Value, p Param, n *expr.Node, v Value) error {
	switch p.Type {
	case NestedParam:
		return d.fillFromValue(field, p, n, v)
	case NestedListParam:
		return d.fillEachFromValue(field, p, n, v)
	case ListParam:
		return d.setList(field, p, n, v)
	case TextMapParam:
		return d.setTextMap(field, p, n, v)
	}
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

func (d *decoder) setList(field reflect.Value, p Param, n *expr.Node, v Value) error {
	var list []string
	switch v := v.(type) {
	case string:
		for item := range strings.SplitSeq(v, ",") {
			list = append(list, strings.TrimSpace(item))
		}
	case []Value:
		for i, item := range v {
			text, err := itemText(fmt.Sprintf("%s[%d]", p.Name, i), item)
			if err != nil {
				return err
			}
			list = append(list, text)
		}
	default:
		return fmt.Errorf("%s wants a list, not %s", p.Name, value.TypeName(v))
	}
	field.Set(reflect.ValueOf(list))
	return nil
}

func (d *decoder) setTextMap(field reflect.Value, p Param, n *expr.Node, v Value) error {
	m, ok := v.(*value.Map)
	if !ok {
		return fmt.Errorf("%s wants a map, not %s", p.Name, value.TypeName(v))
	}
	texts := make(map[string]string, m.Len())
	for key, val := range m.All() {
		name := value.Text(key)
		text, err := itemText(p.Name+"."+name, val)
		if err != nil {
			return diagnostic.From(err, placeOf(n, name))
		}
		texts[name] = text
	}
	field.Set(reflect.ValueOf(texts))
	return nil
}

// placeOf returns where the value under a key was written.
func placeOf(n *expr.Node, key string) diagnostic.Place {
	if part := n.Get(key); part != nil {
		return part.Place
	}
	return n.Place
}

// written returns a node whose scalars are texts as they were written, keys too: 0755 is
// "0755" and NO is "NO". What is nothing stays nothing, and templates stay templates.
func written(n *expr.Node) *expr.Node {
	if n == nil {
		return nil
	}
	text := *n
	if n.Shape == expr.Scalar && n.Tmpl == nil && n.Value != nil {
		text.Value = n.Text
	}
	text.Items, text.Entries = slices.Clone(n.Items), slices.Clone(n.Entries)
	for i, item := range text.Items {
		text.Items[i] = written(item)
	}
	for i, e := range text.Entries {
		text.Entries[i] = expr.Entry{Key: writtenKey(e.Key), Value: written(e.Value)}
	}
	return &text
}

// writtenKey is written for a key, which is a text even where it looks like nothing.
func writtenKey(n *expr.Node) *expr.Node {
	text := *n
	if n.Tmpl == nil {
		text.Value = n.Text
	}
	return &text
}

// itemText returns the text of an item: a boolean that a template returned is written as
// the platform writes it.
func itemText(path string, v Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", fmt.Errorf("%s is nothing, and text is wanted: write \"\" for an empty text", path)
	case bool:
		return strconv.FormatBool(v), nil
	case []Value, *value.Map:
		return "", fmt.Errorf("%s wants text, not %s", path, value.TypeName(v))
	}
	return value.Text(v), nil
}

// scalarAs converts a scalar to the type of a parameter, by Ansible's rules
// (docs/language.md §3), except that text stays as it was written.
func scalarAs(p Param, text string, v Value) (any, error) {
	switch p.Type {
	case BoolParam:
		return asBool(text, v)
	case IntParam:
		return asInt(text, v)
	case FloatParam:
		return asFloat(text, v)
	}
	switch v.(type) {
	case []Value, *value.Map:
		return nil, fmt.Errorf("text is wanted, not %s", value.TypeName(v))
	}
	if len(p.Choices) > 0 && !slices.Contains(p.Choices, text) {
		hint := suggest.DidYouMean(text, p.Choices)
		if hint == "" {
			hint = "it must be one of " + strings.Join(p.Choices, ", ")
		}
		return nil, fmt.Errorf("%q is not allowed; %s", text, hint)
	}
	return text, nil
}

func asBool(text string, v Value) (any, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	switch strings.ToLower(text) {
	case "yes", "on", "1", "true", "t", "y", "1.0":
		return true, nil
	case "no", "off", "0", "false", "f", "n", "0.0":
		return false, nil
	}
	return nil, fmt.Errorf("%q is neither true nor false", text)
}

func asInt(text string, v Value) (any, error) {
	switch v := v.(type) {
	case int:
		return v, nil
	case *big.Int:
		return nil, fmt.Errorf("%s is too large", v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int(v), nil
		}
	case string:
		if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%q is not a whole number", text)
}

func asFloat(text string, v Value) (any, error) {
	switch v := v.(type) {
	case int:
		return float64(v), nil
	case float64:
		return v, nil
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%q is not a number", text)
}
