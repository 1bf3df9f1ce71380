package engine

import (
	"fmt"
	"slices"
	"strings"

	"runner/engine/expr"
)

// Link tells what a program's names have wrong: names that nothing defines,
// results used before they are registered, variables that need themselves.
// extra are the names given from outside, on the command line.
func Link(p *Program, extra []string) []*Problem {
	return link(p, extra).problems
}

// A node of the order of a program: one step and what it needs.
type linkedStep struct {
	step  *Step
	play  *Play
	index int // over the whole program
	// needs are the steps whose registered results it mentions.
	needs []int
	// all: it may mention any name, so it needs all registered before it.
	all bool
	// wanted are the paths of its registered result that later steps mention;
	// an empty path is the whole.
	wanted [][]string
	// wantedAny: a later step may mention any name.
	wantedAny bool
}

type linked struct {
	steps    []*linkedStep
	problems []*Problem
}

type linker struct {
	linked
	extra      map[string]bool
	registrars map[string][]int // name → steps, in order
	vars       map[string]*Var  // of the play at hand
	told       map[Place]bool
}

func link(p *Program, extra []string) *linked {
	l := &linker{extra: map[string]bool{}, registrars: map[string][]int{}, told: map[Place]bool{}}
	for _, name := range extra {
		l.extra[name] = true
	}
	for _, play := range p.Plays {
		for s := range play.Steps() {
			l.steps = append(l.steps, &linkedStep{step: s, play: play, index: len(l.steps)})
			if s.Register != "" {
				l.registrars[s.Register] = append(l.registrars[s.Register], len(l.steps)-1)
			}
		}
	}
	var play *Play
	for _, s := range l.steps {
		if s.play != play {
			play = s.play
			l.vars = map[string]*Var{}
			for i := range play.Vars {
				l.vars[play.Vars[i].Name] = &play.Vars[i]
			}
		}
		l.step(s)
	}
	l.spreadAny()
	return &l.linked
}

// spreadAny marks the results that a later step of dynamic names may mention.
func (l *linker) spreadAny() {
	later := false
	for _, s := range slices.Backward(l.steps) {
		s.wantedAny = later
		later = later || s.all
	}
}

// step follows the names of one step, through variables, to what defines them.
func (l *linker) step(s *linkedStep) {
	refs := stepRefs(s.step)
	soft := map[string]bool{} // names that the step itself guards somewhere
	for _, r := range refs {
		if r.Soft {
			soft[r.Name] = true
		}
	}
	f := follower{linker: l, at: s, local: map[string]*Var{}, soft: soft, seen: map[*Var]bool{}}
	for i := range s.step.Vars {
		f.local[s.step.Vars[i].Name] = &s.step.Vars[i]
	}
	for _, r := range refs {
		f.follow(r, nil)
	}
	slices.Sort(s.needs)
	s.needs = slices.Compact(s.needs)
}

// stepRefs gives every name that a step mentions. What stands in its name is
// soft: an undefined name there is shown, not refused. So is what an Expression names.
func stepRefs(s *Step) []expr.Ref {
	var refs []expr.Ref
	for _, r := range s.Name.Refs() {
		r.Soft = true
		refs = append(refs, r)
	}
	for _, c := range s.When {
		refs = append(refs, c.Expr.Refs()...)
	}
	for _, n := range []*expr.Node{s.IgnoreErrors, s.NoLog, s.CheckMode, s.Diff} {
		refs = append(refs, n.Refs()...)
	}
	if s.Args == nil {
		return refs
	}
	params := s.Kind.Params()
	for _, e := range s.Args.Entries {
		p, _ := find(params, e.Key.Text)
		for _, r := range e.Value.Refs() {
			r.Soft = r.Soft || p.Type == ExpressionParam
			refs = append(refs, r)
		}
	}
	return refs
}

// A follower walks the names of one step.
type follower struct {
	*linker
	at    *linkedStep
	local map[string]*Var
	soft  map[string]bool
	seen  map[*Var]bool
}

func (f *follower) follow(r expr.Ref, path []*Var) {
	if r.Any {
		f.at.all = true
		return
	}
	if f.extra[r.Name] {
		return
	}
	registered := f.registrar(r)
	v := f.local[r.Name]
	if v == nil {
		v = f.vars[r.Name]
	}
	switch {
	case v != nil:
		f.followVar(r, v, path)
	case !registered && !magic(r.Name) && !r.Soft && !f.soft[r.Name]:
		f.undefined(r)
	}
}

func (f *follower) followVar(r expr.Ref, v *Var, path []*Var) {
	if i := slices.Index(path, v); i >= 0 {
		f.cycle(append(path[i:], v))
		return
	}
	if f.seen[v] {
		return
	}
	f.seen[v] = true
	for _, inner := range v.Value.Refs() {
		inner.Soft = inner.Soft || r.Soft
		f.follow(inner, append(path, v))
	}
}

// registrar notes the step that registers a name last before this one.
func (f *follower) registrar(r expr.Ref) bool {
	all := f.registrars[r.Name]
	n, _ := slices.BinarySearch(all, f.at.index)
	if n == 0 {
		return false
	}
	by := f.steps[all[n-1]]
	f.at.needs = append(f.at.needs, by.index)
	by.wanted = append(by.wanted, r.Path)
	return true
}

func (f *follower) undefined(r expr.Ref) {
	if f.told[r.Place] {
		return
	}
	f.told[r.Place] = true
	if later := f.registrars[r.Name]; len(later) > 0 {
		s := f.steps[later[0]].step
		f.problems = append(f.problems, Problemf(r.Place, "%q is used before it is registered", r.Name).
			WithHint("the task at %s registers it", s.Place))
		return
	}
	p := Problemf(r.Place, "%q is not defined", r.Name)
	if p.Hint = DidYouMean(r.Name, f.known()); p.Hint == "" {
		p.Hint = "register it, set it under vars, or give it a default"
	}
	f.problems = append(f.problems, p)
}

// known lists the names that stand at this place.
func (f *follower) known() []string {
	var list []string
	for name, by := range f.registrars {
		if by[0] < f.at.index {
			list = append(list, name)
		}
	}
	for name := range f.vars {
		list = append(list, name)
	}
	for name := range f.local {
		list = append(list, name)
	}
	for name := range f.extra {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func (f *follower) cycle(loop []*Var) {
	at := loop[0].Place
	if f.told[at] {
		return
	}
	for _, v := range loop {
		f.told[v.Place] = true
	}
	var chain []string
	for _, v := range loop {
		chain = append(chain, v.Name)
	}
	f.problems = append(f.problems, &Problem{Place: at,
		Msg: fmt.Sprintf("variable %q needs itself: %s", loop[0].Name, strings.Join(chain, " → "))})
}

// wants reports whether a later step mentions a part of the result.
func (s *linkedStep) wants(path string) bool {
	if s.wantedAny && s.step.Register != "" {
		return true
	}
	for _, w := range s.wanted {
		if len(w) == 0 || w[0] == path {
			return true
		}
	}
	return false
}
