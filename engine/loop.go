package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"runner/diagnostic"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func (l *Loop) variable() string { return cmp.Or(l.Var, "item") }

// A looping is a step being done for each item of a list.
type looping struct {
	*node
	scope  *scope
	step   *Step
	name   string
	items  []Value
	serial bool          // one after the other, each seeing what the one before did
	told   chan struct{} // bounds what waits to be told
	work   chan struct{} // bounds what is at work: throttle
	pause  time.Duration
}

// loop does a step for each item of its list, and gives how that ended.
func (n *node) loop(ctx context.Context, sc *scope, end TaskEnd) (TaskEnd, []*attempt) {
	whole := n.attempt(sc, end) // of the step, should it not come to its items
	l := &looping{node: n, scope: sc, step: sc.step, name: end.Name, told: make(chan struct{}, window)}
	err := whole.keywords()
	if err == nil {
		err = l.prepare(whole)
	}
	if err != nil || len(l.items) == 0 {
		whole.conclude(err)
		return whole.end, nil
	}
	attempts := l.run(ctx)
	end = l.sum(whole.end, attempts)
	return end, attempts
}

// prepare evaluates the list and what is said about the loop. Where there are no
// items it leaves in `whole` how the step ended.
func (l *looping) prepare(whole *attempt) error {
	v, err := l.step.Loop.Over.Eval(l.scope.context())
	if err != nil {
		// A condition that is false whatever the item needs no list.
		if free, bad := l.scope.test(l.free()); bad == nil && free.failing != nil {
			whole.skip(free.failing)
			return nil
		}
		return err
	}
	if u, ok := v.(*value.Unknown); ok {
		whole.result = u
		if l.step.Kind.changes() {
			whole.end.Outcome = Changed
		}
		return nil
	}
	if l.items, err = l.step.Loop.itemsOf(v); err != nil {
		return diagnostic.Problemf(l.step.Loop.Over.Place, "%s", err)
	}
	if len(l.items) == 0 {
		whole.end.Outcome = Skipped
		whole.result = value.MapOf("changed", false, "results", []Value{}, "skipped", true,
			"skipped_reason", "No items in the list")
		return nil
	}
	return l.pace()
}

// free gives the conditions that do not mention the loop's variables.
func (l *looping) free() []*Condition {
	own := l.step.own()
	var list []*Condition
	for _, c := range l.step.When {
		if !slices.ContainsFunc(c.Expr.Refs(), func(r expr.Ref) bool { return r.Any || slices.Contains(own, r.Name) }) {
			list = append(list, c)
		}
	}
	return list
}

// itemsOf makes the items of a loop's value.
func (l *Loop) itemsOf(v Value) ([]Value, error) {
	if t, ok := v.(value.Tuple); ok {
		v = []Value(t)
	}
	list, isList := v.([]Value)
	switch l.Kind {
	case LoopItems, LoopIndexed:
		list = flat(v)
		if l.Kind == LoopIndexed {
			for i, item := range list {
				list[i] = []Value{i, item}
			}
		}
		return list, nil
	case LoopDict:
		m, ok := v.(*value.Map)
		if !ok {
			return nil, fmt.Errorf("with_dict wants a map, not %s", value.TypeName(v))
		}
		for key, val := range m.All() {
			list = append(list, value.MapOf("key", key, "value", val))
		}
		return list, nil
	}
	if !isList {
		return nil, fmt.Errorf("`%s` must resolve to a 'list', not '%s'", cmp.Or(l.Kind, LoopList), value.TypeName(v))
	}
	return list, nil
}

// flat gives the items of with_items: lists in the list are opened, one level deep.
func flat(v Value) []Value {
	list, ok := v.([]Value)
	if !ok {
		return []Value{v}
	}
	var all []Value
	for _, item := range list {
		if inner, ok := item.([]Value); ok {
			all = append(all, inner...)
		} else {
			all = append(all, item)
		}
	}
	return all
}

// pace finds how many items are done at once.
func (l *looping) pace() error {
	loop := l.step.Loop
	throttle, err := l.scope.number(l.step.Throttle, 0)
	if err != nil {
		return err
	}
	pause, err := l.scope.number(loop.Pause, 0)
	if err != nil {
		return err
	}
	l.pause = seconds(pause)
	kind := l.step.Kind
	l.serial = l.opt.Jobs == 1 || kind.Guard || kind.Defines != nil || pause > 0 || throttle == 1 ||
		loop.BreakWhen != nil || l.mentionsItself()
	width := window
	if throttle >= 1 {
		width = int(throttle)
	}
	l.work = make(chan struct{}, min(width, window))
	return nil
}

// mentionsItself reports whether an item may look at what the one before gave.
func (l *looping) mentionsItself() bool {
	return l.step.Register != "" && slices.ContainsFunc(stepRefs(l.step), func(r expr.Ref) bool {
		return r.Any || r.Name == l.step.Register
	})
}

// run does the items. All are done, even if one fails.
func (l *looping) run(ctx context.Context) []*attempt {
	var attempts []*attempt
	var wg sync.WaitGroup
	admitted := (<-chan struct{})(nil)
	if l.toucher != nil {
		admitted = l.toucher.admitted
	}
	for i := range l.items {
		if i > 0 && l.pause > 0 && sleep(ctx, l.pause) != nil {
			break
		}
		l.told <- struct{}{}
		l.work <- struct{}{}
		a := l.item(i, admitted)
		admitted = a.admitted
		attempts = append(attempts, a.attempt)
		if l.serial {
			a.work(ctx, l)
			if l.breaks(a.attempt) {
				break
			}
			continue
		}
		wg.Go(func() { a.work(ctx, l) })
	}
	go func() { <-admitted; l.letPass() }()
	wg.Wait()
	return attempts
}

// An itemRun is one item of a loop on its way.
type itemRun struct {
	*attempt
	admitted chan struct{}
	pass     sync.Once
}

// item prepares one item.
func (l *looping) item(i int, earlier <-chan struct{}) *itemRun {
	sc := *l.scope
	sc.at = l.at.in(i)
	sc.frame = &frame{up: l.frame, values: l.variables(i)}
	r := &itemRun{admitted: make(chan struct{})}
	r.attempt = &attempt{node: l.node, scope: &sc, step: l.step, ended: make(toucher), earlier: earlier,
		out: l.out.branch(func() { <-l.told }),
		end: TaskEnd{Step: l.step, Name: l.name, Start: time.Now(), Handler: l.ofHandler()}}
	r.letPass = func() { r.pass.Do(func() { close(r.admitted) }) }
	return r
}

// variables gives what an item sees of its loop.
func (l *looping) variables(i int) map[string]Value {
	loop := l.step.Loop
	values := map[string]Value{loop.variable(): l.items[i], "ansible_loop_var": loop.variable()}
	if loop.Index != "" {
		values[loop.Index], values["ansible_index_var"] = i, loop.Index
	}
	if extended, err := l.scope.flag(loop.Extended, false); err == nil && extended {
		values["ansible_loop"] = l.extended(i)
	}
	return values
}

func (l *looping) extended(i int) *value.Map {
	n := len(l.items)
	m := value.MapOf("allitems", l.items, "first", i == 0, "index", i+1, "index0", i, "last", i == n-1, "length", n,
		"revindex", n-i, "revindex0", n-i-1)
	if i > 0 {
		m.Set("previtem", l.items[i-1])
	}
	if i < n-1 {
		m.Set("nextitem", l.items[i+1])
	}
	return m
}

// work does one item and tells how it ended.
func (r *itemRun) work(ctx context.Context, l *looping) {
	defer func() { <-l.work }()
	if ctx.Err() != nil {
		r.end.Outcome = Blocked
	} else {
		r.run(ctx)
	}
	l.complete(r.attempt)
	if r.end.Outcome != Blocked {
		r.out.add(ItemEnd{TaskEnd: r.end, Label: l.label(r.attempt)})
	}
	r.end.Change = nil
	r.out.close()
	close(r.ended)
	if r.earlier != nil { // whoever is below waits for those above too
		<-r.earlier
	}
	r.letPass()
}

// complete adds to an item's result which item it was.
func (l *looping) complete(a *attempt) {
	m, ok := a.end.Result.(*value.Map)
	if !ok {
		return
	}
	for _, name := range []string{l.step.Loop.variable(), l.step.Loop.Index, "ansible_loop"} {
		if v, ok := a.scope.frame.values[name]; ok && name != "" {
			m.Set(name, v)
		}
	}
	m.Set("ansible_loop_var", l.step.Loop.variable())
	if l.step.Loop.Index != "" {
		m.Set("ansible_index_var", l.step.Loop.Index)
	}
	if l.serial && l.step.Register != "" {
		l.facts.set(l.step.Register, a.scope.at, registered{value: m})
	}
}

// label gives what is shown of an item.
func (l *looping) label(a *attempt) string {
	switch {
	case a.end.NoLog:
		return "(censored due to no_log)"
	case l.step.Loop.Label != nil:
		return l.render(a.scope, l.step.Loop.Label)
	}
	v, _ := a.scope.frame.value(l.step.Loop.variable())
	return value.Text(v)
}

// breaks reports whether the rest of the items is left out.
func (l *looping) breaks(a *attempt) bool {
	if l.step.Loop.BreakWhen == nil || a.end.Outcome == Blocked {
		return false
	}
	sc := a.scope
	if l.step.Register != "" {
		sc = sc.with(map[string]Value{l.step.Register: a.end.Result})
	}
	v, err := sc.test(l.step.Loop.BreakWhen)
	if err != nil {
		a.conclude(err)
		return true
	}
	return v.holds
}

// sum makes of how the items ended how the step did.
func (l *looping) sum(end TaskEnd, attempts []*attempt) TaskEnd {
	end.Looped = true
	results := make([]Value, len(attempts))
	count := map[Outcome]int{}
	for i, a := range attempts {
		results[i] = a.end.Result
		count[a.end.Outcome]++
		end.NoLog = end.NoLog || a.end.NoLog
		end.Included = cmp.Or(end.Included, a.end.Included)
		if a.end.Problem != nil && (end.Problem == nil || a.end.Outcome == Failed && count[Failed] == 1) {
			end.Problem = a.end.Problem
		}
	}
	skipped := count[Skipped] == len(attempts)
	failed := count[Failed]+count[Ignored] > 0
	result := value.MapOf("results", results, "skipped", skipped, "msg", "All items completed",
		"changed", slices.ContainsFunc(attempts, (*attempt).changed))
	switch {
	case count[Blocked] > 0 || len(attempts) == 0:
		end.Outcome = Blocked
	case count[Failed] > 0:
		end.Outcome = Failed
	case failed:
		end.Outcome = Ignored
	case skipped:
		end.Outcome = Skipped
		result.Set("msg", "All items skipped")
	case slices.ContainsFunc(attempts, (*attempt).changed):
		end.Outcome = Changed
	}
	if failed {
		result.Set("failed", true)
		result.Set("msg", "One or more items failed")
	}
	end.Result = result
	end.Silent = l.step.Kind.Silent && !failed
	return end
}

// changed reports whether an item changed anything, as far as can be known.
func (a *attempt) changed() bool { return a.end.Outcome == Changed }
