package lsp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"runner/engine"
	"runner/lsp/cursor"
	"runner/playbooks/keyword"
)

// A completer gathers what can stand at a cursor.
type completer struct {
	*server
	situation
	doc   *openDocument
	pos   Position
	line  string
	index *index
	items []CompletionItem
	seen  map[string]bool
	// from and to are the characters of the line that an item replaces.
	from, to int
}

func (s *server) completion(_ context.Context, p positionParams) (completionList, error) {
	none := completionList{Items: []CompletionItem{}}
	c, ok := s.completer(p)
	if !ok || inComment(c.line, c.doc.text.rune(p.Position)) {
		return none, nil
	}
	if text, statement, inside := c.expression(); inside {
		c.inExpression(text, statement)
	} else {
		if c.Key {
			c.keys()
		}
		if c.Value {
			c.values()
		}
	}
	if c.items == nil {
		return none, nil
	}
	return completionList{Items: c.items}, nil
}

// completer returns a completer of a position; false where the document is none of ours.
func (s *server) completer(p positionParams) (*completer, bool) {
	d := s.workspace.document(p.Document.URI)
	if d == nil {
		return nil, false
	}
	sort := sortOf(d.path, d.text.content, s.workspace.isKind)
	k := s.workspace.latest()
	best := k.best(d.path)
	switch {
	case sort == manifests:
		return nil, false
	case sort == foreign && best == nil && !mayBegin(d):
		return nil, false
	case sort == foreign:
		sort = taskList
	case sort == variables && best == nil && !inFolder(d.path, "group_vars", "host_vars", "vars", "defaults"):
		return nil, false
	}
	char := d.text.rune(p.Position)
	place := cursor.Find(d.text.lines(), p.Position.Line, char)
	c := &completer{server: s, situation: situationAt(place, sort, s.kinds), doc: d, pos: p.Position, line: d.text.line(p.Position.Line),
		seen: map[string]bool{}, from: place.Start, to: place.End}
	if best != nil {
		c.index = best.index()
	}
	return c, true
}

// mayBegin reports whether a document in which nothing says what it is yet may become a
// playbook: it is empty, or a list.
func mayBegin(d *openDocument) bool {
	ext := strings.ToLower(filepath.Ext(d.path))
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(d.text.content), "---"))
	return (ext == ".yml" || ext == ".yaml") && (text == "" || text[0] == '-')
}

// inComment reports whether a character of a line stands in a comment.
func inComment(line string, char int) bool {
	before := []rune(line)[:min(char, len([]rune(line)))]
	var quote rune
	for i, r := range before {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#' && (i == 0 || unicode.IsSpace(before[i-1])):
			return true
		}
	}
	return false
}

// add offers something in the place of the word at the cursor.
func (c *completer) add(label, insert string, kind int, detail, doc string) {
	if c.seen[label] {
		return
	}
	c.seen[label] = true
	item := CompletionItem{Label: label, Kind: kind, Detail: detail, SortText: fmt.Sprintf("%04d", len(c.items)),
		TextEdit: TextEdit{Range: c.doc.text.span(c.pos.Line, c.from, c.to), NewText: insert}}
	if doc != "" {
		item.Documentation = markdown(doc)
	}
	c.items = append(c.items, item)
}

// keys offers keys: keywords, kinds and parameters.
func (c *completer) keys() {
	m, _ := c.Map()
	present := func(name string) bool {
		_, ok := m.Get(name)
		return ok && name != c.Whole
	}
	if c.params != nil {
		for _, p := range c.params {
			if p.Name != engine.AnyName && !present(p.Name) {
				c.key(p.Name, len(p.Params) > 0, itemProperty, string(p.Type), paramDoc(p))
			}
		}
		return
	}
	if c.in == 0 {
		return
	}
	open := c.kind == nil || cmpKind(c.kinds, c.Whole) == c.kind // it can still be any kind
	if c.in&keyword.Task != 0 && open {
		for i := range c.opt.Playbooks.Kinds {
			k := &c.opt.Playbooks.Kinds[i]
			c.key(k.Name, true, itemModule, strings.TrimSuffix(k.Summary(), "."), k.Doc)
		}
		c.key("import_tasks", false, itemModule, "a file whose tasks stand here", "")
		c.key("import_role", false, itemModule, "a role whose tasks stand here", "")
	}
	in := c.in
	if in&keyword.Task != 0 && open {
		in |= keyword.Block
	}
	for _, k := range keyword.Table() {
		if k.In&in != 0 && k.Works() && k.Takes != keyword.Kind && !present(k.Name) && !strings.HasPrefix(k.Doc, "accepted, without effect") {
			c.key(k.Name, holdsMore(k.Takes), itemKeyword, k.Doc, keywordDoc(k))
		}
	}
}

// holdsMore reports whether what stands under a keyword begins on the next line.
func holdsMore(t keyword.Type) bool {
	return slices.Contains([]keyword.Type{keyword.Tasks, keyword.Vars, keyword.Roles, keyword.VarsFiles, keyword.VarsPrompt, keyword.LoopSettings,
		keyword.Args, keyword.Environment, keyword.ModuleDefaults}, t)
}

// key offers a key, with its colon where none stands there yet.
func (c *completer) key(name string, more bool, kind int, detail, doc string) {
	insert := name
	rest := []rune(c.line)[min(c.to, len([]rune(c.line))):]
	if !strings.HasPrefix(string(rest), ":") {
		insert += ":"
		if !more || strings.Contains(c.line, "{") {
			insert += " "
		}
	}
	c.add(name, insert, kind, detail, doc)
}

// values offers the value of a keyword or a parameter.
func (c *completer) values() {
	if c.from > 0 && c.from <= len([]rune(c.line)) && []rune(c.line)[c.from-1] == ':' {
		return // the blank behind the colon is missing
	}
	if c.param != nil {
		c.paramValues()
		return
	}
	if c.params != nil && c.under != "" {
		c.plainForm()
		return
	}
	switch c.word.Takes {
	case keyword.Bool, keyword.Fixed, keyword.NoEffect:
		c.texts(itemValue, "true", "false")
	case keyword.Never:
		c.texts(itemValue, "false")
	case keyword.Hosts, keyword.Delegate:
		c.texts(itemValue, engine.Localhost)
	case keyword.Connection:
		c.texts(itemValue, "local")
	case keyword.Strategy:
		c.texts(itemValue, "linear", "free")
	case keyword.Risks:
		c.texts(itemValue, engine.Risks()...)
	case keyword.Handlers:
		c.handlers()
	case keyword.Action:
		for _, k := range c.opt.Playbooks.Kinds {
			c.add(k.Name, k.Name, itemModule, strings.TrimSuffix(k.Summary(), "."), "")
		}
	case keyword.Roles:
		c.roles()
	case keyword.File:
		if c.word.Name == "role" || c.word.Name == "import_role" {
			c.roles()
			return
		}
		c.files()
	case keyword.VarsFiles:
		c.files()
	}
}

// plainForm offers the text that stands in place of a kind's parameters.
func (c *completer) plainForm() {
	switch bareKind(c.under) {
	case "include_tasks", "include_vars":
		c.files()
	case "meta":
		c.texts(itemValue, choicesOf(c.params, "free_form")...)
	}
}

func choicesOf(params []engine.Param, name string) []string {
	p, _ := findParam(params, name)
	return p.Choices
}

func (c *completer) texts(kind int, all ...string) {
	for _, text := range all {
		c.add(text, text, kind, "", "")
	}
}

func (c *completer) paramValues() {
	p := c.param
	switch {
	case len(p.Choices) > 0:
		c.texts(itemValue, p.Choices...)
	case p.Type == engine.BoolParam:
		c.texts(itemValue, "true", "false")
	case ofPlatform(c.kind) && len(c.opt.Catalogue().words(p.Name, c.path)) > 0:
		for _, w := range c.opt.Catalogue().words(p.Name, c.path) {
			c.add(w.text, w.text, itemValue, w.detail, w.doc)
		}
	case slices.Contains([]string{"file", "src", "path", "dest", "dir", "manifest"}, p.Name):
		c.files()
	case p.Name == "name" && (c.kind.Name == "include_role"):
		c.roles()
	}
}

func (c *completer) handlers() {
	if c.index == nil {
		return
	}
	for _, m := range c.index.names(aHandler, c.doc.path, c.pos.Line) {
		c.add(m.name, m.name, itemEvent, m.what, "")
	}
}

// roles offers the folders in the folder roles beside the document, or beside its parents.
func (c *completer) roles() {
	for dir := filepath.Dir(c.doc.path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(filepath.Join(dir, "roles"))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.IsDir() {
				c.add(e.Name(), e.Name(), itemFolder, "role", "")
			}
		}
		return
	}
}

// files offers the files of the folder that is written so far.
func (c *completer) files() {
	folder, _ := filepath.Split(c.Text)
	base := folder
	if !filepath.IsAbs(folder) {
		base = filepath.Join(filepath.Dir(c.doc.path), folder)
	}
	entries, err := os.ReadDir(base)
	if err != nil {
		return
	}
	c.from += len([]rune(folder))
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasPrefix(name, ".") || filepath.Join(base, name) == c.doc.path:
		case e.IsDir():
			c.add(name+"/", name+"/", itemFolder, "", "")
		default:
			c.add(name, name, itemFile, "", "")
		}
	}
}
