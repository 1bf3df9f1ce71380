package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"runner/engine"
	"runner/findings"
)

// A JUnit reports a run as the XML in which CI systems read the results of tests:
// a suite for each play, a case for each task. A failure that was ignored or rescued
// passes, and what was never started counts as skipped.
type JUnit struct {
	summary
	out sink
}

// NewJUnit makes a reporter that writes JUnit's XML at the end.
func NewJUnit(opt Options) *JUnit {
	return &JUnit{summary: summary{record: record{run: opt.Run, secrets: opt.Secrets}, masker: masker{opt.Secrets}}, out: sink{w: opt.Out}}
}

// Err returns the error of writing the document, nil if there was none.
func (j *JUnit) Err() error { return j.out.err }

// End writes the document.
func (j *JUnit) End(end End) {
	j.end = end
	if err := j.document().Write(&j.out); err != nil {
		j.out.err = err
	}
}

func (j *JUnit) document() findings.JUnit {
	doc := findings.JUnit{Name: "runner", Took: j.took}
	for _, p := range j.plays {
		suite := findings.Suite{Name: p.name, Host: j.hostName(), Start: p.start}
		for _, r := range p.rows {
			suite.Cases = append(suite.Cases, r.junit(joined(p.playbook, p.name)))
		}
		doc.Suites = append(doc.Suites, suite)
	}
	if j.run.Check {
		doc.Suites = append(doc.Suites, findings.Suite{Name: "the plan", Host: j.hostName(), Start: j.run.Began, Cases: []findings.Case{j.planCase()}})
	}
	if c, ok := j.wholeRun(); ok {
		doc.Suites = append(doc.Suites, findings.Suite{Name: "the run", Host: j.hostName(), Start: j.run.Began, Cases: []findings.Case{c}})
	}
	return doc
}

// planCase returns a case that sums up what a check found to be done.
func (j *JUnit) planCase() findings.Case {
	text := j.plan.String()
	if consent := j.plan.ConsentText(); consent != "" {
		text += "\n" + consent
	}
	return findings.Case{Name: "the plan", Class: line(j.masker.text(j.playbook())), Output: text}
}

// wholeRun returns a case for what no task tells: that the run did not begin, was
// interrupted, has not ended, or failed otherwise.
func (j *JUnit) wholeRun() (findings.Case, bool) {
	c := findings.Case{Name: "the run", Class: line(j.masker.text(j.playbook())), Status: findings.Errored, Type: j.how()}
	switch c.Text = strings.Join(j.problems(j.masker), "\n"); {
	case j.end.Running:
		c.Message = "it has not ended"
	case j.how() == stateNotBegun && !j.succeeded():
		c.Message = fmt.Sprintf("it could not begin, exit %d: %s", j.end.Exit, c.Text)
	case j.how() == stateInterrupted:
		c.Message = strings.TrimRight("it was interrupted: "+c.Text, ": ")
	case !j.succeeded() && (j.stats.Failed == 0 || c.Text != ""):
		c.Message = strings.TrimRight(fmt.Sprintf("exit %d: %s", j.end.Exit, c.Text), ": ")
	default:
		return findings.Case{}, false
	}
	return c, true
}

// joined names a class of cases, by the file of a play and its name.
func joined(playbook, play string) string {
	if playbook == "" {
		return play
	}
	return playbook + "." + play
}

func (r row) junit(class string) findings.Case {
	c := findings.Case{Name: r.name, Class: class, File: r.file, Took: r.took}
	if !r.named && r.place != "" {
		c.Name += " (" + r.place + ")"
	}
	text := strings.TrimRight(r.problem+"\n"+r.excerpt, "\n")
	switch r.outcome {
	case engine.Failed:
		c.Status, c.Message, c.Type, c.Text = findings.Failed, r.problem, r.kind, text
	case engine.Skipped:
		c.Status, c.Message = findings.Skipped, r.reason
	case engine.Blocked:
		c.Status, c.Message = findings.Skipped, "not started"
	case engine.Unknown:
		c.Status, c.Message = findings.Skipped, untilApplied
	}
	var output []string
	if len(r.changes) == 0 && (r.outcome == engine.Changed || r.outcome == engine.Failed && len(r.diff) > 0) {
		output = append(output, r.did())
	}
	if r.outcome == engine.Ignored || r.outcome == engine.Rescued {
		output = append(output, fmt.Sprintf("failed, and %s: %s", r.outcome, text))
	}
	for _, change := range r.changes {
		output = append(output, change.String())
	}
	if r.notStarted > 0 && r.outcome != engine.Blocked {
		output = append(output, notStartedItems(r.notStarted))
	}
	c.Output = strings.Join(append(output, r.diff...), "\n")
	return c
}

// did says what a task changed, or would.
func (r row) did() string {
	var all []string
	for _, part := range r.about() {
		if part.object != "" && part.action != engine.None {
			all = append(all, fmt.Sprintf("%s %s", part.action, part.object))
		}
	}
	if len(all) == 0 {
		return "changed"
	}
	return strings.Join(all, ", ")
}

// seconds returns a duration as a number of seconds, to the millisecond.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
