package expr_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/format"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"

	"github.com/google/go-cmp/cmp"
)

// A vars is a Scope of nodes.
type vars map[string]*expr.Node

func (s vars) Lookup(c *expr.Context, name string) (value.Value, bool, error) {
	n, ok := s[name]
	if !ok {
		return nil, false, nil
	}
	v, err := c.Resolve(name, n)
	return v, err == nil, err
}

func (s vars) Names() []string { return slices.Sorted(maps.Keys(s)) }

func (s vars) Similar() []string { return s.Names() }

// nodeOf makes a Node of plain values, with templates where a text has any.
func nodeOf(t testing.TB, v value.Value) *expr.Node {
	t.Helper()
	switch v := v.(type) {
	case []value.Value:
		n := &expr.Node{Shape: expr.Sequence}
		for _, e := range v {
			n.Items = append(n.Items, nodeOf(t, e))
		}
		return n
	case *value.Map:
		n := &expr.Node{Shape: expr.Mapping}
		for k, e := range v.All() {
			n.Entries = append(n.Entries, expr.Entry{Key: &expr.Node{Text: value.Text(k), Value: k}, Value: nodeOf(t, e)})
		}
		return n
	}
	n := &expr.Node{Text: value.Text(v), Value: v}
	if s, ok := v.(string); ok && syntax.HasTemplate(s) {
		tmpl, err := expr.Parse(builtin.Table(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		n.Value, n.Tmpl = nil, tmpl
	}
	return n
}

// testContext makes a Context of variables given as JSON.
func testContext(t testing.TB, varsJSON string) *expr.Context {
	t.Helper()
	if varsJSON == "" {
		varsJSON = "{}"
	}
	v, err := format.FromJSON(varsJSON)
	if err != nil {
		t.Fatal(err)
	}
	scope := vars{}
	for k, e := range v.(*value.Map).All() {
		scope[k.(string)] = nodeOf(t, e)
	}
	return &expr.Context{Scope: scope, FromYAML: fakeYAML, Lookups: map[string]expr.Lookup{
		"env": builtin.EnvLookup(func(name string) (string, bool) { return "envval", name == "JCASE_ENV" }),
		"file": func(_ *expr.Context, terms []value.Value, _ *value.Map) ([]value.Value, error) {
			return nil, errors.New("no file " + value.Text(terms[0]))
		},
	}}
}

// fakeYAML knows the one text that the cases have; reading YAML is not this package's.
func fakeYAML(text string) (value.Value, error) {
	if text != "a: [1, yes]" {
		return nil, errors.New("unexpected text")
	}
	return value.MapOf("a", []value.Value{1, true}), nil
}

type caseFile struct {
	Cases []struct {
		Name     string
		Vars     json.RawMessage
		Template string
		Expect   json.RawMessage
		Error    value.Class
	}
	Conditions []struct {
		Name    string
		Vars    json.RawMessage
		When    json.RawMessage
		Outcome string
	}
}

func readCases(t testing.TB) (f caseFile) {
	t.Helper()
	b, err := os.ReadFile("testdata/cases.json")
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustJSON(t testing.TB, text string) value.Value {
	t.Helper()
	v, err := format.FromJSON(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// evaluate parses and evaluates a template.
func evaluate(t testing.TB, varsJSON, template string) (value.Value, error) {
	t.Helper()
	tmpl, err := expr.Parse(builtin.Table(), template, nil)
	if err != nil {
		return nil, err
	}
	return tmpl.Eval(testContext(t, varsJSON))
}

func classOf(err error) value.Class {
	if e, ok := errors.AsType[*value.Error](err); ok {
		return e.Class
	}
	return ""
}

// same compares strictly: 1 and 1.0 differ, the order of a map's keys does not matter.
func same(a, b value.Value) bool {
	style := format.JSONStyle{SortKeys: true}
	return format.JSON(a, style) == format.JSON(b, style)
}

func TestCases(t *testing.T) {
	for _, c := range readCases(t).Cases {
		t.Run(c.Name, func(t *testing.T) {
			got, err := evaluate(t, string(c.Vars), c.Template)
			if classOf(err) != c.Error {
				t.Fatalf("%s: got %v, %s %v; want error %q", c.Template, got, classOf(err), err, c.Error)
			}
			if c.Error != "" {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := mustJSON(t, string(c.Expect)); !same(got, want) {
				t.Fatalf("%s\n got %s\nwant %s", c.Template, format.JSON(got, format.JSONStyle{}), format.JSON(want, format.JSONStyle{}))
			}
		})
	}
}

// outcome plays a condition as a task's `when`.
func outcome(c *expr.Context, when value.Value) string {
	switch w := when.(type) {
	case nil:
		return "run"
	case bool:
		if w {
			return "run"
		}
		return "skip"
	case []value.Value:
		for _, e := range w {
			if o := outcome(c, e); o != "run" {
				return o
			}
		}
		return "run"
	case string:
		tmpl, _, err := expr.ParseCondition(builtin.Table(), w, nil)
		if err != nil {
			return "error"
		}
		v, err := tmpl.Test(c)
		if err != nil {
			return "error"
		}
		return outcome(c, v)
	}
	return "error"
}

func TestConditions(t *testing.T) {
	for _, c := range readCases(t).Conditions {
		t.Run(c.Name, func(t *testing.T) {
			when := mustJSON(t, strings.TrimSpace(string(c.When)+" "))
			if diff := cmp.Diff(c.Outcome, outcome(testContext(t, string(c.Vars)), when)); diff != "" {
				t.Errorf("%s: -want +got\n%s", c.When, diff)
			}
		})
	}
}
