package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// A summary gathers of a run what a report needs that is written at its end.
// Everything in it can be shown: it is masked as it comes in.
type summary struct {
	record
	masker     masker
	took       time.Duration
	stats      engine.Stats
	plays      []*section
	open       *engine.Step
	items      []row // of the open step
	warnings   []string
	notStarted string
}

// A section is a play of a summary.
type section struct {
	name     string
	playbook string // the file that it stands in
	start    time.Time
	rows     []row
}

// playbookOf names the file that a play stands in.
func (o *summary) playbookOf(p *engine.Play) string {
	if p == nil || p.Place.IsZero() {
		return line(o.masker.text(o.playbook()))
	}
	return line(o.masker.text(p.Place.Source.Name))
}

// A row is a task of a summary.
type row struct {
	name, kind string
	named      bool // by the playbook; else the name is the kind's
	owner      string
	provider   string
	place      string // "site.yml:4", or ""
	file       string
	outcome    engine.Outcome
	start      time.Time
	took       time.Duration
	object     string // what it is about: `add-on "main-db"`; "" for nothing, or what no_log hides
	action     engine.Action
	drift      int      // how many attributes differ
	diff       []string // lines; none where none is wanted
	problem    string   // why it failed
	excerpt    string   // the line to blame, with a caret
	reason     string   // why it was skipped
	items      []row    // of a loop: those that are about something
	changes    []Change // what it does to which objects
	notStarted int      // items of a loop
}

// Tell takes an event in.
func (o *summary) Tell(e engine.Event) {
	o.see(e)
	switch e := e.(type) {
	case engine.PlayStart:
		o.plays = append(o.plays, &section{name: line(o.masker.text(e.Name)), playbook: o.playbookOf(e.Play), start: e.Time})
	case engine.PlayFailed:
		o.add(o.row(engine.TaskEnd{Name: "what the play needs", Outcome: engine.Failed, Problem: e.Problem}))
	case engine.TaskStart:
		o.open, o.items = e.Step, nil
	case engine.ItemEnd:
		e.Step = cmp.Or(e.Step, o.open)
		o.item(e)
	case engine.TaskEnd:
		e.Step = cmp.Or(e.Step, o.open)
		o.taskEnd(e)
	case engine.Warning:
		o.warning(e.Problem)
	case engine.RunEnd:
		o.stats, o.took = e.Stats, e.Took
		o.notStarted = notStarted(e)
	}
}

// warning notes a warning, each text one time only.
func (o *summary) warning(p *diagnostic.Problem) {
	if p == nil {
		return
	}
	if text := line(o.masker.text(p.Error())); !slices.Contains(o.warnings, text) {
		o.warnings = append(o.warnings, text)
	}
}

func (o *summary) taskEnd(e engine.TaskEnd) {
	if e.Silent && e.Outcome != engine.Failed && e.Outcome != engine.Ignored {
		return
	}
	r := o.row(e)
	if e.Looped {
		r.items, o.items = o.items, nil
		for _, item := range r.items {
			r.diff = append(r.diff, item.diff...)
			r.changes = append(r.changes, item.changes...)
		}
	}
	o.add(r)
}

// item keeps what an item of a loop is about until its task ends.
func (o *summary) item(e engine.ItemEnd) {
	if r := o.row(e.TaskEnd); r.object != "" || len(r.diff) > 0 {
		o.items = append(o.items, r)
	}
}

func (o *summary) add(r row) {
	if len(o.plays) == 0 {
		o.plays = append(o.plays, &section{})
	}
	p := o.plays[len(o.plays)-1]
	p.rows = append(p.rows, r)
}

// row returns what can be shown of a task that ended.
func (o *summary) row(e engine.TaskEnd) row {
	r := row{name: line(o.masker.text(cmp.Or(e.Name, written(e.Step)))), kind: kindOf(e.Step).Name, outcome: e.Outcome, start: e.Start, took: e.Took}
	if e.Step != nil && !e.Step.Place.IsZero() {
		r.place, r.file = o.masker.text(where(e.Step.Place)), o.masker.text(e.Step.Place.Source.Name)
	}
	r.named = e.Step == nil || e.Name != "" && e.Name != e.Step.As
	if m, ok := e.Result.(*value.Map); ok && !e.NoLog {
		r.owner, r.provider = o.textAt(m, "organisation"), o.textAt(m, "provider")
	}
	if e.Outcome == engine.Skipped && !e.NoLog {
		r.reason = o.masker.text(skipReason(e.Result))
	}
	if c := e.Change; c != nil && !e.NoLog {
		r.object, r.action, r.drift = line(o.masker.text(c.Object)), c.Action, drift(c)
	}
	r.notStarted = e.NotStarted
	r.changes = Changes(o.masker.secrets, e)
	if differs(e) {
		before, after := o.masker.sides(e)
		r.diff = unified(r.object, before, after)
	}
	if r.failed() {
		r.problem, r.excerpt = o.blame(e)
	}
	return r
}

// textAt returns a text in a result, "" where there is none.
func (o *summary) textAt(m *value.Map, key string) string {
	v, _ := m.Get(key)
	text, _ := v.(string)
	return line(o.masker.text(text))
}

// written returns the name of a step that was never started, as the playbook has it.
func written(s *engine.Step) string {
	switch {
	case s == nil:
		return ""
	case s.Name != nil:
		return s.Name.Text
	}
	return s.As
}

// failed reports whether a task failed, whatever came of that.
func (r row) failed() bool {
	return r.outcome == engine.Failed || r.outcome == engine.Ignored || r.outcome == engine.Rescued
}

// about returns the rows that say what a task is about: itself, or its items.
func (r row) about() []row {
	if len(r.items) > 0 {
		return r.items
	}
	return []row{r}
}

// blame tells why a task failed, and shows the lines.
func (o *summary) blame(e engine.TaskEnd) (problem, excerpt string) {
	switch {
	case e.NoLog:
		return "the task failed; why is hidden by its no_log", ""
	case e.Problem == nil:
		return "the task failed", ""
	}
	var texts []string
	for _, one := range e.Problem.Each() {
		texts = append(texts, lines(o.masker.text(one.Error())))
		excerpt += o.masker.excerpt(one)
	}
	return strings.Join(texts, "\n"), excerpt
}

// drift counts what differs: at least one where something is to be done.
func drift(c *engine.Change) int {
	n := 0
	for _, a := range c.Attrs {
		if !value.Equal(a.Before, a.After) {
			n++
		}
	}
	if c.Action != engine.None {
		return max(n, 1)
	}
	return n
}

func skipReason(result value.Value) string {
	m, _ := result.(*value.Map)
	for _, key := range []string{"false_condition", "skipped_reason", "skip_reason"} {
		if m == nil {
			break
		}
		if v, ok := m.Get(key); ok {
			return line(value.Text(v))
		}
	}
	return ""
}

// flat makes one line of a text that has several.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// failed reports whether the run did not do all that it was to do.
func (o *summary) failed() bool {
	return !o.succeeded() || o.interrupted || o.stats.Failed+o.stats.Unreachable+o.stats.Blocked > 0
}

// title says in a few words how the run ended.
func (o *summary) title() string {
	switch {
	case o.end.Running:
		return "The run has not ended"
	case o.how() == stateInterrupted:
		return "The run was interrupted"
	case o.how() == stateNotBegun && !o.succeeded():
		return "The run could not begin"
	case o.failed():
		return "The run failed"
	case o.stats.Changed == 0:
		return "Nothing to do"
	case o.run.Check:
		return "There is something to do"
	}
	return "Done"
}
