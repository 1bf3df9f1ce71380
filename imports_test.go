package main_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is what the paths of our own packages begin with.
const module = "runner/"

// rulebook holds the tables of who may import whom.
const rulebook = "CONTRIBUTING.md"

// A file of ours: where it stands, and what it imports.
type file struct {
	path    string
	folder  string // "engine/expr"; "." at the top
	tree    *ast.File
	imports []string
}

func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// A room is a row of the table of folders.
type room struct {
	folder     string // "engine/expr"; "." is main.go's
	line       int    // in the rulebook
	knows      scope
	testsKnow  scope
	knownToAll bool
}

// A dependency is a row of the table of third parties.
type dependency struct {
	module  string
	line    int
	folders []string
	all     bool // any folder
	tests   bool // any test
}

// A scope is which packages of ours may be imported.
type scope struct {
	all   bool
	paths []string // "engine", or "engine/..." with all below
}

func (s scope) holds(pkg string) bool {
	return s.all || slices.ContainsFunc(s.paths, func(p string) bool {
		below, all := strings.CutSuffix(p, "/...")
		return pkg == p || all && within(pkg, below)
	})
}

// rules are both tables.
type rules struct {
	rooms []room
	homes []dependency
}

func TestImportsKeepToTheTable(t *testing.T) {
	r := tables(t)
	for _, f := range files(t) {
		for _, imported := range f.imports {
			if why := r.refuse(f, imported); why != "" {
				t.Errorf("%s imports %s: %s", f.path, imported, why)
			}
		}
	}
}

// The table is the rule: what it does not list is refused, whoever it is.
func TestTheTableRefuses(t *testing.T) {
	r := parseRules([]byte(`
| Folder | Holds | Knows | Its tests also know |
|---|---|---|---|
| ` + "`main.go` | start | `cmd`" + ` | |
| ` + "`cmd/` | commands | all" + ` | |
| ` + "`engine/` | runs | `engine/expr/…`" + ` | |
| ` + "`engine/expr/` | values | nothing of ours" + ` | |
| ` + "`engine/report/` | reports | `engine`" + ` | ` + "`clever`" + ` |
| ` + "`clever/` | client | nothing of ours | `clever/emulator`" + ` |
| ` + "`clever/emulator/` | server | `clever`" + ` | |
| ` + "`suggest/` | near words | nothing of ours, known to all" + ` | |

| Library | Home | For |
|---|---|---|
| ` + "`example.com/yaml` | `engine`, tests" + ` | YAML |
| ` + "`example.com/all` | all" + ` | it |
`))
	for _, c := range []struct {
		file, imports string
		ok            bool
	}{
		{"main.go", "runner/cmd", true},
		{"main.go", "runner/engine", false},
		{"main_test.go", "runner/engine", false},
		{"cmd/play.go", "runner/engine/report", true},
		{"cmd/play.go", "runner/cmd/options", true},
		{"cmd/options/x.go", "runner/cmd", true},
		{"engine/x.go", "runner/engine/expr", true},
		{"engine/x.go", "runner/engine/expr/values", true},
		{"engine/x.go", "runner/engine/report", false},
		{"engine/x_test.go", "runner/engine/report", false},
		{"engine/x.go", "runner/clever", false},
		{"engine/x.go", "runner/suggest", true},
		{"engine/expr/x.go", "runner/engine", false},
		{"engine/expr/values/x.go", "runner/engine/expr", true}, // one row for both
		{"engine/expr/values/x.go", "runner/clever/emulator", false},
		{"engine/report/x.go", "runner/clever", false},
		{"engine/report/x_test.go", "runner/clever", true},
		{"engine/report/x_test.go", "runner/clever/emulator", false},
		{"clever/x.go", "runner/clever/emulator", false},
		{"clever/x_test.go", "runner/clever/emulator", true},
		{"clever/x_test.go", "runner/cmd", false},
		{"clever/emulator/x.go", "runner/engine", false},
		{"suggest/x.go", "runner/engine/expr", false},
		{"other/x.go", "runner/engine", false},
		{"other/x.go", "fmt", false}, // it has no row
		{"engine/x.go", "runner/other", false},
		{"engine/x.go", "fmt", true},
		{"engine/x.go", "example.com/yaml2", false},
		{"engine/x.go", "example.com/yaml", true},
		{"engine/report/x.go", "example.com/yaml/node", true},
		{"clever/x.go", "example.com/yaml", false},
		{"clever/x_test.go", "example.com/yaml", true},
		{"clever/x.go", "example.com/all", true},
		{"engine/x.go", "example.com/other", false},
		{"engine/x_test.go", "example.com/other", false},
	} {
		why := r.refuse(file{path: c.file, folder: path.Dir(c.file)}, c.imports)
		if (why == "") != c.ok {
			t.Errorf("%s imports %s: refused with %q, want allowed = %v", c.file, c.imports, why, c.ok)
		}
	}
}

func TestTheTableHoldsWhatThereIs(t *testing.T) {
	r := tables(t)
	for _, m := range r.rooms {
		if _, err := os.Stat(filepath.FromSlash(m.folder)); err != nil {
			t.Errorf("%s:%d: there is no %s; take the row out", rulebook, m.line, m.folder)
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range r.homes {
		if !bytes.Contains(mod, []byte("\t"+h.module+" v")) {
			t.Errorf("%s:%d: go.mod does not require %s; take the row out", rulebook, h.line, h.module)
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

// refuse returns why a file may not import a package, "" when it may.
func (r rules) refuse(f file, imported string) string {
	from := r.room(f.folder)
	if from == nil {
		return fmt.Sprintf("%s has no row in the table of folders of %s", f.folder, rulebook)
	}
	if standard(imported) {
		return ""
	}
	ours, ok := strings.CutPrefix(imported, module)
	if !ok {
		return r.refuseForeign(f, imported)
	}
	to := r.room(ours)
	switch {
	case to == nil || to.folder == ".":
		return fmt.Sprintf("%s has no row in the table of folders of %s", ours, rulebook)
	case to == from, to.knownToAll, from.knows.holds(ours), from.knows.holds(to.folder):
		return ""
	case f.isTest() && (from.testsKnow.holds(ours) || from.testsKnow.holds(to.folder)):
		return ""
	}
	return fmt.Sprintf("the row of %s (%s:%d) does not list %s", from.folder, rulebook, from.line, ours)
}

func (r rules) refuseForeign(f file, imported string) string {
	for _, h := range r.homes {
		if imported != h.module && !within(imported, h.module) {
			continue
		}
		if h.all || h.tests && f.isTest() || slices.ContainsFunc(h.folders, func(d string) bool { return within(f.folder, d) }) {
			return ""
		}
		return fmt.Sprintf("its home (%s:%d) is elsewhere", rulebook, h.line)
	}
	return fmt.Sprintf("it has no row in the table of libraries of %s", rulebook)
}

// room returns the row that a folder belongs to, nil when there is none: its
// own, else the nearest one above it.
func (r rules) room(folder string) *room {
	for at := folder; ; at = path.Dir(at) {
		if i := slices.IndexFunc(r.rooms, func(m room) bool { return m.folder == at }); i >= 0 {
			return &r.rooms[i]
		}
		if !strings.Contains(at, "/") {
			return nil
		}
	}
}

func tables(t *testing.T) rules {
	t.Helper()
	text, err := os.ReadFile(rulebook)
	if err != nil {
		t.Fatal(err)
	}
	r := parseRules(text)
	if len(r.rooms) == 0 || len(r.homes) == 0 {
		t.Fatalf("%s has no table of folders, or none of libraries: their headers begin with | Folder | and | Library |", rulebook)
	}
	return r
}

func parseRules(text []byte) rules {
	var r rules
	table := ""
	for i, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		switch first := strings.TrimSpace(cells[0]); {
		case !strings.HasPrefix(line, "|"):
			table = ""
		case table == "":
			table = first
		case strings.HasPrefix(first, "---"):
		case table == "Folder":
			r.rooms = append(r.rooms, parseRoom(i+1, cells))
		case table == "Library":
			r.homes = append(r.homes, parseHome(i+1, cells))
		}
	}
	return r
}

func parseRoom(line int, cells []string) room {
	cells = append(cells, "", "", "")
	m := room{
		folder: strings.TrimSuffix(strings.Join(quoted(cells[0]), ""), "/"),
		line:   line, knows: parseScope(cells[2]), testsKnow: parseScope(cells[3]),
		knownToAll: strings.Contains(cells[2], "known to all"),
	}
	if m.folder == "main.go" {
		m.folder = "."
	}
	return m
}

func parseScope(cell string) scope {
	s := scope{all: strings.TrimSpace(cell) == "all"}
	for _, p := range quoted(cell) {
		s.paths = append(s.paths, strings.TrimSuffix(strings.Replace(p, "…", "...", 1), "/"))
	}
	return s
}

func parseHome(line int, cells []string) dependency {
	cells = append(cells, "")
	h := dependency{module: strings.Join(quoted(cells[0]), ""), line: line, folders: quoted(cells[1])}
	for _, word := range strings.Split(cells[1], ",") {
		h.all = h.all || strings.TrimSpace(word) == "all"
		h.tests = h.tests || strings.TrimSpace(word) == "tests"
	}
	return h
}

var backticked = regexp.MustCompile("`([^`]+)`")

// quoted returns what stands in backticks in a cell.
func quoted(cell string) []string {
	var all []string
	for _, m := range backticked.FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

// files reads every Go file of the module.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") || nested(name)) {
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

// nested reports whether a folder is a module of its own.
func nested(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

func read(name string) (file, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.SkipObjectResolution|parser.ParseComments)
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

// standard reports whether a package is the standard library's: the paths of
// others begin with a host, and those have a dot. Ours begin with the module.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && !strings.HasPrefix(imported, module)
}
