package cmd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/playbooks/vault"
)

func (p *Program) vaultEdit(c *cli.Context) error {
	files, keys, err := p.vaultOperands(c, false, false)
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := p.editVault(c, name, keys); err != nil {
			return err
		}
	}
	return nil
}

// editVault has a person change one file. It keeps its label and its password,
// unless another label is asked for. What was not changed is not written.
func (p *Program) editVault(c *cli.Context, name string, keys *vault.Keyring) error {
	if name == "-" {
		return errors.New("vault edit needs a file: standard input cannot be edited")
	}
	f, err := p.readVaultFile(name)
	if err != nil {
		return err
	}
	if !vault.IsVault(f.text) {
		return f.wrong(errors.New("this is not vaulted"))
	}
	plain, with, err := keys.Decrypt(f.text)
	if err != nil {
		return f.wrong(err)
	}
	if with.Label, err = vault.Label(f.text); with.Label == "" {
		with.Label = vault.DefaultLabel
	}
	if label := c.String(encryptIDFlag); err == nil && label != "" {
		with, err = p.encryptSecret(keys, label)
	}
	if err != nil {
		return f.wrong(err)
	}
	edited, err := p.inEditor(c.Context, filepath.Base(f.path), plain)
	if err != nil {
		return f.wrong(err)
	}
	if bytes.Equal(edited, plain) {
		return nil
	}
	return p.saveEdited(f, edited, with)
}

func (p *Program) vaultCreate(c *cli.Context) error {
	if c.NArg() != 1 || c.Args().First() == "-" {
		return (&diagnostic.Problem{Msg: "vault create needs one file"}).WithHint("runner vault create secrets.yml")
	}
	f, err := outputFile(c.Args().First(), nil)
	if err != nil {
		return err
	}
	if f.info != nil {
		return f.wrong(errors.New("there is such a file already; use vault edit, or vault encrypt"))
	}
	keys, err := p.vaultKeys(c, true)
	if err != nil {
		return err
	}
	with, err := p.encryptSecret(keys, c.String(encryptIDFlag))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return f.wrong(err)
	}
	edited, err := p.inEditor(c.Context, filepath.Base(f.path), nil)
	if err != nil {
		return f.wrong(err)
	}
	return p.saveEdited(f, edited, with)
}

// saveEdited seals and writes what a person wrote. If it cannot be put in its
// place it is kept elsewhere, sealed: that work is not to be lost.
func (p *Program) saveEdited(f *vaultFile, edited []byte, with vault.Secret) error {
	sealed, err := vault.Encrypt(edited, with)
	if err != nil {
		return f.wrong(err)
	}
	before := f.text
	f.text = sealed
	switch _, err = os.Lstat(f.path); {
	case f.info == nil && err == nil:
		err = f.wrong(errors.New("somebody else made this file meanwhile"))
	case f.info != nil && !f.unchanged(before):
		err = f.wrong(errors.New("somebody else changed or removed this file meanwhile"))
	default:
		err = p.writeVaultFile(f)
	}
	if err == nil {
		return nil
	}
	kept, failed := keepSealed(filepath.Base(f.path), p.deskBases(), sealed)
	if failed != nil {
		return fmt.Errorf("%w; what you wrote is lost, since it could not be kept elsewhere either: %w", err, failed)
	}
	return fmt.Errorf("%w; what you wrote is kept, vaulted, in %s", err, kept)
}

func keepSealed(name string, bases []string, sealed []byte) (path string, err error) {
	for _, base := range bases {
		f, e := os.CreateTemp(base, "*-"+name)
		if e == nil {
			if e = fillFile(f, sealed, nil); e == nil {
				return f.Name(), nil
			}
			_ = os.Remove(f.Name())
		}
		err = e
	}
	return "", err
}

// inEditor has a person change a text, in a copy that nobody else can read and
// that is gone afterwards, however that ends.
func (p *Program) inEditor(ctx context.Context, name string, text []byte) (edited []byte, err error) {
	editor, err := words(cmp.Or(p.Getenv("EDITOR"), "vi"))
	if err != nil || len(editor) == 0 {
		return nil, fmt.Errorf("$EDITOR cannot be read: %w", err)
	}
	signals, release := p.signals.Take()
	defer release()
	d, err := openDesk(p.deskBases())
	if err != nil {
		return nil, fmt.Errorf("there is no place for a plain copy: %w", err)
	}
	defer func() {
		if e := d.close(); e != nil {
			err = fmt.Errorf("the plain copy below %s could not be removed, see to it: %w", d.dir, e)
		}
	}()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("the plain copy cannot be written: %w", err)
	}
	c := exec.Command(editor[0], append(editor[1:], path)...)
	c.Stdin, c.Stdout, c.Stderr = p.In, p.Out, p.Err
	if err := c.Start(); err != nil {
		return nil, (&diagnostic.Problem{Msg: fmt.Sprintf("the editor %s cannot be run: %v", editor[0], rootOf(err)), Err: err}).
			WithHint("set $EDITOR to one that can")
	}
	if err := p.await(ctx, c, signals, d); err != nil {
		return nil, err
	}
	r, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the editor left no file; nothing was changed")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return readAllOf(r)
}

// await waits for the editor. A signal that was meant for us ends both, and the
// plain copy at once.
func (p *Program) await(ctx context.Context, c *exec.Cmd, signals <-chan os.Signal, d *desk) error {
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		failed = c.Wait()
	}()
	for {
		select {
		case <-ended:
			if failed != nil {
				return fmt.Errorf("the editor failed (%w); nothing was changed", failed)
			}
			return nil
		case s := <-signals:
			if s != syscall.SIGTERM && s != syscall.SIGHUP && ui.IsTerminal(p.In) {
				continue // typed: the editor has got it too, and knows what it means
			}
		case <-ctx.Done():
		}
		err := errors.Join(d.scrub(), stopProcess(c, ended))
		return &exit.Error{Code: exit.Interrupted, Err: errors.Join(errors.New("interrupted; nothing was changed"), err)}
	}
}

// stopProcess asks a process to end, and ends it if it does not.
func stopProcess(c *exec.Cmd, ended <-chan struct{}) error {
	const patience = 2 * time.Second
	_ = c.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-ended:
		return nil
	case <-time.After(patience):
	}
	err := c.Process.Kill()
	<-ended
	return err
}
