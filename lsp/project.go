package lsp

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"runner/engine"
	"runner/playbooks"
	"runner/playbooks/keyword"
)

// Which documents are whose. A JSON object with an id and an api is a provider's
// manifest. A YAML list whose items have keywords of plays is a playbook. Other lists and
// maps are judged as parts of the playbooks that bring them in; those are looked for in
// the folders above, up to the editor's. A list of tasks that no playbook brings in is a
// playbook of one play, unless it stands in a folder tasks or handlers; what stands
// there, and maps of variables in folders that are made for them, are parts of a playbook
// that is not known. All else is left alone.

// A sort is what a document is.
type sort int

const (
	foreign   sort = iota // none of ours
	manifests             // a provider's manifest
	playbook              // a list with plays
	taskList              // a list of tasks, or what may become one
	variables             // a map
)

var (
	firstWord = regexp.MustCompile(`(?m)^(?:- +|  +)?([\w.]+|"[\w.]+") *:(?: |$)`)
	playMap   = regexp.MustCompile(`(?m)^hosts *: [^\n]*\n(?:.*\n)*?(?:tasks|roles) *:`)
	topKey    = regexp.MustCompile(`^["'\w][\w .-]*["']? *:(?: |$)`)
)

// sortOf tells what a text is. It may be half written.
func sortOf(path, content string, isKind func(string) bool) sort {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		var object struct{ ID, API json.RawMessage }
		if filepath.Base(path) == "addon-manifest.json" || json.Unmarshal([]byte(content), &object) == nil && object.ID != nil && object.API != nil {
			return manifests
		}
		return foreign
	case ".yml", ".yaml", "":
	default:
		return foreign
	}
	if len(content) > 8<<20 {
		return foreign
	}
	if strings.HasPrefix(content, "$ANSIBLE_VAULT;") {
		return variables
	}
	switch first := firstLine(content); {
	case first == "-", strings.HasPrefix(first, "- "):
		return sortOfList(content, isKind)
	case !topKey.MatchString(first):
		return foreign
	case playMap.MatchString(content):
		return playbook // its dash is missing
	}
	return variables
}

// firstLine returns the first line of a text that is no comment and begins no document.
func firstLine(content string) string {
	for line := range strings.Lines(content) {
		line = strings.TrimRight(line, " \t\r\n")
		if line != "" && line[0] != '#' && line[0] != '%' && line != "---" {
			return line
		}
	}
	return ""
}

// sortOfList tells a list of plays from one of tasks.
func sortOfList(content string, isKind func(string) bool) sort {
	found := foreign
	for _, m := range firstWord.FindAllStringSubmatch(content, 200) {
		word := strings.Trim(m[1], `"`)
		if isPlayWord(word) {
			return playbook
		}
		if isKind(word) || slices.Contains([]string{"block", "action", "local_action", "import_tasks", "import_role"}, bareKind(word)) {
			found = taskList
		}
	}
	return found
}

func isPlayWord(word string) bool {
	return keyword.Only(word, keyword.Play, keyword.Task|keyword.Block) || bareKind(word) == "import_playbook" || word == "hosts"
}

// bareKind takes the namespace of Ansible's own kinds from a name.
func bareKind(name string) string {
	for _, prefix := range []string{"ansible.builtin.", "ansible.legacy."} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// A knowledge is what was read at one time.
type knowledge struct {
	snapshot
	sorts map[string]sort // of the open documents, by path
	// reads are the playbooks that were read, by the path of the one that brings in the
	// others.
	reads map[string]*read
	// good are, for documents whose text cannot be read now, the reads of when it could.
	good map[string]*read
	// searched are the documents whose playbooks were looked for.
	searched map[string]bool
}

// A read is a playbook, with all that it brings in.
type read struct {
	root     string
	part     bool
	disk     int
	analysis *playbooks.Analysis
	files    map[string]bool // absolute paths
	stamps   map[string]time.Time
	unsaved  map[string]*text // the texts that it was read with
	index    func() *index
}

// holds reports whether a file is a part of the playbook.
func (r *read) holds(path string) bool { return r.files[path] }

// of returns the reads that hold a document.
func (k *knowledge) of(path string) []*read {
	var all []*read
	for _, root := range sortedKeys(k.reads) {
		if r := k.reads[root]; r.holds(path) {
			all = append(all, r)
		}
	}
	return all
}

// best returns the read that knows most of a document: one of now in which its text could
// be read, or else one of before; nil where there is none.
func (k *knowledge) best(path string) *read {
	if k == nil {
		return nil
	}
	var some *read
	for _, r := range k.of(path) {
		if r.parsed(path) {
			return r
		}
		some = r
	}
	if old := k.good[path]; old != nil {
		return old
	}
	return some
}

// parsed reports whether the text of a file could be read.
func (r *read) parsed(path string) bool {
	return slices.ContainsFunc(r.analysis.Files, func(f playbooks.File) bool { return f.Root != nil && absolute(f.Source.Name) == path })
}

// read reads the playbooks of everything that is open.
func (w *workspace) read(s snapshot, last *knowledge) *knowledge {
	k := &knowledge{snapshot: s, sorts: map[string]sort{}, reads: map[string]*read{}, good: map[string]*read{}, searched: map[string]bool{}}
	for path, d := range s.documents {
		k.sorts[path] = sortOf(path, d.text.content, w.isKind)
	}
	for _, path := range sortedKeys(k.sorts) {
		if k.sorts[path] == playbook {
			w.readRoot(k, last, path, false)
		}
	}
	for _, path := range sortedKeys(k.sorts) {
		if k.sorts[path] != manifests && slices.Contains([]string{"", ".yml", ".yaml", ".json"}, filepath.Ext(path)) {
			w.place(k, last, path)
		}
	}
	k.remember(last)
	return k
}

// place finds the playbooks that an open document belongs to.
func (w *workspace) place(k *knowledge, last *knowledge, path string) {
	if last != nil && !(k.sorts[path] == playbook) {
		for _, r := range last.of(path) {
			if !r.part && r.root != path {
				w.readRoot(k, last, r.root, false)
			}
		}
	}
	brought := func() bool {
		return slices.ContainsFunc(k.of(path), func(r *read) bool { return r.root != path && !r.part })
	}
	k.searched[path] = true
	if !brought() && (last == nil || last.disk != k.disk || !last.searched[path]) {
		w.search(k, last, path)
	}
	switch {
	case brought():
		delete(k.reads, path) // it is judged by what brings it in
	case k.sorts[path] == playbook:
	case k.sorts[path] == taskList:
		w.readRoot(k, last, path, inFolder(path, "tasks", "handlers"))
	case k.sorts[path] == variables && inFolder(path, "group_vars", "host_vars", "vars", "defaults"):
		w.readRoot(k, last, path, true)
	}
}

func inFolder(path string, names ...string) bool {
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if slices.Contains(names, filepath.Base(dir)) {
			return true
		}
	}
	return false
}

// How far playbooks are looked for that bring in a document.
const (
	levelsUp       = 6
	filesPerFolder = 100
	searchedSize   = 1 << 20
)

// search looks for the playbooks that bring in a document, in the folders above it.
func (w *workspace) search(k, last *knowledge, path string) {
	dir := filepath.Dir(path)
	for range levelsUp {
		for _, candidate := range playbooksIn(dir, w.isKind) {
			if k.reads[candidate] != nil || k.sorts[candidate] == taskList {
				continue
			}
			r := w.analyze(k, last, candidate, false)
			if r.holds(path) && candidate != path {
				k.reads[candidate] = r
			}
		}
		if slices.Contains(k.folders, dir) || exists(filepath.Join(dir, ".git")) || dir == filepath.Dir(dir) {
			return
		}
		dir = filepath.Dir(dir)
	}
}

// playbooksIn lists the playbooks of a folder.
func playbooksIn(dir string, isKind func(string) bool) []string {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > filesPerFolder {
		return nil
	}
	var all []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		ext := filepath.Ext(path)
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > searchedSize || ext != ".yml" && ext != ".yaml" {
			continue
		}
		if content, err := os.ReadFile(path); err == nil && sortOf(path, string(content), isKind) == playbook {
			all = append(all, path)
		}
	}
	return all
}

func (w *workspace) isKind(name string) bool {
	return slices.ContainsFunc(w.opt.Kinds, func(k engine.Kind) bool { return k.Name == bareKind(name) || k.Full == name })
}

func (w *workspace) readRoot(k, last *knowledge, path string, part bool) {
	if k.reads[path] == nil {
		k.reads[path] = w.analyze(k, last, path, part)
	}
}

// analyze reads a playbook, or returns what was read before where nothing has changed.
func (w *workspace) analyze(k, last *knowledge, path string, part bool) *read {
	if last != nil {
		if r := last.reads[path]; r != nil && r.part == part && r.fresh(k.snapshot) {
			return r
		}
	}
	opt := w.opt
	opt.Unsaved, opt.Part, opt.Lint = k.unsaved(), part, true
	a := playbooks.Analyze([]string{path}, opt)
	r := &read{root: path, part: part, disk: k.disk, analysis: a, files: map[string]bool{path: true}, stamps: map[string]time.Time{}, unsaved: map[string]*text{}}
	for _, f := range a.Files {
		r.files[absolute(f.Source.Name)] = true
	}
	for _, l := range a.Links {
		r.stamps[absolute(l.Path)] = stampOf(l.Path) // where they are missing, too
	}
	for file := range r.files {
		r.stamps[file] = stampOf(file)
		if d := k.documents[file]; d != nil {
			r.unsaved[file] = d.text
		}
	}
	r.index = indexing(a)
	return r
}

// fresh reports whether what was read is what there is now.
func (r *read) fresh(s snapshot) bool {
	if r.disk != s.disk {
		return false
	}
	for path, stamp := range r.stamps {
		d := s.documents[path]
		switch before := r.unsaved[path]; {
		case d == nil && before == nil:
			if !stampOf(path).Equal(stamp) {
				return false
			}
		case d == nil || before == nil || d.text != before:
			return false
		}
	}
	return true
}

func stampOf(path string) time.Time {
	if info, err := os.Stat(path); err == nil {
		return info.ModTime()
	}
	return time.Time{}
}

// remember keeps, for documents whose text cannot be read now, when it could.
func (k *knowledge) remember(last *knowledge) {
	for path := range k.documents {
		if slices.ContainsFunc(k.of(path), func(r *read) bool { return r.parsed(path) }) || last == nil {
			continue
		}
		if r := last.best(path); r != nil && r.parsed(path) {
			k.good[path] = r
		}
	}
}
