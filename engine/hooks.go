package engine

import (
	"context"
	"errors"

	"runner/diagnostic"
)

// ErrNobody says that there is no user who could answer.
var ErrNobody = errors.New("there is nobody to ask: this is no terminal")

// Hooks are what a run needs of the world outside that the engine does not know:
// files and users. Each may be nil; what needs it then fails and says so.
type Hooks struct {
	// Load compiles a file of tasks that a step includes (IncludeFile).
	Load func(ctx context.Context, by *Step, path string) (*Included, error)
	// LoadRole compiles the role that a step includes (RoleCall).
	LoadRole func(ctx context.Context, by *Step, role RoleCall) (*Included, error)
	// ReadVars reads files of variables.
	ReadVars func(ctx context.Context, which VarsQuery) ([]Var, error)
	// Prompt asks the user; nil where there is no terminal.
	Prompt func(ctx context.Context, q Question) (string, error)
	// Step asks whether a task is to be done (--step); nil: all are.
	Step func(ctx context.Context, task string) (Answer, error)
}

// Included is a file of tasks, compiled.
type Included struct {
	File  string // as it is shown: its absolute path, or the name of the role
	Items []Item
	// Handlers are those of a role, Vars and Defaults its variables.
	Handlers       []*Step
	Vars, Defaults []Var
	// Public: the rest of the play sees the variables of the role.
	Public bool
	// Begin is called before the tasks are run; nil: nothing is to be noted then.
	Begin func()
}

// A Question is put to the user.
type Question struct {
	Text    string
	Private bool // what is typed is not shown
	Confirm bool // typed twice, until both are the same
}

// An Answer is what the user says to a task before it is done.
type Answer int

// The answers.
const (
	No   Answer = iota // leave it out
	Yes                // do it
	GoOn               // do it, and ask no more
)

// A VarsQuery says which variables to read: those of the first of some files that
// exists, or those of all files of a folder.
type VarsQuery struct {
	From     diagnostic.Place // where that is asked for: names are relative to its file
	Role     *Role            // whose task asks; nil: none
	Playbook string           // the file of the play
	Paths    []string
	// Dir is a folder; "" where files are named. Depth is how many levels of it are
	// read, 0 all; Matching a regular expression of names to read; Ignored those not
	// to; Endings those that files may have, without the dot.
	Dir              string
	Depth            int
	Matching         string
	Ignored, Endings []string
	// IgnoreUnknown passes over files of other endings instead of failing.
	IgnoreUnknown bool
	// Keys: the names are keys of a map, and need not be names of variables.
	Keys bool
}
