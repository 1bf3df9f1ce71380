// Package engine runs a program: it plans and applies each step, in an order
// that is safe, and reports what happened. It knows no platform and no file.
package engine

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"runner/engine/expr/value"
)

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
}

// Summary returns the first sentence of Doc, for lists.
func (k *Kind) Summary() string {
	first, _, more := strings.Cut(k.Doc, ". ")
	if more {
		first += "."
	}
	return first
}

// Params returns the parameters of a kind, in the order of its struct.
func (k *Kind) Params() []Param { return structParams(reflect.TypeOf(k.New()).Elem()) }

// A Task is one use of a kind with its parameters filled in.
//
// Plan reads the world and says what is to be done. The Host that it is given
// cannot write: its HTTP client refuses everything but GET and HEAD.
// Plan may be called more than once. An error about one argument is wrapped
// with About, so that it is reported at the argument's place. In a check an error
// that is a value.UnknownError says that what there is to do is unknown until a run.
type Task interface {
	Plan(ctx context.Context, h *Host) (Change, error)
}

// An Action is what a Change does to its object.
type Action int

// The actions.
const (
	None Action = iota
	Create
	Update
	Migrate // an update in which the object moves: it is the same one, elsewhere
	Replace
	Delete
)

var actionNames = [...]string{"none", "create", "update", "migrate", "replace", "delete"}

func (a Action) String() string { return actionNames[a] }

// Destroys reports whether the action removes something that exists.
func (a Action) Destroys() bool { return a == Replace || a == Delete }

// A Change is what a Task would do. The zero Change does nothing.
type Change struct {
	Action Action
	Object string // what it is done to, in plain words: `add-on "main-db"`
	Attrs  []Attr // the diff
	Parts  []Part // the single objects, where there are several: a prune; else none
	Price  *Price // what the object costs; nil: nothing by itself
	Risk   string // "its data is lost"; empty when there is none
	Allow  string // the word for the consent that the risk needs, one of Risks; "": none
	// Consent is who gave that: see ByFlag. The engine sets it.
	Consent string
	// Unknown: whether there is anything to do, or what exactly, hangs on a value that
	// only the run itself will show. It is set in a check only.
	Unknown bool
	Result  Value // what register holds if nothing is done, or as far as it is known before
	// Effect is what it does to the run itself; nil where it does nothing to it.
	Effect Effect
	// Assume notes, in a check, what the change would make of the world, so that what later
	// tasks of the check read is as they will find it. It is called in the place of Do, where
	// a run would call that. Nil: later tasks read nothing that the change touches.
	Assume func()
	// Do applies the change and returns what register holds. It is called at most
	// once, with a Host that can write. Nil where Action is None.
	Do func(ctx context.Context, h *Host) (Value, error)
}

// Destroys reports whether the change destroys something, or risks to. It waits
// until everything above it has ended well.
func (c Change) Destroys() bool { return c.Action.Destroys() || c.Risk != "" }

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
	// Dir is the folder of the playbook: relative paths start there.
	Dir string
	// Scope is what the play calls all that it declares, "" where it says no prune.
	Scope string
	// Given are the variables from outside, each with a digest of its value. With are those
	// of them that decide what the play declares.
	Given, With map[string]string
	// Playbook is the file of the play, as the user named it.
	Playbook string
	// Check is true when nothing will be applied.
	Check bool
	// Verbosity counts the -v.
	Verbosity int
	// Secrets is where a task notes values that must not be shown.
	Secrets *Secrets
	// Warn warns the user; it stops nothing.
	Warn func(text string)
	// Progress says where a long change stands.
	Progress func(text string)
	// Say prints a line for whoever watches the run.
	Say func(text string)
	// Prompt asks the user. It fails with ErrNobody where there is none.
	Prompt func(ctx context.Context, q Question) (string, error)
	// ReadVars reads files of variables, as seen from where the task stands.
	ReadVars func(ctx context.Context, which VarsQuery) ([]Var, error)

	// Pending is read before an object is changed: what earlier tasks registered of it.
	Pending *Pending
	// Context ends when the run is interrupted: for what is read after the task.
	Context context.Context //nolint:containedctx // it outlives the call that the Host is made for

	mentions func(part string) bool
	status   func(text string)
}

// Status says where the work stands, to whom it may watch it. Unlike Progress it is in no
// report.
func (h *Host) Status(text string) {
	if h.status != nil {
		h.status(text)
	}
}

// Mentioned reports whether the program mentions a part of this task's registered
// result by its name ("env"): whoever is going to read it soon may as well read it now.
// It is a hint: a part that costs a request and is not read now is a Later, so that it
// is read by whoever uses it, by whatever way.
func (h *Host) Mentioned(part string) bool { return h.mentions != nil && h.mentions(part) }

// Later returns a value that is read when it is used: a part of a result that costs a
// request. It is a part of an object; whoever changes that has it read before, see
// [Pending].
func (h *Host) Later(object string, read func(context.Context) (Value, error)) Value {
	ctx := h.Context
	return value.NewLater(object, func() (Value, error) { return read(ctx) })
}
