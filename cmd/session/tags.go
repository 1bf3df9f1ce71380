package session

import (
	"fmt"
	"maps"
	"slices"

	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/engine"
	"runner/suggest"
)

// warnOfTags warns of tags that are asked for and that no task has. Nothing can be
// said where tasks come from files that are read later.
func warnOfTags(s *ui.Streams, spec Spec, program *engine.Program) {
	known := map[string]bool{"all": true, "tagged": true, "untagged": true, "always": true, "never": true}
	for _, play := range program.Plays {
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
	for _, tag := range slices.Concat(spec.Selection.Tags, spec.Selection.Skip) {
		if !known[tag] {
			s.Print(&diagnostic.Problem{Severity: diagnostic.Warning, Msg: fmt.Sprintf("no task has the tag %q", tag), Hint: suggest.DidYouMean(tag, names)})
		}
	}
}
