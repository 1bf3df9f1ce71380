package lsp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/google/go-cmp/cmp"

	"runner/diagnostic"
	"runner/lsp"
	"runner/playbooks"
)

// TestTheSameProblemsAsValidate opens every wrong playbook of the language's own tests, and
// has of each what a validation of the file says, at the same places.
func TestTheSameProblemsAsValidate(t *testing.T) {
	t.Parallel()
	bad, err := filepath.Abs("../playbooks/testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(bad, "*.yml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d playbooks: %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			e := newEditor(t, map[string]string{"site.yml": string(content)})
			e.open("site.yml", string(content))
			got := e.problems("site.yml")
			opt := options()
			opt.Lint = true
			_, problems := playbooks.Load([]string{filepath.Join(e.dir, "site.yml")}, opt)
			if diff := cmp.Diff(shownProblems(problems), shownDiagnostics(got)); diff != "" && !isLeftAlone(string(content)) {
				t.Errorf("-validated +reported\n%s", diff)
			}
		})
	}
}

// isLeftAlone reports whether nothing in a text says that it is a playbook.
func isLeftAlone(content string) bool {
	return !strings.Contains(content, "hosts:") && !strings.Contains(content, "tasks:") && !strings.Contains(content, "debug:")
}

func shownProblems(problems []*diagnostic.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, fmt.Sprintf("%d: %s: %s", max(p.Place.Line, 1), p.Severity, p.Text()))
	}
	slices.Sort(all)
	return all
}

func shownDiagnostics(list []lsp.Diagnostic) []string {
	var all []string
	for _, d := range list {
		all = append(all, fmt.Sprintf("%d: %s: %s", d.Range.Start.Line+1, map[int]string{1: "error", 2: "warning"}[d.Severity], d.Message))
	}
	slices.Sort(all)
	return all
}

// TestARequestBeforeInitialize is refused, as are those after shutdown; exit ends the server.
func TestTheLifeOfAServer(t *testing.T) {
	t.Parallel()
	e := newEditor(t, nil)
	e.call("shutdown", nil, nil)
	_, err := e.rpc.Call(context.Background(), "textDocument/hover", map[string]any{})
	if rpcErr, ok := errors.AsType[*jrpc2.Error](err); !ok || rpcErr.Code != jrpc2.InvalidRequest {
		t.Errorf("a request after shutdown: %v", err)
	}
	e.notify("exit", nil)
	select {
	case err := <-e.done:
		if err != nil {
			t.Errorf("it ends with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it does not end")
	}
}

// A transcript is what a server has written so far.
type transcript struct {
	mu    sync.Mutex
	out   bytes.Buffer
	wrote chan struct{}
}

func (w *transcript) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrote <- struct{}{}
	return w.out.Write(text)
}

func (w *transcript) Close() error { return nil }

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.String()
}

// serve sends messages as they are, each request once those before were answered, ends the
// input, and returns what comes back.
func serve(t *testing.T, messages ...string) (string, error) {
	t.Helper()
	in, editor := io.Pipe()
	out, done, known := &transcript{wrote: make(chan struct{}, 1000)}, make(chan error, 1), offered(t)
	go func() {
		done <- lsp.Serve(context.Background(), in, out, lsp.Options{Playbooks: options(), Catalogue: func() *lsp.Catalogue { return known }})
	}()
	for _, m := range messages {
		if _, err := fmt.Fprintf(editor, "Content-Length: %d\r\n\r\n%s", len(m), m); err != nil {
			t.Fatal(err)
		}
		id := strings.TrimPrefix(m, `{"jsonrpc":"2.0",`)
		for strings.HasPrefix(id, `"id"`) && !strings.Contains(out.String(), id[:6]) {
			<-out.wrote
		}
	}
	_ = editor.Close()
	err := <-done
	return out.String(), err
}

func TestWhatIsNotInOrder(t *testing.T) {
	t.Parallel()
	out, err := serve(t, `{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{}}`)
	if !strings.Contains(out, "-32002") || !errors.Is(err, lsp.ErrNoShutdown) {
		t.Errorf("before initialize: %v, %s", err, out)
	}
	const start = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`
	if out, err := serve(t, start, `{"jsonrpc":"2.0","id":2,"method":"shutdown"}`, `{"jsonrpc":"2.0","method":"exit"}`); err != nil {
		t.Errorf("in order: %v, %s", err, out)
	}
	for _, message := range []string{
		`{"jsonrpc":"2.0","id":2,"method":"nope"}`,
		`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":[1]}`,
		`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///nope.yml"},"position":{"line":-1,"character":-5}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"textDocument/completion","params":{"textDocument":{"uri":"untitled:1"},"position":{"line":9,"character":9}}}`,
		`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///nope.yml","version":3},"contentChanges":[{"text":"x"}]}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":77}}`,
		`{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"capabilities":{}}}`,
	} {
		if out, err := serve(t, start, message, `{"jsonrpc":"2.0","id":3,"method":"shutdown"}`, `{"jsonrpc":"2.0","method":"exit"}`); err != nil || !strings.Contains(out, `"id":3`) {
			t.Errorf("%s: %v, %s", message, err, out)
		}
	}
}

// TestOnlyTheLastKeystrokeIsReported types fast: what is outdated is not published.
func TestOnlyTheLastKeystrokeIsReported(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	e.problems("site.yml")
	word := "lower"
	for _, next := range []string{"lowe", "low", "lo", "l", "lo", "low", "lowe", "lower"} {
		e.replace("site.yml", "| "+word+" ", "| "+next+" ")
		word = next
	}
	if got := e.problems("site.yml"); len(got) != 0 {
		t.Errorf("of the last version: %+v", got)
	}
}

// TestClosedDocumentsAreForgotten: what was reported is taken back.
func TestClosedDocumentsAreForgotten(t *testing.T) {
	t.Parallel()
	e := newEditor(t, nil)
	e.open("site.yml", "- hosts: localhost\n  tasks:\n    - debgu: {}\n")
	if got := e.problems("site.yml"); len(got) == 0 {
		t.Fatal("nothing is wrong")
	}
	e.versions["site.yml"] = 0
	e.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": e.uri("site.yml")}})
	if got := e.problems("site.yml"); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestAFileOnTheDiskChanges: the editor says so, and the playbook is read again.
func TestAFileOnTheDiskChanges(t *testing.T) {
	t.Parallel()
	e := newEditor(t, shopFiles())
	e.open("site.yml", shop)
	e.problems("site.yml")
	path := filepath.Join(e.dir, "vars/main.yml")
	if err := os.WriteFile(path, []byte("farewell: bye\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": e.uri("vars/main.yml"), "type": 2}}})
	if got := e.problems("site.yml"); len(got) != 1 || !strings.Contains(got[0].Message, "greeting") {
		t.Errorf("got %+v", got)
	}
}
