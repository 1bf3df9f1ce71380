package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/flags"
	"runner/cmd/ui"
	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/playbooks/vault"
)

// vaultOptions are those of all vault commands.
type vaultOptions struct {
	passwords vaults.Spec
	label     string // seal with the password of this label
	output    string // write there instead
	newFile   string // the new password is in this file
	newID     string // or is from this source
	stringOptions
}

func vaultFlags(s *vaults.Spec) []cli.Flag {
	return flags.In("VAULTS",
		flags.Strings(&s.Files, "vault-password-file,vault-pass-file", "take a vault password from `FILE`, or from what it prints if it can be executed (repeatable; also $ANSIBLE_VAULT_PASSWORD_FILE, $RUNNER_VAULT_PASSWORD_FILE, or the password itself in $RUNNER_VAULT_PASSWORD)").Setting(),
		flags.Bool(&s.Ask, "ask-vault-pass,J,ask-vault-password", "ask for a vault password"),
		flags.Strings(&s.IDs, "vault-id", "take a vault password `[LABEL@]SOURCE`: a file, a file to execute, env:NAME, or prompt (repeatable)").Setting(),
	)
}

func (p *Program) vaultCommand() *cli.Command {
	return &cli.Command{
		Name:  "vault",
		Usage: "encrypt and decrypt files by password, in ansible-vault's format",
		Description: "Files are replaced whole or not at all, and keep their mode. Of several files none is written\n" +
			"before all were read. A wrong password ends with exit code 1 and changes nothing.",
		UsageText: "runner vault COMMAND [OPTIONS] FILE…",
		Subcommands: []*cli.Command{
			p.vaultSubcommand("create", "write a new encrypted file in an editor ($EDITOR)", "FILE", (*vaultCommand).create, labelFlag),
			p.vaultSubcommand("decrypt", "decrypt files for good", "FILE…", (*vaultCommand).decrypt, outputFlag),
			p.vaultSubcommand("edit", "change encrypted files in an editor ($EDITOR)", "FILE…", (*vaultCommand).edit, labelFlag),
			p.vaultSubcommand("encrypt", "encrypt files", "FILE…", (*vaultCommand).encrypt, outputFlag, labelFlag),
			p.vaultSubcommand("encrypt_string", "encrypt values, to be put into a playbook", "TEXT…", (*vaultCommand).encryptString, stringFlags, outputFlag, labelFlag),
			p.vaultSubcommand("rekey", "encrypt files with another password", "FILE…", (*vaultCommand).rekey, labelFlag, newPasswordFlags),
			p.vaultSubcommand("view", "print what encrypted files hold", "FILE…", (*vaultCommand).view),
		},
	}
}

func labelFlag(o *vaultOptions) []cli.Flag {
	return []cli.Flag{flags.String(&o.label, "encrypt-vault-id", "encrypt with the password of this `LABEL`")}
}

func outputFlag(o *vaultOptions) []cli.Flag {
	return []cli.Flag{flags.String(&o.output, "output", "write to `FILE` instead; - is standard output")}
}

func newPasswordFlags(o *vaultOptions) []cli.Flag {
	return []cli.Flag{
		flags.String(&o.newFile, "new-vault-password-file", "take the new password from `FILE`"),
		flags.String(&o.newID, "new-vault-id", "take the new password from `[LABEL@]SOURCE`"),
	}
}

// A vaultCommand is one run of a vault command.
type vaultCommand struct {
	*Program
	vaultOptions
	name string
	args []string
}

func (p *Program) vaultSubcommand(name, usage, args string, do func(*vaultCommand, context.Context) error, more ...func(*vaultOptions) []cli.Flag) *cli.Command {
	v := &vaultCommand{Program: p, name: name}
	list := vaultFlags(&v.passwords)
	for _, m := range more {
		list = append(list, m(&v.vaultOptions)...)
	}
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: args, Flags: list,
		Action: func(c *cli.Context) error {
			v.args = c.Args().Slice()
			err := do(v, c.Context)
			if c.Err() != nil {
				return &exit.Error{Code: exit.Interrupted}
			}
			return err
		},
	}
}

// keys returns the passwords that flags and environment name, or asks for one.
func (v *vaultCommand) keys(ctx context.Context, isNew bool) (*vault.Keyring, error) {
	return vaults.Keys(ctx, &v.Streams, v.passwords, isNew)
}

// files returns the files that the command is about; standard input where none is
// named and that makes sense.
func (v *vaultCommand) files(orStdin bool) ([]string, error) {
	switch {
	case len(v.args) == 0 && orStdin:
		return []string{"-"}, nil
	case len(v.args) == 0:
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("vault %s needs a file", v.name)}).
			WithHint("runner vault %s secrets.yml", v.name)
	case len(v.args) > 1 && v.output != "":
		return nil, errors.New("--output goes with one file only")
	}
	return v.args, nil
}

// operands returns the files of the command, and what opens or seals them.
func (v *vaultCommand) operands(ctx context.Context, orStdin, isNew bool) ([]string, *vault.Keyring, error) {
	files, err := v.files(orStdin)
	if err != nil {
		return nil, nil, err
	}
	keys, err := v.keys(ctx, isNew)
	return files, keys, err
}

func (v *vaultCommand) encrypt(ctx context.Context) error {
	files, keys, err := v.operands(ctx, true, true)
	if err != nil {
		return err
	}
	with, err := vaults.Choose(&v.Streams, keys, v.label)
	if err != nil {
		return err
	}
	return v.rewrite(ctx, files, "encrypted", func(text []byte) ([]byte, error) {
		if vault.IsVault(text) {
			return nil, errors.New("this is vaulted already")
		}
		return vault.Encrypt(text, with)
	})
}

func (v *vaultCommand) decrypt(ctx context.Context) error {
	files, keys, err := v.operands(ctx, true, false)
	if err != nil {
		return err
	}
	return v.rewrite(ctx, files, "decrypted", opener(keys))
}

func (v *vaultCommand) rekey(ctx context.Context) error {
	files, keys, err := v.operands(ctx, false, false)
	if err != nil {
		return err
	}
	with, err := v.newSecret(ctx, keys)
	if err != nil {
		return err
	}
	open := opener(keys)
	return v.rewrite(ctx, files, "encrypted anew", func(text []byte) ([]byte, error) {
		plain, err := open(text)
		if err != nil {
			return nil, err
		}
		return vault.Encrypt(plain, with)
	})
}

// newSecret returns the new password: one that flags name, or one that is typed.
func (v *vaultCommand) newSecret(ctx context.Context, keys *vault.Keyring) (vault.Secret, error) {
	if v.newFile != "" && v.newID != "" {
		return vault.Secret{}, errors.New("--new-vault-password-file and --new-vault-id exclude each other: keep one of them")
	}
	if v.newFile == "" && v.newID == "" && v.label != "" {
		return vaults.Choose(&v.Streams, keys, v.label)
	}
	fresh, err := vaults.NewKeys(ctx, &v.Streams, v.newFile, v.newID)
	if err != nil {
		return vault.Secret{}, err
	}
	if v.label == "" {
		return fresh.Secrets()[0], nil
	}
	return vaults.Choose(&v.Streams, fresh, v.label)
}

// opener returns what opens a text that has to be vaulted.
func opener(keys *vault.Keyring) func([]byte) ([]byte, error) {
	return func(text []byte) ([]byte, error) {
		if !vault.IsVault(text) {
			return nil, errors.New("this is not vaulted")
		}
		plain, _, err := keys.Decrypt(text)
		return plain, err
	}
}

// rewrite replaces what files hold. Nothing is written before everything was read
// and made. On a terminal it says that it is done.
func (v *vaultCommand) rewrite(ctx context.Context, files []string, done string, change func([]byte) ([]byte, error)) error {
	all, err := v.changed(files, change)
	if err != nil {
		return err
	}
	for i, f := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.Write(v.Out); err != nil {
			if i > 0 {
				return fmt.Errorf("%w; the %d before it are %s", err, i, done)
			}
			return err
		}
	}
	if ui.IsTerminal(v.Out) {
		fmt.Fprintf(v.Err, "%s %s\n", ui.Count(len(all), "text"), done)
	}
	return nil
}

// changed returns files as they are to be written.
func (v *vaultCommand) changed(files []string, change func([]byte) ([]byte, error)) ([]*vaults.File, error) {
	var all []*vaults.File
	for _, name := range files {
		f, err := vaults.Read(v.In, name)
		if err != nil {
			return nil, err
		}
		if f.Text, err = change(f.Text); err != nil {
			return nil, f.Wrong(err)
		}
		if v.output != "" {
			if f, err = vaults.Output(v.output, f.Text); err != nil {
				return nil, err
			}
		}
		all = append(all, f)
	}
	return all, nil
}

func (v *vaultCommand) view(ctx context.Context) error {
	files, keys, err := v.operands(ctx, true, false)
	if err != nil {
		return err
	}
	open := opener(keys)
	var all [][]byte
	for _, name := range files {
		f, err := vaults.Read(v.In, name)
		if err != nil {
			return err
		}
		if f.Text, err = open(f.Text); err != nil {
			return f.Wrong(err)
		}
		all = append(all, f.Text)
	}
	return v.page(ctx, slices.Concat(all...))
}

// page prints a text; on a terminal through a pager, so that it does not stay
// there to be scrolled back to.
func (p *Program) page(ctx context.Context, text []byte) error {
	if ui.IsTerminal(p.Out) && ui.IsTerminal(p.In) {
		words, err := vaults.SplitWords(cmp.Or(p.Getenv("PAGER"), "less"))
		if err != nil {
			return fmt.Errorf("$PAGER: %w", err)
		}
		if path, err := exec.LookPath(words[0]); err == nil {
			c := exec.CommandContext(ctx, path, words[1:]...)
			w, err := c.StdinPipe()
			if err != nil {
				return err
			}
			c.Stdout, c.Stderr = p.Out, p.Err
			c.Env = append(p.Environment(), "LESSHISTFILE=-", "LESSSECURE=1")
			if err := c.Start(); err != nil {
				return fmt.Errorf("the pager cannot be run: %w", err)
			}
			_, _ = w.Write(text) // a pager may be left before the end
			_ = w.Close()
			return c.Wait()
		}
	}
	_, err := p.Out.Write(text)
	return err
}
