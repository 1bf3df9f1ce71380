package engine

import (
	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// wholeArgs reports whether all the parameters of a task are one template that comes to a map.
func wholeArgs(args *expr.Node) bool {
	return args != nil && args.Shape == expr.Scalar && args.Tmpl != nil
}

// opened returns the parameters of a task as a map, where they are one template: an empty
// map where that is not evaluated or not known yet.
func (d *decoder) opened(k *Kind, args *expr.Node) (*expr.Node, error) {
	empty := &expr.Node{Shape: expr.Mapping}
	if args == nil {
		return empty, nil
	}
	if !wholeArgs(args) {
		return args, nil
	}
	empty.Place = args.Place
	if d.context == nil {
		d.anyArgs(k)
		return empty, nil
	}
	v, err := args.Eval(d.context())
	if err != nil {
		return empty, err
	}
	switch v := value.Known(v).(type) {
	case *value.Map:
		return argsOf(v, args.Place), nil
	case *value.Unknown:
		d.unknown = v
		d.anyArgs(k)
		return empty, nil
	default:
		if v == value.Omit {
			return empty, nil
		}
		return empty, diagnostic.Problemf(args.Place, "the parameters of %s are %s, not a map", k.Name, value.Describe(v))
	}
}

// anyArgs notes that nothing is known of any parameter.
func (d *decoder) anyArgs(k *Kind) {
	for _, p := range k.Params() {
		d.vague = append(d.vague, p.Name)
	}
	d.passing = d.passing || d.unknown != nil
}

// argsOf returns a value as a playbook that holds it without templates.
func argsOf(v Value, at diagnostic.Place) *expr.Node {
	switch v := v.(type) {
	case *value.Map:
		n := &expr.Node{Shape: expr.Mapping, Place: at}
		for key, item := range v.All() {
			text := value.Text(key)
			n.Entries = append(n.Entries, expr.Entry{Key: &expr.Node{Place: at, Text: text, Value: text}, Value: argsOf(item, at)})
		}
		return n
	case []Value:
		n := &expr.Node{Shape: expr.Sequence, Place: at}
		for _, item := range v {
			n.Items = append(n.Items, argsOf(item, at))
		}
		return n
	}
	return &expr.Node{Place: at, Text: value.Text(v), Value: v}
}
