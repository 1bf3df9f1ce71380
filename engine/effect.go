package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// An Effect is what a task does to the run itself, rather than to anything outside: one
// of Facts, Variables, IncludeFile, RoleCall, Control and Skip.
type Effect interface{ effect() }

// Facts are variables that hold from here on, in later plays too: set_fact.
type Facts struct {
	Values *value.Map
	// Gathered are those that ansible_facts has from here on, beside those that it had; nil: none.
	Gathered *value.Map
}

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
	ClearFacts    Control = "clear_facts"    // ansible_facts is empty
)

// A Skip says why there is nothing to do for this run: the step counts as skipped.
type Skip string

func (Facts) effect()       {}
func (Variables) effect()   {}
func (IncludeFile) effect() {}
func (RoleCall) effect()    {}
func (Control) effect()     {}
func (Skip) effect()        {}

// A certainFailure is an error that ignore_errors does not pass over: what a task brings in
// cannot be read, or nobody defines a handler that it notifies.
type certainFailure struct{ error }

func (e *certainFailure) Unwrap() error { return e.error }

// ignorable reports whether ignore_errors passes over an error.
func ignorable(err error) bool {
	_, certain := errors.AsType[*certainFailure](err)
	return !certain
}

// include reads the tasks that come next; nil where the effect brings none in.
func (a *attempt) include(ctx context.Context, e Effect) (*Included, error) {
	included, err := a.read(ctx, e)
	if err != nil {
		return nil, &certainFailure{err}
	}
	return included, nil
}

func (a *attempt) read(ctx context.Context, e Effect) (*Included, error) {
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

// gathered stands before the names under which the parts of ansible_facts are kept.
const gathered = "ansible_facts."

// gathered returns ansible_facts as it is here.
func (s *scope) gathered() *value.Map {
	m := &value.Map{}
	names := s.of.facts.names(s.at)
	slices.Sort(names)
	for _, name := range names {
		if short, ok := strings.CutPrefix(name, gathered); ok {
			if v, ok := s.of.facts.before(name, s.at); ok && v.value != value.Omit {
				m.Set(short, v.value)
			}
		}
	}
	return m
}

// forget makes ansible_facts empty.
func (a *attempt) forget() {
	for _, name := range a.play.facts.names(a.scope.at) {
		short, ok := strings.CutPrefix(name, gathered)
		if !ok {
			continue
		}
		a.play.facts.set(name, a.scope.at, registered{value: value.Omit})
		if named := "ansible_" + short; slices.Contains(a.play.facts.names(a.scope.at), named) {
			a.play.facts.set(named, a.scope.at, registered{value: value.Omit})
		}
	}
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
		for name, v := range e.Gathered.All() {
			if a.noLog {
				v = value.Mark(v)
			}
			a.play.facts.set(gathered+value.OpenText(name), a.scope.at, registered{value: v})
		}
	case Control:
		if e == ClearFacts {
			a.forget()
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
