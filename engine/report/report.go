// Package report shows a run: as text the way ansible-playbook prints it, as one
// JSON document, or as a line of JSON for each event; and as the summaries that
// other programs read: JUnit's XML, Markdown, Prometheus' metrics.
//
// Whatever the form, known secrets are replaced by engine.Masked, with one
// exception: the result of a step whose purpose is to show it (a debug).
//
// It knows events and bytes. It does not know what a task does, and changes nothing
// in the run.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// Options say where a report goes and how much it holds.
type Options struct {
	// Out gets the report.
	Out io.Writer
	// Err gets the warnings of a text report as soon as they are reported; nil: Out.
	Err io.Writer
	// Verbosity counts the -v: 1 adds results, 2 places of tasks, 3 lays
	// results out over several lines. JSON reports are always complete.
	Verbosity int
	// Color puts ANSI colours into a text report.
	Color bool
	// Live: whoever reads a text report sees the progress of changes elsewhere, while
	// they are under way. Otherwise each step of it is a line.
	Live bool
	// Width is the width of a text report's banners in columns; 0: 79.
	Width int
	// Secrets are the values to be masked; nil: none.
	Secrets *engine.Secrets
	// Quiet leaves out of a text report what is ok or skipped, and banners that
	// have nothing under them.
	Quiet bool
	// Run is what is reported.
	Run Run
	// Graph returns a picture of what waits for what, as SVG, when the run has ended; ""
	// or nil: there is none.
	Graph func() string
	// Record makes a text report say how the run ended, or why it could not begin:
	// for a file, beside which nobody reads standard error.
	Record bool
}

// A Reporter makes one report of a run.
type Reporter interface {
	engine.Reporter
	// End completes the report. It comes once and last, whether the run had events or not.
	End(End)
	// Err returns the first error of writing, after which nothing more was written.
	Err() error
}

// A sink writes until the first error, and remembers that.
type sink struct {
	w   io.Writer
	err error
}

// Write writes like write, and returns the first error.
func (s *sink) Write(text []byte) (int, error) {
	s.write(string(text))
	return len(text), s.err
}

func (s *sink) write(text string) {
	if s.w == nil || s.err != nil || text == "" {
		return
	}
	_, s.err = io.WriteString(s.w, text)
}

// line makes text safe for one line of a terminal: what could move the cursor, forge
// lines or change their direction is replaced.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if diagnostic.IsHarmful(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.TrimSpace(text))
}

// lines is line for texts that may have several.
func lines(text string) string { return harmless(strings.TrimRight(text, " \r\n")) }

// harmless returns a text without what would move the cursor of a terminal, but whole.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if diagnostic.IsHarmful(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// where returns "file:line", or "" for nowhere.
func where(p diagnostic.Place) string {
	p.Col = 0
	return p.String()
}

// stamp returns an instant as RFC 3339 in UTC with milliseconds, nil for none.
func stamp(t time.Time) value.Value {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// notStarted tells the number of steps that were never started, "" if that is none.
func notStarted(e engine.RunEnd) string {
	n, why := e.Stats.Blocked, "a task before it failed"
	switch {
	case n == 0:
		return ""
	case e.Interrupted:
		why = "the run was interrupted"
	case n > 1:
		why = "a task before them failed"
	}
	if n == 1 {
		return "1 task was not started: " + why
	}
	return fmt.Sprintf("%d tasks were not started: %s", n, why)
}

// notStartedItems says how many items of a loop were not started.
func notStartedItems(n int) string {
	if n == 1 {
		return "1 item was not started"
	}
	return fmt.Sprintf("%d items were not started", n)
}

// untilApplied is said of a task in a check that hangs on what only a run will show.
const untilApplied = "unknown until applied"

// counted says how many there are of something.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
