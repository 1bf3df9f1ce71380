package expr

import (
	"maps"
	"slices"
	"strings"

	"runner/engine/expr/value"
)

// findRefs walks a template for the names that it mentions.
func findRefs(t *Template) []Ref {
	w := &refWalker{t: t, bound: map[string]bool{}, guarded: map[string]bool{}}
	if t.body != nil {
		w.block(t.body)
	} else {
		w.expression(t.expr)
	}
	return w.refs
}

// A refWalker knows which names the template binds where it stands, and which
// paths are known to be defined there.
type refWalker struct {
	t       *Template
	refs    []Ref
	bound   map[string]bool
	guarded map[string]bool
}

// apart runs f so that what it binds and guards does not last.
func (w *refWalker) apart(f func()) {
	bound, guarded := w.bound, w.guarded
	w.bound, w.guarded = maps.Clone(bound), maps.Clone(guarded)
	f()
	w.bound, w.guarded = bound, guarded
}

func (w *refWalker) bind(t *target) {
	t.names(func(n string) { w.bound[n] = true })
}

func (w *refWalker) block(body []statement) {
	for _, s := range body {
		w.statement(s)
	}
}

func (w *refWalker) statement(s statement) {
	switch s := s.(type) {
	case *printing:
		w.expression(s.value)
	case *choice:
		w.choice(s)
	case *loop:
		w.loop(s)
	case *setting:
		w.expression(s.value)
		w.bind(s.target)
	case *capture:
		w.apart(func() { w.block(s.body) })
		w.filterChain(s.filter)
		w.bind(s.target)
	case *filtered:
		w.apart(func() { w.block(s.body) })
		w.filterChain(s.filter)
	case *with:
		w.apart(func() {
			for i, t := range s.targets {
				w.expression(s.values[i])
				w.bind(t)
			}
			w.block(s.body)
		})
	case *macro:
		w.macro(s)
	}
}

func (w *refWalker) choice(s *choice) {
	before := w.guarded
	for i, test := range s.tests {
		w.expression(test)
		w.guarded = maps.Clone(before)
		w.guard(test, true)
		w.block(s.bodies[i])
		w.guarded = maps.Clone(before)
		w.guard(test, false)
	}
	if len(s.bodies) > len(s.tests) {
		w.block(s.bodies[len(s.tests)])
	}
	w.guarded = before
}

func (w *refWalker) loop(s *loop) {
	w.expression(s.over)
	w.apart(func() {
		w.bind(s.target)
		w.bound["loop"] = true
		if s.test != nil {
			w.expression(s.test)
		}
		w.block(s.body)
	})
	w.apart(func() { w.block(s.otherwise) })
}

func (w *refWalker) macro(s *macro) {
	w.bound[s.name] = true
	w.apart(func() {
		for i, p := range s.params {
			if s.defaults[i] != nil {
				w.expression(s.defaults[i])
			}
			w.bound[p] = true
		}
		w.block(s.body)
	})
}

func (w *refWalker) filterChain(f *filtering) {
	for f != nil {
		w.arguments(f.args)
		f, _ = f.of.(*filtering)
	}
}

func (w *refWalker) arguments(args []argument) {
	for _, a := range args {
		w.expression(a.value)
	}
}

func (w *refWalker) expressions(xs ...expression) {
	for _, x := range xs {
		if x != nil {
			w.expression(x)
		}
	}
}

func (w *refWalker) expression(x expression) {
	switch x := x.(type) {
	case *name, *attribute, *index:
		w.path(x, false)
	case *slice:
		w.expressions(x.lo, x.hi, x.step)
	case *call:
		w.call(x)
	case *filtering:
		w.filtering(x)
	case *tested:
		w.operand(x.of, x.test.name == "defined" || x.test.name == "undefined")
		w.arguments(x.args)
	case *unary:
		w.expression(x.of)
	case *binary:
		w.expressions(x.l, x.r)
	case *concat:
		w.expressions(x.parts...)
	case *comparison:
		w.expression(x.first)
		w.expressions(x.rest...)
	case *and:
		w.expression(x.l)
		w.after(x.l, true, x.r)
	case *or:
		w.expression(x.l)
		w.after(x.l, false, x.r)
	case *not:
		w.expression(x.of)
	case *conditional:
		w.expression(x.test)
		w.after(x.test, true, x.then)
		w.after(x.test, false, x.other)
	case *list:
		w.expressions(x.items...)
	case *dict:
		w.expressions(x.keys...)
		w.expressions(x.values...)
	case *embedded:
		w.apart(func() { w.block(x.body) })
	}
}

// after walks x where test is known to have come out as given.
func (w *refWalker) after(test expression, outcome bool, x expression) {
	if x == nil {
		return
	}
	before := w.guarded
	w.guarded = maps.Clone(before)
	w.guard(test, outcome)
	w.expression(x)
	w.guarded = before
}

// guard notes the paths that are defined if test came out as given.
func (w *refWalker) guard(test expression, outcome bool) {
	switch x := test.(type) {
	case *tested:
		defined := x.test.name == "defined" && x.not != outcome || x.test.name == "undefined" && x.not == outcome
		if root, path, ok := staticPath(x.of); ok && defined {
			w.guarded[strings.Join(append([]string{root}, path...), "\x00")] = true
		}
	case *not:
		w.guard(x.of, !outcome)
	case *and:
		if outcome {
			w.guard(x.l, true)
			w.guard(x.r, true)
		}
	case *or:
		if !outcome {
			w.guard(x.l, false)
			w.guard(x.r, false)
		}
	}
}

// staticPath gives the root name and the constant path of x.
func staticPath(x expression) (root string, path []string, ok bool) {
	switch x := x.(type) {
	case *name:
		return x.name, nil, true
	case *attribute:
		root, path, ok = staticPath(x.of)
		return root, append(path, x.name), ok
	case *index:
		k, constantKey := x.key.(*constant)
		if !constantKey {
			return "", nil, false
		}
		root, path, ok = staticPath(x.of)
		return root, append(path, value.Text(k.value)), ok
	}
	return "", nil, false
}

// operand walks x, softly if what stands around it takes an Undefined.
func (w *refWalker) operand(x expression, soft bool) {
	switch x.(type) {
	case *name, *attribute, *index:
		w.path(x, soft)
	default:
		w.expression(x)
	}
}

// path walks a name with attributes and indexes behind it.
func (w *refWalker) path(x expression, soft bool) {
	if root, path, ok := staticPath(x); ok {
		w.mention(x, root, path, soft)
		return
	}
	switch x := x.(type) {
	case *attribute:
		w.operand(x.of, soft)
	case *index:
		w.operand(x.of, soft)
		w.expression(x.key)
	}
}

func (w *refWalker) mention(x expression, root string, path []string, soft bool) {
	if w.bound[root] {
		return
	}
	at := w.t.place(rootOf(x))
	switch root {
	case "vars", "hostvars":
		if root == "vars" && len(path) > 0 {
			root, path = path[0], path[1:]
			break
		}
		w.refs = append(w.refs, Ref{Place: at, Any: true, Soft: soft})
		return
	}
	if _, builtin := w.t.lib.globals[root]; builtin {
		return
	}
	key := root
	soft = soft || w.guarded[key]
	for _, p := range path {
		key += "\x00" + p
		soft = soft || w.guarded[key]
	}
	w.refs = append(w.refs, Ref{Name: root, Path: path, Place: at, Soft: soft})
}

// rootOf gives the offset of the name that a path begins with.
func rootOf(x expression) int {
	switch x := x.(type) {
	case *attribute:
		return rootOf(x.of)
	case *index:
		return rootOf(x.of)
	}
	return x.at()
}

func (w *refWalker) filtering(x *filtering) {
	if x.of != nil {
		w.operand(x.of, x.filter.name == "default")
	}
	w.arguments(x.args)
}

// call walks a call: of a method its receiver, of lookup('vars', …) the names.
func (w *refWalker) call(x *call) {
	switch fn := x.fn.(type) {
	case *attribute:
		w.operand(fn.of, false)
	case *name:
		if !w.bound[fn.name] && slices.Contains([]string{"lookup", "query", "q"}, fn.name) && w.varsLookup(x) {
			return
		}
		w.path(fn, false)
	default:
		w.expression(fn)
	}
	w.arguments(x.args)
}

// varsLookup finds the variables that lookup('vars', …) names.
func (w *refWalker) varsLookup(x *call) bool {
	if len(x.args) == 0 {
		return false
	}
	if k, ok := x.args[0].value.(*constant); !ok || lastName(value.Text(k.value)) != "vars" {
		return false
	}
	soft := false
	for _, a := range x.args[1:] {
		soft = soft || a.name == "default"
	}
	for _, a := range x.args[1:] {
		switch k, ok := a.value.(*constant); {
		case a.name != "":
			w.expression(a.value)
		case ok && a.spread == 0:
			w.refs = append(w.refs, Ref{Name: value.Text(k.value), Place: w.t.place(a.value.at()), Soft: soft})
		default:
			w.expression(a.value)
			w.refs = append(w.refs, Ref{Place: w.t.place(a.value.at()), Any: true, Soft: soft})
		}
	}
	return true
}
