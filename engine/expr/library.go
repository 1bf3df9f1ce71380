package expr

import (
	"strings"
	"sync"

	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// A library is all that templates can call, by name. It never changes.
type library struct {
	filters map[string]*operation
	tests   map[string]*operation
	methods map[string]map[string]*operation // by type, then name
	globals map[string]value.Value
}

// theLibrary is put together once. Only parsing asks for it: operations that
// need it find it in the template that uses them.
var theLibrary = sync.OnceValue(newLibrary)

func newLibrary() *library {
	lib := &library{
		filters: named(
			basicFilters(), textFilters(), numberFilters(), listFilters(), selectFilters(), setFilters(), mapFilters(),
			formatFilters(), encodingFilters(), regexFilters(), urlFilters(), pathFilters(), timeFilters(), queryFilters(), ipFilters(),
		),
		tests: named(valueTests(), comparisonTests(), collectionTests(), textTests(), resultTests()),
		methods: map[string]map[string]*operation{
			"str":       named(textMethods(), textMethodsMore()),
			"dict":      named(mapMethods()),
			"list":      named(listMethods()),
			"datetime":  named(momentMethods()),
			"timedelta": named(spanMethods()),
			"loop":      named(loopMethods()),
		},
		globals: map[string]value.Value{"omit": value.Omit, "vars": allVars{}},
	}
	for name, op := range named(functions()) {
		lib.globals[name] = &function{op}
	}
	return lib
}

// named sorts operations by their names and aliases.
func named(groups ...[]operation) map[string]*operation {
	m := map[string]*operation{}
	for _, g := range groups {
		for i := range g {
			op := g[i].prepare()
			for name := range strings.FieldsSeq(op.names) {
				m[name] = op
			}
		}
	}
	return m
}

// theNames are what the parser has to know of the library.
var theNames = sync.OnceValue(func() *syntax.Names {
	lib := theLibrary()
	return &syntax.Names{Filters: keysOf(lib.filters), Tests: keysOf(lib.tests), Globals: keysOf(lib.globals)}
})

func keysOf[V any](m map[string]V) map[string]bool {
	keys := make(map[string]bool, len(m))
	for k := range m {
		keys[k] = true
	}
	return keys
}
