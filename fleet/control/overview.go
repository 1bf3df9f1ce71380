package control

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/cmd/exit"
	"runner/fleet/flow"
)

// A PlayInfo is a play as a list shows it.
type PlayInfo struct {
	ID      string        `json:"id"`
	Run     string        `json:"run"`   // of the workflow: the server's pages have it in their addresses
	Name    string        `json:"name"`  // "shop/site.yml"
	Check   bool          `json:"check"` // it looks whether there is something to do
	Phase   string        `json:"phase"` // the phases of package flow
	Commit  string        `json:"commit,omitempty"`
	Exit    *int          `json:"exit,omitempty"` // null while it goes on, and where it was ended from outside
	Changed int           `json:"changed"`        // how many tasks changed something, or would
	Message string        `json:"message,omitempty"`
	Needs   []flow.Change `json:"needs,omitempty"` // while it waits for consent
	Began   time.Time     `json:"began"`
	Ended   time.Time     `json:"ended,omitzero"`
	Status  string        `json:"status"` // the server's word: "Running", "Completed", "Failed", …
}

// Running reports whether a play goes on.
func (p PlayInfo) Running() bool { return p.Status == "Running" }

// Waiting reports whether a play waits for consent.
func (p PlayInfo) Waiting() bool { return p.Running() && p.Phase == flow.Waiting }

// Failed reports whether a play ended otherwise than well.
func (p PlayInfo) Failed() bool { return !p.Running() && p.Status != "Completed" }

// Drifted reports whether a check found something to do.
func (p PlayInfo) Drifted() bool { return p.Exit != nil && *p.Exit == exit.ToDo }

// State returns a play's state in few words: "waiting for consent", "ok", "drift",
// "failed (exit 2)", "terminated".
func (p PlayInfo) State() string {
	switch {
	case p.Running():
		return cmp.Or(p.Phase, "started")
	case p.Drifted():
		return "drift"
	case p.Exit != nil && p.Status == "Failed":
		return fmt.Sprintf("failed (exit %d)", *p.Exit)
	case p.Status == "Completed":
		return "ok"
	}
	return strings.ToLower(p.Status)
}

// Why returns in one line why a play is in its state: what it waits for, or the first line
// of its message; "" where there is nothing to say.
func (p PlayInfo) Why() string {
	if !p.Waiting() {
		line, _, _ := strings.Cut(p.Message, "\n")
		return line
	}
	return flow.Listed(p.Needs)
}

// A Playbook is what became of one, and what is to come.
type Playbook struct {
	Name      string     `json:"name"`
	Play      *PlayInfo  `json:"play,omitempty"`          // the latest
	Check     *PlayInfo  `json:"check,omitempty"`         // the latest check
	Waiting   []PlayInfo `json:"waiting,omitempty"`       // all that wait for consent, the longest first
	Success   time.Time  `json:"success,omitzero"`        // when a play last ended well, as far as the server remembers
	Drift     bool       `json:"drift"`                   // a check found something to do, and no play has ended well since
	Next      time.Time  `json:"next,omitzero"`           // when its schedule plays it
	NextCheck time.Time  `json:"next_check,omitzero"`     // when its schedule checks it
	Paused    bool       `json:"paused,omitempty"`        // its schedules do not play
	Note      string     `json:"paused_because,omitzero"` // who paused it
}

// Failed reports whether the latest play, or the latest check, failed.
func (p Playbook) Failed() bool {
	return p.Play != nil && p.Play.Failed() || p.Check != nil && p.Check.Failed()
}

// An Overview is what a fleet does.
type Overview struct {
	Playbooks  []Playbook     // by name
	Waiting    []PlayInfo     // for consent, the longest first
	Phases     map[string]int // how many plays are in each phase, of those that go on
	Schedules  int
	Paused     int
	Lag        time.Duration // how late the schedule is that is latest, of those that have begun or should have
	Unreadable string        // why some plays cannot be read; "": all can
	At         time.Time
}

// A Filter chooses playbooks: those to which all that is set applies.
type Filter struct{ Drift, Waiting, Failed bool }

// Filter returns the playbooks that a filter chooses.
func (o *Overview) Filter(f Filter) []Playbook {
	chosen := []Playbook{}
	for _, p := range o.Playbooks {
		if (!f.Drift || p.Drift) && (!f.Waiting || len(p.Waiting) > 0) && (!f.Failed || p.Failed()) {
			chosen = append(chosen, p)
		}
	}
	return chosen
}

// Plays returns the plays of a playbook for which a filter chooses it: without one, the
// latest play and the latest check.
func (p Playbook) Plays(f Filter) []PlayInfo {
	var all []PlayInfo
	if f.Waiting {
		all = append(all, p.Waiting...)
	}
	for _, play := range []*PlayInfo{p.Play, p.Check} {
		if play != nil && (f == Filter{} || f.Failed && play.Failed() || f.Drift && play.Check) {
			all = append(all, *play)
		}
	}
	return all
}

// memory is what was learned of plays and schedules.
type memory struct {
	latest    map[key]PlayInfo
	success   map[string]time.Time
	running   map[string]PlayInfo  // by run
	ended     map[string]time.Time // the runs whose end is known, and when they ended
	schedules map[string]scheduleInfo
	problem   string
}

// A key names the plays of a playbook, or its checks.
type key struct {
	name  string
	check bool
}

// A scheduleInfo is a schedule as a list shows it.
type scheduleInfo struct {
	digest string
	next   []time.Time
	lag    time.Duration // of its latest start
	paused bool
	note   string
}

func newMemory() *memory {
	return &memory{latest: map[key]PlayInfo{}, success: map[string]time.Time{}, running: map[string]PlayInfo{}, ended: map[string]time.Time{}}
}

// add learns of a play, and reports whether it is new that it has ended.
func (m *memory) add(p PlayInfo) (ended bool) {
	k := key{p.Name, p.Check}
	if was, ok := m.latest[k]; !ok || !p.Began.Before(was.Began) {
		m.latest[k] = p
	}
	if p.Running() {
		m.running[p.Run] = p
		return false
	}
	if p.Status == "Completed" && !p.Check && p.Ended.After(m.success[p.Name]) {
		m.success[p.Name] = p.Ended
	}
	_, known := m.ended[p.Run]
	m.ended[p.Run] = p.Ended
	return !known
}

// forget forgets of ends before a time that they are known.
func (m *memory) forget(before time.Time) {
	for run, ended := range m.ended {
		if ended.Before(before) {
			delete(m.ended, run)
		}
	}
}

// overview returns what is known at a time.
func (m *memory) overview(now time.Time) *Overview {
	o := &Overview{Phases: map[string]int{}, Schedules: len(m.schedules), Unreadable: m.problem, At: now}
	books := map[string]*Playbook{}
	book := func(name string) *Playbook {
		if books[name] == nil {
			books[name] = &Playbook{Name: name, Success: m.success[name]}
		}
		return books[name]
	}
	for k, p := range m.latest {
		if k.check {
			book(k.name).Check = &p
		} else {
			book(k.name).Play = &p
		}
	}
	for _, p := range m.running {
		o.Phases[p.Phase]++
		if p.Waiting() {
			o.Waiting = append(o.Waiting, p)
		}
	}
	slices.SortFunc(o.Waiting, func(a, b PlayInfo) int { return cmp.Or(a.Began.Compare(b.Began), strings.Compare(a.ID, b.ID)) })
	for _, p := range o.Waiting {
		book(p.Name).Waiting = append(book(p.Name).Waiting, p)
	}
	for id, s := range m.schedules {
		kind, name, _ := strings.Cut(id, "/")
		s.show(o, book(name), kind == "drift", now)
	}
	for _, b := range books {
		b.Drift = b.Check != nil && b.Check.Drifted() && !b.Success.After(b.Check.Began)
		o.Playbooks = append(o.Playbooks, *b)
	}
	slices.SortFunc(o.Playbooks, func(a, b Playbook) int { return strings.Compare(a.Name, b.Name) })
	return o
}

// show adds a schedule to its playbook.
func (s scheduleInfo) show(o *Overview, b *Playbook, check bool, now time.Time) {
	if s.paused {
		o.Paused++
		b.Paused, b.Note = true, s.note
		return
	}
	o.Lag = max(o.Lag, s.lag)
	for _, next := range s.next {
		if next.Before(now) {
			continue
		}
		if check {
			b.NextCheck = next
		} else {
			b.Next = next
		}
		break
	}
}
