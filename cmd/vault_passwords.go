package cmd

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

	"github.com/urfave/cli/v2"

	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/playbooks/reading"
	"runner/playbooks/vault"
)

const (
	vaultFileFlag = "vault-password-file"
	vaultAskFlag  = "ask-vault-pass"
	vaultIDFlag   = "vault-id"
	asked         = "prompt" // the source of a password that a person types
)

// vaultFlags are those of every command that opens what is vaulted.
func vaultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: vaultFileFlag, Aliases: []string{"vault-pass-file"}, Usage: "take a vault password from `FILE`, or from what it prints if it can be executed (repeatable; also $ANSIBLE_VAULT_PASSWORD_FILE, $RUNNER_VAULT_PASSWORD_FILE, or the password itself in $RUNNER_VAULT_PASSWORD)"},
		&cli.BoolFlag{Name: vaultAskFlag, Aliases: []string{"J", "ask-vault-password"}, Usage: "ask for a vault password"},
		&cli.StringSliceFlag{Name: vaultIDFlag, Usage: "take a vault password `[LABEL@]SOURCE`: a file, a file to execute, env:NAME, or prompt (repeatable)"},
	}
}

// A vaultSource says where a password is found.
type vaultSource struct {
	label, from string
	plain       bool // asked for without naming the label
}

// vaultSources gives the sources that flags and environment name: those with
// labels, then files, then the question.
func (p *Program) vaultSources(c *cli.Context) []vaultSource {
	var all []vaultSource
	for word := range strings.SplitSeq(p.Getenv("ANSIBLE_VAULT_IDENTITY_LIST"), ",") {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, vaultSourceOf(word))
		}
	}
	for _, word := range c.StringSlice(vaultIDFlag) {
		all = append(all, vaultSourceOf(word))
	}
	files := c.StringSlice(vaultFileFlag)
	for _, name := range []string{"RUNNER_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE"} {
		if file := p.Getenv(name); file != "" {
			files = append(files, file)
		}
	}
	for _, file := range files {
		all = append(all, vaultSource{label: vault.DefaultLabel, from: file})
	}
	if p.Getenv("RUNNER_VAULT_PASSWORD") != "" {
		all = append(all, vaultSource{label: vault.DefaultLabel, from: "env:RUNNER_VAULT_PASSWORD"})
	}
	if c.Bool(vaultAskFlag) {
		all = append(all, vaultSource{label: vault.DefaultLabel, from: asked, plain: true})
	}
	return all
}

func vaultSourceOf(word string) vaultSource {
	label, from, ok := strings.Cut(word, "@")
	if !ok || label == "" {
		return vaultSource{label: vault.DefaultLabel, from: strings.TrimPrefix(word, "@")}
	}
	return vaultSource{label: label, from: from}
}

// keyring reads the passwords of sources; those to be typed are asked for twice
// if they are new. A password that is itself vaulted is opened by those before it.
func (p *Program) keyring(ctx context.Context, sources []vaultSource, isNew bool) (*vault.Keyring, error) {
	var secrets []vault.Secret
	for _, s := range sources {
		if err := vault.CheckLabel(s.label); err != nil {
			return nil, err
		}
		password, err := p.vaultPassword(ctx, s, isNew, vault.NewKeyring(secrets...))
		if err != nil {
			return nil, err
		}
		p.Secrets.Add(string(password))
		secrets = append(secrets, vault.Secret{Label: s.label, Password: password})
	}
	return vault.NewKeyring(secrets...), nil
}

// openVault gives what opens vaults in playbooks, by the passwords that flags and
// environment name.
func (p *Program) openVault(c *cli.Context) (*reading.Vault, error) {
	keys, err := p.keyring(c.Context, p.vaultSources(c), false)
	if err != nil {
		return nil, err
	}
	return &reading.Vault{Keys: keys, Secrets: &p.Secrets}, nil
}

// stayedClosed reports whether an error is that a password is missing or wrong.
func stayedClosed(err error) bool {
	_, wrong := errors.AsType[*vault.WrongPasswordError](err)
	return wrong || errors.Is(err, vault.ErrNoSecrets)
}

func (p *Program) vaultPassword(ctx context.Context, s vaultSource, isNew bool, known *vault.Keyring) ([]byte, error) {
	if s.from == asked {
		return p.askPassword(ctx, s, isNew)
	}
	if name, ok := strings.CutPrefix(s.from, "env:"); ok {
		password := p.Getenv(name)
		if password == "" {
			return nil, fmt.Errorf("the vault password was to be found in $%s, which is not set", name)
		}
		return []byte(password), nil
	}
	return p.readPassword(ctx, s, known)
}

// readPassword takes a password from a file, or from what a program prints.
func (p *Program) readPassword(ctx context.Context, s vaultSource, known *vault.Keyring) ([]byte, error) {
	path, err := p.absolute(s.from)
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
		data, err = p.runPassword(ctx, path, s)
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

// absolute gives the path of a file, whose name may begin with the home folder's ~.
func (p *Program) absolute(path string) (string, error) {
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
// -client is told the label. It may ask on the terminal.
func (p *Program) runPassword(ctx context.Context, path string, s vaultSource) ([]byte, error) {
	var args []string
	if base := filepath.Base(path); strings.HasSuffix(strings.TrimSuffix(base, filepath.Ext(base)), "-client") {
		args = []string{"--vault-id", s.label}
	}
	c := exec.CommandContext(ctx, path, args...)
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

// rootOf gives what the system said, without the path that is told already.
func rootOf(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// encryptSecret chooses the password to seal with.
func (p *Program) encryptSecret(keys *vault.Keyring, label string) (vault.Secret, error) {
	if label == "" {
		label = p.Getenv("ANSIBLE_VAULT_ENCRYPT_IDENTITY")
	}
	known, labels := keys.Secrets(), keys.Labels()
	if label == "" && len(labels) > 1 {
		return vault.Secret{}, (&diagnostic.Problem{Msg: "there are passwords for several labels: " + strings.Join(labels, ", ")}).
			WithHint("choose one with --%s", encryptIDFlag)
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
