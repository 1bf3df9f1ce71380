package playbooks

import (
	"slices"
	"testing"

	"runner/engine/expr/value"
)

// The schema of what stands inside keywords knows the same words as their readers.
func TestSchemaKnowsEveryWord(t *testing.T) {
	for name, want := range map[string]struct {
		schema *value.Map
		words  []string
	}{
		"loop_control": {loopControl(), loopKeywords[:]},
		"vars_prompt":  {promptSchema(), promptKeywords[:]},
	} {
		properties, _ := want.schema.Get("properties")
		var got []string
		for _, key := range properties.(*value.Map).Keys() {
			got = append(got, key.(string))
		}
		if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want.words))) {
			t.Errorf("%s: the schema has %v, readers %v", name, got, want.words)
		}
	}
}

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
		if _, ok := defs.(*value.Map).Get(m.takes); !ok {
			t.Errorf("%s takes %q, which the schema does not define", name, m.takes)
		}
	}
}
