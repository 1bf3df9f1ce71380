package expr

import "runner/engine/expr/value"

// A namespace is a bag of attributes that {% set ns.x = … %} can change.
type namespace struct{ values *value.Map }

func (*namespace) TypeName() string { return "Namespace" }

// NewNamespace makes a namespace of its first attributes.
func NewNamespace(values *value.Map) value.Value { return &namespace{values} }

// allVars is the name `vars`: every variable as an attribute.
type allVars struct{}

func (allVars) TypeName() string { return "dict" }
