package engine

import "runner/engine/expr"

// A Program is a checked playbook, ready to run: plain data and templates.
type Program struct {
	Plays []*Play
}

// A Play is a list of steps with variables of its own.
type Play struct {
	Place Place
	Name  *expr.Node // nil: shown as its hosts
	Hosts string     // as written, "localhost" where absent
	Vars  []Var
	Steps []*Step
	// File is the playbook it stands in, as the user named it; magic variables
	// and relative paths start there.
	File string
}

// A Var is a named value, evaluated when it is used.
type Var struct {
	Name  string
	Place Place // of the name
	Value *expr.Node
}

// A Step is a task of a play.
type Step struct {
	// ID is stable between two compilations of the same text: "1.3" is the
	// third task of the first play.
	ID    string
	Place Place
	Name  *expr.Node // nil: unnamed
	Kind  *Kind
	As    string     // the kind's name as the playbook writes it
	At    Place      // where that stands
	Args  *expr.Node // a Mapping; nil: none
	Vars  []Var
	When  []*Condition

	Register     string
	RegisterAt   Place
	Tags         []string   // inherited ones included
	IgnoreErrors *expr.Node // nil: false
	NoLog        *expr.Node // nil: false
	CheckMode    *expr.Node // nil: as the run
	Diff         *expr.Node // nil: as the run
	Allow        []string   // risks consented to in the playbook
}

// A Condition is one expression of a `when`.
type Condition struct {
	Text  string // as written
	Place Place
	Expr  *expr.Template
}
