package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
)

func TestHandlers(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"once, in their order": {text: `
			put name=a value=1 | notify=second
			put name=b value=1 | notify=topic
			put name=b value=1 | notify=never
			put name=c value=1 | notify=second
			handler say msg=1 | name=first listen=topic
			handler say msg=2 | name=second
			handler say msg=3 | name=never`, want: `
			task 1.1
			1.1 changed
			task 1.2
			1.2 changed
			task 1.3
			1.3 ok
			task 1.4
			1.4 changed
			task 1.5
			1.5 ok {"msg": "1", "changed": false, "failed": false}
			task 1.6
			1.6 ok {"msg": "2", "changed": false, "failed": false}`},
		"now": {text: `
			put name=a value=1 | notify=h
			meta do=flush_handlers
			say msg=after
			handler say msg={{r|default('none')}} | name=h register=r`, want: `
			task 1.1
			1.1 changed
			task 1.2
			1.2 ok
			task 1.4
			1.4 ok {"msg": "none", "changed": false, "failed": false}
			task 1.3
			1.3 ok {"msg": "after", "changed": false, "failed": false}`},
		"not after a failure": {text: "put name=a value=1 | notify=h\nstop fail=true\nhandler say msg=1 | name=h", want: `
			task 1.1
			1.1 changed
			task 1.2
			1.2 failed: test.yml:2:1: stopped`},
		"forced": {text: "put name=a value=1 | notify=h\nstop fail=true\nhandler say msg=1 | name=h", opt: engine.Options{ForceHandlers: true}, want: `
			task 1.1
			1.1 changed
			task 1.2
			1.2 failed: test.yml:2:1: stopped
			task 1.3
			1.3 ok {"msg": "1", "changed": false, "failed": false}`},
		"unknown": {text: "put name=a value=1 | notify={{'no'}}\nhandler say msg=1 | name=h", want: `
			task 1.1
			1.1 failed: test.yml:1:1: no handler is called "no", and none listens to that`},
	})
}

func TestWhatAHandlerBringsInIsAnnouncedAsOne(t *testing.T) {
	var announced []bool
	w := newWorld()
	_, err := engine.Run(t.Context(), script(t, w, "put name=a value=1 | notify=h\nhandler bring file=more | name=h"), engine.Options{
		Hooks: includes(t, w, map[string]string{"more": "say msg=x"}),
		Reporter: reporterFunc(func(e engine.Event) {
			if start, ok := e.(engine.TaskStart); ok {
				announced = append(announced, start.Handler)
			}
		}),
	})
	if err != nil || !slices.Equal(announced, []bool{false, true, true}) {
		t.Errorf("error %v, announced %v", err, announced)
	}
}

func TestTheEndOfAPlayOnPurposeIsNoFailure(t *testing.T) {
	result, seen := play(t, newWorld(), "say msg=1\nmeta do=end_play\nsay msg=2", engine.Options{})
	if want := (engine.Stats{OK: 1}); result.Stats != want || strings.Contains(seen.String(), "1.3") {
		t.Errorf("stats %+v, got\n%s", result.Stats, seen)
	}
}

// includes returns scripts by name to those that bring them in.
func includes(t *testing.T, w *world, files map[string]string) engine.Hooks {
	return engine.Hooks{Load: func(_ context.Context, by *engine.Step, path string) (*engine.Included, error) {
		text, ok := files[path]
		if !ok {
			return nil, errors.New("no such file")
		}
		return &engine.Included{File: path, Items: script(t, w, text).Plays[0].Tasks}, nil
	}}
}

func TestIncludes(t *testing.T) {
	files := map[string]string{
		"two":  "put name=x value={{item|default(0)}} | register=r\nsay msg={{r.value}}{{p|default('')}}",
		"fail": "stop fail=true",
	}
	for name, c := range map[string]struct{ text, want string }{
		"one": {"bring file=two\nsay msg={{r.value}}", `
			task 1.1
			1.1 ok included two
			task 1.1
			1.1 changed
			task 1.2
			1.2 ok {"msg": "0", "changed": false, "failed": false}
			task 1.2
			1.2 ok {"msg": "0", "changed": false, "failed": false}`},
		"looped": {"bring file=two | loop=5,6", `
			task 1.1
			1.1 (5) ok
			1.1 (6) ok
			1.1 ok included two
			task 1.1
			1.1 changed
			task 1.2
			1.2 ok {"msg": "5", "changed": false, "failed": false}
			task 1.1
			1.1 changed
			task 1.2
			1.2 ok {"msg": "6", "changed": false, "failed": false}`},
		"skipped": {"bring file=two | when=false", "task 1.1\n1.1 skipped"},
		"missing": {"bring file=none\nsay msg=x", "task 1.1\n1.1 failed: test.yml:1:1: no such file\n1.2 blocked"},
		"failing": {"bring file=fail\nsay msg=x", "task 1.1\n1.1 ok included fail\ntask 1.1\n1.1 failed: test.yml:1:1: stopped\n1.2 blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			_, seen := play(t, w, c.text, engine.Options{Hooks: includes(t, w, files)})
			if diff := cmp.Diff(unindented(c.want), seen.String()); diff != "" {
				t.Errorf("want, got:\n%s", diff)
			}
		})
	}
}

func TestTags(t *testing.T) {
	const text = "say msg=1 | tags=a\nsay msg=2 | tags=b,always\nsay msg=3 | tags=never,c\nsay msg=4"
	for _, c := range []struct {
		s    engine.Selection
		want []string
	}{
		{engine.Selection{}, []string{"1.1", "1.2", "1.4"}},
		{engine.Selection{Tags: []string{"a"}}, []string{"1.1", "1.2"}},
		{engine.Selection{Tags: []string{"c"}}, []string{"1.2", "1.3"}},
		{engine.Selection{Tags: []string{"tagged"}}, []string{"1.1", "1.2"}},
		{engine.Selection{Tags: []string{"untagged"}}, []string{"1.2", "1.4"}},
		{engine.Selection{Skip: []string{"a"}}, []string{"1.2", "1.4"}},
		{engine.Selection{Tags: []string{"a"}, Skip: []string{"always"}}, []string{"1.1"}},
		{engine.Selection{Skip: []string{"tagged"}}, []string{"1.4"}},
		{engine.Selection{Tags: []string{"b"}, Skip: []string{"b"}}, nil},
	} {
		_, seen := play(t, newWorld(), text, engine.Options{Selection: c.s})
		var done []string
		for _, line := range seen.lines {
			if id, ok := strings.CutPrefix(line, "task "); ok {
				done = append(done, id)
			}
		}
		if !slices.Equal(done, c.want) {
			t.Errorf("%+v: %v, want %v", c.s, done, c.want)
		}
	}
}

func TestStartAtTask(t *testing.T) {
	const text = "say msg=1 | name=one\nblock\nsay msg=2 | name=two\nsay msg=3 | name=three\nalways\nsay msg=4\nend"
	_, seen := play(t, newWorld(), text, engine.Options{Selection: engine.Selection{StartAt: "thr*"}})
	if got := strings.Join(seen.lines, " "); strings.Contains(got, "1.1") || strings.Contains(got, "1.3") || !strings.Contains(got, "1.4 ok") {
		t.Errorf("got %s", got)
	}
	_, err := engine.Run(t.Context(), script(t, newWorld(), text), engine.Options{Selection: engine.Selection{StartAt: "tow"}})
	if err == nil || !strings.Contains(err.Error(), `did you mean "two"?`) {
		t.Errorf("error %v", err)
	}
}

func TestStepByStep(t *testing.T) {
	answers := []engine.Answer{engine.No, engine.Yes, engine.GoOn}
	opt := engine.Options{Hooks: engine.Hooks{Step: func(context.Context, string) (engine.Answer, error) {
		a := answers[0]
		answers = answers[1:]
		return a, nil
	}}}
	_, seen := play(t, newWorld(), "say msg=1\nsay msg=2\nsay msg=3\nsay msg=4", opt)
	if len(seen.lines) != 6 || seen.lines[0] != "task 1.2" {
		t.Errorf("got\n%s", seen)
	}
}
