// Command knots prints, for each package of a module, how many of its files are
// in the largest knot: the largest set of files each of which needs, by way of
// others or at once, all the others. A file needs another one when it mentions
// something that the other one declares: a type, a function, a method, a
// variable, a constant or a field. Tests are left out.
//
// It knows types and files. It does not know which knots are too large: that is
// for the reader, or for the file given with -limits.
package main

import (
	"flag"
	"fmt"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	dir := flag.String("C", ".", "the `folder` of the module")
	verbose := flag.Bool("v", false, "list the files of each knot")
	limits := flag.String("limits", "", "compare the knots with what `FILE` allows for each folder, and fail where there are more")
	flag.Parse()
	if err := run(os.Stdout, *dir, flag.Args(), *verbose, *limits); err != nil {
		fmt.Fprintln(os.Stderr, "knots:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, dir string, patterns []string, verbose bool, limits string) error {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	found, err := load(dir, patterns)
	if err != nil {
		return err
	}
	if limits != "" {
		return judge(w, limits, found)
	}
	for _, p := range found {
		fmt.Fprintf(w, "%3d of %3d  %s\n", len(p.knot), p.files, p.folder)
		if verbose && len(p.knot) > 0 {
			fmt.Fprintf(w, "            %s\n", strings.Join(p.knot, " "))
		}
	}
	return nil
}

// A measured package.
type measured struct {
	folder string   // below the module's: "engine/expr"; "." is the module's own
	files  int      // all of them, without tests
	knot   []string // the names of those in the largest knot
}

func load(dir string, patterns []string) ([]measured, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir: dir,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedModule,
	}, patterns...)
	if err != nil {
		return nil, err
	}
	var all []measured
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("%s: %w", p.PkgPath, p.Errors[0])
		}
		folder := "."
		if p.Module != nil && p.PkgPath != p.Module.Path {
			folder = strings.TrimPrefix(p.PkgPath, p.Module.Path+"/")
		}
		all = append(all, measured{folder: folder, files: len(p.CompiledGoFiles), knot: largest(needs(p))})
	}
	return all, nil
}

// A graph says, for each file of a package, which others of it the file needs.
type graph map[string]map[string]bool

func needs(p *packages.Package) graph {
	g := graph{}
	name := func(at types.Object) string { return filepath.Base(p.Fset.Position(at.Pos()).Filename) }
	for _, f := range p.CompiledGoFiles {
		g[filepath.Base(f)] = map[string]bool{}
	}
	for id, used := range p.TypesInfo.Uses {
		if used.Pkg() != p.Types || !shared(used) {
			continue
		}
		from, to := filepath.Base(p.Fset.Position(id.Pos()).Filename), name(used)
		if from != to && g[from] != nil {
			g[from][to] = true
		}
	}
	return g
}

// shared reports whether an object can be seen in other files than its own: it
// stands at the top level of its package, or is a method or a field.
func shared(o types.Object) bool {
	switch o := o.(type) {
	case *types.PkgName:
		return false
	case *types.Func:
		return true
	case *types.Var:
		return o.IsField() || o.Parent() == o.Pkg().Scope()
	default:
		return o.Parent() == o.Pkg().Scope()
	}
}

// largest returns the files of the largest strongly connected set, sorted; none
// when no two files need each other.
func largest(g graph) []string {
	t := tarjan{graph: g, index: map[string]int{}, low: map[string]int{}, open: map[string]bool{}}
	for _, f := range sorted(g) {
		if t.index[f] == 0 {
			t.visit(f)
		}
	}
	if len(t.best) < 2 {
		return nil
	}
	slices.Sort(t.best)
	return t.best
}

// tarjan is Tarjan's algorithm for strongly connected components.
type tarjan struct {
	graph      graph
	index, low map[string]int // from 1, in the order of the visits
	stack      []string
	open       map[string]bool // on the stack
	best       []string
}

func (t *tarjan) visit(f string) {
	n := len(t.index) + 1
	t.index[f], t.low[f] = n, n
	t.stack, t.open[f] = append(t.stack, f), true
	for _, to := range sorted(t.graph[f]) {
		if t.index[to] == 0 {
			t.visit(to)
			t.low[f] = min(t.low[f], t.low[to])
		} else if t.open[to] {
			t.low[f] = min(t.low[f], t.index[to])
		}
	}
	if t.low[f] == t.index[f] {
		t.pop(f)
	}
}

// pop takes the component whose first visited file is f from the stack.
func (t *tarjan) pop(f string) {
	at := slices.Index(t.stack, f)
	component := slices.Clone(t.stack[at:])
	t.stack = t.stack[:at]
	for _, c := range component {
		t.open[c] = false
	}
	if len(component) > len(t.best) {
		t.best = component
	}
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
