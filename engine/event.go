package engine

import (
	"time"

	"runner/diagnostic"
)

// An Event is something that happened in a run. Events are reported in playbook
// order by one goroutine, whatever the order of the work.
type Event interface{ event() }

// A Reporter receives the events of a run, one after the other.
type Reporter interface{ Tell(Event) }

// Reporters reports each event to all.
type Reporters []Reporter

// Tell passes the event on.
func (rs Reporters) Tell(e Event) {
	for _, r := range rs {
		r.Tell(e)
	}
}

// An Outcome is how a step ended.
type Outcome int

// The outcomes.
const (
	OK Outcome = iota
	Changed
	Skipped
	Failed
	Ignored // failed, and the playbook said to go on
	Blocked // never started, because something before it failed or the run was interrupted
	Rescued // failed, and a block around it handles that
	Unknown // in a check: a condition hangs on what only the run itself will show
)

var outcomeNames = [...]string{"ok", "changed", "skipped", "failed", "ignored", "blocked", "rescued", "unknown"}

func (o Outcome) String() string { return outcomeNames[o] }

// Bad reports whether a step that ended so had failed, whatever became of that.
func (o Outcome) Bad() bool { return o == Failed || o == Ignored || o == Rescued }

type (
	// RunStart comes first.
	RunStart struct {
		Host  string // the name under which this machine is played; "": Localhost
		Check bool
		Time  time.Time
	}
	// PlayStart opens a play.
	PlayStart struct {
		Play *Play
		Name string // its name, rendered, or its hosts
		// Scope is what its prune calls all that it declares; "" where it says none, or
		// where the play could not begin.
		Scope string
		Time  time.Time
	}
	// PlayFailed says that a play could not begin: a file of variables is
	// missing, say. It counts as a failure.
	PlayFailed struct {
		Problem *diagnostic.Problem
	}
	// TaskStart opens a step; reported when all before it were.
	TaskStart struct {
		Step    *Step
		Name    string // rendered; the kind as written where there is none
		Time    time.Time
		Handler bool
	}
	// TaskRetry says that a step, or an item of one, did not come out as it
	// should and is tried again.
	TaskRetry struct {
		Step     *Step
		Name     string
		Attempts int
		Left     int   // how many times it will be tried
		Result   Value // of this attempt
		Shows    bool
		NoLog    bool
	}
	// TaskSays is a line for whoever watches: a pause says how long it takes.
	TaskSays struct {
		Step *Step
		Text string
	}
	// TaskProgress says where a long change stands. It is reported for the step
	// that was opened last.
	TaskProgress struct {
		Step *Step
		Text string
	}
	// TaskEnd closes a step. Secrets in Result, Problem and Change are still in
	// clear: whoever shows them masks them (Secrets.Mask), unless Shows.
	TaskEnd struct {
		Step    *Step
		Name    string
		Outcome Outcome
		// Result is what register holds: a *expr.Map, or an *expr.Unknown.
		Result Value
		// Change is what was planned; its Attrs are the diff. Nil where nothing was.
		Change *Change
		// Problem is why it failed; nil unless Failed or Ignored.
		Problem *diagnostic.Problem
		Shows   bool // the result is the purpose of the step: print it as it is
		Tells   bool // the result is printed even without -v, secrets masked
		NoLog   bool // neither result nor problem nor diff may be shown
		Diff    bool // the diff is wanted
		Silent  bool // it is not counted, and nothing is printed unless it failed or was skipped
		// NotStarted counts the items of a loop that were not started, because something
		// failed or the run was interrupted.
		NotStarted int
		Looped     bool // an ItemEnd was reported for each item; Result has them under "results"
		Handler    bool
		// Included is the file of tasks that comes next, "" where there is none.
		Included string
		// DelegatedTo is the other name under which this machine was to do it; "": none.
		DelegatedTo string
		Start       time.Time
		Took        time.Duration
	}
	// ItemEnd closes one item of a looped step, before the TaskEnd of the step.
	// It is not counted.
	ItemEnd struct {
		TaskEnd
		Label string // what is shown of the item
	}
	// Warning stops nothing.
	Warning struct {
		Problem *diagnostic.Problem
	}
	// PlaybookEnd comes after the plays of each playbook that was given, but for the last.
	PlaybookEnd struct{ Stats Stats } // of the run so far
	// RunEnd comes last.
	RunEnd struct {
		Stats Stats
		Took  time.Duration
		// Interrupted says that the run was interrupted.
		Interrupted bool
	}
)

func (RunStart) event()     {}
func (PlayStart) event()    {}
func (TaskStart) event()    {}
func (PlayFailed) event()   {}
func (TaskRetry) event()    {}
func (TaskSays) event()     {}
func (TaskProgress) event() {}
func (TaskEnd) event()      {}
func (Warning) event()      {}
func (PlaybookEnd) event()  {}
func (RunEnd) event()       {}

// Stats counts outcomes as Ansible does: what changed is counted in OK too, what
// failed and was ignored in OK and Ignored.
type Stats struct {
	OK, Changed, Unreachable, Failed, Skipped, Rescued, Ignored int
	Blocked, Unknown                                            int
}

// Count adds one outcome.
func (s *Stats) Count(o Outcome) {
	switch o {
	case OK:
		s.OK++
	case Changed:
		s.OK++
		s.Changed++
	case Skipped:
		s.Skipped++
	case Failed:
		s.Failed++
	case Ignored:
		s.OK++
		s.Ignored++
	case Blocked:
		s.Blocked++
	case Rescued:
		s.Rescued++
	case Unknown:
		s.Unknown++
	}
}
