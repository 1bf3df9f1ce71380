// Package value has the values of the language, as Python has them: what they are,
// how they compare, what can be computed with them, how they look as text, and the
// places and errors that belong to them.
//
// A Value is one of
//
//	nil            none
//	bool
//	int            64 bits
//	*big.Int       what an int cannot hold
//	float64
//	string
//	Markup         a text that is HTML already; only inside an evaluation
//	Secret         a text or a number that must not be shown
//	[]Value        a list
//	Tuple          a list in all but its type
//	*Map           an ordered map
//	*Undefined     a name that nothing defines; an error wherever it would be used
//	*Unknown       a value that only applying will tell; whatever touches it is Unknown
//
// While an expression is evaluated there are also Moment and Span (dates and the
// time between them), *Range, and Objects of the evaluation's own; none is stored.
//
// What may cost much is a method of Budget, which ends it when it is too much. The
// package knows no template, no playbook and no platform.
package value

import "runner/diagnostic"

// A Value is any value of the language; the package comment lists its types.
type Value = any

// A Tuple is Jinja's (1, 'a'). What a template prints or stores of it is a list.
type Tuple []Value

// Undefined stands for a name that nothing defines. It remembers where it came
// from, so that the error, reported where it is used, can say which name is meant.
type Undefined struct {
	Name  string // the expression as written: "result.nope"
	Hint  string // the whole message: "'nope' is undefined"
	Place diagnostic.Place

	Near    string          // what to do about it, if that is known
	Names   func() []string // of what could have been meant; may be nil
	Lenient bool            // of an inline if without else: empty in text
	// Failed is the error of a filter, test or lookup whose result this is; nil for a name
	// that nothing defines. `default` does not help against it, nothing but not using it does.
	Failed *Error
}

// Unknown stands for a value that is known only after Task was applied.
type Unknown struct {
	Task string // the name of the task it waits for
	// Made is, of an id, the one by which tasks of the check know what is not there yet; "" of
	// any other value. It is never shown.
	Made string
}

// KnownAfterApply is what an Unknown looks like where it is shown.
const KnownAfterApply = "(known after apply)"

// Omitted is the type of Omit.
type Omitted struct{}

// Omit is the value of the name `omit`: the argument, map entry or list item
// that evaluates to it is left out.
var Omit Value = Omitted{}

// An Object is a value that only an evaluation knows and that never leaves it: a
// namespace, a macro, a loop. It may also have Truth() bool, and Elements()
// ([]Value, error) if it can be gone over.
type Object interface {
	TypeName() string // as Python names it
}
