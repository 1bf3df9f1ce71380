package report

import (
	"cmp"
	"strconv"
	"time"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// A JSON reports a run as one document when it ends, in the shape of Ansible's
// json callback. Ours beside it: run, which tells how it ended, warnings,
// interrupted, more counts, the problem of a failure, and the diff if it is wanted.
// NaN and infinities, which JSON does not have, are texts.
type JSON struct {
	record
	masker   masker
	stats    engine.Stats
	out      sink
	plays    []*played
	open     *engine.Step
	items    []Change // of the open step's loop
	warnings []value.Value
	failures []value.Value // why plays, or the run, could not begin
}

// played is what is known of a play so far.
type played struct {
	start engine.PlayStart
	end   time.Time
	tasks []value.Value
}

// NewJSON makes a reporter that writes one JSON document at the end.
func NewJSON(opt Options) *JSON {
	return &JSON{record: record{run: opt.Run, secrets: opt.Secrets}, masker: masker{opt.Secrets}, out: sink{w: opt.Out}}
}

// Err returns the error of writing the document, nil if there was none.
func (j *JSON) Err() error { return j.out.err }

// Tell notes an event.
func (j *JSON) Tell(e engine.Event) {
	j.see(e)
	switch e := e.(type) {
	case engine.PlayStart:
		j.plays = append(j.plays, &played{start: e, end: e.Time})
	case engine.TaskStart:
		j.open, j.items = e.Step, nil
	case engine.ItemEnd:
		e.Step = cmp.Or(e.Step, j.open)
		j.items = append(j.items, Changes(j.secrets, e.TaskEnd)...)
	case engine.TaskEnd:
		e.Step = cmp.Or(e.Step, j.open)
		j.taskEnd(e)
	case engine.Warning:
		j.warning(e.Problem)
	case engine.PlayFailed:
		if e.Problem != nil {
			j.failures = append(j.failures, j.masker.problem(e.Problem))
		}
	case engine.RunEnd:
		j.stats = e.Stats
	}
}

func (j *JSON) warning(p *diagnostic.Problem) {
	if p != nil {
		j.warnings = append(j.warnings, j.masker.problem(p))
	}
}

func (j *JSON) taskEnd(e engine.TaskEnd) {
	if e.Outcome == engine.Blocked {
		return
	}
	if len(j.plays) == 0 {
		j.plays = append(j.plays, &played{})
	}
	p := j.plays[len(j.plays)-1]
	end := ended(e)
	if end.After(p.end) {
		p.end = end
	}
	outcome := j.masker.outcome(e)
	if e.Looped && len(j.items) > 0 {
		outcome.Set("changes", changeValues(j.items))
	}
	p.tasks = append(p.tasks, value.MapOf(
		"task", j.masker.taskHead(e.Step, e.Name, e.Start, end),
		"hosts", value.MapOf(j.hostName(), outcome),
	))
}

// End writes the document.
func (j *JSON) End(end End) {
	j.end = end
	for _, p := range end.Problems {
		j.failures = append(j.failures, j.masker.problem(p))
	}
	plays := make([]value.Value, len(j.plays))
	for i, p := range j.plays {
		plays[i] = value.MapOf(
			"play", j.masker.playHead(p.start, i+1, p.end),
			"tasks", p.tasks,
		)
	}
	doc := value.MapOf(
		"plays", plays,
		"stats", value.MapOf(j.hostName(), counts(j.stats)),
		"custom_stats", &value.Map{},
		"global_custom_stats", &value.Map{},
		"warnings", j.warnings,
		"interrupted", j.interrupted,
		"run", j.value(j.masker),
	)
	j.planned(doc)
	if len(j.failures) > 0 {
		doc.Set("problems", j.failures)
	}
	j.out.write(format.JSON(finite(doc), format.JSONStyle{Indent: 4, SortKeys: true}) + "\n")
}

// A JSONL reports a run as a line of JSON for each event, with its name under
// _event and its time under _timestamp, as Ansible's jsonl callback does. Ours
// beside those are runner_on_start, runner_on_progress, runner_on_warning and runner_on_end.
type JSONL struct {
	record
	masker masker
	out    sink
	plays  int
	open   *engine.Step
	began  time.Time // of the run
	last   time.Time // of the event reported last
}

// NewJSONL makes a reporter that writes a line of JSON for each event.
func NewJSONL(opt Options) *JSONL {
	return &JSONL{record: record{run: opt.Run, secrets: opt.Secrets}, masker: masker{opt.Secrets}, out: sink{w: opt.Out}}
}

// Err returns the first error of writing the report, after which nothing more was
// written; nil if there was none.
func (j *JSONL) Err() error { return j.out.err }

// Tell writes an event.
func (j *JSONL) Tell(e engine.Event) {
	j.see(e)
	switch e := e.(type) {
	case engine.RunStart:
		j.began, j.last = e.Time, e.Time
		j.write("runner_on_start", e.Time, value.MapOf("run", j.started()))
	case engine.PlayStart:
		j.plays++
		j.write("v2_playbook_on_play_start", e.Time, value.MapOf("play", j.masker.playHead(e, j.plays, time.Time{})))
	case engine.TaskStart:
		j.open = e.Step
		j.write("v2_playbook_on_task_start", e.Time, value.MapOf("task", j.masker.taskHead(e.Step, e.Name, e.Time, time.Time{})))
	case engine.TaskSays:
		j.write("runner_on_progress", time.Time{}, value.MapOf("task", stepID(e.Step), "text", j.masker.text(e.Text)))
	case engine.TaskRetry:
		j.retry(e)
	case engine.ItemEnd:
		e.Step = cmp.Or(e.Step, j.open)
		j.itemEnd(e.TaskEnd)
	case engine.TaskProgress:
		j.write("runner_on_progress", time.Time{}, value.MapOf("task", stepID(e.Step), "text", j.masker.text(e.Text)))
	case engine.TaskEnd:
		e.Step = cmp.Or(e.Step, j.open)
		j.taskEnd(e)
	case engine.Warning:
		j.problem("runner_on_warning", "warning", e.Problem)
	case engine.PlayFailed:
		j.problem("runner_on_play_failed", "problem", e.Problem)
	case engine.RunEnd:
		j.runEnd(e)
	}
}

// End writes the last line.
func (j *JSONL) End(end End) {
	j.end = end
	problems := []value.Value{}
	for _, p := range end.Problems {
		problems = append(problems, j.masker.problem(p))
	}
	at := end.Time
	if at.IsZero() {
		at = j.run.Began
	}
	name := "runner_on_end"
	if end.Running {
		name = "runner_on_start"
	}
	j.write(name, at, value.MapOf("run", j.value(j.masker), "problems", problems))
}

// started is what is known of the run while it goes on.
func (j *JSONL) started() *value.Map {
	begun := j.record
	begun.end = End{Running: true}
	return begun.value(j.masker)
}

func (j *JSONL) problem(name, as string, p *diagnostic.Problem) {
	if p != nil {
		j.write(name, time.Time{}, value.MapOf(as, j.masker.problem(p)))
	}
}

func (j *JSONL) taskEnd(e engine.TaskEnd) {
	name := "v2_runner_on_ok"
	switch e.Outcome {
	case engine.Blocked:
		return
	case engine.Skipped:
		name = "v2_runner_on_skipped"
	case engine.Failed, engine.Ignored, engine.Rescued:
		name = "v2_runner_on_failed"
	}
	j.ended(name, e)
}

func (j *JSONL) itemEnd(e engine.TaskEnd) {
	name := "v2_runner_item_on_ok"
	switch {
	case e.Outcome == engine.Skipped:
		name = "v2_runner_item_on_skipped"
	case e.Outcome.Bad():
		name = "v2_runner_item_on_failed"
	}
	j.ended(name, e)
}

func (j *JSONL) ended(name string, e engine.TaskEnd) {
	end := ended(e)
	j.write(name, end, value.MapOf(
		"task", j.masker.taskHead(e.Step, e.Name, e.Start, end),
		"hosts", value.MapOf(j.hostName(), j.masker.outcome(e)),
	))
}

func (j *JSONL) retry(e engine.TaskRetry) {
	end := engine.TaskEnd{Step: e.Step, Name: e.Name, Result: e.Result, Shows: e.Shows, NoLog: e.NoLog}
	event := value.MapOf("task", j.masker.taskHead(e.Step, e.Name, time.Time{}, time.Time{}),
		"hosts", value.MapOf(j.hostName(), j.masker.result(end)), "attempts", e.Attempts, "left", e.Left)
	j.write("v2_runner_retry", time.Time{}, event)
}

func (j *JSONL) runEnd(e engine.RunEnd) {
	var at time.Time
	if !j.began.IsZero() {
		at = j.began.Add(e.Took)
	}
	event := value.MapOf(
		"stats", value.MapOf(j.hostName(), counts(e.Stats)),
		"custom_stats", &value.Map{},
		"global_custom_stats", &value.Map{},
		"interrupted", e.Interrupted,
	)
	j.planned(event)
	j.write("v2_playbook_on_stats", at, event)
}

// write adds a line. An event without a time of its own takes that of the one
// before: steps that ran side by side are reported late, in the playbook's order.
func (j *JSONL) write(name string, at time.Time, event *value.Map) {
	if at.IsZero() {
		at = j.last
	}
	j.last = at
	event.Set("_event", name)
	event.Set("_timestamp", stamp(at))
	j.out.write(format.JSON(finite(event), format.JSONStyle{SortKeys: true}) + "\n")
}

func (v masker) playHead(e engine.PlayStart, number int, end time.Time) *value.Map {
	head := value.MapOf("name", v.text(e.Name), "id", strconv.Itoa(number), "duration", duration(e.Time, end))
	if e.Play != nil && !e.Play.Place.IsZero() {
		head.Set("path", v.text(where(e.Play.Place)))
	}
	return head
}

func (v masker) taskHead(s *engine.Step, name string, start, end time.Time) *value.Map {
	head := value.MapOf("name", v.text(name), "id", stepID(s), "duration", duration(start, end))
	if s != nil && !s.Place.IsZero() {
		head.Set("path", v.text(where(s.Place)))
	}
	return head
}

func stepID(s *engine.Step) value.Value {
	if s == nil {
		return nil
	}
	return s.ID
}

// duration tells when something began and, once that is known, ended.
func duration(start, end time.Time) *value.Map {
	d := value.MapOf("start", stamp(start))
	if !end.IsZero() {
		d.Set("end", stamp(end))
	}
	return d
}

// ended returns when a step was done; the zero time if that is not known.
func ended(e engine.TaskEnd) time.Time {
	if e.Start.IsZero() {
		return time.Time{}
	}
	return e.Start.Add(e.Took)
}

// outcome returns a step's result with what tells how it ended.
func (v masker) outcome(e engine.TaskEnd) *value.Map {
	m, ok := v.result(e).(*value.Map)
	if !ok {
		m = value.MapOf("changed", changed(e), "result", e.Result)
	}
	if name := kindOf(e.Step).Name; name != "" {
		m.Set("action", name)
	}
	switch e.Outcome {
	case engine.Skipped:
		m.Set("skipped", true)
	case engine.Failed, engine.Ignored, engine.Rescued:
		m.Set("failed", true)
		m.Set("ignore_errors", e.Outcome == engine.Ignored)
		if e.Problem != nil && !e.NoLog {
			m.Set("problem", v.problem(e.Problem))
		}
	}
	if e.NotStarted > 0 {
		m.Set("not_started", e.NotStarted)
	}
	if e.Included != "" {
		m.Set("included", v.text(e.Included))
	}
	if changes := Changes(v.secrets, e); len(changes) > 0 {
		m.Set("changes", changeValues(changes))
	}
	if differs(e) {
		before, after := v.sides(e)
		m.Set("diff", value.MapOf("header", v.text(e.Change.Object), "before", before, "after", after))
	}
	return m
}

// problem returns a problem's parts, those that it has.
func (v masker) problem(p *diagnostic.Problem) *value.Map {
	m := value.MapOf("msg", v.text(p.Msg))
	for _, part := range []struct{ name, text string }{
		{"place", p.Place.String()}, {"hint", p.Hint}, {"detail", p.Detail}, {"rule", p.Rule},
	} {
		if part.text != "" {
			m.Set(part.name, v.text(part.text))
		}
	}
	if len(p.Parts) > 0 {
		var parts []value.Value
		for _, one := range p.Parts {
			parts = append(parts, v.problem(one))
		}
		m.Set("parts", parts)
	}
	return m
}

func counts(s engine.Stats) *value.Map {
	return value.MapOf(
		"ok", s.OK, "changed", s.Changed, "unreachable", s.Unreachable, "failures", s.Failed,
		"skipped", s.Skipped, "rescued", s.Rescued, "ignored", s.Ignored, "blocked", s.Blocked, "unknown", s.Unknown,
	)
}
