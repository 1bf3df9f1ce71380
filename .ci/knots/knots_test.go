package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLargest(t *testing.T) {
	for name, c := range map[string]struct {
		edges string
		want  string
	}{
		"no files":            {"", ""},
		"a chain":             {"a>b b>c", ""},
		"two":                 {"a>b b>a b>c", "a b"},
		"a ring":              {"a>b b>c c>d d>a", "a b c d"},
		"two rings, one link": {"a>b b>a b>c c>d d>e e>c", "c d e"},
		"two rings, joined":   {"a>b b>a b>c c>d d>e e>c d>a", "a b c d e"},
		"reached twice":       {"a>b a>c b>d c>d d>b", "b d"},
	} {
		g := graph{}
		for _, e := range strings.Fields(c.edges) {
			from, to, _ := strings.Cut(e, ">")
			for _, f := range []string{from, to} {
				if g[f] == nil {
					g[f] = map[string]bool{}
				}
			}
			g[from][to] = true
		}
		if got := largest(g); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// A type, a method, a field, a constant and a variable of another file each make
// a file need it; a local name and an import do not.
func TestNeeds(t *testing.T) {
	dir := module(t, map[string]string{
		"ring/a.go":       "package ring\n\ntype A struct{ field int }\n\nfunc f(b B) int { return b.method() }\n",
		"ring/b.go":       "package ring\n\ntype B struct{}\n\nfunc (B) method() int { return c }\n",
		"ring/c.go":       "package ring\n\nimport \"fmt\"\n\nconst c = 1\n\nfunc g() { a := A{field: 1}; fmt.Println(a) }\n",
		"ring/d.go":       "package ring\n\nimport \"fmt\"\n\nfunc h(c int) { fmt.Println(c, A{}) }\n",
		"chain/a.go":      "package chain\n\nfunc f() { _ = v }\n",
		"chain/b.go":      "package chain\n\nvar v = 1\n",
		"chain/b_test.go": "package chain\n\nvar _ = v\n\nfunc t() { f() }\n",
	})
	found, err := load(dir, []string{"./..."})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range found {
		got[p.folder] = strings.Join(p.knot, " ")
	}
	if got["ring"] != "a.go b.go c.go" || got["chain"] != "" || len(got) != 2 {
		t.Errorf("got %q", got)
	}
}

func TestLimits(t *testing.T) {
	found := []measured{
		{"expr", 3, []string{"a", "b"}}, {"expr/values", 5, []string{"a", "b", "c"}}, {"cmd", 1, nil},
	}
	for limits, want := range map[string]string{
		"expr 9 3\n":                "",
		"# folder\n\nexpr 9 2\n":    "expr (3 files, at most 2)",
		"expr 9 2\nexpr/values 9 3": "",
		"expr 9 2\nexpr/values 9 2": "expr/values (3 files, at most 2)",
		"expr/values 9 3\n":         "no folder above expr",
		"expr nine\n":               "limits:1: want a folder and two numbers",
	} {
		file := filepath.Join(t.TempDir(), "limits")
		if err := os.WriteFile(file, []byte(limits), 0o600); err != nil {
			t.Fatal(err)
		}
		err := judge(io.Discard, file, found)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", limits, err, want)
		}
	}
}

func module(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	files["go.mod"] = "module example.com/m\n\ngo 1.26\n"
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
