package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
)

// script makes a program of lines such as
//
//	put name=a value={{ x }} | register=r when=r.ok ignore_errors=true
//
// Values are scalars; what stands behind the bar are keywords. A line `block`
// opens a block, `rescue` and `always` its other parts, and `end` closes it. A
// line that begins with `handler` is one.
func script(t testing.TB, w *world, text string) *engine.Program {
	t.Helper()
	s := &scripted{TB: t, src: &diagnostic.Source{Name: "test.yml", Text: text}, kinds: kinds(w)}
	s.lines = strings.Split(strings.TrimSpace(text), "\n")
	s.play = &engine.Play{Hosts: "localhost", File: "test.yml"}
	s.play.Tasks = s.items()
	return &engine.Program{Plays: []*engine.Play{s.play}}
}

type scripted struct {
	testing.TB
	src   *diagnostic.Source
	kinds map[string]*engine.Kind
	play  *engine.Play
	lines []string
	next  int
}

// items reads up to a line that closes the list.
func (s *scripted) items() []engine.Item {
	var list []engine.Item
	for s.next < len(s.lines) {
		line := strings.TrimSpace(s.lines[s.next])
		switch rest, handler := strings.CutPrefix(line, "handler "); {
		case line == "rescue" || line == "always" || line == "end":
			return list
		case line == "block":
			list = append(list, s.block())
			continue
		case handler:
			s.play.Handlers = append(s.play.Handlers, s.step(rest))
		default:
			list = append(list, s.step(line))
		}
		s.next++
	}
	return list
}

func (s *scripted) block() *engine.Block {
	b := &engine.Block{Place: s.at()}
	part := &b.Body
	for {
		s.next++
		*part = s.items()
		switch strings.TrimSpace(s.lines[s.next]) {
		case "rescue":
			part = &b.Rescue
		case "always":
			part = &b.Always
		case "end":
			s.next++
			return b
		}
	}
}

func (s *scripted) at() diagnostic.Place {
	return diagnostic.Place{Source: s.src, Line: s.next + 1, Col: 1}
}

func (s *scripted) step(line string) *engine.Step {
	s.Helper()
	at := s.at()
	line, keywords, _ := strings.Cut(line, " | ")
	kind, args, _ := strings.Cut(strings.TrimSpace(line), " ")
	if s.kinds[kind] == nil {
		s.Fatalf("no kind %q", kind)
	}
	step := &engine.Step{ID: fmt.Sprintf("1.%d", s.next+1), Place: at, As: kind, At: at, Kind: s.kinds[kind], Args: mapping(s, at, args)}
	for _, e := range mapping(s, at, keywords).Entries {
		keyword(s, step, e)
	}
	for _, p := range engine.CheckArgs(step.Kind, step.Args, at) {
		s.Fatal(p)
	}
	return step
}

func mapping(t testing.TB, at diagnostic.Place, text string) *expr.Node {
	n := &expr.Node{Shape: expr.Mapping, Place: at}
	for word := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(word, "=")
		n.Entries = append(n.Entries, expr.Entry{Key: &expr.Node{Text: key, Value: key, Place: at}, Value: scalar(t, at, value)})
	}
	return n
}

func scalar(t testing.TB, at diagnostic.Place, text string) *expr.Node {
	n := &expr.Node{Place: at, Text: text, Value: text}
	if syntax.HasTemplate(text) {
		tmpl, err := expr.Parse(builtin.Table(), text, diagnostic.At(at, text))
		if err != nil {
			t.Fatal(err)
		}
		n.Tmpl, n.Value = tmpl, nil
	}
	return n
}

// sequence makes a list of words with commas between them.
func sequence(t testing.TB, at diagnostic.Place, text string) *expr.Node {
	n := &expr.Node{Shape: expr.Sequence, Place: at}
	for word := range strings.SplitSeq(text, ",") {
		if word != "" {
			n.Items = append(n.Items, scalar(t, at, word))
		}
	}
	return n
}

func keyword(t testing.TB, s *engine.Step, e expr.Entry) {
	t.Helper()
	nodes := map[string]**expr.Node{
		"name": &s.Name, "ignore_errors": &s.IgnoreErrors, "no_log": &s.NoLog, "check_mode": &s.CheckMode,
		"retries": &s.Retries, "delay": &s.Delay, "timeout": &s.Timeout, "throttle": &s.Throttle,
		"any_errors_fatal": &s.AnyErrorsFatal,
	}
	conditions := map[string]*[]*engine.Condition{
		"when": &s.When, "until": &s.Until, "failed_when": &s.FailedWhen, "changed_when": &s.ChangedWhen,
	}
	key := e.Key.Text
	switch {
	case nodes[key] != nil:
		*nodes[key] = e.Value
	case conditions[key] != nil:
		*conditions[key] = append(*conditions[key], condition(t, e.Value))
	case key == "register":
		s.Register = e.Value.Text
	case key == "allow":
		s.Allow = append(s.Allow, e.Value.Text)
	case key == "notify":
		s.Notify = append(s.Notify, e.Value)
	case key == "listen":
		s.Listen = append(s.Listen, e.Value.Text)
	case key == "tags":
		s.Tags = strings.Split(e.Value.Text, ",")
	case key == "var":
		name, value, _ := strings.Cut(e.Value.Text, ":")
		s.Vars = append(s.Vars, engine.Var{Name: name, Place: s.Place, Value: scalar(t, s.Place, value)})
	case key == "loop" && e.Value.Tmpl == nil:
		s.Loop = &engine.Loop{Kind: engine.LoopList, Over: sequence(t, s.Place, e.Value.Text)}
	case key == "loop":
		s.Loop = &engine.Loop{Kind: engine.LoopList, Over: e.Value}
	case key == "break_when":
		s.Loop.BreakWhen = []*engine.Condition{condition(t, e.Value)}
	default:
		t.Fatalf("no keyword %q", key)
	}
}

func condition(t testing.TB, n *expr.Node) *engine.Condition {
	t.Helper()
	c, _, err := expr.ParseCondition(builtin.Table(), n.Text, diagnostic.At(n.Place, n.Text))
	if err != nil {
		t.Fatal(err)
	}
	return &engine.Condition{Text: n.Text, Place: n.Place, Expr: c}
}
