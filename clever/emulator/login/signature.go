package login

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// This file verifies OAuth 1.0a signatures (RFC 5849), without any client's
// library: an emulator that signed as its client does would share its mistakes.

// A param is a name and a value, decoded.
type param struct{ name, value string }

// A signed request is what its signature was made from.
type signed struct {
	method string
	url    *url.URL
	host   string
	oauth  map[string]string // the oauth_… members, decoded
	raw    string            // oauth_signature as it was sent
	query  []param           // parameters of the query that are not oauth_…
	form   []param           // parameters of a form body that are not oauth_…
}

// What can be wrong before a signature is looked at.
var (
	errNoCredentials   = errors.New("there are no credentials")
	errUnknownConsumer = errors.New("the consumer key is unknown")
	errUnknownToken    = errors.New("the token is unknown")
)

// readSigned collects the members from the header, the query and a form body.
func readSigned(r *http.Request, body []byte) (*signed, error) {
	s := &signed{method: r.Method, url: r.URL, host: r.Host, oauth: map[string]string{}}
	query, err := parsePairs(r.URL.RawQuery)
	if err != nil {
		return nil, errors.New("the escapes in the query are wrong")
	}
	header := r.Header.Get("Authorization")
	for _, p := range query {
		if p.name == "authorization" && header == "" { // event streams cannot send headers
			header = decodedHeader(p.value)
		}
	}
	if err := s.takeHeader(header); err != nil {
		return nil, err
	}
	if s.query, err = s.take(query); err != nil {
		return nil, err
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		form, err := parsePairs(string(body))
		if err != nil {
			return nil, errors.New("the escapes in the form are wrong")
		}
		if s.form, err = s.take(form); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func decodedHeader(value string) string {
	text, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// parsePairs reads a query or a form, in its order.
func parsePairs(text string) ([]param, error) {
	var list []param
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, errors.Join(err1, err2)
		}
		list = append(list, param{n, v})
	}
	return list, nil
}

// take moves the oauth_… members to where they belong and returns the rest.
func (s *signed) take(list []param) ([]param, error) {
	var rest []param
	for _, p := range list {
		if !strings.HasPrefix(p.name, "oauth_") {
			rest = append(rest, p)
			continue
		}
		if err := s.put(p.name, p.value, p.value); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func (s *signed) put(name, value, raw string) error {
	if _, twice := s.oauth[name]; twice {
		return fmt.Errorf("%s is there twice", name)
	}
	s.oauth[name] = value
	if name == "oauth_signature" {
		s.raw = raw
	}
	return nil
}

// takeHeader reads `OAuth name="value", …`. Values that nobody escaped, as the
// vendor's command line sends them, come through as they are.
func (s *signed) takeHeader(header string) error {
	scheme, rest, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "OAuth") {
		return nil
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, raw, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || !strings.HasPrefix(name, "oauth_") { // such as realm
			continue
		}
		raw = strings.Trim(raw, `"`)
		value, err := url.PathUnescape(raw)
		if err != nil {
			return fmt.Errorf("the escapes in %s are wrong", name)
		}
		if err := s.put(name, value, raw); err != nil {
			return err
		}
	}
	return nil
}

// verify returns why the signature is not that of the two secrets; nil if it is.
func (s *signed) verify(consumerSecret, tokenSecret string) error {
	if v, ok := s.oauth["oauth_version"]; ok && v != "1.0" {
		return errors.New("oauth_version is not 1.0")
	}
	if t, ok := s.oauth["oauth_timestamp"]; ok {
		if _, err := strconv.ParseUint(t, 10, 63); err != nil {
			return errors.New("oauth_timestamp is not a number")
		}
	}
	key := escape(consumerSecret) + "&" + escape(tokenSecret)
	switch method := s.oauth["oauth_signature_method"]; method {
	case "", "PLAINTEXT":
		return s.verifyPlain(key, consumerSecret+"&"+tokenSecret)
	case "HMAC-SHA1":
		return s.verifyHMAC(sha1.New, key)
	case "HMAC-SHA512":
		return s.verifyHMAC(sha512.New, key)
	default:
		return fmt.Errorf("oauth_signature_method %q is none of PLAINTEXT, HMAC-SHA1 and HMAC-SHA512", method)
	}
}

// verifyPlain takes the key as the header escapes it, as nobody escaped it, and
// as it is escaped twice: clients do all three.
func (s *signed) verifyPlain(keys ...string) error {
	sent := []string{s.raw, s.oauth["oauth_signature"]}
	if again, err := url.PathUnescape(s.oauth["oauth_signature"]); err == nil {
		sent = append(sent, again)
	}
	for _, text := range sent {
		for _, key := range keys {
			if subtle.ConstantTimeCompare([]byte(text), []byte(key)) == 1 {
				return nil
			}
		}
	}
	return errors.New("the PLAINTEXT signature is not that of these secrets")
}

// verifyHMAC tries the base string with the query and without it, as one client
// leaves it out, and with both schemes, since a proxy may have changed it.
func (s *signed) verifyHMAC(algorithm func() hash.Hash, key string) error {
	if s.oauth["oauth_timestamp"] == "" || s.oauth["oauth_nonce"] == "" {
		return errors.New("oauth_timestamp or oauth_nonce is missing")
	}
	sent, err := base64.StdEncoding.DecodeString(s.oauth["oauth_signature"])
	if err != nil {
		return errors.New("oauth_signature is not base64")
	}
	for _, scheme := range []string{"http", "https"} {
		for _, query := range [][]param{s.query, nil} {
			mac := hmac.New(algorithm, []byte(key))
			mac.Write([]byte(s.base(scheme, query)))
			if hmac.Equal(mac.Sum(nil), sent) {
				return nil
			}
		}
	}
	return errors.New("the signature is not that of this request and these secrets")
}

// base returns the signature base string (RFC 5849 §3.4.1).
func (s *signed) base(scheme string, query []param) string {
	all := slices.Concat(query, s.form)
	for name, value := range s.oauth {
		if name != "oauth_signature" {
			all = append(all, param{name, value})
		}
	}
	pairs := make([]string, 0, len(all))
	for _, p := range all {
		pairs = append(pairs, escape(p.name)+"="+escape(p.value))
	}
	// By name, then by value (RFC 5849 §3.4.1.3.2): sorting the joined pairs would
	// put "a1" before "a", as '=' comes after the digits.
	slices.SortFunc(pairs, comparePairs)
	path := s.url.EscapedPath()
	if path == "" {
		path = "/"
	}
	address := scheme + "://" + authority(s.host, scheme) + path
	return escape(strings.ToUpper(s.method)) + "&" + escape(address) + "&" + escape(strings.Join(pairs, "&"))
}

func comparePairs(a, b string) int {
	an, av, _ := strings.Cut(a, "=")
	bn, bv, _ := strings.Cut(b, "=")
	if c := strings.Compare(an, bn); c != 0 {
		return c
	}
	return strings.Compare(av, bv)
}

// authority returns the host in lower case, without the scheme's usual port.
func authority(host, scheme string) string {
	host = strings.ToLower(host)
	if scheme == "http" {
		return strings.TrimSuffix(host, ":80")
	}
	return strings.TrimSuffix(host, ":443")
}

// escape encodes as RFC 5849 §3.6 wants it: everything but the unreserved
// characters, in capitals.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
