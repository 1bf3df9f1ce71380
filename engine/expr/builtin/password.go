package builtin

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"github.com/go-crypt/x/bcrypt"
	"github.com/go-crypt/x/crypt"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

const cryptLetters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// A scheme is a way to keep a password, with what passlib takes for it.
type scheme struct {
	saltSize int  // the most, and what a made one has
	exact    bool // a salt has just this size
	rounds   int  // where none are given; 0: there are none to choose
	min, max int  // of the rounds
	make     func(password, salt string, rounds int, ident string) (string, error)
}

func schemeOf(name string) (scheme, bool) {
	switch name {
	case "sha512", "sha512_crypt":
		return scheme{saltSize: 16, rounds: 656_000, min: 1000, max: 5_000_000, make: shaCrypt(shacrypt.VariantSHA512)}, true
	case "sha256", "sha256_crypt":
		return scheme{saltSize: 16, rounds: 535_000, min: 1000, max: 5_000_000, make: shaCrypt(shacrypt.VariantSHA256)}, true
	case "md5", "md5_crypt":
		return scheme{saltSize: 8, make: md5Crypt}, true
	case "blowfish", "bcrypt":
		return scheme{saltSize: 22, exact: true, rounds: 12, min: 4, max: 16, make: blowfishCrypt}, true
	}
	return scheme{}, false
}

// passwordHash makes a crypt(3) hash with the salts and rounds of Ansible and passlib.
func passwordHash(u *expr.Call) (value.Value, error) {
	s, ok := schemeOf(u.Str(0))
	if !ok {
		return nil, value.Errorf(value.FilterError, "'password_hash' has no %s", value.Quote(u.Str(0))).WithHint("available: blowfish, md5, sha256, sha512")
	}
	password, ok := u.In.(string)
	if !ok {
		return nil, value.Errorf(value.FilterError, "a password is text, not %s", value.Describe(u.In)).WithHint("use `| string`")
	}
	if len(password) > 4096 || strings.Contains(password, "\x00") {
		return nil, value.Errorf(value.FilterError, "a password has at most 4096 bytes, and none of them is 0")
	}
	salt, err := s.salt(u)
	if err != nil {
		return nil, err
	}
	rounds := s.rounds
	if r := u.Arg(3); r != nil && r != 0 {
		if rounds = u.Int(3); s.rounds == 0 || rounds < s.min || rounds > s.max {
			return nil, value.Errorf(value.FilterError, "'password_hash' does %d to %d rounds of %s, not %d", s.min, s.max, u.Str(0), rounds)
		}
	}
	if err := u.Context.Count(s.steps(rounds)); err != nil {
		return nil, err
	}
	ident := ""
	if u.Arg(4) != nil {
		ident = u.Str(4)
	}
	return s.made(password, salt, rounds, ident)
}

func (s scheme) made(password, salt string, rounds int, ident string) (value.Value, error) {
	text, err := s.make(password, salt, rounds, ident)
	if err != nil {
		return nil, value.AsError(err, value.FilterError)
	}
	return text, nil
}

// steps are what some rounds count for: a second's work is a tenth of a million.
func (s scheme) steps(rounds int) int {
	if s.exact {
		return (1 << max(rounds-12, 0)) * 30_000
	}
	return max(rounds, 1000) / 20
}

// salt returns the one that is given, or makes one.
func (s scheme) salt(u *expr.Call) (string, error) {
	size := s.saltSize
	if n := u.Arg(2); n != nil && n != 0 {
		size = u.Int(2)
	}
	if size < 1 || size > s.saltSize || s.exact && size != s.saltSize {
		return "", value.Errorf(value.FilterError, "a salt of %s has at most %d characters", u.Str(0), s.saltSize)
	}
	given := ""
	if u.Arg(1) != nil {
		given = value.Text(value.Bare(u.Arg(1)))
	}
	if given == "" {
		return randomSalt(size), nil
	}
	if strings.Trim(given, cryptLetters) != "" {
		return "", value.Errorf(value.FilterError, "a salt has letters, digits, dots and slashes")
	}
	if len(given) > s.saltSize || s.exact && len(given) != s.saltSize {
		return "", value.Errorf(value.FilterError, "a salt of %s has at most %d characters, not %d", u.Str(0), s.saltSize, len(given))
	}
	return given, nil
}

func randomSalt(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = cryptLetters[b[i]&63]
	}
	return string(b)
}

func shaCrypt(variant shacrypt.Variant) func(password, salt string, rounds int, ident string) (string, error) {
	return func(password, salt string, rounds int, _ string) (string, error) {
		key := crypt.KeySHACrypt(variant.HashFunc(), []byte(password), []byte(salt), rounds)
		mention := ""
		if rounds != 5000 {
			mention = fmt.Sprintf("rounds=%d$", rounds)
		}
		return "$" + variant.Prefix() + "$" + mention + salt + "$" + string(key), nil
	}
}

func md5Crypt(password, salt string, _ int, _ string) (string, error) {
	return "$1$" + salt + "$" + string(crypt.KeyMD5Crypt([]byte(password), []byte(salt))), nil
}

// blowfishCrypt is bcrypt. The bits of the salt's last letter that mean nothing
// are cleared, and what follows the 72nd byte of a password counts for nothing.
func blowfishCrypt(password, salt string, rounds int, ident string) (string, error) {
	if ident == "" {
		ident = "2b"
	}
	if ident = strings.Trim(ident, "$"); !slices.Contains([]string{"2a", "2b", "2y"}, ident) {
		return "", value.Errorf(value.FilterError, "bcrypt has no ident %s", value.Quote(ident)).WithHint("available: 2a, 2b, 2y")
	}
	raw, err := bcrypt.Base64Decode([]byte(salt))
	if err != nil {
		return "", value.Errorf(value.FilterError, "this is no salt of bcrypt")
	}
	key, err := bcrypt.Key([]byte(password[:min(len(password), 72)]), raw, rounds)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$%s$%02d$%s%s", ident, rounds, bcrypt.Base64Encode(raw), key), nil
}

// HashPassword returns a password's hash by a scheme of password_hash, in its
// default number of rounds.
func HashPassword(password, name, salt, ident string) (string, error) {
	s, ok := schemeOf(name)
	if !ok {
		return "", value.Errorf(value.FilterError, "passwords are not hashed by %s", value.Quote(name)).WithHint("available: blowfish, md5, sha256, sha512")
	}
	return s.make(password, salt, s.rounds, ident)
}

// NewSalt returns a salt for a scheme of password_hash.
func NewSalt(name string) (string, error) {
	s, ok := schemeOf(name)
	if !ok {
		return "", value.Errorf(value.FilterError, "passwords are not hashed by %s", value.Quote(name)).WithHint("available: blowfish, md5, sha256, sha512")
	}
	return randomSalt(s.saltSize), nil
}
