package verify

import (
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

// field reports a part of a registered result that its kind does not return.
func (r *reading) field(ref syntax.Ref, certain bool) {
	if ref.Soft || len(ref.Path) == 0 || r.Open || r.guarded[ref.Name] {
		return
	}
	fields, looped := r.names.fields(ref.Name, r.index)
	part := ref.Path[0]
	if fields == nil || slices.Contains(slices.Concat(fields, everyResult, mapMethods), part) || looped && part == "results" {
		return
	}
	p := diagnostic.Problemf(ref.Place, "what %q holds has no %q", ref.Name, part)
	if looped {
		p.Hint = "it is the result of a loop: those of the items are under results"
	} else {
		_ = p.Suggest(part, suggest.Nearest(part, fields), "it has "+strings.Join(fields, ", "))
	}
	r.report(p, certain)
}

// fields returns the parts that a name has where it is certain which tasks of ours
// register it, and whether one of them has a loop; else nil.
func (n *names) fields(name string, before int) (all []string, looped bool) {
	for _, i := range n.definers[name] {
		if i >= before {
			break
		}
		if i < 0 || n.steps[i].Register != name || !ours(n.steps[i].Kind) {
			return nil, false
		}
		if n.steps[i].Loop != nil {
			looped, all = true, append(all, "results")
			continue
		}
		for _, r := range n.steps[i].Kind.Returns {
			all = append(all, r.Name)
		}
	}
	return all, looped
}

// ours reports whether a kind says all that its results have, beside what every result has.
func ours(k *engine.Kind) bool {
	_, defines := engine.As[engine.Definer](k)
	return strings.HasPrefix(k.Full, "noa.clevercloud.") && len(k.Returns) > 0 && !defines
}
