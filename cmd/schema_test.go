package cmd_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"runner/cmd"
	"runner/cmd/ui"
	"runner/engine/expr/format"
	"runner/playbooks/reading"
)

// wrongBeyondSchemas lists the wrong playbooks that a schema cannot tell from
// good ones, with the reason.
var wrongBeyondSchemas = map[string]string{
	"duplicate_keys.yml":         "a decoder keeps the last of two",
	"results.yml":                "templates",
	"block_names.yml":            "what names are defined",
	"names.yml":                  "what names are defined",
	"names_from_elsewhere.yml":   "what names are defined",
	"templates.yml":              "the grammar of templates",
	"when.yml":                   "the grammar of conditions",
	"imported_playbook/site.yml": "what other files hold",
	"imports/site.yml":           "what other files hold",
	"loop_of_imports/site.yml":   "what other files hold",
	"plays_in_tasks/site.yml":    "what other files hold",
}

// schemaOf compiles what `runner schema` prints.
func schemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	var out, problems strings.Builder
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: &out, Err: &problems, Getenv: func(string) string { return "" }}, Args: []string{"runner", "schema"}}
	if code := p.Run(context.Background()); code != 0 {
		t.Fatalf("exit code %d: %s", code, &problems)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("runner.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("runner.schema.json") // holds it to the draft's own schema
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// instance reads a playbook as an editor does: as the values of YAML.
func instance(t *testing.T, text string) (any, error) {
	t.Helper()
	v, err := reading.FromYAML(text)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(strings.NewReader(format.JSON(v, format.JSONStyle{})))
}

func TestSchemaAcceptsGoodPlaybooks(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	for _, file := range playbookFiles(t, "../examples", "../playbooks/testdata/good") {
		if filepath.Base(file) == "mistakes.yml" {
			continue
		}
		t.Run(nameOf(file), func(t *testing.T) {
			v, err := instance(t, read(t, file))
			if err == nil {
				err = schema.Validate(v)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSchemaRejectsWrongPlaybooks(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	for _, file := range append(playbookFiles(t, "../playbooks/testdata/bad"), "../examples/mistakes.yml") {
		t.Run(nameOf(file), func(t *testing.T) {
			v, err := instance(t, read(t, file))
			if err != nil {
				return // no YAML
			}
			reason, beyond := wrongBeyondSchemas[nameOf(file)]
			switch err := schema.Validate(v); {
			case err == nil && !beyond:
				t.Error("accepted")
			case err != nil && beyond:
				t.Errorf("rejected, though listed as beyond a schema (%s): %v", reason, err)
			}
		})
	}
}

// playbookFiles returns the playbooks of folders: files, and folders of several files.
func playbookFiles(t *testing.T, folders ...string) []string {
	t.Helper()
	var all []string
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.yml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(files), err)
		}
		more, _ := filepath.Glob(filepath.Join(folder, "*", "site.yml"))
		all = append(append(all, files...), more...)
	}
	return all
}

// nameOf tells fixtures apart: "when.yml", "imports/site.yml".
func nameOf(file string) string {
	if base := filepath.Base(file); base != "site.yml" || filepath.Base(filepath.Dir(file)) == "examples" {
		return base
	}
	return filepath.Base(filepath.Dir(file)) + "/site.yml"
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
