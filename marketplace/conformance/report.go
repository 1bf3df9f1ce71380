package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"runner/findings"
)

// Formats returns the forms that a report can be written in.
func Formats() []string { return []string{"text", "json", "junit", "markdown"} }

// Write writes a report in one of the Formats. Of passed and skipped checks the
// text form has only the numbers, and with more it has a line for each.
func (r *Report) Write(w io.Writer, format string, more bool) error {
	switch format {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "junit":
		return r.junit(w)
	case "markdown":
		return r.markdown(w)
	}
	return r.text(w, more)
}

// marks begin the lines of the text form.
var marks = map[Status]string{Passed: "pass", Failed: "FAIL", Warned: "warn", Skipped: "skip", Noted: "note"}

func (r *Report) text(w io.Writer, more bool) error {
	var b strings.Builder
	for _, one := range r.Results {
		if !more && (one.Status == Passed || one.Status == Skipped) {
			continue
		}
		fmt.Fprintf(&b, "%s %-4s %s (%s)\n", marks[one.Status], one.ID, one.Title, one.Section)
		switch one.Status {
		case Failed, Warned, Noted:
			for _, sent := range one.Sent {
				fmt.Fprintf(&b, "     sent      %s\n", sent)
			}
			fmt.Fprintf(&b, "     expected  %s\n     came      %s\n     why       %s\n", one.Expected, one.Came, one.Why)
		default:
			if one.Came != "" {
				fmt.Fprintf(&b, "     %s\n", one.Came)
			}
		}
	}
	for _, id := range r.Left {
		fmt.Fprintf(&b, "left behind: %s could not be removed\n", id)
	}
	fmt.Fprintf(&b, "%s (%s) at %s: %s\n", r.Addon, r.Dialect, r.URL, r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) summary() string {
	text := fmt.Sprintf("%d passed, %d failed, %d warned, %d skipped", r.Count(Passed), r.Count(Failed), r.Count(Warned), r.Count(Skipped))
	if n := r.Count(Noted); n > 0 {
		text += fmt.Sprintf(", %d noted", n)
	}
	return text
}

func (r *Report) markdown(w io.Writer) error {
	var rows [][]string
	for _, one := range r.Results {
		rows = append(rows, []string{one.ID, string(one.Status), one.Title, one.Expected, one.Came})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s (%s)\n\n%s: %s\n\n", findings.Inline(r.Addon), r.Dialect, findings.Inline(r.URL), r.summary())
	b.WriteString(findings.Table([]findings.Column{{Name: "Check"}, {Name: "Result"}, {Name: "What"}, {Name: "Expected"}, {Name: "Came"}}, rows))
	for _, id := range r.Left {
		fmt.Fprintf(&b, "\nLeft behind: %s\n", findings.Inline(id))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) junit(w io.Writer) error {
	s := findings.Suite{Name: r.Addon + " (" + string(r.Dialect) + ")"}
	for _, one := range r.Results {
		c := findings.Case{Name: one.ID + " " + one.Title, Class: one.Section}
		said := fmt.Sprintf("expected %s, came %s", one.Expected, one.Came)
		switch one.Status {
		case Failed:
			c.Status, c.Message, c.Text = findings.Failed, said, one.Why+"\nsent "+strings.Join(one.Sent, "\nsent ")
		case Warned:
			c.Output = "warning: " + said
		case Noted:
			c.Output = "note: " + said
		case Skipped:
			c.Status, c.Message = findings.Skipped, one.Came
		}
		s.Cases = append(s.Cases, c)
	}
	return findings.JUnit{Name: "runner vendor test", Suites: []findings.Suite{s}}.Write(w)
}
