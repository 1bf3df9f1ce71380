package verify

import (
	"fmt"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/syntax"
	"runner/suggest"
)

// Every result has these, whatever its kind, and a map has these methods.
var (
	everyResult = []string{"changed", "failed", "skipped", "msg", "skip_reason", "skipped_reason", "false_condition",
		"attempts", "failed_when_result", "timedout", "warnings", "deprecations", "exception"}
	mapMethods = []string{"clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"}
)

// EveryResult lists what the results of all kinds have.
func EveryResult() []string { return slices.Clone(everyResult) }

// UnknownVariable is the rule of warnings about variables that an add-on probably does not have.
const UnknownVariable = "unknown-variable"

// field reports a part of a registered result that its kind does not return.
func (r *reading) field(ref syntax.Ref, certain bool) {
	if ref.Soft || len(ref.Path) == 0 || r.Open || r.guarded[ref.Name] {
		return
	}
	results, looped := r.names.results(ref.Name, r.index)
	var missing *engine.MissingPart
	for _, fields := range results {
		m := engine.FindPart(fields, ref.Path)
		if m == nil || slices.Contains(mapMethods, ref.Path[m.At]) || m.At == 0 && slices.Contains(everyResult, ref.Path[0]) {
			return
		}
		if missing == nil || m.At > missing.At {
			missing = m
		}
	}
	if missing != nil {
		r.missing(ref, missing, looped, certain)
	}
}

// missing reports a part that there is not, or probably not.
func (r *reading) missing(ref syntax.Ref, m *engine.MissingPart, looped, certain bool) {
	part, of := ref.Path[m.At], strings.Join(append([]string{ref.Name}, ref.Path[:m.At]...), ".")
	p := diagnostic.Problemf(ref.Place, "what %q holds has no %q", of, part)
	if m.Open {
		p = &diagnostic.Problem{Place: ref.Place, Msg: fmt.Sprintf("%q is no variable that %s is known to hold", part, of),
			Severity: diagnostic.Warning, Rule: UnknownVariable}
	}
	if looped {
		p.Hint = "it is the result of a loop: those of the items are under results"
	} else {
		_ = p.Suggest(part, suggest.Nearest(part, m.Near), "it has "+strings.Join(m.Near, ", "))
	}
	r.report(p, certain)
}

// results returns what a name may hold where it is certain which tasks register it and what
// that is, and whether one of them has a loop; else nil.
func (n *names) results(name string, before int) (all [][]engine.Return, looped bool) {
	for _, i := range n.definers[name] {
		if i >= before {
			break
		}
		if i < 0 || n.steps[i].Register != name {
			return nil, false
		}
		fields := n.steps[i].Kind.Result(n.steps[i].Args)
		if len(fields) == 0 {
			return nil, false
		}
		if n.steps[i].Loop != nil {
			looped, fields = true, []engine.Return{{Name: "results", Type: engine.NestedListParam}}
		}
		all = append(all, fields)
	}
	return all, looped
}
