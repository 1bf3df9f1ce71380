package verify

import (
	"runner/diagnostic"
	"runner/engine"
)

// MayFail is the rule of warnings about what goes wrong if it is reached.
const MayFail = "may-fail"

// Input is what a program is judged by.
type Input struct {
	// Known are the names given from outside, on the command line.
	Known []string
	// Mistakes are what is wrong with a part of the program: with a *expr.Node, a
	// *engine.Condition, or a *engine.Step.
	Mistakes map[any][]*diagnostic.Problem
	// Included are the tasks that a step brings in, where its file is known already.
	Included map[*engine.Step][]engine.Item
	// Open: nothing can be said about names.
	Open bool
	// Selection are the tasks that were asked for: the others certainly do not run.
	Selection engine.Selection
}

// A place is where something is wrong, and what.
type place struct {
	at  diagnostic.Place
	msg string
}

type verifier struct {
	Input
	names    *names
	vars     map[string]*engine.Var // of the play at hand
	all      []*diagnostic.Problem
	problems map[place]*diagnostic.Problem
	ended    bool         // the play may have ended above, and not failed
	startAt  *engine.Step // that nothing runs before; nil where it was reached
}

// report notes what is wrong: as an error where it is certain, as a warning where it is not.
func (v *verifier) report(p *diagnostic.Problem, certain bool) {
	key := place{p.Place, p.Msg}
	known := v.problems[key]
	if known == nil {
		copied := *p
		known = &copied
		if !certain && p.Severity == diagnostic.Error {
			known.Severity, known.Rule = diagnostic.Warning, MayFail
		}
		v.problems[key] = known
		v.all = append(v.all, known)
		return
	}
	if certain && known.Rule == MayFail {
		known.Severity, known.Rule = p.Severity, p.Rule
	}
}

// mistakes reports what was noted about a part of the program.
func (v *verifier) mistakes(part any, certain bool) {
	for _, p := range v.Mistakes[part] {
		v.report(p, certain)
	}
}

// A reading is one step being verified.
type reading struct {
	*verifier
	step    *engine.Step
	index   int
	local   map[string]*engine.Var
	guarded map[string]bool // names that the step itself tests somewhere
	own     []string        // names that it sees of itself, in the field at hand
	seen    map[visit]bool
}

// A visit is a variable that was followed, and whether its value is certainly read.
type visit struct {
	v       *engine.Var
	path    string
	certain bool
}
