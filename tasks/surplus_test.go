package tasks_test

import (
	"strings"
	"testing"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/tasks"
)

// TestSurplusParametersAreRefused: a kind takes its own parameters and no others, but for
// set_fact, whose parameters are the variables that it sets.
func TestSurplusParametersAreRefused(t *testing.T) {
	for _, k := range tasks.Kinds(nil) {
		args := &expr.Node{Shape: expr.Mapping, Entries: []expr.Entry{{Key: &expr.Node{Text: "surplus", Value: "surplus"}, Value: &expr.Node{Text: "1", Value: 1}}}}
		found := false
		for _, p := range engine.CheckArgs(&k, args, diagnostic.Place{}) {
			found = found || strings.Contains(p.Msg, "surplus")
		}
		if found == (k.Name == "set_fact") {
			t.Errorf("%s refuses a surplus parameter: %v", k.Name, found)
		}
	}
}
