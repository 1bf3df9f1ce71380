// Package expr evaluates {{ templates }}: Jinja2's expressions and the few statements
// that playbooks use, as ansible-core 2.19 gives them meaning.
//
// Values that came from outside (an API, a lookup) are data: no string is ever
// taken for a template. Only Parse makes templates.
//
// It knows values, templates and names that are looked up. It knows no task, no file
// and no order: who asks says what a name stands for.
package expr

import (
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine/expr/value"
)

// The bounds of nesting.
const (
	maxCalls = 100 // of macros
	maxOpen  = 500 // of variables that name variables
)

// A Context is what one evaluation may use. It also counts the work done, so a
// Context serves one argument, condition or message and is then thrown away.
type Context struct {
	Scope    Scope
	Lookups  map[string]Lookup                      // by short name: "env"
	FromYAML func(text string) (value.Value, error) // for from_yaml; nil: the filter fails
	// ShowErrors: a part of a text that fails is shown as << error 1 - why >>, as
	// in the name of a task.
	ShowErrors bool

	value.Budget
	shown   int // errors
	calls   int
	markup  bool                  // there has been Markup in the evaluation
	known   map[*Node]value.Value // variables' scalars evaluated before
	open    []resolving           // variables that are being evaluated
	indexes map[*Node]map[any]*Node
	cache   map[any]any
}

// In returns a Context that goes on from c in another scope.
func (c *Context) In(scope Scope) *Context {
	return &Context{Scope: scope, Lookups: c.Lookups, FromYAML: c.FromYAML, ShowErrors: c.ShowErrors, Budget: c.Budget, calls: c.calls}
}

// Cached returns what make makes for a key, made once in a Context.
func (c *Context) Cached(key any, make func() (any, error)) (any, error) {
	if v, ok := c.cache[key]; ok {
		return v, nil
	}
	v, err := make()
	if err != nil {
		return nil, err
	}
	if c.cache == nil {
		c.cache = map[any]any{}
	}
	c.cache[key] = v
	return v, nil
}

type resolving struct {
	name string
	node *Node
}

// A lazy is a list or map of a variable whose elements are evaluated when used.
type lazy struct {
	c    *Context
	name string
	node *Node
}

// TypeName returns "list" or "dict".
func (l *lazy) TypeName() string {
	if l.node.Shape == Sequence {
		return "list"
	}
	return "dict"
}

// Truth reports whether there is anything in the list or map.
func (l *lazy) Truth() bool { return len(l.node.Items)+len(l.node.Entries) > 0 }

// Elements returns the items of a list, the keys of a map.
func (l *lazy) Elements() ([]value.Value, error) {
	s, err := l.c.shallow(l)
	if err != nil {
		return nil, err
	}
	return l.c.Elements(s)
}

// Resolve evaluates a variable's node lazily: a scalar at once, the elements of a
// list or map when they are used, so that one bad entry harms only who reads it;
// Plain makes an ordinary value of the result. A variable that needs itself is an
// Error of class RecursionError. A scalar that comes to an undefined name gives
// an *Undefined, so that `default` helps there too.
func (c *Context) Resolve(name string, n *Node) (value.Value, error) {
	if n == nil {
		return nil, nil
	}
	if n.Shape != Scalar {
		return &lazy{c, name, n}, nil
	}
	if n.Tmpl == nil {
		return n.marked(n.Value), nil
	}
	if v, ok := c.known[n]; ok {
		return v, nil
	}
	v, err := c.resolveScalar(name, n)
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = map[*Node]value.Value{}
	}
	c.known[n] = v
	return v, nil
}

func (c *Context) resolveScalar(name string, n *Node) (value.Value, error) {
	if i := slices.IndexFunc(c.open, func(r resolving) bool { return r.node == n }); i >= 0 {
		return nil, c.recursion(i, name)
	}
	if len(c.open) >= maxOpen {
		return nil, value.Errorf(value.LimitError, "variables name each other more than %d deep", maxOpen)
	}
	c.open = append(c.open, resolving{name, n})
	defer func() { c.open = c.open[:len(c.open)-1] }()
	v, err := n.Tmpl.run(c)
	if err == nil {
		v, err = c.storable(n, v)
	}
	if err == nil {
		return n.marked(v), nil
	}
	err = value.Placed(err, func() diagnostic.Place { return n.Tmpl.tree.Place(n.Tmpl.tree.Start()) })
	if e, ok := err.(*value.Error); ok && e.Class == value.UndefinedError {
		return &value.Undefined{Name: name, Hint: e.Msg, Place: e.Place, Near: e.Hint()}, nil
	}
	return nil, err
}

func (c *Context) recursion(from int, name string) *value.Error {
	var path []string
	for _, r := range c.open[from:] {
		if len(path) == 0 || path[len(path)-1] != r.name {
			path = append(path, r.name)
		}
	}
	if len(path) == 0 || path[len(path)-1] != name || len(path) == 1 {
		path = append(path, name)
	}
	e := value.Errorf(value.RecursionError, "variable %q needs itself: %s", name, strings.Join(path, " → "))
	e.Place = c.open[from].node.Place
	return e
}

// storable leaves lazy values lazy, unless they are to be marked, and finishes the others.
func (c *Context) storable(n *Node, v value.Value) (value.Value, error) {
	if _, ok := v.(*lazy); ok && !n.Secret {
		return v, nil
	}
	return c.Finish(v)
}

// Plain makes an ordinary value of what Resolve gives: all of it evaluated.
// What is Undefined in it is an error.
func (c *Context) Plain(v value.Value) (value.Value, error) { return c.Finish(v) }

// get returns the element of a lazy map; ok is false if there is none.
func (l *lazy) get(c *Context, key value.Value) (v value.Value, ok bool, err error) {
	index, err := c.indexOf(l)
	if err != nil {
		return nil, false, err
	}
	n, ok := index[value.Hash(key)]
	if !ok {
		return nil, false, nil
	}
	v, err = c.Resolve(l.name, n)
	return v, err == nil, err
}

// indexOf finds the entries of a lazy map by key, once in a Context.
func (c *Context) indexOf(l *lazy) (map[any]*Node, error) {
	if index, ok := c.indexes[l.node]; ok {
		return index, nil
	}
	index := make(map[any]*Node, len(l.node.Entries))
	for _, e := range l.node.Entries {
		k, err := c.Resolve(l.name, e.Key)
		if err != nil {
			return nil, err
		}
		index[value.Hash(k)] = e.Value
	}
	if c.indexes == nil {
		c.indexes = map[*Node]map[any]*Node{}
	}
	c.indexes[l.node] = index
	return index, c.Count(len(index))
}

// shallow makes a list or Map of a lazy whose elements may be lazy.
func (c *Context) shallow(l *lazy) (value.Value, error) {
	if l.node.Shape == Sequence {
		out := make([]value.Value, 0, len(l.node.Items))
		for _, n := range l.node.Items {
			v, err := c.part(l.name, n)
			if err != nil {
				return nil, err
			}
			if v != value.Omit {
				out = append(out, v)
			}
		}
		return out, c.Count(len(out))
	}
	m := &value.Map{}
	for _, e := range l.node.Entries {
		k, err := c.Resolve(l.name, e.Key)
		if err != nil {
			return nil, err
		}
		v, err := c.part(l.name, e.Value)
		if err != nil {
			return nil, err
		}
		if v != value.Omit {
			m.Set(k, v)
		}
	}
	return m, c.Count(m.Len())
}

// part resolves a part of a list or map: one that fails does so where it is used.
func (c *Context) part(name string, n *Node) (value.Value, error) {
	v, err := c.Resolve(name, n)
	if err != nil {
		return value.Deferred(err)
	}
	return v, nil
}

// enter notes that all of a lazy is being evaluated, which must not be part of
// itself; leave ends that.
func (c *Context) enter(l *lazy) (leave func(), err error) {
	if i := slices.IndexFunc(c.open, func(r resolving) bool { return r.node == l.node }); i >= 0 {
		return nil, c.recursion(i, l.name)
	}
	c.open = append(c.open, resolving{l.name, l.node})
	return func() { c.open = c.open[:len(c.open)-1] }, nil
}

// Force makes ordinary values of lazy ones, all the way down; Undefined stays.
func (c *Context) Force(v value.Value) (value.Value, error) {
	l, ok := v.(*lazy)
	if !ok {
		return v, nil
	}
	leave, err := c.enter(l)
	if err != nil {
		return nil, err
	}
	defer leave()
	s, err := c.shallow(l)
	if err != nil {
		return nil, err
	}
	switch s := s.(type) {
	case []value.Value:
		for i, e := range s {
			if s[i], err = c.Force(e); err != nil {
				return nil, err
			}
		}
	case *value.Map:
		for k, e := range s.All() {
			f, err := c.Force(e)
			if err != nil {
				return nil, err
			}
			s.Set(k, f)
		}
	}
	return s, nil
}
