// Package playbooks reads playbooks: it makes a checked program of a text, or
// tells all that is wrong with it at once, each at its place. It knows nothing of
// what the kinds of tasks do.
package playbooks

import (
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
	"runner/suggest"
)

// Options say what a playbook may contain.
type Options struct {
	Kinds []engine.Kind
	// Stdin is what the path "-" reads.
	Stdin io.Reader
	// ExtraVars are the names that are known from the command line.
	ExtraVars []string
	// Vault opens what is vaulted; nil where there is no password.
	Vault *reading.Vault
	// Lint asks for warnings about what does as it says, and could be better.
	Lint bool
}

// Load opens and checks playbooks and makes one program of them, their plays in
// order. It gives the problems of all files, by file and place, warnings
// included. The program is nil if a problem is no warning. A file that cannot be
// read is a problem too, whose Err says why (fs.ErrNotExist and the like).
func Load(paths []string, opt Options) (*engine.Program, []*diagnostic.Problem) {
	c := newCompiler(opt)
	for i, path := range paths {
		c.given = i
		src, p := reading.Open(path, opt.Stdin, opt.Vault)
		if p != nil {
			c.unread(p)
			continue
		}
		c.playbookFile(path, src)
	}
	return c.finish()
}

// Parse is Load for one playbook that is in memory already.
func Parse(name string, text []byte, opt Options) (*engine.Program, []*diagnostic.Problem) {
	c := newCompiler(opt)
	src, p := reading.SourceOf(name, text, opt.Vault)
	if p != nil {
		c.unread(p)
	} else {
		c.playbookFile(name, src)
	}
	return c.finish()
}

// A compiler makes a program of playbooks and gathers what is wrong with them.
type compiler struct {
	kinds     map[string]*engine.Kind // by short and by full name
	kindNames []string
	program   *engine.Program
	problems  diagnostic.Problems
	sources   map[*diagnostic.Source]int // their order
	docs      map[*diagnostic.Source]*reading.Document

	// names are the variables known at the place at hand: those from the command
	// line, the magic ones, what earlier tasks registered.
	names map[string]bool
	// extra are names that count as defined wherever they are mentioned.
	extra []string
	vault *reading.Vault
	lint  bool
	// blind: something was refused that might define any name, so that nothing can
	// be said about names any more.
	blind bool

	asked int // how many suggestions were looked for
	steps int // how many tasks there are so far, and files that were imported

	swollen bool // there are too many, and that was told

	opened    map[string]*diagnostic.Source // files that others bring in, by path
	given     int                           // which of the files that were given is at hand
	importing []string                      // the files that import each other down to the one at hand
	checked   map[string]bool               // files that include_tasks would bring in, and that were checked
	tried     []*engine.Step                // the tasks of those files, of the play at hand

	doc    *reading.Document // of the file at hand
	path   string
	braces braces
}

func newCompiler(opt Options) *compiler {
	c := &compiler{
		kinds:   map[string]*engine.Kind{},
		program: &engine.Program{},
		sources: map[*diagnostic.Source]int{},
		docs:    map[*diagnostic.Source]*reading.Document{},
		names:   map[string]bool{},
		opened:  map[string]*diagnostic.Source{},
		checked: map[string]bool{},
		extra:   slices.Clone(opt.ExtraVars),
		vault:   opt.Vault,
		lint:    opt.Lint,
	}
	c.kindNames = append(c.kindNames, importTasks)
	for i := range opt.Kinds {
		k := &opt.Kinds[i]
		c.kinds[k.Name] = k
		c.kindNames = append(c.kindNames, k.Name)
		if k.Full != "" {
			c.kinds[k.Full] = k
			c.kindNames = append(c.kindNames, k.Full)
			if short, ok := strings.CutPrefix(k.Full, builtin); ok {
				c.kinds[legacy+short] = k
			}
		}
	}
	for _, name := range append(engine.MagicNames(), opt.ExtraVars...) {
		c.names[name] = true
	}
	return c
}

// unread notes why a file could not be read.
func (c *compiler) unread(p *diagnostic.Problem) {
	c.order(p.Place.Source)
	c.problems.Add(p)
	c.blind = true
}

func (c *compiler) order(src *diagnostic.Source) {
	if _, ok := c.sources[src]; !ok {
		c.sources[src] = len(c.sources)
	}
}

// playbookFile adds the plays of one file.
func (c *compiler) playbookFile(path string, src *diagnostic.Source) {
	c.importing = []string{absolute(path)}
	c.file(path, src, func(root *expr.Node) { c.playbook(root, imported{}) })
}

// file reads a file and has its tree compiled. Afterwards the file at hand is the
// one from before.
func (c *compiler) file(path string, src *diagnostic.Source, compile func(root *expr.Node)) {
	defer func(doc *reading.Document, path string, b braces) { c.doc, c.path, c.braces = doc, path, b }(c.doc, c.path, c.braces)
	c.order(src)
	c.doc, c.path, c.braces = reading.NewDocument(src, c.vault), path, braces{}
	c.docs[src] = c.doc
	root, problems := c.doc.Parse()
	c.problems.Add(problems...)
	if root == nil {
		c.blind = true
		return
	}
	compile(root)
	c.problems.Add(c.braces.warning())
}

// finish checks what spans the whole program, and puts the problems in order.
func (c *compiler) finish() (*engine.Program, []*diagnostic.Problem) {
	if !c.blind {
		c.problems.Add(engine.Link(c.program, c.extra)...)
	}
	problems := c.told()
	if reading.Failed(problems) {
		return nil, problems
	}
	return c.program, problems
}

// told gives the problems by file and place, each once.
func (c *compiler) told() []*diagnostic.Problem {
	type told struct {
		at  diagnostic.Place
		msg string
	}
	seen, wrong := map[told]bool{}, reading.Failed(c.problems.All())
	problems := slices.DeleteFunc(c.problems.All(), func(p *diagnostic.Problem) bool {
		key := told{p.Place, p.Msg}
		again := seen[key]
		seen[key] = true
		return again || c.unasked(p, wrong) || c.silenced(p)
	})
	slices.SortStableFunc(problems, func(a, b *diagnostic.Problem) int {
		return cmp.Or(
			cmp.Compare(c.rank(a), c.rank(b)),
			cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Col, b.Place.Col))
	})
	return problems
}

// noqa is the comment by which a line asks not to be warned about: of anything,
// or of the rules that follow.
var noqa = regexp.MustCompile(`\s#\s*noqa\b(?::?\s*([\w\[\], -]+))?`)

// silenced reports whether a problem is a warning that its line does not want.
func (c *compiler) silenced(p *diagnostic.Problem) bool {
	doc := c.docs[p.Place.Source]
	if p.Severity == diagnostic.Error || doc == nil {
		return false
	}
	m := noqa.FindStringSubmatch(doc.LineText(p.Place.Line))
	if m == nil {
		return false
	}
	rules := strings.FieldsFunc(m[1], func(r rune) bool { return r == ' ' || r == ',' })
	return len(rules) == 0 || slices.Contains(rules, p.Rule)
}

// rank puts problems in the order of their files, those without a place last.
func (c *compiler) rank(p *diagnostic.Problem) int {
	if i, ok := c.sources[p.Place.Source]; ok {
		return i
	}
	return len(c.sources)
}

// problem notes what is wrong at a place.
func (c *compiler) problem(at diagnostic.Place, format string, args ...any) *diagnostic.Problem {
	p := diagnostic.Problemf(at, format, args...)
	c.problems.Add(p)
	return p
}

// templates parses the templates below a node.
func (c *compiler) templates(n *expr.Node) {
	c.problems.Add(c.doc.Templates(n, nil)...)
}

// enough is how many suggestions are looked for: a text that is wrong more often
// is no playbook, and the search is not free.
const enough = 500

// didYouMean gives `did you mean "x"?`, or "".
func (c *compiler) didYouMean(word string, among []string) string {
	if c.asked++; c.asked > enough {
		return ""
	}
	return suggest.DidYouMean(word, among)
}
