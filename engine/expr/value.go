// Package expr knows the values of the language and evaluates {{ templates }}:
// Jinja2's expressions and the few statements that playbooks use, as
// ansible-core 2.19 gives them meaning.
//
// A Value is one of
//
//	nil            none
//	bool
//	int            64 bits
//	*big.Int       what an int cannot hold
//	float64
//	string
//	[]Value        a list
//	Tuple          a list in all but its type
//	*Map           an ordered map
//	*Undefined     a name that nothing defines; an error wherever it would be used
//	*Unknown       a value that only applying will give; whatever touches it is Unknown
//
// Values that came from outside (an API, a lookup) are data: no string is ever
// taken for a template. Only Parse makes templates.
package expr

import "runner/diagnostic"

// A Value is any value of the language; the package comment lists its types.
type Value = any

// A Tuple is Jinja's (1, 'a'). Stored or printed it is a list.
type Tuple []Value

// Undefined stands for a name that nothing defines. It remembers where it was
// born, so that the error, told where it is used, can say which name is meant.
type Undefined struct {
	Name  string // the expression as written: "result.nope"
	Hint  string // the whole message: "'nope' is undefined"
	Place diagnostic.Place

	near    string          // a hint: similar names
	names   func() []string // of what could have been meant; may be nil
	lenient bool            // of an inline if without else: empty in text
}

// Unknown stands for a value that is known only after Task was applied.
type Unknown struct {
	Task string // the name of the task it waits for
}

// KnownAfterApply is what an Unknown looks like where it is shown.
const KnownAfterApply = "(known after apply)"

type omit struct{}

// Omit is the value of the name `omit`: the argument, map entry or list item
// that evaluates to it is left out.
var Omit Value = omit{}
