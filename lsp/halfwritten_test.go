package lsp_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"runner/lsp"
)

// written are texts that are typed from their beginning to their end.
var written = map[string]string{
	"site.yml":            shop,
	"flow.yml":            "- {hosts: localhost, tasks: [{addon_register: {name: 'é😀', provider: \"pg\", details: {plan: dev, options: {a: '{{ x }}'}}}, register: db}, {debug: {msg: [1, \"{{ db.env['A'] }}\"]}}]}\n",
	"text.yml":            "- hosts: localhost\n  tasks:\n  - debug:\n      msg: |\n        {% for x in [1, 2] %}\n        {{ x | string }} é😀: {{ lookup('env', 'HOME') }}\n        {% endfor %}\n    when:\n      - x is defined\n      - \"'a: b' in y\"\n  - block:\n    - meta: noop\n    rescue: []\n",
	"group_vars/all.yml":  "# variables\na: 1\nb: {c: [d, e], f: \"{{ a }}\"}\n'g h': >-\n  i\n  j\nk: *l\n",
	"addon-manifest.json": "{\"id\": \"é😀\", \"api\": {\"password\": \"x\", \"regions\": [\"par\"]}}\n",
	"crlf.yml":            "- hosts: localhost\r\n  tasks:\r\n    - debug: {msg: \"é {{ x }}\"}\r\n",
}

// TestEveryRequestAtEveryKeystroke: whatever of a text is written so far, every request has
// a response, and what completes replaces something around the cursor on its line.
func TestEveryRequestAtEveryKeystroke(t *testing.T) {
	t.Parallel()
	for name, text := range written {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEditor(t, shopFiles())
			e.open(name, "")
			for end := 0; end <= len(text); end++ {
				if !utf8.ValidString(text[:end]) || strings.HasSuffix(text[:end], "\r") || testing.Short() && end%5 != 0 {
					continue
				}
				e.versions[name]++
				e.texts[name] = text[:end]
				e.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": e.uri(name), "version": e.versions[name]},
					"contentChanges": []any{map[string]any{"text": text[:end]}}})
				for _, at := range []int{end, strings.LastIndexByte(text[:end], '\n') + 1, end / 2} {
					for at > 0 && (!utf8.RuneStart((text + "x")[at]) || text[at-1] == '\r') {
						at--
					}
					e.everything(name, position(text[:end], at))
				}
			}
		})
	}
}

// everything sends each request about a position.
func (e *editor) everything(name string, p lsp.Position) {
	e.t.Helper()
	at := func(more map[string]any) map[string]any {
		params := map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": p}
		for key, value := range more {
			params[key] = value
		}
		return params
	}
	var list struct{ Items []lsp.CompletionItem }
	e.call("textDocument/completion", at(nil), &list)
	for _, item := range list.Items {
		r := item.TextEdit.Range
		if r.Start.Line != p.Line || r.End.Line != p.Line || r.Start.Character > p.Character || r.End.Character < p.Character {
			e.t.Fatalf("%s at %v: %s replaces %v of\n%s", name, p, item.Label, r, e.texts[name])
		}
	}
	for method, more := range map[string]map[string]any{
		"textDocument/hover": nil, "textDocument/definition": nil, "textDocument/documentSymbol": nil,
		"textDocument/references": {"context": map[string]any{"includeDeclaration": true}},
		"textDocument/codeAction": {"range": lsp.Range{Start: p, End: p}, "context": map[string]any{}},
	} {
		e.call(method, at(more), nil)
	}
}
