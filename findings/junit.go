package findings

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Status is how a case ended.
type Status int

// The statuses.
const (
	Passed  Status = iota
	Failed         // it did not do what it was there for
	Errored        // it could not be tried
	Skipped
)

// A Case is one test of a suite.
type Case struct {
	Name, Class string // a second case of the same two gets a number behind its name
	File        string // may be empty
	Took        time.Duration
	Status      Status
	Message     string // of what did not pass, in one line
	Type, Text  string // of what failed or could not be tried; may be empty
	Output      string // may be empty
}

// A Suite is a list of cases.
type Suite struct {
	Name  string
	Host  string    // may be empty
	Start time.Time // the zero time where it is not known
	Cases []Case
}

// A JUnit is a document in the XML that CI systems read the results of tests
// from.
type JUnit struct {
	Name   string
	Took   time.Duration
	Suites []Suite
}

// The parts of a document, in the order in which readers that check it want them.
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
		Hostname  string      `xml:"hostname,attr,omitempty"`
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
		Name    string    `xml:"name,attr"`
		Class   string    `xml:"classname,attr"`
		File    string    `xml:"file,attr,omitempty"`
		Time    string    `xml:"time,attr"`
		Skipped *junitWhy `xml:"skipped"`
		Error   *junitWhy `xml:"error"`
		Failure *junitWhy `xml:"failure"`
		Output  *cdata    `xml:"system-out"`
	}
	junitWhy struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	cdata struct {
		Text string `xml:",cdata"`
	}
)

// Write writes the document.
func (j JUnit) Write(w io.Writer) error {
	text, err := xml.MarshalIndent(j.document(), "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (j JUnit) document() junitSuites {
	doc := junitSuites{Name: legal(j.Name)}
	seen := map[[2]string]int{}
	for _, s := range j.Suites {
		suite := junitSuite{Name: legal(s.Name), Hostname: legal(s.Host)}
		if !s.Start.IsZero() {
			suite.Timestamp = s.Start.UTC().Format("2006-01-02T15:04:05")
		}
		var took time.Duration
		for _, c := range s.Cases {
			suite.count(c.Status)
			took += c.Took
			suite.Cases = append(suite.Cases, c.junit(seen))
		}
		suite.Time = seconds(took)
		doc.add(suite.junitCounts)
		doc.Suites = append(doc.Suites, suite)
	}
	doc.Time = seconds(j.Took)
	return doc
}

func (c *junitCounts) count(s Status) {
	c.Tests++
	switch s {
	case Failed:
		c.Failures++
	case Errored:
		c.Errors++
	case Skipped:
		c.Skipped++
	}
}

func (c *junitCounts) add(d junitCounts) {
	c.Tests += d.Tests
	c.Failures += d.Failures
	c.Errors += d.Errors
	c.Skipped += d.Skipped
}

// junit returns a case under a name that no other has: readers show one case of
// each name and class.
func (c Case) junit(seen map[[2]string]int) junitCase {
	out := junitCase{Name: legal(c.Name), Class: legal(c.Class), File: legal(c.File), Time: seconds(c.Took)}
	why := &junitWhy{Message: strings.Join(strings.Fields(legal(c.Message)), " "), Type: legal(c.Type), Text: legal(c.Text)}
	switch c.Status {
	case Failed:
		out.Failure = why
	case Errored:
		out.Error = why
	case Skipped:
		out.Skipped = &junitWhy{Message: why.Message}
	}
	if c.Output != "" {
		out.Output = &cdata{legal(c.Output)}
	}
	name := out.Name
	for seen[[2]string{out.Class, out.Name}] > 0 {
		seen[[2]string{out.Class, name}]++
		out.Name = fmt.Sprintf("%s (%d)", name, seen[[2]string{out.Class, name}])
	}
	seen[[2]string{out.Class, out.Name}] = 1
	return out
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

// seconds returns a duration as a number of seconds, to the millisecond.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
