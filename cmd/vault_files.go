package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"runner/diagnostic"
)

// largestVault is the size in bytes from which a file is refused: it is held in
// memory, several times.
const largestVault = 256 << 20

// A vaultFile is a file, or standard input and output, with the text that it holds
// or is to hold.
type vaultFile struct {
	name string // as the user wrote it
	path string // where it really is, links followed; "" for the streams
	info fs.FileInfo
	text []byte
}

// wrong places an error at the file.
func (f *vaultFile) wrong(err error) error {
	name := f.name
	if f.path == "" {
		name = "stdin"
	}
	if p, ok := errors.AsType[*diagnostic.Problem](err); ok {
		return (&diagnostic.Problem{Msg: name + ": " + p.Msg, Err: err}).WithHint("%s", p.Hint)
	}
	return fmt.Errorf("%s: %w", name, rootOf(err))
}

// readVaultFile reads a file that is to be replaced afterwards; "-" is standard input.
func (p *Program) readVaultFile(name string) (*vaultFile, error) {
	f := &vaultFile{name: name}
	var err error
	if name == "-" {
		if f.text, err = readAllOf(p.In); err != nil {
			return nil, f.wrong(err)
		}
		return f, nil
	}
	if f.path, err = filepath.EvalSymlinks(name); err != nil {
		f.path = name
		return nil, f.wrong(unreadable(err))
	}
	if f.info, err = os.Stat(f.path); err != nil {
		return nil, f.wrong(unreadable(err))
	}
	if !f.info.Mode().IsRegular() {
		return nil, f.wrong(errors.New("this is not a regular file"))
	}
	r, err := os.Open(f.path)
	if err != nil {
		return nil, f.wrong(unreadable(err))
	}
	defer func() { _ = r.Close() }()
	if f.text, err = readAllOf(r); err != nil {
		return nil, f.wrong(err)
	}
	return f, nil
}

func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("no such file")
	}
	return err
}

// outputFile is a file that may be there already or not; "-" is standard output.
func outputFile(name string, text []byte) (*vaultFile, error) {
	f := &vaultFile{name: name, text: text}
	if name == "-" {
		return f, nil
	}
	var err error
	f.path, err = filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) {
		f.path = name
		if _, err := os.Lstat(name); err == nil {
			return nil, f.wrong(errors.New("this is a link to nothing"))
		}
		return f, nil
	}
	if err == nil {
		f.info, err = os.Stat(f.path)
	}
	if err != nil {
		return nil, f.wrong(err)
	}
	if !f.info.Mode().IsRegular() {
		return nil, f.wrong(errors.New("this is not a regular file"))
	}
	return f, nil
}

// writeVaultFile puts a text where it belongs.
func (p *Program) writeVaultFile(f *vaultFile) error {
	if f.path == "" {
		_, err := p.Out.Write(f.text)
		return err
	}
	if err := replaceFile(f.path, f.text, f.info); err != nil {
		return f.wrong(fmt.Errorf("it cannot be written and stays as it was: %w", rootOf(err)))
	}
	return nil
}

// replaceFile puts a text in a file's place: what stands there is at each moment
// the old text whole or the new one, whatever happens. It keeps the mode and the
// owner that the file had; a new one is for its owner only.
func replaceFile(path string, text []byte, was fs.FileInfo) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	if err := fillFile(f, text, was); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // not all file systems can; the file itself is safe
		_ = d.Close()
	}
	return nil
}

func fillFile(f *os.File, text []byte, was fs.FileInfo) error {
	_, err := f.Write(text)
	if err == nil && was != nil {
		err = likeBefore(f, was)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// likeBefore gives a file the owner and the mode of another. Where somebody else's
// file is replaced by who may not give files away, it changes hands.
func likeBefore(f *os.File, was fs.FileInfo) error {
	if err := giveTo(f, was); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return f.Chmod(was.Mode().Perm())
}

// unchanged reports whether a file still holds what was read from it.
func (f *vaultFile) unchanged(read []byte) bool {
	now, err := os.ReadFile(f.path)
	return err == nil && bytes.Equal(now, read)
}
