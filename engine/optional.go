package engine

import "runner/engine/expr"

// What single kinds add to Task stands here, each as an interface of its own. Whoever
// has one says so in the file of the kind:
//
//	var _ engine.Guard = (*Assert)(nil)
//
// As asks for it, of a task as New returns it: its parameters are not filled in yet.

// As returns a task of the kind as one of the optional interfaces, and whether it has that.
func As[T Task](k *Kind) (T, bool) {
	var none T
	if k == nil || k.New == nil {
		return none, false
	}
	t, ok := k.New().(T)
	return t, ok
}

// has reports whether the tasks of a kind have an optional interface.
func has[T Task](k *Kind) bool { _, ok := As[T](k); return ok }

// A ResourceUser is a Task that says what it reads or writes outside. Of two tasks
// that use the same resource, the one that stands first in the playbook goes first,
// unless both only read it.
type ResourceUser interface {
	Task
	Resources() []Resource
}

// A Resource is something outside that tasks use.
type Resource struct {
	// Path names it, with slashes: "addons/NAME". Whoever uses a path uses everything
	// below it. Of a File it is the file's name, relative to the playbook's folder.
	Path string
	File bool
	// Read: it is only read.
	Read bool
}

// A Namer is a Task that makes something of its task's name.
type Namer interface {
	Task
	TaskName(name string)
}

// claims reports whether tasks of the kind may use resources.
func (k *Kind) claims() bool { return has[ResourceUser](k) }

// An Unconditional is a Task that is done whatever its conditions say, where its arguments
// say so.
type Unconditional interface {
	Task
	Unconditional(args *expr.Node) bool
}

// A Guard is a Task that may stop the play on purpose: all that stands before it ends
// first, and nothing that stands after it starts sooner.
type Guard interface {
	Task
	Guard()
}

// A Definer is a Task that defines variables beside what it registers. Steps of such a
// kind are looped one item after the other.
type Definer interface {
	Task
	// Defines returns the variables that a task with these arguments, nil where it has
	// none, defines; more is true if it may define others.
	Defines(args *expr.Node) (names []string, more bool)
}

// A Declarer is a Task that says what there is to be: what it names is not pruned.
type Declarer interface {
	Task
	Declares()
}

// Declares reports whether tasks of the kind are Declarers.
func (k *Kind) Declares() bool { return has[Declarer](k) }

// Defines returns the variables that a task of the kind defines; see Definer.
func (k *Kind) Defines(args *expr.Node) (names []string, more bool) {
	if d, ok := As[Definer](k); ok {
		return d.Defines(args)
	}
	return nil, false
}

// A Displayer is a Task that says how it is printed. It is asked with its parameters
// filled in once it was planned.
type Displayer interface {
	Task
	Display() Display
}

// A Display says how a task is printed where nobody asked for more (-v).
type Display int

// The ways to print a task.
const (
	DisplayOutcome Display = iota // a line that says how it ended
	DisplayResult                 // its result as well, as it is, secrets included: debug
	DisplayMasked                 // its result as well, with secrets masked: assert
	// DisplayBanner: it is not counted, and has no line of its own unless it fails or is
	// skipped: meta.
	DisplayBanner
)

// Display returns how tasks of the kind are printed, as far as their parameters do not say otherwise.
func (k *Kind) Display() Display {
	if d, ok := As[Displayer](k); ok {
		return d.Display()
	}
	return DisplayOutcome
}

// tells reports whether the result of a task is printed without being asked for.
func tells(t Task) bool {
	d, ok := t.(Displayer)
	return ok && (d.Display() == DisplayResult || d.Display() == DisplayMasked)
}

// An Ender is a Task that may end its play without a failure.
type Ender interface {
	Task
	// MayEnd reports whether a task with these arguments may.
	MayEnd(args *expr.Node) bool
}

// An Includer is a Task that brings in files while its play runs. Where their names are
// written out, playbooks check them beforehand.
type Includer interface {
	Task
	Includes() Inclusion
}

// An Inclusion is what an Includer brings in.
type Inclusion int

// What is brought in.
const (
	IncludesNothing Inclusion = iota
	IncludesTasks             // the tasks of the file that the parameter file names
	IncludesRole              // the role that the parameter name names
	IncludesVars              // the variables of the file that the parameter file names
)

// Includes returns what tasks of the kind bring in.
func (k *Kind) Includes() Inclusion {
	if i, ok := As[Includer](k); ok {
		return i.Includes()
	}
	return IncludesNothing
}

// A FactGatherer is the Task with which a play begins that says gather_facts.
type FactGatherer interface {
	Task
	GathersFacts()
}

// A Pruner is a Task that removes what no play of a scope declares any more. A play that
// says prune ends with it; its parameters are scope and keep. It is skipped where only a
// part of the playbook is played.
type Pruner interface {
	Task
	Prunes()
}

// Prunes reports whether tasks of the kind are Pruners.
func (k *Kind) Prunes() bool { return has[Pruner](k) }

// changes reports whether tasks of the kind may change anything outside.
func (k *Kind) changes() bool {
	return k.Display() != DisplayResult && !has[Guard](k) && !has[Definer](k)
}
