package seal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"runner/atomicfile"
	"runner/fleet/secret"
	"runner/suggest"
)

// IDs returns the ids of the keys, that of the one which encrypts first.
func (k *Keys) IDs() []string {
	ids := make([]string, len(k.all))
	for i, one := range k.all {
		ids[i] = one.id
	}
	return ids
}

var wellFormedID = regexp.MustCompile(`^[\w.:+-]{1,40}$`)

// NewLine returns a line of a file of keys: an id and a new key.
func NewLine(id string) (string, error) {
	if !wellFormedID.MatchString(id) {
		return "", fmt.Errorf("%q is no id of a key: it has up to 40 letters, digits and . _ : + -", id)
	}
	bits := make([]byte, 32)
	if _, err := rand.Read(bits); err != nil {
		return "", err
	}
	return id + " " + hex.EncodeToString(bits) + "\n", nil
}

// AddKey adds a new key to a file of keys, behind the others: it decrypts, and encrypts
// once it is the first. A file that is not there is created, for its owner alone.
func AddKey(path, id string) error {
	text, keys, err := readFile(path)
	if err != nil {
		return err
	}
	if keys.find(id) != nil {
		return fmt.Errorf("%s has a key %q already", path, id)
	}
	line, err := NewLine(id)
	if err != nil {
		return err
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return writeFile(path, text+line)
}

// FirstKey makes a key of a file the first, which encrypts. Comments stay where they are.
func FirstKey(path, id string) error {
	keys, err := ReadKeys(path)
	if err != nil {
		return err
	}
	chosen := keys.find(id)
	if chosen == nil {
		return fmt.Errorf("%s has no key %q; %s", path, id, hintOf(id, keys.IDs()))
	}
	text, err := secret.Read(path)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	line := lines[chosen.line-1]
	lines = slices.Insert(slices.Delete(lines, chosen.line-1, chosen.line), keys.all[0].line-1, line)
	return writeFile(path, strings.Join(lines, "\n")+"\n")
}

func hintOf(id string, ids []string) string {
	if near := suggest.DidYouMean(id, ids); near != "" {
		return near
	}
	return "available: " + strings.Join(ids, ", ")
}

// readFile reads a file of keys that may not be there, or hold none yet.
func readFile(path string) (text string, keys *Keys, err error) {
	bytes, err := secret.Read(path)
	if _, missing := os.Stat(path); errors.Is(missing, fs.ErrNotExist) {
		return "", &Keys{}, nil
	}
	if err != nil {
		return "", nil, err
	}
	if strings.TrimSpace(string(bytes)) == "" {
		return "", &Keys{}, nil
	}
	keys, err = ReadKeys(path)
	return string(bytes), keys, err
}

// writeFile writes a file for its owner alone, whole or not at all.
func writeFile(path, text string) error {
	return atomicfile.WriteFile(path, []byte(text), atomicfile.Options{Mode: 0o600, Exact: true, Regular: true})
}
