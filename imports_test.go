package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is what the paths of our own packages begin with.
const module = "runner/"

// A file of ours: where it stands, and what it imports.
type file struct {
	path    string
	folder  string // "engine/expr"; "." at the top
	tree    *ast.File
	imports []string
}

// blind lists, for a folder, the ones of ours that nothing in it or below it may
// import, tests included.
var blind = []struct {
	folder string
	to     []string
}{
	{"engine", []string{"clever", "playbooks", "tasks", "cmd"}},
	{"engine/expr", []string{"engine/report"}},
	{"clever", []string{"engine", "playbooks", "tasks", "cmd"}},
	{"playbooks", []string{"clever", "tasks", "cmd"}},
	{"tasks", []string{"playbooks", "cmd"}},
	{"marketplace", []string{"clever", "engine", "playbooks", "tasks", "cmd"}}, // providers import it
}

// homes lists the third parties that have one home each.
var homes = []struct{ module, folder string }{
	{"gopkg.in/yaml.v3", "playbooks/reading"},
	{"github.com/dghubble/oauth1", "clever"},
	{"github.com/urfave/cli", "cmd"},
	{"github.com/dlclark/regexp2", "engine/expr"},
	{"github.com/pmezard/go-difflib", "engine/report"},
	{"github.com/jackc", "examples/vendor-postgres"},
}

func TestPackagesKnowOnlyWhatTheyMay(t *testing.T) {
	for _, f := range files(t) {
		for _, imported := range f.imports {
			ours, ok := strings.CutPrefix(imported, module)
			if !ok {
				continue
			}
			for _, b := range blind {
				if !within(f.folder, b.folder) {
					continue
				}
				for _, to := range b.to {
					if within(ours, to) {
						t.Errorf("%s imports %s: nothing in %s may know %s", f.path, imported, b.folder, to)
					}
				}
			}
		}
	}
}

func TestValuesStandAlone(t *testing.T) {
	allowed := []string{module + "engine/expr", "github.com/dlclark/regexp2", "github.com/google/go-cmp"}
	for _, f := range files(t) {
		if !within(f.folder, "engine/expr") {
			continue
		}
		for _, imported := range f.imports {
			if !standard(imported) && !among(imported, allowed) {
				t.Errorf("%s imports %s: engine/expr needs no more than the standard library and regexp2", f.path, imported)
			}
		}
	}
}

func TestThirdPartiesStayAtHome(t *testing.T) {
	for _, f := range files(t) {
		for _, imported := range f.imports {
			for _, h := range homes {
				if within(imported, h.module) && !within(f.folder, h.folder) {
					t.Errorf("%s imports %s, whose one home is %s", f.path, imported, h.folder)
				}
			}
		}
	}
}

func TestOnlyTestsDriveABrowser(t *testing.T) {
	for _, f := range files(t) {
		for _, imported := range f.imports {
			if within(imported, "github.com/chromedp") && !strings.HasSuffix(f.path, "_test.go") {
				t.Errorf("%s imports %s, which is for tests", f.path, imported)
			}
		}
	}
}

func TestNothingHappensOnImport(t *testing.T) {
	for _, f := range files(t) {
		for _, d := range f.tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has a func init", f.path)
			}
		}
		for _, s := range f.tree.Imports {
			if s.Name != nil && s.Name.Name == "_" && s.Path.Value != `"embed"` {
				t.Errorf("%s imports %s for its side effects", f.path, s.Path.Value)
			}
		}
	}
}

// files reads every Go file of the module.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := read(filepath.ToSlash(name))
		all = append(all, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 {
		t.Fatal("no files but this one: the test looks in the wrong place")
	}
	return all
}

func read(name string) (file, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	f := file{path: name, folder: path.Dir(name), tree: tree}
	for _, s := range tree.Imports {
		imported, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}

// within reports whether a path is a folder or below it.
func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

func among(name string, folders []string) bool {
	for _, f := range folders {
		if within(name, f) {
			return true
		}
	}
	return false
}

// standard reports whether a package is the standard library's: the paths of
// others begin with a host, and those have a dot. Ours begin with the module.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && !strings.HasPrefix(imported, module)
}
