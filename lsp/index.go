package lsp

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/syntax"
	"runner/playbooks"
)

// What a name names.
type nameSort int

const (
	aVariable nameSort = iota
	aHandler
)

// A mention is a place where a name is defined or used.
type mention struct {
	sort    nameSort
	name    string
	defines bool
	at      diagnostic.Place
	// Of a definition: what it is, in words; the step that it is of; the value.
	what  string
	step  *engine.Step
	value *expr.Node
	// local: it holds in some steps only, those that have this variable.
	local bool
}

// An index is every name of a playbook, with what defines and what uses it.
type index struct {
	mentions []*mention
	byFile   map[string][]*mention // by absolute path, in order
	byName   map[string][]*mention
	included map[*engine.Step][]engine.Item
	seen     map[mentionKey]bool
}

type mentionKey struct {
	sort    nameSort
	name    string
	defines bool
	at      diagnostic.Place
}

// indexing returns a function that indexes a playbook once it is called.
func indexing(a *playbooks.Analysis) func() *index {
	return sync.OnceValue(func() *index {
		x := &index{byFile: map[string][]*mention{}, byName: map[string][]*mention{}, included: a.Included, seen: map[mentionKey]bool{}}
		for _, play := range a.Program.Plays {
			x.play(play)
		}
		for _, f := range a.Files {
			if f.Root != nil && f.Root.Shape == expr.Mapping {
				x.variables("variable of "+baseName(f.Source.Name), varsOf(f.Root), false)
			}
		}
		x.sort()
		return x
	})
}

// varsOf returns the entries of a map as variables.
func varsOf(n *expr.Node) []engine.Var {
	var all []engine.Var
	for _, e := range n.Entries {
		if engine.IsName(e.Key.Text) {
			all = append(all, engine.Var{Name: e.Key.Text, Place: e.Key.Place, Value: e.Value})
		}
	}
	return all
}

func (x *index) sort() {
	slices.SortStableFunc(x.mentions, func(a, b *mention) int {
		return cmp.Or(cmp.Compare(sourceName(a.at), sourceName(b.at)), cmp.Compare(a.at.Line, b.at.Line), cmp.Compare(a.at.Col, b.at.Col))
	})
	for _, m := range x.mentions {
		path := absolute(sourceName(m.at))
		x.byFile[path] = append(x.byFile[path], m)
		x.byName[m.name] = append(x.byName[m.name], m)
	}
}

func sourceName(p diagnostic.Place) string {
	if p.Source == nil {
		return ""
	}
	return p.Source.Name
}

func baseName(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// add notes a mention, once where files are brought in several times.
func (x *index) add(m mention) {
	key := mentionKey{m.sort, m.name, m.defines, m.at}
	if m.name == "" || m.at.IsZero() || x.seen[key] {
		return
	}
	x.seen[key] = true
	x.mentions = append(x.mentions, &m)
}

func (x *index) play(p *engine.Play) {
	x.variables("variable of the play", p.Vars, false)
	x.variables("variable of the host", p.HostVars, false)
	for _, f := range p.VarsFiles {
		x.variables("variable of a file", f.Vars, false)
		for _, n := range f.Paths {
			x.refs(n.Refs())
		}
	}
	x.variables("variable of a role", p.RoleVars, false)
	x.variables("default of a role", p.RoleDefaults, false)
	for _, prompt := range p.Prompts {
		x.add(mention{name: prompt.Name, defines: true, at: prompt.Place, what: "what the user is asked for"})
	}
	for _, h := range p.Handlers {
		if h.Name != nil && h.Name.Tmpl == nil {
			x.add(mention{sort: aHandler, name: h.Name.Text, defines: true, at: h.Name.Place, what: "handler", step: h})
		}
		for _, topic := range h.Listen {
			x.add(mention{sort: aHandler, name: topic, defines: true, at: h.Place, what: "topic of a handler", step: h})
		}
	}
	for s := range p.Steps() {
		x.step(s)
	}
}

// variables notes variables, and the names that their values mention.
func (x *index) variables(what string, vars []engine.Var, local bool) {
	for _, v := range vars {
		x.add(mention{name: v.Name, defines: true, at: v.Place, what: what, value: v.Value, local: local})
		if v.Value != nil {
			x.refs(v.Value.Refs())
		}
	}
}

func (x *index) refs(refs []syntax.Ref) {
	for _, r := range refs {
		x.add(mention{name: r.Name, at: r.Place})
	}
}

func (x *index) step(s *engine.Step) {
	x.add(mention{name: s.Register, defines: true, at: s.RegisterAt, what: "result of " + s.As, step: s})
	x.facts(s)
	x.variables("variable of the task", s.Vars, true)
	x.variables("default of a role", s.Defaults, false)
	for _, r := range engine.Reads(s) {
		x.refs(r.Refs())
	}
	for _, n := range s.Notify {
		if n.Tmpl == nil {
			x.add(mention{sort: aHandler, name: n.Text, at: n.Place})
		}
	}
	shadow := engine.Play{Tasks: x.included[s]}
	for inner := range shadow.Steps() {
		x.step(inner)
	}
}

// facts notes the variables that a task defines beside its result.
func (x *index) facts(s *engine.Step) {
	names, _ := s.Kind.Defines(s.Args)
	for _, name := range names {
		if value := s.Args.Get(name); value != nil {
			x.add(mention{name: name, defines: true, at: keyPlace(s.Args, name), what: "fact", step: s, value: value})
		} else {
			x.add(mention{name: name, defines: true, at: s.At, what: "defined by " + s.As, step: s})
		}
	}
}

func keyPlace(n *expr.Node, key string) diagnostic.Place {
	for _, e := range n.Entries {
		if e.Key.Text == key {
			return e.Key.Place
		}
	}
	return n.Place
}

// at returns the mention at a place of a file; nil where there is none.
func (x *index) at(path string, line, char int) *mention {
	for _, m := range x.byFile[path] {
		from := m.at.Col - 1
		if m.at.Line-1 == line && from <= char && char <= from+utf8.RuneCountInString(m.name) && !(m.what == "topic of a handler") {
			return m
		}
	}
	return nil
}

// definitions returns what defines a name, as seen from a line of a file: of what stands
// in one task only, that which stands nearest above.
func (x *index) definitions(sort nameSort, name, path string, line int) []*mention {
	var all []*mention
	var local *mention
	for _, m := range x.byName[name] {
		if m.sort != sort || !m.defines {
			continue
		}
		if !m.local {
			all = append(all, m)
		} else if absolute(sourceName(m.at)) == path && m.at.Line-1 <= line {
			local = m
		}
	}
	if local != nil && len(all) == 0 {
		return []*mention{local}
	}
	if local != nil {
		return append([]*mention{local}, all...)
	}
	if len(all) == 0 { // it stands in another task: better than nothing
		for _, m := range x.byName[name] {
			if m.sort == sort && m.defines {
				all = append(all, m)
			}
		}
	}
	return all
}

// names returns the definitions of all names of a sort, each once: the last that stands
// above a line of the file, else the first one.
func (x *index) names(sort nameSort, path string, line int) []*mention {
	var all []*mention
	for _, name := range sortedKeys(x.byName) {
		var chosen *mention
		for _, m := range x.byName[name] {
			above := absolute(sourceName(m.at)) == path && m.at.Line-1 < line
			if m.sort == sort && m.defines && (chosen == nil || above) {
				chosen = m
			}
		}
		if chosen != nil {
			all = append(all, chosen)
		}
	}
	return all
}
