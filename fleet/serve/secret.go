package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/fleet/settings"
)

// hookSecrets reads the secrets that projects name. Its error holds all that cannot be
// read.
func hookSecrets(f *settings.File, getenv func(string) string) (map[string][]byte, error) {
	secrets := map[string][]byte{}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(f.Projects)) {
		if f.Projects[name].Hook == "" {
			continue
		}
		secret, err := readSecret(f.Projects[name].Hook, f.Serve.Secrets, getenv)
		if err != nil {
			problems = append(problems, fmt.Errorf("the web hook of project %s: %w", name, err))
		}
		secrets[name] = secret
	}
	return secrets, errors.Join(problems...)
}

// leastSecret is how short a secret may be: one that is guessed lets anybody start plays.
const leastSecret = 16

// readSecret returns the secret that a word names: env:NAME, file:PATH, or the NAME of
// NAME.hook in the folder of secrets.
func readSecret(word, folder string, getenv func(string) string) ([]byte, error) {
	kind, name, ok := strings.Cut(word, ":")
	var secret []byte
	var err error
	switch {
	case ok && kind == "env":
		if secret = []byte(getenv(name)); len(secret) == 0 {
			return nil, fmt.Errorf("the variable %s of the environment is empty", name)
		}
	case ok && kind == "file":
		secret, err = readPrivate(name)
	case ok || strings.ContainsAny(word, `/\`):
		return nil, fmt.Errorf("%q names no secret: NAME, env:NAME or file:PATH", word)
	case folder == "":
		return nil, fmt.Errorf("%s.hook would be in the folder of secrets, and fleet.yml names none: set serve.secrets", word)
	default:
		secret, err = readPrivate(filepath.Join(folder, word+".hook"))
	}
	if err == nil && len(secret) < leastSecret {
		err = fmt.Errorf("%s has less than %d characters: openssl rand -hex 32 makes one", word, leastSecret)
	}
	return secret, err
}

// readPrivate reads a file that nobody else may read, without white space around.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others can read %s: chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	return bytes.TrimSpace(text), err
}
