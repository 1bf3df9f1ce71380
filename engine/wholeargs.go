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
