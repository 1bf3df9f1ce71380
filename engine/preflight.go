package engine

import (
	"context"
	"path/filepath"
	"slices"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// A Preflighter is a Task that can tell before the run, with requests that only read,
// that something about it is wrong: a name that the platform does not know. It is asked
// only where it is certain that the task comes to run, and that its failure ends the run. What
// is not known yet is passed over, as in a check; what is no mistake of the playbook is returned.
type Preflighter interface {
	Task
	Preflight(ctx context.Context, h *Host, c *Checking) error
}

// A Preview is a task, or an item of its loop, as far as it is known before anything runs.
type Preview struct {
	Step *Step
	Task Task // what is not known is as New left it
	// Certain: the task comes to run, and its failure ends the run.
	Certain bool
	play    *playRun
	scope   *scope
	open    []string
	secrets []string // the texts of the secrets among the arguments
}

// Known reports whether all of some arguments is known; see Checking.
func (p *Preview) Known(paths ...string) bool {
	return (&Checking{open: p.open}).Known(paths...)
}

// A Foresight is what is known of a program before it runs.
type Foresight struct {
	Tasks []*Preview // those that can be known
	// All: there are no others. A file of tasks whose name is not known may hold more.
	All      bool
	Problems []*diagnostic.Problem // of the plays themselves
}

// Foresee returns what is known of a program before it runs. What variables from outside,
// of the playbook and of its files say is known; what tasks define is not.
func Foresee(ctx context.Context, p *Program, opt Options) *Foresight {
	r := newRun(opt, func(error) {})
	r.ctx = ctx
	r.startAt, _ = opt.Selection.Start(p)
	f := &foreseer{run: r, program: p, ctx: ctx, Foresight: &Foresight{All: true}}
	order := link(p, varNames(opt.ExtraVars))
	f.forget(p, order)
	for i, play := range p.Plays {
		if play.NoHosts {
			continue
		}
		f.play(&playRun{run: r, play: play, order: order, place: position{i}, last: true})
	}
	return f.Foresight
}

// Preflight checks the tasks that are certain to run, and returns what is wrong with
// them, each once. The error is why nothing can be said: the platform does not respond, say.
func (f *Foresight) Preflight(ctx context.Context) ([]*diagnostic.Problem, error) {
	problems := slices.Clone(f.Problems)
	wrong := map[*Preview]bool{}
	note := func(p *Preview, found []*diagnostic.Problem) {
		for _, one := range found {
			same := func(q *diagnostic.Problem) bool { return q.Place == one.Place && q.Msg == one.Msg }
			if wrong[p] = true; !slices.ContainsFunc(problems, same) {
				problems = append(problems, one)
			}
		}
	}
	for _, p := range f.Tasks { // first what needs no request
		if p.Certain {
			c := p.checking()
			note(p, p.problems(c.check(p.Task)))
		}
	}
	for _, p := range f.Tasks {
		if !p.Certain || wrong[p] || ctx.Err() != nil {
			continue
		}
		found, err := p.ask(ctx)
		if err != nil {
			return problems, err // whichever task comes to it
		}
		note(p, found)
	}
	return problems, nil
}

// checking returns a check of the task in which what is not known yet is passed over.
func (p *Preview) checking() *Checking {
	return &Checking{Dir: filepath.Dir(p.play.play.File), Secrets: p.play.opt.Secrets, open: p.open}
}

// problems returns what is wrong at its places.
func (p *Preview) problems(err error) []*diagnostic.Problem {
	if err == nil {
		return nil
	}
	hiding := &attempt{secrets: p.secrets}
	return hiding.hideProblem(p.Step.Kind.ProblemOf(err, p.Step.Args, p.Step.Place)).Each()
}

// ask asks the world about the task.
func (p *Preview) ask(ctx context.Context) ([]*diagnostic.Problem, error) {
	t, ok := p.Task.(Preflighter)
	if !ok {
		return nil, nil
	}
	a := &attempt{play: p.play, step: p.Step, scope: p.scope, node: &node{linked: &linkedStep{}}, out: newStream()}
	h := a.host(true, false)
	h.Warn, h.Progress, h.Say = func(string) {}, func(string) {}, func(string) {}
	c := p.checking()
	if err := t.Preflight(ctx, h, c); err != nil {
		return nil, err
	}
	return p.problems(c.mistakes.Err()), nil
}

// A foreseer goes through a program without running it.
type foreseer struct {
	*run
	*Foresight
	program *Program
	ctx     context.Context //nolint:containedctx // of one walk
	ended   bool            // the play at hand may have ended above
}

// forget makes unknown what tasks may define, and what is asked for while the program runs.
func (f *foreseer) forget(p *Program, order *linked) {
	for _, play := range p.Plays {
		for _, prompt := range play.Prompts {
			f.unknown(prompt.Name)
		}
	}
	for _, s := range order.steps {
		f.unknown(s.defines...)
		if s.more && s.step.Within == nil {
			f.forgetVariables()
		}
	}
	for _, items := range p.Included {
		f.forgetSteps(items)
	}
}

// forgetSteps makes unknown what tasks that are brought in may define.
func (f *foreseer) forgetSteps(items []Item) {
	for s := range stepsOf(items...) {
		names, more := s.Kind.Defines(s.Args)
		f.unknown(append(names, s.Register)...)
		if more && s.Within == nil {
			f.forgetVariables()
		}
	}
}

// forgetVariables makes unknown what the playbook itself says: tasks that are not known may
// have changed it.
func (f *foreseer) forgetVariables() {
	for _, play := range f.program.Plays {
		for _, v := range play.Variables() {
			f.unknown(v.Name)
		}
	}
}

func (f *foreseer) unknown(names ...string) {
	for _, name := range names {
		f.facts.set(name, position{-1}, registered{value: &value.Unknown{}})
	}
}

func (f *foreseer) play(p *playRun) {
	f.ended = false
	for _, file := range p.play.VarsFiles {
		if p.readFile(f.ctx, file) != nil {
			f.All = false
			return // what it would define is not known
		}
	}
	if problem := p.claims(); problem != nil {
		f.Problems = append(f.Problems, problem)
	}
	f.items(p, p.items(), &scope{of: p, at: p.place}, true)
}

// items goes through a list; certain: it is run, and its failure ends the run.
func (f *foreseer) items(p *playRun, list []Item, outer *scope, certain bool) {
	for _, it := range list {
		switch it := it.(type) {
		case *Block:
			f.items(p, it.Body, outer, certain && len(it.Rescue) == 0)
			f.items(p, it.Rescue, outer, false)
			f.items(p, it.Always, outer, certain)
		case *Step:
			f.step(p, it, outer, certain && !f.ended)
			ender, ok := As[Ender](it.Kind)
			f.ended = f.ended || ok && ender.MayEnd(it.Args)
		}
	}
}

func (f *foreseer) step(p *playRun, s *Step, outer *scope, certain bool) {
	brings := s.Within != nil
	if !brings && !has[Preflighter](s.Kind) {
		return
	}
	certain = certain && !slices.Contains(s.Tags, "never") && (s.IgnoreErrors == nil || s.IgnoreErrors.Value == false)
	sc := *outer
	sc.step = s
	items, known := f.loop(s, &sc)
	if !known {
		f.All = f.All && !s.Kind.Declares() && !brings
		return
	}
	for _, item := range items {
		f.item(p, s, item, certain)
	}
}

// loop returns a scope for each item of a step's loop, one where it has none; false
// where the items are not known.
func (f *foreseer) loop(s *Step, sc *scope) ([]*scope, bool) {
	if s.Loop == nil {
		return []*scope{sc}, true
	}
	v, err := s.Loop.Over.Eval(sc.context())
	if err != nil || s.Loop.Kind.Lookup() != "" {
		return nil, false
	}
	if _, unknown := value.HasUnknown(v); unknown {
		return nil, false
	}
	items, err := s.Loop.itemsOf(v)
	if err != nil {
		return nil, false
	}
	var all []*scope
	for i, item := range items {
		values := map[string]Value{s.Loop.variable(): item}
		if s.Loop.Index != "" {
			values[s.Loop.Index] = i
		}
		all = append(all, sc.with(values))
	}
	return all, true
}

// item goes into one item of a step: a task, or what it brings in.
func (f *foreseer) item(p *playRun, s *Step, sc *scope, certain bool) {
	tested, err := sc.test(s.When)
	if err == nil && tested.failing != nil {
		return
	}
	certain = certain && err == nil && tested.holds
	d := decoder{context: sc.context, tested: sc.tested, secrets: f.opt.Secrets, passing: true}
	task, err := d.decode(s.Kind, s.Args)
	if err != nil {
		f.All = false
		return
	}
	if n, ok := task.(Namer); ok && s.Name != nil {
		f.name(n, s.Name, sc, &d)
	}
	if s.Within != nil {
		f.include(p, s, task, sc, certain && d.unknown == nil)
		return
	}
	f.Tasks = append(f.Tasks, &Preview{Step: s, Task: task, Certain: certain, play: p, scope: sc, open: d.vague, secrets: d.marked})
}

// name lets a task make something of its name; of one that is not known it makes nothing
// that is known.
func (f *foreseer) name(n Namer, name *expr.Node, sc *scope, d *decoder) {
	v, err := name.Eval(sc.context())
	if _, unknown := value.HasUnknown(v); err != nil || unknown {
		d.vague = append(d.vague, "name")
		return
	}
	n.TaskName(value.OpenText(v))
}

// include goes into the tasks that a step brings in, if their file is known.
func (f *foreseer) include(p *playRun, s *Step, task Task, sc *scope, certain bool) {
	items, known := f.program.Included[s]
	inner := *sc
	inner.frame = &frame{up: sc.frame, params: s.Params}
	if !known {
		if items = f.load(p, s, task, sc); items == nil {
			f.All = false
			f.ended = true // who knows what it does
			f.forgetVariables()
			return
		}
	}
	f.items(p, f.opt.Selection.Items(items), &inner, certain)
}

// load reads the file that a step brings in; nil where that cannot be done yet.
func (f *foreseer) load(p *playRun, s *Step, task Task, sc *scope) []Item {
	a := &attempt{play: p, step: s, scope: sc, node: &node{linked: &linkedStep{}}, out: newStream()}
	h := a.host(true, false)
	h.Warn = func(string) {}
	c, err := task.Plan(f.ctx, h)
	if err != nil {
		return nil
	}
	included, err := a.include(f.ctx, c.Effect)
	if err != nil || included == nil {
		return nil
	}
	f.forgetSteps(included.Items)
	return included.Items
}
