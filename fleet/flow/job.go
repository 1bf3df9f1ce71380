// Package flow holds the workflows of a fleet: how a play is resolved, waits for its
// lanes, is approved, and ends. It knows the engine that runs workflows, and nothing
// of playbooks, platforms and git: what is done outside is done by activities, of
// which it knows the names.
package flow

import (
	"slices"
	"time"

	"runner/cmd/exit"
)

// The names of the workflows.
const (
	PlayWorkflow = "Play"
	LaneWorkflow = "Lane"
)

// PlaysQueue returns the queue of the plays themselves, of which a worker takes no more
// than it has slots. Workflows and what is done at once are in the other one.
func PlaysQueue(queue string) string { return queue + "/plays" }

// The names of the activities that a worker registers.
const (
	ResolveActivity = "Resolve"
	AskLaneActivity = "AskLane"
	RunPlayActivity = "RunPlay"
)

// The names of the signals.
const (
	AskSignal      = "ask"      // to a lane: an Ask
	WithdrawSignal = "withdraw" // to a lane: the id of an Ask that is taken back
	DoneSignal     = "done"     // to a play, or a lane that asked another: a Done
	LostSignal     = "lost"     // to the same: the lane that was asked has ended
	ApproveSignal  = "approve"  // to a play: an Approval
)

// LaneID returns the id of the workflow of a lane.
func LaneID(lane string) string { return "lane/" + lane }

// StateQuery asks a play what it is doing: a State.
const StateQuery = "state"

// A Job says what is played, by names: it holds no secret and no value that a worker
// could not look up again.
type Job struct {
	Project  string `json:"project"`  // as fleet.yml of the worker names it
	Playbook string `json:"playbook"` // its path in the project's repository
	Ref      string `json:"ref"`      // what is resolved to a commit when the play begins
	Commit   string `json:"commit,omitempty"`
	Queue    string `json:"queue"` // whose workers play it

	ExtraVars []string      `json:"extra_vars,omitempty"` // as -e takes them
	Allow     []string      `json:"allow,omitempty"`      // risks that are consented to in advance
	Approve   []string      `json:"approve,omitempty"`    // risks that somebody is waited for to consent to
	Lanes     []string      `json:"lanes,omitempty"`      // whose plays wait for each other; the owners that the playbook names if empty
	Check     bool          `json:"check,omitempty"`      // only what would be done
	Prune     bool          `json:"prune,omitempty"`
	Timeout   time.Duration `json:"timeout,omitempty"` // of the play itself; 0: DefaultTimeout

	Approved []Change `json:"approved,omitempty"` // what somebody consented to
}

// DefaultTimeout is how long a play may take that says nothing of it.
const DefaultTimeout = time.Hour

// Name returns what people call a play: "shop/playbooks/site.yml".
func (j Job) Name() string { return j.Project + "/" + j.Playbook }

// A Change is one that needs consent.
type Change struct {
	Risk   string `json:"risk"`   // the word of --allow: "replace"
	Action string `json:"action"` // "replace", "delete", "update"
	Object string `json:"object"` // `add-on "shop-db"`
	Task   string `json:"task"`
}

// An Outcome is what came of a play: counts and pointers, no values.
type Outcome struct {
	Exit    int            `json:"exit"` // as runner play's
	Counts  map[string]int `json:"counts,omitempty"`
	Commit  string         `json:"commit,omitempty"`
	Worker  string         `json:"worker,omitempty"`
	Log     string         `json:"log,omitempty"`     // where the worker keeps the log of the run
	Message string         `json:"message,omitempty"` // why, a line for each mistake, with secrets masked; "" where it ended well
	Needs   []Change       `json:"needs,omitempty"`   // what was not done for want of consent
	Began   time.Time      `json:"began,omitzero"`    // by the worker's clock
	Took    time.Duration  `json:"took,omitempty"`
}

// Failed reports whether a play failed: to have something to do is no failure.
func (o Outcome) Failed() bool { return o.Exit != exit.Done && o.Exit != exit.ToDo }

// approvable reports whether somebody may consent to all that a play needs.
func (j Job) approvable(needs []Change) bool {
	return !j.Check && len(needs) > 0 && !slices.ContainsFunc(needs, func(c Change) bool { return !slices.Contains(j.Approve, c.Risk) })
}

// An Approval says yes to changes, or no.
type Approval struct {
	By      string   `json:"by"`
	Denied  bool     `json:"denied,omitempty"`
	Changes []Change `json:"changes,omitempty"` // those that were shown
}

// A Resolved is what a job stands for at the time when it begins.
type Resolved struct {
	Commit string   `json:"commit"`
	Lanes  []string `json:"lanes"` // at least one, sorted: they are taken in this order
}

// A State is what a play is doing.
type State struct {
	Phase   string    `json:"phase"` // one of the phases below
	Job     Job       `json:"job"`
	Needs   []Change  `json:"needs,omitempty"` // while it waits for consent
	Outcome *Outcome  `json:"outcome,omitempty"`
	Since   time.Time `json:"since"`
}

// The phases of a play.
const (
	Resolving = "resolving"
	Queued    = "queued or playing"
	Waiting   = "waiting for consent"
	Ended     = "ended"
)

// MemoKey names the memo of a play's workflow: a Memo.
const MemoKey = "play"

// A Memo is what a list of plays shows without asking each.
type Memo struct {
	Name    string   `json:"name"`
	Check   bool     `json:"check,omitempty"`
	Phase   string   `json:"phase"`
	Commit  string   `json:"commit,omitempty"`
	Exit    *int     `json:"exit,omitempty"`
	Changed int      `json:"changed,omitempty"`
	Message string   `json:"message,omitempty"` // the beginning of the outcome's
	Needs   []Change `json:"needs,omitempty"`   // while it waits for consent
}
