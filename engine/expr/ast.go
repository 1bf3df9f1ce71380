package expr

import "runner/engine/expr/value"

// An expression is a node of the tree below {{ }}. Offsets count bytes of the
// template's text and lead to places.
type expression interface {
	eval(st *state) (value.Value, error)
	at() int
}

// pos is the offset that errors of a node point at: a name, or an operator.
type pos int

func (p pos) at() int { return int(p) }

type (
	constant struct {
		pos
		value value.Value
	}
	name struct {
		pos
		name string
	}
	attribute struct {
		pos
		of   expression
		name string
	}
	index struct {
		pos
		of, key expression
	}
	// slice stands only as the key of an index; parts left out are nil.
	slice struct {
		pos
		lo, hi, step expression
	}
	call struct {
		pos
		fn   expression
		args []argument
	}
	filtering struct {
		pos
		of     expression
		filter *operation
		name   string
		args   []argument
	}
	tested struct {
		pos
		of   expression
		test *operation
		name string
		args []argument
		not  bool
	}
	unary struct {
		pos
		op string
		of expression
	}
	binary struct {
		pos
		op   string
		l, r expression
	}
	concat struct {
		pos
		parts []expression
	}
	// comparison is a chain: first ops[0] rest[0] ops[1] rest[1] …
	comparison struct {
		pos
		first expression
		ops   []string
		rest  []expression
		poss  []int
	}
	and struct {
		pos
		l, r expression
	}
	or struct {
		pos
		l, r expression
	}
	not struct {
		pos
		of expression
	}
	// conditional is `then if test else other`; other may be nil.
	conditional struct {
		pos
		test, then, other expression
	}
	list struct {
		pos
		items []expression
		tuple bool
	}
	dict struct {
		pos
		keys, values []expression
	}
	// embedded is a template in a string of a condition; its value is text.
	embedded struct {
		pos
		body []statement
	}
)

// An argument is one of a call: plain, named, *spread or **spread.
type argument struct {
	name   string
	spread int // 1: *x, 2: **x
	value  expression
}

// A statement is a node of the tree of a whole template.
type statement interface {
	exec(st *state, out *output) error
}

type (
	text string

	printing struct{ value expression }

	// choice is if, elif…, else: bodies has one more than tests if there is an else.
	choice struct {
		tests  []expression
		bodies [][]statement
	}
	loop struct {
		pos
		target    *target
		over      expression
		test      expression // nil: all
		body      []statement
		otherwise []statement
		recursive bool
	}
	setting struct {
		pos
		target *target
		value  expression
	}
	// capture is {% set x %}…{% endset %}.
	capture struct {
		pos
		target *target
		body   []statement
		filter *filtering // nil: none; its innermost `of` is nil
	}
	// filtered is {% filter f %}…{% endfilter %}.
	filtered struct {
		filter *filtering
		body   []statement
	}
	with struct {
		pos
		targets []*target
		values  []expression
		body    []statement
	}
	macro struct {
		pos
		name     string
		params   []string
		defaults []expression // as long as params; nil: none
		body     []statement
	}
)

// A target is what is assigned to: a name, an attribute of a namespace, or several.
type target struct {
	pos
	name  string
	attr  string
	parts []*target // a, b in `for a, b in …`
}

// names calls f with each name that the target binds.
func (t *target) names(f func(string)) {
	for _, p := range t.parts {
		p.names(f)
	}
	if t.parts == nil && t.attr == "" {
		f(t.name)
	}
}
