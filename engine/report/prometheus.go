package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"runner/engine"
)

// A Prometheus reports a run as metrics in Prometheus' text format, for a file
// that node_exporter's textfile collector reads: when it ended, how long it took,
// how it went, and how far each add-on was from what the playbook declares.
type Prometheus struct {
	outline
	out sink
}

// NewPrometheus makes a reporter that writes metrics at the end.
func NewPrometheus(opt Options) *Prometheus {
	return &Prometheus{outline: outline{veil: veil{opt.Secrets}}, out: sink{w: opt.Out}}
}

// Err gives the error of writing the metrics, nil if there was none.
func (p *Prometheus) Err() error { return p.out.err }

// Tell notes an event; the last one writes the metrics.
func (p *Prometheus) Tell(e engine.Event) {
	if p.tell(e) {
		p.out.write(p.metrics())
	}
}

func (p *Prometheus) metrics() string {
	var b strings.Builder
	gauge := func(name, help string, value string) {
		fmt.Fprintf(&b, "# HELP runner_%s %s\n# TYPE runner_%s gauge\n", name, help, name)
		if value != "" {
			fmt.Fprintf(&b, "runner_%s %s\n", name, value)
		}
	}
	if end := p.ended(); !end.IsZero() {
		gauge("last_run_timestamp_seconds", "When the last run ended.", strconv.FormatFloat(float64(end.UnixMilli())/1000, 'f', 3, 64))
	}
	gauge("last_run_duration_seconds", "How long the last run took.", seconds(p.took))
	gauge("last_run_success", "1 if the last run did all that it was told to.", truth(!p.failed()))
	gauge("last_run_check", "1 if the last run only told what it would do.", truth(p.check))
	gauge("last_run_interrupted", "1 if the last run was stopped before its end.", truth(p.interrupted))
	gauge("last_run_tasks", "Tasks of the last run by how they ended.", "")
	s := p.stats
	for _, c := range []struct {
		outcome string
		n       int
	}{
		{"ok", s.OK - s.Changed - s.Ignored}, {"changed", s.Changed}, {"skipped", s.Skipped}, {"failed", s.Failed},
		{"ignored", s.Ignored}, {"rescued", s.Rescued}, {"blocked", s.Blocked}, {"unknown", s.Unknown},
	} {
		fmt.Fprintf(&b, "runner_last_run_tasks{outcome=%q} %d\n", c.outcome, c.n)
	}
	p.drifts(&b)
	return b.String()
}

// drifts writes how far each object was from what was declared: 0 where the last
// run found it right. One that several tasks are about is told once.
func (p *Prometheus) drifts(b *strings.Builder) {
	drift := map[string]int{}
	var order []string
	for _, play := range p.plays {
		for _, task := range play.rows {
			for _, r := range task.about() {
				if r.object == "" {
					continue
				}
				labels := fmt.Sprintf("kind=%s,object=%s", label(r.kind), label(steady(r.object)))
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
