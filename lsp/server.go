// Package lsp is a language server for playbooks, files of variables and manifests of
// providers: it reports what is wrong while one types, completes, explains, and finds
// what defines a name.
//
// It knows positions and the protocol. What is wrong with a playbook is playbooks' to
// say, and what a word means is in the tables that reading and running it go by; what the
// server adds is where the cursor stands (package cursor) and which files belong together.
// It writes no file, runs no task and speaks with no platform.
package lsp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"
	"github.com/creachadair/jrpc2/handler"

	"runner/engine"
	"runner/playbooks"
)

// Options are what a server works with.
type Options struct {
	Version string
	// Playbooks is what playbooks are read with; Unsaved and Part are the server's.
	Playbooks playbooks.Options
	// KindPage returns the reference page of a kind, in Markdown.
	KindPage func(*engine.Kind) string
	// Catalogue returns what can be ordered, as far as it is known now. It does not wait.
	Catalogue func() *Catalogue
	// Mask hides secrets in a text; nil: there are none.
	Mask func(string) string
	// Delay is how long the server waits for the next keystroke before it reads a
	// playbook again.
	Delay time.Duration
}

// codes of the protocol, beside those of JSON-RPC.
const (
	requestCancelled     jrpc2.Code = -32800
	serverNotInitialized jrpc2.Code = -32002
)

// ErrNoShutdown is why a server fails whose client went away without saying so.
var ErrNoShutdown = errors.New("the editor went away without a shutdown")

// A server is one session with an editor.
type server struct {
	opt       Options
	kinds     map[string]*engine.Kind
	rpc       *jrpc2.Server
	workspace *workspace

	mu          sync.Mutex
	initialized bool
	down        bool // shutdown was asked for
	watches     bool // the client can watch files for the server
	stop        context.CancelFunc
	checks      sync.WaitGroup
}

// Serve speaks with an editor until it says exit, or is gone. out is closed; from in it may
// have taken more than it used.
func Serve(ctx context.Context, in io.Reader, out io.WriteCloser, opt Options) error {
	s := &server{opt: opt, kinds: map[string]*engine.Kind{}, workspace: newWorkspace(opt.Playbooks)}
	for i := range opt.Playbooks.Kinds {
		k := &opt.Playbooks.Kinds[i]
		s.kinds[k.Name], s.kinds[k.Full] = k, k
	}
	delete(s.kinds, "")
	outer := ctx
	ctx, s.stop = context.WithCancel(ctx)
	defer s.stop()
	s.rpc = jrpc2.NewServer(s.handlers(), &jrpc2.ServerOptions{AllowPush: true, DisableBuiltin: true, Concurrency: 4})
	source, feed := io.Pipe()
	go func() { // it ends with in, which may be long after the session has
		_, err := io.Copy(feed, in)
		_ = feed.CloseWithError(err)
	}()
	s.rpc.Start(channel.LSP(source, &hangUp{out, source}))
	s.checks.Go(func() { s.check(ctx) })
	context.AfterFunc(ctx, s.rpc.Stop)
	_ = s.rpc.Wait()
	s.stop()
	s.checks.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil
	}
	return cmp.Or(outer.Err(), ErrNoShutdown)
}

// A hangUp ends the reading too when the writing is closed.
type hangUp struct {
	io.WriteCloser
	source *io.PipeReader
}

// Close closes both.
func (h *hangUp) Close() error {
	_ = h.source.CloseWithError(io.EOF)
	return h.WriteCloser.Close()
}

// handlers returns what the server does, by method.
func (s *server) handlers() handler.Map {
	return handler.Map{
		"initialize":                       handler.New(s.initialize),
		"initialized":                      handler.New(s.ready),
		"shutdown":                         request(s, s.shutdown),
		"exit":                             handler.New(s.exit),
		"$/cancelRequest":                  handler.New(s.cancel),
		"$/setTrace":                       ignored(),
		"workspace/didChangeConfiguration": ignored(),
		"workspace/didChangeWatchedFiles":  handler.New(s.filesChanged),
		"textDocument/didOpen":             handler.New(s.didOpen),
		"textDocument/didChange":           handler.New(s.didChange),
		"textDocument/didSave":             handler.New(s.didSave),
		"textDocument/didClose":            handler.New(s.didClose),
		"textDocument/completion":          request(s, s.completion),
		"textDocument/hover":               request(s, s.hover),
		"textDocument/definition":          request(s, s.definition),
		"textDocument/references":          request(s, s.references),
		"textDocument/documentSymbol":      request(s, s.symbols),
		"textDocument/codeAction":          request(s, s.actions),
	}
}

func ignored() jrpc2.Handler {
	return func(context.Context, *jrpc2.Request) (any, error) { return nil, nil }
}

// request makes a handler of a request that wants a server which was initialized, and
// whose response is dropped once the client has cancelled it.
func request[P, R any](s *server, do func(context.Context, P) (R, error)) jrpc2.Handler {
	return func(ctx context.Context, r *jrpc2.Request) (any, error) {
		s.mu.Lock()
		initialized, down := s.initialized, s.down
		s.mu.Unlock()
		switch {
		case !initialized:
			return nil, jrpc2.Errorf(serverNotInitialized, "initialize comes first")
		case down:
			return nil, jrpc2.Errorf(jrpc2.InvalidRequest, "the server was shut down")
		}
		var params P
		if r.HasParams() {
			if err := r.UnmarshalParams(&params); err != nil {
				return nil, jrpc2.Errorf(jrpc2.InvalidParams, "%s: %s", r.Method(), err)
			}
		}
		result, err := do(ctx, params)
		if ctx.Err() != nil {
			return nil, jrpc2.Errorf(requestCancelled, "cancelled")
		}
		return result, err
	}
}

func (s *server) initialize(_ context.Context, p initializeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.initialized {
		return nil, jrpc2.Errorf(jrpc2.InvalidRequest, "initialize was said already")
	}
	s.initialized = true
	s.watches = p.Capabilities.Workspace.DidChangeWatchedFiles.DynamicRegistration
	for _, f := range p.WorkspaceFolders {
		s.workspace.addFolder(f.URI)
	}
	if len(p.WorkspaceFolders) == 0 && p.RootURI != "" {
		s.workspace.addFolder(p.RootURI)
	}
	type object = map[string]any
	return object{
		"serverInfo": object{"name": "runner", "version": s.opt.Version},
		"capabilities": object{
			"positionEncoding":       "utf-16",
			"textDocumentSync":       object{"openClose": true, "change": 2, "save": object{}},
			"completionProvider":     object{"triggerCharacters": []string{".", "|", " ", "{", "'", "\"", ":", "/"}},
			"hoverProvider":          true,
			"definitionProvider":     true,
			"referencesProvider":     true,
			"documentSymbolProvider": true,
			"codeActionProvider":     object{"codeActionKinds": []string{"quickfix"}},
		},
	}, nil
}

// ready has the client say when files change that it does not have open.
func (s *server) ready(ctx context.Context) error {
	s.mu.Lock()
	watches := s.watches
	s.mu.Unlock()
	if !watches {
		return nil
	}
	params := json.RawMessage(`{"registrations":[{"id":"files","method":"workspace/didChangeWatchedFiles",` +
		`"registerOptions":{"watchers":[{"globPattern":"**/*.{yml,yaml,json}"}]}}]}`)
	s.checks.Go(func() { _, _ = s.rpc.Callback(context.WithoutCancel(ctx), "client/registerCapability", params) })
	return nil
}

func (s *server) shutdown(context.Context, struct{}) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = true
	return nil, nil
}

func (s *server) exit(context.Context) error {
	s.stop()
	return nil
}

// cancel drops a request; its handler finds its context at an end.
func (s *server) cancel(_ context.Context, p cancelParams) error {
	s.rpc.CancelRequest(string(p.ID))
	return nil
}
