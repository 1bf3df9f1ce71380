package report

import (
	"cmp"
	"math"
	"strings"
	"time"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// A Run is what the reports of one run say that it is.
type Run struct {
	Playbooks []string // as they were named
	// Paths are the playbooks' own: what tells this run from another in a place that
	// runs of several folders share. Playbooks where empty.
	Paths []string
	Check bool
	Began time.Time
}

// An End is how a run ended.
type End struct {
	Time time.Time
	Exit int // the exit code
	// Problems are why it could not begin, or why it ended otherwise than its tasks.
	Problems []*diagnostic.Problem
	// Running tells that the run has not ended: what a file says while one goes on,
	// and for ever if it is killed.
	Running bool
}

// The states of a run.
const (
	stateRunning     = "running"     // or killed
	stateNotBegun    = "not begun"   // something was wrong before the first task
	stateInterrupted = "interrupted" // it was stopped
	stateEnded       = "ended"
)

// exitInterrupted is the exit code of a run that was stopped.
const exitInterrupted = 130

// A record follows the life of a run: begun, ended, how.
type record struct {
	run         Run
	end         End
	host        string // on which it is played; "": localhost
	playing     bool   // the first task may have started
	interrupted bool
	secrets     *engine.Secrets
	plan        Plan // without attributes: all of a check, and what consent is lacking in any run
}

// hostName returns the name of the host on which the run is played.
func (r *record) hostName() string { return cmp.Or(r.host, engine.Localhost) }

// see takes note of an event.
func (r *record) see(e engine.Event) {
	switch e := e.(type) {
	case engine.RunStart:
		r.host, r.playing, r.run.Check = e.Host, true, r.run.Check || e.Check
		if r.run.Began.IsZero() {
			r.run.Began = e.Time
		}
	case engine.RunEnd:
		r.interrupted = e.Interrupted
	}
	for _, c := range ChangesOf(r.secrets, e) {
		if r.run.Check || c.lacks() {
			c.Attributes = nil
			r.plan.Changes = append(r.plan.Changes, c)
		}
	}
}

// planned adds what programs read of a plan: all of a check's; what consent is lacking in any run.
func (r *record) planned(m *value.Map) {
	needs := []value.Value{}
	for _, c := range r.plan.Needs() {
		needs = append(needs, value.MapOf("risk", c.Needs, "action", c.Action.String(), "object", c.Object, "task", c.Task))
	}
	m.Set("needs", needs)
	if r.run.Check {
		m.Set("plan", r.plan.value())
	}
}

func (r *record) how() string {
	switch {
	case r.end.Running:
		return stateRunning
	case r.interrupted || r.end.Exit == exitInterrupted:
		return stateInterrupted
	case !r.playing:
		return stateNotBegun
	}
	return stateEnded
}

// succeeded reports whether the exit code is one of a run that did all that it was
// to do: 3 is that of a check that found something to do.
func (r *record) succeeded() bool {
	return !r.end.Running && (r.end.Exit == 0 || r.end.Exit == 3)
}

// playbook names the run: by its playbooks.
func (r *record) playbook() string { return strings.Join(r.run.Playbooks, ", ") }

// path names the run for places that many share.
func (r *record) path() string {
	if len(r.run.Paths) == 0 {
		return r.playbook()
	}
	return strings.Join(r.run.Paths, ", ")
}

// problems returns why the run ended as it did, a text each.
func (r *record) problems(v masker) []string {
	var all []string
	for _, p := range r.end.Problems {
		all = append(all, lines(v.text(p.Error())))
	}
	return all
}

// value returns what programs read of the run.
func (r *record) value(v masker) *value.Map {
	playbooks := []value.Value{}
	for _, name := range r.run.Playbooks {
		playbooks = append(playbooks, v.text(name))
	}
	m := value.MapOf("playbooks", playbooks, "check", r.run.Check, "state", r.how(), "start", stamp(r.run.Began), "end", nil, "exit", nil)
	if !r.end.Running {
		m.Set("end", stamp(r.end.Time))
		m.Set("exit", r.end.Exit)
	}
	return m
}

// finite replaces the numbers that JSON does not have by texts.
func finite(x value.Value) value.Value {
	switch x := x.(type) {
	case float64:
		switch {
		case math.IsNaN(x):
			return "NaN"
		case math.IsInf(x, 1):
			return "Infinity"
		case math.IsInf(x, -1):
			return "-Infinity"
		}
	case []value.Value:
		return finiteList(x)
	case value.Tuple:
		return finiteList(x)
	case *value.Map:
		m := &value.Map{}
		for k, e := range x.All() {
			m.Set(finite(k), finite(e))
		}
		return m
	}
	return x
}

func finiteList(items []value.Value) []value.Value {
	out := make([]value.Value, len(items))
	for i, item := range items {
		out[i] = finite(item)
	}
	return out
}
