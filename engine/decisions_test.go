package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
	expectReports(t, map[string]languageCase{
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
	return engine.Change{Effect: engine.Variables{List: []engine.Var{{Name: "x", Value: r.value}}}}, nil
}

func (*reads) Guard() {}

func (*reads) Defines(*expr.Node) (names []string, more bool) { return nil, true }

// A variable that is read while the play runs may mention any name. Who uses it
// waits for all above, though nothing showed that beforehand.
func TestAVariableReadWhileRunningSeesAllAbove(t *testing.T) {
	for _, jobs := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			p := script(t, newWorld(), "stop\nput name=a value=1 takes=5 | register=result\nsay msg={{x}}")
			s := p.Plays[0].Tasks[0].(*engine.Step)
			x := scalar(t, s.Place, "{{vars['re'+'sult'].value}}")
			s.Kind = &engine.Kind{Name: "reads", New: func() engine.Task { return &reads{x} }}
			seen := run(t, p, engine.Options{Jobs: jobs})
			if want := `1.3 ok {"msg": "1"`; !strings.Contains(seen.String(), want) {
				t.Errorf("%d jobs: want %s, reported:\n%s", jobs, want, seen)
			}
		})
	}
}

// A control counts only where its task did well.
func TestWhatFailsDemandsNothing(t *testing.T) {
	expectReports(t, map[string]languageCase{
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
		t.Errorf("want %s, got %s", want, seen)
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

// bare returns a step of a kind that takes no arguments, in the place of a step.
func bare(p *engine.Program, i int, k *engine.Kind) {
	s := p.Plays[0].Tasks[i].(*engine.Step)
	s.Kind, s.Args = k, nil
}

// acting is a task with a change of its own.
type acting struct{ change engine.Change }

func (a *acting) Plan(context.Context, *engine.Host) (engine.Change, error) { return a.change, nil }

func actingKind(c engine.Change) *engine.Kind {
	return &engine.Kind{Name: "acting", New: func() engine.Task { return &acting{c} }}
}

// What is risky waits as what deletes does: nothing above may fail any more.
func TestWhatIsRiskyGoesLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := false
		p := script(t, newWorld(), "put name=a value=1 takes=5 fail=true\nput name=x")
		bare(p, 1, actingKind(engine.Change{Action: engine.Update, Risk: "it is read-only while it moves", Allow: "migrate",
			Do: func(context.Context, *engine.Host) (engine.Value, error) { done = true; return nil, nil }}))
		seen := run(t, p, engine.Options{Allow: []string{"migrate"}})
		if done || !strings.Contains(seen.String(), "1.2 blocked") {
			t.Errorf("it was done below a task that failed:\n%s", seen)
		}
	})
}

// Nothing is deleted in a block either, when a task above the block has failed,
// though the run keeps going.
func TestNothingIsDeletedInABlockBelowAFailure(t *testing.T) {
	for _, jobs := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.things["old"] = "1"
			_, seen := play(t, w, "put name=a value=1 fail=true\nblock\ndrop name=old\nalways\nsay msg=x\nend", engine.Options{KeepGoing: true, Jobs: jobs})
			if w.things["old"] == "" {
				t.Errorf("%d jobs: it was deleted:\n%s", jobs, seen)
			}
		})
	}
}

// A change that has begun is not cut off when the run is interrupted.
func TestAnInterruptionLetsAChangeEnd(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	p := script(t, newWorld(), "put name=x")
	var cut error
	bare(p, 0, actingKind(engine.Change{Action: engine.Update, Do: func(ctx context.Context, _ *engine.Host) (engine.Value, error) {
		interrupt()
		cut = ctx.Err()
		return nil, cut
	}}))
	seen := &witness{}
	result, err := engine.Run(ctx, p, engine.Options{Reporter: seen})
	if err != nil || cut != nil || !result.Interrupted || !strings.Contains(seen.String(), "1.1 changed") {
		t.Errorf("%v, %v, interrupted = %v:\n%s", err, cut, result.Interrupted, seen)
	}
}

// --keep-going passes over what depends on a failed task, however far away.
func TestKeepGoingLeavesOutWhatDependsOnWhatIsLeftOut(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"two tasks away": {text: "put name=a value=1 fail=true | register=r\nput name=b value={{r.value}} | register=s\nput name=c value={{s.value}}\nput name=d value=1",
			opt: engine.Options{KeepGoing: true}, want: `
			task 1.1
			1.1 failed: test.yml:1:1: a cannot be put
			1.2 blocked
			1.3 blocked
			task 1.4
			1.4 changed`},
	})
}

// Of many steps that may define a name only the last ones are edges beforehand: the lookup
// waits for all of them.
func TestALookupWaitsForAllThatMayDefineAName(t *testing.T) {
	for _, jobs := range []int{1, 64} {
		synctest.Test(t, func(t *testing.T) {
			text := "put name=a value=m takes=5 | register=p\nset plan={{p.value}}\n" +
				strings.Repeat("set plan=x | when=false\n", 40) + "say msg={{plan|default('none')}}"
			_, seen := play(t, newWorld(), text, engine.Options{Jobs: jobs})
			if !strings.Contains(seen.String(), `ok {"msg": "m"`) {
				t.Errorf("%d jobs: the first of them is not seen:\n%s", jobs, seen)
			}
		})
	}
}

// The first handler of a name runs, in the play and in each role.
func TestTheFirstHandlerOfANameRuns(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"two of one name": {text: "put name=a value=1 | notify=h\nhandler say msg=first | name=h\nhandler say msg=last | name=h", want: `
			task 1.1
			1.1 changed
			task 1.2
			1.2 ok {"msg": "first", "changed": false, "failed": false}`},
	})
}

// What was worked out below a task that fails later counts as never done: a rescue
// does not see its facts.
func TestARescueSeesNoFactFromBelowTheFailure(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"a fact": {text: "block\nput name=a value=1 takes=5 fail=true\nset x=1\nrescue\nsay msg={{x|default('none')}}\nend", want: `
			task 1.2
			1.2 rescued: test.yml:2:1: a cannot be put
			task 1.5
			1.5 ok {"msg": "none", "changed": false, "failed": false}`},
	})
}

func TestABlockIsLeftOutWhenNothingOfItIsSelected(t *testing.T) {
	expectReports(t, map[string]languageCase{
		"its always is selected": {text: "block\nsay msg=a | tags=x\nalways\nsay msg=b | tags=y\nend", opt: engine.Options{Selection: engine.Selection{Tags: []string{"y"}}}, want: `
			task 1.4
			1.4 ok {"msg": "b", "changed": false, "failed": false}`},
		"its rescue alone": {text: "block\nsay msg=a | tags=x\nrescue\nsay msg=b | tags=y\nend", opt: engine.Options{Selection: engine.Selection{Tags: []string{"y"}}}, want: ""},
	})
}

// pruning is a task that prunes.
type pruning struct{ change engine.Change }

func (p *pruning) Plan(context.Context, *engine.Host) (engine.Change, error) { return p.change, nil }

func (*pruning) Prunes() {}

// Whoever prunes is skipped where a part of the playbook is left out: what is left
// out would count as not declared.
func TestNothingIsPrunedWhenAPartIsPlayed(t *testing.T) {
	for name, opt := range map[string]engine.Options{
		"tags":          {Selection: engine.Selection{Tags: []string{"all"}}},
		"skip-tags":     {Selection: engine.Selection{Skip: []string{"x"}}},
		"start-at-task": {Selection: engine.Selection{StartAt: "put"}},
		"step":          {Hooks: engine.Hooks{Step: func(context.Context, string) (engine.Answer, error) { return engine.Yes, nil }}},
	} {
		done := false
		p := script(t, newWorld(), "put name=a value=1\nsay msg=x")
		c := engine.Change{Action: engine.Delete, Do: func(context.Context, *engine.Host) (engine.Value, error) { done = true; return nil, nil }}
		bare(p, 1, &engine.Kind{Name: "pruning", New: func() engine.Task { return &pruning{c} }})
		if seen := run(t, p, opt); done || !strings.Contains(seen.String(), "1.2 skipped") {
			t.Errorf("%s: it pruned:\n%s", name, seen)
		}
		if run(t, p, engine.Options{}); !done {
			t.Errorf("%s: it prunes never", name)
		}
	}
}

// looker reads a thing, which takes five seconds.
type looker struct{ name string }

func (l *looker) Resources() []engine.Resource {
	return []engine.Resource{{Path: "things/" + l.name, Read: true}}
}

func (l *looker) Plan(context.Context, *engine.Host) (engine.Change, error) {
	time.Sleep(5 * time.Second)
	return engine.Change{}, nil
}

// What two tasks only read, they read at once; what one of them writes, they use
// one after the other.
func TestReadersOfAResourceWaitForItsWriters(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"look look":     5 * time.Second,
		"look put":      10 * time.Second,
		"put look":      10 * time.Second,
		"put look look": 10 * time.Second,
		"look look put": 10 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			var lines []string
			for range strings.Fields(text) {
				lines = append(lines, "put name=a value=1 takes=5")
			}
			p := script(t, newWorld(), strings.Join(lines, "\n"))
			for i, word := range strings.Fields(text) {
				if word == "look" {
					bare(p, i, &engine.Kind{Name: "look", New: func() engine.Task { return &looker{"a"} }})
				}
			}
			start := time.Now()
			run(t, p, engine.Options{})
			if took := time.Since(start); took != want {
				t.Errorf("%s: took %v, want %v", text, took, want)
			}
		})
	}
}

// A change that has begun lets those below begin, whatever they use and however soon
// they were ready.
func TestChangesRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := actingKind(engine.Change{Action: engine.Update, Do: func(context.Context, *engine.Host) (engine.Value, error) {
			time.Sleep(5 * time.Second)
			return nil, nil
		}})
		p := script(t, newWorld(), "put name=a value=1 takes=5\nput name=x\nput name=y")
		bare(p, 1, slow)
		bare(p, 2, slow)
		start := time.Now()
		run(t, p, engine.Options{})
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %v, want 5s", took)
		}
	})
}
