package playbooks

import (
	"testing"

	"runner/engine/expr"
)

func TestEveryKeywordIsExplained(t *testing.T) {
	working := map[string]bool{}
	for _, k := range Keywords() {
		if !k.Play && !k.Block && !k.Task {
			t.Errorf("%s stands nowhere", k.Name)
		}
		if !k.Works() {
			continue
		}
		working[k.Name] = true
		if k.Doc == "" || meanings[k.Name].takes == "" {
			t.Errorf("%s works and is not explained", k.Name)
		}
	}
	defs, _ := Schema(options().Kinds).Get("$defs")
	for name, m := range meanings {
		if _, ok := defs.(*expr.Map).Get(m.takes); !ok {
			t.Errorf("%s takes %q, which the schema does not define", name, m.takes)
		}
	}
}
