package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled returns the schema of a report, or of a record of one.
func compiled(t *testing.T, part string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json" + part)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, name, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = s.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestReportsAreAsTheirSchemaSays holds every report in JSON that there is as a golden file
// to the schema that is published.
func TestReportsAreAsTheirSchemaSays(t *testing.T) {
	whole, record := compiled(t, ""), compiled(t, "#/$defs/record")
	files, err := filepath.Glob("testdata/*.json*")
	more, _ := filepath.Glob("../../cmd/session/testdata/plan/*.json*")
	if err != nil || len(files) < 5 || len(more) < 12 {
		t.Fatal(files, more, err)
	}
	for _, file := range append(files, more...) {
		if strings.HasSuffix(file, ".html.json") { // what a page holds is its own affair
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(file) == ".json" {
			validate(t, whole, file, string(text))
			continue
		}
		for l := range strings.Lines(string(text)) {
			validate(t, record, file, l)
		}
	}
}

// TestTheSchemaRefuses what a report may not be: it is not so wide that it says nothing.
func TestTheSchemaRefuses(t *testing.T) {
	text, err := os.ReadFile("testdata/run.json")
	if err != nil {
		t.Fatal(err)
	}
	s := compiled(t, "")
	for _, edit := range [][2]string{{`"action": "create"`, `"action": "make"`}, {`"needs": []`, `"needs": [{"risk": "x"}]`}, {`"needed": null`, `"needed": "yes"`},
		{`"interrupted": false`, `"interrupted": 0`}, {`"state": "ended"`, `"state": "over"`}} {
		wrong := strings.Replace(string(text), edit[0], edit[1], 1)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(wrong))
		if err != nil || wrong == string(text) {
			t.Fatal(edit, err)
		}
		if s.Validate(doc) == nil {
			t.Errorf("%s is fine by the schema", edit[1])
		}
	}
}
