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

// value masks the secrets in all parts of a value. That has to happen before the
// value is written as JSON, whose escapes would hide a secret from the search.
func (v masker) value(x value.Value) value.Value {
	switch x := x.(type) {
	case nil, bool, *value.Unknown:
		return x
	case string:
		return v.text(x)
	case []value.Value:
		return v.list(x)
	case value.Tuple:
		return v.list(x)
	case *value.Map:
		m := &value.Map{}
		for k, e := range x.All() {
			m.Set(v.value(k), v.value(e))
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
		out[i] = v.value(item)
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
	if _, ok := out.Get("changed"); !ok {
		out.Set("changed", changed(e))
	}
	if shows(e) {
		return out
	}
	paths := kindOf(e.Step).Hidden
	if e.Looped {
		paths = below("results", paths)
	}
	if _, ok := out.Get("msg"); !ok && e.Problem != nil {
		out.Set("msg", e.Problem.Msg)
	}
	return v.value(hide(out, paths))
}

func below(key string, paths []string) []string {
	var list []string
	for _, p := range paths {
		list = append(list, key+"."+p)
	}
	return list
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

// hide replaces what stands at the paths: of a map every value, of anything else
// the whole.
func hide(m *value.Map, paths []string) *value.Map {
	for _, p := range paths {
		if out, ok := hideAt(m, strings.Split(p, ".")).(*value.Map); ok {
			m = out
		}
	}
	return m
}

// hideAt returns x with what stands at a path hidden; in a list, that of every item.
func hideAt(x value.Value, path []string) value.Value {
	if len(path) == 0 {
		return blot(x)
	}
	switch x := x.(type) {
	case []value.Value:
		out := make([]value.Value, len(x))
		for i, item := range x {
			out[i] = hideAt(item, path)
		}
		return out
	case *value.Map:
		below, ok := x.Get(path[0])
		if !ok {
			return x
		}
		out := without(x)
		out.Set(path[0], hideAt(below, path[1:]))
		return out
	}
	return x
}

func blot(x value.Value) value.Value {
	switch x := x.(type) {
	case nil, *value.Unknown:
		return x
	case *value.Map:
		out := &value.Map{}
		for k, e := range x.All() {
			if _, ok := e.(*value.Unknown); !ok {
				e = engine.Masked
			}
			out.Set(k, e)
		}
		return out
	}
	return engine.Masked
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
