package playbooks

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
)

// Each file in testdata/bad says itself what is wrong with it, in comments:
//
//	addon_registr:  # ERROR@3: unknown task kind "addon_registr"
//
// is a problem in column 3 of its line; ERROR+2@3 one two lines further down,
// for lines where no comment can stand; WARN a warning. A line may have several.
// What the comment says is the message, with or without the hint.
var expectation = regexp.MustCompile(`# (ERROR|WARN)([+-]\d+)?@(\d+): `)

type expected struct {
	warning   bool
	line, col int
	text      string
}

func expectations(text string) []expected {
	var all []expected
	for i, line := range strings.Split(text, "\n") {
		marks := expectation.FindAllStringSubmatchIndex(line, -1)
		for j, m := range marks {
			end := len(line)
			if j+1 < len(marks) {
				end = marks[j+1][0]
			}
			e := expected{warning: line[m[2]:m[3]] == "WARN", line: i + 1, text: strings.TrimSpace(line[m[1]:end])}
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

func (e expected) matches(p *engine.Problem) bool {
	return e.warning == p.Warning && e.line == p.Place.Line && e.col == p.Place.Col &&
		(e.text == p.Msg || e.text == p.Msg+"; "+p.Hint)
}

func (e expected) String() string {
	if e.warning {
		return fmt.Sprintf("%d:%d: warning: %s", e.line, e.col, e.text)
	}
	return fmt.Sprintf("%d:%d: %s", e.line, e.col, e.text)
}

func TestBadPlaybooks(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			program, problems := Load([]string{file}, options())
			if program != nil {
				t.Error("a program was made of it")
			}
			want := expectations(string(text))
			if len(want) == 0 {
				t.Fatal("the file expects nothing")
			}
			if diff := cmp.Diff(lines(want), told(problems, want)); diff != "" {
				t.Errorf("problems (-expected +told):\n%s", diff)
			}
		})
	}
}

func lines(list []expected) []string {
	all := []string{}
	for _, e := range list {
		all = append(all, e.String())
	}
	return all
}

// told writes problems as expectations are written: without the hint where the
// expectation of that line has none.
func told(problems []*engine.Problem, want []expected) []string {
	all := []string{}
	for _, p := range problems {
		e := expected{p.Warning, p.Place.Line, p.Place.Col, p.Msg}
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
