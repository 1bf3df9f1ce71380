package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"runner/findings"
)

// Formats returns the forms that a report can be written in.
func Formats() []string { return []string{"text", "json", "junit", "markdown", "html"} }

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
	case "html":
		return page.Execute(w, r)
	}
	return r.text(w, more)
}

// signs begin the lines of the text form.
var signs = map[Status]string{Passed: "pass", Failed: "FAIL", Advised: "advice", Skipped: "skip", Noted: "note"}

func (r *Report) text(w io.Writer, more bool) error {
	var b strings.Builder
	for _, one := range r.Results {
		switch one.Status {
		case Failed, Advised, Noted:
			b.WriteString(one.block())
		default:
			if more {
				fmt.Fprintf(&b, "%-6s %-4s %s (%s)%s\n", signs[one.Status], one.ID, one.Title, one.Section, after(": ", one.Came))
			}
		}
	}
	for _, id := range r.Left {
		fmt.Fprintf(&b, "left behind: %s could not be removed\n", id)
	}
	fmt.Fprintf(&b, "%s (%s) at %s: %s\n%s\n", r.Addon, r.Dialect, r.URL, r.summary(), r.Conclusion())
	_, err := io.WriteString(w, b.String())
	return err
}

// block describes a breach: what was asked, what came, what it means, what to change.
func (one Result) block() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s  %s (%s)\n", signs[one.Status], one.ID, one.Title, one.Section)
	for i, sent := range one.Sent {
		fmt.Fprintf(&b, "     %-9s %s\n", []string{"asked", "compared"}[min(i, 1)], sent)
	}
	for _, line := range [][2]string{{"expected", one.Expected}, {"came", one.Came}, {"means", one.Means}, {"change", one.Fix}, {"source", one.why()}} {
		if line[1] != "" {
			fmt.Fprintf(&b, "     %-9s %s\n", line[0], line[1])
		}
	}
	b.WriteString("\n")
	return b.String()
}

// why returns the sentence of the documentation behind a breach.
func (one Result) why() string {
	switch {
	case one.Source.Link == "":
		return ""
	case one.Status == Failed:
		return one.Source.Says + " (" + one.Source.String() + ")"
	}
	return one.Source.String()
}

func after(separator, s string) string {
	if s == "" {
		return ""
	}
	return separator + s
}

func (r *Report) summary() string {
	text := fmt.Sprintf("%d passed, %d required failed, %d advised, %d skipped", r.Count(Passed), r.Count(Failed), r.Count(Advised), r.Count(Skipped))
	if n := r.Count(Noted); n > 0 {
		text += fmt.Sprintf(", %d noted", n)
	}
	return text
}

// Conclusion returns a sentence that says whether the back-end may go live.
func (r *Report) Conclusion() string {
	var failed []string
	for _, one := range r.Results {
		if one.Status == Failed {
			failed = append(failed, one.ID)
		}
	}
	switch {
	case len(failed) > 0:
		return fmt.Sprintf("It may not go live on a marketplace of %s: %s failed.", r.Dialect, strings.Join(failed, ", "))
	case len(r.Left) > 0:
		return "It may not go live: add-ons could not be removed."
	case !r.Whole:
		return "Whether it may go live is not known: not all checks were made."
	}
	return fmt.Sprintf("It may go live on a marketplace of %s.", r.Dialect)
}

func (r *Report) markdown(w io.Writer) error {
	var rows [][]string
	for _, one := range r.Results {
		rows = append(rows, []string{one.ID, string(one.Level), string(one.Status), one.Title, one.Expected, one.Came, one.Fix})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s (%s)\n\n%s: %s\n\n**%s**\n\n", findings.Inline(r.Addon), r.Dialect, findings.Inline(r.URL), r.summary(), findings.Inline(r.Conclusion()))
	b.WriteString(findings.Table([]findings.Column{{Name: "Check"}, {Name: "Level"}, {Name: "Result"}, {Name: "What"}, {Name: "Expected"}, {Name: "Came"}, {Name: "Change"}}, rows))
	for _, id := range r.Left {
		fmt.Fprintf(&b, "\nLeft behind: %s\n", findings.Inline(id))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// junit writes failures of required checks as failures; advice is in a case's output.
func (r *Report) junit(w io.Writer) error {
	s := findings.Suite{Name: r.Addon + " (" + string(r.Dialect) + ")"}
	for _, one := range r.Results {
		c := findings.Case{Name: one.ID + " " + one.Title, Class: one.Section}
		switch one.Status {
		case Failed:
			c.Status, c.Message, c.Text = findings.Failed, fmt.Sprintf("expected %s, came %s", one.Expected, one.Came), one.block()
		case Advised, Noted:
			c.Output = one.block()
		case Skipped:
			c.Status, c.Message = findings.Skipped, one.Came
		}
		s.Cases = append(s.Cases, c)
	}
	for _, id := range r.Left {
		s.Cases = append(s.Cases, findings.Case{Name: "nothing is left behind: " + id, Class: "deprovision", Status: findings.Failed, Message: "it could not be removed"})
	}
	return findings.JUnit{Name: "runner vendor test", Suites: []findings.Suite{s}}.Write(w)
}

// Breaches returns the results that did not pass, those of required checks first.
func (r *Report) Breaches() []Result {
	var all []Result
	for _, status := range []Status{Failed, Advised, Noted} {
		for _, one := range r.Results {
			if one.Status == status {
				all = append(all, one)
			}
		}
	}
	return slices.Clip(all)
}
