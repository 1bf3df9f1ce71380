package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/playbooks"
)

// A finding is a problem as programs read it.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`   // from 1 on; 0: the whole file
	Column   int    `json:"column,omitempty"` // in characters, from 1 on
	Severity string `json:"severity"`         // error or warning
	Rule     string `json:"rule,omitempty"`   // of warnings
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// text is all that a finding says in one line.
func (f finding) text() string {
	if f.Hint == "" {
		return f.Message
	}
	return f.Message + "; " + f.Hint
}

// findings makes problems ready to be read by programs, secrets masked.
func (p *Program) findings(problems []*diagnostic.Problem) []finding {
	all := []finding{}
	for _, problem := range problems {
		f := finding{Line: problem.Place.Line, Column: problem.Place.Col, Severity: problem.Severity.String(), Rule: problem.Rule,
			Message: p.Secrets.Mask(problem.Msg), Hint: p.Secrets.Mask(problem.Hint), Detail: p.Secrets.Mask(problem.Detail)}
		if !problem.Place.IsZero() {
			f.File = problem.Place.Source.Name
		}
		all = append(all, f)
	}
	return all
}

// findingWriters write findings for programs.
var findingWriters = map[string]func([]finding) string{"json": jsonOf, "sarif": sarifOf, "gitlab": gitlabOf}

// indented writes JSON for programs that a person may read too. What it is given
// can always be written.
func indented(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
	return b.String()
}

func jsonOf(all []finding) string {
	errors := 0
	for _, f := range all {
		if f.Severity == "error" {
			errors++
		}
	}
	return indented(struct {
		Problems []finding `json:"problems"`
		Errors   int       `json:"errors"`
		Warnings int       `json:"warnings"`
	}{all, errors, len(all) - errors})
}

// wrongPlaybook is the rule of findings that are no warnings.
const wrongPlaybook = "playbook"

// sarifOf writes SARIF 2.1.0, which code hosts show beside the lines.
func sarifOf(all []finding) string {
	type text struct {
		Text string `json:"text"`
	}
	type rule struct {
		ID               string `json:"id"`
		ShortDescription text   `json:"shortDescription"`
	}
	type result struct {
		RuleID    string `json:"ruleId"`
		RuleIndex int    `json:"ruleIndex"`
		Level     string `json:"level"`
		Message   text   `json:"message"`
		Locations []any  `json:"locations,omitempty"`
	}
	rules := []rule{{wrongPlaybook, text{"A playbook has no mistakes."}}}
	for _, r := range playbooks.Rules() {
		rules = append(rules, rule{r.Name, text{r.Doc}})
	}
	results := []result{}
	for _, f := range all {
		at := max(0, slices.IndexFunc(rules, func(r rule) bool { return r.ID == f.Rule }))
		results = append(results, result{rules[at].ID, at, f.Severity, text{f.text()}, f.sarifLocations()})
	}
	type object = map[string]any
	return indented(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{object{
			"tool":       object{"driver": object{"name": "runner", "version": version(), "rules": rules}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	})
}

func (f finding) sarifLocations() []any {
	if f.File == "" {
		return nil
	}
	type object = map[string]any
	physical := object{"artifactLocation": object{"uri": uriOf(f.File)}}
	if f.Line > 0 {
		physical["region"] = object{"startLine": f.Line, "startColumn": max(f.Column, 1)}
	}
	return []any{object{"physicalLocation": physical}}
}

// uriOf gives a file's address: relative if its name is.
func uriOf(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}

// gitlabOf writes GitLab's report of code quality.
func gitlabOf(all []finding) string {
	type object = map[string]any
	seen := map[string]int{}
	issues := []any{}
	for _, f := range all {
		severity := "major"
		if f.Severity == "warning" {
			severity = "minor"
		}
		// The same finding keeps its fingerprint when lines above it are added.
		id := strings.Join([]string{f.File, f.Rule, f.Message}, "\x00")
		seen[id]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", id, seen[id]))
		rule := f.Rule
		if rule == "" {
			rule = wrongPlaybook
		}
		issues = append(issues, object{
			"description": f.text(), "check_name": rule, "severity": severity, "fingerprint": hex.EncodeToString(sum[:16]),
			"location": object{"path": f.File, "lines": object{"begin": max(f.Line, 1)}},
		})
	}
	return indented(issues)
}

var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// annotate tells problems to the CI host, where it has a word for that: GitHub
// shows them beside the lines. Others take --format sarif or gitlab.
func (p *Program) annotate(problems []*diagnostic.Problem) {
	if p.Getenv("GITHUB_ACTIONS") != "true" {
		return
	}
	for _, f := range p.findings(problems) {
		var at []string
		if f.File != "" {
			at = append(at, "file="+commandProperty.Replace(f.File))
		}
		if f.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d,col=%d", f.Line, f.Column))
		}
		if f.Rule != "" {
			at = append(at, "title="+commandProperty.Replace(f.Rule))
		}
		fmt.Fprintf(p.Out, "::%s %s::%s\n", f.Severity, strings.Join(at, ","), commandData.Replace(f.text()))
	}
}
