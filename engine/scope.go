package engine

import (
	"runner/diagnostic"

	"maps"
	"slices"
	"strings"
	"sync"

	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/engine/schedule"
)

// A registry holds values of names. Each name keeps all its values, by where
// they were set, so that a step sees only what stands before it.
type registry struct {
	mu     sync.RWMutex
	values map[string][]registered
}

// A registered is a value, or a variable whose value is evaluated when it is used.
type registered struct {
	at    position
	value Value
	lazy  *Var
}

func (r *registry) set(name string, at position, v registered) {
	v.at = at
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.values == nil {
		r.values = map[string][]registered{}
	}
	list := r.values[name]
	i, found := slices.BinarySearchFunc(list, at, comparePosition)
	if found {
		list[i] = v
		return
	}
	r.values[name] = slices.Insert(list, i, v)
}

// holds reports whether another position is this one, or within it.
func (p position) holds(other position) bool {
	return len(other) >= len(p) && slices.Equal(other[:len(p)], p)
}

// withdraw takes back what was set at a position or within it.
func (r *registry) withdraw(at position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.values {
		r.dropLocked(name, at)
	}
}

// drop takes back the values of a name that were set at a position or within it.
func (r *registry) drop(name string, at position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(name, at)
}

func (r *registry) dropLocked(name string, at position) {
	if list, ok := r.values[name]; ok {
		r.values[name] = slices.DeleteFunc(list, func(e registered) bool { return at.holds(e.at) })
	}
}

func comparePosition(e registered, at position) int { return slices.Compare(e.at, at) }

// before returns the last value that was set before a position.
func (r *registry) before(name string, at position) (registered, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := r.values[name]
	i, _ := slices.BinarySearchFunc(list, at, comparePosition)
	if i == 0 {
		return registered{}, false
	}
	return list[i-1], list[i-1].value != value.Omit // what was forgotten
}

// names returns the names that were set before a position.
func (r *registry) names(before position) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []string
	for name, values := range r.values {
		if len(values) > 0 && slices.Compare(values[0].at, before) < 0 {
			list = append(list, name)
		}
	}
	return list
}

// A frame holds variables of a part of a run: of an item of a loop, or of what
// an include brought in. Those of the innermost frame count.
type frame struct {
	up     *frame
	values map[string]Value // loop variables; the result that a condition is about
	params []Var            // of an include: they beat facts
}

func (f *frame) value(name string) (Value, bool) {
	for ; f != nil; f = f.up {
		if v, ok := f.values[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (f *frame) param(name string) *Var {
	for ; f != nil; f = f.up {
		if v := findVar(f.params, name); v != nil {
			return v
		}
	}
	return nil
}

// A scope is what one step, or one item of it, sees (docs/language.md §2).
type scope struct {
	of     *playRun
	step   *Step
	at     position
	frame  *frame
	node   *node            // nil: outside of lists, where no name is awaited
	worker *schedule.Worker // that waits for names
}

// with returns a scope in which some more names have values.
func (s *scope) with(values map[string]Value) *scope {
	inner := *s
	inner.frame = &frame{up: s.frame, values: values}
	return &inner
}

func (s *scope) context() *expr.Context {
	lookups := s.of.opt.Lookups
	if len(s.step.Environment) > 0 && lookups != nil {
		lookups = maps.Clone(lookups)
		lookups["env"] = s.env
	}
	return &expr.Context{Scope: s, Lookups: lookups, FromYAML: s.of.opt.FromYAML}
}

// env looks names up in the environment of the task, then in the process's.
func (s *scope) env(c *expr.Context, terms []Value, options *value.Map) ([]Value, error) {
	outer := s.of.opt.Lookups["env"]
	var found []Value
	for _, term := range terms {
		v, ok, err := s.environment(c, value.Text(term))
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, v)
			continue
		}
		if outer == nil {
			found = append(found, "")
			continue
		}
		rest, err := outer(c, []Value{term}, options)
		if err != nil {
			return nil, err
		}
		found = append(found, rest...)
	}
	return found, nil
}

// environment returns what the task's environment says of a name.
func (s *scope) environment(c *expr.Context, name string) (Value, bool, error) {
	bare := *s
	bare.step = &Step{Vars: s.step.Vars} // what the environment itself is made of
	for _, n := range slices.Backward(s.step.Environment) {
		v, err := n.Eval(bare.context())
		if err != nil {
			return nil, false, err
		}
		if m, ok := v.(*value.Map); ok {
			if v, ok := m.Get(name); ok {
				return environmentText(v), true, nil
			}
		}
	}
	return nil, false, nil
}

// environmentText returns a value as a program would find it in its environment.
func environmentText(v Value) Value {
	if value.HoldsSecret(v) {
		return value.NewSecret(value.OpenText(v), value.Text(v))
	}
	return value.Text(v)
}

// Lookup returns a name's value, evaluating variables where they are used.
func (s *scope) Lookup(c *expr.Context, name string) (Value, bool, error) {
	r, ok := s.find(name)
	switch {
	case !ok:
		v, ok := s.magic(c, name)
		return v, ok, nil
	case r.lazy != nil:
		return resolve(c, r.lazy)
	}
	return r.value, true, nil
}

// Written returns what a name stands for as a playbook or a file of variables writes it; nil
// where it is data, or something that a loop or a task sets.
func (s *scope) Written(name string) *expr.Node {
	if r, ok := s.find(name); ok && r.lazy != nil {
		return r.lazy.Value
	}
	return nil
}

// find returns what a name stands for, but for those names that every playbook has: a
// value, or a variable.
func (s *scope) find(name string) (registered, bool) {
	if v, ok := s.frame.value(name); ok {
		return registered{value: v}, true
	}
	for _, v := range []*Var{findVar(s.of.opt.ExtraVars, name), s.frame.param(name), findVar(s.step.RoleParams, name)} {
		if v != nil {
			return registered{lazy: v}, true
		}
	}
	if s.node != nil {
		s.node.awaitName(s.worker, name)
		if name == s.step.Register {
			s.worker.WaitForItems() // the one before has registered it
		}
	}
	for _, set := range []*registry{&s.of.facts, &s.of.included} {
		if r, ok := set.before(name, s.at); ok {
			return r, true
		}
	}
	if v := findVar(s.step.Vars, name); v != nil {
		return registered{lazy: v}, true
	}
	if r, ok := s.of.roleVars.before(name, s.at); ok {
		return r, true
	}
	for _, vars := range s.variables() {
		if v := findVar(vars, name); v != nil {
			return registered{lazy: v}, true
		}
	}
	return s.of.defaults.before(name, s.at)
}

// variables returns the variables of the playbook: the first list that has a name counts.
func (s *scope) variables() [][]Var {
	return [][]Var{s.step.Vars, s.of.play.RoleVars, s.of.files, s.of.answers, s.of.play.Vars, s.of.play.HostVars, s.step.Defaults, s.of.play.RoleDefaults}
}

func findVar(vars []Var, name string) *Var {
	for i := len(vars) - 1; i >= 0; i-- {
		if vars[i].Name == name {
			return &vars[i]
		}
	}
	return nil
}

func resolve(c *expr.Context, v *Var) (Value, bool, error) {
	value, err := c.Resolve(v.Name, v.Value)
	return value, true, err
}

// Names returns all names that have a value here, once all above has ended.
func (s *scope) Names() []string {
	if s.worker != nil {
		s.worker.WaitForAll()
		s.worker.WaitForItems()
	}
	return s.namesSet(s.at)
}

// Similar returns the names that may be meant by one that has no value. It waits for
// nothing: of what may still be under way it returns all that may be defined there.
func (s *scope) Similar() []string {
	if s.node == nil {
		return s.namesSet(s.at)
	}
	list := s.namesSet(s.node.list.at.in(s.node.place.Ended()))
	for name, definers := range s.node.list.definers {
		if definers[0].index < s.node.index {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// namesSet returns the names that have a value, those of facts where they were set before a
// position.
func (s *scope) namesSet(before position) []string {
	list := slices.Concat(s.of.facts.names(before), s.of.included.names(before), s.of.roleVars.names(before), s.of.defaults.names(before))
	for _, vars := range append(s.variables(), s.of.opt.ExtraVars) {
		list = append(list, varNames(vars)...)
	}
	for f := s.frame; f != nil; f = f.up {
		list = append(list, varNames(f.params)...)
		list = slices.AppendSeq(list, maps.Keys(f.values))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// all returns every name that has a value as one map; a variable that fails is undefined in it.
func (s *scope) all(c *expr.Context) *value.Map {
	m := &value.Map{}
	for _, name := range s.Names() {
		v, ok, err := s.Lookup(c, name)
		switch {
		case err != nil:
			m.Set(name, &value.Undefined{Name: name, Hint: err.Error()})
		case ok:
			if plain, err := c.Plain(v); err == nil {
				v = plain
			}
			m.Set(name, v)
		}
	}
	return m
}

// flag evaluates a keyword that is true or false.
func (s *scope) flag(n *expr.Node, otherwise bool) (bool, error) {
	v, err := s.given(n)
	if err != nil || v == nil {
		return otherwise, err
	}
	b, err := asBool(value.OpenText(v), value.Open(v))
	if err != nil {
		return false, keywordProblem(n, v, err)
	}
	return b.(bool), nil
}

// number evaluates a keyword that is a number, which may have a fraction.
func (s *scope) number(n *expr.Node, otherwise float64) (float64, error) {
	v, err := s.given(n)
	if err != nil || v == nil {
		return otherwise, err
	}
	f, err := asFloat(value.OpenText(v), value.Open(v))
	if err != nil {
		return 0, keywordProblem(n, v, err)
	}
	return f.(float64), nil
}

// given evaluates a keyword; nil where it was not given, or is not known yet.
func (s *scope) given(n *expr.Node) (Value, error) {
	if n == nil {
		return nil, nil
	}
	v, err := n.Eval(s.context())
	if _, unknown := v.(*value.Unknown); unknown || v == value.Omit {
		return nil, err
	}
	return v, err
}

// keywordProblem is about the value of a keyword, and does not repeat a secret.
func keywordProblem(n *expr.Node, v Value, err error) *diagnostic.Problem {
	if value.HoldsSecret(v) {
		return diagnostic.Problemf(n.Place, "this is a secret, and nothing that the keyword takes")
	}
	return diagnostic.Problemf(n.Place, "%s", err)
}

// conditionsTested is what came of testing conditions.
type conditionsTested struct {
	holds   bool
	failing *Condition     // the first that does not hold
	unknown *value.Unknown // it cannot be known yet
}

// test evaluates conditions up to the first that does not hold.
func (s *scope) test(conditions []*Condition) (conditionsTested, error) {
	for _, c := range conditions {
		v, err := c.Expr.Test(s.context())
		if err != nil {
			return conditionsTested{}, err
		}
		if u, ok := v.(*value.Unknown); ok {
			return conditionsTested{unknown: u}, nil
		}
		if v != true {
			return conditionsTested{failing: c}, nil
		}
	}
	return conditionsTested{holds: true}, nil
}

func texts(conditions []*Condition) string {
	var list []string
	for _, c := range conditions {
		list = append(list, c.Text)
	}
	return strings.Join(list, " and ")
}

// tested makes a condition that a task tests itself.
func (s *scope) tested(n *expr.Node) Tested {
	if n.Tmpl == nil {
		return Tested{Text: n.Text, Test: func() (Value, error) {
			return nil, &unevaluated{diagnostic.Problemf(n.Place, "a condition cannot be empty")}
		}}
	}
	return Tested{Text: n.Text, Test: func() (Value, error) {
		v, err := n.Tmpl.Test(s.context())
		if err != nil {
			err = &unevaluated{err}
		}
		return v, err
	}}
}
