package expr_test

import (
	"encoding/json"
	"os"
	"testing"

	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// The files of this test hold what Python's own libraries answered: Jinja2 3.1.6
// (expressions.json), jmespath 1.0 (queries.json), PyYAML 6.0 with libyaml (yaml.json).

type pythonCase struct {
	Expr  string
	Query string
	Value json.RawMessage
	Error bool
	Nice  bool
	YAML  string
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// check compares an outcome with Python's.
func (p pythonCase) check(t *testing.T, what string, got value.Value, err error) {
	t.Helper()
	switch {
	case p.Error && err == nil:
		t.Errorf("%s: got %s, want an error", what, format.JSON(got, format.JSONStyle{}))
	case p.Error:
	case err != nil:
		t.Errorf("%s: got error %v, want %s", what, err, p.Value)
	case !same(got, mustJSON(t, string(p.Value))):
		t.Errorf("%s: got %s, want %s", what, format.JSON(got, format.JSONStyle{}), p.Value)
	}
}

func TestExpressionsAsJinja(t *testing.T) {
	var cases []pythonCase
	readJSON(t, "testdata/expressions.json", &cases)
	for _, c := range cases {
		var got value.Value
		tmpl, err := expr.ParseExpr(builtin.Table(), c.Expr, nil)
		if err == nil {
			got, err = tmpl.Eval(testContext(t, `{"a": 1, "b": 2}`))
		}
		c.check(t, c.Expr, got, err)
	}
}

func TestQueriesAsJMESPath(t *testing.T) {
	var f struct {
		Data  json.RawMessage
		Cases []pythonCase
	}
	readJSON(t, "testdata/queries.json", &f)
	tmpl, err := expr.ParseExpr(builtin.Table(), "data | json_query(query)", nil)
	if err != nil {
		t.Fatal(err)
	}
	data := mustJSON(t, string(f.Data))
	for _, c := range f.Cases {
		got, err := tmpl.Eval(&expr.Context{Scope: plainScope{"data": data, "query": c.Query}})
		c.check(t, c.Query, got, err)
	}
}

func TestYAMLAsPyYAML(t *testing.T) {
	var cases []pythonCase
	readJSON(t, "testdata/yaml.json", &cases)
	for _, c := range cases {
		filter := "v | to_yaml"
		if c.Nice {
			filter = "v | to_nice_yaml"
		}
		tmpl, err := expr.ParseExpr(builtin.Table(), filter, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Eval(&expr.Context{Scope: plainScope{"v": mustJSON(t, string(c.Value))}})
		if err != nil || got != c.YAML {
			t.Errorf("%s\n got %q, %v\nwant %q", c.Value, got, err, c.YAML)
		}
	}
}
