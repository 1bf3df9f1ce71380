package lsp_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"

	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/engine"
	"runner/lsp"
	"runner/playbooks"
	"runner/playbooks/reading"
	"runner/tasks"
)

// An editor is a client of a server that works on a folder.
type editor struct {
	t        testing.TB
	dir      string
	rpc      *jrpc2.Client
	reported chan report
	done     chan error
	versions map[string]int
	texts    map[string]string
}

// A report is what was published of a document.
type report struct {
	URI         string           `json:"uri"`
	Version     int              `json:"version"`
	Diagnostics []lsp.Diagnostic `json:"diagnostics"`
}

func options() playbooks.Options {
	return playbooks.Options{Kinds: tasks.Kinds(nil), Vault: &reading.Vault{Sealed: true, Secrets: &engine.Secrets{}}}
}

// offered is the catalogue that is part of the program.
func offered(t testing.TB) *lsp.Catalogue {
	t.Helper()
	known, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	c := &lsp.Catalogue{Infos: map[string]*clever.ProviderInfo{}, Zones: known.Zones}
	for _, p := range known.Providers {
		c.Providers = append(c.Providers, p.View)
		if len(p.Versions) > 0 {
			info := p.Info()
			c.Infos[p.ID] = &info
		}
	}
	return c
}

// newEditor starts a server and an editor for a folder with files.
func newEditor(t testing.TB, files map[string]string) *editor {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := &editor{t: t, dir: dir, reported: make(chan report, 1000), done: make(chan error, 1), versions: map[string]int{}, texts: map[string]string{}}
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	known := offered(t)
	go func() {
		e.done <- lsp.Serve(context.Background(), in, out, lsp.Options{Version: "test", Playbooks: options(),
			KindPage: func(k *engine.Kind) string { return "## " + k.Name }, Catalogue: func() *lsp.Catalogue { return known }, Delay: time.Millisecond})
		_ = out.Close()
	}()
	e.rpc = jrpc2.NewClient(channel.LSP(fromServer, toServer), &jrpc2.ClientOptions{
		OnNotify: func(r *jrpc2.Request) {
			var got report
			if err := r.UnmarshalParams(&got); err == nil && r.Method() == "textDocument/publishDiagnostics" {
				e.reported <- got
			}
		},
		OnCallback: func(context.Context, *jrpc2.Request) (any, error) { return nil, nil },
	})
	t.Cleanup(func() { _ = e.rpc.Close() })
	e.call("initialize", map[string]any{"rootUri": e.uri(""), "capabilities": map[string]any{
		"workspace": map[string]any{"didChangeWatchedFiles": map[string]any{"dynamicRegistration": true}}}}, nil)
	e.notify("initialized", map[string]any{})
	return e
}

func (e *editor) uri(name string) string { return "file://" + filepath.Join(e.dir, name) }

func (e *editor) call(method string, params, result any) {
	e.t.Helper()
	response, err := e.rpc.Call(context.Background(), method, params)
	if err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
	if result == nil {
		return
	}
	if err := response.UnmarshalResult(result); err != nil {
		e.t.Fatalf("%s: %v of %s", method, err, response.ResultString())
	}
}

func (e *editor) notify(method string, params any) {
	e.t.Helper()
	if err := e.rpc.Notify(context.Background(), method, params); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
}

func (e *editor) open(name, content string) {
	e.t.Helper()
	e.versions[name], e.texts[name] = 1, content
	e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": e.uri(name), "languageId": "yaml", "version": 1, "text": content}})
}

// replace changes the first place of a document where a text stands.
func (e *editor) replace(name, before, after string) {
	e.t.Helper()
	content := e.texts[name]
	at := strings.Index(content, before)
	if at < 0 {
		e.t.Fatalf("%s has no %q", name, before)
	}
	e.versions[name]++
	e.texts[name] = content[:at] + after + content[at+len(before):]
	e.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": e.uri(name), "version": e.versions[name]},
		"contentChanges": []any{map[string]any{"range": lsp.Range{Start: position(content, at), End: position(content, at+len(before))}, "text": after}}})
}

// position returns the position of a byte of a text.
func position(content string, at int) lsp.Position {
	before := content[:at]
	line := strings.LastIndexByte(before, '\n') + 1
	return lsp.Position{Line: strings.Count(before, "\n"), Character: len(utf16.Encode([]rune(before[line:])))}
}

// problems waits for what is reported of the present version of a document.
func (e *editor) problems(name string) []lsp.Diagnostic {
	e.t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case r := <-e.reported:
			if r.URI == e.uri(name) && (r.Version == e.versions[name] || r.Version == 0) {
				return r.Diagnostics
			}
		case <-timeout:
			e.t.Fatalf("nothing is reported of %s", name)
		}
	}
}

// at returns the parameters of a request about a place: where a ^ stands in a text that a
// document has without it.
func (e *editor) at(name, marked string) map[string]any {
	e.t.Helper()
	before, after, ok := strings.Cut(marked, "^")
	at := strings.Index(e.texts[name], before+after)
	if !ok || at < 0 {
		e.t.Fatalf("%s has no %q", name, marked)
	}
	return map[string]any{"textDocument": map[string]any{"uri": e.uri(name)}, "position": position(e.texts[name], at+len(before))}
}

// completed returns the labels of what can stand at a place.
func (e *editor) completed(name, marked string) []string {
	e.t.Helper()
	var list struct{ Items []lsp.CompletionItem }
	e.call("textDocument/completion", e.at(name, marked), &list)
	var labels []string
	for _, item := range list.Items {
		labels = append(labels, item.Label)
	}
	return labels
}

func (e *editor) hovered(name, marked string) string {
	e.t.Helper()
	var hover *lsp.Hover
	e.call("textDocument/hover", e.at(name, marked), &hover)
	if hover == nil {
		return ""
	}
	return hover.Contents.Value
}

// shown writes locations as file:line:column, from 1, in order.
func (e *editor) shown(locations []lsp.Location) string {
	var all []string
	for _, l := range locations {
		all = append(all, strings.TrimPrefix(l.URI, e.uri("")+"/")+":"+place(l.Range.Start))
	}
	return strings.Join(all, " ")
}

func place(p lsp.Position) string {
	text, _ := json.Marshal(p.Line + 1)
	col, _ := json.Marshal(p.Character + 1)
	return string(text) + ":" + string(col)
}

func (e *editor) defined(name, marked string) string {
	e.t.Helper()
	var all []lsp.Location
	e.call("textDocument/definition", e.at(name, marked), &all)
	return e.shown(all)
}

func (e *editor) referred(name, marked string) string {
	e.t.Helper()
	params := e.at(name, marked)
	params["context"] = map[string]any{"includeDeclaration": true}
	var all []lsp.Location
	e.call("textDocument/references", params, &all)
	return e.shown(all)
}
