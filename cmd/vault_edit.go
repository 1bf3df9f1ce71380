package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"runner/cmd/vaults"
	"runner/diagnostic"
	"runner/playbooks/vault"
)

func (v *vaultCommand) edit(ctx context.Context) error {
	files, keys, err := v.operands(ctx, false, false)
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := v.editFile(ctx, name, keys); err != nil {
			return err
		}
	}
	return nil
}

// editFile has the user change one file. It keeps its label and its password,
// unless another label is asked for. What was not changed is not written.
func (v *vaultCommand) editFile(ctx context.Context, name string, keys *vault.Keyring) error {
	if name == "-" {
		return errors.New("vault edit needs a file: standard input cannot be edited")
	}
	f, err := vaults.Read(v.In, name)
	if err != nil {
		return err
	}
	if !vault.IsVault(f.Text) {
		return f.Wrong(errors.New("this is not vaulted"))
	}
	plain, with, err := keys.Decrypt(f.Text)
	if err != nil {
		return f.Wrong(err)
	}
	if with.Label, err = vault.Label(f.Text); with.Label == "" {
		with.Label = vault.DefaultLabel
	}
	if label := v.label; err == nil && label != "" {
		with, err = vaults.Choose(&v.Streams, keys, label)
	}
	if err != nil {
		return f.Wrong(err)
	}
	edited, err := v.editor().Edit(ctx, filepath.Base(f.Path), plain)
	if err != nil {
		return f.Wrong(err)
	}
	if bytes.Equal(edited, plain) {
		return nil
	}
	return v.save(f, edited, with)
}

func (v *vaultCommand) create(ctx context.Context) error {
	if len(v.args) != 1 || v.args[0] == "-" {
		return (&diagnostic.Problem{Msg: "vault create needs one file"}).WithHint("runner vault create secrets.yml")
	}
	f, err := vaults.Output(v.args[0], nil)
	if err != nil {
		return err
	}
	if f.Exists() {
		return f.Wrong(errors.New("there is such a file already; use vault edit, or vault encrypt"))
	}
	keys, err := v.keys(ctx, true)
	if err != nil {
		return err
	}
	with, err := vaults.Choose(&v.Streams, keys, v.label)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return f.Wrong(err)
	}
	edited, err := v.editor().Edit(ctx, filepath.Base(f.Path), nil)
	if err != nil {
		return f.Wrong(err)
	}
	return v.save(f, edited, with)
}

// save seals and writes what the user wrote. If it cannot be put in its
// place it is kept elsewhere, sealed: that work is not to be lost.
func (v *vaultCommand) save(f *vaults.File, edited []byte, with vault.Secret) error {
	sealed, err := vault.Encrypt(edited, with)
	if err != nil {
		return f.Wrong(err)
	}
	before := f.Text
	f.Text = sealed
	switch _, err = os.Lstat(f.Path); {
	case !f.Exists() && err == nil:
		err = f.Wrong(errors.New("another program made this file meanwhile"))
	case f.Exists() && !f.Unchanged(before):
		err = f.Wrong(errors.New("another program changed or removed this file meanwhile"))
	default:
		err = f.Write(v.Out)
	}
	if err == nil {
		return nil
	}
	kept, failed := vaults.KeepSealed(filepath.Base(f.Path), vaults.Bases(v.Getenv), sealed)
	if failed != nil {
		return fmt.Errorf("%w; what you wrote is lost, since it could not be kept elsewhere either: %w", err, failed)
	}
	return fmt.Errorf("%w; what you wrote is kept, vaulted, in %s", err, kept)
}

func (v *vaultCommand) editor() *vaults.Editor {
	return &vaults.Editor{Streams: &v.Streams, Signals: v.signals}
}
