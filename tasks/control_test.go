package tasks_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/tasks"
)

// doing runs one task of a kind that touches nothing outside, with a debug behind
// it whose message says what it left.
func doing(t *testing.T, opt engine.Options, kind string, arguments *expr.Node, say string) (engine.TaskEnd, string) {
	t.Helper()
	kinds := tasks.Kinds(nil)
	of := func(name string) *engine.Kind {
		return &kinds[slices.IndexFunc(kinds, func(k engine.Kind) bool { return k.Name == name })]
	}
	place := diagnostic.Place{Source: &diagnostic.Source{Name: "test.yml"}, Line: 1, Col: 1}
	first := &engine.Step{ID: "1", Place: place, Kind: of(kind), As: kind, Args: arguments, Register: "r", IgnoreErrors: &expr.Node{Value: true}}
	second := &engine.Step{ID: "2", Place: place, Kind: of("debug"), As: "debug", Args: args("msg", say)}
	for _, s := range []*engine.Step{first, second} {
		if problems := engine.CheckArgs(s.Kind, s.Args, s.Place); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	var seen ends
	opt.Reporter = &seen
	program := &engine.Program{Plays: []*engine.Play{{Hosts: "localhost", Tasks: []engine.Item{first, second}}}}
	if _, err := engine.Run(t.Context(), program, opt); err != nil {
		t.Fatal(err)
	}
	said := ""
	if m, ok := seen.all[len(seen.all)-1].Result.(*value.Map); ok {
		msg, _ := m.Get("msg")
		said = value.Text(msg)
	}
	return seen.all[0], said
}

// texts makes a list of texts.
func texts(words ...string) *expr.Node {
	n := &expr.Node{Shape: expr.Sequence}
	for _, word := range words {
		n.Items = append(n.Items, args("x", word).Entries[0].Value)
	}
	return n
}

func TestControl(t *testing.T) {
	for name, c := range map[string]struct {
		kind      string
		args      *expr.Node
		outcome   engine.Outcome
		say, want string
	}{
		"facts":                     {"set_fact", args("a", "1", "b", "{{ 2 }}", "cacheable", "yes"), engine.OK, "{{ a }} {{ b + 1 }} {{ cacheable|default('none') }}", "1 3 none"},
		"a fact with a made name":   {"set_fact", args("{{ 'na' ~ 'me' }}", "x"), engine.OK, "{{ name }}", "x"},
		"a name that is none":       {"set_fact", args("{{ 'a-b' }}", "x"), engine.Ignored, "{{ r.msg }}", `"a-b" is no name of a variable`},
		"no facts":                  {"set_fact", args("cacheable", "no"), engine.Ignored, "{{ r.msg }}", "set_fact sets nothing"},
		"what holds":                {"assert", args("that", texts("1 == 1", "'a' in 'abc'")), engine.OK, "{{ r.msg }}", "All assertions passed"},
		"what holds, in own words":  {"assert", args("that", "true", "success_msg", "well"), engine.OK, "{{ r.msg }}", "well"},
		"what does not hold":        {"assert", args("that", texts("1 == 1", "1 == 2")), engine.Ignored, "{{ r.assertion }} {{ r.evaluated_to }} {{ r.msg }}", "1 == 2 False Assertion failed"},
		"the second is not reached": {"assert", args("that", texts("1 == 2", "'a' + 1 == 2"), "msg", "no"), engine.Ignored, "{{ r.msg }}", "no"},
		"what is no condition":      {"assert", args("that", "'text'"), engine.Ignored, "{{ r.failed }}", "True"},
		"failure":                   {"fail", args("msg", "not so"), engine.Ignored, "{{ r.msg }}", "not so"},
		"failure without a word":    {"fail", args(), engine.Ignored, "{{ r.msg }}", "Failed as requested from task"},
		"nothing":                   {"meta", args("free_form", "noop"), engine.OK, "{{ r.changed }}", "False"},
	} {
		t.Run(name, func(t *testing.T) {
			end, said := doing(t, engine.Options{}, c.kind, c.args, c.say)
			if end.Outcome != c.outcome || said != c.want {
				t.Errorf("%s, %q; want %s, %q; problem %v", end.Outcome, said, c.outcome, c.want, end.Problem)
			}
		})
	}
}

func TestPauseTakesItsTime(t *testing.T) {
	for _, c := range []struct {
		args *expr.Node
		opt  engine.Options
		want time.Duration
		said string
	}{
		{args("seconds", "5"), engine.Options{}, 5 * time.Second, "Paused for 5.0 seconds"},
		{args("seconds", "0"), engine.Options{}, time.Second, "Paused for 1.0 seconds"},
		{args("minutes", "2"), engine.Options{}, 2 * time.Minute, "Paused for 2.0 minutes"},
		{args("minutes", "2"), engine.Options{Check: true}, 0, "Paused for 0.0 minutes"},
		{args("prompt", "Go on?"), engine.Options{}, 0, "Paused for 0.0 seconds"}, // nobody is there
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			end, said := doing(t, c.opt, "pause", c.args, "{{ r.stdout }}")
			if took := time.Since(start); took != c.want || said != c.said || end.Outcome != engine.OK {
				t.Errorf("took %v, want %v; %s, %q", took, c.want, end.Outcome, said)
			}
		})
	}
}

func TestPauseAsks(t *testing.T) {
	var question engine.Question
	opt := engine.Options{Hooks: engine.Hooks{Prompt: func(_ context.Context, q engine.Question) (string, error) {
		question = q
		return "blue", nil
	}}}
	_, said := doing(t, opt, "pause", args("prompt", "Which colour?", "echo", "no"), "{{ r.user_input }}")
	if said != "blue" || !question.Private || !strings.Contains(question.Text, "Which colour?") {
		t.Errorf("said %q, asked %+v", said, question)
	}
}

func TestIncludeVars(t *testing.T) {
	place := diagnostic.Place{Source: &diagnostic.Source{Name: "/home/me/vars.yml"}, Line: 1, Col: 1}
	opt := engine.Options{Hooks: engine.Hooks{ReadVars: func(_ context.Context, which engine.VarsQuery) ([]engine.Var, error) {
		from, paths := which.From, which.Paths
		if from.Source.Name != "test.yml" || !slices.Equal(paths, []string{"vars.yml"}) {
			return nil, errors.New("no such file")
		}
		return []engine.Var{
			{Name: "a", Place: place, Value: args("x", "1").Entries[0].Value},
			{Name: "b", Place: place, Value: args("x", "{{ 1 + 1 }}").Entries[0].Value},
		}, nil
	}}}
	_, said := doing(t, opt, "include_vars", args("file", "vars.yml"), "{{ a }} {{ b + 1 }} {{ r.ansible_facts.b }} {{ r.ansible_included_var_files[0] }}")
	if diff := cmp.Diff("1 3 {{ 1 + 1 }} /home/me/vars.yml", said); diff != "" {
		t.Error(diff)
	}
	_, said = doing(t, opt, "include_vars", args("file", "vars.yml", "name", "all"), "{{ all.a }} {{ all.b + 1 }}")
	if said != "1 3" {
		t.Errorf("under a name: %q", said)
	}
	for _, bad := range []*expr.Node{args("file", "other.yml"), args("file", "vars.yml", "name", "a-b")} {
		if end, _ := doing(t, opt, "include_vars", bad, "x"); end.Outcome != engine.Ignored {
			t.Errorf("%s", end.Outcome)
		}
	}
}
