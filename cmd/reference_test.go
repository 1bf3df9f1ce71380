package cmd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReference holds docs/reference to the program: each page is what the program
// writes. Run with -update to write them anew.
func TestReference(t *testing.T) {
	t.Parallel()
	const kept = "../docs/reference"
	written := t.TempDir()
	if *update {
		written = kept
	}
	s := newShell(t)
	if code, _, stderr := s.run("doc", "--dir", written); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	pages := folderTexts(t, written)
	if len(pages) < 10 {
		t.Fatalf("only %d pages were written", len(pages))
	}
	for name, text := range folderTexts(t, kept) {
		if pages[name] != text {
			t.Errorf("%s is not what the program writes: go test ./cmd -run TestReference -update", filepath.Join(kept, name))
		}
		delete(pages, name)
	}
	for name := range pages {
		t.Errorf("%s is missing: go test ./cmd -run TestReference -update", filepath.Join(kept, name))
	}
}

func folderTexts(t *testing.T, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	return texts
}

// TestReferenceNamesTheEnvironment: every variable that the program reads is in the
// reference.
func TestReferenceNamesTheEnvironment(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/reference/environment.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`[A-Z][A-Z_]+`).FindAllString(string(text), -1) {
		named[name] = true
	}
	read := variablesRead(t)
	if len(read) < 15 {
		t.Fatalf("only %d variables were found in the sources", len(read))
	}
	for name, at := range read {
		if !named[name] {
			t.Errorf("%s reads $%s, which cmd/environment.go does not name", at, name)
		}
	}
}

// variablesRead returns the variables that the sources ask for by name, each with a
// place where one does.
func variablesRead(t *testing.T) map[string]string {
	t.Helper()
	read := map[string]string{}
	isVariable := regexp.MustCompile(`^[A-Z][A-Z_]+$`)
	set := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "examples" || d.Name() == "fleet"): // programs of their own
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		tree, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 || !asksEnvironment(call.Fun) {
				return true
			}
			if literal, ok := call.Args[0].(*ast.BasicLit); ok {
				if name, err := strconv.Unquote(literal.Value); err == nil && isVariable.MatchString(name) {
					read[name] = set.Position(n.Pos()).String()
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func asksEnvironment(f ast.Expr) bool {
	name := ""
	switch f := f.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	return name == "get" || strings.EqualFold(name, "getenv") || name == "LookupEnv"
}
