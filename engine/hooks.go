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
	// Load compiles a file of tasks that a step includes (Change.Include).
	Load func(ctx context.Context, by *Step, path string) (*Included, error)
	// ReadVars reads the first of some files of variables that exists. Their
	// names are relative to the file in which `from` is.
	ReadVars func(ctx context.Context, from diagnostic.Place, paths []string) ([]Var, error)
	// Prompt asks the user; nil where there is no terminal.
	Prompt func(ctx context.Context, q Question) (string, error)
	// Step asks whether a task is to be done (--step); nil: all are.
	Step func(ctx context.Context, task string) (Answer, error)
}

// Included is a file of tasks, compiled.
type Included struct {
	File  string // as it is shown: its absolute path
	Items []Item
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
