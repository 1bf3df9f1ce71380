package catalogue

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"runner/clever"
)

// The emulator gives add-ons the variables that they are known to get, and no others.
func TestVariablesAreThoseThatAreKnown(t *testing.T) {
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all.Providers {
		var names []string
		for _, v := range p.Env {
			names = append(names, v[0])
		}
		if diff := cmp.Diff(clever.Variables(p.ID), names, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", p.ID, diff)
		}
	}
}
