package cmd

import (
	"slices"

	"runner/diagnostic"
	"runner/engine"
)

// consented gives the risks that the command line consents to: --prune does to
// the removals of a play that says prune.
func (p *play) consented() []string {
	risks := byComma(p.cli.StringSlice("allow"))
	if p.cli.Bool("prune") {
		risks = append(risks, "delete")
	}
	return risks
}

// checkPrune refuses --prune where nothing would be pruned.
func (p *play) checkPrune(program *engine.Program) error {
	if !p.cli.Bool("prune") || slices.ContainsFunc(program.Plays, prunes) {
		return nil
	}
	return (&diagnostic.Problem{Msg: "--prune has nothing to do: no play says what belongs to it"}).
		WithHint("write prune: {scope: NAME} beside its tasks, with a name that no other playbook has")
}

func prunes(play *engine.Play) bool {
	for step := range play.Steps() {
		if step.Kind.Prunes {
			return true
		}
	}
	return false
}
