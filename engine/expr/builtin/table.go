// Package builtin is the table of what templates can call: filters, tests, lookups,
// functions and the methods of values, with Ansible's and Jinja's names and
// parameters, a file per family. It knows values and how they are written. It does not
// know playbooks, runs or platforms; what lookups read outside the host lends.
package builtin

import (
	"sync"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// Table returns all that templates can call. It is put together once and never
// changes.
var Table = sync.OnceValue(func() *expr.Table {
	return expr.NewTable(expr.Declared{
		Filters: [][]expr.Operation{
			basicFilters(), textFilters(), layoutFilters(), markupFilters(), numberFilters(), randomFilters(), listFilters(), selectFilters(), setFilters(), mapFilters(),
			formatFilters(), encodingFilters(), vaultFilters(), regexFilters(), urlFilters(), pathFilters(), timeFilters(), queryFilters(), ipFilters(),
		},
		Tests:     [][]expr.Operation{valueTests(), comparisonTests(), collectionTests(), textTests(), resultTests(), fileTests()},
		Lookups:   [][]expr.Operation{lookups()},
		Functions: [][]expr.Operation{functions()},
		Methods: map[string][]expr.Operation{
			"str":       append(textMethods(), textMethodsMore()...),
			"dict":      mapMethods(),
			"list":      listMethods(),
			"datetime":  momentMethods(),
			"date":      dateMethods(),
			"int":       intMethods(),
			"float":     floatMethods(),
			"timedelta": spanMethods(),
		},
	})
})

// querying evaluates a lookup whose name, terms and options are variables.
var querying = sync.OnceValue(func() *expr.Template {
	t, _ := expr.ParseExpr(Table(), "query(_lookup, *_terms, **_options)", nil)
	return t
})

// Query runs a lookup, as with_* does. An Unknown among the terms makes the value
// Unknown; else it is a list.
func Query(c *expr.Context, name string, terms []value.Value, options *value.Map) (value.Value, error) {
	if options == nil {
		options = &value.Map{}
	}
	if terms == nil {
		terms = []value.Value{}
	}
	return querying().EvalWith(c, value.MapOf("_lookup", name, "_terms", terms, "_options", options))
}
