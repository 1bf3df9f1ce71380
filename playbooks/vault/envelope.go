package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// magic is what every vaulted text starts with.
const magic = "$ANSIBLE_VAULT;"

// IsVault reports whether a text is vaulted.
func IsVault(text []byte) bool { return bytes.HasPrefix(text, []byte(magic)) }

// A DamagedError says that a text is vaulted, but not whole or not as it was.
type DamagedError struct {
	Line int // of the text, from 1; 0 where it cannot be reported
	Msg  string
}

func (e *DamagedError) Error() string {
	if e.Line == 0 {
		return "the vault is damaged: " + e.Msg
	}
	return fmt.Sprintf("the vault is damaged in line %d: %s", e.Line, e.Msg)
}

// Label returns the label that a vaulted text bears, "" if it bears none.
func Label(text []byte) (string, error) {
	e, err := parse(text)
	if err != nil {
		return "", err
	}
	return e.label, nil
}

// An envelope is a vaulted text taken apart.
type envelope struct {
	label     string
	salt, sum []byte
	sealed    []byte // never empty, a whole number of blocks
}

// parse takes a vaulted text apart. Blanks around its lines are none of its own.
func parse(text []byte) (*envelope, error) {
	header, rest, _ := bytes.Cut(text, []byte("\n"))
	e := &envelope{}
	if err := e.header(strings.TrimSpace(string(header))); err != nil {
		return nil, err
	}
	var b body
	if err := b.read(rest); err != nil {
		return nil, err
	}
	return e, e.fields(&b)
}

func (e *envelope) header(line string) error {
	fields := strings.Split(line, ";")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	wrong := func(format string, args ...any) error {
		return &DamagedError{Line: 1, Msg: fmt.Sprintf(format, args...)}
	}
	switch {
	case !strings.HasPrefix(line, magic):
		return wrong("it does not start with %s", magic)
	case len(fields) < 3 || len(fields) > 4:
		return wrong("its header is not %s1.1;AES256 or %s1.2;AES256;LABEL", magic, magic)
	case fields[1] != "1.1" && fields[1] != "1.2":
		return wrong("format %q is unknown; there is 1.1 and 1.2", fields[1])
	case fields[2] != "AES256":
		return wrong("cipher %q is unknown; there is AES256", fields[2])
	case len(fields) == 4:
		e.label = fields[3]
	}
	return nil
}

// A body is what the lines below the header stand for: text that is, again,
// hexadecimal, in three parts.
type body struct {
	text []byte
	ends []int // of each line, in text
}

func (b *body) read(lines []byte) error {
	n := 1
	var half []byte // a digit whose second half is in the next line
	for line := range bytes.Lines(lines) {
		n++
		digits := slices.Concat(half, bytes.TrimSpace(line))
		whole := len(digits) &^ 1
		var err error
		if b.text, err = hex.AppendDecode(b.text, digits[:whole]); err != nil {
			return &DamagedError{Line: n, Msg: "it holds something else than hexadecimal digits"}
		}
		half = bytes.Clone(digits[whole:])
		b.ends = append(b.ends, len(b.text))
	}
	if len(half) > 0 {
		return &DamagedError{Line: n, Msg: "a digit is missing"}
	}
	return nil
}

// line returns the line of the file in which a byte of the text stands.
func (b *body) line(at int) int {
	for i, end := range b.ends {
		if at < end {
			return i + 2
		}
	}
	return len(b.ends) + 1
}

func (e *envelope) fields(b *body) error {
	parts := bytes.SplitN(b.text, []byte("\n"), 3)
	if len(parts) < 3 {
		return &DamagedError{Line: b.line(len(b.text)), Msg: "it ends too soon"}
	}
	at := 0
	for i, to := range []*[]byte{&e.salt, &e.sum, &e.sealed} {
		data, err := hex.DecodeString(string(parts[i]))
		if err != nil {
			return &DamagedError{Line: b.line(at + badDigit(parts[i])), Msg: "it was cut short, or something in it was changed"}
		}
		*to = data
		at += len(parts[i]) + 1
	}
	switch {
	case len(e.salt) == 0:
		return &DamagedError{Line: 2, Msg: "the salt is missing"}
	case len(e.sum) != sha256.Size:
		return &DamagedError{Line: b.line(len(parts[0]) + 1), Msg: "the checksum is not of the length that it should have"}
	case len(e.sealed) == 0 || len(e.sealed)%aes.BlockSize != 0:
		return &DamagedError{Line: b.line(len(b.text)), Msg: "it was cut short"}
	}
	return nil
}

// badDigit returns the offset of the first byte that is no hexadecimal digit, the
// length where all are.
func badDigit(text []byte) int {
	i := bytes.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) })
	if i < 0 {
		return len(text)
	}
	return i
}
