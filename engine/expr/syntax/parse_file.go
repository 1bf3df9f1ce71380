package syntax

// fileStatement reads a statement about calls, other files and blocks; nil if the
// word begins none.
func (p *parser) fileStatement(t token) Statement {
	switch t.text {
	case "call":
		return p.callBlock(t)
	case "include":
		return p.include(t)
	case "import", "from":
		return p.imported(t)
	case "block":
		return p.blockStatement(t)
	case "extends":
		s := &Extends{Pos: Pos(t.pos)}
		p.header(func() { s.Name = p.expression() })
		return s
	case "autoescape":
		s := &Autoescape{}
		p.header(func() { s.Value = p.expression() })
		s.Body = p.bodyTo("endautoescape")
		return s
	}
	return nil
}

func (p *parser) callBlock(t token) Statement {
	s := &CallBlock{Pos: Pos(t.pos), Caller: &Macro{Pos: Pos(t.pos), Name: "caller"}}
	p.header(func() {
		if p.op("(") {
			p.parameters(s.Caller)
		}
		at := p.cur()
		call, ok := p.expression().(*Call)
		if !ok {
			p.fail(at, "expected a call of a macro", "as in {% call name() %}")
		}
		s.Call = call
	})
	s.Caller.Body = p.macroBody(s.Caller, "endcall")
	p.next()
	p.end()
	return s
}

func (p *parser) include(t token) Statement {
	s := &Include{Pos: Pos(t.pos)}
	p.header(func() {
		s.Name = p.expression()
		if p.is(tokName, "ignore") && p.toks[p.i+1].text == "missing" {
			p.next()
			p.next()
			s.IgnoreMissing = true
		}
		s.WithoutContext = !p.context(true)
	})
	return s
}

// context reads `with context` or `without context`, if it stands here.
func (p *parser) context(otherwise bool) bool {
	for _, word := range []string{"with", "without"} {
		if p.is(tokName, word) && p.toks[p.i+1].text == "context" {
			p.next()
			p.next()
			return word == "with"
		}
	}
	return otherwise
}

func (p *parser) imported(t token) Statement {
	s := &Import{Pos: Pos(t.pos)}
	p.header(func() {
		s.Name = p.expression()
		if t.text == "import" {
			p.expect(tokName, "as", "'as'")
			s.As = p.expect(tokName, "", "a name to import as").text
		} else {
			p.expect(tokName, "import", "'import'")
			p.importedNames(s)
		}
		s.WithContext = p.context(false)
	})
	return s
}

// importedNames reads a, b as c.
func (p *parser) importedNames(s *Import) {
	for {
		if len(s.Names) > 0 && !p.op(",") {
			return
		}
		next := p.toks[min(p.i+1, len(p.toks)-1)].text
		if p.cur().kind != tokName || next == "context" && (p.cur().text == "with" || p.cur().text == "without") {
			return
		}
		name := p.next().text
		as := name
		if p.word("as") {
			as = p.expect(tokName, "", "a name to import as").text
		}
		s.Names = append(s.Names, [2]string{name, as})
	}
}

func (p *parser) blockStatement(t token) Statement {
	s := &Block{Pos: Pos(t.pos)}
	p.header(func() {
		name := p.expect(tokName, "", "the block's name")
		s.Name = name.text
		s.Scoped = p.word("scoped")
		s.Required = p.word("required")
		if p.blocks[s.Name] != nil {
			p.fail(name, "there are two blocks named '"+s.Name+"'", "")
		}
	})
	s.Body = p.statements("endblock")
	p.next()
	p.header(func() { p.skip(tokName, s.Name) })
	if p.blocks == nil {
		p.blocks = map[string]*Block{}
	}
	p.blocks[s.Name] = s
	return s
}
