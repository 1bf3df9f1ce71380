package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"runner/engine"
	"runner/engine/expr/value"
)

func TestIndependentStepsRunAtOnceAndAreReportedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		start := time.Now()
		result, seen := play(t, w, `
			put name=a value=1 takes=9
			put name=b value=1 takes=1
			put name=c value=1 takes=5`, engine.Options{})
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("took %v, want 9s", took)
		}
		want := "task 1.1\n1.1 changed\ntask 1.2\n1.2 changed\ntask 1.3\n1.3 changed"
		if seen.String() != want {
			t.Errorf("got\n%s", seen)
		}
		if result.Stats != (engine.Stats{OK: 3, Changed: 3}) {
			t.Errorf("stats %+v", result.Stats)
		}
	})
}

func TestJobsBoundWhatIsAtWork(t *testing.T) {
	for jobs, want := range map[int]int{1: 1, 3: 3, 0: engine.DefaultJobs} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			var text strings.Builder
			for i := range 80 {
				fmt.Fprintf(&text, "put name=n%d value=1 takes=1\n", i)
			}
			play(t, w, text.String(), engine.Options{Jobs: jobs})
			if w.peak != want {
				t.Errorf("with --jobs %d %d were at work at once, want %d", jobs, w.peak, want)
			}
		})
	}
}

func TestAStepWaitsForWhatItMentions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		_, seen := play(t, w, `
			put name=a value=1 takes=9 | register=r
			put name=b value={{r.value}}
			put name=c value=1 takes=1
			say msg={{r.name}}`, engine.Options{})
		if !w.before("end a", "start b") {
			t.Errorf("order: %v", w.log)
		}
		if !strings.HasSuffix(seen.String(), `1.4 ok {"msg": "a", "changed": false, "failed": false}`) {
			t.Errorf("got\n%s", seen)
		}
	})
}

func TestStepsThatTouchTheSameKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		play(t, w, `
			put name=a value=1 takes=5
			put name=a value=2 takes=1
			drop name=a
			put name=a value=3`, engine.Options{})
		want := []string{"start a", "end a", "start a", "end a", "drop a", "start a", "end a"}
		if !slices.Equal(w.log, want) || w.things["a"] != "3" {
			t.Errorf("order %v, world %v", w.log, w.things)
		}
	})
}

func TestAGuardHoldsBackWhatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		play(t, w, `
			put name=a value=1 takes=5
			stop
			put name=b value=1`, engine.Options{})
		if !slices.Equal(w.log, []string{"start a", "end a", "stop", "start b", "end b"}) {
			t.Errorf("order %v", w.log)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		result, _ := play(t, w, "stop fail=true\nput name=b value=1", engine.Options{})
		if len(w.things) != 0 || result.Stats.Failed != 1 || result.Stats.Blocked != 1 {
			t.Errorf("world %v, stats %+v", w.things, result.Stats)
		}
	})
}

func TestDestructionWaitsForAllAndNeedsThemWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.things["old"] = "1"
		play(t, w, "put name=new value=1 takes=9\ndrop name=old", engine.Options{})
		if !w.before("end new", "drop old") {
			t.Errorf("order %v", w.log)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.things["old"] = "1"
		result, seen := play(t, w, "put name=new value=1 takes=9 fail=true\ndrop name=old", engine.Options{KeepGoing: true})
		if w.things["old"] != "1" || result.Stats.Blocked != 1 {
			t.Errorf("world %v, got\n%s", w.things, seen)
		}
	})
}

func TestAFailureBlocksWhatHasNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		result, seen := play(t, w, `
			put name=a value=1 takes=2 fail=true | register=r
			put name=b value=1 takes=9
			put name=c value={{r.value}}`, engine.Options{})
		if w.things["b"] != "1" || result.Stats != (engine.Stats{OK: 1, Changed: 1, Failed: 1, Blocked: 1}) {
			t.Errorf("world %v, stats %+v", w.things, result.Stats)
		}
		if !strings.Contains(seen.String(), "1.1 failed: test.yml:1:1: a cannot be put") || !strings.HasSuffix(seen.String(), "1.3 blocked") {
			t.Errorf("got\n%s", seen)
		}
	})
}

func TestIgnoredFailuresAreRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, seen := play(t, newWorld(), `
			put name=a value=1 fail=true | register=r ignore_errors=true
			say msg={{r.failed}}-{{r.msg|length}} | when=r.failed`, engine.Options{})
		if !strings.Contains(seen.String(), `"msg": "True-15"`) || !strings.Contains(seen.String(), "1.1 ignored") {
			t.Errorf("got\n%s", seen)
		}
	})
}

func TestCheckWritesNothingAndMarksWhatIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		result, seen := play(t, w, `
			put name=a value=1 | register=r
			say msg={{r.name}}={{r.value}}
			put name={{r.value}} value=1 | register=s
			say msg={{s.value}}
			say msg=x | when=r.value
			put name=d value=1 | check_mode=false`, engine.Options{Check: true})
		if len(w.things) != 1 || w.things["d"] != "1" {
			t.Errorf("world %v", w.things)
		}
		if strings.Count(seen.String(), value.KnownAfterApply) != 2 || result.Stats.Changed != 2 || result.Stats.Unknown != 2 || result.Stats.Failed != 0 {
			t.Errorf("stats %+v, got\n%s", result.Stats, seen)
		}
	})
}

func TestWhoPlansCannotWrite(t *testing.T) {
	_, seen := play(t, newWorld(), "put name=a write_while_planning=true", engine.Options{})
	if !strings.Contains(seen.String(), engine.ErrReadOnly.Error()) {
		t.Errorf("got\n%s", seen)
	}
}

func TestConsent(t *testing.T) {
	const text = "drop name=a risky=true"
	for name, test := range map[string]struct {
		text string
		opt  engine.Options
		gone bool
	}{
		"nobody to ask":   {text, engine.Options{}, false},
		"allowed by flag": {text, engine.Options{Allow: []string{"delete"}}, true},
		"allowed in task": {text + " | allow=delete", engine.Options{}, true},
		"another allowed": {text, engine.Options{Allow: []string{"replace"}}, false},
		"said yes":        {text, engine.Options{Ask: func(context.Context, string) bool { return true }}, true},
		"said no":         {text, engine.Options{Ask: func(context.Context, string) bool { return false }}, false},
		"check":           {text, engine.Options{Check: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.things["a"] = "1"
			result, seen := play(t, w, test.text, test.opt)
			if _, there := w.things["a"]; there == test.gone {
				t.Errorf("there: %v, got\n%s", there, seen)
			}
			if failed := !test.gone && !test.opt.Check; (result.Stats.Failed == 1) != failed {
				t.Errorf("stats %+v, got\n%s", result.Stats, seen)
			}
		})
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	result, seen := play(t, newWorld(), "crash\nsay msg=x", engine.Options{Jobs: 1})
	if result.Stats.Failed != 1 || !strings.Contains(seen.String(), "a fault of runner in crash: boom") {
		t.Errorf("got\n%s", seen)
	}
}

func TestInterruptedRunEndsWhatItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithCancel(t.Context())
		seen := &witness{}
		go func() { time.Sleep(2 * time.Second); cancel() }()
		result, err := engine.Run(ctx, script(t, w, "put name=a value=1 takes=9 | register=r\nput name=b value={{r.value}}"),
			engine.Options{Reporter: seen})
		if err != nil || !result.Interrupted || w.things["a"] != "1" || w.things["b"] != "" {
			t.Errorf("err %v, result %+v, world %v", err, result, w.things)
		}
		if !strings.HasSuffix(seen.String(), "1.1 changed\n1.2 blocked") {
			t.Errorf("got\n%s", seen)
		}
	})
}

func TestNoLogAndSecrets(t *testing.T) {
	var ends []engine.TaskEnd
	w := newWorld()
	p := script(t, w, "say msg=x | no_log=true\nsay msg=x | no_log={{nope|default('')}}")
	_, err := engine.Run(t.Context(), p, engine.Options{Reporter: reporterFunc(func(e engine.Event) {
		if end, ok := e.(engine.TaskEnd); ok {
			ends = append(ends, end)
		}
	})})
	if err != nil || !ends[0].NoLog || ends[1].Outcome != engine.Failed || !ends[1].NoLog {
		t.Errorf("err %v, ends %+v", err, ends)
	}
	s := &engine.Secrets{}
	s.Add("hunter2", "hunter2-and-more", "tiny", "line one\nline two")
	if got := s.Mask("hunter2-and-more hunter2 tiny line two"); got != "******** ******** tiny ********" {
		t.Errorf("masked: %s", got)
	}
}

type reporterFunc func(engine.Event)

func (f reporterFunc) Tell(e engine.Event) { f(e) }

func TestLongPlaybooksAreNotHeldWhole(t *testing.T) {
	var text bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&text, "say msg=%d\n", i)
	}
	result, seen := play(t, newWorld(), text.String(), engine.Options{})
	if result.Stats.OK != 3000 || seen.lines[5999] != `1.3000 ok {"msg": "2999", "changed": false, "failed": false}` {
		t.Errorf("stats %+v, last %s", result.Stats, seen.lines[len(seen.lines)-1])
	}
}

// Changes that destroy wait for what stands above them, not for each other.
func TestIndependentDestructionRunsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		start := time.Now()
		play(t, w, `
			put name=above value=1 takes=5
			move name=a takes=6 | register=ra
			say msg={{ra.name}}
			move name=b takes=6
			move name=c takes=6 | loop=1`, engine.Options{Allow: []string{"migrate"}})
		if took := time.Since(start); took != 11*time.Second {
			t.Errorf("took %v, want 11s: %v", took, w.log)
		}
		if !w.before("end above", "start a") {
			t.Errorf("order %v", w.log)
		}
	})
}
