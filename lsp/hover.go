package lsp

import (
	"cmp"
	"context"
	"strings"
	"unicode/utf8"

	"runner/engine"
	"runner/playbooks/keyword"
)

// hover explains what stands under the cursor; nil where that is nothing known.
func (s *server) hover(_ context.Context, p positionParams) (*Hover, error) {
	s.workspace.current()
	c, ok := s.completer(p)
	if !ok || inComment(c.line, c.doc.text.rune(p.Position)) {
		return nil, nil
	}
	doc := ""
	if text, _, inside := c.expression(); inside {
		doc = c.explainName(text)
	} else if c.Key && !c.Value {
		doc = c.explainKey()
	} else {
		doc = c.explainValue()
	}
	if doc == "" {
		return nil, nil
	}
	return &Hover{Contents: markdown(doc), Range: c.doc.text.span(p.Position.Line, c.from, c.to)}, nil
}

// page returns the reference page of a kind.
func (s *server) page(k *engine.Kind) string {
	if s.opt.KindPage == nil {
		return k.Doc
	}
	return s.opt.KindPage(k)
}

func (s *server) mask(text string) string {
	if s.opt.Mask == nil {
		return text
	}
	return s.opt.Mask(text)
}

func (c *completer) explainKey() string {
	name := strings.Trim(c.Whole, `"'`)
	if c.params != nil {
		if p, ok := findParam(c.params, name); ok {
			return paramDoc(p)
		}
		return ""
	}
	if c.in&keyword.Task != 0 {
		if k := cmpKind(c.kinds, name); k != nil {
			return c.page(k)
		}
	}
	if k, ok := keyword.Find(name, c.in|keyword.Block&blockToo(c.in)); ok {
		return keywordDoc(k)
	}
	if k, ok := keyword.Find(bareKind(name), keyword.ImportTasks|keyword.ImportPlaybook); ok && c.in != 0 {
		return keywordDoc(k)
	}
	if c.index != nil {
		if m := c.index.at(c.doc.path, c.pos.Line, c.doc.text.rune(c.pos)); m != nil && m.defines {
			return mentionDoc(m, c.mask)
		}
	}
	return ""
}

// blockToo returns all places where in holds tasks, which may turn out to be blocks.
func blockToo(in keyword.Place) keyword.Place {
	if in&keyword.Task != 0 {
		return ^keyword.Place(0)
	}
	return 0
}

func (c *completer) explainValue() string {
	text := strings.TrimSpace(c.Whole)
	if c.param != nil && ofPlatform(c.kind) {
		if doc := c.opt.Catalogue().explain(c.param.Name, text, c.path); doc != "" {
			return doc
		}
	}
	if c.index != nil {
		char := c.doc.text.rune(c.pos)
		if m := c.index.at(c.doc.path, c.pos.Line, char); m != nil {
			if defined := c.index.definitions(m.sort, m.name, c.doc.path, c.pos.Line); len(defined) > 0 {
				return mentionDoc(defined[len(defined)-1], c.mask)
			}
		}
	}
	switch {
	case c.param != nil:
		return paramDoc(*c.param)
	case c.word.Takes == keyword.Action:
		if k := cmpKind(c.kinds, firstWordOf(text)); k != nil {
			return c.page(k)
		}
	}
	return ""
}

func firstWordOf(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}

// explainName explains a name of an expression: what text holds of it, and what follows on
// the line.
func (c *completer) explainName(text string) string {
	rest := []rune(c.line)[min(c.doc.text.rune(c.pos), utf8.RuneCountInString(c.line)):]
	for _, r := range rest {
		if !isWord(r) {
			break
		}
		text += string(r)
	}
	if m := lookupTail.FindStringSubmatch(text); m != nil {
		return c.explainOperation("lookup", m[1])
	}
	if m := fieldTail.FindStringSubmatch(text); m != nil {
		c.extent(m[3])
		for _, w := range c.fieldsOf(m[1], steps(m[2])) {
			if w.text == m[3] {
				return cmp.Or(w.doc, strings.TrimSuffix("**"+w.text+"**: "+w.detail, ": "))
			}
		}
		return ""
	}
	if inString(text) {
		return ""
	}
	if m := filterTail.FindStringSubmatch(text); m != nil {
		return c.explainOperation("filter", m[1])
	}
	if m := testTail.FindStringSubmatch(text); m != nil {
		return c.explainOperation("test", m[1])
	}
	if m := nameTail.FindStringSubmatch(text); m != nil {
		return c.explainVariable(m[1])
	}
	return ""
}

// extent has the hover be that of a word around the cursor.
func (c *completer) extent(name string) {
	c.replacing("")
	line := []rune(c.line)
	for c.from > 0 && isWord(line[c.from-1]) {
		c.from--
	}
	c.to = max(c.to, c.from+len([]rune(name)))
}

func (c *completer) explainOperation(what, name string) string {
	c.extent(name)
	if op := operation(what, name); op != nil && name != "" {
		return operationDoc(op)
	}
	return ""
}

func (c *completer) explainVariable(name string) string {
	c.extent(name)
	if c.index != nil {
		if defined := c.index.definitions(aVariable, name, c.doc.path, c.pos.Line); len(defined) > 0 {
			return mentionDoc(defined[len(defined)-1], c.mask)
		}
	}
	if op := operation("function", name); op != nil {
		return operationDoc(op)
	}
	if engine.IsMagic(name) {
		return "**" + name + "**: a variable that every playbook has"
	}
	return ""
}
