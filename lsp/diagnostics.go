package lsp

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"runner/diagnostic"
	"runner/marketplace/manifest"
)

func (s *server) didOpen(_ context.Context, p openParams) error {
	s.workspace.open(p.Document)
	return nil
}

func (s *server) didChange(_ context.Context, p changeParams) error {
	s.workspace.edit(p.Document, p.Changes)
	return nil
}

func (s *server) didSave(context.Context, documentParams) error {
	s.workspace.touch()
	return nil
}

func (s *server) didClose(_ context.Context, p documentParams) error {
	s.workspace.close(p.Document.URI)
	return nil
}

func (s *server) filesChanged(context.Context, watchedParams) error {
	s.workspace.touch()
	return nil
}

// check publishes what is wrong whenever something changed, a moment after the last
// keystroke. What is outdated by the time it is known is dropped.
func (s *server) check(ctx context.Context) {
	published := map[string][]Diagnostic{} // by URI
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.workspace.changed:
		}
		if !s.pause(ctx) {
			return
		}
		k := s.workspace.current()
		if s.workspace.outdated(k.generation) {
			continue // the change that did it is announced already
		}
		published = s.publish(ctx, k, published)
	}
}

// pause waits until nothing has changed for a moment; false at the end of the session.
func (s *server) pause(ctx context.Context) bool {
	timer := time.NewTimer(s.opt.Delay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-s.workspace.changed:
			timer.Reset(s.opt.Delay)
		case <-timer.C:
			return true
		}
	}
}

// publish sends the diagnostics that are new, and returns all.
func (s *server) publish(ctx context.Context, k *knowledge, before map[string][]Diagnostic) map[string][]Diagnostic {
	now := k.diagnostics()
	versions := map[string]int{}
	for _, d := range k.documents {
		versions[d.uri] = d.version
	}
	for _, uri := range sortedKeys(now) {
		old, known := before[uri]
		if version, open := versions[uri]; open {
			_ = s.rpc.Notify(ctx, "textDocument/publishDiagnostics", publishParams{URI: uri, Version: &version, Diagnostics: now[uri]})
		} else if !known || !slices.Equal(old, now[uri]) {
			_ = s.rpc.Notify(ctx, "textDocument/publishDiagnostics", publishParams{URI: uri, Diagnostics: now[uri]})
		}
	}
	for _, uri := range sortedKeys(before) {
		if _, still := now[uri]; !still {
			_ = s.rpc.Notify(ctx, "textDocument/publishDiagnostics", publishParams{URI: uri, Diagnostics: []Diagnostic{}})
		}
	}
	return now
}

// A finding is a diagnostic with what would mend it.
type finding struct {
	Diagnostic
	fix *TextEdit
}

// diagnostics returns what is wrong with all documents that are open, and with the files
// of the playbooks that they belong to, by URI.
func (k *knowledge) diagnostics() map[string][]Diagnostic {
	all := map[string][]Diagnostic{}
	for path, list := range k.findings() {
		diagnostics := make([]Diagnostic, 0, len(list))
		for _, f := range list {
			diagnostics = append(diagnostics, f.Diagnostic)
		}
		all[k.uri(path)] = diagnostics
	}
	return all
}

func (k *knowledge) uri(path string) string {
	if d := k.documents[path]; d != nil {
		return d.uri
	}
	return uriOf(path)
}

// findings returns what is wrong, by path.
func (k *knowledge) findings() map[string][]finding {
	all := map[string][]finding{}
	for path, d := range k.documents {
		all[path] = nil
		if k.sorts[path] == manifests {
			all[path] = manifestFindings(d)
		}
	}
	type key struct {
		path string
		Diagnostic
	}
	seen := map[key]bool{}
	for _, root := range sortedKeys(k.reads) {
		for _, p := range k.reads[root].analysis.Problems {
			path := root
			if !p.Place.IsZero() {
				path = absolute(p.Place.Source.Name)
			}
			if f := k.finding(path, p); !seen[key{path, f.Diagnostic}] {
				seen[key{path, f.Diagnostic}] = true
				all[path] = append(all[path], f)
			}
		}
	}
	return all
}

// finding makes a diagnostic of a problem.
func (k *knowledge) finding(path string, p *diagnostic.Problem) finding {
	t := k.text(path, p.Place.Source)
	line, col := max(p.Place.Line-1, 0), max(p.Place.Col-1, 0)
	from, to := extent(t.line(line), line, col, p)
	f := finding{Diagnostic: Diagnostic{Range: t.span(line, from, to), Severity: severityError, Code: p.Rule, Source: "runner", Message: p.Text()}}
	if p.Severity == diagnostic.Warning {
		f.Severity = severityWarning
	}
	if at, ok := wrongWord(t.line(line), col, p.Wrong); ok && p.Meant != "" {
		f.fix = &TextEdit{Range: t.span(line, at, at+utf8.RuneCountInString(p.Wrong)), NewText: p.Meant}
	}
	return f
}

// text returns the text that a place of a file counts in.
func (k *knowledge) text(path string, src *diagnostic.Source) *text {
	if d := k.documents[path]; d != nil {
		return d.text
	}
	if src == nil {
		return newText("")
	}
	return newText(src.Text)
}

// extent returns which characters of a line a problem is shown at: the wrong word, or the
// word that stands at its place.
func extent(line string, _, col int, p *diagnostic.Problem) (from, to int) {
	if at, ok := wrongWord(line, col, p.Wrong); ok {
		return at, at + utf8.RuneCountInString(p.Wrong)
	}
	runes := []rune(line)
	if p.Place.Line == 0 {
		return 0, len(runes)
	}
	from = min(col, len(runes))
	to = from
	for to < len(runes) && (unicode.IsLetter(runes[to]) || unicode.IsDigit(runes[to]) || strings.ContainsRune("_-.", runes[to])) {
		to++
	}
	if to == from && to < len(runes) {
		to++
	}
	return from, to
}

// wrongWord returns where a word stands in a line, at or behind a character.
func wrongWord(line string, col int, word string) (at int, ok bool) {
	runes := []rune(line)
	if word == "" || col > len(runes) {
		return 0, false
	}
	rest := string(runes[col:])
	i := strings.Index(rest, word)
	if i < 0 {
		return 0, false
	}
	return col + utf8.RuneCountInString(rest[:i]), true
}

// manifestFindings returns what is wrong with a manifest.
func manifestFindings(d *openDocument) []finding {
	_, problems := manifest.Read([]byte(d.text.content), manifest.Options{})
	all := []finding{}
	for _, p := range problems {
		line, col := max(p.Line-1, 0), max(p.Column-1, 0)
		from, to := jsonExtent([]rune(d.text.line(line)), col)
		f := finding{Diagnostic: Diagnostic{Range: d.text.span(line, from, to), Severity: severityError, Code: p.Code, Source: "runner", Message: p.Message}}
		if p.Warning {
			f.Severity = severityWarning
		}
		all = append(all, f)
	}
	return all
}

// jsonExtent returns which characters a JSON value takes on its line.
func jsonExtent(runes []rune, col int) (from, to int) {
	from = min(col, len(runes))
	to = from
	if from < len(runes) && runes[from] == '"' {
		for to++; to < len(runes) && (runes[to] != '"' || runes[to-1] == '\\'); to++ {
		}
		return from, min(to+1, len(runes))
	}
	for to < len(runes) && !strings.ContainsRune(" ,:{}[]", runes[to]) {
		to++
	}
	return from, max(to, min(from+1, len(runes)))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// actions offers to write the word that was probably meant.
func (s *server) actions(_ context.Context, p actionParams) ([]CodeAction, error) {
	all := []CodeAction{}
	if len(p.Context.Only) > 0 && !slices.ContainsFunc(p.Context.Only, func(kind string) bool { return kind == "quickfix" || kind == "" }) {
		return all, nil
	}
	k := s.workspace.current()
	path := pathOf(p.Document.URI)
	for _, f := range k.findings()[path] {
		if f.fix == nil || !touches(f.Range, p.Range) {
			continue
		}
		all = append(all, CodeAction{Title: `replace it with "` + f.fix.NewText + `"`, Kind: "quickfix", Diagnostics: []Diagnostic{f.Diagnostic},
			IsPreferred: true, Edit: workspaceEdit{map[string][]TextEdit{p.Document.URI: {*f.fix}}}})
	}
	return all, nil
}

func touches(a, b Range) bool {
	before := func(x, y Position) bool { return x.Line < y.Line || x.Line == y.Line && x.Character < y.Character }
	return !before(a.End, b.Start) && !before(b.End, a.Start)
}
