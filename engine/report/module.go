package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// A Module reports a run of one task as Ansible's modules do: one JSON object with
// changed, failed, msg, diff, warnings, invocation and the task's result. The result
// is whole and in clear, since Ansible registers it for later tasks; all else is
// masked.
type Module struct {
	masker masker
	out    sink
	task   *engine.TaskEnd

	result   *value.Map
	warnings []value.Value
	problems []*diagnostic.Problem // why there is no task

	// Invocation is what the module was called with, without secrets; nil: it is left out.
	Invocation *value.Map
	// Log returns what is to be shown of how it went; "" is left out. Nil: nothing.
	Log func() string
	// Verbose: printing the result shows more than whether something changed.
	Verbose bool
}

// SecretResult is in a Module's object, and true, where the result is to be registered, and
// not to be printed. The collection's action plugin takes it out.
const SecretResult = "_secret"

// NewModule makes a reporter that writes one JSON object at the end.
func NewModule(opt Options) *Module {
	return &Module{masker: masker{opt.Secrets}, out: sink{w: opt.Out}, result: &value.Map{}, Verbose: opt.Verbosity > 0}
}

// Err returns the error of writing the object, nil if there was none.
func (m *Module) Err() error { return m.out.err }

// Tell notes an event.
func (m *Module) Tell(e engine.Event) {
	switch e := e.(type) {
	case engine.Warning:
		m.Warn(e.Problem)
	case engine.PlayFailed:
		m.problems = append(m.problems, e.Problem)
	case engine.TaskEnd:
		if !e.Silent {
			m.task = &e
			m.result = resultOf(e)
		}
	}
}

// resultOf returns what of a task's result is registered: if nobody knows it yet, that of
// each of its parts.
func resultOf(e engine.TaskEnd) *value.Map {
	if result, ok := e.Result.(*value.Map); ok {
		open, _ := value.Open(result).(*value.Map)
		return without(open)
	}
	out := &value.Map{}
	for _, r := range kindOf(e.Step).Returns {
		out.Set(r.Name, e.Result)
	}
	return out
}

// Warn notes a warning, each text one time only.
func (m *Module) Warn(p *diagnostic.Problem) {
	if p == nil {
		return
	}
	var text value.Value = lines(m.masker.text(p.Text()))
	if !slices.Contains(m.warnings, text) {
		m.warnings = append(m.warnings, text)
	}
}

// End writes the object.
func (m *Module) End(end End) {
	out := m.result
	if m.task != nil {
		m.ended(out)
	}
	problems := append(m.failure(), m.problems...)
	if m.task == nil || m.task.Problem == nil {
		problems = append(problems, end.Problems...)
	}
	if failed := len(problems) > 0 || end.Exit != 0 && end.Exit != 3; failed {
		out.Set("failed", true)
		out.Set("msg", m.message(problems, end))
	}
	if _, ok := out.Get("changed"); !ok {
		out.Set("changed", false)
	}
	if len(m.warnings) > 0 {
		out.Set("warnings", m.warnings)
	}
	if m.Invocation != nil {
		out.Set("invocation", value.MapOf("module_args", m.masker.value(m.Invocation)))
	}
	if m.Log != nil {
		if text := strings.TrimSpace(m.masker.text(m.Log())); text != "" {
			out.Set("log", textList(strings.Split(text, "\n")))
		}
	}
	m.out.write(format.JSON(finite(out), format.JSONStyle{SortKeys: true}) + "\n")
}

// ended adds how the task ended.
func (m *Module) ended(out *value.Map) {
	e := *m.task
	unknown := e.Outcome == engine.Unknown && e.Change != nil && e.Change.Action != engine.None
	out.Set("changed", changed(e) || unknown)
	if e.Outcome == engine.Skipped {
		out.Set("skipped", true)
		out.Set("msg", m.masker.text(skipReason(e.Result)))
	}
	if differs(e) {
		before, after := m.masker.sides(e)
		object := line(m.masker.text(e.Change.Object))
		out.Set("diff", value.MapOf("before_header", object, "after_header", object, "before", before, "after", after))
	}
	if value.HoldsSecret(e.Result) {
		out.Set(SecretResult, true)
	}
}

// failure returns why the task failed, a problem each.
func (m *Module) failure() []*diagnostic.Problem {
	if m.task == nil || m.task.Problem == nil {
		return nil
	}
	if c := m.task.Change; c != nil && c.Allow != "" && c.Consent == "" {
		lacking := *m.task.Problem
		lacking.Hint = fmt.Sprintf("nothing was changed; `allow: [%s]` among the module's parameters consents", c.Allow)
		return []*diagnostic.Problem{&lacking}
	}
	return m.task.Problem.Each()
}

// message returns why it failed, a line for each problem.
func (m *Module) message(problems []*diagnostic.Problem, end End) string {
	var all []string
	for _, p := range problems {
		text := lines(m.masker.text(p.Text()))
		if m.Verbose && p.Detail != "" {
			text += "\n" + lines(m.masker.text(p.Detail))
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return cmp.Or(strings.Join(all, "\n"), fmt.Sprintf("runner ended with exit code %d", end.Exit))
}

func textList(texts []string) []value.Value {
	list := make([]value.Value, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}
