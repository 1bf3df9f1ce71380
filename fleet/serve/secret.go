package serve

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/fleet/secret"
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
		text, err := readSecret(f.Projects[name].Hook, f.Serve.Secrets, getenv)
		if err != nil {
			problems = append(problems, fmt.Errorf("the web hook of project %s: %w", name, err))
		}
		secrets[name] = text
	}
	return secrets, errors.Join(problems...)
}

// leastSecret is how short a secret may be: one that is guessed lets anybody start plays.
const leastSecret = 16

// readSecret returns the secret that a word names: env:NAME, file:PATH, or the NAME of
// NAME.hook in the folder of secrets. White space around it does not count.
func readSecret(word, folder string, getenv func(string) string) ([]byte, error) {
	kind, name, ok := strings.Cut(word, ":")
	var text []byte
	var err error
	switch {
	case ok && kind == "env":
		if text = []byte(getenv(name)); len(text) == 0 {
			return nil, fmt.Errorf("the variable %s of the environment is empty", name)
		}
	case ok && kind != "file", !ok && strings.ContainsAny(word, `/\`):
		return nil, fmt.Errorf("%q names no secret: NAME, env:NAME or file:PATH", word)
	case !ok && folder == "":
		return nil, fmt.Errorf("%s.hook would be in the folder of secrets, and fleet.yml names none: set serve.secrets", word)
	default:
		text, err = secret.Read(secret.Path(word, folder, ".hook"))
	}
	text = bytes.TrimSpace(text)
	if err == nil && len(text) < leastSecret {
		err = fmt.Errorf("%s has less than %d characters: openssl rand -hex 32 makes one", word, leastSecret)
	}
	return text, err
}
