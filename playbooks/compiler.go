package playbooks

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/playbooks/inventory"
	"runner/playbooks/reading"
	"runner/suggest"
)

// Options say what a playbook may contain.
type Options struct {
	Kinds []engine.Kind
	// Stdin is what the path "-" reads.
	Stdin io.Reader
	Hosts Hosts
	// ExtraVars are those of the command line.
	ExtraVars []engine.Var
	// Vault opens what is vaulted; nil where there is no password.
	Vault *reading.Vault
	// Selection are the tasks that are to be run: what is wrong with others stops nothing.
	Selection engine.Selection
	// Lint asks for warnings about what does as it says, and could be better.
	Lint bool
	// Unsaved are texts that count in place of what files hold, by their absolute
	// paths: what an editor has open.
	Unsaved map[string]string
	// Part: what is read is a part of a playbook that is not known, so that names may be
	// defined, and handlers stand, anywhere.
	Part bool
}

// A compiler makes a program of playbooks and gathers what is wrong with them.
type compiler struct {
	kinds     map[string]*engine.Kind // by short and by full name
	kindNames []string
	program   *engine.Program
	problems  diagnostic.Problems
	sources   map[*diagnostic.Source]int // their order
	docs      map[*diagnostic.Source]*reading.Document
	unsaved   map[string]string
	partial   bool
	selection engine.Selection
	notes     *Analysis // gathers what only editors want; nil: nobody does

	// names are the variables known at the place at hand: those from the command
	// line, the magic ones, what earlier tasks registered.
	names map[string]bool
	// extra are names that count as defined wherever they are mentioned.
	extra []string
	vault *reading.Vault
	lint  bool
	// extraVars are those of the command line, playVars those of the play at hand,
	// hostVars those of groups and of the host.
	extraVars, playVars, hostVars []engine.Var

	where       Hosts
	inventories map[string]*inventory.Inventory // by their source
	namedVars   map[string][]engine.Var         // of group_vars and host_vars, by path
	host        *chosenHost                     // of all plays; nil until one has been compiled
	limited     bool                            // --limit names a host that there is
	limitRead   bool                            // what is wrong with it was reported
	// blind: something was refused that might define any name, so that nothing can
	// be said about names any more.
	blind bool

	searched int // how many suggestions were looked for
	steps    int // how many tasks there are so far, and files that were imported

	swollen bool // there are too many, and that was reported

	opened    map[string]*diagnostic.Source // files that others bring in, by path
	given     int                           // which of the files that were given is at hand
	givenPath string                        // its path
	importing []string                      // the files that import each other down to the one at hand
	checked   map[string]bool               // files that include_tasks would bring in, and that were checked
	tried     []*engine.Step                // the tasks of those files, of the play at hand

	// mistakes are what is wrong with a *expr.Node, a *engine.Condition or a
	// *engine.Step, and no more than that if nobody comes there.
	mistakes map[any][]*diagnostic.Problem
	included map[*engine.Step][]engine.Item // what include_tasks brings in, where that is known

	rolesDone map[string]bool   // what was called how
	rolesMu   *sync.Mutex       // of rolesDone, while the play runs
	anyKeys   bool              // variables may have any name: they are keys of a map
	inRole    *engine.Role      // at hand; nil outside of roles
	doc       *reading.Document // of the file at hand
	path      string
	braces    braces
}

func newCompiler(opt Options) *compiler {
	c := &compiler{
		kinds:       map[string]*engine.Kind{},
		program:     &engine.Program{},
		sources:     map[*diagnostic.Source]int{},
		docs:        map[*diagnostic.Source]*reading.Document{},
		names:       map[string]bool{},
		opened:      map[string]*diagnostic.Source{},
		checked:     map[string]bool{},
		mistakes:    map[any][]*diagnostic.Problem{},
		included:    map[*engine.Step][]engine.Item{},
		rolesDone:   map[string]bool{},
		rolesMu:     &sync.Mutex{},
		inventories: map[string]*inventory.Inventory{},
		namedVars:   map[string][]engine.Var{},
		where:       opt.Hosts,
		extraVars:   opt.ExtraVars,
		vault:       opt.Vault,
		lint:        opt.Lint,
		unsaved:     opt.Unsaved,
		partial:     opt.Part,
		selection:   opt.Selection,
		blind:       opt.Part,
	}
	c.kindNames = append(c.kindNames, importTasks)
	for i := range opt.Kinds {
		k := &opt.Kinds[i]
		c.kinds[k.Name] = k
		c.kindNames = append(c.kindNames, k.Name)
		if k.Full != "" {
			c.kinds[k.Full] = k
			c.kindNames = append(c.kindNames, k.Full)
			if short, ok := strings.CutPrefix(k.Full, core); ok {
				c.kinds[legacy+short] = k
			}
		}
	}
	for _, v := range opt.ExtraVars {
		c.extra = append(c.extra, v.Name)
	}
	for _, name := range append(engine.MagicNames(), c.extra...) {
		c.names[name] = true
	}
	return c
}

// unreadable notes why a file could not be read.
func (c *compiler) unreadable(p *diagnostic.Problem) {
	c.order(p.Place.Source)
	c.problems.Add(p)
	c.blind = true
}

func (c *compiler) order(src *diagnostic.Source) {
	if _, ok := c.sources[src]; !ok {
		c.sources[src] = len(c.sources)
	}
}

// problem notes what is wrong at a place.
func (c *compiler) problem(at diagnostic.Place, format string, args ...any) *diagnostic.Problem {
	p := diagnostic.Problemf(at, format, args...)
	c.problems.Add(p)
	return p
}

// templates parses the templates below a node.
func (c *compiler) templates(n *expr.Node) {
	c.note(c.doc.Templates(n, nil))
}

// enough is how many suggestions are looked for: a text that is wrong more often
// is no playbook, and the search is not free.
const enough = 500

// nearest returns the word of a list that was probably meant, or "".
func (c *compiler) nearest(word string, among []string) string {
	if c.searched++; c.searched > enough {
		return ""
	}
	return suggest.Nearest(word, among)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// mistake notes what is wrong with a part of the program, and stops nothing if nobody
// comes there.
func (c *compiler) mistake(part any, p *diagnostic.Problem) {
	if p != nil {
		c.mistakes[part] = append(c.mistakes[part], p.Each()...)
	}
}

// note notes the mistakes of templates.
func (c *compiler) note(list []reading.Mistake) {
	for _, m := range list {
		c.mistake(m.Node, m.Problem)
	}
}

// playID is what the ids of the steps of the last play begin with.
func (c *compiler) playID() string { return fmt.Sprintf("%d.", len(c.program.Plays)) }

// know notes that variables can be used from here on.
func (c *compiler) know(vars []engine.Var) {
	for _, v := range vars {
		c.names[v.Name] = true
	}
}

// lose keeps the name that a task registers as defined, though the task itself
// is left out: whoever mentions it is not to blame.
func (c *compiler) lose(s *engine.Step) {
	if s.Register != "" {
		c.extra = append(c.extra, s.Register)
		c.names[s.Register] = true
	}
}
