// Package lookups holds the ways in which templates read what is outside:
// lookup('env' …), files, passwords, programs. It knows no playbook.
package lookups

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"runner/atomicfile"
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
		"file":        s.eachTerm(s.file),
		"template":    s.templates,
		"first_found": s.firstFound,
		"password":    s.eachTerm(s.password),
		"pipe":        s.eachTerm(s.pipe),
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

// find returns the first of the places where Ansible looks for a file: its own
// folder beside the playbook ("files", "templates"), then the playbook's.
func (s *Source) find(c *expr.Context, folder, name string) (string, error) {
	if name == "" {
		return "", errors.New("a file's name is missing")
	}
	dir := ""
	if v, ok, err := c.Scope.Lookup(c, "playbook_dir"); err == nil && ok {
		dir = value.Text(v)
	}
	places := []string{filepath.Join(dir, folder, name), filepath.Join(dir, name)}
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
	return "", fmt.Errorf("there is no file %q; it was looked for at %s", name, strings.Join(places, " and "))
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
	return string(plain), err
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
	if more, ok := options.Get("template_vars"); ok && more != nil {
		m, ok := more.(*value.Map)
		if !ok {
			return nil, fmt.Errorf("template_vars of lookup('template') is a map, not %s", value.TypeName(more))
		}
		c = c.In(withVars{c.Scope, m})
	}
	v, err := t.Eval(c)
	if _, unknown := v.(*value.Unknown); unknown || err != nil {
		return v, err
	}
	if v == nil {
		return "", nil
	}
	return value.Text(v), nil
}

// withVars is a scope with some more names.
type withVars struct {
	expr.Scope
	more *value.Map
}

// Lookup returns a name's value.
func (s withVars) Lookup(c *expr.Context, name string) (value.Value, bool, error) {
	if v, ok := s.more.Get(name); ok {
		return v, true, nil
	}
	return s.Scope.Lookup(c, name)
}

// firstFound returns the path of the first file that there is, of names or of a
// map of files and the folders (paths) to look in.
func (s *Source) firstFound(c *expr.Context, terms []value.Value, options *value.Map) ([]value.Value, error) {
	var names, folders []string
	skip := option(options, "skip", false)
	for _, t := range append(terms, value.Value(options)) {
		m, ok := t.(*value.Map)
		if !ok {
			names = append(names, textsOf(t)...)
			continue
		}
		files, _ := m.Get("files")
		paths, _ := m.Get("paths")
		names, folders = append(names, textsOf(files)...), append(folders, textsOf(paths)...)
		skip = option(m, "skip", skip)
	}
	if len(folders) == 0 {
		folders = []string{""}
	}
	for _, folder := range folders {
		for _, name := range names {
			path, err := s.find(c, "files", filepath.Join(folder, name))
			if err == nil {
				return []value.Value{path}, nil
			}
			if _, unknown := errors.AsType[*value.UnknownError](err); unknown {
				return nil, err
			}
		}
	}
	if skip {
		return nil, nil
	}
	return nil, fmt.Errorf("there is none of the files %s", strings.Join(names, ", "))
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
	if !s.Pipes {
		return nil, fmt.Errorf("lookup('pipe') runs a program: give --allow pipe if that is meant")
	}
	c.BeforeProgram()
	ctx, cancel := context.WithTimeout(s.Context, time.Minute)
	defer cancel()
	program := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	program.WaitDelay, program.Env = time.Second, s.Environ()
	var out bytes.Buffer
	program.Stdout = &bounded{w: &out, left: lookupLimit}
	if err := program.Run(); err != nil {
		return nil, fmt.Errorf("the command of lookup('pipe') failed: %w", err)
	}
	return strings.TrimRight(out.String(), "\r\n"), nil
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

// password returns the password kept in a file, and makes one where there is none:
// "path length=20 chars=ascii_letters,digits". /dev/null keeps nothing. A check
// makes none: it is known after apply.
func (s *Source) password(c *expr.Context, term string, options *value.Map) (value.Value, error) {
	words := strings.Fields(term)
	if len(words) == 0 {
		return nil, errors.New("lookup('password') needs the name of a file, or /dev/null")
	}
	length, chars := 20, "ascii_letters,digits,punctuation"
	settings := map[string]string{}
	for k, v := range options.All() {
		settings[value.Text(k)] = strings.Join(textsOf(v), ",")
	}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		settings[name] = value
	}
	for name, value := range settings {
		switch name {
		case "length":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > 4096 {
				return nil, fmt.Errorf("a password's length is a number up to 4096, not %q", value)
			}
			length = n
		case "chars":
			chars = value
		default:
			return nil, fmt.Errorf("lookup('password') knows no %q: it takes length and chars", name)
		}
	}
	return s.keptPassword(c, words[0], length, alphabet(chars))
}

func (s *Source) keptPassword(c *expr.Context, name string, length int, letters string) (value.Value, error) {
	kept := name != os.DevNull
	if kept {
		path, err := s.find(c, "", name)
		if err == nil {
			return s.readPassword(path)
		}
		if _, unknown := errors.AsType[*value.UnknownError](err); unknown {
			return nil, err
		}
		if v, ok, _ := c.Scope.Lookup(c, "playbook_dir"); ok && !filepath.IsAbs(name) {
			name = filepath.Join(value.Text(v), name)
		}
	}
	if s.Check && kept {
		return &value.Unknown{Task: "the password in " + name}, nil
	}
	made, err := random(length, letters)
	if err != nil {
		return nil, err
	}
	s.Secrets.Add(made)
	if !kept {
		return made, nil
	}
	err = keep(name, made+"\n")
	if errors.Is(err, fs.ErrExist) { // another process, or another task, was first
		return s.readPassword(name)
	}
	return made, err
}

func (s *Source) readPassword(path string) (value.Value, error) {
	text, err := s.read(path)
	text = strings.TrimSpace(text)
	s.Secrets.Add(text)
	return text, err
}

// keep writes a new file of its owner's only, whole or not at all. Where another
// process has made it meanwhile, the error is fs.ErrExist.
func keep(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, []byte(text), atomicfile.Options{New: true, Regular: true})
}

// alphabet returns the characters that a list of classes and characters names.
func alphabet(chars string) string {
	const lower, upper, digits = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	classes := map[string]string{
		"ascii_letters": lower + upper, "ascii_lowercase": lower, "ascii_uppercase": upper,
		"digits": digits, "hexdigits": digits + "abcdefABCDEF", "punctuation": ".,:-_",
	}
	var b strings.Builder
	for part := range strings.SplitSeq(chars, ",") {
		if class, ok := classes[strings.TrimSpace(part)]; ok {
			part = class
		}
		b.WriteString(part)
	}
	return b.String()
}

func random(length int, letters string) (string, error) {
	all := []rune(letters)
	if len(all) == 0 {
		return "", errors.New("a password needs characters to be made of")
	}
	made := make([]rune, length)
	for i := range made {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(all))))
		if err != nil {
			return "", err
		}
		made[i] = all[n.Int64()]
	}
	return string(made), nil
}
