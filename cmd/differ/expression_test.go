package differ_test

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// expressionRules is the grammar of expressions: a line "TYPE: FORM" each, with <TYPE> where
// another expression stands. A line that ends with "@2.19" is for ansible-core 2.19 and later.
//
//go:embed testdata/expressions.txt
var expressionRules string

// A node is an expression that was made up: a form with places for others.
type node struct {
	kind string   // "str", "template", …
	form []string // the text around the kids; one more than there are kids
	kids []*node
}

// String returns the expression, as it stands in a playbook.
func (n *node) String() string {
	var b strings.Builder
	for i, k := range n.kids {
		text := k.String()
		if n.kind != "template" && strings.ContainsAny(text, " -") && !enclosed(n.form[i], n.form[i+1]) && !bare(k) {
			text = "(" + text + ")"
		}
		b.WriteString(n.form[i] + text)
	}
	return b.String() + n.form[len(n.kids)]
}

// bare reports whether an expression needs no parentheses: a literal, or one in parentheses.
func bare(n *node) bool {
	first, last := n.form[0], n.form[len(n.form)-1]
	return len(n.kids) == 0 && (strings.HasPrefix(first, "'") || strings.HasPrefix(first, "[") || strings.HasPrefix(first, "{")) ||
		strings.HasPrefix(first, "(") && strings.HasSuffix(last, ")")
}

// enclosed reports whether what stands between two texts is apart from what is around them.
func enclosed(before, after string) bool {
	before, after = strings.TrimRight(before, " "), strings.TrimLeft(after, " ")
	if before == "" || after == "" {
		return before == after
	}
	return strings.ContainsAny(before[len(before)-1:], "([,{:") && strings.ContainsAny(after[:1], ")],}:")
}

var place = regexp.MustCompile(`<([a-z]+)>`)

// A rule is a line of the grammar.
type rule struct {
	form  []string
	types []string
}

// A grammar holds the rules of each type.
type grammar map[string][]rule

// readGrammar reads the rules, without those for newer versions where modern is false.
func readGrammar(modern bool) grammar {
	g := grammar{}
	for line := range strings.Lines(expressionRules) {
		line = strings.TrimSuffix(line, "\n")
		text, newer := strings.CutSuffix(line, " @2.19")
		kind, form, ok := strings.Cut(text, ": ")
		if !ok || strings.HasPrefix(line, "#") || newer && !modern {
			continue
		}
		g[kind] = append(g[kind], newRule(form))
	}
	return g
}

func newRule(form string) rule {
	var r rule
	at := 0
	for _, m := range place.FindAllStringSubmatchIndex(form, -1) {
		r.form = append(r.form, form[at:m[0]])
		r.types = append(r.types, form[m[2]:m[3]])
		at = m[1]
	}
	r.form = append(r.form, form[at:])
	return r
}

// anyTypes are what "any" stands for.
var anyTypes = []string{"str", "str", "int", "float", "bool", "list", "ints", "dict", "dicts"}

// expression makes up an expression of a type, of variables in scope, literals and at most
// depth levels of forms. Now and then it is of another type, or names nothing.
func (g *generator) expression(kind string, depth int) *node {
	if kind == "any" || g.chance(g.wild) {
		kind = pick(g.Rand, anyTypes)
	}
	if g.chance(g.wild / 2) {
		return leaf(kind, "nope")
	}
	if kind != "template" && (depth <= 0 || g.IntN(4) == 0) {
		return g.leaf(kind)
	}
	rules := g.rules[kind]
	if len(rules) == 0 {
		panic(fmt.Sprintf("no rules for %s", kind))
	}
	r := pick(g.Rand, rules)
	n := &node{kind: kind, form: r.form}
	for _, t := range r.types {
		n.kids = append(n.kids, g.expression(t, depth-1))
	}
	return n
}

func leaf(kind, text string) *node { return &node{kind: kind, form: []string{text}} }

// leaf returns a variable of a type, or a literal.
func (g *generator) leaf(kind string) *node {
	if names := g.names[kind]; len(names) > 0 && g.IntN(3) > 0 {
		return leaf(kind, pick(g.Rand, names))
	}
	return leaf(kind, pick(g.Rand, literals[kind]))
}

// literals are expressions of a type without others in them.
var literals = map[string][]string{
	"str":   {"'a'", "'B c'", "''", "'12'", "'x,y'", "'yes'", "'été'", "' p '", "'a\\\\nb'", `'q"r'`, "'{x}'"},
	"int":   {"0", "1", "2", "-3", "7", "1000000"},
	"float": {"0.5", "2.0", "-1.25", "1e3"},
	"bool":  {"true", "false"},
	"list":  {"[]", "['a']", "['b', 'a']", "['A', 'b', 'a']", "['x', '', 'x']"},
	"ints":  {"[]", "[1]", "[3, 1, 2]", "[2, 2]", "[0, -1]"},
	"dict":  {"{}", "{'a': 1}", "{'a': 'x', 'b': 2}", "{'a': {'a': 1}, 'c': [1]}", "{'b': none}"},
	"dicts": {"[]", "[{'n': 'x', 'g': 'p', 'v': 1}]", "[{'n': 'x', 'g': 'p', 'v': 2}, {'n': 'Y', 'g': 'q', 'v': 1}, {'n': 'z', 'g': 'p', 'v': 3}]"},
}

// simpler lists expressions that are n with less in it.
func (n *node) simpler() []*node {
	var out []*node
	for _, k := range n.kids {
		if n.kind == "template" && k.kind != "template" {
			k = &node{"template", []string{"{{ ", " }}"}, []*node{k}}
			if k.String() == n.String() {
				continue
			}
		}
		out = append(out, k)
	}
	for i, k := range n.kids {
		for _, s := range k.simpler() {
			out = append(out, n.with(i, s))
		}
		if len(k.kids) > 0 && k.kind != "template" {
			for _, l := range literals[k.kind][:min(3, len(literals[k.kind]))] {
				out = append(out, n.with(i, leaf(k.kind, l)))
			}
		}
	}
	return out
}

// with returns n with another kid at i.
func (n *node) with(i int, kid *node) *node {
	kids := append([]*node(nil), n.kids...)
	kids[i] = kid
	return &node{n.kind, n.form, kids}
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
