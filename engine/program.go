package engine

import (
	"iter"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A Program is a checked playbook, ready to run: plain data and templates.
type Program struct {
	Plays []*Play
	// Included are the tasks that a step brings in while the program runs, as far as the
	// compiler could know and read their file. What they find around them is not in it.
	Included map[*Step][]Item
}

// A Play is three lists of tasks, with variables of their own. Handlers that
// were notified run after each list.
type Play struct {
	Place diagnostic.Place
	Name  *expr.Node // nil: shown as its hosts
	Hosts string     // as written, Localhost where absent
	// File is the playbook it stands in, as the user named it; magic variables
	// and relative paths start there.
	File string
	// Given counts from 0 which of the files that were given it came from: File, or
	// one that imports it.
	Given int
	// GatherFacts: the play begins with a task that gathers facts. Nil: false.
	GatherFacts *expr.Node
	// Linear: one task after the other, as with one job (strategy: linear).
	Linear bool
	Tags   []string // those of the play itself; they are in its steps' too

	Vars []Var
	// Inventory is what it knows of hosts; nil: of Localhost alone.
	Inventory *Inventory
	// NoHosts: its pattern of hosts comes to none, and nothing of it is done.
	NoHosts bool
	// HostVars are the variables of groups and of the host: all others beat them,
	// but those that roles set by default.
	HostVars []Var
	// Roles are those that it names, RoleVars and RoleDefaults their variables, which
	// all its tasks see: the former beat vars_files, everything beats the latter.
	Roles        []string
	Dependencies []string // of those roles
	RoleVars     []Var
	RoleDefaults []Var
	Prompts      []*Prompt
	VarsFiles    []*VarsFile

	PreTasks  []Item
	Tasks     []Item
	PostTasks []Item
	Handlers  []*Step
	// Prune: what the play orders belongs to a scope, and what of that scope it no
	// longer declares is removed at its end. Nil: neither.
	Prune *Prune
	// ForceHandlers: handlers that were notified run after a failure too. Nil: false.
	ForceHandlers *expr.Node
}

// A Prune is a play's claim on what it orders.
type Prune struct {
	Place diagnostic.Place
	// Scope is the name of what belongs together: a text, or a template of variables
	// that are known when the play starts.
	Scope *expr.Node
	Step  *Step // which prunes; it stands last in PostTasks
}

// An Item stands in a list of tasks: a *Step or a *Block.
type Item interface{ item() }

func (*Step) item()  {}
func (*Block) item() {}

// A Block is run as one: all before it ends first, nothing after it starts
// sooner. When its body fails, Rescue runs and the failure is forgotten if that
// goes well; Always runs in any case. Keywords of the block are copied to its
// members by whoever compiles it, and a block that has neither Rescue nor Always
// is not made: its members stand in its place.
type Block struct {
	ID     string
	Place  diagnostic.Place
	Body   []Item
	Rescue []Item
	Always []Item
}

// A Prompt is a variable that the user is prompted for when the play starts, unless
// it is given from outside.
type Prompt struct {
	Name    string
	Place   diagnostic.Place // of the name
	Text    *expr.Node       // the question; nil: the name
	Default *expr.Node       // nil: none
	Private bool             // not echoed; its value is a secret
	Confirm bool             // typed twice
}

// A VarsFile is an entry of vars_files: the first of its paths that exists is read.
type VarsFile struct {
	Place diagnostic.Place
	Paths []*expr.Node
	// Vars are what the file defines, where the compiler knew its name and has
	// read it; then Read is true. Otherwise it is read when the play starts.
	Vars []Var
	Read bool
}

// A Var is a named value, evaluated when it is used.
type Var struct {
	Name  string
	Place diagnostic.Place // of the name
	Value *expr.Node
}

// A Step is a task of a play. What it inherits from blocks and play is in it.
// Of keywords that are Nodes, nil means that they were not given.
type Step struct {
	// ID is stable between two compilations of the same text: "1.3" is the
	// third task of the first play.
	ID    string
	Place diagnostic.Place
	Name  *expr.Node `reads:"shown"` // nil: unnamed
	Kind  *Kind
	As    string           // the kind's name as the playbook writes it
	At    diagnostic.Place // where that stands
	Args  *expr.Node       // a Mapping; nil: none. What module_defaults add is in it
	// Vars are its variables, those of the blocks around it first: the last of a
	// name counts.
	Vars []Var `reads:"named"`
	// Role is where it comes from; nil: from the playbook. Defaults are what the role
	// sets by default: everything beats them.
	Role *Role
	// NamedByRole: the name is made of that of the role which the task brings in.
	NamedByRole bool
	Defaults    []Var `reads:"named"`
	// RoleParams are what the roles around it are given beside their names in a list of roles;
	// they are in Vars too. They beat all but the variables of an include and of the command line.
	RoleParams []Var `reads:"again"`
	// Params are the own `vars` of an include_tasks, once more: in what it
	// includes they beat facts.
	Params []Var        `reads:"again"`
	When   []*Condition // those of the blocks around it first
	Loop   *Loop        // nil: once

	Until       []*Condition `reads:"after"`
	Retries     *expr.Node   // nil: 3 where there is Until, else none
	Delay       *expr.Node   // seconds; nil: 5
	FailedWhen  []*Condition `reads:"after"` // all must hold; nil: as the kind says
	ChangedWhen []*Condition `reads:"after"`

	Register       string
	RegisterAt     diagnostic.Place
	Notify         []*expr.Node `reads:"maybe"` // names or topics of handlers, or templates of lists of such
	Listen         []string     // topics of a handler
	Tags           []string     // inherited ones included
	IgnoreErrors   *expr.Node   `reads:"maybe"` // nil: false
	AnyErrorsFatal *expr.Node   `reads:"maybe"` // nil: false
	NoLog          *expr.Node   // nil: false
	CheckMode      *expr.Node   // nil: as the run
	Diff           *expr.Node   // nil: as the run
	Timeout        *expr.Node   // seconds; nil or 0: none
	Throttle       *expr.Node   `reads:"maybe"` // items of a loop at once; nil or 0: as many as there are jobs
	Become         *expr.Node   // must be false
	Connection     *expr.Node   // must be local
	DelegateTo     *expr.Node   // must be this machine
	Async          *expr.Node   // must be 0
	Environment    []*expr.Node `reads:"maybe"` // maps, or templates of such; the last one that has a name counts
	Allow          []string     // risks consented to in the playbook

	// Within is for whoever compiled an include_tasks: what the tasks of the file
	// inherit. It comes back in Options.Load.
	Within any
}

// A Role is a folder of tasks with their variables, handlers and files.
type Role struct {
	Name    string
	Path    string   // the folder
	Parents []string // the roles that brought it in, the nearest first
	// ParentPaths are their folders.
	ParentPaths []string
}

// A LoopKind says what a loop makes of its value: one of these, or with_ and the name
// of a lookup.
type LoopKind string

// The kinds of loops, as playbooks write them.
const (
	LoopList     LoopKind = "loop"               // a list, as it is
	LoopItems    LoopKind = "with_items"         // a list or a single item; lists in it are flattened, one level
	LoopWithList LoopKind = "with_list"          // a list, as it is
	LoopDict     LoopKind = "with_dict"          // a map: items with key and value
	LoopIndexed  LoopKind = "with_indexed_items" // as with_items: items that are [index, item]
)

// Lookup returns the lookup whose results a loop of this kind goes over; "" where it
// goes over the value itself.
func (k LoopKind) Lookup() string {
	switch k {
	case LoopList, LoopItems, LoopWithList, LoopDict, LoopIndexed:
		return ""
	}
	return strings.TrimPrefix(string(k), "with_")
}

// A Loop runs a step once for each item.
type Loop struct {
	Kind  LoopKind
	Place diagnostic.Place // of the keyword
	Over  *expr.Node

	Var       string       // "" means "item"
	Index     string       // the variable that counts from 0; "": none
	Label     *expr.Node   // what is shown of an item; nil: all of it
	Pause     *expr.Node   // seconds between items
	Extended  *expr.Node   // nil: false; else ansible_loop is there
	AllItems  *expr.Node   // nil: true; false: ansible_loop has no allitems
	BreakWhen []*Condition `reads:"after"` // looked at after each item
}

// A Condition is one expression of a `when`.
type Condition struct {
	Text  string // as written
	Bare  bool   // it is true or false, and Text says which
	Place diagnostic.Place
	Expr  *expr.Template
}

// Said returns a condition as results have it: as it is written, or the truth value that
// it is written as.
func (c *Condition) Said() Value {
	if c.Bare {
		return c.Text == "true"
	}
	return c.Text
}

// Title returns the name of a play as far as its own variables say it, and else as written.
func (p *Play) Title() string {
	c := &expr.Context{Scope: ownVars(*p)}
	if v, err := p.Name.Eval(c); err == nil {
		return value.Text(v)
	}
	return p.Name.Text
}

// ownVars is the scope of what a play says before it runs.
type ownVars Play

// Lookup returns a variable of the play.
func (p ownVars) Lookup(c *expr.Context, name string) (Value, bool, error) {
	for _, vars := range [][]Var{p.Vars, p.HostVars} {
		if v := findVar(vars, name); v != nil {
			return resolve(c, v)
		}
	}
	return nil, false, nil
}

// Variables returns the variables of a play and of the files that were read: of those
// that have one name the last one counts.
func (p *Play) Variables() []*Var {
	lists := [][]Var{p.RoleDefaults, p.HostVars, p.Vars}
	for _, f := range p.VarsFiles {
		lists = append(lists, f.Vars)
	}
	var all []*Var
	for _, list := range append(lists, p.RoleVars) {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	return all
}

// Lists returns the lists of a play in the order in which they are run, handlers last.
func (p *Play) Lists() [][]Item {
	lists := [][]Item{p.PreTasks, p.Tasks, p.PostTasks, nil}
	for _, h := range p.Handlers {
		lists[3] = append(lists[3], h)
	}
	return lists
}

// Steps returns every step of the play in order, those of blocks and the handlers too.
func (p *Play) Steps() iter.Seq[*Step] {
	return func(yield func(*Step) bool) {
		for _, list := range p.Lists() {
			if !eachStep(list, yield) {
				return
			}
		}
	}
}

func stepsOf(items ...Item) iter.Seq[*Step] {
	return func(yield func(*Step) bool) { eachStep(items, yield) }
}

func eachStep(items []Item, yield func(*Step) bool) bool {
	for _, it := range items {
		switch it := it.(type) {
		case *Step:
			if !yield(it) {
				return false
			}
		case *Block:
			for _, part := range [][]Item{it.Body, it.Rescue, it.Always} {
				if !eachStep(part, yield) {
					return false
				}
			}
		}
	}
	return true
}
