package report

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"runner/engine"
)

// A JUnit reports a run as the XML in which CI systems read the results of tests:
// a suite for each play, a case for each task. A failure that was ignored or rescued
// passes, and what was never started counts as skipped.
type JUnit struct {
	outline
	out sink
}

// NewJUnit makes a reporter that writes JUnit's XML at the end.
func NewJUnit(opt Options) *JUnit {
	return &JUnit{outline: outline{veil: veil{opt.Secrets}}, out: sink{w: opt.Out}}
}

// Err gives the error of writing the document, nil if there was none.
func (j *JUnit) Err() error { return j.out.err }

// Tell notes an event; the last one writes the document.
func (j *JUnit) Tell(e engine.Event) {
	if !j.tell(e) {
		return
	}
	doc, err := xml.MarshalIndent(j.document(), "", "  ")
	if err != nil {
		j.out.err = err
		return
	}
	j.out.write(xml.Header + string(doc) + "\n")
}

// The parts of a document, with what the readers of such files agree upon.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Hostname  string      `xml:"hostname,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Time     string `xml:"time,attr"`
	}
	junitCase struct {
		Name    string      `xml:"name,attr"`
		Class   string      `xml:"classname,attr"`
		File    string      `xml:"file,attr,omitempty"`
		Time    string      `xml:"time,attr"`
		Failure *junitWhy   `xml:"failure"`
		Skipped *junitWhy   `xml:"skipped"`
		Output  *junitLines `xml:"system-out"`
	}
	junitWhy struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	junitLines struct {
		Text string `xml:",cdata"`
	}
)

func (j *JUnit) document() junitSuites {
	doc := junitSuites{Name: "runner"}
	for _, p := range j.plays {
		suite := junitSuite{Name: p.name, Hostname: host}
		if !p.start.IsZero() {
			suite.Timestamp = p.start.UTC().Format("2006-01-02T15:04:05")
		}
		var took time.Duration
		for _, r := range p.rows {
			suite.Cases = append(suite.Cases, r.junit(p.name))
			suite.count(r.outcome)
			took += r.took
		}
		suite.Time = seconds(took)
		doc.Tests += suite.Tests
		doc.Failures += suite.Failures
		doc.Skipped += suite.Skipped
		doc.Suites = append(doc.Suites, suite)
	}
	doc.Time = seconds(j.took)
	return doc
}

func (c *junitCounts) count(o engine.Outcome) {
	c.Tests++
	switch o {
	case engine.Failed:
		c.Failures++
	case engine.Skipped, engine.Blocked:
		c.Skipped++
	}
}

func (r row) junit(play string) junitCase {
	c := junitCase{Name: r.name, Class: play, File: r.file, Time: seconds(r.took)}
	text := legal(strings.TrimRight(r.problem+"\n"+r.excerpt, "\n"))
	switch r.outcome {
	case engine.Failed:
		c.Failure = &junitWhy{Message: flat(r.problem), Type: r.kind, Text: text}
	case engine.Skipped:
		c.Skipped = &junitWhy{Message: r.reason}
	case engine.Blocked:
		c.Skipped = &junitWhy{Message: "not started"}
	}
	var output []string
	if r.outcome == engine.Changed || r.outcome == engine.Failed && len(r.diff) > 0 {
		output = append(output, r.did())
	}
	if r.outcome == engine.Ignored || r.outcome == engine.Rescued {
		output = append(output, fmt.Sprintf("failed, and %s: %s", r.outcome, text))
	}
	if output = append(output, r.diff...); len(output) > 0 {
		c.Output = &junitLines{Text: legal(strings.Join(output, "\n"))}
	}
	return c
}

// legal replaces what XML cannot hold, which in CDATA nothing escapes.
func legal(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return unicode.ReplacementChar
		}
		return r
	}, text)
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

// seconds gives a duration as a number of seconds, to the millisecond.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
