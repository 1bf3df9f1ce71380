package builtin_test

import (
	"strings"
	"testing"

	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/value"
)

// evaluate evaluates an expression without variables.
func evaluate(text string, lookups map[string]expr.Lookup) (value.Value, error) {
	t, err := expr.ParseExpr(builtin.Table(), text, nil)
	if err != nil {
		return nil, err
	}
	return t.Eval(&expr.Context{Lookups: lookups})
}

// TestSurplusParametersAreRefused: of all that is called, a parameter that it does
// not have is an error that names it, but for those that take any.
func TestSurplusParametersAreRefused(t *testing.T) {
	lent := map[string]expr.Lookup{}
	for _, name := range builtin.Table().Names("lookup") {
		lent[name] = func(*expr.Context, []value.Value, *value.Map) ([]value.Value, error) { return nil, nil }
	}
	forms := map[string]string{"filter": "1 | %s(surplus=1)", "test": "1 is %s(surplus=1)", "lookup": "lookup('%s', surplus=1)", "function": "%s(surplus=1)"}
	for what, form := range forms {
		ops := builtin.Table().List(what)
		if len(ops) < 5 {
			t.Fatalf("there are %d operations that are a %s", len(ops), what)
		}
		for _, op := range ops {
			if strings.Contains(op.Params, "**") {
				continue // format, map and their kin, dict
			}
			text := strings.Replace(form, "%s", op.Name(), 1)
			if what == "test" && strings.ContainsAny(op.Name(), "=<>") {
				continue // has no such name in an expression
			}
			_, err := evaluate(text, lent)
			if err == nil || !strings.Contains(err.Error(), "has no parameter 'surplus'") {
				t.Errorf("%s: got %v, want that it has no such parameter", text, err)
			}
		}
	}
}

func TestTooManyArgumentsAreRefused(t *testing.T) {
	for _, op := range builtin.Table().List("filter") {
		if strings.Contains(op.Params, "*") {
			continue
		}
		text := "1 | " + op.Name() + "(" + strings.Repeat("1, ", 1+len(strings.Fields(op.Params))) + ")"
		if _, err := evaluate(text, nil); err == nil || !strings.Contains(err.Error(), "takes at most") {
			t.Errorf("%s: got %v, want that it takes fewer", text, err)
		}
	}
}

func TestEveryOperationSaysWhatItDoes(t *testing.T) {
	for _, what := range []string{"filter", "test", "lookup", "function"} {
		for _, op := range builtin.Table().List(what) {
			if op.Doc == "" || strings.Contains(op.Doc, "\n") {
				t.Errorf("%s %s has the doc %q, want one line", what, op.Name(), op.Doc)
			}
		}
	}
}

// TestQuery: what with_* runs.
func TestQuery(t *testing.T) {
	c := &expr.Context{}
	l, err := builtin.Query(c, "nested", []value.Value{[]value.Value{1, 2}, []value.Value{"a"}}, nil)
	if err != nil || value.Repr(l) != "[[1, 'a'], [2, 'a']]" {
		t.Errorf("got %s, %v", value.Repr(l), err)
	}
	if _, err := builtin.Query(c, "nestd", nil, nil); err == nil || !strings.Contains(err.Error(), "no lookup is named") {
		t.Errorf("got %v, want that there is no such lookup", err)
	}
}
