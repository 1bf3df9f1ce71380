package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

// variables makes variables that all have one value.
func variables(t *testing.T, value string, names ...string) []engine.Var {
	var list []engine.Var
	for _, name := range names {
		list = append(list, engine.Var{Name: name, Value: scalar(t, diagnostic.Place{}, value)})
	}
	return list
}

// The ladder of precedence: each rung defines its own name and those of all below.
func TestPrecedence(t *testing.T) {
	w := newWorld()
	rungs := []string{"play", "prompt", "file", "task", "fact", "param", "extra"}
	p := script(t, w, "set play=x prompt=x file=x task=x fact=fact\nbring file=all\nsay msg={{fact}}")
	shows := "say msg={{play}},{{prompt}},{{file}},{{task}},{{fact}},{{param}},{{extra}}"
	p.Plays[0].Vars = variables(t, "play", rungs...)
	p.Plays[0].Prompts = []*engine.Prompt{}
	for _, name := range rungs[1:] {
		p.Plays[0].Prompts = append(p.Plays[0].Prompts, &engine.Prompt{Name: name, Default: scalar(t, diagnostic.Place{}, "prompt")})
	}
	p.Plays[0].VarsFiles = []*engine.VarsFile{{Read: true, Vars: variables(t, "file", rungs[2:]...)}}
	set, bring := p.Plays[0].Tasks[0].(*engine.Step), p.Plays[0].Tasks[1].(*engine.Step)
	set.Args = mapping(t, set.Place, "fact=fact param=fact extra=fact")
	bring.Params = variables(t, "param", "param", "extra")
	seen := &witness{}
	_, err := engine.Run(t.Context(), p, engine.Options{
		Reporter: seen, ExtraVars: variables(t, "extra", "extra"),
		Hooks: engine.Hooks{Load: func(context.Context, *engine.Step, string) (*engine.Included, error) {
			items := script(t, w, shows).Plays[0].Tasks
			items[0].(*engine.Step).Vars = variables(t, "task", rungs[3:]...)
			return &engine.Included{File: "all", Items: items}, nil
		}},
	})
	if err != nil || !strings.Contains(seen.String(), `"play,prompt,file,task,fact,param,extra"`) {
		t.Errorf("error %v, got\n%s", err, seen)
	}
}

func TestPrompts(t *testing.T) {
	ask := func(answer string, err error) engine.Hooks {
		return engine.Hooks{Prompt: func(context.Context, engine.Question) (string, error) { return answer, err }}
	}
	otherwise := scalar(t, diagnostic.Place{}, "{{ 'def' ~ 'ault' }}")
	for name, c := range map[string]struct {
		prompt engine.Prompt
		opt    engine.Options
		want   string
	}{
		"answered":             {engine.Prompt{}, engine.Options{Hooks: ask("blue", nil)}, `"msg": "blue"`},
		"empty":                {engine.Prompt{Default: otherwise}, engine.Options{Hooks: ask("", nil)}, `"msg": "default"`},
		"nobody":               {engine.Prompt{Default: otherwise}, engine.Options{}, `"msg": "default"`},
		"nobody and no answer": {engine.Prompt{}, engine.Options{}, "play failed: \"v\" is prompted for, and there is no terminal; give it with -e v=…"},
		"given":                {engine.Prompt{}, engine.Options{ExtraVars: variables(t, "red", "v"), Hooks: ask("blue", nil)}, `"msg": "red"`},
		"interrupted":          {engine.Prompt{}, engine.Options{Hooks: ask("", errors.New("closed"))}, "play failed: closed"},
	} {
		t.Run(name, func(t *testing.T) {
			p, seen := script(t, newWorld(), "say msg={{v}}"), &witness{}
			c.prompt.Name = "v"
			p.Plays[0].Prompts = []*engine.Prompt{&c.prompt}
			c.opt.Reporter = seen
			result, err := engine.Run(t.Context(), p, c.opt)
			if err != nil || !strings.Contains(seen.String(), c.want) {
				t.Errorf("error %v, got\n%s", err, seen)
			}
			if failed := strings.HasPrefix(c.want, "play failed"); (result.Stats.Failed == 1) != failed {
				t.Errorf("stats %+v", result.Stats)
			}
		})
	}
}

func TestWhatIsTypedInPrivateIsASecret(t *testing.T) {
	p, secrets := script(t, newWorld(), "say msg={{v|length}}"), &engine.Secrets{}
	p.Plays[0].Prompts = []*engine.Prompt{{Name: "v", Private: true}}
	_, err := engine.Run(t.Context(), p, engine.Options{Secrets: secrets, Hooks: engine.Hooks{
		Prompt: func(context.Context, engine.Question) (string, error) { return "hunter2-hunter2", nil },
	}})
	if got := secrets.Mask("it is hunter2-hunter2"); err != nil || got != "it is "+engine.Masked {
		t.Errorf("error %v, shown %q", err, got)
	}
}

func TestFilesOfVariablesReadLate(t *testing.T) {
	t.Parallel()
	p, seen := script(t, newWorld(), "put name=a value=1 takes=3 | register=r\nsay msg={{late}}\nput name={{unset|default('b')}} value=1"), &witness{}
	file := &engine.VarsFile{Paths: []*expr.Node{scalar(t, diagnostic.Place{}, "{{env}}.yml"), scalar(t, diagnostic.Place{}, "other.yml")}}
	p.Plays[0].VarsFiles = []*engine.VarsFile{file}
	p.Plays[0].Vars = variables(t, "dev", "env")
	hooks := engine.Hooks{ReadVars: func(_ context.Context, which engine.VarsQuery) ([]engine.Var, error) {
		paths := which.Paths
		if fmt.Sprint(paths) != "[dev.yml other.yml]" {
			return nil, errors.New("no such file")
		}
		return variables(t, "{{r.name}} of {{env}}", "late"), nil
	}}
	_, err := engine.Run(t.Context(), p, engine.Options{Reporter: seen, Hooks: hooks})
	if err != nil || !strings.Contains(seen.String(), `"msg": "a of dev"`) {
		t.Errorf("error %v, got\n%s", err, seen)
	}
	file.Paths = file.Paths[:1]
	result, err := engine.Run(t.Context(), p, engine.Options{Reporter: seen, Hooks: hooks})
	if err != nil || result.Stats.Failed != 1 || !strings.Contains(seen.String(), "play failed: no such file") {
		t.Errorf("error %v, got\n%s", err, seen)
	}
}

// interrupted plays a script and interrupts it after two seconds.
func interrupted(t *testing.T, text string, check func(w *world, seen *witness, r engine.Result)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(2 * time.Second); cancel() }()
		w, seen := newWorld(), &witness{}
		result, err := engine.Run(ctx, script(t, w, text), engine.Options{Reporter: seen})
		if err != nil || !result.Interrupted {
			t.Errorf("error %v, result %+v", err, result)
		}
		check(w, seen, result)
		synctest.Wait()
	})
}

func TestInterruptedLoopsAndBlocks(t *testing.T) {
	interrupted(t, "put name={{item}} value=1 takes=9 | loop=a,b,c throttle=1", func(w *world, seen *witness, _ engine.Result) {
		if len(w.things) != 1 || seen.String() != "task 1.1\n1.1 (a) changed\n1.1 changed, 2 items not started" {
			t.Errorf("world %v, got\n%s", w.things, seen)
		}
	})
	interrupted(t, "block\nput name=a value=1 takes=9 fail=true\nsay msg=x | when=false\nrescue\nsay msg=rescue\nalways\nsay msg=always\nend\nsay msg=after", func(_ *world, seen *witness, r engine.Result) {
		if strings.Contains(seen.String(), `"msg"`) || r.Stats.OK != 0 || r.Stats.Failed != 1 {
			t.Errorf("stats %+v, got\n%s", r.Stats, seen)
		}
	})
	interrupted(t, "put name=a value=1 takes=9 | notify=h\nhandler say msg=handled | name=h", func(_ *world, seen *witness, _ engine.Result) {
		if seen.String() != "task 1.1\n1.1 changed" {
			t.Errorf("got\n%s", seen)
		}
	})
	interrupted(t, "say msg=x | until=false retries=9 delay=5\nsay msg=y | when=false", func(_ *world, seen *witness, r engine.Result) {
		if r.Stats.Failed != 0 || r.Stats.Blocked != 1 {
			t.Errorf("stats %+v, got\n%s", r.Stats, seen)
		}
	})
	interrupted(t, "wait seconds=9 | timeout=5", func(_ *world, seen *witness, r engine.Result) {
		if r.Stats.Blocked != 1 {
			t.Errorf("stats %+v, got\n%s", r.Stats, seen)
		}
	})
}

func TestKeepGoing(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"past a block that fails": {text: `
			block
			stop fail=true
			always
			put name=x value=1 | register=r
			end
			put name={{r.name}} value=2
			put name=y value=1
			handler say msg=handled | name=h`, opt: engine.Options{KeepGoing: true}, want: `
			task 1.2
			1.2 failed: test.yml:2:1: stopped
			task 1.4
			1.4 changed
			1.6 blocked
			task 1.7
			1.7 changed`},
		"not past what is fatal": {text: "stop fail=true | any_errors_fatal=true\nput name=y value=1", opt: engine.Options{KeepGoing: true},
			want: "task 1.1\n1.1 failed: test.yml:1:1: stopped\n1.2 blocked"},
	})
}
