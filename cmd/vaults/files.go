package vaults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"runner/atomicfile"
	"runner/diagnostic"
)

// largestVault is the size in bytes from which a file is refused: it is held in
// memory, several times.
const largestVault = 256 << 20

// A File is a file, or standard input and output, with the text that it holds
// or is to hold.
type File struct {
	name string // as the user wrote it
	Path string // where it really is, links followed; "" for the streams
	info fs.FileInfo
	Text []byte
}

// Wrong places an error at the file.
func (f *File) Wrong(err error) error {
	name := f.name
	if f.Path == "" {
		name = "stdin"
	}
	if p, ok := errors.AsType[*diagnostic.Problem](err); ok {
		return (&diagnostic.Problem{Msg: name + ": " + p.Msg, Err: err}).WithHint("%s", p.Hint)
	}
	return fmt.Errorf("%s: %w", name, rootOf(err))
}

// Read reads a file that is to be replaced afterwards; "-" is standard input.
func Read(stdin io.Reader, name string) (*File, error) {
	f := &File{name: name}
	var err error
	if name == "-" {
		if f.Text, err = ReadAll(stdin); err != nil {
			return nil, f.Wrong(err)
		}
		return f, nil
	}
	if f.Path, err = filepath.EvalSymlinks(name); err != nil {
		f.Path = name
		return nil, f.Wrong(unreadable(err))
	}
	if f.info, err = os.Stat(f.Path); err != nil {
		return nil, f.Wrong(unreadable(err))
	}
	if !f.info.Mode().IsRegular() {
		return nil, f.Wrong(errors.New("this is not a regular file"))
	}
	r, err := os.Open(f.Path)
	if err != nil {
		return nil, f.Wrong(unreadable(err))
	}
	defer func() { _ = r.Close() }()
	if f.Text, err = ReadAll(r); err != nil {
		return nil, f.Wrong(err)
	}
	return f, nil
}

func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("no such file")
	}
	return err
}

// Output returns a file that may be there already or not; "-" is standard output.
func Output(name string, text []byte) (*File, error) {
	f := &File{name: name, Text: text}
	if name == "-" {
		return f, nil
	}
	var err error
	f.Path, err = filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) {
		f.Path = name
		if _, err := os.Lstat(name); err == nil {
			return nil, f.Wrong(errors.New("this is a link to nothing"))
		}
		return f, nil
	}
	if err == nil {
		f.info, err = os.Stat(f.Path)
	}
	if err != nil {
		return nil, f.Wrong(err)
	}
	if !f.info.Mode().IsRegular() {
		return nil, f.Wrong(errors.New("this is not a regular file"))
	}
	return f, nil
}

// Write puts the text where it belongs; stdout is that of "-".
func (f *File) Write(stdout io.Writer) error {
	if f.Path == "" {
		_, err := stdout.Write(f.Text)
		return err
	}
	if err := atomicfile.WriteFile(f.Path, f.Text, atomicfile.Options{Regular: true}); err != nil {
		return f.Wrong(fmt.Errorf("it cannot be written and stays as it was: %w", rootOf(err)))
	}
	return nil
}

// Exists reports whether the file was there when it was named.
func (f *File) Exists() bool { return f.info != nil }

// Unchanged reports whether a file still holds what was read from it.
func (f *File) Unchanged(read []byte) bool {
	now, err := os.ReadFile(f.Path)
	return err == nil && bytes.Equal(now, read)
}

// ReadAll reads a stream that has to hold vaulted or plain text, of a bounded size.
func ReadAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, largestVault+1))
	if err == nil && len(data) > largestVault {
		err = fmt.Errorf("it is larger than %d MiB", largestVault>>20)
	}
	return data, err
}
