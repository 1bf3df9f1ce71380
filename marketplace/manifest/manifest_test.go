package manifest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the problems of the manifests in testdata anew")

// listed writes problems as the fixtures have them.
func listed(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %d:%d %s %q: %s\n", p.Level(), p.Line, p.Column, p.Code, p.Pointer, p.Message)
	}
	return b.String()
}

// TestManifests holds the manifests of testdata, one archive a dialect, to the
// problems that follow each of them.
func TestManifests(t *testing.T) {
	fixtures := 0
	for _, d := range Dialects() {
		file := filepath.Join("testdata", "manifests", string(d)+".txtar")
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var written []txtar.File
		for i, f := range archive.Files {
			if f.Name == "problems" {
				continue
			}
			fixtures++
			src := bytes.ReplaceAll(f.Data, []byte(`\xff`), []byte("\xff")) // archives hold UTF-8
			_, problems := Read(src, Options{Dialect: d})
			got, want := listed(problems), ""
			if i+1 < len(archive.Files) && archive.Files[i+1].Name == "problems" {
				want = string(archive.Files[i+1].Data)
			}
			if diff := cmp.Diff(want, got); diff != "" && !*update {
				t.Errorf("%s, %s:\n%s", d, f.Name, diff)
			}
			written = append(written, f)
			if got != "" {
				written = append(written, txtar.File{Name: "problems", Data: []byte(got)})
			}
		}
		if *update {
			archive.Files = written
			if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if fixtures < 120 {
		t.Errorf("only %d fixtures", fixtures)
	}
}

// TestEveryRuleIsBroken holds the fixtures to all rules, in each dialect.
func TestEveryRuleIsBroken(t *testing.T) {
	for _, d := range Dialects() {
		text, err := os.ReadFile(filepath.Join("testdata", "manifests", string(d)+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range Rules() {
			if r.Code != "M012" && r.Level(d) != "" && !regexp.MustCompile(`(?m)^\w+ \d+:\d+ `+r.Code+` `).Match(text) {
				t.Errorf("no manifest in %s breaks %s, %s", d, r.Code, r.Title)
			}
		}
	}
}

func TestIDStays(t *testing.T) {
	text, err := Create(Clever, "tinykv")
	if err != nil {
		t.Fatal(err)
	}
	_, problems := Read(text, Options{Dialect: Clever, Previous: "bigkv"})
	if got, want := listed(problems), `error 2:9 M012 "/id": "id" cannot change after the first push (was "bigkv", now "tinykv")`+"\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

func TestCreated(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Dialects() {
		text, err := Create(d, "tinykv")
		if err != nil {
			t.Fatal(err)
		}
		m, problems := Read(text, Options{})
		if len(problems) > 0 || m.Dialect != d {
			t.Errorf("%s is read as %s: %s", d, m.Dialect, listed(problems))
		}
		for _, s := range m.Secrets() {
			if len(s) < 43 || seen[s] {
				t.Errorf("%s: a secret of %d characters, seen before: %v", d, len(s), seen[s])
			}
			seen[s] = true
		}
	}
	for _, id := range []string{"", "My Addon", "9to5", strings.Repeat(" ", 3), "a\nb"} {
		if text, err := Create(Clever, id); err == nil {
			t.Errorf("the id %q is taken: %s", id, text)
		}
	}
}

func TestLoopbackOnRequest(t *testing.T) {
	text, err := Create(HerokuV3, "tinykv")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("https://addon.example.com"), []byte("http://127.0.0.1:8080"))
	if _, problems := Read(text, Options{}); len(Errors(problems)) != 4 {
		t.Errorf("want four errors:\n%s", listed(problems))
	}
	if _, problems := Read(text, Options{Loopback: true}); len(Errors(problems)) != 0 || len(problems) != 4 {
		t.Errorf("want four warnings:\n%s", listed(problems))
	}
}

// TestDialects: what a manifest shows decides, and where it shows nothing that is said.
func TestDialects(t *testing.T) {
	for text, want := range map[string]string{
		`{"api": {"version": "3"}}`:                                                             "heroku-v3",
		`{"api": {"production": "https://kv.example.com/"}}`:                                    "heroku-v1",
		`{"plans": [{"id": "s"}], "api": {}}`:                                                   "appfog",
		`{"api": {"requires": ["many_per_app"]}}`:                                               "heroku-v1",
		`{"api": {"regions": ["us", "eu"]}}`:                                                    "heroku-v1",
		`{"api": {"regions": ["par"]}}`:                                                         "clever",
		`{"api": {"production": {"base_url": "https://kv.example.com/heroku/resources"}}}`:      "heroku-v1",
		`{"api": {"test": {"base_url": "http://localhost:5000/heroku/resources/"}}}`:            "heroku-v1",
		`{"api": {"production": {"base_url": "https://kv.example.com/clevercloud/resources"}}}`: "clever, guessed",
		`{"api": {"regions": ["eu"]}}`:                                                          "clever, guessed",
		`{}`:                                                                                    "clever, guessed",
	} {
		m, _ := Read([]byte(text), Options{})
		got := string(m.Dialect)
		if m.Guessed {
			got += ", guessed"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if m, _ := Read([]byte(`{}`), Options{Dialect: AppFog}); m.Guessed || m.Dialect != AppFog {
		t.Errorf("a dialect that was said is guessed: %+v", m)
	}
}

// TestEveryRuleHasASource: who reads of a mistake can read who says so.
func TestEveryRuleHasASource(t *testing.T) {
	for _, r := range Rules() {
		for _, d := range Dialects() {
			if s := r.Source(d); r.Level(d) != "" && (!strings.HasPrefix(s.Link, "https://") || s.Section == "" || s.Says == "") {
				t.Errorf("%s in %s: %+v", r.Code, d, s)
			}
		}
	}
}

// FuzzRead holds to it that no text brings the reader down, that problems have
// places inside the text, and that what is no JSON is reported.
func FuzzRead(f *testing.F) {
	for _, d := range Dialects() {
		text, err := Create(d, "tinykv")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"a":[1,2,{"b":"\u00e9"}],"a":null} //`))
	f.Add([]byte(strings.Repeat(`[`, 100)))
	f.Fuzz(func(t *testing.T, src []byte) {
		m, problems := Read(src, Options{})
		if clean, _ := blankComments(src); !json.Valid(clean) && len(Errors(problems)) == 0 {
			t.Fatalf("no JSON, and no problem: %q", src)
		}
		lines := 1 + bytes.Count(src, []byte("\n"))
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 {
				t.Fatalf("a place outside of the text: %+v", p)
			}
			if m != nil && len(m.Password) > 8 && strings.Contains(p.Message, m.Password) {
				t.Fatalf("a secret is printed: %+v", p)
			}
		}
	})
}
