package session

import (
	"fmt"
	"maps"
	"slices"

	"runner/diagnostic"
	"runner/suggest"
)

// warnOfTags warns of tags that are asked for and that no task has. Nothing can be
// said where tasks come from files that are read later.
func (r *run) warnOfTags() {
	known := map[string]bool{"all": true, "tagged": true, "untagged": true, "always": true, "never": true}
	for _, play := range r.program.Plays {
		for step := range play.Steps() {
			if step.Within != nil {
				return
			}
			for _, tag := range step.Tags {
				known[tag] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(known))
	for _, tag := range slices.Concat(r.Selection.Tags, r.Selection.Skip) {
		if !known[tag] {
			problem := &diagnostic.Problem{Msg: fmt.Sprintf("no task has the tag %q", tag), Hint: suggest.DidYouMean(tag, names)}
			fmt.Fprintf(r.Err, "warning: %s\n", problem.Error())
		}
	}
}
