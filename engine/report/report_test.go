package report

import (
	"bytes"
	"context"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

var update = flag.Bool("update", false, "write the golden files anew")

const playbook = `- name: Order databases
  hosts: localhost
  tasks:
    - name: Order a Postgres database
      addon_register:
        provider: postgresql-addon
        details: {plan: xxs_sm, password: s3cr3t-value}
      register: result
`

var (
	source   = &diagnostic.Source{Name: "site.yml", Text: playbook}
	register = &engine.Kind{Name: "addon_register", Full: "noa.clevercloud.addon_register", Returns: []engine.Return{{Name: "env", Secret: true}}}
	debug    = &engine.Kind{Name: "debug", New: func() engine.Task { return displayed(engine.DisplayResult) }}
	play     = &engine.Play{Place: diagnostic.Place{Source: source, Line: 1, Col: 3}, Hosts: "localhost"}
	dawn     = time.Date(2026, time.March, 29, 1, 59, 58, 0, time.FixedZone("", 3600))
)

// displayed is a task that says how it is printed.
type displayed engine.Display

func (displayed) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{}, nil
}

func (d displayed) Display() engine.Display { return engine.Display(d) }

// A script makes the events of a run, each step a second after the one before.
type script struct {
	events []engine.Event
	stats  engine.Stats
	steps  int
	at     time.Time
}

func (s *script) tell(e ...engine.Event) { s.events = append(s.events, e...) }

func (s *script) step(k *engine.Kind, name string, end engine.TaskEnd, during ...engine.Event) {
	s.steps++
	s.at = s.at.Add(time.Second)
	step := &engine.Step{ID: "1." + strconv.Itoa(s.steps), Kind: k, As: k.Name, Place: diagnostic.Place{Source: source, Line: 4, Col: 7}}
	end.Step, end.Name, end.Start, end.Took = step, name, s.at, 250*time.Millisecond
	s.stats.Count(end.Outcome)
	if end.Outcome != engine.Blocked {
		s.tell(engine.TaskStart{Step: step, Name: name, Time: s.at})
	}
	for _, e := range during {
		if p, ok := e.(engine.TaskProgress); ok {
			p.Step = step
			e = p
		}
		s.tell(e)
	}
	s.tell(end)
}

func (s *script) end(interrupted bool) {
	s.tell(engine.RunEnd{Stats: s.stats, Took: 90 * time.Second, Interrupted: interrupted})
}

// at returns a place in the playbook.
func at(line, col int) diagnostic.Place {
	return diagnostic.Place{Source: source, Line: line, Col: col}
}

// whole is a run in which everything happens that a report may have to show.
func whole() []engine.Event {
	s := &script{at: dawn}
	s.tell(engine.RunStart{Time: dawn}, engine.PlayStart{Play: play, Name: "Order databases", Time: dawn})
	s.good()
	s.shown()
	s.hidden()
	s.bad()
	s.end(false)
	return s.events
}

func (s *script) good() {
	warning := engine.Warning{Problem: &diagnostic.Problem{Place: at(7, 20), Msg: "the plan is old", Hint: "s3cr3t-value is not", Rule: "old-plan", Severity: diagnostic.Warning}}
	env := value.MapOf("PORT", 5432, "PASSWORD", "never-registered", "LATER", &value.Unknown{})
	s.step(register, "Order a Postgres database", engine.TaskEnd{
		Outcome: engine.Changed,
		Diff:    true,
		Change: &engine.Change{Action: engine.Create, Object: `add-on "main-db"`, Attrs: []engine.Attr{
			{Path: "plan", After: "xxs_sml"}, {Path: "password", After: "never-registered", Secret: true},
			{Path: "addon_id", After: &value.Unknown{}},
		}},
		Result: value.MapOf("changed", true, "failed", false, "addon_id", "addon_main", "env", value.Mark(env),
			"uri", "postgresql://u:s3cr3t-value@h/db", "big", new(big.Int).Lsh(big.NewInt(1), 70)),
	}, engine.TaskProgress{Text: "waiting for the variables"}, warning, warning)
	s.step(register, "Change its plan", engine.TaskEnd{
		Outcome: engine.Changed,
		Diff:    true,
		Change: &engine.Change{Action: engine.Update, Object: `add-on "main-db"`, Attrs: []engine.Attr{
			{Path: "plan", Before: "xxs_sml", After: "s_sml"}, {Path: "region", Before: "par", After: "par"},
			{Path: "env.PASSWORD", Before: "never-registered", After: "never-registered-either"},
		}},
		Result: value.MapOf("changed", true, "failed", false),
	})
	s.step(register, "Leave it", engine.TaskEnd{
		Diff:   true,
		Change: &engine.Change{},
		Result: value.MapOf("changed", false, "failed", false, "addon_id", "addon_main"),
	})
	s.step(register, "Skipped one", engine.TaskEnd{
		Outcome: engine.Skipped,
		Result: value.MapOf("changed", false, "skipped", true,
			"skip_reason", "Conditional result was False", "false_condition", "result is changed"),
	})
}

func (s *script) shown() {
	for name, msg := range value.MapOf(
		"Show a text", "postgresql://u:s3cr3t-value@h/db\nsecond line",
		"Show a list", []value.Value{"addon_main", 15.1, nil, true, []value.Value{}},
		"Show a map", value.MapOf("b", 1, "a", value.MapOf("ü", "naïve \"quoted\" 日本", "z", value.Tuple{1, 2})),
		"Zeige 日本 e\u0301", "ü",
		"Show what is not known", &value.Unknown{Task: "Order"},
	).All() {
		s.step(debug, name.(string), engine.TaskEnd{
			Shows:  true,
			Result: value.MapOf("msg", msg, "changed", false, "failed", false),
		})
	}
	s.step(debug, "Show a variable", engine.TaskEnd{
		Shows:  true,
		Result: value.MapOf("result.env.PORT", 5432, "changed", false, "failed", false),
	})
	s.step(debug, "Show later", engine.TaskEnd{Shows: true, Result: &value.Unknown{Task: "Order"}})
	s.step(debug, "Skipped debug", engine.TaskEnd{
		Outcome: engine.Skipped,
		Result: value.MapOf("changed", false, "skipped", true,
			"skip_reason", "Conditional result was False", "false_condition", "false"),
	})
}

func (s *script) hidden() {
	s.step(register, "Quiet order", engine.TaskEnd{
		Outcome: engine.Changed, NoLog: true, Diff: true,
		Change: &engine.Change{Action: engine.Create, Attrs: []engine.Attr{{Path: "plan", After: "hidden-value"}}},
		Result: value.MapOf("changed", true, "failed", false, "addon_id", "hidden-value"),
	})
	s.step(debug, "Quiet debug", engine.TaskEnd{
		Shows: true, NoLog: true,
		Result: value.MapOf("msg", "hidden-value", "changed", false, "failed", false),
	})
	s.step(register, "Quiet failure", engine.TaskEnd{
		Outcome: engine.Ignored, NoLog: true,
		Problem: &diagnostic.Problem{Place: at(7, 20), Msg: "hidden-value", Hint: "hidden-value", Detail: "hidden-value"},
		Result:  value.MapOf("msg", "hidden-value", "changed", false, "failed", true),
	})
}

func (s *script) bad() {
	s.step(register, "Ignored one", engine.TaskEnd{
		Outcome: engine.Ignored,
		Problem: &diagnostic.Problem{Place: at(6, 19), Msg: "the platform says no to s3cr3t-value"},
		Result:  value.MapOf("msg", "the platform says no to s3cr3t-value", "changed", false, "failed", true),
	})
	s.step(debug, "Bad debug", engine.TaskEnd{
		Outcome: engine.Ignored,
		Problem: &diagnostic.Problem{Msg: "'nope' is undefined"},
		Result:  value.MapOf("msg", "'nope' is undefined", "changed", false, "failed", true),
	})
	s.step(register, "Order a bad plan", engine.TaskEnd{
		Outcome: engine.Failed,
		Problem: &diagnostic.Problem{Place: at(7, 25), Msg: `unknown plan "xxs_sm" of postgresql-addon`,
			Hint: `did you mean "xxs_sml"?`, Detail: "plans: dev, s3cr3t-value,\n  xxs_sml"},
		Result: value.MapOf("msg", `unknown plan "xxs_sm" of postgresql-addon`, "changed", false, "failed", true),
	})
	s.step(register, "Never started", engine.TaskEnd{Outcome: engine.Blocked})
	s.step(register, "Never started either", engine.TaskEnd{Outcome: engine.Blocked})
}

// stopped is a run that was interrupted in its second play.
func stopped() []engine.Event {
	s := &script{at: dawn}
	s.tell(engine.RunStart{Time: dawn}, engine.PlayStart{Play: play, Name: "localhost", Time: dawn})
	s.step(register, "Leave it", engine.TaskEnd{Result: value.MapOf("changed", false)})
	s.tell(engine.PlayStart{Play: play, Name: "Second", Time: dawn})
	s.step(register, "Never started", engine.TaskEnd{Outcome: engine.Blocked})
	s.end(true)
	return s.events
}

// empty is a run without steps.
func empty() []engine.Event {
	s := &script{}
	s.tell(engine.RunStart{Time: dawn}, engine.PlayStart{Play: play, Name: "Nothing", Time: dawn})
	s.end(false)
	return s.events
}

// tellAll reports events, and the end that they lead to.
func tellAll(r Reporter, events []engine.Event) {
	var end End
	for _, e := range events {
		r.Tell(e)
		if e, ok := e.(engine.RunEnd); ok {
			end = ending(e)
		}
	}
	r.End(end)
}

func ending(e engine.RunEnd) End {
	end := End{Time: dawn.Add(e.Took)}
	switch {
	case e.Interrupted:
		end.Exit = 130
	case e.Stats.Failed > 0:
		end.Exit = 2
	}
	return end
}

func text(o Options) Reporter  { return NewText(o) }
func json(o Options) Reporter  { return NewJSON(o) }
func jsonl(o Options) Reporter { return NewJSONL(o) }

func TestGolden(t *testing.T) {
	tests := []struct {
		file   string
		events []engine.Event
		form   func(Options) Reporter
		opt    Options
	}{
		{"run.txt", whole(), text, Options{}},
		{"run.v.txt", whole(), text, Options{Verbosity: 1}},
		{"run.vv.txt", whole(), text, Options{Verbosity: 2}},
		{"run.vvv.txt", whole(), text, Options{Verbosity: 3}},
		{"run.quiet.txt", whole(), text, Options{Quiet: true, Verbosity: 2}},
		{"run.color.txt", whole(), text, Options{Color: true, Verbosity: 2, Width: 60}},
		{"run.json", whole(), json, Options{}},
		{"run.jsonl", whole(), jsonl, Options{}},
		{"stopped.txt", stopped(), text, Options{}},
		{"stopped.quiet.txt", stopped(), text, Options{Quiet: true}},
		{"stopped.json", stopped(), json, Options{}},
		{"stopped.jsonl", stopped(), jsonl, Options{}},
		{"empty.txt", empty(), text, Options{}},
		{"empty.json", empty(), json, Options{}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			out, warnings := &bytes.Buffer{}, &bytes.Buffer{}
			test.opt.Out, test.opt.Err = out, warnings
			test.opt.Secrets, test.opt.Run = &engine.Secrets{}, Run{Playbooks: []string{"site.yml"}}
			test.opt.Secrets.Add("s3cr3t-value")
			r := test.form(test.opt)
			tellAll(r, test.events)
			if err := r.Err(); err != nil {
				t.Fatal(err)
			}
			got := out.String()
			if warnings.Len() > 0 {
				got += "-- standard error --\n" + warnings.String()
			}
			golden(t, test.file, got)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
