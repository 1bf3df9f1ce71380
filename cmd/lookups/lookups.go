// Package lookups holds the ways in which templates read what is outside:
// lookup('env' …), files, passwords, programs. It knows no playbook.
package lookups

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/syntax"
	"runner/engine/expr/value"
	"runner/playbooks/vault"
)

// A Source says what the templates of one run may read.
type Source struct {
	Context context.Context // of the run: it ends programs, too
	Getenv  func(string) string
	Environ func() []string // of the programs that are run
	Keys    *vault.Keyring  // opens vaulted files; nil: none can be
	Secrets *engine.Secrets
	Check   bool // nothing may be written
	Pipes   bool // programs may be run

	vaulted *bool // of one call: whether it read anything that was vaulted
}

// lookupLimit bounds what a file or a program may give.
const lookupLimit = 8 << 20

// Lookups returns them by name.
func (s *Source) Lookups() map[string]expr.Lookup {
	return map[string]expr.Lookup{
		"env": builtin.EnvLookup(func(name string) (string, bool) {
			v := s.Getenv(name)
			return v, v != ""
		}),
		"file":        s.marking(func(s *Source) expr.Lookup { return s.eachTerm(s.file) }),
		"template":    s.marking(func(s *Source) expr.Lookup { return s.templates }),
		"first_found": s.firstFound,
		"password":    s.eachTerm(s.password),
		"pipe":        s.eachTerm(s.pipe),
		"lines":       s.lines,
		"unvault":     s.marking(func(s *Source) expr.Lookup { return s.eachTerm(s.unvault) }),
		"fileglob":    s.fileGlob,
		"csvfile":     s.marking(func(s *Source) expr.Lookup { return s.csvFile }),
		"ini":         s.marking(func(s *Source) expr.Lookup { return s.ini }),
		"url":         s.url,
	}
}

// marking makes a lookup whose results are secrets where it read what was vaulted.
func (s *Source) marking(of func(*Source) expr.Lookup) expr.Lookup {
	return func(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
		once := *s
		once.vaulted = new(bool)
		found, err := of(&once)(c, terms, options)
		if *once.vaulted && len(found) > 0 {
			found[0] = value.MarkAll(found[0])
			if _, source := options.Get("source"); !source { // of which the second is a path
				found = value.MarkAll(found).([]value.Value)
			}
		}
		return found, err
	}
}

// eachTerm makes a lookup of what reads one term of text.
func (s *Source) eachTerm(read func(c *expr.Context, term string, options *value.Map) (value.Value, error)) expr.Lookup {
	return func(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
		results := make([]value.Value, 0, len(terms))
		for _, t := range terms {
			v, err := read(c, value.Text(t), options)
			if err != nil {
				return nil, err
			}
			results = append(results, v)
		}
		return results, nil
	}
}

// find returns the first of the places where Ansible looks for a file: for each folder
// of the task's search path the one of its kind there ("files", "templates"), then itself.
func (s *Source) find(c *expr.Context, folder, name string) (string, error) {
	if name == "" {
		return "", errors.New("a file's name is missing")
	}
	var places []string
	if v, ok, err := c.Scope.Lookup(c, "ansible_search_path"); err == nil && ok {
		dirs, _ := v.([]value.Value)
		for _, dir := range dirs {
			places = append(places, filepath.Join(value.Text(dir), folder, name), filepath.Join(value.Text(dir), name))
		}
	}
	if filepath.IsAbs(name) {
		places = []string{name}
	}
	for _, path := range places {
		if err := c.BeforeFile(path); err != nil {
			return "", err
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return "", notFound{name, places}
}

// notFound is the error about a file that is nowhere.
type notFound struct {
	name   string
	places []string // where it was looked for
}

func (e notFound) Error() string {
	return fmt.Sprintf("there is no file %q; it was looked for at %s", e.name, strings.Join(e.places, " and "))
}

// read returns a file's text, opened where it is vaulted.
func (s *Source) read(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > lookupLimit {
		return "", fmt.Errorf("%s is no file of at most %d MiB", path, lookupLimit>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil || !vault.IsVault(text) {
		return string(text), err
	}
	plain, _, err := s.Keys.Decrypt(text)
	s.Secrets.Add(strings.TrimSpace(string(plain)))
	if s.vaulted != nil {
		*s.vaulted = true
	}
	return string(plain), err
}

// readAs reads a file in an encoding of Python's name.
func (s *Source) readAs(path, encoding string) (string, error) {
	body, err := s.read(path)
	if err != nil || encoding == "" {
		return body, err
	}
	body, err = builtin.Decode([]byte(body), encoding)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return body, nil
}

// file returns a file's text without the white space at its end.
func (s *Source) file(c *expr.Context, name string, options *value.Map) (value.Value, error) {
	path, err := s.find(c, "files", name)
	if err != nil {
		return nil, err
	}
	text, err := s.read(path)
	if err != nil {
		return nil, err
	}
	if option(options, "rstrip", true) {
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	if option(options, "lstrip", false) {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
	}
	return text, nil
}

func option(options *value.Map, name string, otherwise bool) bool {
	v, ok := options.Get(name)
	if b, isBool := v.(bool); ok && isBool {
		return b
	}
	return otherwise
}

// templates returns what the templates in files come to; asked for the source, as
// {% include %} does, the text and the path of one.
func (s *Source) templates(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
	var out []value.Value
	for _, t := range terms {
		path, err := s.find(c, "templates", value.Text(t))
		if err != nil {
			return nil, err
		}
		text, err := s.read(path)
		if err != nil {
			return nil, err
		}
		if _, ok := options.Get("source"); ok {
			return []value.Value{text, path}, nil
		}
		v, err := evaluated(c, text, path, options)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// evaluated returns what a template's text comes to: by the options of the lookup,
// and those of its own first line.
func evaluated(c *expr.Context, text, path string, options *value.Map) (value.Value, error) {
	o := syntax.Defaults()
	for k, v := range options.All() {
		switch k {
		case "convert_data", "jinja2_native", "template_vars":
		default:
			if !o.Set(value.Text(k), value.Text(v)) {
				return nil, fmt.Errorf("%s of lookup('template') cannot be %q", value.Text(k), value.Text(v))
			}
		}
	}
	body, bad := o.Header(text)
	if bad != "" {
		return nil, fmt.Errorf("%s: the first line has the option %q, which is none", path, bad)
	}
	whole, skipped := syntax.Places(path, text), len(text)-len(body)
	t, err := expr.ParseFile(builtin.Table(), body, func(offset int) diagnostic.Place { return whole(offset + skipped) }, o)
	if err != nil {
		return nil, err
	}
	names := templateNames(path)
	if more, ok := options.Get("template_vars"); ok && more != nil {
		m, ok := more.(*value.Map)
		if !ok {
			return nil, fmt.Errorf("template_vars of lookup('template') is a map, not %s", value.TypeName(more))
		}
		for k, v := range m.All() {
			names.Set(k, v)
		}
	}
	c = c.In(withVars{c.Scope, names})
	return t.Eval(c)
}

// templateNames are the variables that Ansible adds for the file of a template.
func templateNames(path string) *value.Map {
	full, _ := filepath.Abs(path)
	host, _ := os.Hostname()
	m := value.MapOf("ansible_managed", "Ansible managed", "template_host", host, "template_path", path, "template_fullpath", full,
		"template_destpath", nil, "template_run_date", value.Moment{Time: time.Now()})
	if info, err := os.Stat(path); err == nil {
		m.Set("template_mtime", value.Moment{Time: info.ModTime()})
	}
	if u, err := user.Current(); err == nil {
		m.Set("template_uid", u.Username)
	}
	return m
}

// withVars is a scope with some more names.
type withVars struct {
	expr.Scope
	more *value.Map
}

// Names returns all names that have a value.
func (s withVars) Names() []string {
	var names []string
	if outer, ok := s.Scope.(interface{ Names() []string }); ok {
		names = outer.Names()
	}
	return append(names, s.more.TextKeys()...)
}

// Similar returns the names that may be meant by one that has no value.
func (s withVars) Similar() []string {
	var names []string
	if outer, ok := s.Scope.(interface{ Similar() []string }); ok {
		names = outer.Similar()
	}
	return append(names, s.more.TextKeys()...)
}

// BeforeFile waits for who writes a file, as the scope around does.
func (s withVars) BeforeFile(path string) *value.Unknown {
	if outer, ok := s.Scope.(expr.FileScope); ok {
		return outer.BeforeFile(path)
	}
	return nil
}

// BeforeProgram waits for whom a program may depend on, as the scope around does.
func (s withVars) BeforeProgram() {
	if outer, ok := s.Scope.(expr.FileScope); ok {
		outer.BeforeProgram()
	}
}

// Lookup returns a name's value.
func (s withVars) Lookup(c *expr.Context, name string) (value.Value, bool, error) {
	if v, ok := s.more.Get(name); ok {
		return v, true, nil
	}
	return s.Scope.Lookup(c, name)
}

// firstFound returns the path of the first file that there is, of names or of maps
// of files and the folders (paths) to look in, which may be lists in one text.
func (s *Source) firstFound(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
	if len(terms) == 0 {
		terms = []value.Value{options}
	}
	names, skip, err := candidates(terms, options)
	if err != nil {
		return nil, err
	}
	folder := ""
	if in, ok, err := c.Scope.Lookup(c, engine.LoopFolder); err == nil && ok {
		folder = value.Text(in)
	}
	for _, name := range names {
		path, err := s.find(c, folder, name)
		if err == nil {
			return []value.Value{path}, nil
		}
		if _, unknown := errors.AsType[*value.UnknownError](err); unknown {
			return nil, err
		}
	}
	if skip {
		return nil, nil
	}
	return nil, fmt.Errorf("there is none of the files %s", strings.Join(names, ", "))
}

// candidates lists the files that first_found looks for, in order.
func candidates(terms []value.Value, options *value.Map) (names []string, skip bool, err error) {
	for _, t := range terms {
		settings := options
		switch t := t.(type) {
		case []value.Value:
			more, skipped, err := candidates(t, options)
			if err != nil {
				return nil, false, err
			}
			names, skip = append(names, more...), skipped
			continue
		case *value.Map:
			settings = t
			for k := range t.All() {
				if _, known := options.Get(k); !known {
					return nil, false, fmt.Errorf("lookup('first_found') has no parameter %q; available: files, paths, skip", value.Text(k))
				}
			}
		case string:
		default:
			return nil, false, fmt.Errorf("lookup('first_found') wants names or maps, not %s", value.TypeName(t))
		}
		files, _ := settings.Get("files")
		if name, ok := t.(string); ok {
			files = name
		}
		paths, _ := settings.Get("paths")
		skip = option(settings, "skip", false)
		list, folders := separated(files, ",;"), separated(paths, ",:;")
		if len(folders) == 0 {
			names = append(names, list...)
		}
		for _, folder := range folders {
			for _, name := range list {
				names = append(names, filepath.Join(folder, name))
			}
		}
	}
	return names, skip, nil
}

// separated cuts texts at separators.
func separated(v value.Value, separators string) []string {
	var all []string
	for _, text := range textsOf(v) {
		for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}

func textsOf(v value.Value) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []value.Value:
		var all []string
		for _, item := range v {
			all = append(all, textsOf(item)...)
		}
		return all
	}
	return []string{value.Text(v)}
}

// pipe runs a shell's command and returns what it prints, without the line end.
func (s *Source) pipe(c *expr.Context, command string, _ *value.Map) (value.Value, error) {
	out, err := s.run(c, "pipe", command)
	if err != nil {
		return nil, err
	}
	return strings.TrimRight(out, "\r\n"), nil
}

// A bounded writer takes so many bytes.
type bounded struct {
	w    *bytes.Buffer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, fmt.Errorf("it prints more than %d MiB", lookupLimit>>20)
	}
	return b.w.Write(p)
}
