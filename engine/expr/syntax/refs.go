package syntax

import (
	"maps"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// A Ref is a name that a template mentions.
type Ref struct {
	Name  string   // the root: "result"
	Path  []string // the static path below it: env, PORT
	Place diagnostic.Place
	// Soft: the template does not fail where the name is undefined: it is
	// tested by `is defined`, or given a default.
	Soft bool
	// Maybe: it is evaluated on some paths only: behind or, in a branch of an if.
	Maybe bool
	// Whole: its value, all of it, is what the template comes to, or a part of that.
	Whole bool
	// Any: the template may read any name, as lookup('vars', x) does; Name is empty.
	Any bool
	// Files: the template may read files or run programs, by a lookup, a filter or a
	// test; Name is empty.
	Files bool
}

// findRefs walks a template for the names that it mentions.
func findRefs(t *Template, names *Names) []Ref {
	w := &refWalker{t: t, names: names, bound: map[string]bool{}, guarded: map[string]bool{}, whole: t.Expr}
	w.bound["self"] = len(t.Blocks) > 0
	if t.Body != nil {
		w.block(t.Body)
	} else {
		w.expression(t.Expr)
	}
	return w.refs
}

// A refWalker knows which names the template binds where it stands, and which
// paths are known to be defined there.
type refWalker struct {
	t       *Template
	names   *Names
	refs    []Ref
	bound   map[string]bool
	guarded map[string]bool
	maybe   bool       // what is walked may not be evaluated
	whole   Expression // what is printed, or what the template comes to
}

// perhaps runs f on what is evaluated on some paths only.
func (w *refWalker) perhaps(f func()) {
	before := w.maybe
	w.maybe = true
	f()
	w.maybe = before
}

// used walks what is handed on: a name is evaluated where that is used, which may be never.
func (w *refWalker) used(x Expression) {
	switch x.(type) {
	case *Name, *Attribute, *Index, *List, *Dict:
		w.perhaps(func() { w.expression(x) })
	default:
		w.expression(x)
	}
}

// apart runs f so that what it binds and guards does not last.
func (w *refWalker) apart(f func()) {
	bound, guarded, maybe := w.bound, w.guarded, w.maybe
	w.bound, w.guarded = maps.Clone(bound), maps.Clone(guarded)
	f()
	w.bound, w.guarded, w.maybe = bound, guarded, maybe
}

func (w *refWalker) bind(t *Target) {
	t.names(func(n string) { w.bound[n] = true })
}

func (w *refWalker) block(body []Statement) {
	for _, s := range body {
		w.statement(s)
	}
}

func (w *refWalker) statement(s Statement) {
	switch s := s.(type) {
	case *Print:
		w.whole = s.Value
		w.expression(s.Value)
	case *If:
		w.choice(s)
	case *For:
		w.loop(s)
	case *Set:
		w.used(s.Value)
		w.bind(s.Target)
	case *Capture:
		w.apart(func() { w.block(s.Body) })
		w.filterChain(s.Filter)
		w.bind(s.Target)
	case *FilterBlock:
		w.apart(func() { w.block(s.Body) })
		w.filterChain(s.Filter)
	case *With:
		w.apart(func() {
			for _, v := range s.Values {
				w.used(v)
			}
			for _, t := range s.Targets {
				w.bind(t)
			}
			w.block(s.Body)
		})
	case *Macro:
		w.bound[s.Name] = true
		w.macro(s)
	default:
		w.fileStatement(s)
	}
}

// fileStatement walks a statement about calls, other files and blocks. What other
// files read is known only when they are.
func (w *refWalker) fileStatement(s Statement) {
	switch s := s.(type) {
	case *CallBlock:
		if s.Call != nil {
			w.expression(s.Call)
		}
		w.macro(s.Caller)
	case *Include:
		w.expressions(s.Name)
		w.refs = append(w.refs, Ref{Place: w.t.Place(s.At()), Any: true, Files: true, Soft: true})
	case *Import:
		w.expressions(s.Name)
		w.refs = append(w.refs, Ref{Place: w.t.Place(s.At()), Any: true, Files: true, Soft: true})
		if s.As != "" {
			w.bound[s.As] = true
		}
		for _, n := range s.Names {
			w.bound[n[1]] = true
		}
	case *Extends:
		w.expressions(s.Name)
		w.refs = append(w.refs, Ref{Place: w.t.Place(s.At()), Any: true, Files: true, Soft: true})
	case *Block:
		w.apart(func() {
			w.bound["super"], w.bound["self"] = true, true
			w.block(s.Body)
		})
	case *Autoescape:
		w.expressions(s.Value)
		w.block(s.Body)
	}
}

func (w *refWalker) choice(s *If) {
	before, maybe := w.guarded, w.maybe
	for i, test := range s.Tests {
		w.expression(test)
		w.maybe = true
		w.guarded = maps.Clone(before)
		w.guard(test, true)
		w.block(s.Bodies[i])
		w.guarded = maps.Clone(before)
		w.guard(test, false)
	}
	if len(s.Bodies) > len(s.Tests) {
		w.block(s.Bodies[len(s.Tests)])
	}
	w.guarded, w.maybe = before, maybe
}

func (w *refWalker) loop(s *For) {
	w.expression(s.Over)
	w.apart(func() {
		w.maybe = true
		w.bind(s.Target)
		w.bound["loop"] = true
		if s.Test != nil {
			w.expression(s.Test)
		}
		w.block(s.Body)
	})
	w.apart(func() {
		w.maybe = true
		w.block(s.Otherwise)
	})
}

func (w *refWalker) macro(s *Macro) {
	w.apart(func() {
		w.maybe = true
		for _, name := range []string{"varargs", "kwargs", "caller"} {
			w.bound[name] = true
		}
		for i, p := range s.Params {
			if s.Defaults[i] != nil {
				w.expression(s.Defaults[i])
			}
			w.bound[p] = true
		}
		w.block(s.Body)
	})
}

func (w *refWalker) filterChain(f *Filter) {
	for f != nil {
		w.arguments(f.Args, false)
		f, _ = f.Of.(*Filter)
	}
}

// arguments walks arguments; soft: what is called may come to nothing.
func (w *refWalker) arguments(args []Argument, soft bool) {
	for _, a := range args {
		w.operand(a.Value, soft)
	}
}

func (w *refWalker) expressions(xs ...Expression) {
	for _, x := range xs {
		if x != nil {
			w.expression(x)
		}
	}
}

func (w *refWalker) expression(x Expression) {
	switch x := x.(type) {
	case *Name, *Attribute, *Index:
		w.path(x, false)
	case *Slice:
		w.expressions(x.Lo, x.Hi, x.Step)
	case *Call:
		w.call(x, false)
	case *Filter:
		w.filtering(x, false)
	case *Test:
		w.testing(x, false)
	case *Unary:
		w.expression(x.Of)
	case *Binary:
		w.expressions(x.L, x.R)
	case *Concat:
		w.expressions(x.Parts...)
	case *Comparison:
		w.expression(x.First)
		w.expression(x.Rest[0])
		w.perhaps(func() { w.expressions(x.Rest[1:]...) })
	case *And:
		w.expression(x.L)
		w.after(x.L, true, x.R)
	case *Or:
		w.expression(x.L)
		w.after(x.L, false, x.R)
	case *Not:
		w.expression(x.Of)
	case *Conditional:
		w.expression(x.Test)
		w.after(x.Test, true, x.Then)
		w.after(x.Test, false, x.Other)
	case *List:
		w.items(x, x.Items)
	case *Dict:
		w.expressions(x.Keys...)
		w.items(x, x.Values)
	case *Embedded:
		w.apart(func() { w.block(x.Body) })
	}
}

// items walks what a list or a map holds: it is evaluated for certain where it is shown.
func (w *refWalker) items(of Expression, xs []Expression) {
	if of == w.whole {
		w.expressions(xs...)
		return
	}
	for _, x := range xs {
		w.used(x)
	}
}

// after walks x where test is known to have come out as given.
func (w *refWalker) after(test Expression, outcome bool, x Expression) {
	if x == nil {
		return
	}
	before := w.guarded
	w.guarded = maps.Clone(before)
	w.guard(test, outcome)
	w.perhaps(func() { w.expression(x) })
	w.guarded = before
}

// guard notes the paths that are defined if test came out as given.
func (w *refWalker) guard(test Expression, outcome bool) {
	switch x := test.(type) {
	case *Test:
		defined := x.Name == "defined" && x.Not != outcome || x.Name == "undefined" && x.Not == outcome
		if root, path, ok := origin(x.Of); ok && defined {
			w.guarded[strings.Join(append([]string{root}, path...), "\x00")] = true
		}
	case *Not:
		w.guard(x.Of, !outcome)
	case *And:
		if outcome {
			w.guard(x.L, true)
			w.guard(x.R, true)
		}
	case *Or:
		if !outcome {
			w.guard(x.L, false)
			w.guard(x.R, false)
		}
	}
}

// staticPath returns the root name and the constant path of x.
func staticPath(x Expression) (root string, path []string, ok bool) {
	switch x := x.(type) {
	case *Name:
		return x.Name, nil, true
	case *Attribute:
		root, path, ok = staticPath(x.Of)
		return root, append(path, x.Name), ok
	case *Index:
		k, constantKey := x.Key.(*Constant)
		if !constantKey {
			return "", nil, false
		}
		root, path, ok = staticPath(x.Of)
		return root, append(path, value.Text(k.Value)), ok
	}
	return "", nil, false
}

// origin returns the path that a chain of attributes, filters and calls begins with: it is
// defined where the chain is.
func origin(x Expression) (root string, path []string, ok bool) {
	if root, path, ok = staticPath(x); ok {
		return root, path, ok
	}
	switch x := x.(type) {
	case *Attribute:
		return origin(x.Of)
	case *Index:
		return origin(x.Of)
	case *Filter:
		if x.Of != nil && !slices.Contains(takesUndefined[:], LastName(x.Name)) {
			return origin(x.Of)
		}
	case *Call:
		if method, isMethod := x.Fn.(*Attribute); isMethod {
			return origin(method.Of)
		}
	}
	return "", nil, false
}

// operand walks x, softly if what stands around it takes an Undefined. Attributes, filters
// and calls hand on an Undefined, whether it is what they are of or one of their arguments.
func (w *refWalker) operand(x Expression, soft bool) {
	switch x := x.(type) {
	case *Name, *Attribute, *Index:
		w.path(x, soft)
	case *Filter:
		w.filtering(x, soft)
	case *Call:
		w.call(x, soft)
	case *Test:
		w.testing(x, soft)
	default:
		w.expression(x)
	}
}

// path walks a name with attributes and indexes behind it.
func (w *refWalker) path(x Expression, soft bool) {
	if root, path, ok := staticPath(x); ok {
		w.mention(x, root, path, soft)
		return
	}
	switch x := x.(type) {
	case *Attribute:
		w.operand(x.Of, soft)
	case *Index:
		w.operand(x.Of, soft)
		w.expression(x.Key)
	}
}

func (w *refWalker) mention(x Expression, root string, path []string, soft bool) {
	if w.bound[root] {
		return
	}
	at := w.t.Place(rootOf(x))
	switch root {
	case "vars", "hostvars":
		if root == "vars" && len(path) > 0 {
			root, path = path[0], path[1:]
			break
		}
		w.refs = append(w.refs, Ref{Place: at, Any: true, Soft: soft})
		return
	}
	if w.names.Globals[root] {
		return
	}
	key := root
	soft = soft || w.guarded[key]
	for _, p := range path {
		key += "\x00" + p
		soft = soft || w.guarded[key]
	}
	w.refs = append(w.refs, Ref{Name: root, Path: path, Place: at, Soft: soft, Maybe: w.maybe, Whole: x == w.whole})
}

// rootOf returns the offset of the name that a path begins with.
func rootOf(x Expression) int {
	switch x := x.(type) {
	case *Attribute:
		return rootOf(x.Of)
	case *Index:
		return rootOf(x.Of)
	}
	return x.At()
}
