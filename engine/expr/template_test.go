package expr_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/format"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"

	"github.com/google/go-cmp/cmp"
)

// line1 is the Origin of a text that begins at 1:1 and may have several lines.
func line1(text string) diagnostic.Origin {
	src := &diagnostic.Source{Name: "t.yml", Text: text}
	return func(offset int) diagnostic.Place {
		before := text[:offset]
		return diagnostic.Place{Source: src, Line: 1 + strings.Count(before, "\n"), Col: 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))}
	}
}

func TestErrorPlaces(t *testing.T) {
	for _, c := range []struct{ template, place, hint string }{
		{"ok {{ nope }}", "t.yml:1:7", ""},
		{"ok\n  {{ 1 + nope }}", "t.yml:2:10", ""},
		{"{{ a.b.nope }}", "t.yml:1:8", `did you mean "nape"?`},
		{"{{ a.b['c'] }}", "t.yml:1:8", ""},
		{"{{ 'é' ~ ('x' + 1) }}", "t.yml:1:15", "join texts with ~, or make a number with `| int`"},
		{"{{ 1 < 2 < 'a' }}", "t.yml:1:10", "make a number of the text with `| int`"},
		{"{{ 'zz' | from_json }}", "t.yml:1:11", ""},
		{"{{ 'zz' | uper }}", "t.yml:1:11", `did you mean "upper"?`},
		{"{{ 'zz' is strng }}", "t.yml:1:12", `did you mean "string"?`},
		{"{{ resutl }}", "t.yml:1:4", `did you mean "result"?`},
		{"{{ result", "t.yml:1:1", "end it with }}"},
		{"{% if result %}", "t.yml:1:16", "end it with {% endif %}"},
		{"{% include 'x' %}", "t.yml:1:12", ""},
		{"{% inclde 'x' %}", "t.yml:1:4", `did you mean "include"?`},
		{"{{ lookup('enf', 'x') }}", "t.yml:1:4", `did you mean "env"?`},
		{"{{ [1, {'a': nope}] }}", "t.yml:1:14", ""},
		{"{{ result | map(attribute='x') | list }}", "t.yml:1:13", ""},
		{"a\n{% for x in result %}\n{{ x.nope }}{% endfor %}", "t.yml:3:6", ""},
		{"{{ 'a' if false }}", "t.yml:1:8", "write else and the other value"},
		{"{{ 1 && 2 }}", "t.yml:1:6", "write 'and'"},
	} {
		t.Run(c.template, func(t *testing.T) {
			tmpl, err := expr.Parse(builtin.Table(), c.template, line1(c.template))
			if err == nil {
				_, err = tmpl.Eval(testContext(t, `{"a": {"b": {"nape": 1}}, "result": [{}]}`))
			}
			e, ok := errors.AsType[*value.Error](err)
			if !ok {
				t.Fatalf("no error but %v", err)
			}
			if e.Place.String() != c.place || e.Hint() != c.hint {
				t.Errorf("%s: got %s %q, want %s %q", e.Msg, e.Place, e.Hint(), c.place, c.hint)
			}
		})
	}
}

func TestErrorInVariableIsPlacedThere(t *testing.T) {
	tmpl, err := expr.Parse(builtin.Table(), "x {{ nope }}", line1("x {{ nope }}"))
	if err != nil {
		t.Fatal(err)
	}
	outer, err := expr.Parse(builtin.Table(), "{{ v }}", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &expr.Context{Scope: vars{"v": &expr.Node{Tmpl: tmpl}}}
	_, err = outer.Eval(c)
	if e, ok := errors.AsType[*value.Error](err); !ok || e.Place.String() != "t.yml:1:6" || e.Class != value.UndefinedError {
		t.Errorf("got %#v", err)
	}
}

// refText writes a Ref in short: name.path, ~ for soft, * for any.
func refText(r syntax.Ref) string {
	s := strings.Join(append([]string{r.Name}, r.Path...), ".")
	if r.Any {
		s = "*"
	}
	if r.Soft {
		s = "~" + s
	}
	return fmt.Sprintf("%s@%d", s, r.Place.Col)
}

func TestRefs(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"{{ result.env.PORT }}", "result.env.PORT@4"},
		{"{{ result['env'][0].x | int + y }}", "result.env.0.x@4 y@31"},
		{"{{ a[b].c }}", "a@4 b@6"},
		{"{{ a | default(b) }}", "~a@4 b@16"},
		{"{{ a.b is defined and a.b.c == x }}", "~a.b@4 ~a.b.c@23 x@32"},
		{"{{ a.b is not defined or a.b }}", "~a.b@4 ~a.b@26"},
		{"{{ a.c if a is undefined else a.d }}", "~a@11 a.c@4 ~a.d@31"},
		{"{% if a is defined %}{{ a }}{% else %}{{ a }}{% endif %}", "~a@7 ~a@25 a@42"},
		{"{% for x in xs if x.ok %}{{ x.y }}{{ loop.index }}{{ z }}{% endfor %}{{ x }}", "xs@13 z@54 x@73"},
		{"{% set a = b %}{{ a }}", "b@12"},
		{"{% macro m(p, q=d) %}{{ p }}{{ g }}{% endmacro %}{{ m(1) }}", "d@17 g@32"},
		{"{{ lookup('vars', 'abc') }}", "abc@19"},
		{"{{ lookup('vars', 'a' ~ n) }}", "n@25 *@23"},
		{"{{ query('env', home) }}", "home@17"},
		{"{{ vars['x'] }}{{ vars.y.z }}{{ vars[k] }}", "x@4 y.z@19 *@33 k@38"},
		{"{{ hostvars['h'].x }}", "*@4"},
		{"{{ dict(a=b) }}{{ range(3) }}{{ omit }}{{ s.split(sep)[0] }}", "b@11 s@43 sep@51"},
		{"{{ l | map('extract', d) | list }}", "l@4 d@23"},
		{"plain", ""},
		{"{{ [a, {'k': b, c: 1}] }}", "a@5 c@17 b@14"},
		{"{% filter replace('a', r) %}{{ t }}{% endfilter %}", "t@32 r@24"},
	} {
		tmpl, err := expr.Parse(builtin.Table(), c.template, line1(c.template))
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		var got []string
		for _, r := range tmpl.Refs() {
			got = append(got, refText(r))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.template, diff)
		}
	}
}

func TestUnknown(t *testing.T) {
	const unknown = `"(known after apply)"`
	for _, c := range []struct{ template, want string }{
		{"{{ u }}", unknown}, {"x-{{ u }}", unknown}, {"{{ u.a.b[0] }}", unknown}, {"{{ u() }}", unknown},
		{"{{ u.split(',') | first | upper }}", unknown}, {"{{ u + 1 }}", unknown}, {"{{ 1 < u }}", unknown},
		{"{{ 'a' ~ u }}", unknown}, {"{{ not u }}", unknown}, {"{{ -u }}", unknown}, {"{{ u == u }}", unknown},
		{"{{ u is defined }}", "true"}, {"{{ u is undefined }}", "false"}, {"{{ u is none }}", unknown}, {"{{ u is not none }}", unknown},
		{"{{ u | default('x') }}", unknown}, {"{{ u | default('x', true) }}", unknown}, {"{{ nope | default(u) }}", unknown},
		{"{{ true or u }}", "true"}, {"{{ false and u }}", "false"}, {"{{ true and u }}", unknown}, {"{{ u and false }}", unknown},
		{"{{ u or true }}", unknown}, {"{{ 'a' if u else 'b' }}", unknown}, {"{{ 'a' if true else u }}", `"a"`},
		{"{% if u %}a{% endif %}b", unknown}, {"{% for x in u %}a{% endfor %}", unknown},
		{"{{ [1, u] }}", "[1, " + unknown + "]"}, {"{{ {'a': u, 'b': 2} }}", `{"a": ` + unknown + `, "b": 2}`},
		{"{{ {u: 1} }}", unknown}, {"{{ {'a': u, 'b': 2}.b }}", "2"}, {"{{ [1, u] | length }}", "2"}, {"{{ [1, u] | first }}", "1"},
		{"{{ [1, u] | join(',') }}", unknown}, {"{{ [1, u] | to_json }}", unknown}, {"{{ [1, u] | map('string') | list }}", `["1", ` + unknown + "]"},
		{"{{ [1, u] | select('gt', 0) | list }}", unknown}, {"{{ [1, u] | sort }}", unknown}, {"{{ 1 in [1, u] }}", "true"},
		{"{{ 2 in [1, u] }}", unknown}, {"{{ [1, u] == [1, 2] }}", unknown}, {"{{ {'a': 1} | combine({'b': u}) }}", `{"a": 1, "b": ` + unknown + "}"},
		{"{{ {'a': 1} | combine(u) }}", unknown}, {"{{ {'a': u} | combine({'a': {'b': 1}}, recursive=true) }}", `{"a": ` + unknown + "}"},
		{"{{ [[1, u]] | flatten }}", unknown}, {"text {{ [u] }}", unknown}, {"{{ dict([['a', u]]) }}", `{"a": ` + unknown + "}"},
		{"{{ lookup('env', u) }}", unknown}, {"{{ u | ternary(1, 2) }}", unknown}, {"{{ [u] is any }}", unknown}, {"{{ [u, true] is any }}", "true"},
		{"{{ {'changed': u} is changed }}", unknown}, {"{{ 'x'[u] }}", unknown}, {"{{ 'abc'[u:] }}", unknown}, {"{{ '%s' % u }}", unknown},
		{"{{ {'a': 1}[u] is defined }}", "true"}, {"{% set x = u %}{{ x }}", unknown}, {"{{ range(u) }}", unknown}, {"{{ v.k }}", unknown},
		{"{{ v | dict2items | map(attribute='key') | list }}", `["k"]`}, {"{{ u | mandatory }}", unknown}, {"{{ v | type_debug }}", `"dict"`},
	} {
		tmpl, err := expr.Parse(builtin.Table(), c.template, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.template, err)
		}
		u := &expr.Node{Value: &value.Unknown{Task: "order"}}
		v, err := tmpl.Eval(&expr.Context{Scope: vars{"u": u, "v": {Shape: expr.Mapping, Entries: []expr.Entry{{&expr.Node{Text: "k", Value: "k"}, u}}}}})
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		if got := format.JSON(v, format.JSONStyle{}); got != c.want {
			t.Errorf("%s: got %s, want %s", c.template, got, c.want)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, template := range []string{
		"{{ range(10**9) | list }}", "{{ range(10**9) | length > 5 and range(10**9) | sum }}", "{{ 2 ** (10 ** 9) }}", "{{ 'x' * 10**9 }}",
		"{{ [1] * 10**9 }}", "{{ '%*d' % (10**9, 1) }}", "{{ '{:>2000000}'.format(1) }}", "{{ 'x' | center(10**8) }}",
		"{% for i in range(1000) %}{% for j in range(1000) %}{{ i }}{% endfor %}{% endfor %}",
		"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
		"{% set ns = namespace(l=[0]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
		"{% set ns = namespace(s='ab') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
		"{% for i in range(900000) %}12{% endfor %}", "{{ ('x' * 1000000) | replace('x', 'yy') }}",
		"{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
		"{% set ns = namespace(l=(0,)) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l }}",
		"{% set x = 'x' * 1000000 %}{% for i in range(100000) %}{% set y = x | length %}{% endfor %}",
		"{% set x = 'x' * 1000000 %}{% for i in range(100000) %}{% set y = x[-1] %}{% endfor %}",
		"{{ ('a' * 200) is match('(a+)+b') }}", "{{ range(200) | product(range(200), range(200)) | length }}",
		"{{ query('sequence', 'end=90000000000') }}", "{{ query('sequence', 'start=-9223372036854775808 end=9223372036854775807') }}",
	} {
		if _, err := evaluate(t, "", template); classOf(err) != value.LimitError {
			t.Errorf("%s: got %v (%s), want a limit", template, err, classOf(err))
		}
	}
	deep := "{{ " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + " }}"
	for _, template := range []string{deep, "{{ " + strings.Repeat("not ", 10_000) + "1 }}", "{{ " + strings.Repeat("-", 10_000) + "1 }}",
		strings.Repeat("{% if 1 %}", 10_000), "{{ 1" + strings.Repeat("+1", 100_000) + " }}"} {
		if _, err := expr.Parse(builtin.Table(), template, nil); classOf(err) != value.SyntaxError && classOf(err) != value.LimitError {
			t.Errorf("%.20s…: got %v", template, err)
		}
	}
}

func TestVariablesAreLazy(t *testing.T) {
	const v = `{"cfg": {"l": ["{{ zone }}-1"], "z": "{{ nope }}"}, "zone": "par", "a": "{{ b }}", "b": "{{ c }}", "c": "{{ a }}",
		"self": {"x": "{{ self.y }}", "y": 1}, "bad": "{{ nope }}", "me": {"x": "{{ me }}"}, "data": "[1]"}`
	for _, c := range []struct {
		template, want string
		class          value.Class
	}{
		{"{{ cfg.l }}", `["par-1"]`, ""},
		{"{{ cfg['l'][0] }}", `"par-1"`, ""},
		{"{{ cfg }}", "", value.UndefinedError},
		{"{{ cfg.z }}", "", value.UndefinedError},
		{"{{ cfg.z | default('d') }}", `"d"`, ""},
		{"{{ bad | default('d') }}", `"d"`, ""},
		{"{{ cfg is defined }}", "true", ""},
		{"{{ cfg.get('l') | first }}", `"par-1"`, ""},
		{"{{ (cfg | default({})).l }}", `["par-1"]`, ""},
		{"{{ self }}", `{"x": 1, "y": 1}`, ""},
		{"{{ a }}", "", value.RecursionError},
		{"{{ me }}", "", value.RecursionError},
		{"{{ vars.zone }}", `"par"`, ""},
		{"{{ vars['zo' ~ 'ne'] }}", `"par"`, ""},
		{"{{ lookup('vars', 'nope', default='x') }}", `"x"`, ""},
		{"{{ lookup('vars', 'nope') }}", "", value.UndefinedError},
		{"{% for x in cfg.l %}{{ x }}{% endfor %}", `"par-1"`, ""},
	} {
		got, err := evaluate(t, v, c.template)
		if classOf(err) != c.class || err == nil && format.JSON(got, format.JSONStyle{}) != c.want {
			t.Errorf("%s: got %s, %v; want %s %s", c.template, format.JSON(got, format.JSONStyle{}), err, c.want, c.class)
		}
	}
	_, err := evaluate(t, v, "{{ a }}")
	if want := `variable "a" needs itself: a → b → c → a`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNodeEval(t *testing.T) {
	c := testContext(t, `{"x": 1}`)
	n := nodeOf(t, mustJSON(t, `{"a": "{{ omit }}", "b": ["{{ omit }}", "{{ x }}", {"c": "{{ omit }}"}], "d": "{{ {'e': omit, 'f': [omit, 2]} }}", "g": "{{ 'it' }}"}`))
	v, err := n.Eval(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := format.JSON(v, format.JSONStyle{}), `{"b": [1, {}], "d": {"f": [2]}, "g": "it"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if refs := n.Refs(); len(refs) != 1 || refs[0].Name != "x" {
		t.Errorf("got %v", refs)
	}
}

func TestDataIsNotTemplatedAgain(t *testing.T) {
	tmpl, err := expr.Parse(builtin.Table(), "{{ d }} {{ d | upper }}", nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := tmpl.Eval(&expr.Context{Scope: vars{"d": {Value: "{{ nope }}"}}})
	if err != nil || v != "{{ nope }} {{ NOPE }}" {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	tmpl, err := expr.Parse(builtin.Table(), "{% for x in l %}{{ x.n | upper }}{{ cfg.a }}{% endfor %}", nil)
	if err != nil {
		t.Fatal(err)
	}
	scope := testContext(t, `{"l": [{"n": "a"}, {"n": "{{ cfg.a }}"}], "cfg": {"a": "{{ 'b' }}"}}`).Scope
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if v, err := tmpl.Eval(&expr.Context{Scope: scope}); err != nil || v != "AbBb" {
					t.Errorf("got %v, %v", v, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestLargeMapIsFast(t *testing.T) {
	n := &expr.Node{Shape: expr.Mapping}
	for i := range 10_000 {
		k := fmt.Sprint("k", i)
		n.Entries = append(n.Entries, expr.Entry{&expr.Node{Text: k, Value: k}, &expr.Node{Value: i}})
	}
	tmpl, err := expr.Parse(builtin.Table(), "{% set ns = namespace(t=0) %}{% for k in m %}{% set ns.t = ns.t + m[k] %}{% endfor %}{{ ns.t }}", nil)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := tmpl.Eval(&expr.Context{Scope: vars{"m": n}}); err != nil || v != 49_995_000 {
		t.Errorf("got %v, %v", v, err)
	}
}

const benchExpression = `result.env.PORT | int > 5000 and 'x' in list`

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := expr.ParseExpr(builtin.Table(), benchExpression, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	tmpl, err := expr.ParseExpr(builtin.Table(), benchExpression, nil)
	if err != nil {
		b.Fatal(err)
	}
	scope := plainScope{"result": value.MapOf("env", value.MapOf("PORT", "5432")), "list": []value.Value{"x", "y"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Test(&expr.Context{Scope: scope}); err != nil {
			b.Fatal(err)
		}
	}
}

// A plainScope is a Scope of values.
type plainScope map[string]value.Value

func (s plainScope) Lookup(_ *expr.Context, name string) (value.Value, bool, error) {
	v, ok := s[name]
	return v, ok, nil
}

func TestAllMistakesAreReported(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"{{ a | nope }} {{ b | uper }} {{ c + }}", "1:8 1:23 1:38"},
		{"{% if a b %}{{ x | nope }}{% elif %}{% endif %}{{ y is strng }}", "1:9 1:20 1:35 1:56"},
		{"{{ a $ b }}{{ 'x }} {{ 1 & 2 }}{% foo %}", "1:6 1:15 1:26 1:35"},
		{"{% for x %}{% set 1 %}{% endfor %}{% endif %}{{ d | nope | nope2 }}", "1:10 1:19 1:38 1:53 1:60"},
		{"{% if x %}{{ $ }}", "1:14 1:18"},
	} {
		_, err := expr.Parse(builtin.Table(), c.template, line1(c.template))
		p, ok := errors.AsType[*diagnostic.Problem](err)
		if !ok {
			t.Fatalf("%s: got %v", c.template, err)
		}
		var places []string
		for _, part := range p.Each() {
			places = append(places, strings.TrimPrefix(part.Place.String(), "t.yml:"))
		}
		if got := strings.Join(places, " "); got != c.want {
			t.Errorf("%s: got %s, want %s\n%v", c.template, got, c.want, err)
			for _, part := range p.Each() {
				t.Log(part)
			}
		}
	}
}
