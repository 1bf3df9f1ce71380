package session

import (
	"slices"

	"runner/diagnostic"
	"runner/engine"
)

// checkPrune refuses --prune where nothing would be pruned.
func checkPrune(spec Spec, program *engine.Program) error {
	if !spec.Prune || slices.ContainsFunc(program.Plays, prunes) {
		return nil
	}
	return (&diagnostic.Problem{Msg: "--prune has nothing to do: no play says what belongs to it"}).
		WithHint("write prune: {scope: NAME} beside its tasks, with a name that no other playbook has")
}

func prunes(play *engine.Play) bool {
	for step := range play.Steps() {
		if _, ok := engine.As[engine.Pruner](step.Kind); ok {
			return true
		}
	}
	return false
}
