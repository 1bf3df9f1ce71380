package findings

import (
	"io"
	"net/url"
	"path/filepath"

	"runner/diagnostic"
)

type object = map[string]any

// SARIF writes SARIF 2.1.0, which code hosts show beside the lines of a change.
func (l Log) SARIF(w io.Writer) error {
	rules, results := []object{}, []object{}
	for _, r := range l.Rules {
		rule := object{"id": r.ID, "shortDescription": object{"text": r.Title}}
		if r.Help != "" {
			rule["helpUri"] = r.Help
		}
		rules = append(rules, rule)
	}
	for _, p := range l.Problems {
		rule, index := l.rule(p)
		result := object{"ruleId": rule.ID, "ruleIndex": index, "level": p.Severity.String(), "message": object{"text": p.Text()}}
		if file(p) != "" {
			result["locations"] = []object{location(p)}
		}
		if p.Pointer != "" {
			result["properties"] = object{"pointer": p.Pointer}
		}
		results = append(results, result)
	}
	driver := object{"name": l.Tool, "rules": rules}
	if l.Version != "" {
		driver["version"] = l.Version
	}
	return indented(w, object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs":    []object{{"tool": object{"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}},
	})
}

func location(p *diagnostic.Problem) object {
	physical := object{"artifactLocation": object{"uri": address(file(p))}}
	if p.Place.Line > 0 {
		physical["region"] = object{"startLine": p.Place.Line, "startColumn": max(p.Place.Col, 1)}
	}
	return object{"physicalLocation": physical}
}

// address returns a file's address as a URI: relative if its name is.
func address(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
