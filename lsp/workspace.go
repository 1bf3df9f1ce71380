package lsp

import (
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"runner/playbooks"
)

// An openDocument is a document that the editor has open.
type openDocument struct {
	uri     string
	path    string
	version int
	text    *text
}

// A workspace is what the editor has open, and what is known of it. Its methods may be
// called side by side.
type workspace struct {
	opt     playbooks.Options
	changed chan struct{} // something is to be read again

	mu         sync.Mutex
	folders    []string
	documents  map[string]*openDocument // by path
	generation int                      // counts every change
	disk       int                      // counts what the editor says of files that it does not have open
	reading    sync.Mutex               // one reads at a time
	last       *knowledge               // what was read last; nil: nothing
}

func newWorkspace(opt playbooks.Options) *workspace {
	return &workspace{opt: opt, changed: make(chan struct{}, 1), documents: map[string]*openDocument{}}
}

func (w *workspace) addFolder(uri string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if path := pathOf(uri); path != "" {
		w.folders = append(w.folders, path)
	}
}

// change changes what is open, and has it read again.
func (w *workspace) change(do func(documents map[string]*openDocument)) {
	w.mu.Lock()
	do(w.documents)
	w.generation++
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *workspace) open(d document) {
	path := pathOf(d.URI)
	if path == "" {
		return
	}
	w.change(func(documents map[string]*openDocument) {
		documents[path] = &openDocument{uri: d.URI, path: path, version: d.Version, text: newText(d.Text)}
	})
}

func (w *workspace) edit(id documentID, changes []ContentChange) {
	w.change(func(documents map[string]*openDocument) {
		d := documents[pathOf(id.URI)]
		if d == nil {
			return
		}
		edited := *d
		edited.version = id.Version
		for _, c := range changes {
			edited.text = edited.text.apply(c)
		}
		documents[d.path] = &edited
	})
}

func (w *workspace) close(uri string) {
	w.change(func(documents map[string]*openDocument) { delete(documents, pathOf(uri)) })
}

// touch has everything read again: a file on the disk changed.
func (w *workspace) touch() { w.change(func(map[string]*openDocument) { w.disk++ }) }

// document returns a document that is open; nil where it is not.
func (w *workspace) document(uri string) *openDocument {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.documents[pathOf(uri)]
}

// A snapshot is what is open at one time.
type snapshot struct {
	generation int
	disk       int
	documents  map[string]*openDocument
	folders    []string
}

func (w *workspace) snapshot() snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := snapshot{generation: w.generation, disk: w.disk, folders: w.folders, documents: make(map[string]*openDocument, len(w.documents))}
	for path, d := range w.documents {
		s.documents[path] = d
	}
	return s
}

// unsaved returns the texts that are open, by their paths.
func (s snapshot) unsaved() map[string]string {
	all := make(map[string]string, len(s.documents))
	for path, d := range s.documents {
		all[path] = d.text.content
	}
	return all
}

// current returns what is known of what is open now, and reads it if need be.
func (w *workspace) current() *knowledge {
	w.reading.Lock()
	defer w.reading.Unlock()
	s := w.snapshot()
	w.mu.Lock()
	last := w.last
	w.mu.Unlock()
	if last != nil && last.generation == s.generation {
		return last
	}
	k := w.read(s, last)
	w.mu.Lock()
	w.last = k
	w.mu.Unlock()
	return k
}

// latest returns what was read last, which may be behind what is open.
func (w *workspace) latest() *knowledge {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// outdated reports whether something changed since a time.
func (w *workspace) outdated(generation int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.generation != generation
}

// pathOf returns the path of a file: URI; "" for any other.
func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, "/")
	}
	return filepath.Clean(filepath.FromSlash(path))
}

// uriOf returns the file: URI of a path.
func uriOf(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
