package report

import (
	"strings"

	"github.com/pmezard/go-difflib/difflib"

	"runner/engine"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// contextLines is how many equal lines stand around a difference.
const contextLines = 3

// differs reports whether a step has a diff to be shown: one that changed
// something, or failed to.
func differs(e engine.TaskEnd) bool {
	if !e.Diff || e.NoLog || e.Change == nil || e.Change.Action == engine.None {
		return false
	}
	return e.Outcome == engine.Changed || e.Outcome.Bad()
}

// sides returns what was and what is, as far as it may be seen, by path. What is
// absent has no entry.
func (v masker) sides(e engine.TaskEnd) (before, after *value.Map) {
	before, after = &value.Map{}, &value.Map{}
	for _, a := range e.Change.Attrs {
		was, is := v.seen(e, a)
		path := v.text(a.Path)
		if was != nil {
			before.Set(path, was)
		}
		if is != nil {
			after.Set(path, is)
		}
	}
	return before, after
}

// secretSides tells that a secret came, went or changed, and nothing more.
func secretSides(a engine.Attr) (was, is value.Value) {
	was, is = blotWhole(a.Before), blotWhole(a.After)
	if was == engine.Masked && is == engine.Masked && !value.Equal(a.Before, a.After) {
		is = engine.Masked + " (changed)"
	}
	return was, is
}

func blotWhole(x value.Value) value.Value {
	switch x.(type) {
	case nil, *value.Unknown:
		return x
	}
	return engine.Masked
}

// hidden reports whether a path is one of those named, or below one.
func hidden(path string, names []string) bool {
	for _, n := range names {
		if path == n || strings.HasPrefix(path, n+".") {
			return true
		}
	}
	return false
}

// unified returns the lines of a diff, none if both sides are equal.
func unified(object string, before, after *value.Map) []string {
	style := format.JSONStyle{Indent: 4, SortKeys: true}
	// A strings.Builder never fails, so the error is of no use here.
	text, _ := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A:        difflib.SplitLines(format.JSON(before, style)),
		B:        difflib.SplitLines(format.JSON(after, style)),
		FromFile: "before: " + object,
		ToFile:   "after: " + object,
		Context:  contextLines,
	})
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(escape(text), "\n"), "\n")
}
