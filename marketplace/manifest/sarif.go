package manifest

import (
	"encoding/json"
	"io"
	"path/filepath"
)

// WriteSARIF writes problems of a manifest as SARIF 2.1.0, the form that code
// hosts show beside the lines of a change.
func WriteSARIF(w io.Writer, file string, problems []Problem) error {
	type msg struct {
		Text string `json:"text"`
	}
	type rule struct {
		ID    string `json:"id"`
		Short msg    `json:"shortDescription"`
	}
	type region struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
	type location struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region region `json:"region"`
		} `json:"physicalLocation"`
	}
	type result struct {
		Rule       string            `json:"ruleId"`
		Index      int               `json:"ruleIndex"`
		Level      string            `json:"level"`
		Message    msg               `json:"message"`
		Locations  []location        `json:"locations"`
		Properties map[string]string `json:"properties"`
	}
	rules, index := []rule{}, map[string]int{}
	for i, r := range Rules() {
		rules, index[r.Code] = append(rules, rule{r.Code, msg{r.Title}}), i
	}
	results := []result{}
	for _, p := range problems {
		var l location
		l.Physical.Artifact.URI = filepath.ToSlash(file)
		l.Physical.Region = region{p.Line, p.Column}
		results = append(results, result{p.Code, index[p.Code], p.Level(), msg{p.Message}, []location{l},
			map[string]string{"pointer": p.Pointer}})
	}
	driver := map[string]any{"name": "runner", "rules": rules}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{map[string]any{
			"tool": map[string]any{"driver": driver}, "columnKind": "unicodeCodePoints", "results": results,
		}},
	})
}
