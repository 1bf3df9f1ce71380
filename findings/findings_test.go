package findings

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"runner/diagnostic"
)

func at(name string, line, col int) diagnostic.Place {
	return diagnostic.Place{Source: &diagnostic.Source{Name: name}, Line: line, Col: col}
}

func example() Log {
	return Log{Tool: "tool", Version: "1.0.0", Rules: []Rule{{"mistake", "There is none.", ""}, {"old", "Nothing is old.", "https://example.test/old"}}, Problems: []*diagnostic.Problem{
		{Place: at("a b.yml", 3, 7), Msg: "wrong", Hint: "write it <right>", Detail: "all of it"},
		{Place: at("/abs/b.yml", 0, 0), Msg: "50% old,\nor: older", Rule: "old", Severity: diagnostic.Warning},
		{Msg: "nowhere", Rule: "unheard of", Pointer: "/a/0"},
		{Place: at("a b.yml", 9, 1), Msg: "wrong", Hint: "write it <right>"},
	}}
}

func written(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

func TestSARIF(t *testing.T) {
	for _, log := range []Log{example(), {Tool: "tool", Rules: []Rule{{ID: "mistake", Title: "There is none."}}}} {
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "sarif-2.1.0.schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		text := written(t, log.SARIF)
		if err := schema.Validate(decoded(t, text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	var doc struct {
		Runs []struct {
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn int }
					}
				}
				Properties map[string]string
			}
		}
	}
	if err := json.Unmarshal(written(t, example().SARIF), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range doc.Runs[0].Results {
		place := ""
		for _, l := range r.Locations {
			place = l.PhysicalLocation.ArtifactLocation.URI
			if l.PhysicalLocation.Region == nil {
				place += " whole"
			}
		}
		got = append(got, strings.Join([]string{r.RuleID, r.Level, place, r.Message.Text, r.Properties["pointer"]}, "|"))
	}
	want := []string{
		"mistake|error|a%20b.yml|wrong; write it <right>|",
		"old|warning|file:///abs/b.yml whole|50% old,\nor: older|",
		"mistake|error||nowhere|/a/0",
		"mistake|error|a%20b.yml|wrong; write it <right>|",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGitLab(t *testing.T) {
	type issue struct {
		Description, Fingerprint, Severity string
		CheckName                          string `json:"check_name"`
		Location                           struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	read := func(l Log) (all []issue) {
		if err := json.Unmarshal(written(t, l.GitLab), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := read(example())
	seen := map[string]bool{}
	for _, i := range first {
		seen[i.Fingerprint] = true
		if i.Description == "" || i.CheckName == "" || i.Location.Lines.Begin < 1 || i.Severity != map[bool]string{true: "minor", false: "major"}[i.CheckName == "old"] {
			t.Errorf("%+v lacks something", i)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d fingerprints of 4 problems", len(seen))
	}
	moved := example()
	for _, p := range moved.Problems {
		p.Place.Line += 10
	}
	for i, m := range read(moved) {
		if m.Fingerprint != first[i].Fingerprint {
			t.Errorf("%q is another problem ten lines below", m.Description)
		}
	}
	if got := string(written(t, Log{}.GitLab)); got != "[]\n" {
		t.Errorf("of no problems %q", got)
	}
}

func TestGitHub(t *testing.T) {
	want := `::error file=a b.yml,line=3,col=7::wrong; write it <right>
::warning file=/abs/b.yml,title=old::50%25 old,%0Aor: older
::error title=unheard of::nowhere
::error file=a b.yml,line=9,col=1::wrong; write it <right>
`
	if diff := cmp.Diff(want, string(written(t, example().GitHub))); diff != "" {
		t.Error(diff)
	}
}

func TestJSON(t *testing.T) {
	var doc struct {
		Problems         []map[string]any
		Errors, Warnings int
	}
	if err := json.Unmarshal(written(t, example().JSON), &doc); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"file": "a b.yml", "line": 3.0, "column": 7.0, "severity": "error", "message": "wrong", "hint": "write it <right>", "detail": "all of it"}
	if diff := cmp.Diff(want, doc.Problems[0]); diff != "" || doc.Errors != 3 || doc.Warnings != 1 || len(doc.Problems) != 4 {
		t.Errorf("%d errors, %d warnings: %s", doc.Errors, doc.Warnings, diff)
	}
}

// full takes no text.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrPermission }

func TestAnErrorOfWritingIsReturned(t *testing.T) {
	l := example()
	for _, write := range []func(io.Writer) error{l.JSON, l.SARIF, l.GitLab, l.GitHub, JUnit{}.Write} {
		if err := write(full{}); !errors.Is(err, os.ErrPermission) {
			t.Error(err)
		}
	}
}

func TestMarkdown(t *testing.T) {
	got := Table([]Column{{Name: "What|ever"}, {Name: "n", Numbers: true}}, [][]string{{"a | b\n`c`", "1"}, {"", "<b>"}})
	want := "| What\\|ever | n |\n|---|--:|\n| a \\| b \\`c\\` | 1 |\n|  | \\<b\\> |\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := Fenced("diff", "a\n````\nb"); got != "`````diff\na\n````\nb\n`````\n" {
		t.Errorf("got %s", got)
	}
}
