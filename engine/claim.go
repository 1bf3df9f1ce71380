package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

// A claim is what a play says of all that it declares. It is made when the play
// starts and stays the same until its end.
type claim struct {
	scope string // "": the play says no prune
	// given are the variables from outside, each with a digest of its value: enough to know
	// the same value again, and no more. With are those that decide what is declared.
	given, with map[string]string
}

var scopeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// CheckScope refuses what cannot be the name of a scope.
func CheckScope(scope string) error {
	if scopeName.MatchString(scope) {
		return nil
	}
	return fmt.Errorf("%q cannot be a scope: it is made of letters, digits, dots, dashes and underscores, 63 at most", scope)
}

// claims evaluates what the play claims.
func (p *playRun) claims() *diagnostic.Problem {
	p.claim.given, p.claim.with = map[string]string{}, map[string]string{}
	for _, v := range slices.Concat(p.opt.ExtraVars, p.answers) {
		p.claim.given[v.Name] = digest(v.Value, p.playScope().context())
		if p.deciding[v.Name] {
			p.claim.with[v.Name] = p.claim.given[v.Name]
		}
	}
	if p.play.Prune == nil {
		return nil
	}
	at := p.play.Prune.Scope.Place
	v, err := p.play.Prune.Scope.Eval(p.playScope().context())
	if err != nil {
		return diagnostic.From(err, at)
	}
	if _, unknown := value.HasUnknown(v); unknown {
		return nil // before the run: it is asked for when the play starts
	}
	scope := value.OpenText(v)
	if err := CheckScope(scope); err != nil {
		return diagnostic.From(err, at)
	}
	p.claim.scope = scope
	return nil
}

func digest(n *expr.Node, c *expr.Context) string {
	text := n.Text
	if v, err := n.Eval(c); err == nil {
		text = value.OpenText(v)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// pruneLater runs what prunes the scopes of earlier plays, after the last play: what a
// later play declares is not to be removed before it was declared.
func (r *run) pruneLater(ctx context.Context, plays []*playRun) {
	for i, p := range plays[:max(0, len(plays)-1)] {
		if p.play.Prune == nil || r.result.Stats.Failed > 0 || ctx.Err() != nil || endedEarly(plays, p.claim.scope) {
			continue
		}
		late := &playRun{run: r, play: p.play, order: p.order, place: position{len(plays) + i}, files: p.files, answers: p.answers, claim: p.claim}
		late.pruning = true
		r.report(PlayStart{Play: late.play, Name: r.playName(late), Scope: late.claim.scope, Time: time.Now()})
		out := newStream()
		go late.newList(segment{items: late.items(), order: late.order, at: late.place}, out).run(ctx)
		r.reportAll(out)
	}
}

// endedEarly reports whether a play of a scope ended on purpose before it had declared
// all.
func endedEarly(plays []*playRun, scope string) bool {
	return slices.ContainsFunc(plays, func(p *playRun) bool { return p.claim.scope == scope && p.ended.Load() })
}

// onlyPrune returns the step that prunes for a play, alone.
func (p *playRun) onlyPrune() []Item {
	return slices.DeleteFunc(slices.Clone(p.play.PostTasks), func(it Item) bool { return it != Item(p.play.Prune.Step) })
}

// withoutPrune leaves the step out that prunes for a play which is not the last.
func (p *playRun) withoutPrune(list []Item) []Item {
	if p.last || p.play.Prune == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(it Item) bool { return it == Item(p.play.Prune.Step) })
}

// deciding returns those of some names, given from outside, that decide what a program
// declares: they are mentioned in the names and owners of what its tasks change, in
// conditions and loops, in what is included, or in variables that are mentioned there.
func deciding(p *Program, names []string) map[string]bool {
	d := &decider{program: p, outside: map[string]bool{}, found: map[string]bool{}}
	for _, name := range names {
		d.outside[name] = true
	}
	for _, play := range p.Plays {
		for _, prompt := range play.Prompts {
			d.outside[prompt.Name] = true
		}
	}
	for _, play := range p.Plays {
		d.play(play)
	}
	return d.found
}

type decider struct {
	program *Program
	outside map[string]bool
	found   map[string]bool
	vars    map[string]*Var
	seen    map[*Var]bool
}

func (d *decider) play(play *Play) {
	d.vars, d.seen = map[string]*Var{}, map[*Var]bool{}
	for _, v := range play.Variables() {
		d.vars[v.Name] = v
	}
	for _, f := range play.VarsFiles {
		for _, n := range f.Paths {
			d.follow(n.Refs(), nil)
		}
		if !f.Read {
			d.all()
		}
	}
	if play.Prune != nil {
		d.follow(play.Prune.Scope.Refs(), nil)
	}
	for _, list := range play.Lists() {
		d.items(list)
	}
}

func (d *decider) items(list []Item) {
	for s := range stepsOf(list...) {
		d.step(s)
		if s.Within == nil {
			continue
		}
		if inner, known := d.program.Included[s]; known {
			d.items(inner)
		} else {
			d.all()
		}
	}
}

// all notes that any name may decide.
func (d *decider) all() { maps.Copy(d.found, d.outside) }

func (d *decider) step(s *Step) {
	brings := s.Within != nil || has[Definer](s.Kind)
	if !brings && !s.Kind.changes() {
		return
	}
	for _, r := range Reads(s) {
		switch r.Field {
		case "Over", "When", "Name":
			d.follow(r.Refs(), s)
		case "Args":
			for _, e := range r.Node.Entries {
				if brings || identifies(e.Key.Text) {
					d.follow(e.Value.Refs(), s)
				}
			}
		}
	}
}

// follow goes from names to what they stand for. The step's own variables beat the
// play's; a step may be nil.
func (d *decider) follow(refs []syntax.Ref, s *Step) {
	for _, r := range refs {
		if r.Any {
			d.all()
			continue
		}
		if d.outside[r.Name] {
			d.found[r.Name] = true
			continue
		}
		var v *Var
		if s != nil {
			v = findVar(s.Vars, r.Name)
		}
		if v == nil {
			v = d.vars[r.Name]
		}
		if v == nil && s != nil {
			v = findVar(s.Defaults, r.Name)
		}
		if v != nil && !d.seen[v] {
			d.seen[v] = true
			d.follow(v.Value.Refs(), s)
		}
	}
}
