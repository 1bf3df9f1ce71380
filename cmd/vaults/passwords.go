// Package vaults finds the passwords of vaults, and reads, edits and replaces files
// that hold secrets. The format of vaults is playbooks/vault's. It knows no command.
package vaults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"runner/atomicfile"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/playbooks/reading"
	"runner/playbooks/vault"
)

// prompt is the source of a password that the user types.
const prompt = "prompt"

// A Spec says where vault passwords are found.
type Spec struct {
	IDs   []string // [LABEL@]SOURCE: a file, a file to execute, env:NAME, or prompt
	Files []string
	Ask   bool
}

// A source says where one password is found.
type source struct {
	label, from string
	unnamed     bool // asked for without naming the label
}

// sources returns the sources that a spec and the environment name: those with
// labels, then files, then the question.
func (s Spec) sources(getenv func(string) string) []source {
	var all []source
	for word := range strings.SplitSeq(getenv("ANSIBLE_VAULT_IDENTITY_LIST"), ",") {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, sourceOf(word))
		}
	}
	for _, word := range s.IDs {
		all = append(all, sourceOf(word))
	}
	files := slices.Clone(s.Files)
	for _, name := range []string{"RUNNER_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE"} {
		if file := getenv(name); file != "" && !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	for _, file := range files {
		all = append(all, source{label: vault.DefaultLabel, from: file})
	}
	if getenv("RUNNER_VAULT_PASSWORD") != "" {
		all = append(all, source{label: vault.DefaultLabel, from: "env:RUNNER_VAULT_PASSWORD"})
	}
	if s.Ask {
		all = append(all, source{label: vault.DefaultLabel, from: prompt, unnamed: true})
	}
	return all
}

func sourceOf(word string) source {
	label, from, ok := strings.Cut(word, "@")
	if !ok || label == "" {
		return source{label: vault.DefaultLabel, from: strings.TrimPrefix(word, "@")}
	}
	return source{label: label, from: from}
}

// keyring reads the passwords of sources; those to be typed are asked for twice
// if they are new. A password that is itself vaulted is opened by those before it.
func keyring(ctx context.Context, p *ui.Streams, sources []source, isNew bool) (*vault.Keyring, error) {
	var secrets []vault.Secret
	for _, s := range sources {
		if err := vault.CheckLabel(s.label); err != nil {
			return nil, err
		}
		password, err := passwordOf(ctx, p, s, isNew, vault.NewKeyring(secrets...))
		if err != nil {
			return nil, err
		}
		p.Secrets.Add(string(password))
		secrets = append(secrets, vault.Secret{Label: s.label, Password: password})
	}
	return vault.NewKeyring(secrets...), nil
}

// Open returns what opens vaults in playbooks, by the passwords that a spec and the
// environment name.
func Open(ctx context.Context, p *ui.Streams, spec Spec) (*reading.Vault, error) {
	keys, err := keyring(ctx, p, spec.sources(p.Getenv), false)
	if err != nil {
		return nil, err
	}
	return &reading.Vault{Keys: keys, Secrets: &p.Secrets}, nil
}

// Keys returns the passwords that a spec and the environment name; where they name
// none, the user is asked, for a new one twice.
func Keys(ctx context.Context, p *ui.Streams, spec Spec, isNew bool) (*vault.Keyring, error) {
	sources := spec.sources(p.Getenv)
	if len(sources) == 0 {
		sources = []source{typed}
	}
	return keyring(ctx, p, sources, isNew)
}

// typed is the source of a password that the user types.
var typed = source{label: vault.DefaultLabel, from: prompt, unnamed: true}

// NewKeys returns the passwords to seal anew with: of a file, or of a source with
// or without a label, or typed where both are "".
func NewKeys(ctx context.Context, p *ui.Streams, file, id string) (*vault.Keyring, error) {
	s := typed
	if file != "" {
		s = source{label: vault.DefaultLabel, from: file}
	} else if id != "" {
		s = sourceOf(id)
	}
	return keyring(ctx, p, []source{s}, true)
}

// StayedClosed reports whether an error is that a password is missing or wrong.
func StayedClosed(err error) bool {
	_, wrong := errors.AsType[*vault.WrongPasswordError](err)
	return wrong || errors.Is(err, vault.ErrNoSecrets)
}

func passwordOf(ctx context.Context, p *ui.Streams, s source, isNew bool, known *vault.Keyring) ([]byte, error) {
	if s.from == prompt {
		return askPassword(ctx, p, s, isNew)
	}
	if name, ok := strings.CutPrefix(s.from, "env:"); ok {
		password := p.Getenv(name)
		if password == "" {
			return nil, fmt.Errorf("the vault password was to be found in $%s, which is not set", name)
		}
		return []byte(password), nil
	}
	return readPassword(ctx, p, s, known)
}

// readPassword takes a password from a file, or from what a program prints.
func readPassword(ctx context.Context, p *ui.Streams, s source, known *vault.Keyring) ([]byte, error) {
	path, err := absolute(p, s.from)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no vault password file %s", s.from)
	case err != nil:
		return nil, fmt.Errorf("the vault password file cannot be read: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("the vault password file %s is a directory", s.from)
	}
	var data []byte
	if info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
		data, err = runPassword(ctx, p, path, s)
	} else if data, err = readPasswordFile(path); err == nil && vault.IsVault(data) {
		if data, _, err = known.Decrypt(data); err != nil {
			err = fmt.Errorf("the vault password file %s is vaulted itself: %w", s.from, err)
		}
	}
	if err != nil {
		return nil, err
	}
	if data = bytes.Trim(data, "\r\n"); len(data) == 0 {
		return nil, fmt.Errorf("the vault password from %s is empty", s.from)
	}
	return data, nil
}

// absolute returns the path of a file, whose name may begin with the home folder's ~.
func absolute(p *ui.Streams, path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && p.Getenv("HOME") != "" {
		path = filepath.Join(p.Getenv("HOME"), rest)
	}
	return filepath.Abs(path)
}

// longestPassword bounds what is read in search of a password.
const longestPassword = 1 << 20

func readPasswordFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the vault password file cannot be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, longestPassword+1))
	if err != nil {
		return nil, fmt.Errorf("the vault password file cannot be read: %w", err)
	}
	if len(data) > longestPassword {
		return nil, fmt.Errorf("%s is too large for a vault password file", path)
	}
	return bytes.TrimSpace(data), nil
}

// runPassword takes a password from what a program prints. One whose name ends in
// -client gets the label. It may ask on the terminal.
func runPassword(ctx context.Context, p *ui.Streams, path string, s source) ([]byte, error) {
	var args []string
	if base := filepath.Base(path); strings.HasSuffix(strings.TrimSuffix(base, filepath.Ext(base)), "-client") {
		args = []string{"--vault-id", s.label}
	}
	c := exec.CommandContext(ctx, path, args...)
	c.Env = p.Environment()
	c.WaitDelay = time.Second
	c.Stderr = p.Err
	if ui.IsTerminal(p.In) {
		c.Stdin = p.In
	}
	data, err := c.Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("the vault password program %s failed: %s", s.from, e.ProcessState)
	}
	if err != nil {
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("the vault password program %s cannot be run: %v", s.from, rootOf(err)), Err: err}).
			WithHint("if it holds the password itself, take its executable bit away")
	}
	return data, nil
}

// rootOf returns what the system said, without the path that is printed already.
func rootOf(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*atomicfile.Error](err); ok {
		return e.Err
	}
	return err
}

// Choose returns the password of a label to seal with; of "" that of
// $ANSIBLE_VAULT_ENCRYPT_IDENTITY, or the only one.
func Choose(p *ui.Streams, keys *vault.Keyring, label string) (vault.Secret, error) {
	if label == "" {
		label = p.Getenv("ANSIBLE_VAULT_ENCRYPT_IDENTITY")
	}
	known, labels := keys.Secrets(), keys.Labels()
	if label == "" && len(labels) > 1 {
		return vault.Secret{}, (&diagnostic.Problem{Msg: "there are passwords for several labels: " + strings.Join(labels, ", ")}).
			WithHint("choose one with --%s", "encrypt-vault-id")
	}
	if label == "" {
		return known[0], nil
	}
	if i := slices.IndexFunc(known, func(s vault.Secret) bool { return s.Label == label }); i >= 0 {
		return known[i], nil
	}
	return vault.Secret{}, (&diagnostic.Problem{Msg: fmt.Sprintf("there is no password for the label %q", label)}).
		WithHint("there is one for %s", strings.Join(labels, ", "))
}
