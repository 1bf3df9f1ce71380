package cmd_test

import (
	"testing"

	"runner/playbooks"
	"runner/tasks"
)

// The examples of the reference pages are playbooks without a mistake.
func TestExamplesOfKinds(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	kinds := tasks.Kinds(nil)
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			if k.Example == "" || k.Doc == "" {
				t.Fatal("no example, or no word about it")
			}
			_, problems := playbooks.Parse(k.Name+".yml", []byte(k.Example), playbooks.Options{Kinds: kinds})
			for _, p := range problems {
				t.Error(p)
			}
			v, err := instance(t, k.Example)
			if err == nil {
				err = schema.Validate(v)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
