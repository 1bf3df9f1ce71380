package engine

import (
	"slices"

	"runner/engine/expr/syntax"
)

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
func (s *linkedStep) barrier() bool { return has[Guard](s.step.Kind) || s.more }

// certain reports whether the step defines its variables whenever what stands below
// it runs: it has no condition and no loop, and its failure ends the play.
func (s *linkedStep) certain() bool {
	return len(s.step.When) == 0 && s.step.Loop == nil && s.step.IgnoreErrors == nil
}

// A linked is the order of a program, or of a part of it that was read while it ran.
type linked struct {
	steps []*linkedStep
	of    map[*Step]*linkedStep
}

type linker struct {
	linked
	extra    map[string]bool
	definers map[string][]int // name → the steps that define it, in order
	vars     map[string]*Var  // of the play at hand
}

func newLinker(extra []string) *linker {
	l := &linker{extra: map[string]bool{}, definers: map[string][]int{}}
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
	return &l.linked
}

// linkPart orders tasks that were read while their play ran. What their names
// have wrong shows when they are used.
func linkPart(play *Play, items []Item) *linked {
	l := newLinker(nil)
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
	defined, more := s.Kind.Defines(s.Args)
	ls.more = more
	for _, name := range append([]string{s.Register}, defined...) {
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
	l.vars = map[string]*Var{}
	for _, v := range play.Variables() {
		l.vars[v.Name] = v
	}
	for _, f := range play.VarsFiles {
		if !f.Read {
			l.openVars(play)
		}
	}
}

// openVars notes that a file of variables is read when the play starts: it may mention
// any name.
func (l *linker) openVars(play *Play) {
	for _, s := range l.steps {
		if s.play == play {
			s.openVars = true
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
	f := follower{linker: l, at: s, local: map[string]*Var{}, own: s.step.Own(len(s.step.Until)+len(s.step.FailedWhen)+len(s.step.ChangedWhen) > 0), seen: map[*Var]bool{}}
	for i := range s.step.Vars {
		f.local[s.step.Vars[i].Name] = &s.step.Vars[i]
	}
	for _, r := range stepRefs(s.step) {
		f.follow(r)
	}
	if loop := s.step.Loop; loop != nil && loop.Kind.Lookup() != "" && !syntax.PureLookup(loop.Kind.Lookup()) {
		s.readsFiles = true
	}
	slices.Sort(s.reads)
	s.reads = slices.Compact(s.reads)
}

// A follower walks the names of one step.
type follower struct {
	linker *linker
	at     *linkedStep
	local  map[string]*Var
	own    []string // the step's own: of its loop
	seen   map[*Var]bool
}

func (f *follower) follow(r syntax.Ref) {
	switch {
	case r.Any:
		f.at.all = true
		return
	case r.Files:
		f.at.readsFiles = true
		return
	}
	if f.linker.extra[r.Name] {
		return
	}
	f.defined(r)
	v := f.local[r.Name]
	if v == nil {
		v = f.linker.vars[r.Name]
	}
	if v == nil {
		v = findVar(f.at.step.Defaults, r.Name)
	}
	if v == nil || f.seen[v] || slices.Contains(f.own, r.Name) {
		return
	}
	f.seen[v] = true
	for _, inner := range v.Value.Refs() {
		f.follow(inner)
	}
}

// defined notes that the step may read a name, and of which steps above that wants the result.
func (f *follower) defined(r syntax.Ref) {
	f.at.reads = append(f.at.reads, r.Name)
	all := f.linker.definers[r.Name]
	n, _ := slices.BinarySearch(all, f.at.index)
	for _, i := range slices.Backward(all[:n]) {
		by := f.linker.steps[i]
		by.wanted = append(by.wanted, r.Path)
		if !by.unsure && !f.at.unsure && (by.step.Register == r.Name || by.certain()) {
			break
		}
	}
}

// mentions reports whether a later step mentions a part of the result by its name.
func (s *linkedStep) mentions(part string) bool {
	return slices.ContainsFunc(s.wanted, func(path []string) bool { return len(path) > 0 && path[0] == part })
}
