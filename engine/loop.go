package engine

import (
	"runner/diagnostic"

	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
)

func (l *Loop) variable() string { return cmp.Or(l.Var, "item") }

// A looping is a step being done for each item of a list.
type looping struct {
	whole    *attempt // the step itself
	step     *Step
	items    []Value
	serial   bool          // one after the other, each seeing what the one before did
	reported chan struct{} // bounds what waits to be reported
	width    int           // bounds what is at work: throttle
	pause    time.Duration
}

// loop does a step for each item of its list, and returns how that ended.
func (a *attempt) loop(ctx context.Context, end TaskEnd) (TaskEnd, []ending) {
	l := &looping{whole: a, step: a.step, reported: make(chan struct{}, window)}
	t, err := try{}, a.keywordsOfLoop(&end)
	if err == nil {
		t, err = l.prepare()
	}
	if err != nil || len(l.items) == 0 {
		t.err = err
		e := ending{TaskEnd: end}
		a.conclude(&e, t)
		return e.TaskEnd, nil
	}
	endings := l.run(ctx)
	end = l.sum(end, endings)
	if end.Outcome == Changed {
		l.notify(&end, endings)
	}
	return end, endings
}

// notify notifies the handlers of those items that changed nothing: another one did.
func (l *looping) notify(end *TaskEnd, endings []ending) {
	for _, e := range endings {
		if e.notify == nil {
			continue
		}
		if err := e.notify(); err != nil {
			end.Outcome, end.Problem = Failed, l.whole.place(err)
			return
		}
	}
}

// prepare evaluates the list and what is said about the loop. Where there are no
// items it returns how the step ended.
func (l *looping) prepare() (try, error) {
	v, err := l.step.Loop.Over.Eval(l.whole.scope.context())
	if err != nil {
		// A condition that is false whatever the item needs no list.
		if free, bad := l.whole.scope.test(l.free()); bad == nil && free.failing != nil {
			return l.whole.skip(free.failing), nil
		}
		return try{}, err
	}
	if u, ok := v.(*value.Unknown); ok {
		return try{outcome: Unknown, value: u}, nil
	}
	if lookup := l.step.Loop.Kind.Lookup(); lookup != "" {
		if v, err = l.whole.scope.query(lookup, v); err != nil {
			return try{}, diagnostic.From(err, l.step.Loop.Over.Place)
		}
		if u, ok := v.(*value.Unknown); ok {
			return try{outcome: Unknown, value: u}, nil
		}
	}
	if l.items, err = l.step.Loop.itemsOf(v); err != nil {
		return try{}, diagnostic.Problemf(l.step.Loop.Over.Place, "%s", err)
	}
	if len(l.items) == 0 {
		return try{outcome: Skipped, value: value.MapOf("changed", false, "results", []Value{}, "skipped", true,
			"skipped_reason", "No items in the list")}, nil
	}
	return try{}, l.pace()
}

// free returns the conditions that do not mention the loop's variables.
func (l *looping) free() []*Condition {
	own := l.step.Own(false)
	var list []*Condition
	for _, c := range l.step.When {
		if !slices.ContainsFunc(c.Expr.Refs(), func(r syntax.Ref) bool { return r.Any || slices.Contains(own, r.Name) }) {
			list = append(list, c)
		}
	}
	return list
}

// query returns what a lookup finds for the value of a loop: its terms, or its only one.
func (s *scope) query(lookup string, v Value) (Value, error) {
	if t, ok := v.(value.Tuple); ok {
		v = []Value(t)
	}
	if _, ok := v.([]Value); !ok {
		v = []Value{v}
	}
	tmpl, err := expr.ParseExpr(builtin.Table(), "query('"+lookup+"', *__terms)", func(int) diagnostic.Place { return s.step.Loop.Over.Place })
	if err != nil {
		return nil, err
	}
	return tmpl.Eval(s.with(map[string]Value{"__terms": v, LoopFolder: s.loopFolder()}).context())
}

// LoopFolder is the name under which a lookup finds the folder in which a loop looks for files.
const LoopFolder = "__folder"

// loopFolder is where with_first_found looks, by what the task does.
func (s *scope) loopFolder() string {
	for _, what := range []string{"template", "var"} {
		if strings.Contains(s.step.As, what) {
			return what + "s"
		}
	}
	return "files"
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

// flat returns the items of with_items: lists in the list are opened, one level deep.
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
	throttle, err := l.whole.scope.number(l.step.Throttle, 0)
	if err != nil {
		return err
	}
	if l.pause, err = l.whole.scope.duration(loop.Pause, 0); err != nil {
		return err
	}
	kind := l.step.Kind
	l.serial = l.whole.play.sequential() || has[Guard](kind) || has[Definer](kind) || l.pause > 0 || throttle == 1 ||
		loop.BreakWhen != nil
	l.width = window
	if throttle >= 1 {
		l.width = int(min(throttle, window))
	}
	return nil
}

// run does the items. All are done, even if one fails.
func (l *looping) run(ctx context.Context) []ending {
	if l.serial {
		return l.oneByOne(ctx)
	}
	endings := make([]ending, len(l.items))
	for i := range l.items {
		l.reported <- struct{}{}
		item := l.item(i)
		item.worker = l.whole.worker.Fork(l.width)
		item.scope.worker = item.worker
		go func() {
			endings[i] = l.do(ctx, item)
			item.out.close()
			item.worker.End(false)
		}()
	}
	l.whole.worker.NoMoreClaims()
	l.whole.worker.Join()
	l.whole.play.facts.drop(l.step.Register, l.whole.scope.at) // the whole loop's comes in its place
	return endings
}

func (l *looping) oneByOne(ctx context.Context) []ending {
	var endings []ending
	for i := range l.items {
		if i > 0 && l.pause > 0 && sleep(ctx, l.pause) != nil {
			break
		}
		l.reported <- struct{}{}
		item := l.item(i)
		e := l.do(ctx, item)
		stop := l.breaks(item, &e)
		endings = append(endings, e)
		item.out.close()
		if stop {
			l.items = l.items[:i+1]
			break
		}
	}
	return endings
}

// item returns the attempt of one item.
func (l *looping) item(i int) *attempt {
	a, sc := *l.whole, *l.whole.scope
	sc.at = l.whole.scope.at.in(i)
	sc.frame = &frame{up: sc.frame, values: l.variables(i)}
	a.scope = &sc
	a.out = l.whole.out.branch(nil, func() { <-l.reported })
	return &a
}

// do does one item and reports how it ended.
func (l *looping) do(ctx context.Context, item *attempt) ending {
	end := TaskEnd{Step: l.step, Name: item.name, Start: time.Now(), Handler: item.node.ofHandler()}
	e := ending{TaskEnd: end, at: item.scope.at, frame: item.scope.frame}
	if ctx.Err() != nil {
		e.Outcome = Blocked
	} else {
		e = item.run(ctx, end)
	}
	label := l.label(item, &e)
	l.complete(e)
	if l.step.Register != "" {
		l.whole.play.facts.set(l.step.Register, e.at, registered{value: e.Result}) // for the item after it
	}
	if e.Outcome != Blocked && (l.step.Kind.Display() != DisplayBanner || e.Outcome != OK) {
		end := e.TaskEnd
		end.Result = value.Known(end.Result)
		item.out.add(ItemEnd{TaskEnd: end, Label: label})
	}
	e.Change = nil
	return e
}

// variables returns what an item sees of its loop.
func (l *looping) variables(i int) map[string]Value {
	loop := l.step.Loop
	values := map[string]Value{loop.variable(): l.items[i], "ansible_loop_var": loop.variable()}
	if loop.Index != "" {
		values[loop.Index], values["ansible_index_var"] = i, loop.Index
	}
	if extended, err := l.whole.scope.flag(loop.Extended, false); err == nil && extended {
		values["ansible_loop"] = l.extended(i)
	}
	return values
}

func (l *looping) extended(i int) *value.Map {
	n := len(l.items)
	m := &value.Map{}
	if all, err := l.whole.scope.flag(l.step.Loop.AllItems, true); err != nil || all {
		m.Set("allitems", l.items)
	}
	for key, val := range value.MapOf("first", i == 0, "index", i+1, "index0", i, "last", i == n-1, "length", n,
		"revindex", n-i, "revindex0", n-i-1).All() {
		m.Set(key, val)
	}
	if i > 0 {
		m.Set("previtem", l.items[i-1])
	}
	if i < n-1 {
		m.Set("nextitem", l.items[i+1])
	}
	return m
}

// complete adds to an item's result which item it was.
func (l *looping) complete(e ending) {
	m, ok := e.Result.(*value.Map)
	if !ok {
		return
	}
	for _, name := range []string{l.step.Loop.variable(), l.step.Loop.Index, "ansible_loop"} {
		if v, ok := e.frame.values[name]; ok && name != "" {
			m.Set(name, v)
		}
	}
	m.Set("ansible_loop_var", l.step.Loop.variable())
	if l.step.Loop.Index != "" {
		m.Set("ansible_index_var", l.step.Loop.Index)
	}
}

// label returns what is shown of an item. An item whose label cannot be rendered fails.
func (l *looping) label(item *attempt, e *ending) string {
	n := l.step.Loop.Label
	switch {
	case e.NoLog:
		return "(censored due to no_log)"
	case n == nil || n.Text == "" || e.Outcome == Blocked:
		v, _ := e.frame.value(l.step.Loop.variable())
		return labelled(e, v)
	}
	v, err := n.Eval(l.seeing(item, e).context())
	if err != nil {
		item.conclude(e, try{value: e.Result, err: diagnostic.From(err, n.Place)})
		return "None"
	}
	return labelled(e, v)
}

// labelled returns a label as text: "" for what is false, where tasks are included.
func labelled(e *ending, v Value) string {
	v = value.Known(v)
	if holds, unknown, err := value.Truth(v); e.Included != "" && err == nil && unknown == nil && !holds {
		return ""
	}
	return value.Text(v)
}

// seeing is the scope of an item with its own result under the name that is registered.
func (l *looping) seeing(item *attempt, e *ending) *scope {
	if l.step.Register == "" {
		return item.scope
	}
	return item.scope.with(map[string]Value{l.step.Register: e.Result})
}

// breaks reports whether the rest of the items is left out. Where that cannot be
// evaluated, the item fails.
func (l *looping) breaks(item *attempt, e *ending) bool {
	if l.step.Loop.BreakWhen == nil || e.Outcome == Blocked {
		return false
	}
	c, err := l.seeing(item, e).test(l.step.Loop.BreakWhen)
	if err != nil {
		item.conclude(e, try{value: e.Result, err: err})
		return true
	}
	return c.holds
}

// sum makes of how the items ended how the step did.
func (l *looping) sum(end TaskEnd, items []ending) TaskEnd {
	end.Looped = true
	results := make([]Value, len(items))
	count, changed := map[Outcome]int{}, false
	for i, e := range items {
		results[i] = e.Result
		count[e.Outcome]++
		changed = changed || e.Outcome == Changed || changedIn(e.Result)
		end.NoLog = end.NoLog || e.NoLog
		end.Included = cmp.Or(end.Included, e.Included)
		if e.Problem != nil && (end.Problem == nil || e.Outcome == Failed && count[Failed] == 1) {
			end.Problem = e.Problem
		}
	}
	skipped := count[Skipped] == len(items)
	failed := count[Failed]+count[Ignored] > 0
	result := value.MapOf("results", results, "skipped", skipped, "msg", "All items completed", "changed", changed)
	switch {
	case count[Blocked] == len(items): // there are none where it was interrupted at once
		end.Outcome = Blocked
	case count[Failed] > 0:
		end.Outcome = Failed
	case failed:
		end.Outcome = Ignored
	case skipped:
		end.Outcome = Skipped
		result.Set("msg", "All items skipped")
	case count[Changed] > 0:
		end.Outcome = Changed
	case count[Unknown] > 0:
		end.Outcome = Unknown
	}
	if failed {
		result.Set("failed", true)
		result.Set("msg", "One or more items failed")
	}
	end.NotStarted = len(l.items) - len(items) + count[Blocked]
	end.Result = result
	end.Silent = l.step.Kind.Display() == DisplayBanner && !failed
	return end
}
