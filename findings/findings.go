// Package findings writes problems and the results of tests in the forms that
// other programs read: SARIF, GitLab's code quality, GitHub's annotations, JSON,
// JUnit's XML, and Markdown. Each form is written, and its text escaped, here only.
//
// It knows these forms and the problems of package diagnostic, and nothing of what
// was looked at: what is to be in a report, and what of it is secret, is for its
// callers to say.
package findings

import (
	"encoding/json"
	"io"

	"runner/diagnostic"
)

// A Rule is one that problems can break.
type Rule struct {
	ID    string // as the problems' Rule has it
	Title string // what holds where it is kept, in one sentence
	Help  string // the address of a page about it; "" for none
}

// A Log is what a tool found in texts.
type Log struct {
	Tool, Version string
	// Rules are all that the tool has. Problems of no rule, or of another one, count
	// as the first's.
	Rules    []Rule
	Problems []*diagnostic.Problem
}

// rule returns the rule that a problem breaks, and its number.
func (l Log) rule(p *diagnostic.Problem) (Rule, int) {
	for i, r := range l.Rules {
		if r.ID == p.Rule {
			return r, i
		}
	}
	return l.Rules[0], 0
}

// file returns the name of the file that a problem is in, "" for none.
func file(p *diagnostic.Problem) string {
	if p.Place.IsZero() {
		return ""
	}
	return p.Place.Source.Name
}

// JSON writes the problems, and how many of them are errors and warnings.
func (l Log) JSON(w io.Writer) error {
	type problem struct {
		File     string `json:"file"`
		Line     int    `json:"line,omitempty"`   // from 1 on; 0: the whole file
		Column   int    `json:"column,omitempty"` // in characters, from 1 on
		Severity string `json:"severity"`         // error or warning
		Rule     string `json:"rule,omitempty"`
		Message  string `json:"message"`
		Hint     string `json:"hint,omitempty"`
		Detail   string `json:"detail,omitempty"`
	}
	out := struct {
		Problems []problem `json:"problems"`
		Errors   int       `json:"errors"`
		Warnings int       `json:"warnings"`
	}{Problems: []problem{}}
	for _, p := range l.Problems {
		out.Problems = append(out.Problems, problem{file(p), p.Place.Line, p.Place.Col, p.Severity.String(), p.Rule, p.Msg, p.Hint, p.Detail})
		if p.Severity == diagnostic.Error {
			out.Errors++
		} else {
			out.Warnings++
		}
	}
	return indented(w, out)
}

// indented writes JSON that a user may read too.
func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
