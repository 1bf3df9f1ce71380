package builtin

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"runner/engine/expr"
	"runner/engine/expr/format"
	"runner/engine/expr/value"
)

// formatFilters write and read JSON and YAML.
func formatFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "to_json", Params: "indent sort_keys separators ensure_ascii *other **options", How: expr.Plugin, Do: toJSON(format.JSONStyle{ASCII: true})},
		{Names: "to_nice_json", Params: "indent sort_keys separators ensure_ascii *other **options", How: expr.Plugin,
			Do: toJSON(format.JSONStyle{Indent: 4, SortKeys: true, ASCII: true})},
		{Names: "tojson", Params: "indent", Do: htmlJSON},
		{Names: "from_json", Params: "**options", How: expr.Plugin, Do: fromJSON},
		{Names: "to_yaml", Params: "indent default_flow_style sort_keys width **options", How: expr.Plugin, Do: toYAML(false)},
		{Names: "to_nice_yaml", Params: "indent default_flow_style sort_keys width **options", How: expr.Plugin, Do: toYAML(true)},
		{Names: "from_yaml", How: expr.Plugin, Do: fromYAML},
	}
}

func toJSON(style format.JSONStyle) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		style := style
		if u.Arg(0, nil) != nil {
			style.Indent, style.Indented = u.Int(0, style.Indent), true
		}
		if style.Indent < 0 || style.Indent > 64 {
			return nil, value.Errorf(value.FilterError, "an indent is a number from 0 to 64")
		}
		style.SortKeys = u.Flag(1, style.SortKeys)
		style.ASCII = u.Flag(3, style.ASCII)
		if u.Arg(2, nil) != nil {
			pair, err := u.Context.Elements(u.Args[2])
			if err != nil || len(pair) != 2 {
				return nil, value.Errorf(value.FilterError, "separators are a pair of texts, as in [',', ':']")
			}
			style.Item, style.Key = value.Text(pair[0]), value.Text(pair[1])
		}
		return jsonOf(u, style)
	}
}

func jsonOf(u *expr.Call, style format.JSONStyle) (value.Value, error) {
	v, err := u.Context.Finish(u.In)
	if err != nil {
		return nil, err
	}
	w := format.NewJSONWriter(style, value.MaxText)
	w.Value(v, 0)
	return w.B.String(), u.Context.Write(w.B.Len())
}

// htmlJSON is Jinja's own: sorted, and safe between HTML tags.
func htmlJSON(u *expr.Call) (value.Value, error) {
	style := format.JSONStyle{SortKeys: true, ASCII: true}
	if u.Arg(0, nil) != nil {
		style.Indent, style.Indented = min(max(u.Int(0, 0), 0), 64), true
	}
	v, err := jsonOf(u, style)
	if err != nil {
		return nil, err
	}
	return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(v.(string)), nil
}

func fromJSON(u *expr.Call) (value.Value, error) {
	s, ok := u.In.(string)
	if !ok {
		return nil, value.Errorf(value.FilterError, "'from_json' wants text, not %s", value.Describe(u.In)).WithHint("leave the filter out: it is a value already")
	}
	return format.FromJSON(s)
}

func fromYAML(u *expr.Call) (value.Value, error) {
	s, ok := u.In.(string)
	if !ok {
		return u.In, nil
	}
	if u.Context.FromYAML == nil {
		return nil, value.Errorf(value.FilterError, "'from_yaml' is not available here")
	}
	v, err := u.Context.FromYAML(s)
	if err != nil {
		return nil, &value.Error{Class: value.FilterError, Msg: "this is not YAML: " + err.Error(), Err: err}
	}
	return v, nil
}

func toYAML(nice bool) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		v, err := u.Context.Finish(u.In)
		if err != nil {
			return nil, err
		}
		style := format.YAMLStyle{Indent: 2, Flow: format.FlowLeaves, Sorted: u.Flag(2, true), Width: 80}
		if nice {
			style.Indent, style.Flow = 4, format.FlowNever
		}
		if u.Arg(0, nil) != nil {
			style.Indent = u.Int(0, style.Indent)
		}
		if style.Indent < 2 || style.Indent > 9 {
			style.Indent = 2
		}
		if u.Arg(1, nil) != nil {
			style.Flow = format.FlowNever
			if u.Flag(1, false) {
				style.Flow = format.FlowAlways
			}
		}
		switch w := u.Arg(3, nil).(type) {
		case int:
			style.Width = max(w, style.Indent*2+1)
		case float64:
			style.Width = int(math.Min(math.Max(w, float64(style.Indent*2+1)), math.MaxInt32))
		}
		s := format.YAML(v, style)
		return s, u.Context.Write(len(s))
	}
}

// encodingFilters code and hash.
func encodingFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "b64encode", Params: "encoding urlsafe", How: expr.Plugin, Do: b64encode},
		{Names: "b64decode", Params: "encoding urlsafe", How: expr.Plugin, Do: b64decode},
		{Names: "hash", Params: "hashtype", How: expr.Plugin, Do: hashFilter},
		{Names: "md5", How: expr.Plugin, Do: onText(hashed(md5.New))},
		{Names: "sha1 checksum", How: expr.Plugin, Do: onText(hashed(sha1.New))},
		{Names: "to_uuid", Params: "namespace", How: expr.Plugin, Do: toUUID},
		{Names: "password_hash", Params: "hashtype salt salt_size rounds ident", How: expr.Plugin, Do: passwordHash},
	}
}

func b64encode(u *expr.Call) (value.Value, error) {
	enc := base64.StdEncoding
	if u.Flag(1, false) {
		enc = base64.URLEncoding
	}
	s := enc.EncodeToString([]byte(u.Text()))
	return s, u.Context.Write(len(s))
}

func b64decode(u *expr.Call) (value.Value, error) {
	s := strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', ' ', '\t':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, u.Text())
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return nil, value.Errorf(value.FilterError, "this is not base64")
	}
	if !utf8.Valid(b) {
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
	}
	name := u.Str(0, "sha1")
	a := algorithms[name]
	if a == nil {
		return nil, value.Errorf(value.FilterError, "no hash is named %s", value.Quote(name)).WithHint(strings.Join(slices.Sorted(maps.Keys(algorithms)), ", "))
	}
	return hashed(a)(u.Text()), nil
}

// ansibleNamespace is the namespace that Ansible puts its UUIDs into.
const ansibleNamespace = "361E6D51-FAEC-444A-9079-341386DA8E2E"

func toUUID(u *expr.Call) (value.Value, error) {
	space, err := hex.DecodeString(strings.ReplaceAll(u.Str(0, ansibleNamespace), "-", ""))
	if err != nil || len(space) != 16 {
		return nil, value.Errorf(value.FilterError, "%s is no UUID", value.Quote(u.Str(0, "")))
	}
	sum := sha1.Sum(append(space, u.Text()...))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// passwordHash makes a crypt(3) hash; only sha512 and sha256 are there.
func passwordHash(u *expr.Call) (value.Value, error) {
	kind := u.Str(0, "sha512")
	size := 16
	if u.Arg(2, nil) != nil {
		size = u.Int(2, 16)
	}
	if size < 1 || size > 16 {
		return nil, value.Errorf(value.FilterError, "a salt has 1 to 16 characters")
	}
	salt := ""
	if u.Arg(1, nil) != nil {
		salt = u.Str(1, "")
	} else {
		salt = randomSalt(size)
	}
	if len(salt) > 16 || strings.Trim(salt, cryptLetters) != "" {
		return nil, value.Errorf(value.FilterError, "a salt has 1 to 16 letters, digits, dots or slashes")
	}
	rounds := 0
	if u.Arg(3, nil) != nil {
		rounds = u.Int(3, 0)
		if rounds < 1000 || rounds > 1_000_000 {
			return nil, value.Errorf(value.FilterError, "'password_hash' does 1000 to 1000000 rounds here")
		}
	}
	password := u.Text()
	if len(password) > 4096 {
		return nil, value.Errorf(value.LimitError, "a password has at most 4096 bytes")
	}
	if err := u.Context.Count(max(rounds, 5000) / 10); err != nil {
		return nil, err
	}
	switch kind {
	case "sha512", "sha512_crypt":
		return shaCrypt(sha512Crypt, password, salt, rounds), nil
	case "sha256", "sha256_crypt":
		return shaCrypt(sha256Crypt, password, salt, rounds), nil
	}
	return nil, value.Errorf(value.FilterError, "'password_hash' has no %s", value.Quote(kind)).WithHint("sha512 or sha256")
}

func randomSalt(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = cryptLetters[b[i]&63]
	}
	return string(b)
}
