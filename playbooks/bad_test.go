package playbooks

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"runner/diagnostic"
	"runner/engine"
	"runner/playbooks/verify"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Each file in testdata/bad says itself what is wrong with it, in comments:
//
//	addon_registr:  # ERROR@3: unknown task kind "addon_registr"
//
// is a problem in column 3 of its line; ERROR+2@3 one two lines further down,
// for lines where no comment can stand; WARN a warning. A line may have several.
// What the comment says is the message, with or without the hint. A folder is a
// playbook, site.yml, with the files that it brings in.
var expectation = regexp.MustCompile(`# (ERROR|WARN)([+-]\d+)?@(\d+): `)

type expected struct {
	file      string
	warning   bool
	line, col int
	text      string
}

func expectations(file, text string) []expected {
	var all []expected
	for i, line := range strings.Split(text, "\n") {
		marks := expectation.FindAllStringSubmatchIndex(line, -1)
		for j, m := range marks {
			end := len(line)
			if j+1 < len(marks) {
				end = marks[j+1][0]
			}
			e := expected{file: file, warning: line[m[2]:m[3]] == "WARN", line: i + 1, text: strings.TrimSpace(line[m[1]:end])}
			e.col, _ = strconv.Atoi(line[m[6]:m[7]])
			if m[4] >= 0 {
				offset, _ := strconv.Atoi(line[m[4]:m[5]])
				e.line += offset
			}
			all = append(all, e)
		}
	}
	return all
}

func (e expected) matches(p *diagnostic.Problem) bool {
	return e.file == p.Place.Source.Name && e.warning == (p.Severity == diagnostic.Warning) && e.line == p.Place.Line && e.col == p.Place.Col &&
		(e.text == p.Msg || e.text == p.Msg+"; "+p.Hint)
}

func (e expected) String() string {
	what := ""
	if e.warning {
		what = "warning: "
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", filepath.Base(e.file), e.line, e.col, what, e.text)
}

// fixture returns the files of a fixture, the playbook first.
func fixture(path string) []string {
	if filepath.Ext(path) == ".yml" {
		return []string{path}
	}
	site := filepath.Join(path, "site.yml")
	files := []string{site}
	_ = filepath.WalkDir(path, func(f string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && f != site {
			files = append(files, f)
		}
		return err
	})
	return files
}

func TestBadPlaybooks(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(fixtures) < 50 {
		t.Fatalf("%d fixtures, %v", len(fixtures), err)
	}
	for _, path := range fixtures {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yml"), func(t *testing.T) {
			files := fixture(path)
			var want []expected
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, expectations(file, string(text))...)
			}
			program, problems := judged(files[0])
			if program != nil {
				t.Error("a program was made of it")
			}
			if len(want) == 0 {
				t.Fatal("the fixture expects nothing")
			}
			less := cmpopts.SortSlices(func(a, b string) bool { return a < b })
			if diff := cmp.Diff(lines(want), reported(problems, want), less); diff != "" {
				t.Errorf("problems (-expected +reported):\n%s", diff)
			}
		})
	}
}

// judged loads a playbook and returns what is wrong with it, with what may be wrong
// but nothing that could only be better.
func judged(path string) (*engine.Program, []*diagnostic.Problem) {
	opt := options()
	opt.Lint = true
	program, problems := Load([]string{path}, opt)
	return program, slices.DeleteFunc(problems, func(p *diagnostic.Problem) bool {
		return p.Severity == diagnostic.Warning && slices.Contains(onRequest[:], p.Rule) && p.Rule != verify.MayFail
	})
}

func lines(list []expected) []string {
	all := []string{}
	for _, e := range list {
		all = append(all, e.String())
	}
	return all
}

// reported writes problems as expectations are written: without the hint where the
// expectation of that line has none.
func reported(problems []*diagnostic.Problem, want []expected) []string {
	all := []string{}
	for _, p := range problems {
		e := expected{p.Place.Source.Name, p.Severity == diagnostic.Warning, p.Place.Line, p.Place.Col, p.Msg}
		if p.Hint != "" {
			e.text += "; " + p.Hint
		}
		for _, w := range want {
			if w.matches(p) {
				e.text = w.text
			}
		}
		all = append(all, e.String())
	}
	return all
}
