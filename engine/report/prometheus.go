package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Prometheus reports a run as metrics in Prometheus' text format, for a file
// that node_exporter's textfile collector reads: when it ended, how long it took,
// how it went, and how far each add-on was from what the playbook declares.
type Prometheus struct {
	summary
	out sink
}

// NewPrometheus makes a reporter that writes metrics at the end.
func NewPrometheus(opt Options) *Prometheus {
	return &Prometheus{summary: summary{record: record{run: opt.Run, secrets: opt.Secrets}, masker: masker{opt.Secrets}}, out: sink{w: opt.Out}}
}

// Err returns the error of writing the metrics, nil if there was none.
func (p *Prometheus) Err() error { return p.out.err }

// End writes the metrics.
func (p *Prometheus) End(end End) {
	p.end = end
	p.out.write(p.metrics())
}

// A gauge is a metric of one run.
type gauge struct{ name, help, value string }

func (p *Prometheus) gauges() []gauge {
	all := []gauge{
		{"last_run_duration_seconds", "How long the last run took.", seconds(p.took)},
		{"last_run_success", "1 if the last run did all that it was to do; 0 while it goes on.", truth(!p.failed())},
		{"last_run_running", "1 while the run goes on, and after it was killed.", truth(p.end.Running)},
		{"last_run_check", "1 if the last run only reported what it would do.", truth(p.run.Check)},
		{"last_run_interrupted", "1 if the last run was stopped before its end.", truth(p.how() == stateInterrupted)},
	}
	if !p.end.Running {
		all = append(all, gauge{"last_run_exit_code", "The exit code of the last run.", strconv.Itoa(p.end.Exit)})
	}
	if at := p.at(); !at.IsZero() {
		text := strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)
		all = append(all, gauge{"last_run_timestamp_seconds", "When the last run ended, or began where it has not ended.", text})
	}
	return all
}

// at returns when the run ended, else when it began; the zero time where neither is
// known.
func (p *Prometheus) at() time.Time {
	switch {
	case !p.end.Time.IsZero():
		return p.end.Time
	case !p.end.Running && !p.run.Began.IsZero():
		return p.run.Began.Add(p.took)
	}
	return p.run.Began
}

func (p *Prometheus) metrics() string {
	var b strings.Builder
	run := "playbook=" + label(p.masker.text(p.path()))
	for _, g := range p.gauges() {
		fmt.Fprintf(&b, "# HELP runner_%s %s\n# TYPE runner_%s gauge\nrunner_%s{%s} %s\n", g.name, g.help, g.name, g.name, run, g.value)
	}
	b.WriteString("# HELP runner_last_run_tasks Tasks of the last run by how they ended.\n# TYPE runner_last_run_tasks gauge\n")
	s := p.stats
	for _, c := range []struct {
		outcome string
		n       int
	}{
		{"ok", s.OK - s.Changed - s.Ignored}, {"changed", s.Changed}, {"skipped", s.Skipped}, {"failed", s.Failed},
		{"ignored", s.Ignored}, {"rescued", s.Rescued}, {"blocked", s.Blocked}, {"unknown", s.Unknown},
	} {
		fmt.Fprintf(&b, "runner_last_run_tasks{%s,outcome=%q} %d\n", run, c.outcome, c.n)
	}
	p.drifts(&b, run)
	return b.String()
}

// drifts writes how far each object was from what was declared: 0 where the last
// run found it right. One that several tasks are about is reported once.
func (p *Prometheus) drifts(b *strings.Builder, run string) {
	drift := map[string]int{}
	var order []string
	for _, play := range p.plays {
		for _, task := range play.rows {
			for _, r := range task.about() {
				if r.object == "" {
					continue
				}
				labels := fmt.Sprintf("%s,play=%s,kind=%s,object=%s", run, label(play.name), label(r.kind), label(steady(r.object)))
				if r.provider != "" {
					labels += ",provider=" + label(r.provider)
				}
				if r.owner != "" {
					labels += ",owner=" + label(r.owner)
				}
				if _, ok := drift[labels]; !ok {
					order = append(order, labels)
				}
				drift[labels] += r.drift
			}
		}
	}
	if len(order) == 0 {
		return
	}
	b.WriteString("# HELP runner_drift Attributes that differed from what the playbook declares when the last run looked.\n# TYPE runner_drift gauge\n")
	slices.Sort(order)
	for _, labels := range order {
		fmt.Fprintf(b, "runner_drift{%s} %d\n", labels, drift[labels])
	}
}

// steady leaves the id out of `add-on "main-db" (addon_…)`: before it is ordered
// an add-on has none, and a series should not change its name.
func steady(object string) string {
	name, _, _ := strings.Cut(object, " (")
	return name
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// label writes the value of a label.
func label(value string) string { return `"` + labelEscapes.Replace(value) + `"` }

func truth(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
