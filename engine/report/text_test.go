package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

func TestBanner(t *testing.T) {
	tests := []struct {
		name  string
		width int
		want  string
	}{
		{"Order databases", 0, "PLAY [Order databases] " + strings.Repeat("*", 57)},
		{"Order databases", 30, "PLAY [Order databases] " + strings.Repeat("*", 8)},
		{"日本", 0, "PLAY [日本] " + strings.Repeat("*", 68)},
		{"e\u0301te\u0301", 0, "PLAY [e\u0301te\u0301] " + strings.Repeat("*", 69)},
		{"🚀", 0, "PLAY [🚀] " + strings.Repeat("*", 70)},
		{strings.Repeat("x", 100), 0, "PLAY [" + strings.Repeat("x", 100) + "] ***"},
		{" a\x1b[2J\nb ", 0, "PLAY [a�[2J�b] " + strings.Repeat("*", 65)},
		{"", 0, "PLAY " + strings.Repeat("*", 75)},
	}
	for _, test := range tests {
		var out strings.Builder
		NewText(Options{Out: &out, Width: test.width}).Tell(engine.PlayStart{Name: test.name})
		if got := strings.Trim(out.String(), "\n"); got != test.want {
			t.Errorf("the banner of %q is\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func TestWarningsWithoutAStreamOfTheirOwn(t *testing.T) {
	var out strings.Builder
	r := NewText(Options{Out: &out})
	r.Tell(engine.Warning{Problem: &diagnostic.Problem{Msg: "mind the gap", Severity: diagnostic.Warning}})
	if got, want := out.String(), "[WARNING]: mind the gap\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestControlCharactersInResults(t *testing.T) {
	var out strings.Builder
	step := &engine.Step{Kind: debug}
	r := NewText(Options{Out: &out})
	r.Tell(engine.TaskStart{Step: step, Name: "x"})
	out.Reset()
	r.Tell(engine.TaskEnd{Step: step, Shows: true, Result: value.MapOf("msg", "a\x1b\x7f\u009bü\u00a0b")})
	want := "ok: [localhost] => {\n    \"msg\": \"a\\u001b\\u007f\\u009bü\u00a0b\"\n}\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// A step whose end does not repeat it is the one that was opened last.
func TestEndWithoutStep(t *testing.T) {
	for _, form := range []func(Options) Reporter{text, json, jsonl} {
		var out strings.Builder
		r := form(Options{Out: &out, Verbosity: 3})
		r.Tell(engine.RunStart{})
		r.Tell(engine.PlayStart{Name: "p"})
		r.Tell(engine.TaskStart{Step: &engine.Step{ID: "1.1", Kind: register}, Name: "the task"})
		r.Tell(engine.TaskEnd{Name: "the task", Result: value.MapOf("env", value.MapOf("PASSWORD", "unmasked"))})
		tellAll(r, []engine.Event{engine.RunEnd{}})
		if strings.Contains(out.String(), "unmasked") {
			t.Errorf("%T shows what the step's kind hides:\n%s", r, &out)
		}
		if _, ok := r.(*Text); ok && strings.Count(out.String(), "the task") != 1 {
			t.Errorf("not one banner:\n%s", &out)
		}
	}
}

func TestEndWithoutStart(t *testing.T) {
	var out strings.Builder
	NewText(Options{Out: &out, Width: 20}).Tell(engine.TaskEnd{Step: &engine.Step{}, Name: "late"})
	if got, want := out.String(), "\nTASK [late] *********\nok: [localhost]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Events that say as little as possible are no reason to panic.
func TestPoorEvents(t *testing.T) {
	events := []engine.Event{
		engine.TaskEnd{}, engine.TaskProgress{}, engine.Warning{}, engine.RunStart{}, engine.PlayStart{}, engine.TaskStart{},
		engine.TaskStart{Step: &engine.Step{}}, engine.TaskEnd{Step: &engine.Step{}, Shows: true},
		engine.TaskEnd{Diff: true, Outcome: engine.Changed}, engine.TaskEnd{Shows: true, Result: "text"},
		engine.TaskEnd{Outcome: engine.Changed, Diff: true, Change: &engine.Change{Action: engine.Delete}},
		engine.TaskEnd{Outcome: engine.Failed}, engine.TaskEnd{Outcome: engine.Failed, NoLog: true, Problem: &diagnostic.Problem{}},
		engine.TaskEnd{Outcome: engine.Failed, Problem: &diagnostic.Problem{Place: diagnostic.Place{Source: &diagnostic.Source{}, Line: 9, Col: 9}}},
		engine.TaskEnd{Outcome: engine.Skipped}, engine.TaskEnd{Outcome: engine.Ignored, Result: &value.Unknown{}},
		engine.TaskEnd{Outcome: engine.Blocked, Took: time.Second}, engine.RunEnd{}, engine.RunEnd{Interrupted: true},
	}
	for _, form := range []func(Options) Reporter{text, json, jsonl} {
		for _, quiet := range []bool{false, true} {
			var out strings.Builder
			r := form(Options{Out: &out, Verbosity: 3, Quiet: quiet, Color: true})
			tellAll(r, events)
			if out.Len() == 0 {
				t.Errorf("%T wrote nothing", r)
			}
		}
	}
}

var errClosed = errors.New("closed pipe")

// closing takes some writes, then fails, and counts all.
type closing struct{ left, writes int }

func (c *closing) Write(p []byte) (int, error) {
	c.writes++
	if c.left == 0 {
		return 0, errClosed
	}
	c.left--
	return len(p), nil
}

func TestClosedPipe(t *testing.T) {
	for _, form := range []func(Options) Reporter{text, json, jsonl} {
		for _, left := range []int{0, 1, 5} {
			out := &closing{left: left}
			r := form(Options{Out: out, Verbosity: 3})
			tellAll(r, whole())
			if _, once := r.(*JSON); once && left > 0 {
				continue
			}
			if !errors.Is(r.Err(), errClosed) {
				t.Errorf("%T: got error %v", r, r.Err())
			}
			if out.writes != left+1 {
				t.Errorf("%T wrote %d times, want %d: none after the first error", r, out.writes, left+1)
			}
		}
	}
}

func TestProgressThatIsSeenElsewhere(t *testing.T) {
	step := &engine.Step{As: "debug", Kind: &engine.Kind{Name: "debug"}}
	for live, want := range map[bool]string{true: "", false: "  ********\n"} {
		var out strings.Builder
		secrets := &engine.Secrets{}
		secrets.Add("hunter2hunter2")
		text := NewText(Options{Out: &out, Live: live, Width: 20, Secrets: secrets})
		text.Tell(engine.TaskStart{Step: step, Name: "x"})
		text.Tell(engine.TaskProgress{Step: step, Text: "hunter2hunter2"})
		if got := strings.TrimPrefix(out.String(), "\nTASK [x] ************\n"); got != want {
			t.Errorf("live %v: %q, want %q", live, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for text, want := range map[string]string{"short": "short", "12345678": "12345678", "123456789": "1234567…", "日本日本日": "日本日…"} {
		if got := Cut(text, 8); got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
}
