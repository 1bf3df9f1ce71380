package engine

import "runner/engine/expr/value"

// A Value is a value of the language; see package expr.
type Value = value.Value
