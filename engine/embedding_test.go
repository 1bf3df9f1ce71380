package engine

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// No struct embeds one that embeds another: whoever reads a field finds where it is.
func TestNothingIsEmbeddedTwiceOver(t *testing.T) {
	embeds := map[string][]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					embeds[spec.Name.Name] = embedded(s)
				}
			}
			return true
		})
	}
	if len(embeds) < 50 {
		t.Fatalf("only %d structs were found", len(embeds))
	}
	for name, inner := range embeds {
		for _, one := range inner {
			if len(embeds[one]) > 0 {
				t.Errorf("%s embeds %s, which embeds %s: give it a field with a name", name, one, embeds[one])
			}
		}
	}
}

func embedded(s *ast.StructType) []string {
	var names []string
	for _, f := range s.Fields.List {
		typ := f.Type
		if star, ok := typ.(*ast.StarExpr); ok {
			typ = star.X
		}
		if id, ok := typ.(*ast.Ident); ok && len(f.Names) == 0 {
			names = append(names, id.Name)
		}
	}
	return names
}
