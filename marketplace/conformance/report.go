package conformance

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
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
	var b strings.Builder
	fmt.Fprintf(&b, "# %s (%s)\n\n%s: %s\n\n| Check | Result | What | Expected | Came |\n|---|---|---|---|---|\n", r.Addon, r.Dialect, r.URL, r.summary())
	for _, one := range r.Results {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", one.ID, one.Status, cell(one.Title), cell(one.Expected), cell(one.Came))
	}
	for _, id := range r.Left {
		fmt.Fprintf(&b, "\nLeft behind: %s\n", cell(id))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell makes a text fit for a cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "&", "&amp;", "`", "'").Replace(s)
}

type junitCase struct {
	Name    string    `xml:"name,attr"`
	Class   string    `xml:"classname,attr"`
	Failure *junitSay `xml:"failure,omitempty"`
	Skipped *junitSay `xml:"skipped,omitempty"`
	Out     string    `xml:"system-out,omitempty"`
}

type junitSay struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func (r *Report) junit(w io.Writer) error {
	type suite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	s := suite{Name: r.Addon + " (" + string(r.Dialect) + ")", Tests: len(r.Results), Failures: r.Count(Failed), Skipped: r.Count(Skipped)}
	for _, one := range r.Results {
		c := junitCase{Name: one.ID + " " + one.Title, Class: one.Section}
		said := legal(fmt.Sprintf("expected %s, came %s", one.Expected, one.Came))
		switch one.Status {
		case Failed:
			c.Failure = &junitSay{said, legal(one.Why + "\nsent " + strings.Join(one.Sent, "\nsent "))}
		case Warned:
			c.Out = "warning: " + said
		case Noted:
			c.Out = "note: " + said
		case Skipped:
			c.Skipped = &junitSay{Message: legal(one.Came)}
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// legal leaves out what XML cannot hold.
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, s)
}
