package reading

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"runner/diagnostic"
	"runner/playbooks/vault"
)

// largest is the size in bytes from which a file is refused: what people write
// by hand is a thousand times smaller.
const largest = 8 << 20

// Open reads the playbook that a path names; "-" reads stdin.
func Open(path string, stdin io.Reader, v *Vault) (*diagnostic.Source, *diagnostic.Problem) {
	src := &diagnostic.Source{Name: path}
	data, err := readAll(path, stdin)
	if path == "-" {
		src.Name = "stdin"
	}
	if err != nil {
		return nil, &diagnostic.Problem{Place: diagnostic.Place{Source: src}, Msg: Reason(err), Err: err}
	}
	return SourceOf(src.Name, data, v)
}

func readAll(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		if stdin == nil {
			return nil, errors.New("there is no standard input to read from")
		}
		return readBounded(stdin)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := readable(path, info); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readBounded(f)
}

// readable refuses what would block or never end, before it is opened. A pipe is
// taken from where shells put the ones that they make, nowhere else.
func readable(path string, info fs.FileInfo) error {
	switch {
	case info.Mode().IsRegular():
		if info.Size() > largest {
			return errTooLarge
		}
		return nil
	case info.IsDir():
		return errors.New("this is a directory, not a playbook")
	case path == "/dev/stdin", strings.HasPrefix(path, "/dev/fd/"), strings.HasPrefix(path, "/proc/self/fd/"):
		return nil
	}
	return errors.New("this is not a regular file; give `-` to read standard input")
}

var errTooLarge = fmt.Errorf("the file is larger than %d MiB", largest>>20)

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, largest+1))
	if err == nil && len(data) > largest {
		err = errTooLarge
	}
	return data, err
}

// Reason says why a file could not be read, without its name, which the place tells.
func Reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "reading it is not permitted"
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// SourceOf makes a Source of what a file holds, if that is text that YAML allows,
// or a vault of such.
func SourceOf(name string, data []byte, v *Vault) (*diagnostic.Source, *diagnostic.Problem) {
	src, p := textSource(&diagnostic.Source{Name: name}, data)
	if p != nil || !vault.IsVault([]byte(src.Text)) {
		return src, p
	}
	plain, p := v.openFile(name, src.Text)
	if p != nil {
		return nil, p
	}
	return textSource(&diagnostic.Source{Name: name, Secret: true}, plain)
}

// textSource puts what a file holds into its Source.
func textSource(src *diagnostic.Source, data []byte) (*diagnostic.Source, *diagnostic.Problem) {
	whole := diagnostic.Place{Source: src}
	switch {
	case len(data) > largest:
		return nil, diagnostic.From(errTooLarge, whole)
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, diagnostic.Problemf(whole, "the file is written in UTF-16").WithHint("save it as UTF-8")
	case bytes.IndexByte(data, 0) >= 0:
		return nil, diagnostic.Problemf(whole, "the file is binary, not text")
	}
	src.Text = strings.TrimPrefix(string(data), "\ufeff")
	if isJSON(src.Text) {
		return src, nil
	}
	return src, badCharacter(src)
}

// badCharacter finds the first byte that is no UTF-8, or character that YAML forbids.
func badCharacter(src *diagnostic.Source) *diagnostic.Problem {
	for i, r := range src.Text {
		switch {
		case r >= ' ' && r < 0x7f, r == '\n', r == '\t', r == '\r':
		case r == utf8.RuneError && !strings.HasPrefix(src.Text[i:], "\ufffd"):
			return diagnostic.Problemf(placeOf(src, i), "the byte 0x%02x is not UTF-8 text", src.Text[i]).
				WithHint("save the file as UTF-8")
		case r < ' ', r >= 0x7f && r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff:
			return diagnostic.Problemf(placeOf(src, i), "the control character U+%04X cannot stand in YAML", r).
				WithHint(`remove it, or write "\x%02x" in double quotes`, r)
		}
	}
	return nil
}

// placeOf returns the place of a byte of a source.
func placeOf(src *diagnostic.Source, offset int) diagnostic.Place {
	before := src.Text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return diagnostic.Place{
		Source: src,
		Line:   1 + strings.Count(before, "\n"),
		Col:    1 + utf8.RuneCountInString(before[start:]),
	}
}
