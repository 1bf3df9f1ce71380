// Package vault seals and opens text by password, in the format of ansible-vault:
// a header line, then hexadecimal digits. It reads and writes the formats 1.1 and
// 1.2, which differ in that 1.2 names a label.
//
// It knows bytes and passwords. Where a password comes from, and what the text is
// for, it does not know.
package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// DefaultLabel is that of a password which was given none. What it seals is of
// format 1.1 and bears no label.
const DefaultLabel = "default"

// A Secret is a password with the label that it goes by.
type Secret struct {
	Label    string
	Password []byte
}

// String returns the label: a password must not end up in a message.
func (s Secret) String() string { return s.Label }

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.Label }

// A Keyring holds passwords in the order in which they are tried. The nil Keyring
// holds none.
type Keyring struct{ secrets []Secret }

// NewKeyring makes a Keyring of passwords.
func NewKeyring(secrets ...Secret) *Keyring { return &Keyring{slices.Clone(secrets)} }

// Secrets returns the passwords in their order.
func (k *Keyring) Secrets() []Secret {
	if k == nil {
		return nil
	}
	return slices.Clone(k.secrets)
}

// Labels returns the labels of the passwords, each once.
func (k *Keyring) Labels() []string {
	var all []string
	for _, s := range k.Secrets() {
		if !slices.Contains(all, s.Label) {
			all = append(all, s.Label)
		}
	}
	return all
}

// String returns the labels.
func (k Keyring) String() string { return strings.Join(k.Labels(), ", ") }

// GoString is String, for %#v.
func (k Keyring) GoString() string { return k.String() }

// ErrNoSecrets says that a text is vaulted and that there is no password to try.
var ErrNoSecrets = errors.New("this is vaulted, and no password was given")

// A WrongPasswordError says that none of the passwords opens a text.
type WrongPasswordError struct {
	Label string   // the text's own, "" if it bears none
	Tried []string // the labels of the passwords
}

func (e *WrongPasswordError) Error() string {
	text := "no password that was given opens this (tried: " + strings.Join(e.Tried, ", ")
	if e.Label != "" {
		return fmt.Sprintf("%s; the vault's own label is %q)", text, e.Label)
	}
	return text + ")"
}

// Decrypt opens a vaulted text, and tells which password did. That of the text's
// own label is tried first, then all others in their order: labels are hints.
// The error is ErrNoSecrets, a *WrongPasswordError or a *DamagedError.
func (k *Keyring) Decrypt(text []byte) (plain []byte, with Secret, err error) {
	e, err := parse(text)
	if err != nil {
		return nil, Secret{}, err
	}
	secrets := k.Secrets()
	if len(secrets) == 0 {
		return nil, Secret{}, ErrNoSecrets
	}
	slices.SortStableFunc(secrets, func(a, b Secret) int { return rank(a, e.label) - rank(b, e.label) })
	for _, s := range secrets {
		plain, fits, err := e.open(s.Password)
		if fits || err != nil {
			return plain, s, err
		}
	}
	return nil, Secret{}, &WrongPasswordError{Label: e.label, Tried: k.Labels()}
}

func rank(s Secret, label string) int {
	if s.Label == label || label == "" && s.Label == DefaultLabel {
		return 0
	}
	return 1
}

// Encrypt seals a text. The label becomes part of the header unless it is the
// default one.
func Encrypt(plain []byte, with Secret) ([]byte, error) {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	return encrypt(plain, with, salt)
}

func encrypt(plain []byte, with Secret, salt []byte) ([]byte, error) {
	if err := CheckLabel(with.Label); err != nil {
		return nil, err
	}
	if len(with.Password) == 0 {
		return nil, fmt.Errorf("the password for %q is empty", with.Label)
	}
	k, err := derive(with.Password, salt)
	if err != nil {
		return nil, err
	}
	n := aes.BlockSize - len(plain)%aes.BlockSize
	sealed := slices.Concat(plain, bytes.Repeat([]byte{byte(n)}, n))
	k.stream.XORKeyStream(sealed, sealed)
	e := envelope{salt: salt, sum: k.sum(sealed), sealed: sealed}
	if with.Label != DefaultLabel {
		e.label = with.Label
	}
	return e.text(), nil
}

// CheckLabel says what is wrong with a label, if anything is.
func CheckLabel(label string) error {
	switch {
	case label == "":
		return errors.New("a vault's label must not be empty")
	case strings.TrimSpace(label) != label, strings.ContainsFunc(label, func(r rune) bool { return r == ';' || r < ' ' || r > '~' }):
		return fmt.Errorf("%q cannot be a vault's label: use letters, digits and signs other than ;", label)
	}
	return nil
}

// keys are what a password and a salt make.
type keys struct {
	stream cipher.Stream
	mac    []byte
}

// derive makes keys, slowly on purpose.
func derive(password, salt []byte) (keys, error) {
	const rounds = 10_000
	k, err := pbkdf2.Key(sha256.New, string(password), salt, rounds, 32+32+aes.BlockSize)
	if err != nil {
		return keys{}, err
	}
	block, err := aes.NewCipher(k[:32])
	if err != nil {
		return keys{}, err
	}
	return keys{stream: cipher.NewCTR(block, k[64:]), mac: k[32:64]}, nil
}

func (k keys) sum(sealed []byte) []byte {
	h := hmac.New(sha256.New, k.mac)
	h.Write(sealed)
	return h.Sum(nil)
}

// open returns what is sealed; false if the password is not the one. The checksum
// is compared before anything is opened, and in constant time.
func (e *envelope) open(password []byte) (plain []byte, fits bool, err error) {
	k, err := derive(password, e.salt)
	if err != nil {
		return nil, false, err
	}
	if !hmac.Equal(e.sum, k.sum(e.sealed)) {
		return nil, false, nil
	}
	plain = make([]byte, len(e.sealed))
	k.stream.XORKeyStream(plain, e.sealed)
	n := int(plain[len(plain)-1])
	if n < 1 || n > aes.BlockSize || !bytes.Equal(plain[len(plain)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, false, &DamagedError{Msg: "the password fits, but the text does not end as it should"}
	}
	return plain[:len(plain)-n], true, nil
}

// text writes an envelope.
func (e *envelope) text() []byte {
	var b bytes.Buffer
	if e.label == "" {
		b.WriteString(magic + "1.1;AES256\n")
	} else {
		b.WriteString(magic + "1.2;AES256;" + e.label + "\n")
	}
	inner := bytes.Join([][]byte{hexOf(e.salt), hexOf(e.sum), hexOf(e.sealed)}, []byte("\n"))
	const width = 80
	for line := range slices.Chunk(hexOf(inner), width) {
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func hexOf(data []byte) []byte { return hex.AppendEncode(nil, data) }
