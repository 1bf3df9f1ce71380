package engine

import "runner/engine/expr"

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
