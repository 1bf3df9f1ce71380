package lsp

import (
	"cmp"
	"context"
	"slices"
	"unicode/utf8"

	"runner/engine/expr"
	"runner/playbooks"
	"runner/playbooks/keyword"
)

// A symbolReader finds the symbols of a document.
type symbolReader struct {
	*server
	text *text
}

// symbols returns the symbols of a document: plays with their tasks, or variables. Of one
// that cannot be read now it is that of when it could.
func (s *server) symbols(_ context.Context, p documentParams) ([]Symbol, error) {
	k := s.workspace.current()
	d := s.workspace.document(p.Document.URI)
	if d == nil {
		return []Symbol{}, nil
	}
	r := k.best(d.path)
	if r == nil {
		return []Symbol{}, nil
	}
	i := slices.IndexFunc(r.analysis.Files, func(f playbooks.File) bool { return f.Root != nil && absolute(f.Source.Name) == d.path })
	if i < 0 {
		return []Symbol{}, nil
	}
	o := &symbolReader{server: s, text: d.text}
	root := r.analysis.Files[i].Root
	if root.Shape == expr.Mapping {
		return o.entries(root, symbolVariable, len(d.text.starts)), nil
	}
	return o.list(root, len(d.text.starts)), nil
}

// entries returns the keys of a map. end is the line behind it, from 0.
func (o *symbolReader) entries(n *expr.Node, kind, end int) []Symbol {
	all := []Symbol{}
	for i, e := range n.Entries {
		until := end
		if i+1 < len(n.Entries) {
			until = n.Entries[i+1].Key.Place.Line - 1
		}
		all = append(all, o.symbol(e.Key.Text, "", kind, e.Key, until))
	}
	return all
}

// symbol returns the symbol of something that starts at a node and ends before a line.
func (o *symbolReader) symbol(name, detail string, kind int, at *expr.Node, end int) Symbol {
	line, col := max(at.Place.Line-1, 0), max(at.Place.Col-1, 0)
	last := max(end-1, line)
	for last > line && len(o.text.line(last)) == 0 {
		last--
	}
	selection := o.text.span(line, col, col+max(utf8.RuneCountInString(at.Text), 1))
	whole := Range{Start: o.text.position(line, col), End: o.text.position(last, utf8.RuneCountInString(o.text.line(last)))}
	if whole.End.Line == selection.End.Line && whole.End.Character < selection.End.Character {
		selection.End = whole.End
	}
	return Symbol{Name: cmp.Or(name, "…"), Detail: detail, Kind: kind, Range: whole, SelectionRange: selection}
}

// list returns plays, or tasks and blocks.
func (o *symbolReader) list(n *expr.Node, end int) []Symbol {
	all := []Symbol{}
	for i, item := range n.Items {
		until := end
		if i+1 < len(n.Items) {
			until = n.Items[i+1].Place.Line - 1
		}
		if item.Shape == expr.Mapping && len(item.Entries) > 0 {
			all = append(all, o.item(item, until))
		}
	}
	return all
}

// item returns a play, a task or a block.
func (o *symbolReader) item(n *expr.Node, end int) Symbol {
	name, detail, kind := "", "", symbolFunction
	for _, e := range n.Entries {
		switch {
		case e.Key.Text == "name":
			name = e.Value.Text
		case o.kinds[bareKind(e.Key.Text)] != nil || o.kinds[e.Key.Text] != nil:
			detail = e.Key.Text
		case isPlayWord(e.Key.Text):
			kind = symbolNamespace
		case e.Key.Text == "block":
			kind, detail = symbolModule, "block"
		}
	}
	if kind == symbolNamespace {
		detail = "play"
	}
	s := o.symbol(cmp.Or(name, detail, n.Entries[0].Key.Text), detail, kind, n.Entries[0].Key, end)
	for i, e := range n.Entries {
		until := end
		if i+1 < len(n.Entries) {
			until = n.Entries[i+1].Key.Place.Line - 1
		}
		s.Children = append(s.Children, o.children(e, until)...)
	}
	return s
}

// children returns what stands under a key of a play, a task or a block.
func (o *symbolReader) children(e expr.Entry, end int) []Symbol {
	k, ok := keyword.Find(e.Key.Text, keyword.Play|keyword.Block)
	switch {
	case e.Key.Text == "register":
		return []Symbol{o.symbol(e.Value.Text, "register", symbolVariable, e.Value, e.Value.Place.Line)}
	case ok && k.Takes == keyword.Vars && e.Value.Shape == expr.Mapping:
		return o.entries(e.Value, symbolVariable, end)
	case !ok || k.Takes != keyword.Tasks || e.Value.Shape != expr.Sequence:
		return nil
	case e.Key.Text == "tasks" || e.Key.Text == "block":
		return o.list(e.Value, end)
	}
	s := o.symbol(e.Key.Text, "", symbolProperty, e.Key, end)
	s.Children = o.list(e.Value, end)
	return []Symbol{s}
}
