// Package keyword holds the table of keywords: what each is called, where it may
// stand, what it takes, what it is for, and where its value is kept. Parsing, the
// JSON Schema, the reference and the list in README are made of this table. It knows
// nothing of how a value is read.
package keyword

// A Place is where a keyword may stand; several are or-ed.
type Place uint

// The places.
const (
	Play           Place = 1 << iota
	Block                // a block, and apply of include_tasks
	Task                 // a task that is no block
	ImportTasks          // beside import_tasks
	ImportPlaybook       // beside import_playbook
	Role                 // in an entry of roles
	LoopControl          // in loop_control
	Prompt               // in an entry of vars_prompt
)

// Main are the places of which the reference tells.
const Main = Play | Block | Task

var placeNames = map[Place]string{
	Play: "a play", Block: "a block", Task: "a task", ImportTasks: "import_tasks",
	ImportPlaybook: "import_playbook", Role: "a role", LoopControl: "loop_control", Prompt: "vars_prompt",
}

// String returns the name of one place, for messages: "a play".
func (p Place) String() string { return placeNames[p] }

// A Type is what a keyword takes: a definition of the schema, and a reader of the compiler.
type Type string

// A Keyword is a word of plays, blocks, tasks and what stands in them: one that
// works, or one of Ansible's that does not.
type Keyword struct {
	Name  string
	In    Place
	Takes Type
	// Field is where the value is kept: a field of the engine's Play, Step, Loop or
	// Prompt, as "Step.When". It is empty where the compiler makes more of it than a
	// value, or has no use for it.
	Field   string
	Doc     string // what it is for; empty for one that does not work
	Instead string // what to do in its place, or in place of a value that does not work
}

// Works reports whether the keyword means something here.
func (k Keyword) Works() bool { return k.Doc != "" }

// Required reports whether what it stands in cannot do without it.
func (k Keyword) Required() bool { return k.In == Prompt && k.Name == "name" }
