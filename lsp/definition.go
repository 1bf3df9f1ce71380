package lsp

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"runner/playbooks"
)

// definition returns where what stands under the cursor is defined: the file or role that
// it names, or what defines the name.
func (s *server) definition(_ context.Context, p positionParams) ([]Location, error) {
	k := s.workspace.current()
	d := s.workspace.document(p.Document.URI)
	if d == nil {
		return []Location{}, nil
	}
	char := d.text.rune(p.Position)
	for _, r := range append(k.of(d.path), k.good[d.path]) {
		if r == nil {
			continue
		}
		for _, l := range r.analysis.Links {
			if linked(l, d, p.Position.Line, char) {
				if target := targetOf(l); target != "" {
					return []Location{{URI: k.uri(target)}}, nil
				}
			}
		}
	}
	x, sort, name := s.nameAt(p)
	if x == nil {
		return []Location{}, nil
	}
	all := []Location{}
	for _, m := range x.definitions(sort, name, d.path, p.Position.Line) {
		all = append(all, k.location(m))
	}
	return all, nil
}

// linked reports whether a place of a document is that of a link.
func linked(l playbooks.Link, d *openDocument, line, char int) bool {
	from := l.Place.Col - 1
	return l.Place.Line-1 == line && absolute(l.Place.Source.Name) == d.path && from <= char && char <= from+utf8.RuneCountInString(l.Text)+2
}

// targetOf returns the file that a link leads to; "" where there is none.
func targetOf(l playbooks.Link) string {
	if !l.Role {
		if exists(l.Path) {
			return absolute(l.Path)
		}
		return ""
	}
	for _, part := range []string{"tasks/main.yml", "tasks/main.yaml", "meta/main.yml", "vars/main.yml", "defaults/main.yml", "handlers/main.yml"} {
		if file := filepath.Join(l.Path, part); exists(file) {
			return absolute(file)
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// nameAt returns the name under a position, and the index that knows it; nil where none
// does.
func (s *server) nameAt(p positionParams) (*index, nameSort, string) {
	c, ok := s.completer(p)
	if !ok || c.index == nil {
		return nil, 0, ""
	}
	if m := c.index.at(c.doc.path, p.Position.Line, c.doc.text.rune(p.Position)); m != nil {
		return c.index, m.sort, m.name
	}
	text, _, inside := c.expression()
	if !inside || inString(text) {
		return nil, 0, ""
	}
	c.extent("")
	if name := string([]rune(c.line)[c.from:c.to]); c.index.byName[name] != nil {
		return c.index, aVariable, name
	}
	return nil, 0, ""
}

// location returns where a name is mentioned.
func (k *knowledge) location(m *mention) Location {
	path := absolute(sourceName(m.at))
	t := k.text(path, m.at.Source)
	line, col := m.at.Line-1, m.at.Col-1
	from, to := col, col+utf8.RuneCountInString(m.name)
	if at, ok := wrongWord(t.line(line), col, m.name); ok && m.what != "topic of a handler" {
		from, to = at, at+utf8.RuneCountInString(m.name) // behind a quote
	}
	return Location{URI: k.uri(path), Range: t.span(line, from, to)}
}

// references returns everything that mentions the name under the cursor.
func (s *server) references(_ context.Context, p referenceParams) ([]Location, error) {
	k := s.workspace.current()
	all := []Location{}
	x, sort, name := s.nameAt(p.positionParams)
	if x == nil {
		return all, nil
	}
	for _, r := range k.of(pathOf(p.Document.URI)) {
		for _, m := range r.index().byName[name] {
			if m.sort != sort || m.defines && !p.Context.IncludeDeclaration {
				continue
			}
			if l := k.location(m); !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all, nil
}
