// Package engine runs a program: it plans and applies each step, in an order
// that is safe, and tells what happened. It knows no platform and no file.
package engine

import (
	"context"
	"net/http"

	"runner/engine/expr"
)

// A Value is a value of the language; see package expr.
type Value = expr.Value

// A Kind is what a task can be. Its parameters are the exported fields of what
// New returns; params.go says how their tags are read.
type Kind struct {
	Name string      // as playbooks write it: "addon_register"
	Full string      // its full name, if it has one: "noa.clevercloud.addon_register"
	Doc  string      // first sentence: the list; the rest: its reference page
	New  func() Task // a pointer to a struct of parameters, ready to be filled
	// Example is a playbook that uses it, for its reference page: a list of tasks.
	Example string
	// Returns is what its result holds, beside changed and failed.
	Returns []Return
	// Guard marks a kind that may stop the play on purpose: all that stands
	// before it ends first, and nothing that stands after it starts sooner.
	Guard bool
	// Hidden lists paths of the result whose values are never shown unless a
	// debug names them: "env".
	Hidden []string
	// Shows marks a kind whose result is its purpose: it is printed even
	// without -v, and as it is, secrets included.
	Shows bool
}

// A Return is one value of a kind's result.
type Return struct{ Name, Doc string }

// A Task is one use of a kind with its parameters filled in.
//
// Plan reads the world and says what is to be done. The Host that it is given
// cannot write: its HTTP client refuses everything but GET and HEAD.
// Plan may be called more than once. An error about one argument is wrapped
// with About, so that it can be told at the argument's place.
type Task interface {
	Plan(ctx context.Context, h *Host) (Change, error)
}

// A Toucher names what its task reads or writes outside. Names are paths with
// slashes; of two tasks that touch the same path, or one path and another below
// it, the one that stands first in the playbook goes first.
type Toucher interface{ Touches() []string }

// An Action is what a Change does to its object.
type Action int

// The actions.
const (
	None Action = iota
	Create
	Update
	Replace
	Delete
)

var actionNames = [...]string{"none", "create", "update", "replace", "delete"}

func (a Action) String() string { return actionNames[a] }

// Destroys reports whether the action removes something that exists.
func (a Action) Destroys() bool { return a == Replace || a == Delete }

// A Change is what a Task would do. The zero Change does nothing.
type Change struct {
	Action Action
	Object string // what it is done to, in a person's words: `add-on "main-db"`
	Attrs  []Attr // the diff
	Risk   string // "its data is lost": needs consent; empty when there is none
	Allow  string // what gives that consent: "delete", "replace", "migrate"
	Skip   string // why there is nothing to do for this run: the step counts as skipped
	Result Value  // what register holds if nothing is done, or as far as it is known before
	// Do applies the change and gives what register holds. It is called at most
	// once, with a Host that can write. Nil where Action is None.
	Do func(ctx context.Context, h *Host) (Value, error)
}

// An Attr is one difference.
type Attr struct {
	Path          string // "plan"
	Before, After Value  // nil: absent
	Secret        bool   // values are not shown
}

// A Host is what a task may use while it plans or applies.
type Host struct {
	// HTTP goes out. While planning it refuses every method but GET and HEAD
	// with ErrReadOnly.
	HTTP *http.Client
	// Task is the task's name as shown, "" if it has none.
	Task string
	// Check is true when nothing will be applied.
	Check bool
	// Verbosity counts the -v.
	Verbosity int
	// Secrets is where a task notes values that must not be shown.
	Secrets *Secrets
	// Warn tells the user something that stops nothing.
	Warn func(text string)
	// Progress tells where a long change stands.
	Progress func(text string)

	wants func(path string) bool
}

// Wants reports whether the program mentions the part of this task's registered
// result that a path names ("env"), so that what nobody reads need not be fetched.
func (h *Host) Wants(path string) bool { return h.wants == nil || h.wants(path) }
