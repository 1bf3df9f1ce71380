package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/syntax"
	"runner/playbooks/reading"
)

// FuzzParse holds Parse to its word: whatever the text, there are problems or a
// program, and every place is one that the text has.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yml", "testdata/good/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	opt := options()
	f.Fuzz(func(t *testing.T, text string) {
		program, problems := Parse("site.yml", []byte(text), opt)
		if reading.Failed(problems) == (program != nil) {
			t.Errorf("program %v, problems %v", program, problems)
		}
		for _, p := range problems {
			within(t, p.Place, text)
			_ = p.Excerpt()
		}
		if program == nil {
			return
		}
		for _, play := range program.Plays {
			for s := range play.Steps() {
				within(t, s.Place, text)
				for _, r := range refs(s) {
					within(t, r.Place, text)
				}
			}
		}
	})
}

func refs(s *engine.Step) []syntax.Ref {
	var all []syntax.Ref
	for _, c := range s.When {
		all = append(all, c.Expr.Refs()...)
	}
	if s.Args != nil {
		all = append(all, s.Args.Refs()...)
	}
	return all
}

// within fails if a place is not one of a text.
func within(t *testing.T, at diagnostic.Place, text string) {
	t.Helper()
	if at.Source == nil {
		t.Error("a problem without a place")
		return
	}
	if at.Line == 0 {
		return // the whole file
	}
	all := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	if at.Line < 1 || at.Line > len(all) || at.Col < 1 || at.Col > 1+utf8.RuneCountInString(all[at.Line-1]) {
		t.Errorf("there is no place %s in %q", at, text)
	}
}

func FuzzExtraVars(f *testing.F) {
	for _, arg := range []string{"a=1 b='x y'", `a="\""`, "{a: 1}", "a={{ b", "@x", "a=\"{{ 'x' }}\" c=d"} {
		f.Add(arg)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		vars, err := ExtraVars(arg, noFile, nil)
		if err != nil && vars != nil {
			t.Errorf("%v and %v", vars, err)
		}
	})
}
