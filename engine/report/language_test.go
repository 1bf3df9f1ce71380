package report

import (
	"bytes"
	"strings"
	"testing"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

var (
	assert = &engine.Kind{Name: "assert", New: func() engine.Task { return displayed(engine.DisplayMasked) }}
	meta   = &engine.Kind{Name: "meta", New: func() engine.Task { return displayed(engine.DisplayBanner) }}
)

// language is a run with what plays consist of beside plain tasks.
func language() []engine.Event {
	s := &script{at: dawn}
	s.tell(engine.RunStart{Time: dawn}, engine.PlayStart{Play: play, Name: "Language", Time: dawn})
	s.loops()
	s.judged()
	s.around()
	s.tell(engine.PlayStart{Play: play, Name: "Second", Time: dawn})
	s.tell(engine.PlayFailed{Problem: &diagnostic.Problem{Place: at(2, 3), Msg: "no file of s3cr3t-value"}})
	s.end(false)
	return s.events
}

// item returns the result of an item of a loop.
func item(value value.Value, result *value.Map) *value.Map {
	result.Set("item", value)
	result.Set("ansible_loop_var", "item")
	return result
}

func (s *script) loops() {
	env := func() *value.Map {
		return value.MapOf("changed", true, "failed", false, "env", value.Mark(value.MapOf("PASSWORD", "never-registered")))
	}
	one, two := item("one", env()), item("s3cr3t-value", env())
	s.step(register, "Order each", engine.TaskEnd{Outcome: engine.Changed, Looped: true,
		Result: value.MapOf("changed", true, "msg", "All items completed", "results", []value.Value{one, two})},
		engine.ItemEnd{Label: "one", TaskEnd: engine.TaskEnd{Outcome: engine.Changed, Result: one, Diff: true, Change: &engine.Change{
			Action: engine.Create, Object: `add-on "one"`, Attrs: []engine.Attr{{Path: "plan", After: "dev"}}}}},
		engine.ItemEnd{Label: "s3cr3t-value", TaskEnd: engine.TaskEnd{Outcome: engine.Changed, Result: two}})
	skipped := item(2, value.MapOf("changed", false, "skipped", true, "skip_reason", "Conditional result was False"))
	shown := item(1, value.MapOf("changed", false, "failed", false, "msg", "s3cr3t-value is shown"))
	s.step(debug, "Show each", engine.TaskEnd{Looped: true, Result: value.MapOf("changed", false, "results", []value.Value{shown, skipped})},
		engine.ItemEnd{Label: "1", TaskEnd: engine.TaskEnd{Shows: true, Result: shown}},
		engine.ItemEnd{Label: "2", TaskEnd: engine.TaskEnd{Outcome: engine.Skipped, Result: skipped}})
	s.step(debug, "Skip each", engine.TaskEnd{Outcome: engine.Skipped, Looped: true, Result: value.MapOf("changed", false, "skipped", true, "results", []value.Value{skipped})},
		engine.ItemEnd{Label: "2", TaskEnd: engine.TaskEnd{Outcome: engine.Skipped, Result: skipped}})
	s.step(debug, "None to show", engine.TaskEnd{Outcome: engine.Skipped,
		Result: value.MapOf("changed", false, "skipped", true, "skipped_reason", "No items in the list", "results", []value.Value{})})
	failed := item(1, value.MapOf("changed", false, "failed", true, "msg", "no"))
	s.step(register, "Fail each", engine.TaskEnd{Outcome: engine.Ignored, Looped: true, Problem: &diagnostic.Problem{Place: at(7, 20), Msg: "no"},
		Result: value.MapOf("changed", false, "failed", true, "msg", "One or more items failed", "results", []value.Value{failed})},
		engine.ItemEnd{Label: "1", TaskEnd: engine.TaskEnd{Outcome: engine.Ignored, Result: failed, Problem: &diagnostic.Problem{Place: at(7, 20), Msg: "no"}}})
	quiet := item("hidden-value", value.MapOf("changed", false, "failed", false, "msg", "hidden-value"))
	s.step(register, "Hide each", engine.TaskEnd{Looped: true, NoLog: true, Result: value.MapOf("results", []value.Value{quiet})},
		engine.ItemEnd{Label: "(censored due to no_log)", TaskEnd: engine.TaskEnd{NoLog: true, Result: quiet}})
}

func (s *script) judged() {
	again := value.MapOf("msg", "x", "attempts", 1, "changed", false, "failed", false)
	s.step(register, "Try again", engine.TaskEnd{Result: value.MapOf("changed", false, "failed", false, "attempts", 2)},
		engine.TaskRetry{Name: "Try s3cr3t-value again", Attempts: 1, Left: 2, Result: again})
	s.step(debug, "Show again", engine.TaskEnd{Outcome: engine.Ignored, Tells: true, Problem: &diagnostic.Problem{Place: at(7, 20), Msg: "not yet"}, Result: again},
		engine.TaskRetry{Name: "Show again", Attempts: 1, Left: 1, Result: again, Shows: true},
		engine.TaskRetry{Name: "Hidden", Attempts: 2, Left: 0, Result: value.MapOf("msg", "hidden-value"), Shows: true, NoLog: true})
	s.step(assert, "Good", engine.TaskEnd{Tells: true, Result: value.MapOf("changed", false, "failed", false, "msg", "All assertions of s3cr3t-value passed")})
	wrong := []*diagnostic.Problem{{Place: at(7, 25), Msg: "unknown plan", Hint: "take another", Detail: "plans: dev"}, {Place: at(6, 19), Msg: "unknown region s3cr3t-value"}}
	s.step(register, "Bad words", engine.TaskEnd{Outcome: engine.Ignored,
		Problem: &diagnostic.Problem{Place: at(7, 25), Msg: "unknown plan (take another); unknown region s3cr3t-value", Parts: wrong},
		Result:  value.MapOf("msg", "unknown plan (take another); unknown region s3cr3t-value", "changed", false, "failed", true)})
	s.step(assert, "Bad", engine.TaskEnd{Outcome: engine.Rescued, Tells: true, Problem: &diagnostic.Problem{Place: at(7, 20), Msg: "Assertion failed: a"},
		Result: value.MapOf("changed", false, "failed", true, "assertion", "a", "evaluated_to", false, "msg", "Assertion failed")})
}

func (s *script) around() {
	s.step(register, "Bring in", engine.TaskEnd{Included: "/home/me/more.yml", Result: value.MapOf("changed", false, "failed", false)})
	s.step(register, "Bring in each", engine.TaskEnd{Looped: true, Included: "/home/me/more.yml", Result: value.MapOf("changed", false)},
		engine.ItemEnd{Label: "1", TaskEnd: engine.TaskEnd{Included: "/home/me/more.yml", Result: value.MapOf("changed", false)}})
	s.step(meta, "Nothing", engine.TaskEnd{Silent: true, Result: value.MapOf("changed", false)})
	s.step(meta, "Skipped", engine.TaskEnd{Silent: true, Outcome: engine.Skipped, Result: value.MapOf("changed", false, "skipped", true)})
	s.step(register, "Wait", engine.TaskEnd{Result: value.MapOf("changed", false)}, engine.TaskSays{Text: "Pausing for 1 seconds"})
	handler := &engine.Step{ID: "1.h1", Kind: debug, Place: at(4, 7)}
	s.tell(engine.TaskStart{Step: handler, Name: "Announce", Time: dawn, Handler: true},
		engine.TaskEnd{Step: handler, Name: "Announce", Shows: true, Handler: true, Result: value.MapOf("msg", "new", "changed", false)})
}

func TestGoldenLanguage(t *testing.T) {
	for _, test := range []struct {
		file string
		form func(Options) Reporter
		opt  Options
	}{
		{"language.txt", text, Options{}},
		{"language.v.txt", text, Options{Verbosity: 1}},
		{"language.quiet.txt", text, Options{Quiet: true}},
		{"language.json", json, Options{}},
		{"language.jsonl", jsonl, Options{}},
	} {
		t.Run(test.file, func(t *testing.T) {
			out := &bytes.Buffer{}
			test.opt.Out, test.opt.Secrets = out, &engine.Secrets{}
			test.opt.Secrets.Add("s3cr3t-value")
			r := test.form(test.opt)
			tellAll(r, language())
			golden(t, test.file, out.String())
			shown := strings.ReplaceAll(out.String(), "s3cr3t-value is shown", "")
			for _, secret := range []string{"s3cr3t-value", "never-registered", "hidden-value"} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s is reported", secret)
				}
			}
		})
	}
}
