package manifest

import (
	"crypto/sha1" // the marketplaces chose it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Scheme is how the proof of a single sign-on is made; its name is that of the
// form's field which carries it.
type Scheme string

// The schemes. Only Signature and UserScopedToken cover who signs in: with the
// others the e-mail address is anybody's claim.
const (
	Token           Scheme = "token"                      // sha1 of id, salt, timestamp
	Signature       Scheme = "signature"                  // sha512 of id, user, e-mail, nav-data, salt, timestamp
	ResourceToken   Scheme = "resource_token"             // sha1 of the market's uuid, salt, timestamp
	UserScopedToken Scheme = "user_scoped_resource_token" // sha256 of uuid, salt, timestamp, user, e-mail
)

// Scheme returns the best scheme that a dialect has.
func (d Dialect) Scheme() Scheme {
	switch d {
	case Clever:
		return Signature
	case HerokuV3:
		return UserScopedToken
	}
	return Token
}

// schemes returns all schemes whose proofs a dialect's form carries.
func (d Dialect) schemes() []Scheme {
	switch d {
	case Clever:
		return []Scheme{Token, Signature}
	case HerokuV3:
		return []Scheme{Token, ResourceToken, UserScopedToken}
	}
	return []Scheme{Token}
}

// A Login is somebody who opens the dashboard of an add-on.
type Login struct {
	ID         string // the vendor's id of the add-on
	ResourceID string // the market's uuid; Heroku v3 only
	UserID     string
	Email      string
	NavData    string
	App        string
	Timestamp  string // as written; set by Stamp
}

// Stamp returns a moment as a dialect writes it.
func (d Dialect) Stamp(at time.Time) string {
	if d == Clever {
		return strconv.FormatInt(at.UnixMilli(), 10)
	}
	return strconv.FormatInt(at.Unix(), 10)
}

// Proof returns the proof of a login, in lower-case hex.
func (r Scheme) Proof(l Login, salt string) string {
	var h hash.Hash
	var parts []string
	switch r {
	case Signature:
		h, parts = sha512.New(), []string{l.ID, l.UserID, l.Email, l.NavData, salt, l.Timestamp}
	case ResourceToken:
		h, parts = sha1.New(), []string{l.ResourceID, salt, l.Timestamp}
	case UserScopedToken:
		h, parts = sha256.New(), []string{l.ResourceID, salt, l.Timestamp, l.UserID, l.Email}
	default:
		h, parts = sha1.New(), []string{l.ID, salt, l.Timestamp}
	}
	h.Write([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h.Sum(nil))
}

// field is a field of a form with its value.
type field struct{ name, value string }

// fields returns what a dialect's form carries beside the proofs.
func (l Login) fields(d Dialect) []field {
	all := []field{{"id", l.ID}, {"timestamp", l.Timestamp}}
	switch d {
	case Clever:
		all = append(all, field{"nav-data", l.NavData}, field{"email", l.Email}, field{"user_id", l.UserID})
	case HerokuV1:
		all = append(all, field{"nav-data", l.NavData}, field{"email", l.Email}, field{"app", l.App})
	case HerokuV3:
		all = append(all, field{"resource_id", l.ResourceID}, field{"nav-data", l.NavData}, field{"email", l.Email},
			field{"user_id", l.UserID}, field{"app", l.App}, field{"context_app", l.App})
	}
	return all
}

// signed returns the fields that the separator of the schemes must not be in: who
// could put it there could move a border between two fields.
func (l Login) signed() []field {
	return []field{{"id", l.ID}, {"resource_id", l.ResourceID}, {"user_id", l.UserID}, {"email", l.Email}, {"nav-data", l.NavData}}
}

// unambiguous reports which field has a ":" or a control character in it.
func (l Login) unambiguous() error {
	for _, f := range l.signed() {
		if strings.ContainsFunc(f.value, func(r rune) bool { return r == ':' || r < ' ' || r == 0x7f }) {
			return fmt.Errorf("%s has a %q or a control character in it: it cannot be signed without ambiguity", f.name, ":")
		}
	}
	return nil
}

// A SignIn is what a browser sends to open a dashboard. It is worth a session:
// do not print it where others read.
type SignIn struct {
	Method string // POST; GET in the old form
	URL    string // without the fields
	Form   url.Values
}

// SignIn makes the signed form that opens the dashboard of an add-on now. A login
// without Timestamp gets the moment's.
func (m *Manifest) SignIn(s Site, l Login, now time.Time) (*SignIn, error) {
	switch {
	case s.SSOURL == "":
		return nil, fmt.Errorf("the manifest has no sso_url")
	case m.SSOSalt == "":
		return nil, fmt.Errorf("the manifest has no api.sso_salt")
	case l.ID == "":
		return nil, fmt.Errorf("whose dashboard? the add-on's id is missing")
	}
	if err := l.unambiguous(); err != nil {
		return nil, err
	}
	if l.Timestamp == "" {
		l.Timestamp = m.Dialect.Stamp(now)
	}
	in := &SignIn{Method: http.MethodPost, URL: s.SSOURL, Form: url.Values{}}
	for _, f := range l.fields(m.Dialect) {
		in.Form.Set(f.name, f.value)
	}
	for _, r := range m.Dialect.schemes() {
		in.Form.Set(string(r), r.Proof(l, m.SSOSalt))
	}
	if s.Old {
		in.Method, in.URL = http.MethodGet, s.SSOURL+"/"+url.PathEscape(l.ID)
		in.Form.Del("id")
	}
	return in, nil
}

// Address returns URL and fields as one URL, for the old form and for printing.
func (s *SignIn) Address() string {
	glue := "?"
	if strings.Contains(s.URL, "?") {
		glue = "&"
	}
	return s.URL + glue + s.Form.Encode()
}

// submits is the script of the page, the only one that its Policy lets run.
const submits = "document.forms[0].submit()"

var signInPage = template.Must(template.New("sign in").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Signing in</title></head>
<body onload="` + submits + `">
<form method="{{.Method}}" action="{{.URL}}">
{{range $name, $values := .Form}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}<noscript><button>Open the dashboard</button></noscript>
</form></body></html>
`))

// WritePage writes a page that sends the form by itself, so that the proof is in
// no address line.
func (s *SignIn) WritePage(w io.Writer) error { return signInPage.Execute(w, s) }

// PagePolicy returns the Content-Security-Policy with which a server sends that page.
// Where the form goes is not in it: browsers would hold the dashboard's own
// redirects to that.
func PagePolicy() string {
	sum := sha256.Sum256([]byte(submits))
	return "default-src 'none'; script-src 'unsafe-hashes' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"base-uri 'none'; frame-ancestors 'none'"
}

// Proofs returns the proofs of the form, which are worth a session.
func (s *SignIn) Proofs() []string {
	var all []string
	for _, r := range []Scheme{Token, Signature, ResourceToken, UserScopedToken} {
		if s.Form.Has(string(r)) {
			all = append(all, s.Form.Get(string(r)))
		}
	}
	return all
}
