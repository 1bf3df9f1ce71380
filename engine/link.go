package engine

import (
	"runner/suggest"

	"runner/diagnostic"

	"fmt"
	"math"
	"slices"
	"strings"

	"runner/engine/expr/syntax"
)

// Link reports what a program's names have wrong: names that nothing defines,
// results used before they are registered, variables that need themselves.
// extra are the names given from outside, on the command line.
func Link(p *Program, extra []string) []*diagnostic.Problem {
	return link(p, extra).problems
}

// A linkedStep is one step in the order of a program, what it reads and defines.
type linkedStep struct {
	step  *Step
	play  *Play
	index int // over the whole program
	// reads are the names that it may read, those of the variables that it mentions too.
	reads []string
	// defines are the names that it may define.
	defines []string
	// all: it may read any name.
	all bool
	// more: it may define any name.
	more bool
	// readsFiles: it may read files.
	readsFiles bool
	// unsure: it may be left out, or done at another time than its place says:
	// it stands in a block or is a handler.
	unsure bool
	// openVars: variables of its play may mention any name.
	openVars bool
	// wanted are the paths of its registered result that later steps mention;
	// an empty path is the whole.
	wanted [][]string
	// wantedAny: a later step may mention any name.
	wantedAny bool
}

// barrier reports whether the step is a barrier, by its kind or because nobody
// knows what it defines.
func (s *linkedStep) barrier() bool { return s.step.Kind.Guard || s.more }

// certain reports whether the step defines its variables whenever what stands below
// it runs: it has no condition and no loop, and its failure ends the play.
func (s *linkedStep) certain() bool {
	return len(s.step.When) == 0 && s.step.Loop == nil && s.step.IgnoreErrors == nil
}

// A linked is the order of a program, or of a part of it that was read while it ran.
type linked struct {
	steps    []*linkedStep
	of       map[*Step]*linkedStep
	problems []*diagnostic.Problem
}

type linker struct {
	linked
	extra    map[string]bool
	definers map[string][]int // name → the steps that define it, in order
	vars     map[string]*Var  // of the play at hand
	asked    map[string]bool  // by the play at hand
	open     int              // from this step on any name may be defined
	told     map[diagnostic.Place]bool
}

func newLinker(extra []string) *linker {
	l := &linker{extra: map[string]bool{}, definers: map[string][]int{}, told: map[diagnostic.Place]bool{}, open: math.MaxInt}
	l.of = map[*Step]*linkedStep{}
	for _, name := range extra {
		l.extra[name] = true
	}
	return l
}

func link(p *Program, extra []string) *linked {
	l := newLinker(extra)
	for _, play := range p.Plays {
		l.addPlay(play)
	}
	next := l.steps
	for _, play := range p.Plays {
		l.enter(play)
		for len(next) > 0 && next[0].play == play {
			l.step(next[0])
			next = next[1:]
		}
	}
	l.markWanted()
	l.unused()
	return &l.linked
}

// linkPart orders tasks that were read while their play ran. What their names
// have wrong shows when they are used.
func linkPart(play *Play, items []Item) *linked {
	l := newLinker(nil)
	l.open = -1
	for s := range stepsOf(items...) {
		l.add(play, s)
	}
	l.enter(play)
	for _, s := range l.steps {
		l.step(s)
		s.wantedAny = true // by what follows the include
	}
	return &l.linked
}

// handlerList is the place of the handlers in Play.Lists.
const handlerList = 3

func (l *linker) addPlay(play *Play) {
	for i, list := range play.Lists() {
		for _, it := range list {
			_, simple := it.(*Step)
			for s := range stepsOf(it) {
				l.add(play, s).unsure = !simple || i == handlerList
			}
		}
	}
}

// add notes a step and what it defines.
func (l *linker) add(play *Play, s *Step) *linkedStep {
	ls := &linkedStep{step: s, play: play, index: len(l.steps)}
	l.steps, l.of[s] = append(l.steps, ls), ls
	names := []string{s.Register}
	if s.Kind.Defines != nil {
		defined, more := s.Kind.Defines(s.Args)
		names, ls.more = append(names, defined...), more
	}
	for _, name := range names {
		if name != "" {
			ls.defines = append(ls.defines, name)
		}
		if all := l.definers[name]; name != "" && (len(all) == 0 || all[len(all)-1] != ls.index) {
			l.definers[name] = append(all, ls.index)
		}
	}
	return ls
}

// enter makes the variables of a play those that hold.
func (l *linker) enter(play *Play) {
	l.vars, l.asked = map[string]*Var{}, map[string]bool{}
	for i := range play.Vars {
		l.vars[play.Vars[i].Name] = &play.Vars[i]
	}
	for _, prompt := range play.Prompts {
		l.asked[prompt.Name] = true
	}
	for _, f := range play.VarsFiles {
		for i := range f.Vars {
			l.vars[f.Vars[i].Name] = &f.Vars[i]
		}
		if !f.Read {
			l.openVars(play)
		}
	}
}

// openVars notes that a file of variables is read when the play starts: any name
// may be defined from there on, by something that mentions any other.
func (l *linker) openVars(play *Play) {
	for _, s := range l.steps {
		if s.play == play {
			l.open, s.openVars = min(l.open, s.index), true
		}
	}
}

// markWanted marks the results that a later step of dynamic names may mention.
func (l *linker) markWanted() {
	later := false
	for _, s := range slices.Backward(l.steps) {
		s.wantedAny = later
		later = later || s.all || s.more || s.openVars
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
	f := follower{linker: l, at: s, local: map[string]*Var{}, soft: soft, own: s.step.own(), seen: map[*Var]bool{}}
	for i := range s.step.Vars {
		f.local[s.step.Vars[i].Name] = &s.step.Vars[i]
	}
	for _, r := range refs {
		f.follow(r, nil)
	}
	slices.Sort(s.reads)
	s.reads = slices.Compact(s.reads)
	if s.more {
		l.open = min(l.open, s.index)
	}
}

// own returns the names that a step sees in itself: those of its loop, and its
// own result.
func (s *Step) own() []string {
	var list []string
	if s.Loop != nil {
		list = []string{s.Loop.variable(), "ansible_loop", "ansible_loop_var", s.Register, s.Loop.Index}
	} else if len(s.Until)+len(s.FailedWhen)+len(s.ChangedWhen) > 0 {
		list = []string{s.Register}
	}
	return slices.DeleteFunc(list, func(name string) bool { return name == "" })
}

// A follower walks the names of one step.
type follower struct {
	*linker
	at    *linkedStep
	local map[string]*Var
	soft  map[string]bool
	own   []string // the step's own: of its loop
	seen  map[*Var]bool
}

func (f *follower) follow(r syntax.Ref, path []*Var) {
	if r.Any {
		f.at.all = true
		return
	}
	if f.extra[r.Name] {
		return
	}
	registered := f.defined(r)
	v := f.local[r.Name]
	if v == nil {
		v = f.vars[r.Name]
	}
	switch {
	case slices.Contains(f.own, r.Name):
	case v != nil:
		f.followVar(r, v, path)
	case registered || magic(r.Name) || r.Soft || f.soft[r.Name] || f.asked[r.Name] || f.open <= f.at.index:
	default:
		f.undefined(r)
	}
}

func (f *follower) followVar(r syntax.Ref, v *Var, path []*Var) {
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

// defined notes that the step may read a name, and reports whether a step above may
// define it.
func (f *follower) defined(r syntax.Ref) bool {
	f.at.reads = append(f.at.reads, r.Name)
	all := f.definers[r.Name]
	n, _ := slices.BinarySearch(all, f.at.index)
	for _, i := range slices.Backward(all[:n]) {
		by := f.steps[i]
		by.wanted = append(by.wanted, r.Path)
		if !by.unsure && !f.at.unsure && (by.step.Register == r.Name || by.certain()) {
			break
		}
	}
	return n > 0
}

func (f *follower) undefined(r syntax.Ref) {
	if f.told[r.Place] {
		return
	}
	f.told[r.Place] = true
	if later := f.definers[r.Name]; len(later) > 0 {
		s := f.steps[later[0]].step
		f.problems = append(f.problems, diagnostic.Problemf(r.Place, "%q is used before it is registered", r.Name).
			WithHint("the task at %s registers it", s.Place))
		return
	}
	p := diagnostic.Problemf(r.Place, "%q is not defined", r.Name)
	if p.Hint = suggest.DidYouMean(r.Name, f.known()); p.Hint == "" {
		p.Hint = "register it, set it under vars, or give it a default"
	}
	f.problems = append(f.problems, p)
}

// known lists the names that stand at this place.
func (f *follower) known() []string {
	var list []string
	for name, by := range f.definers {
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
	f.problems = append(f.problems, &diagnostic.Problem{Place: at,
		Msg: fmt.Sprintf("variable %q needs itself: %s", loop[0].Name, strings.Join(chain, " → "))})
}

// mentions reports whether a later step mentions a part of the result by its name.
func (s *linkedStep) mentions(part string) bool {
	return slices.ContainsFunc(s.wanted, func(path []string) bool { return len(path) > 0 && path[0] == part })
}
