package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/playbooks/vault"
)

const (
	encryptIDFlag = "encrypt-vault-id"
	newFileFlag   = "new-vault-password-file"
	newIDFlag     = "new-vault-id"
	outputFlag    = "output"
)

func (p *Program) vaultCommand() *cli.Command {
	output := &cli.StringFlag{Name: outputFlag, Usage: "write to `FILE` instead; - is standard output"}
	with := &cli.StringFlag{Name: encryptIDFlag, Usage: "seal with the password of this `LABEL`"}
	return &cli.Command{
		Name:  "vault",
		Usage: "seal and open files by password, in ansible-vault's format",
		Description: "Files are replaced whole or not at all, and keep their mode. Of several files none is written\n" +
			"before all were read. A wrong password ends with exit code 1 and changes nothing.",
		UsageText: "runner vault COMMAND [OPTIONS] FILE…",
		Subcommands: []*cli.Command{
			p.vaultSubcommand("create", "write a new sealed file in an editor ($EDITOR)", "FILE", p.vaultCreate, with),
			p.vaultSubcommand("decrypt", "open files for good", "FILE…", p.vaultDecrypt, output),
			p.vaultSubcommand("edit", "change sealed files in an editor ($EDITOR)", "FILE…", p.vaultEdit, with),
			p.vaultSubcommand("encrypt", "seal files", "FILE…", p.vaultEncrypt, output, with),
			p.vaultSubcommand("encrypt_string", "seal values, to be put into a playbook", "TEXT…", p.vaultEncryptString, append(stringFlags(), output, with)...),
			p.vaultSubcommand("rekey", "seal files with another password", "FILE…", p.vaultRekey, with,
				&cli.StringFlag{Name: newFileFlag, Usage: "take the new password from `FILE`"},
				&cli.StringFlag{Name: newIDFlag, Usage: "take the new password from `[LABEL@]SOURCE`"}),
			p.vaultSubcommand("view", "print what sealed files hold", "FILE…", p.vaultView),
		},
	}
}

func (p *Program) vaultSubcommand(name, usage, args string, do func(*cli.Context) error, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: args, Flags: append(vaultFlags(), flags...),
		Action: func(c *cli.Context) error {
			err := do(c)
			if c.Err() != nil {
				return &exit.Error{Code: exit.Interrupted}
			}
			return err
		},
	}
}

// vaultKeys gives the passwords that flags and environment name, or asks for one.
func (p *Program) vaultKeys(c *cli.Context, isNew bool) (*vault.Keyring, error) {
	sources := p.vaultSources(c)
	if len(sources) == 0 {
		sources = []vaultSource{{label: vault.DefaultLabel, from: asked, plain: true}}
	}
	return p.keyring(c.Context, sources, isNew)
}

// vaultArgs gives the files that a command is about; standard input where none
// is named and that makes sense.
func vaultArgs(c *cli.Context, orStdin bool) ([]string, error) {
	files := c.Args().Slice()
	switch {
	case len(files) == 0 && orStdin:
		return []string{"-"}, nil
	case len(files) == 0:
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("vault %s needs a file", c.Command.Name)}).
			WithHint("runner vault %s secrets.yml", c.Command.Name)
	case len(files) > 1 && c.String(outputFlag) != "":
		return nil, errors.New("--output goes with one file only")
	}
	return files, nil
}

// vaultOperands gives the files of a command, and what opens or seals them.
func (p *Program) vaultOperands(c *cli.Context, orStdin, isNew bool) ([]string, *vault.Keyring, error) {
	files, err := vaultArgs(c, orStdin)
	if err != nil {
		return nil, nil, err
	}
	keys, err := p.vaultKeys(c, isNew)
	return files, keys, err
}

func (p *Program) vaultEncrypt(c *cli.Context) error {
	files, keys, err := p.vaultOperands(c, true, true)
	if err != nil {
		return err
	}
	with, err := p.encryptSecret(keys, c.String(encryptIDFlag))
	if err != nil {
		return err
	}
	return p.vaultRewrite(c, files, "sealed", func(text []byte) ([]byte, error) {
		if vault.IsVault(text) {
			return nil, errors.New("this is vaulted already")
		}
		return vault.Encrypt(text, with)
	})
}

func (p *Program) vaultDecrypt(c *cli.Context) error {
	files, keys, err := p.vaultOperands(c, true, false)
	if err != nil {
		return err
	}
	return p.vaultRewrite(c, files, "opened", opener(keys))
}

func (p *Program) vaultRekey(c *cli.Context) error {
	files, keys, err := p.vaultOperands(c, false, false)
	if err != nil {
		return err
	}
	with, err := p.rekeySecret(c, keys)
	if err != nil {
		return err
	}
	open := opener(keys)
	return p.vaultRewrite(c, files, "sealed anew", func(text []byte) ([]byte, error) {
		plain, err := open(text)
		if err != nil {
			return nil, err
		}
		return vault.Encrypt(plain, with)
	})
}

// rekeySecret gives the new password: one that flags name, or one that is typed.
func (p *Program) rekeySecret(c *cli.Context, keys *vault.Keyring) (vault.Secret, error) {
	file, id, label := c.String(newFileFlag), c.String(newIDFlag), c.String(encryptIDFlag)
	source := vaultSource{label: vault.DefaultLabel, from: asked, plain: true}
	switch {
	case file != "" && id != "":
		return vault.Secret{}, fmt.Errorf("--%s and --%s exclude each other: keep one of them", newFileFlag, newIDFlag)
	case file != "":
		source = vaultSource{label: vault.DefaultLabel, from: file}
	case id != "":
		source = vaultSourceOf(id)
	case label != "":
		return p.encryptSecret(keys, label)
	}
	fresh, err := p.keyring(c.Context, []vaultSource{source}, true)
	if err != nil {
		return vault.Secret{}, err
	}
	if label == "" {
		return fresh.Secrets()[0], nil
	}
	return p.encryptSecret(fresh, label)
}

// opener gives what opens a text that has to be vaulted.
func opener(keys *vault.Keyring) func([]byte) ([]byte, error) {
	return func(text []byte) ([]byte, error) {
		if !vault.IsVault(text) {
			return nil, errors.New("this is not vaulted")
		}
		plain, _, err := keys.Decrypt(text)
		return plain, err
	}
}

// vaultRewrite replaces what files hold. Nothing is written before everything
// was read and made. A person at a terminal is told that it is done.
func (p *Program) vaultRewrite(c *cli.Context, files []string, done string, change func([]byte) ([]byte, error)) error {
	var all []*vaultFile
	for _, name := range files {
		f, err := p.readVaultFile(name)
		if err != nil {
			return err
		}
		if f.text, err = change(f.text); err != nil {
			return f.wrong(err)
		}
		if name := c.String(outputFlag); name != "" {
			if f, err = outputFile(name, f.text); err != nil {
				return err
			}
		}
		all = append(all, f)
	}
	for i, f := range all {
		if err := c.Err(); err != nil {
			return err
		}
		if err := p.writeVaultFile(f); err != nil {
			if i > 0 {
				return fmt.Errorf("%w; the %d before it are %s", err, i, done)
			}
			return err
		}
	}
	if ui.IsTerminal(p.Out) {
		fmt.Fprintf(p.Err, "%s %s\n", ui.Count(len(all), "text"), done)
	}
	return nil
}

func (p *Program) vaultView(c *cli.Context) error {
	files, keys, err := p.vaultOperands(c, true, false)
	if err != nil {
		return err
	}
	open := opener(keys)
	var all [][]byte
	for _, name := range files {
		f, err := p.readVaultFile(name)
		if err != nil {
			return err
		}
		if f.text, err = open(f.text); err != nil {
			return f.wrong(err)
		}
		all = append(all, f.text)
	}
	return p.page(c.Context, slices.Concat(all...))
}

// page prints a text; on a terminal through a pager, so that it does not stay
// there to be scrolled back to.
func (p *Program) page(ctx context.Context, text []byte) error {
	if ui.IsTerminal(p.Out) && ui.IsTerminal(p.In) {
		words, err := words(cmp.Or(p.Getenv("PAGER"), "less"))
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
			c.Env = append(os.Environ(), "LESSHISTFILE=-", "LESSSECURE=1")
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

// readAllOf reads a stream that has to hold vaulted or plain text.
func readAllOf(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, largestVault+1))
	if err == nil && len(data) > largestVault {
		err = fmt.Errorf("it is larger than %d MiB", largestVault>>20)
	}
	return data, err
}
