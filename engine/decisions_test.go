package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

// purge deletes whatever there is when it plans.
type purge struct{ w *world }

func (p *purge) Plan(context.Context, *engine.Host) (engine.Change, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	var found []string
	for name := range p.w.things {
		found = append(found, name)
	}
	return engine.Change{Action: engine.Delete, Object: "everything", Do: func(context.Context, *engine.Host) (engine.Value, error) {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		for _, name := range found {
			delete(p.w.things, name)
		}
		return nil, nil
	}}, nil
}

// A change that had to wait for what stands above it is planned again: what was
// read before may be old.
func TestWhatWaitedIsPlannedAgain(t *testing.T) {
	for _, jobs := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.things["old"] = "1"
			p := script(t, w, "put name=new value=1 takes=5\nput name=purge value=1")
			p.Plays[0].Tasks[1].(*engine.Step).Kind = &engine.Kind{Name: "purge", New: func() engine.Task { return &purge{w} }}
			p.Plays[0].Tasks[1].(*engine.Step).Args = nil
			run(t, p, engine.Options{Jobs: jobs})
			if len(w.things) > 0 {
				t.Errorf("%d jobs: it deleted what it saw before it waited, and left %v", jobs, w.things)
			}
		})
	}
}

func run(t *testing.T, p *engine.Program, opt engine.Options) *witness {
	t.Helper()
	seen := &witness{}
	opt.Reporter = seen
	if _, err := engine.Run(t.Context(), p, opt); err != nil {
		t.Fatal(err)
	}
	return seen
}

// An item whose arguments mention what the loop registers sees the item before.
func TestItemsThatMentionTheirOwnResult(t *testing.T) {
	for _, jobs := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			play(t, w, "put name={{item}} value={{r.name|default('none')}} takes=1 | loop=a,b,c register=r", engine.Options{Jobs: jobs})
			want := map[string]string{"a": "none", "b": "a", "c": "b"}
			if diff := cmp.Diff(want, w.things); diff != "" {
				t.Errorf("%d jobs: %s", jobs, diff)
			}
		})
	}
}

// A step that may mention any name waits for all above it.
func TestNamesMadeWhileRunning(t *testing.T) {
	const reads = `
		task 1.1
		1.1 changed
		task 1.2
		1.2 ok {"msg": "1", "changed": false, "failed": false}`
	told(t, map[string]languageCase{
		"vars": {text: "put name=a value=1 takes=5 | register=r\nsay msg={{vars['r'].value}}", want: reads},
		"vars, by a name that is put together": {
			text: "put name=a value=1 takes=5 | register=result\nsay msg={{vars['re'+'sult'].value}}", want: reads},
		"all of vars": {
			text: "put name=a value=1 takes=5 | register=r\nsay msg={{vars|dict2items|selectattr('key','equalto','r')|map(attribute='value.value')|first}}", want: reads},
	})
}

// reads is a kind that reads a variable while the play runs, as include_vars does.
type reads struct{ value *expr.Node }

func (r *reads) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{Vars: []engine.Var{{Name: "x", Value: r.value}}}, nil
}

// A variable that is read while the play runs may mention any name. Who uses it
// waits for all above, though nothing showed that beforehand.
func TestAVariableReadWhileRunningSeesAllAbove(t *testing.T) {
	for _, jobs := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			p := script(t, newWorld(), "stop\nput name=a value=1 takes=5 | register=result\nsay msg={{x}}")
			s := p.Plays[0].Tasks[0].(*engine.Step)
			x := scalar(t, s.Place, "{{vars['re'+'sult'].value}}")
			s.Kind = &engine.Kind{Name: "reads", Guard: true, Defines: anyName, New: func() engine.Task { return &reads{x} }}
			seen := run(t, p, engine.Options{Jobs: jobs})
			if want := `1.3 ok {"msg": "1"`; !strings.Contains(seen.String(), want) {
				t.Errorf("%d jobs: want %s, reported:\n%s", jobs, want, seen)
			}
		})
	}
}

// A control counts only where its task did well.
func TestWhatFailsDemandsNothing(t *testing.T) {
	told(t, map[string]languageCase{
		"end_play": {text: "meta do=end_play | failed_when=true ignore_errors=true\nsay msg=after", want: `
			task 1.1
			1.1 ignored: test.yml:1:1: failed_when holds: true
			task 1.2
			1.2 ok {"msg": "after", "changed": false, "failed": false}`},
		"flush_handlers": {text: "put name=a value=1 | notify=h\nmeta do=flush_handlers | failed_when=true ignore_errors=true\nsay msg=after\nhandler say msg=handled | name=h", want: `
			task 1.1
			1.1 changed
			task 1.2
			1.2 ignored: test.yml:2:1: failed_when holds: true
			task 1.3
			1.3 ok {"msg": "after", "changed": false, "failed": false}
			task 1.4
			1.4 ok {"msg": "handled", "changed": false, "failed": false}`},
	})
}

// The innermost environment counts: that of the task beats its block's, and that
// the play's; what none of them names is the process's.
func TestTheInnermostEnvironmentCounts(t *testing.T) {
	outer := func(*expr.Context, []value.Value, *value.Map) ([]value.Value, error) {
		return []value.Value{"process"}, nil
	}
	p := script(t, newWorld(), "say msg={{lookup('env','A')}},{{lookup('env','B')}},{{lookup('env','C')}},{{lookup('env','D')}}")
	s := p.Plays[0].Tasks[0].(*engine.Step)
	for _, text := range []string{"A=play B=play C=play", "A=block B=block", "A=task"} {
		s.Environment = append(s.Environment, mapping(t, s.Place, text))
	}
	seen := run(t, p, engine.Options{Lookups: map[string]expr.Lookup{"env": outer}})
	if want := `{"msg": "task,block,play,process"`; !strings.Contains(seen.String(), want) {
		t.Errorf("want %s, told %s", want, seen)
	}
}

// wanting tells which parts of its result are read later.
type wanting struct {
	seen *[]string
	keys []string
}

func (w *wanting) Plan(_ context.Context, h *engine.Host) (engine.Change, error) {
	for _, key := range w.keys {
		if h.Mentioned(key) {
			*w.seen = append(*w.seen, key)
		}
	}
	return engine.Change{Result: value.MapOf("env", []value.Value{"x"}, "tags", []value.Value{"y"})}, nil
}

// A task knows which parts of its result are mentioned below it, wherever that is: in
// arguments, in a condition, as the list of a loop, by way of a variable.
func TestWhatIsMentionedIsKnown(t *testing.T) {
	for text, want := range map[string]string{
		"say msg=x":                         "",
		"say msg={{r.env}}":                 "env",
		"say msg={{r}}":                     "",
		"say msg={{r['tags']}}":             "tags",
		"say msg=x | when=r.tags":           "tags",
		"say msg={{item}} | loop={{r.env}}": "env",
		"say msg={{vars['r'+'']}}":          "",
		"say msg={{v}} | var=v:{{r.env}}":   "env",
		"say msg={{vars['r'].env}}":         "env",
	} {
		var seen []string
		p := script(t, newWorld(), "put name=a | register=r\n"+text)
		s := p.Plays[0].Tasks[0].(*engine.Step)
		s.Args, s.Kind = nil, &engine.Kind{Name: "wanting", New: func() engine.Task { return &wanting{seen: &seen, keys: []string{"env", "tags"}} }}
		run(t, p, engine.Options{})
		if got := strings.Join(seen, " "); got != want {
			t.Errorf("%s: mentioned are %q, want %q", text, got, want)
		}
	}
}
