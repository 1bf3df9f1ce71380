// Package config reads configuration files: settings by name, for all commands or
// one, and profiles, each with the place where it stands. It knows TOML and no flag:
// which settings there are is asked of its caller.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"runner/diagnostic"
)

// Name is what a configuration file is called.
const Name = "runner.toml"

// A File is a configuration file.
type File struct {
	Path string
	// Own: the user wrote it. One that lies beside a playbook may come from anybody.
	Own      bool
	Entries  []Entry
	Profiles map[string]diagnostic.Place // by name, with the places of their tables
}

// An Entry is one setting of a file.
type Entry struct {
	Table string   // the command that it is for: "play", "vendor test"; "": all
	In    string   // the profile that it is part of; "": none
	Name  string   // as a flag is called: "lock-timeout"
	Texts []string // its value as text; several of an array
	Place diagnostic.Place
}

// Paths returns where configuration files may be: the user's own, and that of a
// project in a folder.
func Paths(getenv func(string) string, folder string) (own, project string) {
	project = filepath.Join(folder, Name)
	if path := getenv("RUNNER_CONFIG"); path != "" {
		return path, project
	}
	base := getenv("XDG_CONFIG_HOME")
	if base == "" && getenv("HOME") != "" {
		base = filepath.Join(getenv("HOME"), ".config")
	}
	if base == "" {
		return "", project
	}
	return filepath.Join(base, "runner", Name), project
}

// largest bounds a configuration file.
const largest = 1 << 20

// Read reads a file. One that is not there is nil; of a damaged one the problem has
// the place.
func Read(path string, own bool) (*File, error) {
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	source := &diagnostic.Source{Name: path, Text: string(text)}
	if err := syntax(text, source); err != nil {
		return nil, err
	}
	r := reader{file: &File{Path: path, Own: own, Profiles: map[string]diagnostic.Place{}}, source: source}
	r.parser.Reset(text)
	return r.file, r.read()
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > largest {
		return nil, fmt.Errorf("%s is no file of at most 1 MiB", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, largest))
}

// syntax refuses what is no TOML, keys that stand twice among it.
func syntax(text []byte, source *diagnostic.Source) error {
	var all map[string]any
	err := toml.Unmarshal(text, &all)
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := e.Position()
		return diagnostic.Problemf(diagnostic.Place{Source: source, Line: line, Col: column}, "%s", strings.TrimPrefix(e.Error(), "toml: "))
	}
	return err
}

// A reader turns the expressions of a text into entries.
type reader struct {
	parser   unstable.Parser
	file     *File
	source   *diagnostic.Source
	path     []string // of the table that the expressions stand in
	problems diagnostic.Problems
}

func (r *reader) read() error {
	for r.parser.NextExpression() {
		switch e := r.parser.Expression(); e.Kind {
		case unstable.Table:
			r.table(e)
		case unstable.KeyValue:
			r.keyValue(e, r.path)
		case unstable.ArrayTable:
			r.problems.Add(diagnostic.Problemf(r.place(e.Child()), "there is no list of tables here").WithHint("write [name], not [[name]]"))
		}
	}
	return r.problems.Err()
}

// table takes [play], [vendor.test] and [profiles.prod].
func (r *reader) table(e *unstable.Node) {
	path, first := r.key(e.Key())
	r.path = path
	if path[0] != "profiles" {
		return
	}
	if len(path) > 2 {
		r.problems.Add(diagnostic.Problemf(r.place(first), "a profile holds no tables"))
	}
	if len(path) == 2 {
		r.file.Profiles[path[1]] = r.place(first)
	}
}

// keyValue takes a setting, or the settings of an inline table.
func (r *reader) keyValue(e *unstable.Node, table []string) {
	path, first := r.key(e.Key())
	path = append(append([]string{}, table...), path...)
	if e.Value().Kind == unstable.InlineTable {
		if len(path) == 2 && path[0] == "profiles" {
			r.file.Profiles[path[1]] = r.place(first)
		}
		for all := e.Value().Children(); all.Next(); {
			r.keyValue(all.Node(), path)
		}
		return
	}
	entry := Entry{Name: strings.ReplaceAll(path[len(path)-1], "_", "-"), Place: r.place(first)}
	switch table := path[:len(path)-1]; {
	case len(table) > 0 && table[0] == "profiles" && len(table) == 2:
		entry.In = table[1]
	case len(table) > 0 && table[0] == "profiles":
		r.problems.Add(diagnostic.Problemf(entry.Place, "a profile has a name").WithHint("write [profiles.NAME] above its settings"))
		return
	default:
		entry.Table = strings.Join(table, " ")
	}
	var ok bool
	if entry.Texts, ok = texts(e.Value()); !ok {
		r.problems.Add(diagnostic.Problemf(entry.Place, "%s takes text, a number, true, false, or a list of these", entry.Name))
		return
	}
	r.file.Entries = append(r.file.Entries, entry)
}

// key returns the parts of a key, and the node of its first one.
func (r *reader) key(parts unstable.Iterator) (path []string, first *unstable.Node) {
	for parts.Next() {
		if first == nil {
			first = parts.Node()
		}
		path = append(path, string(parts.Node().Data))
	}
	return path, first
}

func (r *reader) place(n *unstable.Node) diagnostic.Place {
	at := r.parser.Shape(n.Raw).Start
	return diagnostic.Place{Source: r.source, Line: at.Line, Col: at.Column}
}

// texts returns a value as text; several of a list, and one that is empty of none.
func texts(n *unstable.Node) ([]string, bool) {
	switch n.Kind {
	case unstable.String, unstable.Integer, unstable.Float, unstable.Bool:
		return []string{string(n.Data)}, true
	case unstable.Array:
		all := []string{}
		for items := n.Children(); items.Next(); {
			item, ok := texts(items.Node())
			if !ok || items.Node().Kind == unstable.Array {
				return nil, false
			}
			all = append(all, item...)
		}
		return all, true
	}
	return nil, false
}
