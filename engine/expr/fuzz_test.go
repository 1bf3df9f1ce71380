package expr_test

import (
	"testing"
	"time"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/value"
)

// seeds adds the templates of all cases, and some that try the bounds.
func seeds(f *testing.F) {
	for _, c := range readCases(f).Cases {
		f.Add(c.Template)
	}
	for _, s := range []string{
		"{{ range(10**9) | list }}", "{{ 9**9**9**9 }}", "{{ 'x' * 10**9 }}", "{{ ((((((1)))))) }}",
		"{% for i in range(1000) %}{% for j in range(1000) %}{{ i * j }}{% endfor %}{% endfor %}",
		"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
		"{% set ns = namespace(l=[0]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
		"{{ ('a' * 30) | regex_search('(a+)+$b') }}", "{{ '%*d' % (10**9, 1) }}", "{{ '{:>{w}}'.format(1, w=10**9) }}",
		"{% for a in l recursive %}{{ loop(l) }}{% endfor %}", "{{ d.items()[0][::-1] }}", "{% raw %}{{{% endraw %}",
		"{{ u.v.w ~ [u] }}", "{{ l | map('extract', {'a': 1}) | zip(l, l) | list | to_nice_yaml }}",
	} {
		f.Add(s)
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		at := diagnostic.At(diagnostic.Place{Source: &diagnostic.Source{Name: "fuzz"}, Line: 1, Col: 1}, s)
		if tmpl, err := expr.Parse(builtin.Table(), s, at); err == nil {
			tmpl.Refs()
		}
		if tmpl, _, err := expr.ParseCondition(builtin.Table(), s, at); err == nil {
			tmpl.Refs()
		}
	})
}

func FuzzEval(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		tmpl, err := expr.Parse(builtin.Table(), s, nil)
		if err != nil {
			return
		}
		c := testContext(t, `{"l": ["a", "B", 3, null, 1.5, {"a": [1]}], "d": {"a": 1, "b": "{{ l }}"}, "s": "text", "n": 5}`)
		c.Scope.(vars)["u"] = &expr.Node{Value: &value.Unknown{Task: "t"}}
		start := time.Now()
		v, err := tmpl.Eval(c)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%q took %v", s, took)
		}
		if err == nil && len(value.Text(v)) > 64<<20 {
			t.Errorf("%q made %d bytes", s, len(value.Text(v)))
		}
	})
}
