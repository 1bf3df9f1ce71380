package expr

import (
	"strings"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// A Declared holds the operations of which a table is made.
type Declared struct {
	Filters, Tests [][]Operation
	Functions      []Operation
	Methods        map[string][]Operation // by type: "str", "dict", "list", "datetime", "timedelta"
}

// A Table is all that templates can call, by name. It never changes.
type Table struct {
	Filters map[string]*Operation
	Tests   map[string]*Operation
	methods map[string]map[string]*Operation // by type, then name
	globals map[string]value.Value
	names   *syntax.Names
}

// NewTable makes a table.
func NewTable(d Declared) *Table {
	lib := &Table{
		Filters: named(d.Filters...),
		Tests:   named(d.Tests...),
		methods: map[string]map[string]*Operation{"loop": named(loopMethods())},
		globals: map[string]value.Value{"omit": value.Omit, "vars": allVars{}},
	}
	for of, ops := range d.Methods {
		lib.methods[of] = named(ops)
	}
	for name, op := range named(d.Functions) {
		lib.globals[name] = &function{op}
	}
	lib.names = &syntax.Names{Filters: keysOf(lib.Filters), Tests: keysOf(lib.Tests), Globals: keysOf(lib.globals)}
	return lib
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
