package differ_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A playbook is a case: files, and the arguments that it is played with, in groups that
// belong together.
type playbook struct {
	files dict // by path; play.yml is the playbook, a text or *node is written as it is
	args  [][]string
}

// A generator makes up a playbook.
type generator struct {
	*rand.Rand
	rules  grammar
	modern bool                // ansible-core is 2.19 or later
	wild   float64             // how likely an expression is of a wrong type
	names  map[string][]string // names in scope, by type
	files  dict
	// handlers and tags are names that tasks use.
	handlers, topics []string
	handling         bool // a handler is made up
	count            int
	depth            int
}

// makeUp makes up the playbook of a seed.
func makeUp(seed, number uint64, modern bool) playbook {
	r := rand.New(rand.NewPCG(seed, number))
	g := &generator{Rand: r, rules: readGrammar(modern), modern: modern, names: map[string][]string{}}
	if modern && g.chance(0.5) {
		g.wild = 0.02
	}
	p := playbook{args: g.arguments()}
	var plays seq
	for range 1 + g.IntN(8)/7 {
		plays = append(plays, g.play())
	}
	p.files = append(dict{{"play.yml", plays}}, g.files...)
	return p
}

func (g *generator) chance(p float64) bool { return g.Float64() < p }

// next returns a name that nothing has yet.
func (g *generator) next(prefix string) string {
	g.count++
	return fmt.Sprintf("%s%d", prefix, g.count)
}

// variables are the names of variables of a type; several levels define the same.
var variables = map[string][]string{
	"str": {"s1", "s2"}, "int": {"i1", "i2"}, "float": {"f1"}, "bool": {"b1", "b2"}, "list": {"l1", "l2"}, "ints": {"n1"},
	"dict": {"d1", "d2"}, "dicts": {"r1"},
}

// arguments makes up arguments of the command line, and files that they name.
func (g *generator) arguments() [][]string {
	var args [][]string
	some := func(p float64, words ...string) {
		if g.chance(p) {
			args = append(args, words)
		}
	}
	some(0.1, "--check")
	some(0.05, "--diff")
	some(0.06, "-e", "s1=extra")
	some(0.05, "-e", `{"i1": 5, "l1": ["e"]}`)
	if g.chance(0.04) {
		g.file("extra.yml", g.vars(2))
		args = append(args, []string{"-e", "@extra.yml"})
	}
	some(0.08, "--tags", pick(g.Rand, []string{"red", "red,blue", "all", "untagged", "tagged", "never", "always", "nope"}))
	some(0.06, "--skip-tags", pick(g.Rand, []string{"red", "blue", "always", "untagged", "tagged"}))
	some(0.03, "--start-at-task", pick(g.Rand, []string{"Task 2", "Task*", "Task 4"}))
	some(0.03, "--force-handlers")
	some(0.03, "--list-tasks")
	some(0.02, "--list-tags")
	some(0.02, "-v")
	return args
}

// file adds a file of the playbook.
func (g *generator) file(path string, content tree) {
	g.files = append(g.files, pair{path, content})
}

// vars makes up variables: at most n.
func (g *generator) vars(n int) dict {
	var d dict
	kinds := slices.Sorted(maps.Keys(variables))
	for range 1 + g.IntN(n) {
		kind := pick(g.Rand, kinds)
		name := pick(g.Rand, variables[kind])
		if d.get(name) != nil {
			continue
		}
		d = append(d, pair{name, g.value(kind, name)})
	}
	for _, p := range d {
		g.define(kindOf(p.key), p.key)
	}
	return d
}

// kindOf returns the type of a variable by its name.
func kindOf(name string) string {
	for kind, names := range variables {
		if slices.Contains(names, name) {
			return kind
		}
	}
	return "any"
}

// define puts a name into scope.
func (g *generator) define(kind, name string) {
	if !slices.Contains(g.names[kind], name) {
		g.names[kind] = append(slices.Clone(g.names[kind]), name)
	}
}

// within makes names that are defined inside go out of scope.
func (g *generator) within(inside func()) {
	names := maps.Clone(g.names)
	inside()
	g.names = names
}

// value makes up the value of a variable: what YAML says, or a template that does not
// mention the variable itself or one that may mention it.
func (g *generator) value(kind, name string) tree {
	if g.chance(0.4) {
		all := g.names
		g.names = map[string][]string{}
		for k, names := range all { // in order of the alphabet nothing needs itself
			for _, n := range names {
				if n < name || strings.HasPrefix(n, "o") || strings.HasPrefix(n, "item") {
					g.names[k] = append(g.names[k], n)
				}
			}
		}
		n := g.template(kind)
		g.names = all
		return n
	}
	return written(kind, g.Rand)
}

// template makes up a template that comes to a type.
func (g *generator) template(kind string) *node {
	return &node{"template", []string{"{{ ", " }}"}, []*node{g.expression(kind, 2)}}
}

// written are values as YAML writes them.
func written(kind string, r *rand.Rand) tree {
	switch kind {
	case "str":
		return pick(r, []tree{"one", "Two words", "", "12", "a,b", "yes", "été", plain("~x"), "a\nb\n", "{x}", "it's", " p "})
	case "int":
		return pick(r, []tree{plain("0"), plain("1"), plain("-3"), plain("42"), plain("0x1f"), plain("1_000"), plain("010")})
	case "float":
		return pick(r, []tree{plain("0.5"), plain("2.0"), plain("1e3"), plain("-.5")})
	case "bool":
		return pick(r, []tree{plain("true"), plain("false"), plain("yes"), plain("no")})
	case "list":
		return pick(r, []tree{seq{}, seq{"a"}, seq{"b", "a", "B"}, seq{"x", "y"}, seq{"1", "yes"}})
	case "ints":
		return pick(r, []tree{seq{}, seq{plain("1")}, seq{plain("3"), plain("1"), plain("2")}})
	case "dict":
		return pick(r, []tree{dict{}, dict{{"a", plain("1")}}, dict{{"b", "x"}, {"a", seq{"y"}}}, dict{{"a", dict{{"a", plain("null")}}}}})
	}
	return pick(r, []tree{seq{}, seq{dict{{"n", "k"}, {"g", "p"}, {"v", plain("1")}}},
		seq{dict{{"n", "k"}, {"g", "q"}, {"v", plain("2")}}, dict{{"n", "j"}, {"g", "p"}, {"v", plain("1")}}}})
}

// play makes up a play.
func (g *generator) play() dict {
	p := dict{{"name", g.next("Play ")}, {"hosts", "localhost"}, {"gather_facts", plain("false")}}
	if g.chance(0.05) {
		p = p[1:]
	}
	g.handlers = nil
	for range g.IntN(10) / 6 {
		g.handlers = append(g.handlers, g.next("Handler "))
	}
	g.topics = nil
	if len(g.handlers) > 0 && g.chance(0.3) {
		g.topics = []string{"topic"}
	}
	if g.chance(0.1) {
		path := pick(g.Rand, []string{"group_vars/all.yml", "group_vars/all/x.yml", "host_vars/localhost.yml", "group_vars/ungrouped.yml"})
		g.file(path, g.vars(3))
	}
	if g.chance(0.8) {
		p = append(p, pair{"vars", g.vars(6)})
	}
	if g.chance(0.1) {
		path := g.next("vars/file") + ".yml"
		g.file(path, g.vars(3))
		p = append(p, pair{"vars_files", seq{path}})
	}
	p = append(p, g.playKeywords()...)
	if g.chance(0.08) {
		p = append(p, pair{"roles", seq{g.roleEntry()}})
	}
	if g.chance(0.08) {
		p = append(p, pair{"pre_tasks", g.tasks(2)})
	}
	p = append(p, pair{"tasks", g.tasks(5)})
	if g.chance(0.06) {
		p = append(p, pair{"post_tasks", g.tasks(2)})
	}
	if len(g.handlers) > 0 {
		p = append(p, pair{"handlers", g.handlerTasks()})
	}
	return p
}

// playKeywords makes up what stands beside a play's tasks.
func (g *generator) playKeywords() dict {
	var d dict
	some := func(p float64, key string, value tree) {
		if g.chance(p) {
			d = append(d, pair{key, value})
		}
	}
	some(0.04, "force_handlers", plain("true"))
	some(0.03, "any_errors_fatal", plain("true"))
	some(0.03, "ignore_errors", plain("true"))
	some(0.03, "tags", g.tags())
	some(0.02, "environment", dict{{"E1", "x"}})
	some(0.02, "become", plain("false"))
	some(0.02, "strategy", "linear")
	some(0.02, "serial", plain("1"))
	some(0.02, "max_fail_percentage", plain("50"))
	some(0.02, "no_log", plain("true"))
	some(0.02, "check_mode", plain("false"))
	some(0.03, "module_defaults", dict{{"debug", dict{{"msg", "by default"}}}})
	return d
}

func (g *generator) tags() tree {
	return pick(g.Rand, []tree{"red", "blue", seq{"red", "blue"}, "always", "never", seq{"never", "red"}, "red,blue"})
}

// handlerTasks makes up the handlers of a play.
func (g *generator) handlerTasks() seq {
	var out seq
	g.handling = true
	defer func() { g.handling = false }()
	for _, name := range g.handlers {
		t := append(dict{{"name", name}}, g.action()...)
		if len(g.topics) > 0 && g.chance(0.6) {
			t = append(t, pair{"listen", g.topics[0]})
		}
		if g.chance(0.2) {
			t = append(t, pair{"when", g.condition()})
		}
		if g.chance(0.15) && name != g.handlers[len(g.handlers)-1] {
			t = append(t, pair{"notify", g.handlers[len(g.handlers)-1]}, pair{"changed_when", plain("true")})
		}
		out = append(out, t)
	}
	return out
}

// tasks makes up one to n tasks.
func (g *generator) tasks(n int) seq {
	var out seq
	for range 1 + g.IntN(n) {
		out = append(out, g.task())
	}
	return out
}

// condition makes up what when and its like hold.
func (g *generator) condition() tree {
	if g.chance(0.15) {
		return seq{g.expression("bool", 2), g.expression("bool", 1)}
	}
	if g.chance(0.1) {
		return plain(pick(g.Rand, []string{"true", "false"}))
	}
	return g.expression("bool", 2)
}
