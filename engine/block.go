package engine

import (
	"runner/diagnostic"

	"context"
	"slices"
	"strings"
	"sync"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// nested runs a list inside an item and waits for its end. It returns what failed
// first, nil if nothing did.
func (n *node) nested(ctx context.Context, of segment) *TaskEnd {
	of.up, of.catching = n, of.catching || n.list.catching
	if of.order == nil {
		of.order = n.list.order
	}
	if of.frame == nil && !of.handlers { // which see nothing of where they are flushed
		of.frame = n.list.frame
	}
	l := n.play.newList(of, n.out.branch(nil, func() {}))
	l.run(ctx)
	return l.failure()
}

// runBlock runs the body of a block, then what it has for failures, then what it
// does in any case.
func (n *node) runBlock(ctx context.Context, b *Block) {
	n.failure = n.nested(ctx, segment{items: b.Body, at: n.at.in(0), catching: len(b.Rescue) > 0})
	if n.failure != nil && len(b.Rescue) > 0 && ctx.Err() == nil {
		n.rememberFailure(n.at.in(0))
		n.failure = n.nested(ctx, segment{items: b.Rescue, at: n.at.in(1)})
	}
	if len(b.Always) > 0 {
		if n.failure != nil {
			n.rememberFailure(n.at.in(1))
		}
		if failure := n.nested(ctx, segment{items: b.Always, at: n.at.in(2)}); failure != nil {
			n.failure = failure
		}
	}
	if n.failure != nil {
		n.outcome = Failed
	}
}

// rememberFailure sets the variables that tell what happened in the part of a
// block that is at a position.
func (n *node) rememberFailure(at position) {
	name := "" // as Ansible has it, where there is none
	if n.failure.Step.Name != nil {
		name = n.failure.Name
		if role := n.failure.Step.Role; role != nil {
			name = strings.TrimPrefix(name, role.Name+" : ")
		}
	}
	task := &Var{Name: "ansible_failed_task", Place: n.failure.Step.Place, Value: failedTask(name, n.failure)}
	n.play.facts.set(task.Name, at.in(last), registered{lazy: task})
	n.play.facts.set("ansible_failed_result", at.in(last), registered{value: n.failure.Result})
}

// notified are the handlers of a play that are to be run at the next flush, and
// where they were notified.
type notified struct {
	mu   sync.Mutex
	list map[*Step][]position
}

func (n *notified) add(h *Step, at position) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.list == nil {
		n.list = map[*Step][]position{}
	}
	n.list[h] = append(n.list[h], at)
}

// take reports whether a handler was notified since it ran last.
func (n *notified) take(h *Step) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	was := len(n.list[h]) > 0
	delete(n.list, h)
	return was
}

// withdraw takes back what was notified at a position or within it.
func (n *notified) withdraw(at position) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for h, list := range n.list {
		n.list[h] = slices.DeleteFunc(list, at.holds)
	}
}

// flush runs the handlers that were notified, in the order in which they are written.
func (n *node) flush(ctx context.Context) {
	var handlers []Item
	for _, h := range n.play.handlers.all() {
		handlers = append(handlers, h)
	}
	of := segment{items: handlers, order: n.play.order, at: n.at.in(0), handlers: true}
	if n.play.handlers.grown() {
		of.order = linkPart(n.play.play, handlers)
	}
	if n.failure = n.nested(ctx, of); n.failure != nil {
		n.outcome = Failed
	}
}

// notify notes the handlers that a step names, by their names or topics.
func (a *attempt) notify() error {
	for _, n := range a.step.Notify {
		v, err := n.Eval(a.scope.context())
		if err != nil {
			return err
		}
		names, ok := v.([]Value)
		if !ok {
			names = []Value{v}
		}
		for _, name := range names {
			if !a.notifyOne(value.OpenText(name)) {
				return &certainFailure{diagnostic.Problemf(n.Place, "no handler is called %q, and none listens to that", value.Text(name))}
			}
		}
	}
	return nil
}

func (a *attempt) notifyOne(name string) (found bool) {
	handlers := a.play.handlers.all()
	for _, h := range handlers {
		if slices.Contains(h.Listen, name) {
			found = true
			a.play.notified.add(h, a.scope.at)
		}
	}
	for _, h := range called(handlers) {
		if h.Name == nil {
			continue
		}
		if called := a.play.render(a.play.playScope(), h.Name); called == name || h.Role != nil && h.Role.Name+" : "+called == name {
			a.play.notified.add(h, a.scope.at)
			return true
		}
	}
	return found
}

// called returns handlers in the order in which they are found by name: those of the
// play, then those of its roles, the last role first; of each the first of a name counts.
func called(handlers []*Step) []*Step {
	var parts [][]*Step
	for i, h := range handlers {
		if i == 0 || h.Role != handlers[i-1].Role {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], h)
	}
	slices.Reverse(parts)
	return slices.Concat(parts...)
}

// handlersOf is the handlers of a play, with those that roles brought in.
type handlersOf struct {
	mu   sync.Mutex
	list []*Step
	more bool // some were brought in while the play ran
}

func (h *handlersOf) grown() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.more
}

func (h *handlersOf) all() []*Step {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.list)
}

// add adds the handlers of a role before those of the play.
func (h *handlersOf) add(more []*Step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.list, func(s *Step) bool { return s.Role == nil })
	if i < 0 {
		i = len(h.list)
	}
	h.list, h.more = slices.Insert(h.list, i, more...), h.more || len(more) > 0
}

// export lets the rest of the play see the variables of a role that is public.
func (p *playRun) export(e ending) {
	if !e.included.Public {
		return
	}
	for _, v := range e.included.Defaults {
		p.defaults.set(v.Name, e.at, registered{lazy: &v})
	}
	for _, v := range e.included.Vars {
		p.roleVars.set(v.Name, e.at, registered{lazy: &v})
	}
}

// failedTask returns what a rescue learns of the task that failed: its keywords, whose
// templates are evaluated where they are read. Arguments under no_log stay hidden.
func failedTask(name string, failure *TaskEnd) *expr.Node {
	s := failure.Step
	n := &expr.Node{Shape: expr.Mapping, Place: s.Place}
	put := func(key string, v *expr.Node) {
		if v == nil {
			v = constant(s, nil)
		}
		n.Entries = append(n.Entries, expr.Entry{Key: constant(s, key), Value: v})
	}
	put("name", constant(s, name))
	put("action", constant(s, s.As))
	put("_resolved_action", constant(s, s.Kind.Full))
	args := s.Args
	if args == nil || failure.NoLog {
		args = &expr.Node{Shape: expr.Mapping, Place: s.Place}
	}
	put("args", args)
	put("when", conditionTexts(s, s.When))
	put("failed_when", conditionTexts(s, s.FailedWhen))
	put("changed_when", conditionTexts(s, s.ChangedWhen))
	put("until", conditionTexts(s, s.Until))
	put("tags", constants(s, s.Tags))
	put("vars", varsNode(s))
	var register, loop *expr.Node
	if s.Register != "" {
		register = constant(s, s.Register)
	}
	if s.Loop != nil {
		loop = s.Loop.Over
	}
	put("register", register)
	put("loop", loop)
	put("ignore_errors", s.IgnoreErrors)
	put("retries", s.Retries)
	put("delay", s.Delay)
	put("no_log", s.NoLog)
	put("delegate_to", s.DelegateTo)
	put("check_mode", s.CheckMode)
	put("diff", s.Diff)
	return n
}

func constant(s *Step, v Value) *expr.Node {
	text, _ := v.(string)
	return &expr.Node{Place: s.Place, Text: text, Value: v}
}

func constants(s *Step, list []string) *expr.Node {
	n := &expr.Node{Shape: expr.Sequence, Place: s.Place}
	for _, text := range list {
		n.Items = append(n.Items, constant(s, text))
	}
	return n
}

// conditionTexts are conditions as they are written.
func conditionTexts(s *Step, list []*Condition) *expr.Node {
	n := &expr.Node{Shape: expr.Sequence, Place: s.Place}
	for _, c := range list {
		n.Items = append(n.Items, constant(s, c.Said()))
	}
	return n
}

func varsNode(s *Step) *expr.Node {
	n := &expr.Node{Shape: expr.Mapping, Place: s.Place}
	for _, v := range s.Vars {
		n.Entries = append(n.Entries, expr.Entry{Key: constant(s, v.Name), Value: v.Value})
	}
	return n
}
