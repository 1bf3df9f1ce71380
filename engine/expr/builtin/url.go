package builtin

import (
	"slices"
	"strconv"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/suggest"
)

// urlFilters take URLs apart and write parts of them.
func urlFilters() []expr.Operation {
	return []expr.Operation{
		{Names: "urlencode", Doc: "percent-encoded; a map as a query string", Do: urlEncode},
		{Names: "urldecode", Params: "encoding='utf-8' errors='replace'", Doc: "without percent-encoding", How: expr.Plugin, Do: urlDecode},
		{Names: "urlsplit", Params: "query='' alias='urlsplit'", Doc: "the parts of a URL, or one of them", How: expr.Plugin, Do: urlSplit},
	}
}

// percentEncode leaves letters, digits, _.-~ and what is in safe as they are.
func percentEncode(s, safe string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if value.IsDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("_.-~"+safe, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + strings.ToUpper(value.HexByte(c)))
	}
	return b.String()
}

// percentDecode takes what is no escape as it stands.
func percentDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func urlEncode(u *expr.Call) (value.Value, error) {
	var pairs []value.Value
	switch v := u.In.(type) {
	case *value.Map:
		pairs = itemsOf(v)
	case []value.Value:
		pairs = v
	case value.Tuple:
		pairs = v
	default:
		s := percentEncode(u.Text(), "/")
		return s, u.Context.Write(len(s))
	}
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		kv, err := u.Context.Elements(p)
		if err != nil || len(kv) != 2 {
			return nil, value.Errorf(value.TypeError, "'urlencode' wants text, a map or a list of pairs")
		}
		form := func(v value.Value) string { return strings.ReplaceAll(percentEncode(value.Text(v), ""), "%20", "+") }
		parts[i] = form(kv[0]) + "=" + form(kv[1])
	}
	s := strings.Join(parts, "&")
	return s, u.Context.Write(len(s))
}

func urlDecode(u *expr.Call) (value.Value, error) {
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	plain := percentDecode(strings.ReplaceAll(s, "+", " "))
	text, err := Decode([]byte(plain), u.Str(0))
	switch mode := u.Str(1); {
	case err == nil:
		return text, nil
	case mode == "replace":
		return strings.ToValidUTF8(plain, "\uFFFD"), nil
	case mode == "ignore":
		return strings.ToValidUTF8(plain, ""), nil
	case mode != "strict":
		return nil, value.Errorf(value.FilterError, "errors is replace, ignore or strict, not %s", value.Quote(mode))
	}
	return nil, value.AsError(err, value.FilterError)
}

// urlSplit returns the parts of a URL, or the one that is asked for.
func urlSplit(u *expr.Call) (value.Value, error) {
	switch u.In {
	case nil, false, 0: // in which Python sees an address of nothing
		if slices.Contains([]string{"hostname", "port", "username", "password"}, u.Str(0)) {
			return nil, nil
		}
	}
	s, err := textIn(u)
	if err != nil {
		return nil, err
	}
	parts := splitURL(s)
	port, _ := parts.Get("port")
	if n, ok := port.(int); ok && n > 65535 {
		return nil, value.Errorf(value.FilterError, "the URL has a port above 65535")
	}
	if q := u.Str(0); q != "" {
		v, ok := parts.Get(q)
		if !ok {
			return nil, value.Errorf(value.FilterError, "a URL has no part %s", value.Quote(q)).WithHint(suggest.DidYouMean(q, parts.TextKeys()))
		}
		return v, nil
	}
	return parts, nil
}

// splitURL cuts as Python's urlsplit does, which takes anything for a URL.
func splitURL(s string) *value.Map {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r <= ' ' })
	s = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(s)
	var scheme, netloc, query, fragment string
	if i := strings.IndexByte(s, ':'); i > 0 && isScheme(s[:i]) {
		scheme, s = strings.ToLower(s[:i]), s[i+1:]
	}
	if strings.HasPrefix(s, "//") {
		end := strings.IndexAny(s[2:], "/?#")
		if end < 0 {
			end = len(s) - 2
		}
		netloc, s = s[2:2+end], s[2+end:]
	}
	s, fragment, _ = strings.Cut(s, "#")
	s, query, _ = strings.Cut(s, "?")
	m := value.MapOf("fragment", fragment, "hostname", nil, "netloc", netloc, "password", nil, "path", s,
		"port", nil, "query", query, "scheme", scheme, "username", nil)
	host := netloc
	if i := strings.LastIndexByte(netloc, '@'); i >= 0 {
		user, password, has := strings.Cut(netloc[:i], ":")
		host = netloc[i+1:]
		m.Set("username", user)
		if has {
			m.Set("password", password)
		}
	}
	name, port := host, ""
	if end := strings.IndexByte(host, ']'); strings.HasPrefix(host, "[") && end > 0 {
		name, port = host[1:end], strings.TrimPrefix(host[end+1:], ":")
	} else if i := strings.LastIndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i+1:]
	}
	if name != "" {
		m.Set("hostname", strings.ToLower(name))
	}
	if n, err := strconv.Atoi(port); err == nil && n >= 0 {
		m.Set("port", n)
	}
	return m
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !value.IsDigit(c) && strings.IndexByte("+-.", c) < 0) {
			return false
		}
	}
	return true
}

// urlTest makes the tests url, uri and urn: Python takes nearly every text for a URI.
func urlTest(kind string) func(*expr.Call) (value.Value, error) {
	return func(u *expr.Call) (value.Value, error) {
		s, ok := u.In.(string)
		if t, _, err := value.Truth(u.In); err == nil && !t {
			s, ok = "", true // as Python has it
		}
		if !ok {
			return false, nil
		}
		m := splitURL(s)
		scheme, _ := m.Get("scheme")
		netloc, _ := m.Get("netloc")
		schemes := value.Value([]value.Value{"urn"})
		if kind != "urn" {
			schemes = u.Arg(0)
		}
		if t, _, _ := value.Truth(schemes); t {
			if holds, _, err := u.Context.Contains(schemes, scheme); err != nil || !holds {
				return false, nil
			}
		}
		return kind != "url" || netloc != "" || scheme == "file", nil
	}
}
