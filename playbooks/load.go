// Package playbooks reads playbooks: it makes a checked program of a text, or
// tells all that is wrong with it at once, each at its place. It knows nothing of
// what the kinds of tasks do.
package playbooks

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/reading"
	"runner/playbooks/verify"
)

// Load opens and checks playbooks and makes one program of them, their plays in
// order. It returns the problems of all files, by file and place, warnings
// included. The program is nil if a problem is no warning. A file that cannot be
// read is a problem too, whose Err says why (fs.ErrNotExist and the like).
func Load(paths []string, opt Options) (*engine.Program, []*diagnostic.Problem) {
	c := newCompiler(opt)
	c.load(paths, opt)
	return c.finish()
}

// load opens and compiles playbooks.
func (c *compiler) load(paths []string, opt Options) {
	for i, path := range paths {
		c.given = i
		src, p := c.open(path, opt.Stdin)
		if p != nil {
			c.unreadable(p)
			continue
		}
		c.playbookFile(path, src)
	}
}

// Parse is Load for one playbook that is in memory already.
func Parse(name string, text []byte, opt Options) (*engine.Program, []*diagnostic.Problem) {
	c := newCompiler(opt)
	src, p := reading.SourceOf(name, text, opt.Vault)
	if p != nil {
		c.unreadable(p)
	} else {
		c.playbookFile(name, src)
	}
	return c.finish()
}

// playbookFile adds the plays of one file.
func (c *compiler) playbookFile(path string, src *diagnostic.Source) {
	c.importing, c.givenPath = []string{absolute(path)}, path
	c.file(path, src, func(root *expr.Node) { c.playbook(root, imported{}) })
}

// finish checks what spans the whole program, and puts the problems in order.
func (c *compiler) finish() (*engine.Program, []*diagnostic.Problem) {
	c.problems.Add(verify.Program(c.program, verify.Input{Known: c.extra, Mistakes: c.mistakes, Included: c.included, Open: c.blind, Selection: c.selection})...)
	c.checkLimit()
	problems := c.reported()
	if reading.Failed(problems) {
		return nil, problems
	}
	c.program.Included = c.included
	return c.program, problems
}

// reported returns the problems by file and place, each once.
func (c *compiler) reported() []*diagnostic.Problem {
	type reported struct {
		at  diagnostic.Place
		msg string
	}
	seen, wrong := map[reported]bool{}, reading.Failed(c.problems.All())
	problems := slices.DeleteFunc(c.problems.All(), func(p *diagnostic.Problem) bool {
		key := reported{p.Place, p.Msg}
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

// Analyze reads playbooks as Load does, and returns all that is known of them.
func Analyze(paths []string, opt Options) *Analysis {
	c := newCompiler(opt)
	c.notes = &Analysis{Program: c.program, Included: c.included}
	c.load(paths, opt)
	_, c.notes.Problems = c.finish()
	return c.notes
}
