package engine

import (
	"context"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// An Effect is what a task does to the run itself, rather than to anything outside: one
// of Facts, Variables, IncludeFile, RoleCall, Control and Skip.
type Effect interface{ effect() }

// Facts are variables that hold from here on, in later plays too: set_fact.
type Facts struct{ Values *value.Map }

// Variables are variables that were read from a file. Facts win over them.
type Variables struct {
	List []Var
	// Merge: maps are merged with what their variables hold.
	Merge bool
}

// An IncludeFile is a file of tasks that come next: include_tasks.
type IncludeFile string

// A RoleCall says which role an include_role brings in, whose tasks come next, and what
// of it: the names of files, without ending; "" means main.
type RoleCall struct {
	Name                            string
	Tasks, Vars, Defaults, Handlers string
	// Public: the rest of the play sees its variables.
	Public bool
}

// A Control is what a task demands of the run: meta.
type Control string

// What a task can demand.
const (
	NoControl     Control = ""
	EndPlay       Control = "end_play"       // what follows in this play is not done, and that is no failure
	EndRole       Control = "end_role"       // what follows in the role of the task is not done
	FlushHandlers Control = "flush_handlers" // handlers that were notified run now
)

// A Skip says why there is nothing to do for this run: the step counts as skipped.
type Skip string

func (Facts) effect()       {}
func (Variables) effect()   {}
func (IncludeFile) effect() {}
func (RoleCall) effect()    {}
func (Control) effect()     {}
func (Skip) effect()        {}

// include reads the tasks that come next; nil where the effect brings none in.
func (a *attempt) include(ctx context.Context, e Effect) (*Included, error) {
	opt := &a.play.opt
	switch e := e.(type) {
	case RoleCall:
		if opt.LoadRole != nil {
			return opt.LoadRole(ctx, a.step, e)
		}
	case IncludeFile:
		if opt.Load != nil {
			return opt.Load(ctx, a.step, string(e))
		}
	default:
		return nil, nil
	}
	return nil, diagnostic.Problemf(a.step.Place, "files of tasks cannot be read here")
}

// define sets the variables that the task sets.
func (a *attempt) define(e Effect) {
	switch e := e.(type) {
	case Facts:
		facts, _ := value.MarkNamed(e.Values).(*value.Map)
		if a.noLog {
			facts, _ = value.Mark(facts).(*value.Map)
		}
		for name, v := range facts.All() {
			a.play.facts.set(value.OpenText(name), a.scope.at, registered{value: v})
		}
	case Variables:
		for _, v := range e.List {
			if e.Merge {
				v.Value = a.merged(v)
			}
			if a.noLog {
				v.Value = v.Value.Marked()
			}
			a.play.included.set(v.Name, a.scope.at, registered{lazy: &v})
		}
	}
}
