package lsp

import (
	"regexp"
	"slices"
	"strings"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/playbooks/verify"
)

var (
	filterTail = regexp.MustCompile(`\|\s*([\w.]*)$`)
	testTail   = regexp.MustCompile(`\bis\s+(?:not\s+)?([\w.]*)$`)
	fieldTail  = regexp.MustCompile(`([A-Za-z_]\w*)((?:\.\w+|\[[^\[\]]*\])*)(?:\.|\[['"])(\w*)$`)
	lookupTail = regexp.MustCompile(`\b(?:lookup|query|q)\(\s*['"]([\w.]*)$`)
	nameTail   = regexp.MustCompile(`(?:^|[^\w.'"])([A-Za-z_]\w*)?$`)
	step       = regexp.MustCompile(`\.(\w+)|\[\s*(?:'([^']*)'|"([^"]*)"|([^\[\]]*))\s*\]`)
	blockTail  = regexp.MustCompile(`^[-+]?\s*(\w*)$`)
)

// statements are what can begin a {% … %}.
var statements = []string{"if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "filter", "endfilter", "macro", "endmacro",
	"call", "endcall", "raw", "include", "import", "from"}

// inExpression offers what can stand at the end of an expression.
func (c *completer) inExpression(text string, statement bool) {
	if m := blockTail.FindStringSubmatch(strings.TrimLeft(text, " ")); statement && m != nil {
		c.replacing(m[1])
		c.texts(itemKeyword, statements...)
		return
	}
	if m := lookupTail.FindStringSubmatch(text); m != nil {
		c.operations("lookup", m[1])
		return
	}
	if m := fieldTail.FindStringSubmatch(text); m != nil {
		c.fields(m[1], steps(m[2]), m[3])
		return
	}
	if inString(text) {
		return
	}
	if m := filterTail.FindStringSubmatch(text); m != nil {
		c.operations("filter", m[1])
	} else if m := testTail.FindStringSubmatch(text); m != nil {
		c.operations("test", m[1])
	} else if m := nameTail.FindStringSubmatch(text); m != nil {
		c.variables(m[1])
	}
}

// inString reports whether a text in quotes is open at the end of an expression.
func inString(text string) bool {
	var quote rune
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
		case quote != 0 && r == '\\':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		}
	}
	return quote != 0
}

// steps returns the parts of a static path: .env['A'][0] is env, A, 0.
func steps(path string) []string {
	var all []string
	for _, m := range step.FindAllStringSubmatch(path, -1) {
		all = append(all, m[1]+m[2]+m[3]+strings.TrimSpace(m[4]))
	}
	return all
}

// replacing has what is offered replace a word that ends at the cursor.
func (c *completer) replacing(word string) {
	c.to = c.doc.text.rune(c.pos)
	c.from = c.to - len([]rune(word))
	for line := []rune(c.line); c.to < len(line) && isWord(line[c.to]); c.to++ {
	}
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// operations offers filters, tests or lookups.
func (c *completer) operations(what, typed string) {
	c.replacing(typed)
	for _, op := range builtin.Table().List(what) {
		c.add(op.Name(), op.Name(), itemFunction, op.Signature(), operationDoc(op))
	}
}

// variables offers names: those of the playbook, those that every playbook has, functions.
func (c *completer) variables(typed string) {
	c.replacing(typed)
	if c.loops() {
		c.add("item", "item", itemVariable, "the item of the loop", "")
	}
	if c.index != nil {
		for _, m := range c.index.names(aVariable, c.doc.path, c.pos.Line) {
			c.add(m.name, m.name, itemVariable, m.what, mentionDoc(m, c.mask))
		}
	}
	for line := range strings.Lines(c.doc.text.content) { // the index may be behind, or lack what is wrong
		if name, ok := strings.CutPrefix(strings.TrimLeft(line, " -"), "register:"); ok && engine.IsName(strings.Trim(name, " \"'\r\n")) {
			c.texts(itemVariable, strings.Trim(name, " \"'\r\n"))
		}
	}
	for _, name := range engine.MagicNames() {
		c.add(name, name, itemVariable, "in every playbook", "")
	}
	for _, op := range builtin.Table().List("function") {
		c.add(op.Name(), op.Name(), itemFunction, op.Signature(), operationDoc(op))
	}
}

// loops reports whether the task at hand has a loop.
func (c *completer) loops() bool {
	for _, e := range c.task.Entries {
		if e.Key == "loop" || strings.HasPrefix(e.Key, "with_") {
			return true
		}
	}
	return false
}

// fields offers the parts of a value, as far as it is known what it has.
func (c *completer) fields(root string, path []string, typed string) {
	c.replacing(typed)
	for _, w := range c.fieldsOf(root, path) {
		c.add(w.text, w.text, itemField, w.detail, w.doc)
	}
}

// fieldsOf returns what the value at a path below a name has.
func (c *completer) fieldsOf(root string, path []string) []word {
	if c.index == nil {
		return nil
	}
	var all []word
	for _, m := range c.index.definitions(aVariable, root, c.doc.path, c.pos.Line) {
		switch {
		case m.step != nil && m.step.Register == root:
			all = append(all, c.resultFields(m.step, path)...)
		case m.value != nil:
			if n := below(m.value, path); n != nil {
				for _, e := range n.Entries {
					all = append(all, word{e.Key.Text, "", ""})
				}
			}
		}
	}
	return all
}

// below returns what stands at a path in a value; nil where nothing does.
func below(n *expr.Node, path []string) *expr.Node {
	for _, name := range path {
		if n = n.Get(name); n == nil {
			return nil
		}
	}
	return n
}

// resultFields returns what a part of a task's result has. An index of a list stands for
// any of its items.
func (c *completer) resultFields(of *engine.Step, path []string) []word {
	if of.Loop != nil {
		if len(path) == 0 {
			return append([]word{{"results", "the results of the items", ""}}, everyResult()...)
		}
		if path[0] != "results" || len(path) < 2 {
			return nil
		}
		path = path[2:]
	}
	fields := of.Kind.Result(of.Args)
	if len(path) == 0 {
		return append(c.returns(fields, of), everyResult()...)
	}
	var part *engine.Return
	for _, name := range path {
		i := slices.IndexFunc(fields, func(r engine.Return) bool { return r.Name == name })
		switch {
		case i >= 0:
			fields, part = fields[i].Fields, &fields[i]
		case isIndex(name) && part != nil && part.Type == engine.NestedListParam:
		default:
			return nil
		}
	}
	return c.returns(fields, of)
}

func isIndex(part string) bool { return part != "" && strings.Trim(part, "-0123456789") == "" }

func (c *completer) returns(fields []engine.Return, of *engine.Step) []word {
	var all []word
	for _, r := range fields {
		if r.Name != engine.AnyName {
			all = append(all, word{r.Name, string(r.Type), returnDoc(r, of)})
		}
	}
	return all
}

func everyResult() []word {
	var all []word
	for _, name := range verify.EveryResult() {
		all = append(all, word{name, "of every result", ""})
	}
	return all
}
