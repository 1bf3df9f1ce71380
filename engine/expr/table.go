package expr

import (
	"maps"
	"slices"
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// Declared holds the operations of which a table is made.
type Declared struct {
	Filters, Tests, Lookups, Functions [][]Operation
	Methods                            map[string][]Operation // by type: "str", "dict", "list", "int", "float", "datetime", "date", "timedelta"
}

// A Table is all that templates can call, by name. It never changes.
type Table struct {
	filters   map[string]*Operation
	tests     map[string]*Operation
	lookups   map[string]*Operation
	functions map[string]*Operation
	methods   map[string]map[string]*Operation // by type, then name
	globals   map[string]value.Value
	names     *syntax.Names
}

// NewTable returns a table of operations. It keeps them.
func NewTable(d Declared) *Table {
	t := &Table{
		filters:   named(d.Filters...),
		tests:     named(d.Tests...),
		lookups:   named(d.Lookups...),
		functions: named(d.Functions...),
		methods:   map[string]map[string]*Operation{"loop": named(loopMethods())},
		globals:   map[string]value.Value{"omit": value.Omit, "vars": allVars{}},
	}
	for of, ops := range d.Methods {
		t.methods[of] = named(ops)
	}
	for name, op := range t.functions {
		t.globals[name] = &function{op}
	}
	t.names = &syntax.Names{Filters: keysOf(t.filters), Tests: keysOf(t.tests), Globals: keysOf(t.globals)}
	return t
}

// named sorts operations by their names and aliases.
func named(groups ...[]Operation) map[string]*Operation {
	m := map[string]*Operation{}
	for _, g := range groups {
		for i := range g {
			op := g[i].prepare()
			for name := range strings.FieldsSeq(op.Names) {
				m[name] = op
			}
		}
	}
	return m
}

func keysOf[V any](m map[string]V) map[string]bool {
	keys := make(map[string]bool, len(m))
	for k := range m {
		keys[k] = true
	}
	return keys
}

// Filter returns the filter of a name, which may have its collection before it;
// nil if there is none.
func (t *Table) Filter(name string) *Operation { return t.filters[syntax.LastName(name)] }

// Test returns the test of a name; nil if there is none.
func (t *Table) Test(name string) *Operation { return t.tests[syntax.LastName(name)] }

// Lookup returns the lookup of a name; nil if there is none.
func (t *Table) Lookup(name string) *Operation { return t.lookups[syntax.LastName(name)] }

// Names returns what "filter", "test", "lookup" or "function" can be called, aliases
// included, in order.
func (t *Table) Names(what string) []string { return slices.Sorted(maps.Keys(t.of(what))) }

// Has reports whether something is called so: "filter", "test", "lookup" or "function".
func (t *Table) Has(what, name string) bool { return t.of(what)[syntax.LastName(name)] != nil }

// List returns all operations that are a "filter", "test", "lookup" or "function",
// by name.
func (t *Table) List(what string) []*Operation {
	var ops []*Operation
	for name, op := range t.of(what) {
		if name == op.name {
			ops = append(ops, op)
		}
	}
	slices.SortFunc(ops, func(a, b *Operation) int { return strings.Compare(a.name, b.name) })
	return ops
}

func (t *Table) of(what string) map[string]*Operation {
	switch what {
	case "filter":
		return t.filters
	case "test":
		return t.tests
	case "lookup":
		return t.lookups
	case "function":
		return t.functions
	}
	return nil
}
