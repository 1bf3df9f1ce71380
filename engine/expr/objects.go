package expr

import "runner/engine/expr/value"

// An object has attributes that are no methods of the table.
type object interface {
	attr(name string) (v value.Value, ok bool)
}

// A namespace has attributes that {% set ns.x = … %} changes.
type namespace struct{ values *value.Map }

func (*namespace) TypeName() string { return "Namespace" }

func (n *namespace) attr(name string) (value.Value, bool) { return n.values.Get(name) }

// NewNamespace returns a namespace with its first attributes.
func NewNamespace(values *value.Map) value.Value { return &namespace{values} }

// allVars is the name `vars`: every variable as an attribute.
type allVars struct{}

func (allVars) TypeName() string { return "dict" }

// A native is a function that remembers something.
type native struct {
	name string
	do   func(args []value.Value) (value.Value, error)
}

func (*native) TypeName() string { return "function" }

// NewJoiner returns a function whose first result is empty, and sep from then on.
func NewJoiner(sep value.Value) value.Value {
	used := false
	return &native{"joiner", func(args []value.Value) (value.Value, error) {
		if len(args) > 0 {
			return nil, value.Errorf(value.TypeError, "a joiner takes no arguments")
		}
		if used {
			return sep, nil
		}
		used = true
		return "", nil
	}}
}

// A cycler goes through values again and again.
type cycler struct {
	items []value.Value
	i     int
}

func (*cycler) TypeName() string { return "Cycler" }

// NewCycler returns a cycler, which has current, next() and reset().
func NewCycler(items []value.Value) (value.Value, error) {
	if len(items) == 0 {
		return nil, value.Errorf(value.TypeError, "'cycler' needs values to go through")
	}
	return &cycler{items: items}, nil
}

func (c *cycler) attr(name string) (value.Value, bool) {
	switch name {
	case "current":
		return c.items[c.i], true
	case "next":
		return &native{name, func([]value.Value) (value.Value, error) {
			v := c.items[c.i]
			c.i = (c.i + 1) % len(c.items)
			return v, nil
		}}, true
	case "reset":
		return &native{name, func([]value.Value) (value.Value, error) {
			c.i = 0
			return nil, nil
		}}, true
	}
	return nil, false
}

// numberAttr returns what .name is of a number.
func numberAttr(v value.Value, name string) (value.Value, bool) {
	real, _ := value.Signed("+", v)
	_, isFloat := v.(float64)
	switch {
	case name == "real", name == "numerator" && !isFloat:
		return real, true
	case name == "imag" && isFloat:
		return 0.0, true
	case name == "imag":
		return 0, true
	case name == "denominator" && !isFloat:
		return 1, true
	}
	return nil, false
}

// pairAttr returns what .name is of a pair: groupby's have grouper and list.
func pairAttr(t value.Tuple, name string) (value.Value, bool) {
	switch {
	case len(t) == 2 && name == "grouper":
		return t[0], true
	case len(t) == 2 && name == "list":
		return t[1], true
	}
	return nil, false
}
