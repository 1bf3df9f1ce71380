package engine

import (
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// here refuses what would be done elsewhere, as somebody else, or in the background,
// where that shows only when a template is evaluated.
func (a *attempt) here(end *TaskEnd) error {
	s, host := a.step, a.scope.of.play.Where().Host
	for _, k := range []struct {
		name  string
		given *expr.Node
		only  []string
		hint  string
	}{
		{"become", s.Become, []string{"false", "no", "0"}, "start runner as the user that the task needs"},
		{"connection", s.Connection, []string{"local"}, "tasks run on this machine"},
		{"delegate_to", s.DelegateTo, []string{Localhost, "127.0.0.1", "::1", host}, "tasks run on this machine"},
		{"async", s.Async, []string{"0", "false"}, "nothing is left running in the background; timeout bounds how long a task takes"},
	} {
		v, err := a.scope.given(k.given)
		if err != nil {
			return err
		}
		said, shown := value.OpenText(v), value.Text(v)
		if k.name == "delegate_to" && v != nil && said != host {
			end.DelegatedTo = shown
		}
		if v != nil && said != "" && !slices.Contains(k.only, strings.ToLower(said)) {
			return diagnostic.Problemf(k.given.Place, "%q can only be %s here, not %q", k.name, k.only[0], shown).WithHint("%s", k.hint)
		}
	}
	return nil
}
