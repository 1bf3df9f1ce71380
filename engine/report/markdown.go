package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"runner/engine"
	"runner/findings"
)

// A Markdown reports a run as a page in GitHub's Markdown, for the summary of a
// job or a comment on a merge request: what failed, what changed, and the counts.
type Markdown struct {
	summary
	out sink
}

// NewMarkdown makes a reporter that writes a page of Markdown at the end.
func NewMarkdown(opt Options) *Markdown {
	return &Markdown{summary: summary{record: record{run: opt.Run, secrets: opt.Secrets}, masker: masker{opt.Secrets}}, out: sink{w: opt.Out}}
}

// Err returns the error of writing the page, nil if there was none.
func (m *Markdown) Err() error { return m.out.err }

// End writes the page.
func (m *Markdown) End(end End) {
	m.end = end
	m.out.write(m.page())
}

func (m *Markdown) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", m.title())
	if name := m.playbook(); name != "" {
		fmt.Fprintf(&b, "%s: ", findings.Inline(m.masker.text(name)))
	}
	b.WriteString(m.counted() + "\n")
	for _, text := range m.problems(m.masker) {
		fmt.Fprintf(&b, "\n> Error: %s\n", findings.Inline(text))
	}
	if m.notStarted != "" {
		fmt.Fprintf(&b, "\n**%s.**\n", m.notStarted)
	}
	for _, w := range m.warnings {
		fmt.Fprintf(&b, "\n> Warning: %s\n", findings.Inline(w))
	}
	m.planTable(&b)
	for _, p := range m.plays {
		m.play(&b, p)
	}
	return b.String()
}

// planTable writes what a check found that there is to do: its sum, and a row for each object.
func (m *Markdown) planTable(b *strings.Builder) {
	if !m.run.Check {
		return
	}
	fmt.Fprintf(b, "\n### Plan\n\n%s\n", findings.Inline(m.plan.String()))
	if text := m.plan.ConsentText(); text != "" {
		fmt.Fprintf(b, "\n> %s\n", findings.Inline(text))
	}
	var rows [][]string
	for _, p := range m.plays {
		for _, r := range p.rows {
			for _, c := range r.changes {
				rows = append(rows, []string{c.Sign() + " " + c.Does(), c.Object, strings.Join(c.Differences(), ", "), c.PriceText(), c.ConsentText()})
			}
		}
	}
	if len(rows) > 0 {
		b.WriteString("\n" + findings.Table([]findings.Column{{Name: "Action"}, {Name: "Object"}, {Name: "Attributes"}, {Name: "Price"}, {Name: "Consent"}}, rows))
	}
}

// counted tells the counts that are not zero, and how long it took.
func (m *Markdown) counted() string {
	switch {
	case m.end.Running:
		return "It began at " + m.run.Began.UTC().Format(time.RFC3339) + "."
	case m.how() == stateNotBegun:
		return fmt.Sprintf("Nothing was touched (exit code %d).", m.end.Exit)
	}
	s := m.stats
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{s.OK, "ok"}, {s.Changed, "changed"}, {s.Failed, "failed"}, {s.Skipped, "skipped"},
		{s.Rescued, "rescued"}, {s.Ignored, "ignored"}, {s.Blocked, "not started"}, {s.Unknown, untilApplied},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if len(parts) == 0 {
		parts = []string{"no task"}
	}
	said := fmt.Sprintf("%s, in %s", strings.Join(parts, ", "), m.took.Round(10*time.Millisecond))
	if m.run.Check {
		said += ". This was a check: nothing was written."
	}
	return said
}

// play writes what is of interest in a play: a table of the tasks, and below it
// what failed and what differs.
func (m *Markdown) play(b *strings.Builder, p *section) {
	fmt.Fprintf(b, "\n### %s\n", findings.Inline(p.name))
	if len(p.rows) == 0 {
		return
	}
	var rows [][]string
	for _, r := range p.rows {
		rows = append(rows, []string{r.name, r.outcome.String(), r.whatOfAll(), strconv.FormatFloat(r.took.Seconds(), 'f', 2, 64)})
	}
	b.WriteString("\n" + findings.Table([]findings.Column{{Name: "Task"}, {Name: "Outcome"}, {Name: "What"}, {Name: "Seconds", Numbers: true}}, rows))
	for _, r := range p.rows {
		r.details(b)
	}
}

// whatOfAll is what, and how many items of a loop were not started.
func (r row) whatOfAll() string {
	if r.notStarted == 0 || r.outcome == engine.Blocked {
		return r.what()
	}
	return strings.TrimPrefix(r.what()+"; "+notStartedItems(r.notStarted), "; ")
}

// what tells in one line what a task did, or why it did not.
func (r row) what() string {
	switch r.outcome {
	case engine.Changed:
		return r.did()
	case engine.Skipped:
		return r.reason
	case engine.Failed, engine.Ignored, engine.Rescued:
		return flat(r.problem)
	case engine.Blocked:
		return "not started"
	case engine.Unknown:
		return untilApplied
	}
	return r.object
}

func (r row) details(b *strings.Builder) {
	if !r.failed() && len(r.diff) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**%s**\n", findings.Inline(r.name))
	if r.failed() {
		b.WriteString("\n" + findings.Fenced("", strings.TrimRight(r.problem+"\n"+r.excerpt, "\n")))
	}
	if len(r.diff) > 0 {
		b.WriteString("\n" + findings.Fenced("diff", strings.Join(r.diff, "\n")))
	}
}
