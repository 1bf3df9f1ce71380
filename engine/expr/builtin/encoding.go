package builtin

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"
	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // Python has it too
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// encodingFilters code and hash.
func encodingFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "b64encode", Params: "encoding='utf-8' urlsafe=false", Doc: "the text in base 64", How: expr.Plugin, Do: b64encode},
		{Names: "b64decode", Params: "encoding='utf-8' urlsafe=false", Doc: "the text that base 64 stands for", How: expr.Plugin, Do: b64decode},
		{Names: "hash", Params: "hashtype='sha1'", Doc: "the text's hash in hexadecimal digits", How: expr.Plugin, Do: hashFilter},
		{Names: "md5", Doc: "the text's MD5", How: expr.Plugin, Do: onText(hashed(md5.New))},
		{Names: "sha1 checksum", Doc: "the text's SHA-1", How: expr.Plugin, Do: onText(hashed(sha1.New))},
		{Names: "to_uuid", Params: "namespace='361e6d51-faec-444a-9079-341386da8e2e'", Doc: "a UUID made of the text",
			How: expr.Plugin, Do: toUUID},
		{Names: "password_hash", Params: "hashtype='sha512' salt=none salt_size=none rounds=none ident=none",
			Doc: "a password as /etc/shadow keeps it: sha512, sha256, blowfish or md5", How: expr.Plugin, Do: passwordHash},
	}
}

// encodingOf returns an encoding of text by Python's name.
func encodingOf(name string) (encoding.Encoding, error) {
	switch plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name)); plain {
	case "utf8", "u8":
		return encoding.Nop, nil
	case "latin1", "iso88591", "l1", "8859":
		return charmap.ISO8859_1, nil
	case "utf32":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), nil
	case "utf16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	case "utf16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case "utf16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	default:
		if page, ok := strings.CutPrefix(plain, "cp"); ok {
			name = "windows-" + page
		}
	}
	if e, err := ianaindex.IANA.Encoding(name); err == nil && e != nil {
		return e, nil
	}
	return nil, value.Errorf(value.FilterError, "no encoding is named %s", value.Quote(name)).WithHint("as in utf-8, latin-1 or utf-16")
}

// Decode returns the text that bytes are by an encoding of Python's name.
func Decode(b []byte, name string) (string, error) {
	e, err := encodingOf(name)
	if err == nil {
		b, err = e.NewDecoder().Bytes(b)
	}
	if err == nil && !utf8.Valid(b) {
		err = fmt.Errorf("this is no text in %s", name)
	}
	return string(b), err
}

func encoded(s, name string) ([]byte, error) {
	e, err := encodingOf(name)
	if err != nil {
		return nil, err
	}
	isLimited := strings.EqualFold(strings.ReplaceAll(name, "-", ""), "ascii") && !isASCII(s)
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil || isLimited {
		return nil, value.Errorf(value.FilterError, "the text has characters that %s does not have", name)
	}
	return b, nil
}

func b64encode(u *expr.Call) (value.Value, error) {
	b, err := encoded(u.Text(), u.Str(0))
	if err != nil {
		return nil, err
	}
	enc := base64.StdEncoding
	if u.Flag(1) {
		enc = base64.URLEncoding
	}
	s := enc.EncodeToString(b)
	return s, u.Context.Write(len(s))
}

func b64decode(u *expr.Call) (value.Value, error) {
	in := u.Text()
	if u.Flag(1) {
		in = strings.NewReplacer("-", "+", "_", "/").Replace(in)
	}
	body, ok := base64Letters(in)
	if !ok {
		return nil, value.Errorf(value.FilterError, "this is not base64: its padding is wrong")
	}
	b, err := base64.RawStdEncoding.DecodeString(body)
	if err != nil {
		return nil, value.Errorf(value.FilterError, "this is not base64")
	}
	return decodedText(u, b, u.Str(0))
}

// base64Letters returns the letters up to the padding that ends them. What is not of
// the alphabet is passed over, as Python does it.
func base64Letters(s string) (letters string, ok bool) {
	var b strings.Builder
	pads := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '=':
			if pads++; b.Len()%4 >= 2 && b.Len()%4+pads >= 4 {
				return b.String(), true
			}
		case isAlphanumeric(c) || c == '+' || c == '/':
			pads = 0
			b.WriteByte(c)
		}
	}
	return b.String(), b.Len()%4 == 0
}

func isAlphanumeric(c byte) bool { return value.IsDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

func decodedText(u *expr.Call, b []byte, name string) (value.Value, error) {
	e, err := encodingOf(name)
	if err != nil {
		return nil, err
	}
	if b, err = e.NewDecoder().Bytes(b); err != nil || !utf8.Valid(b) {
		return nil, value.Errorf(value.FilterError, "what base64 stands for here is not text")
	}
	return string(b), u.Context.Write(len(b))
}

func hashed(algorithm func() hash.Hash) func(string) string {
	return func(s string) string {
		h := algorithm()
		h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil))
	}
}

func hashFilter(u *expr.Call) (value.Value, error) {
	algorithms := map[string]func() hash.Hash{
		"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
		"sha512_224": sha512.New512_224, "sha512_256": sha512.New512_256,
		"sha3_224": func() hash.Hash { return sha3.New224() }, "sha3_256": func() hash.Hash { return sha3.New256() },
		"sha3_384": func() hash.Hash { return sha3.New384() }, "sha3_512": func() hash.Hash { return sha3.New512() },
		"ripemd160": ripemd160.New,
		"blake2b":   func() hash.Hash { h, _ := blake2b.New512(nil); return h },
		"blake2s":   func() hash.Hash { h, _ := blake2s.New256(nil); return h },
	}
	name := u.Str(0)
	a := algorithms[strings.ToLower(name)]
	if a == nil {
		return nil, value.Errorf(value.FilterError, "no hash is named %s", value.Quote(name)).
			WithHint("available: " + strings.Join(slices.Sorted(maps.Keys(algorithms)), ", "))
	}
	return hashed(a)(u.Text()), nil
}

func toUUID(u *expr.Call) (value.Value, error) {
	trim := strings.NewReplacer("urn:", "", "uuid:", "", "{", "", "}", "", "-", "")
	space, err := hex.DecodeString(trim.Replace(u.Str(0)))
	if err != nil || len(space) != 16 {
		return nil, value.Errorf(value.FilterError, "%s is no UUID", value.Quote(u.Str(0)))
	}
	sum := sha1.Sum(append(space, u.Text()...))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
