package report

import (
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// censored stands for a result that no_log hides, in Ansible's words: people
// and scripts look for them.
const censored = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"

// A masker decides what of a run may be seen.
type masker struct{ secrets *engine.Secrets }

// text masks the secrets in a text.
func (v masker) text(s string) string { return v.secrets.Mask(s) }

// value masks the secrets in all parts of a value: what is marked, what stands under a
// name that says secret, and what is known to be one. That has to happen before the
// value is written as JSON, whose escapes would hide a secret from the search.
func (v masker) value(x value.Value) value.Value { return v.masked(value.MarkNamed(x)) }

func (v masker) masked(x value.Value) value.Value {
	switch x := x.(type) {
	case nil, bool, *value.Unknown:
		return x
	case string:
		return v.text(x)
	case value.Secret:
		return v.text(x.String())
	case []value.Value:
		return v.list(x)
	case value.Tuple:
		return v.list(x)
	case *value.Map:
		m := &value.Map{}
		for k, e := range x.All() {
			m.Set(v.masked(k), v.masked(e))
		}
		return m
	}
	if s := value.Text(x); v.text(s) != s {
		return engine.Masked
	}
	return x
}

func (v masker) list(items []value.Value) []value.Value {
	out := make([]value.Value, len(items))
	for i, item := range items {
		out[i] = v.masked(item)
	}
	return out
}

// result returns what may be seen of a step's result. How the step ended is reported
// by other means, so the keys that repeat it are left out.
func (v masker) result(e engine.TaskEnd) value.Value {
	if e.NoLog {
		return value.MapOf("censored", censored, "changed", changed(e))
	}
	if _, ok := e.Result.(*value.Unknown); ok {
		return value.MapOf("changed", changed(e), "msg", e.Result)
	}
	m, _ := e.Result.(*value.Map)
	out := without(m, "failed", "skipped")
	if e.Problem != nil {
		out = without(out, "exception")
	}
	if _, ok := out.Get("changed"); !ok {
		out.Set("changed", changed(e))
	}
	if shows(e) {
		return v.displayed(out, e.Step)
	}
	if _, ok := out.Get("msg"); !ok && e.Problem != nil {
		out.Set("msg", e.Problem.Msg)
	}
	return v.value(out)
}

// displayed returns what a debug shows: in clear what it is to show, and masked which
// item of a loop that was.
func (v masker) displayed(m *value.Map, s *engine.Step) *value.Map {
	named := ""
	if s != nil && s.Args.Get("var") != nil {
		named = s.Args.Get("var").Text
	}
	item, _ := m.Get("ansible_loop_var")
	out := &value.Map{}
	for k, x := range m.All() {
		switch list, _ := x.([]value.Value); {
		case k == named:
			x = value.Open(x)
		case k == item, k == "ansible_loop":
			x = v.value(x)
		case k == "results" && list != nil:
			x = v.displayedEach(list, s)
		default:
			x = value.Open(x)
		}
		out.Set(k, x)
	}
	return out
}

// displayedEach is displayed for the items of a loop.
func (v masker) displayedEach(list []value.Value, s *engine.Step) value.Value {
	out := make([]value.Value, len(list))
	for i, x := range list {
		m, ok := x.(*value.Map)
		if !ok || !m.Has("ansible_loop_var") {
			return value.Open(list)
		}
		out[i] = v.displayed(m, s)
	}
	return out
}

// shows reports whether the result is shown as it is, secrets included.
func shows(e engine.TaskEnd) bool {
	return e.Shows && !e.NoLog && (e.Outcome == engine.OK || e.Outcome == engine.Changed)
}

// tells reports whether the result is printed without being asked for, masked
// unless it shows.
func tells(e engine.TaskEnd) bool {
	return shows(e) || e.Tells && !e.NoLog && e.Outcome != engine.Skipped
}

// changed returns the result's own word about it, if it has one.
func changed(e engine.TaskEnd) bool {
	if m, ok := e.Result.(*value.Map); ok {
		if c, ok := m.Get("changed"); ok {
			return c == true
		}
	}
	return e.Outcome == engine.Changed
}

func kindOf(s *engine.Step) engine.Kind {
	if s == nil || s.Kind == nil {
		return engine.Kind{}
	}
	return *s.Kind
}

// secretPaths returns the paths of what is secret in the result of a step.
func secretPaths(s *engine.Step) []string {
	kind := kindOf(s)
	return kind.SecretPaths()
}

// purpose reports whether showing its result is what a step is for.
func purpose(s *engine.Step) bool {
	kind := kindOf(s)
	return kind.Display() == engine.DisplayResult
}

// without copies a map but for some keys.
func without(m *value.Map, keys ...string) *value.Map {
	out := &value.Map{}
	for k, x := range m.All() {
		if s, ok := k.(string); !ok || !slices.Contains(keys, s) {
			out.Set(k, x)
		}
	}
	return out
}

// excerpt returns the source line of a problem with a caret below. The line is
// masked before it is cut to size, so that no half of a secret stays, and the
// caret moves along.
func (v masker) excerpt(p *diagnostic.Problem) string {
	text := p.Excerpt()
	if text == "" {
		return ""
	}
	line := sourceLine(p.Place)
	masked := v.text(line)
	if masked == line {
		return text
	}
	q := *p
	q.Place.Source = &diagnostic.Source{Text: strings.Repeat("\n", p.Place.Line-1) + masked}
	q.Place.Col = v.column(line, masked, p.Place.Col)
	return q.Excerpt()
}

// column finds where a column of a line is after masking. One inside a secret
// moves to where the first mask stands.
func (v masker) column(line, masked string, col int) int {
	runes := []rune(line)
	at := min(max(col-1, 0), len(runes))
	head, tail := v.text(string(runes[:at])), v.text(string(runes[at:]))
	if head+tail == masked {
		return len([]rune(head)) + 1
	}
	n := 0
	for i, r := range []rune(masked) {
		if i >= len(runes) || runes[i] != r {
			break
		}
		n++
	}
	return n + 1
}

func sourceLine(at diagnostic.Place) string {
	n := 1
	for l := range strings.Lines(at.Source.Text) {
		if n == at.Line {
			return strings.TrimRight(l, "\r\n")
		}
		n++
	}
	return ""
}

// bare returns of what a debug returned only that which it is to show.
func bare(m *value.Map) *value.Map {
	if msg, ok := m.Get("msg"); ok {
		return value.MapOf("msg", msg)
	}
	return without(m, "changed", "skip_reason", "ansible_loop_var", "ansible_index_var", "ansible_loop")
}
