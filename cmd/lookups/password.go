package lookups

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"runner/atomicfile"
	"runner/engine/expr"
	"runner/engine/expr/builtin"
	"runner/engine/expr/value"
)

// A wanted password is what lookup('password') is given.
type wanted struct {
	length  int
	letters string
	encrypt string      // how it is hashed, as password_hash names it; "": not at all
	ident   string      // of bcrypt
	seed    value.Value // nil: nobody can guess it
}

// password returns the password kept in a file, and makes one where there is none:
// "path length=20 chars=ascii_letters,digits". /dev/null keeps nothing. A check
// makes none: it is known after apply.
func (s *Source) password(c *expr.Context, term string, options *value.Map) (value.Value, error) {
	words := strings.Fields(term)
	if len(words) == 0 {
		return nil, errors.New("lookup('password') needs the name of a file, or /dev/null")
	}
	settings := options.Clone()
	var name []string
	for _, word := range words {
		key, v, ok := strings.Cut(word, "=")
		switch _, known := options.Get(key); {
		case ok && known:
			settings.Set(key, v)
		case ok && len(name) > 0:
			return nil, fmt.Errorf("lookup('password') has no parameter %q; available: length, chars, encrypt, ident, seed", key)
		default:
			name = append(name, word)
		}
	}
	w, err := wantedOf(settings)
	if err != nil {
		return nil, err
	}
	made, err := s.keptPassword(c, strings.Join(name, " "), w)
	return value.Mark(made), err
}

func wantedOf(settings *value.Map) (wanted, error) {
	w := wanted{encrypt: text(settings, "encrypt"), ident: text(settings, "ident")}
	w.seed, _ = settings.Get("seed")
	n, err := strconv.Atoi(text(settings, "length"))
	if err != nil || n < 1 || n > 4096 {
		return w, fmt.Errorf("a password's length is a number up to 4096, not %q", text(settings, "length"))
	}
	w.length = n
	chars, _ := settings.Get("chars")
	w.letters = alphabet(textsOf(chars))
	return w, nil
}

func (s *Source) keptPassword(c *expr.Context, name string, w wanted) (value.Value, error) {
	kept := name != os.DevNull
	if kept {
		path, err := s.find(c, "", name)
		if err == nil {
			return s.readPassword(path, w)
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
	made, err := w.make()
	if err != nil {
		return nil, err
	}
	s.Secrets.Add(made)
	result, content, err := w.hashed(made, "")
	if err != nil || !kept {
		return result, err
	}
	err = keep(name, content+"\n")
	if errors.Is(err, fs.ErrExist) { // another process, or another task, was first
		return s.readPassword(name, w)
	}
	return result, err
}

// readPassword reads "password" or "password salt=…", which is how one that is
// hashed is kept.
func (s *Source) readPassword(path string, w wanted) (value.Value, error) {
	text, err := s.read(path)
	if err != nil {
		return nil, err
	}
	plain, rest, _ := strings.Cut(strings.TrimSpace(text), " salt=")
	s.Secrets.Add(plain)
	salt, ident, _ := strings.Cut(rest, " ident=")
	if w.ident == "" {
		w.ident = ident
	}
	result, _, err := w.hashed(plain, salt)
	return result, err
}

// hashed returns a password as it is wanted, and as it is kept.
func (w wanted) hashed(plain, salt string) (result, content string, err error) {
	if w.encrypt == "" {
		return plain, plain, nil
	}
	if salt == "" {
		if salt, err = builtin.NewSalt(w.encrypt); err != nil {
			return "", "", err
		}
	}
	content = plain + " salt=" + salt
	if w.ident != "" {
		content += " ident=" + w.ident
	}
	result, err = builtin.HashPassword(plain, w.encrypt, salt, w.ident)
	return result, content, err
}

// make chooses letters: with a seed those that Ansible chooses.
func (w wanted) make() (string, error) {
	all := []rune(w.letters)
	if len(all) == 0 {
		return "", errors.New("a password needs characters to be made of")
	}
	if w.seed != nil {
		return builtin.Choose(w.length, all, w.seed)
	}
	made := make([]rune, w.length)
	for i := range made {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(all))))
		if err != nil {
			return "", err
		}
		made[i] = all[n.Int64()]
	}
	return string(made), nil
}

// keep writes a new file of its owner's only, whole or not at all. Where another
// process has made it meanwhile, the error is fs.ErrExist.
func keep(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, []byte(text), atomicfile.Options{New: true, Regular: true})
}

// alphabet returns the characters that classes and characters name; quotes are none
// of them. A comma is written twice.
func alphabet(chars []string) string {
	const lower, upper, digits = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	classes := map[string]string{
		"ascii_letters": lower + upper, "ascii_lowercase": lower, "ascii_uppercase": upper, "digits": digits,
		"hexdigits": digits + "abcdefABCDEF", "octdigits": "01234567", "punctuation": punctuation, "whitespace": " \t\n\r\v\f",
		"printable": digits + lower + upper + punctuation + " \t\n\r\v\f",
	}
	if len(chars) == 0 {
		return lower + upper + digits + ".,:-_"
	}
	var b strings.Builder
	for _, list := range chars {
		if strings.Contains(list, ",,") {
			b.WriteByte(',')
			list = strings.ReplaceAll(list, ",,", ",")
		}
		for part := range strings.SplitSeq(list, ",") {
			if class, ok := classes[part]; ok {
				part = class
			}
			b.WriteString(part)
		}
	}
	return strings.NewReplacer(`"`, "", "'", "").Replace(b.String())
}
