package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A module with one function, one test that guards half of it, one that waits.
var sample = map[string]string{
	"go.mod":          "module example.com/m\n\ngo 1.26\n",
	"sum/sum.go":      "package sum\n\n// Sum adds.\nfunc Sum(a, b int) int { return a + b }\n\n// Less compares.\nfunc Less(a, b int) bool { return a < b }\n",
	"sum/sum_test.go": "package sum\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif Sum(1, 2) != 3 {\n\t\tt.Error(\"no sum\")\n\t}\n}\n\nfunc TestLess(t *testing.T) {\n\tfor i := 0; Less(i, 3); i++ {\n\t}\n}\n\nfunc TestWrong(t *testing.T) { t.Error(\"always\") }\n\nfunc TestSkipped(t *testing.T) { t.Skip() }\n",
}

func TestSuite(t *testing.T) {
	const sum = "in sum/sum.go\nold a + b\n"
	for name, c := range map[string]struct{ list, want string }{
		"found":             {sum + "new a - b\ntest ./sum ^TestSum$\nwhy sums\n", "1 mutants, 1 found"},
		"found in a folder": {"in sum\nold a + b\nnew a\ntest ./sum ^TestSum$\nwhy sums\n", "1 mutants, 1 found"},
		"nothing instead":   {"in sum\nold + b\nnew\ntest ./sum ^TestSum$\nwhy sums\n", "1 mutants, 1 found"},
		"never ends":        {"in sum\nold a < b\nnew true\ntest ./sum ^TestLess$\nwhy ends\n", "1 mutants, 1 found"},
		"survives":          {sum + "new b + a\ntest ./sum ^TestSum$\nwhy sums\n", "^TestSum$ of ./sum passes"},
		"one of two":        {sum + "new a - b\ntest ./sum Sum\nwhy sums\n\n# but\n" + sum + "new b+a\ntest ./sum Sum\nwhy order\n", "1 of 2 mutants were not found"},
		"text gone":         {"in sum\nold a * b\nnew a\ntest ./sum ^TestSum$\nwhy sums\n", "stands 0 times in sum"},
		"text twice":        {"in sum\nold a, b int\nnew b, a int\ntest ./sum ^TestSum$\nwhy sums\n", "stands 2 times in sum"},
		"no such place":     {"in other\nold a\nnew b\ntest ./sum ^TestSum$\nwhy sums\n", "no such file"},
		"does not compile":  {sum + "new a +\ntest ./sum ^TestSum$\nwhy sums\n", "does not build"},
		"no such test":      {sum + "new a\ntest ./sum ^TestNone$\nwhy sums\n", "no test of ./sum passes"},
		"a test that skips": {sum + "new a\ntest ./sum ^TestSkipped$\nwhy sums\n", "no test of ./sum passes"},
		"a test that fails": {sum + "new a\ntest ./sum ^TestWrong$\nwhy sums\n", "without any mutant"},
		"no reason":         {sum + "new a\ntest ./sum ^TestSum$\n", "list.txt:1: a mutant has lines"},
		"unknown word":      {sum + "by a\n", `list.txt:3: unknown word "by"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, sample)
			write(t, dir, map[string]string{"list.txt": c.list})
			var out bytes.Buffer
			s := suite{out: &out, root: dir, jobs: 2, timeout: 5 * time.Second}
			err := s.run(filepath.Join(dir, "list.txt"), "")
			if err != nil {
				out.WriteString(err.Error())
			}
			if !strings.Contains(out.String(), c.want) || (err == nil) != strings.HasSuffix(c.want, "1 found") {
				t.Errorf("want %q, got %v and\n%s", c.want, err, out.String())
			}
			got, err := os.ReadFile(filepath.Join(dir, "sum", "sum.go"))
			if err != nil || string(got) != sample["sum/sum.go"] {
				t.Errorf("the file itself was changed: %v\n%s", err, got)
			}
		})
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
