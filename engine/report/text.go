package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// A Text reports a run as ansible-playbook does.
type Text struct {
	record
	printer
	opt       Options
	masker    masker
	out, warn sink

	play, task string       // banners that wait for something below them
	open       *engine.Step // the step whose banner was made last
	warned     map[string]bool
	unfinished []string // loops of which not all items were started
	included   []string // lines of items of the loop at hand, which come after those of the others
}

// NewText makes a reporter that prints text.
func NewText(opt Options) *Text {
	t := &Text{
		record: record{run: opt.Run, secrets: opt.Secrets}, masker: masker{opt.Secrets},
		printer: printer{color: opt.Color, width: opt.Width}, opt: opt, warned: map[string]bool{},
	}
	t.out.w, t.warn.w = opt.Out, opt.Err
	return t
}

// Err returns the first error of writing the report, after which nothing more was
// written; nil if there was none.
func (t *Text) Err() error { return t.out.err }

// Tell prints an event.
func (t *Text) Tell(e engine.Event) {
	t.see(e)
	switch e := e.(type) {
	case engine.PlayStart:
		t.playStart(e)
	case engine.PlayFailed:
		t.banners()
		if e.Problem != nil {
			t.problem(e.Problem, false)
		}
	case engine.TaskStart:
		t.taskStart(e.Step, e.Name, e.Handler)
	case engine.TaskProgress:
		t.progress(e)
	case engine.TaskSays:
		t.says(e)
	case engine.TaskRetry:
		t.retry(e)
	case engine.ItemEnd:
		e.Step = cmp.Or(e.Step, t.open)
		t.itemEnd(e)
	case engine.TaskEnd:
		e.Step = cmp.Or(e.Step, t.open)
		t.taskEnd(e)
	case engine.Warning:
		t.warning(e)
	case engine.PlaybookEnd:
		t.playbookEnd(e.Stats)
	case engine.RunEnd:
		t.runEnd(e)
	}
	if e, ok := e.(engine.TaskEnd); ok && e.NotStarted > 0 && e.Outcome != engine.Blocked {
		t.unfinished = append(t.unfinished, line(t.masker.text(e.Name))+": "+notStartedItems(e.NotStarted))
	}
	t.out.write(t.buf.String())
	t.buf.Reset()
	if e, ok := e.(engine.RunEnd); ok {
		t.afterwards(e)
	}
}

// End writes, in a record, how the run ended.
func (t *Text) End(end End) {
	t.end = end
	if !t.opt.Record {
		return
	}
	for _, text := range t.problems(t.masker) {
		t.print("ERROR: "+text, red)
	}
	what := fmt.Sprintf("%s, exit code %d", t.how(), end.Exit)
	at := end.Time
	if end.Running {
		what, at = "begun, and not ended", t.run.Began
	}
	t.print(strings.TrimRight(at.UTC().Format(time.RFC3339)+" "+lines(t.masker.text(t.playbook()))+": "+what, " "), "")
	t.out.write(t.buf.String())
	t.buf.Reset()
}

// banners prints those that wait.
func (t *Text) banners() {
	t.buf.WriteString(t.play)
	t.buf.WriteString(t.task)
	t.play, t.task = "", ""
}

func (t *Text) playStart(e engine.PlayStart) {
	title := "PLAY"
	if name := line(t.masker.text(e.Name)); name != "" {
		title += " [" + name + "]"
	}
	t.play, t.open = t.banner(title), nil
	if !t.opt.Quiet {
		t.banners()
	}
	if e.Play != nil && e.Play.NoHosts && !t.opt.Quiet {
		t.print("skipping: no hosts matched", cyan)
	}
}

func (t *Text) taskStart(s *engine.Step, name string, handler bool) {
	title := "TASK ["
	if handler {
		title = "RUNNING HANDLER ["
	}
	t.open = s
	t.task = t.banner(title + line(t.masker.text(name)) + "]")
	if t.opt.Verbosity >= 2 && s != nil && !s.Place.IsZero() {
		t.task += t.paint("task path: "+line(t.masker.text(where(s.Place))), gray) + "\n"
	}
	if !t.opt.Quiet {
		t.banners()
	}
}

// progress prints where a long change stands, unless whoever reads this sees it already.
func (t *Text) progress(e engine.TaskProgress) {
	if !t.opt.Quiet && !t.opt.Live {
		t.print("  "+line(t.masker.text(e.Text)), blue)
	}
}

func (t *Text) says(e engine.TaskSays) {
	if !t.opt.Quiet {
		t.print(lines(t.masker.text(e.Text)), "")
	}
}

// retry prints that a task is tried again, and what came of it where showing
// that is its purpose, or with -vvv.
func (t *Text) retry(e engine.TaskRetry) {
	t.banners()
	text := fmt.Sprintf("FAILED - RETRYING: [%s]: %s (%d retries left).", t.hostName(), line(t.masker.text(e.Name)), e.Left)
	if e.Shows && !e.NoLog || t.opt.Verbosity > 2 {
		v := t.masker.result(engine.TaskEnd{Step: e.Step, Result: e.Result, Shows: e.Shows, NoLog: e.NoLog})
		text += "Result was: " + escape(format.JSON(v, format.JSONStyle{SortKeys: true, Indent: 4}))
	}
	t.print(text, blue)
}

// hides reports whether -q leaves an end out.
func (t *Text) hides(e engine.TaskEnd) bool {
	return t.opt.Quiet && (e.Outcome == engine.OK || e.Outcome == engine.Skipped)
}

// under prints the banner of the step at hand, if it waits.
func (t *Text) under(e engine.TaskEnd) {
	if t.open != e.Step {
		t.taskStart(e.Step, e.Name, e.Handler)
	}
	t.banners()
}

func (t *Text) taskEnd(e engine.TaskEnd) {
	if t.hides(e) || e.Outcome == engine.Blocked {
		t.task = ""
		return
	}
	t.under(e)
	t.diff(e)
	defer t.changes(e)
	for _, text := range t.included {
		t.print(text, cyan)
	}
	t.included = nil
	switch {
	case e.Silent && e.Outcome != engine.Skipped:
	case e.Outcome == engine.Skipped:
		t.state("skipping: ["+t.hostName()+"]", e, cyan)
	case e.Outcome.Bad():
		t.failed(e)
	case e.Looped: // its items were reported
	case e.Included != "":
		item := ""
		if e.NoLog {
			item = " => (item=(censored due to no_log))" // though there is no loop
		}
		t.print("included: "+line(t.masker.text(e.Included))+" for "+t.hostName()+item, cyan)
	default:
		t.good("ok", e, "")
	}
}

// itemEnd prints how an item of a looped step ended.
func (t *Text) itemEnd(e engine.ItemEnd) {
	if t.hides(e.TaskEnd) {
		return
	}
	t.under(e.TaskEnd)
	t.diff(e.TaskEnd)
	item := " (item=" + harmless(t.masker.text(e.Label)) + ")"
	defer t.changes(e.TaskEnd)
	switch {
	case e.Outcome == engine.Skipped:
		t.state("skipping: ["+t.hostName()+"] =>"+item+" ", e.TaskEnd, cyan)
	case e.Outcome.Bad():
		if e.Problem != nil {
			t.problem(e.Problem, e.NoLog)
		}
		t.print("failed: ["+t.on(e.TaskEnd)+"]"+item+" => "+t.result(e.TaskEnd), red)
	case e.Included != "":
		if e.Label == "" {
			item = ""
		} else {
			item = " =>" + item
		}
		t.included = append(t.included, "included: "+line(t.masker.text(e.Included))+" for "+t.hostName()+item)
	default:
		t.good("ok", e.TaskEnd, " =>"+item)
	}
}

// changes prints, in a check, a line for each object that would be changed.
func (t *Text) changes(e engine.TaskEnd) {
	if !t.run.Check {
		return
	}
	for _, c := range Changes(t.secrets, e) {
		color := yellow
		switch {
		case c.Unknown:
			color = purple
		case c.Action == engine.Create:
			color = green
		case c.Action.Destroys():
			color = red
		}
		t.print("  "+c.String(), color)
	}
}

// on returns the host of a step, and the name to which it was delegated.
func (t *Text) on(e engine.TaskEnd) string {
	if e.DelegatedTo != "" {
		return t.hostName() + " -> " + e.DelegatedTo
	}
	return t.hostName()
}

// good prints that a step, or an item of it, ended well.
func (t *Text) good(state string, e engine.TaskEnd, item string) {
	color := green
	switch e.Outcome {
	case engine.Changed:
		state, color = "changed", yellow
	case engine.Unknown:
		state, color = untilApplied, purple
	}
	t.state(state+": ["+t.on(e)+"]"+item, e, color)
}

// state prints how a step ended, and its result if that is wanted.
func (t *Text) state(text string, e engine.TaskEnd, color string) {
	if tells(e) || t.opt.Verbosity > 0 {
		text += " => " + t.result(e)
	}
	t.print(text, color)
}

// failed prints that a step failed, and why. Of a looped one the items have said
// so, unless all of it is hidden or its purpose is to show something.
func (t *Text) failed(e engine.TaskEnd) {
	if e.Problem != nil && !e.Looped {
		t.problem(e.Problem, e.NoLog)
	}
	if !e.Looped || purpose(e.Step) {
		t.print("fatal: ["+t.on(e)+"]: FAILED! => "+t.result(e), red)
	}
	if e.Outcome == engine.Ignored {
		t.print("...ignoring", cyan)
	}
}

// result returns a step's result as JSON: over several lines where showing it is
// the purpose, or with -vvv.
func (t *Text) result(e engine.TaskEnd) string {
	v := t.masker.result(e)
	if m, ok := v.(*value.Map); ok && (e.Shows || purpose(e.Step)) {
		v = bare(m)
	}
	if m, ok := v.(*value.Map); ok && e.Outcome == engine.Skipped {
		v = without(m, "results")
	}
	style := format.JSONStyle{SortKeys: true}
	if tells(e) || t.opt.Verbosity >= 3 {
		style.Indent = 4
	}
	return escape(format.JSON(v, style))
}

// problem prints why a step failed, where, and what to do. Of one that no_log
// covers it tells the place alone.
func (t *Text) problem(p *diagnostic.Problem, noLog bool) {
	if noLog {
		q := diagnostic.Problem{Place: p.Place, Msg: "the task failed; why is hidden by its no_log"}
		t.print("[ERROR]: "+line(t.masker.text(q.Error())), red)
		return
	}
	for _, one := range p.Each() {
		t.print("[ERROR]: "+lines(t.masker.text(one.Error())), red)
		t.buf.WriteString(t.masker.excerpt(one))
		if t.opt.Verbosity > 0 && one.Detail != "" {
			t.print(lines(t.masker.text(one.Detail)), "")
		}
	}
}

// diff prints what a change makes different, and an empty line.
func (t *Text) diff(e engine.TaskEnd) {
	if !differs(e) {
		return
	}
	before, after := t.masker.sides(e)
	t.diffLines(unified(line(t.masker.text(e.Change.Object)), before, after))
}

// warning prints a warning at once, each text one time only.
func (t *Text) warning(e engine.Warning) {
	if e.Problem == nil {
		return
	}
	text := "[WARNING]: " + lines(t.masker.text(e.Problem.Error()))
	if t.warned[text] {
		return
	}
	t.warned[text] = true
	if t.warn.w == nil {
		t.print(text, purple)
		return
	}
	t.warn.write(t.paint(text, purple) + "\n")
}

func (t *Text) runEnd(e engine.RunEnd) {
	t.play, t.task = "", ""
	if e.Interrupted {
		t.print("", "")
		t.print("[ERROR]: the run was interrupted: nothing more was started", red)
	}
	t.playbookEnd(e.Stats)
	t.planned()
}

// playbookEnd prints the recap of what has been done so far.
func (t *Text) playbookEnd(s engine.Stats) {
	t.play, t.task = "", ""
	t.buf.WriteString(t.banner("PLAY RECAP"))
	// As in Ansible, a run in which no step had its turn has no line.
	if s != (engine.Stats{Blocked: s.Blocked}) {
		t.recap(t.hostName(), s)
	}
	t.print("", "")
}

// planned prints what a check would change, if it would change anything: else standard
// output is Ansible's.
func (t *Text) planned() {
	if !t.run.Check || t.plan.Empty() {
		return
	}
	t.print(t.plan.String(), "")
	if text := t.plan.ConsentText(); text != "" {
		t.print(text, yellow)
	}
}

// afterwards writes to standard error what Ansible has no words for: standard output
// stays Ansible's.
func (t *Text) afterwards(e engine.RunEnd) {
	for _, text := range t.unfinished {
		t.warn.write(t.paint(text, red) + "\n")
	}
	if text := notStarted(e); text != "" {
		t.warn.write(t.paint(text, red) + "\n")
	}
	if n := e.Stats.Unknown; n > 0 {
		t.warn.write(t.paint(untilApplied+": "+counted(n, "task"), purple) + "\n")
	}
}
