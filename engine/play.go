package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/suggest"
)

// A playRun is the state of one play.
type playRun struct {
	*run
	play       *Play
	order      *linked
	place      position
	files      []Var // of vars_files
	answers    []Var // of vars_prompt
	notified   notified
	handlers   handlersOf
	force      bool        // handlers run after a failure too
	endedRoles sync.Map    // of *Role: those of which nothing more is done
	ended      atomic.Bool // on purpose: nothing more is started
	fatal      atomic.Bool // a failure that --keep-going does not pass over
	claim      claim
	last       bool       // no play comes after it
	earlier    []*playRun // of the same run
	pruning    bool       // only what prunes for the play is run
}

// runPlay runs one play and reports it.
func (r *run) runPlay(ctx context.Context, number int, p *playRun) {
	p.place = position{number}
	p.handlers.list = slices.Clone(p.play.Handlers)
	var problem *diagnostic.Problem
	if !p.play.NoHosts {
		problem = p.begin(ctx)
	}
	r.report(PlayStart{Play: p.play, Name: r.playName(p), Scope: p.claim.scope, Time: time.Now()})
	if p.play.NoHosts {
		_ = p.claims() // what it does not declare is not to be pruned
		p.ended.Store(true)
		return
	}
	if problem != nil {
		r.report(PlayFailed{Problem: problem})
		return
	}
	out := newStream()
	go p.newList(segment{items: p.items(), order: p.order, at: p.place}, out).run(ctx)
	r.reportAll(out)
}

// sequential reports whether one task is done after the other.
func (p *playRun) sequential() bool { return p.opt.Jobs == 1 || p.play.Linear }

// items returns what is to be run, with a flush of the handlers after each list, an
// empty one too: a handler may have notified one that stands above it.
func (p *playRun) items() []Item {
	if p.pruning {
		return p.opt.Selection.Items(p.onlyPrune())
	}
	var all []Item
	for _, list := range [][]Item{p.play.PreTasks, p.play.Tasks, p.withoutPrune(p.play.PostTasks)} {
		list = p.selected(list)
		all = append(all, list...)
		if len(all) > 0 && p.mayNotify() {
			all = append(all, flush{})
		}
	}
	return all
}

// mayNotify reports whether the play has handlers, or a task that may bring in a role
// which has some.
func (p *playRun) mayNotify() bool {
	if len(p.play.Handlers) > 0 {
		return true
	}
	for s := range p.play.Steps() {
		if s.Within != nil {
			return true
		}
	}
	return false
}

func (p *playRun) selected(list []Item) []Item {
	if p.startAt != nil {
		list = p.from(list)
	}
	return p.opt.Selection.Items(list)
}

// from leaves out what stands before the step to start at. Once it was found,
// nothing more is left out.
func (p *playRun) from(list []Item) []Item {
	for i, it := range list {
		for s := range stepsOf(it) {
			if s != p.startAt {
				continue
			}
			b, inBlock := it.(*Block)
			if !inBlock {
				p.startAt = nil
				return list[i:]
			}
			rest := *b
			rest.Body = p.from(b.Body)
			p.startAt = nil
			return append([]Item{&rest}, list[i+1:]...)
		}
	}
	return nil
}

// begin prompts for variables, reads files of variables, and evaluates what
// the play says of itself.
func (p *playRun) begin(ctx context.Context) *diagnostic.Problem {
	for _, prompt := range p.play.Prompts {
		if err := p.ask(ctx, prompt); err != nil {
			return diagnostic.From(err, prompt.Place)
		}
	}
	if err := p.readFiles(ctx); err != nil {
		return err
	}
	force, err := p.playScope().flag(p.play.ForceHandlers, p.opt.ForceHandlers)
	if err != nil {
		return diagnostic.From(err, p.play.Place)
	}
	p.force = force
	return p.claims()
}

// readFiles reads vars_files. Where one could not be read before, its variables
// may say something new about the order.
func (p *playRun) readFiles(ctx context.Context) *diagnostic.Problem {
	late := false
	for _, f := range p.play.VarsFiles {
		if err := p.readFile(ctx, f); err != nil {
			return diagnostic.From(err, f.Place)
		}
		late = late || !f.Read
	}
	if late {
		known := *p.play
		known.VarsFiles = []*VarsFile{{Vars: p.files, Read: true}}
		p.order = linkPart(&known, slices.Concat(p.play.Lists()...))
	}
	return nil
}

func (p *playRun) readFile(ctx context.Context, f *VarsFile) error {
	if f.Read {
		p.files = append(p.files, f.Vars...)
		return nil
	}
	var paths []string
	for _, n := range f.Paths {
		v, err := n.Eval(p.playScope().context())
		if e, ok := errors.AsType[*value.Error](err); ok && e.Class == value.UndefinedError {
			return nil // as in Ansible, which reads what it can name
		}
		if err != nil {
			return err
		}
		paths = append(paths, value.OpenText(v))
	}
	if p.opt.ReadVars == nil {
		return fmt.Errorf("files of variables cannot be read here")
	}
	vars, err := p.opt.ReadVars(ctx, VarsQuery{From: f.Place, Playbook: p.play.File, Paths: paths})
	p.files = append(p.files, vars...)
	return err
}

// ask prompts for a variable, or takes its default where there is no terminal.
func (p *playRun) ask(ctx context.Context, prompt *Prompt) error {
	if findVar(p.opt.ExtraVars, prompt.Name) != nil {
		return nil
	}
	text := prompt.Name
	if prompt.Text != nil {
		text = p.render(p.playScope(), prompt.Text)
	}
	var otherwise Value
	if prompt.Default != nil {
		v, err := prompt.Default.Eval(p.playScope().context())
		if err != nil {
			return err
		}
		otherwise = v
	}
	answer, err := p.answer(ctx, prompt, text, otherwise)
	if err != nil {
		return err
	}
	secret := prompt.Private || value.HoldsSecret(answer) || value.SecretName(prompt.Name)
	if prompt.Private {
		p.opt.Secrets.Add(value.OpenText(answer))
	}
	p.answers = append(p.answers, Var{Name: prompt.Name, Place: prompt.Place,
		Value: &expr.Node{Place: prompt.Place, Text: value.OpenText(answer), Value: value.Open(answer), Secret: secret}})
	return nil
}

func (p *playRun) answer(ctx context.Context, prompt *Prompt, text string, otherwise Value) (Value, error) {
	if p.opt.Prompt == nil {
		if prompt.Default == nil {
			return nil, diagnostic.Problemf(prompt.Place, "%q is prompted for, and there is no terminal", prompt.Name).
				WithHint("give it with -e %s=…, or give it a default", prompt.Name)
		}
		return otherwise, nil
	}
	if prompt.Default != nil && !prompt.Private {
		text += fmt.Sprintf(" [%s]", value.Text(otherwise))
	}
	answer, err := p.opt.Prompt(ctx, Question{Text: text, Private: prompt.Private, Confirm: prompt.Confirm})
	if err != nil || answer != "" || prompt.Default == nil {
		return answer, err
	}
	return otherwise, nil
}

// playScope is what the play itself sees.
func (p *playRun) playScope() *scope {
	return &scope{of: p, step: &Step{}, at: p.place}
}

// playName returns a play's name as shown.
func (r *run) playName(p *playRun) string {
	if p.play.Name == nil {
		return p.play.Hosts
	}
	return r.render(p.playScope(), p.play.Name)
}

// Start finds the step that a run is to start at; nil where it starts at the first one.
func (s Selection) Start(p *Program) (*Step, *diagnostic.Problem) {
	if s.StartAt == "" {
		return nil, nil
	}
	var known []string
	for _, play := range p.Plays {
		for _, list := range [][]Item{play.PreTasks, play.Tasks, play.PostTasks} {
			for step := range stepsOf(list...) {
				if s.Starts(step) {
					return step, nil
				}
				known = append(known, step.writtenName())
			}
		}
	}
	known = slices.DeleteFunc(known, func(name string) bool { return name == "" })
	problem := &diagnostic.Problem{Msg: fmt.Sprintf("no task is called %q, to start at", s.StartAt)}
	problem.Hint = suggest.DidYouMean(s.StartAt, known)
	return nil, problem
}
