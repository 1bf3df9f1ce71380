// Package syntax reads templates: text with {{ expressions }}, {% statements %} and
// {# comments #} becomes a tree. It also tells which names a template mentions. It
// knows no variable and what no filter does, only the names of those that there are.
package syntax

import "runner/engine/expr/value"

// An Expression is a node of the tree below {{ }}. Offsets count bytes of the
// template's text and lead to places.
type Expression interface{ At() int }

// Pos is the offset that errors of a node point at: a name, or an operator.
type Pos int

// At returns the offset.
func (p Pos) At() int { return int(p) }

type (
	// A Constant is a literal, or one of the words true, false and none.
	Constant struct {
		Pos
		Value value.Value
	}
	// A Name is a variable, or a function.
	Name struct {
		Pos
		Name string
	}
	// An Attribute is of.name.
	Attribute struct {
		Pos
		Of   Expression
		Name string
		Key  value.Value // the name, as a key of a map
	}
	// An Index is of[key].
	Index struct {
		Pos
		Of, Key Expression
	}
	// Slice stands only as the key of an index; parts left out are nil.
	Slice struct {
		Pos
		Lo, Hi, Step Expression
	}
	// A Call is fn(args).
	Call struct {
		Pos
		Fn   Expression
		Args []Argument
	}
	// A Filter is of | name(args); of is nil innermost where a block is filtered.
	Filter struct {
		Pos
		Of   Expression
		Name string // without its collection: "upper"
		Args []Argument
	}
	// A Test is of is name(args), or with Not, is not.
	Test struct {
		Pos
		Of   Expression
		Name string // without its collection
		Args []Argument
		Not  bool
	}
	// A Unary is -x and +x.
	Unary struct {
		Pos
		Op string
		Of Expression
	}
	// A Binary is arithmetic.
	Binary struct {
		Pos
		Op   string
		L, R Expression
	}
	// A Concat is a ~ b ~ ….
	Concat struct {
		Pos
		Parts []Expression
	}
	// Comparison is a chain: first ops[0] rest[0] ops[1] rest[1] …
	Comparison struct {
		Pos
		First Expression
		Ops   []string
		Rest  []Expression
		Poss  []int
	}
	// An And is l and r.
	And struct {
		Pos
		L, R Expression
	}
	// An Or is l or r.
	Or struct {
		Pos
		L, R Expression
	}
	// A Not is not x.
	Not struct {
		Pos
		Of Expression
	}
	// Conditional is `then if test else other`; other may be nil.
	Conditional struct {
		Pos
		Test, Then, Other Expression
	}
	// A List is [a, b], or with Tuple, (a, b).
	List struct {
		Pos
		Items []Expression
		Tuple bool
	}
	// A Dict is {k: v}.
	Dict struct {
		Pos
		Keys, Values []Expression
	}
	// Embedded is a template in a string of a condition; its value is text.
	Embedded struct {
		Pos
		Body []Statement
	}
)

// An Argument is one of a call: plain, named, *spread or **spread.
type Argument struct {
	Name   string
	Spread int // 1: *x, 2: **x
	Value  Expression
}

// A Statement is a node of the tree of a whole template.
type Statement interface{ statement() }

type (
	// A Text is what stands outside of all markers.
	Text string

	// A Print is {{ value }}.
	Print struct{ Value Expression }

	// If is if, elif…, else: bodies has one more than tests if there is an else.
	If struct {
		Tests  []Expression
		Bodies [][]Statement
	}
	// A For is a loop.
	For struct {
		Pos
		Target    *Target
		Over      Expression
		Test      Expression // nil: all
		Body      []Statement
		Otherwise []Statement
		Recursive bool
	}
	// A Set is {% set x = … %}.
	Set struct {
		Pos
		Target *Target
		Value  Expression
	}
	// Capture is {% set x %}…{% endset %}.
	Capture struct {
		Pos
		Target *Target
		Body   []Statement
		Filter *Filter // nil: none; its innermost `of` is nil
	}
	// FilterBlock is {% filter f %}…{% endfilter %}.
	FilterBlock struct {
		Filter *Filter
		Body   []Statement
	}
	// A With is {% with a = 1 %}…{% endwith %}.
	With struct {
		Pos
		Targets []*Target
		Values  []Expression
		Body    []Statement
	}
	// A Macro is {% macro name(params) %}…{% endmacro %}, or what a CallBlock hands on.
	Macro struct {
		Pos
		Name     string
		Params   []string
		Defaults []Expression // as long as params; nil: none
		Body     []Statement

		Varargs, Kwargs, Caller bool // which of these names its body mentions
	}
	// A CallBlock is {% call(params) macro(args) %}…{% endcall %}.
	CallBlock struct {
		Pos
		Call   *Call
		Caller *Macro
	}
	// An Include is {% include name %}.
	Include struct {
		Pos
		Name           Expression
		IgnoreMissing  bool
		WithoutContext bool
	}
	// An Import is {% import name as m %}, or {% from name import a, b as c %}.
	Import struct {
		Pos
		Name        Expression
		As          string
		Names       [][2]string // the name there and the name here
		WithContext bool
	}
	// A Block is {% block name %}…{% endblock %}.
	Block struct {
		Pos
		Name     string
		Body     []Statement
		Scoped   bool
		Required bool
	}
	// Extends is {% extends name %}.
	Extends struct {
		Pos
		Name Expression
	}
	// Autoescape is {% autoescape value %}…{% endautoescape %}.
	Autoescape struct {
		Value Expression
		Body  []Statement
	}
)

func (Text) statement()         {}
func (*Print) statement()       {}
func (*If) statement()          {}
func (*For) statement()         {}
func (*Set) statement()         {}
func (*Capture) statement()     {}
func (*FilterBlock) statement() {}
func (*With) statement()        {}
func (*Macro) statement()       {}

func (*CallBlock) statement()  {}
func (*Include) statement()    {}
func (*Import) statement()     {}
func (*Block) statement()      {}
func (*Extends) statement()    {}
func (*Autoescape) statement() {}

// A Target is what is assigned to: a name, an attribute of a namespace, or several.
type Target struct {
	Pos
	Name  string
	Attr  string
	Parts []*Target // a, b in `for a, b in …`
}

// names calls f with each name that the target binds.
func (t *Target) names(f func(string)) {
	for _, p := range t.Parts {
		p.names(f)
	}
	if t.Parts == nil && t.Attr == "" {
		f(t.Name)
	}
}

// Names are the words that a template may call without defining them.
type Names struct {
	Filters, Tests, Globals map[string]bool
}
