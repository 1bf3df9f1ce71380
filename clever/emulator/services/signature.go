package services

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// This file verifies version 4 of AWS' signatures, in a header or in a query, without
// the client's library.

// maxSkew is how far a request's date may be from the server's time.
const maxSkew = 15 * time.Minute

// A claim is what a request says of who signed it.
type claim struct {
	key, date, region, service string
	headers                    []string // those that are signed
	signature                  string
	stamp                      string // 20260501T120000Z
	payload                    string // the hash of the body, or a word in its place
	query                      url.Values
}

// claimOf reads the header or the query; false if there is neither.
func claimOf(r *http.Request) (c claim, ok bool) {
	c.query = r.URL.Query()
	c.stamp, c.payload = r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Content-Sha256")
	fields := map[string]string{}
	rest, signed := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	switch {
	case signed:
		for part := range strings.SplitSeq(rest, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			fields[name] = value
		}
	case c.query.Get("X-Amz-Algorithm") == "AWS4-HMAC-SHA256":
		for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
			fields[name] = c.query.Get("X-Amz-" + name)
		}
		c.stamp, c.payload = c.query.Get("X-Amz-Date"), "UNSIGNED-PAYLOAD"
		c.query.Del("X-Amz-Signature")
	default:
		return c, false
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return c, false
	}
	c.key, c.date, c.region, c.service = scope[0], scope[1], scope[2], scope[3]
	c.headers, c.signature = strings.Split(fields["SignedHeaders"], ";"), fields["Signature"]
	return c, true
}

// fresh reports whether a request is of now: by its date, or as long as its query says.
func (c claim) fresh(now time.Time) bool {
	at, err := time.Parse("20060102T150405Z", c.stamp)
	if err != nil || !strings.HasPrefix(c.stamp, c.date) || at.After(now.Add(maxSkew)) {
		return false
	}
	life := maxSkew
	if seconds := c.query.Get("X-Amz-Expires"); seconds != "" {
		if d, err := time.ParseDuration(seconds + "s"); err == nil {
			life = d
		}
	}
	return !now.After(at.Add(life))
}

// good reports whether the signature is that of a secret.
func (c claim) good(r *http.Request, secret string) bool {
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	hash := sha256.Sum256([]byte(c.canonical(r)))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", c.stamp, strings.Join([]string{c.date, c.region, c.service, "aws4_request"}, "/"), hex.EncodeToString(hash[:])}, "\n")
	key := mac(mac(mac(mac([]byte("AWS4"+secret), c.date), c.region), c.service), "aws4_request")
	return hmac.Equal([]byte(hex.EncodeToString(mac(key, text))), []byte(c.signature))
}

// canonical returns the canonical request.
func (c claim) canonical(r *http.Request) string {
	var pairs []string
	for name, values := range c.query {
		for _, v := range values {
			pairs = append(pairs, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	var headers strings.Builder
	for _, name := range c.headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		headers.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	var path strings.Builder
	for i, part := range strings.Split(r.URL.Path, "/") {
		if i > 0 {
			path.WriteByte('/')
		}
		path.WriteString(escape(part))
	}
	return strings.Join([]string{r.Method, path.String(), strings.Join(pairs, "&"), headers.String(), strings.Join(c.headers, ";"), c.payload}, "\n")
}

// escape encodes everything but the unreserved characters.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
