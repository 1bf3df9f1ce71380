package engine

import (
	"path/filepath"
	"slices"
	"sync"

	"runner/engine/expr"
)

// magicNames are the names that every playbook has (ansible-semantics §8).
var magicNames = [...]string{
	"ansible_check_mode", "ansible_diff_mode", "ansible_play_name", "ansible_verbosity",
	"groups", "hostvars", "inventory_hostname", "inventory_hostname_short", "omit", "playbook_dir", "vars",
}

func magic(name string) bool { return slices.Contains(magicNames[:], name) }

// MagicNames lists the names that every playbook has.
func MagicNames() []string { return slices.Clone(magicNames[:]) }

// A registry holds what steps registered. Each name keeps all its values, by the
// index of the step, so that a step sees only what stands before it.
type registry struct {
	mu     sync.RWMutex
	values map[string][]registered
}

type registered struct {
	index int
	value Value
}

func (r *registry) set(name string, index int, v Value) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.values == nil {
		r.values = map[string][]registered{}
	}
	list := r.values[name]
	at, _ := slices.BinarySearchFunc(list, index, func(e registered, i int) int { return e.index - i })
	r.values[name] = slices.Insert(list, at, registered{index, v})
}

// before gives the value that the last step before index registered.
func (r *registry) before(name string, index int) (Value, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := r.values[name]
	at, _ := slices.BinarySearchFunc(list, index, func(e registered, i int) int { return e.index - i })
	if at == 0 {
		return nil, false
	}
	return list[at-1].value, true
}

func (r *registry) names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []string
	for name := range r.values {
		list = append(list, name)
	}
	return list
}

// A scope is what one step sees: extra vars, then what was registered, then the
// task's vars, the play's, and the magic ones (ansible-semantics §8).
type scope struct {
	run  *run
	step *linkedStep
}

func (s *scope) context() *expr.Context {
	return &expr.Context{Scope: s, Lookups: s.run.opt.Lookups, FromYAML: s.run.opt.FromYAML}
}

// Lookup gives a name's value, evaluating variables where they are used.
func (s *scope) Lookup(c *expr.Context, name string) (Value, bool, error) {
	if v := findVar(s.run.opt.ExtraVars, name); v != nil {
		return resolve(c, v)
	}
	if v, ok := s.run.registry.before(name, s.step.index); ok {
		return v, true, nil
	}
	if v := findVar(s.step.step.Vars, name); v != nil {
		return resolve(c, v)
	}
	if v := findVar(s.step.play.Vars, name); v != nil {
		return resolve(c, v)
	}
	v, ok := s.magic(c, name)
	return v, ok, nil
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

// Names lists what can be looked up, for suggestions.
func (s *scope) Names() []string {
	list := s.run.registry.names()
	for _, vars := range [][]Var{s.run.opt.ExtraVars, s.step.step.Vars, s.step.play.Vars} {
		for _, v := range vars {
			list = append(list, v.Name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *scope) magic(c *expr.Context, name string) (Value, bool) {
	switch name {
	case "ansible_check_mode":
		return s.run.opt.Check, true
	case "ansible_diff_mode":
		return s.run.opt.Diff, true
	case "ansible_verbosity":
		return s.run.opt.Verbosity, true
	case "ansible_play_name":
		return s.run.playName(s.step.play), true
	case "inventory_hostname", "inventory_hostname_short":
		return localhost, true
	case "groups":
		return expr.MapOf("all", []Value{localhost}, "ungrouped", []Value{localhost}), true
	case "hostvars":
		return expr.MapOf(localhost, s.all(c)), true
	case "vars":
		return s.all(c), true
	case "playbook_dir":
		dir, err := filepath.Abs(filepath.Dir(s.step.play.File))
		if err != nil {
			dir = filepath.Dir(s.step.play.File)
		}
		return dir, true
	}
	return nil, false
}

// all gives every name that has a value as one map; a variable that fails is left out.
func (s *scope) all(c *expr.Context) *expr.Map {
	m := &expr.Map{}
	for _, name := range s.Names() {
		if v, ok, err := s.Lookup(c, name); ok && err == nil {
			m.Set(name, v)
		}
	}
	return m
}

const localhost = "localhost"
