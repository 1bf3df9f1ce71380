package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"runner/engine"
	"runner/engine/expr"
)

// A world is what the fake kinds below read and write.
type world struct {
	mu      sync.Mutex
	things  map[string]string
	log     []string // "start x", "end x" in the order of time
	running int
	peak    int
}

func newWorld() *world { return &world{things: map[string]string{}} }

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) before(a, b string) bool {
	return slices.Index(w.log, a) >= 0 && slices.Index(w.log, a) < slices.Index(w.log, b)
}

// put makes a thing hold a value, after a while.
type put struct {
	Name  string       `arg:"name" required:"true"`
	Value string       `arg:"value"`
	Takes int          `arg:"takes"` // seconds
	Fail  bool         `arg:"fail"`
	Write bool         `arg:"write_while_planning"`
	Extra engine.Value `arg:"extra"`
	w     *world
}

func (p *put) Touches() []string { return []string{"things/" + p.Name} }

func (p *put) Plan(ctx context.Context, h *engine.Host) (engine.Change, error) {
	if p.Write {
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://world.invalid/", strings.NewReader("x"))
		_, err := h.HTTP.Do(req)
		return engine.Change{}, err
	}
	p.w.mu.Lock()
	old, there := p.w.things[p.Name]
	p.w.mu.Unlock()
	result := expr.MapOf("name", p.Name, "value", p.Value)
	if there && old == p.Value {
		return engine.Change{Result: result}, nil
	}
	c := engine.Change{Action: engine.Create, Object: p.Name, Result: expr.MapOf("name", p.Name, "value", &expr.Unknown{Task: h.Task}),
		Attrs: []engine.Attr{{Path: "value", Before: old, After: p.Value}}}
	if there {
		c.Action = engine.Update
	}
	c.Do = func(context.Context, *engine.Host) (engine.Value, error) { return result, p.do() }
	return c, nil
}

func (p *put) do() error {
	p.w.note("start %s", p.Name)
	p.w.mu.Lock()
	p.w.running++
	p.w.peak = max(p.w.peak, p.w.running)
	p.w.mu.Unlock()
	time.Sleep(time.Duration(p.Takes) * time.Second)
	p.w.mu.Lock()
	p.w.running--
	if !p.Fail {
		p.w.things[p.Name] = p.Value
	}
	p.w.mu.Unlock()
	p.w.note("end %s", p.Name)
	if p.Fail {
		return engine.About("name", fmt.Errorf("%s cannot be put", p.Name))
	}
	return nil
}

// drop removes a thing; risky asks for consent.
type drop struct {
	Name  string `arg:"name" required:"true"`
	Risky bool   `arg:"risky"`
	w     *world
}

func (d *drop) Touches() []string { return []string{"things"} }

func (d *drop) Plan(context.Context, *engine.Host) (engine.Change, error) {
	d.w.mu.Lock()
	_, there := d.w.things[d.Name]
	d.w.mu.Unlock()
	if !there {
		return engine.Change{}, nil
	}
	c := engine.Change{Action: engine.Delete, Object: d.Name}
	if d.Risky {
		c.Risk, c.Allow = "its data is lost", "delete"
	}
	c.Do = func(context.Context, *engine.Host) (engine.Value, error) {
		d.w.note("drop %s", d.Name)
		d.w.mu.Lock()
		defer d.w.mu.Unlock()
		delete(d.w.things, d.Name)
		return nil, nil
	}
	return c, nil
}

// say shows a value; a guard when called "stop".
type say struct {
	Msg  engine.Value      `arg:"msg"`
	Var  engine.Expression `arg:"var"`
	Fail bool              `arg:"fail"`
	w    *world
	as   string
}

func (s *say) Plan(context.Context, *engine.Host) (engine.Change, error) {
	s.w.note("%s", s.as)
	if s.Fail {
		return engine.Change{}, errors.New("stopped")
	}
	if s.Var.Text != "" {
		return engine.Change{Result: expr.MapOf("var", s.Var.Value)}, nil
	}
	return engine.Change{Result: expr.MapOf("msg", s.Msg)}, nil
}

func kinds(w *world) map[string]*engine.Kind {
	return map[string]*engine.Kind{
		"put":   {Name: "put", New: func() engine.Task { return &put{w: w} }},
		"drop":  {Name: "drop", New: func() engine.Task { return &drop{w: w} }},
		"say":   {Name: "say", Shows: true, New: func() engine.Task { return &say{w: w, as: "say"} }},
		"stop":  {Name: "stop", Guard: true, New: func() engine.Task { return &say{w: w, as: "stop"} }},
		"crash": {Name: "crash", New: func() engine.Task { return &crash{} }},
	}
}

type crash struct{}

func (*crash) Plan(context.Context, *engine.Host) (engine.Change, error) { panic("boom") }

// script makes a program of lines such as
//
//	put name=a value={{ x }} | register=r when=r.ok ignore_errors=true
//
// Values are scalars; what stands behind the bar are keywords.
func script(t *testing.T, w *world, text string) *engine.Program {
	t.Helper()
	src := &expr.Source{Name: "test.yml", Text: text}
	play := &engine.Play{Hosts: "localhost", File: "test.yml"}
	known := kinds(w)
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		at := engine.Place{Source: src, Line: i + 1, Col: 1}
		line, keywords, _ := strings.Cut(strings.TrimSpace(line), " | ")
		kind, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		s := &engine.Step{ID: fmt.Sprintf("1.%d", i+1), Place: at, As: kind, At: at, Kind: known[kind], Args: mapping(t, at, args)}
		for _, e := range mapping(t, at, keywords).Entries {
			keyword(t, s, e)
		}
		for _, p := range engine.CheckArgs(s.Kind, s.Args, at) {
			t.Fatal(p)
		}
		play.Tasks = append(play.Tasks, s)
	}
	return &engine.Program{Plays: []*engine.Play{play}}
}

func mapping(t *testing.T, at engine.Place, text string) *expr.Node {
	n := &expr.Node{Shape: expr.Mapping, Place: at}
	for _, word := range strings.Fields(text) {
		key, value, _ := strings.Cut(word, "=")
		n.Entries = append(n.Entries, expr.Entry{Key: &expr.Node{Text: key, Value: key, Place: at}, Value: scalar(t, at, value)})
	}
	return n
}

func scalar(t *testing.T, at engine.Place, text string) *expr.Node {
	n := &expr.Node{Place: at, Text: text, Value: text}
	if expr.HasTemplate(text) {
		tmpl, err := expr.Parse(text, expr.At(at, text))
		if err != nil {
			t.Fatal(err)
		}
		n.Tmpl, n.Value = tmpl, nil
	}
	return n
}

func keyword(t *testing.T, s *engine.Step, e expr.Entry) {
	switch e.Key.Text {
	case "register":
		s.Register = e.Value.Text
	case "name":
		s.Name = e.Value
	case "ignore_errors":
		s.IgnoreErrors = e.Value
	case "no_log":
		s.NoLog = e.Value
	case "check_mode":
		s.CheckMode = e.Value
	case "allow":
		s.Allow = append(s.Allow, e.Value.Text)
	case "when":
		c, _, err := expr.ParseCondition(e.Value.Text, expr.At(s.Place, e.Value.Text))
		if err != nil {
			t.Fatal(err)
		}
		s.When = append(s.When, &engine.Condition{Text: e.Value.Text, Place: s.Place, Expr: c})
	default:
		t.Fatalf("no keyword %q", e.Key.Text)
	}
}

// A witness keeps what was told, a line per event.
type witness struct{ lines []string }

func (w *witness) Tell(e engine.Event) {
	switch e := e.(type) {
	case engine.TaskStart:
		w.lines = append(w.lines, "task "+e.Step.ID)
	case engine.TaskEnd:
		line := e.Step.ID + " " + e.Outcome.String()
		if e.Problem != nil {
			line += ": " + e.Problem.Error()
		}
		if m, ok := e.Result.(*expr.Map); ok && e.Shows {
			line += " " + expr.JSON(m, expr.JSONStyle{})
		}
		w.lines = append(w.lines, line)
	}
}

func (w *witness) String() string { return strings.Join(w.lines, "\n") }

// play runs a script in a bubble of its own time.
func play(t *testing.T, w *world, text string, opt engine.Options) (engine.Result, *witness) {
	t.Helper()
	told := &witness{}
	opt.Reporter = told
	result, err := engine.Run(t.Context(), script(t, w, text), opt)
	if err != nil {
		t.Fatal(err)
	}
	return result, told
}

func TestIndependentStepsRunAtOnceAndAreToldInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		start := time.Now()
		result, told := play(t, w, `
			put name=a value=1 takes=9
			put name=b value=1 takes=1
			put name=c value=1 takes=5`, engine.Options{})
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("took %v, want 9s", took)
		}
		want := "task 1.1\n1.1 changed\ntask 1.2\n1.2 changed\ntask 1.3\n1.3 changed"
		if told.String() != want {
			t.Errorf("told\n%s", told)
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
			for i := range 25 {
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
		_, told := play(t, w, `
			put name=a value=1 takes=9 | register=r
			put name=b value={{r.value}}
			put name=c value=1 takes=1
			say msg={{r.name}}`, engine.Options{})
		if !w.before("end a", "start b") {
			t.Errorf("order: %v", w.log)
		}
		if !strings.HasSuffix(told.String(), `1.4 ok {"msg": "a", "changed": false, "failed": false}`) {
			t.Errorf("told\n%s", told)
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
		result, told := play(t, w, "put name=new value=1 takes=9 fail=true\ndrop name=old", engine.Options{KeepGoing: true})
		if w.things["old"] != "1" || result.Stats.Blocked != 1 {
			t.Errorf("world %v, told\n%s", w.things, told)
		}
	})
}

func TestAFailureBlocksWhatHasNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		result, told := play(t, w, `
			put name=a value=1 takes=2 fail=true | register=r
			put name=b value=1 takes=9
			put name=c value={{r.value}}`, engine.Options{})
		if w.things["b"] != "1" || result.Stats != (engine.Stats{OK: 1, Changed: 1, Failed: 1, Blocked: 1}) {
			t.Errorf("world %v, stats %+v", w.things, result.Stats)
		}
		if !strings.Contains(told.String(), "1.1 failed: test.yml:1:1: a cannot be put") || !strings.HasSuffix(told.String(), "1.3 blocked") {
			t.Errorf("told\n%s", told)
		}
	})
}

func TestIgnoredFailuresAreRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, told := play(t, newWorld(), `
			put name=a value=1 fail=true | register=r ignore_errors=true
			say msg={{r.failed}}-{{r.msg|length}} | when=r.failed`, engine.Options{})
		if !strings.Contains(told.String(), `"msg": "True-15"`) || !strings.Contains(told.String(), "1.1 ignored") {
			t.Errorf("told\n%s", told)
		}
	})
}

func TestCheckWritesNothingAndMarksWhatIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		result, told := play(t, w, `
			put name=a value=1 | register=r
			say msg={{r.name}}={{r.value}}
			put name={{r.value}} value=1 | register=s
			say msg={{s.value}}
			say msg=x | when=r.value
			put name=d value=1 | check_mode=false`, engine.Options{Check: true})
		if len(w.things) != 1 || w.things["d"] != "1" {
			t.Errorf("world %v", w.things)
		}
		if strings.Count(told.String(), expr.KnownAfterApply) != 2 || result.Stats.Changed != 3 || result.Stats.Failed != 0 {
			t.Errorf("stats %+v, told\n%s", result.Stats, told)
		}
	})
}

func TestWhoPlansCannotWrite(t *testing.T) {
	_, told := play(t, newWorld(), "put name=a write_while_planning=true", engine.Options{})
	if !strings.Contains(told.String(), engine.ErrReadOnly.Error()) {
		t.Errorf("told\n%s", told)
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
			result, told := play(t, w, test.text, test.opt)
			if _, there := w.things["a"]; there == test.gone {
				t.Errorf("there: %v, told\n%s", there, told)
			}
			if failed := !test.gone && !test.opt.Check; (result.Stats.Failed == 1) != failed {
				t.Errorf("stats %+v, told\n%s", result.Stats, told)
			}
		})
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	result, told := play(t, newWorld(), "crash\nsay msg=x", engine.Options{Jobs: 1})
	if result.Stats.Failed != 1 || !strings.Contains(told.String(), "a fault of runner in crash: boom") {
		t.Errorf("told\n%s", told)
	}
}

func TestInterruptedRunEndsWhatItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithCancel(t.Context())
		told := &witness{}
		go func() { time.Sleep(2 * time.Second); cancel() }()
		result, err := engine.Run(ctx, script(t, w, "put name=a value=1 takes=9 | register=r\nput name=b value={{r.value}}"),
			engine.Options{Reporter: told})
		if err != nil || !result.Interrupted || w.things["a"] != "1" || w.things["b"] != "" {
			t.Errorf("err %v, result %+v, world %v", err, result, w.things)
		}
		if !strings.HasSuffix(told.String(), "1.1 changed\n1.2 blocked") {
			t.Errorf("told\n%s", told)
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
	result, told := play(t, newWorld(), text.String(), engine.Options{})
	if result.Stats.OK != 3000 || told.lines[5999] != `1.3000 ok {"msg": "2999", "changed": false, "failed": false}` {
		t.Errorf("stats %+v, last %s", result.Stats, told.lines[len(told.lines)-1])
	}
}
