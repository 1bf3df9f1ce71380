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
func (a *attempt) here() error {
	s := a.step
	for _, k := range []struct {
		name  string
		given *expr.Node
		only  []string
		hint  string
	}{
		{"become", s.Become, []string{"false", "no", "0"}, "start runner as the user that the task needs"},
		{"connection", s.Connection, []string{"local"}, "tasks run on this machine"},
		{"delegate_to", s.DelegateTo, []string{Localhost, "127.0.0.1", "::1"}, "tasks run on this machine"},
		{"async", s.Async, []string{"0", "false"}, "nothing is left running in the background; timeout bounds how long a task takes"},
	} {
		v, err := a.scope.given(k.given)
		if err != nil {
			return err
		}
		if said := value.Text(v); v != nil && said != "" && !slices.Contains(k.only, strings.ToLower(said)) {
			return diagnostic.Problemf(k.given.Place, "%q can only be %s here, not %q", k.name, k.only[0], said).WithHint("%s", k.hint)
		}
	}
	return nil
}
