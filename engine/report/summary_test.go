package report

import (
	"regexp"
	"strings"
	"testing"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

func junit(o Options) Reporter      { return NewJUnit(o) }
func markdown(o Options) Reporter   { return NewMarkdown(o) }
func prometheus(o Options) Reporter { return NewPrometheus(o) }

// summaries are the reports that are written at the end of a run.
var summaries = map[string]func(Options) Reporter{"junit.xml": junit, "md": markdown, "prom": prometheus, "html.json": newPageData}

// summarised returns what a report says of events.
func summarised(t *testing.T, form func(Options) Reporter, events []engine.Event) string {
	t.Helper()
	var out strings.Builder
	secrets := &engine.Secrets{}
	secrets.Add("s3cr3t-value")
	r := form(Options{Out: &out, Secrets: secrets, Run: Run{Playbooks: []string{"site.yml"}}})
	tellAll(r, events)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGoldenSummaries(t *testing.T) {
	runs := map[string][]engine.Event{"run": whole(), "stopped": stopped(), "empty": empty(), "looped": looped()}
	for ending, form := range summaries {
		for name, events := range runs {
			t.Run(name+"."+ending, func(t *testing.T) {
				golden(t, name+"."+ending, summarised(t, form, events))
			})
		}
	}
}

// Nothing that a summary holds is a result, so that nothing in it is shown on purpose.
func TestSummariesTellNoSecrets(t *testing.T) {
	for ending, form := range summaries {
		said := summarised(t, form, whole())
		for _, secret := range []string{"s3cr3t-value", "hidden-value", "never-registered"} {
			if strings.Contains(said, secret) {
				t.Errorf("%s tells %q:\n%s", ending, secret, said)
			}
		}
	}
}

func TestPoorEventsInSummaries(t *testing.T) {
	events := []engine.Event{
		engine.TaskEnd{}, engine.TaskProgress{}, engine.Warning{}, engine.RunStart{}, engine.PlayStart{}, engine.TaskStart{},
		engine.TaskEnd{Diff: true, Outcome: engine.Changed}, engine.TaskEnd{Outcome: engine.Failed}, engine.TaskEnd{Outcome: engine.Blocked},
		engine.TaskEnd{Outcome: engine.Changed, Diff: true, Change: &engine.Change{Action: engine.Delete}},
		engine.TaskEnd{Outcome: engine.Skipped, Result: &value.Unknown{}}, engine.RunEnd{},
	}
	for ending, form := range summaries {
		if summarised(t, form, events) == "" {
			t.Errorf("%s is empty", ending)
		}
	}
}

func TestSummariesThatCannotBeWritten(t *testing.T) {
	for ending, form := range summaries {
		w := &closing{}
		r := form(Options{Out: w})
		tellAll(r, whole())
		if r.Err() == nil || w.writes != 1 {
			t.Errorf("%s: %d writes, error %v", ending, w.writes, r.Err())
		}
	}
}

// looped is a run with what plays consist of beside plain tasks.
func looped() []engine.Event {
	s := &script{at: dawn}
	s.tell(engine.RunStart{Time: dawn}, engine.PlayStart{Name: "Loops", Time: dawn})
	item := func(name string, plan string) engine.ItemEnd {
		return engine.ItemEnd{Label: name, TaskEnd: engine.TaskEnd{Outcome: engine.Changed, Diff: true, Change: &engine.Change{
			Action: engine.Update, Object: `add-on "` + name + `" (addon_1)`, Attrs: []engine.Attr{{Path: "plan", Before: "dev", After: plan}}}}}
	}
	s.step(register, "Change each", engine.TaskEnd{Outcome: engine.Changed, Looped: true}, item("one", "xs"), item("two", "s3cr3t-value"))
	s.step(debug, "Say each", engine.TaskEnd{Looped: true}, engine.ItemEnd{Label: "one"})
	s.step(register, "Deal with it", engine.TaskEnd{Outcome: engine.Rescued, Problem: &diagnostic.Problem{Place: at(6, 19), Msg: "the platform says no"}})
	s.step(debug, "End the play", engine.TaskEnd{Silent: true})
	s.tell(engine.PlayStart{Name: "Second", Time: dawn}, engine.PlayFailed{Problem: &diagnostic.Problem{Place: at(2, 3), Msg: "more.yml: no such file"}})
	s.stats.Failed++
	s.end(false)
	return s.events
}

// metric is a line of the text format: a comment, or a sample.
var metric = regexp.MustCompile(`^(# (HELP [a-z_]+ .+|TYPE [a-z_]+ gauge)|[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? -?[0-9.]+)$`)

func TestMetricsAreInTheTextFormat(t *testing.T) {
	s := &script{at: dawn}
	s.tell(engine.RunStart{Time: dawn, Check: true}, engine.PlayStart{Name: "p"})
	for range 2 {
		s.step(register, "Order \"x\"\\\n", engine.TaskEnd{Outcome: engine.Changed,
			Change: &engine.Change{Action: engine.Create, Object: "add-on \"a\\b\"\n (addon_1)"}})
	}
	s.end(false)
	said := summarised(t, prometheus, s.events)
	seen := map[string]bool{}
	for l := range strings.Lines(said) {
		l = strings.TrimSuffix(l, "\n")
		if !metric.MatchString(l) {
			t.Errorf("no line of the format: %q", l)
		}
		name, _, _ := strings.Cut(l, "} ")
		if seen[name] {
			t.Errorf("twice: %q", l)
		}
		seen[name] = true
	}
	if want := `runner_drift{playbook="site.yml",play="p",kind="addon_register",object="add-on \"a\\b\"�"} 2` + "\n"; !strings.HasSuffix(said, want) {
		t.Errorf("%s\nends not in %s", said, want)
	}
}
