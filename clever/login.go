package clever

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dghubble/oauth1"
)

// A LoginError says why a login led to no token.
type LoginError struct {
	Reason string
	Advice string // what to do about it
}

func (e *LoginError) Error() string { return e.Reason }

// Hint says what to do about it.
func (e *LoginError) Hint() string { return e.Advice }

// Detail is empty.
func (*LoginError) Detail() string { return "" }

// An Authorization is a login by which a user lets a consumer have a token of its own, in the
// three steps of OAuth 1.0a (docs/platform.md §1.5): a request token, the user's yes on a page of
// the platform, an access token.
type Authorization struct {
	client        *Client
	token, secret string // of the request
}

// Authorize begins a login with the consumer of the client's credentials, which have
// no token. The user's browser ends at callback, a URL.
func (c *Client) Authorize(ctx context.Context, callback string) (*Authorization, error) {
	const path = "/v2/oauth/request_token"
	d := &Authorization{client: c}
	config, out := d.config(ctx, path)
	config.CallbackURL = callback
	var err error
	d.token, d.secret, err = config.RequestToken()
	return d, out.withHint(err, "request token")
}

// URL returns the page on which the user says yes or no.
func (d *Authorization) URL() string {
	return d.client.endpoint + "/v2/oauth/authorize?" + url.Values{"oauth_token": {d.token}}.Encode()
}

// Verifier reads what the browser brought to the callback. It fails with
// *LoginError where the user said no, or the answer belongs to another login.
func (d *Authorization) Verifier(query url.Values) (string, error) {
	verifier := query.Get("oauth_verifier")
	switch {
	case query.Get("oauth_token") != d.token:
		return "", &LoginError{"the browser came back with the answer to another login", "begin again with `runner login`, and use the page that it opens"}
	case verifier == "":
		return "", denied()
	}
	return verifier, nil
}

func denied() error {
	return &LoginError{"the login was denied on the platform's page", "begin again with `runner login`, and allow it there"}
}

// Accept returns a verifier that the user typed in, in the form of a callback's query.
func (d *Authorization) Accept(verifier string) url.Values {
	return url.Values{"oauth_token": {d.token}, "oauth_verifier": {verifier}}
}

// Finish exchanges the verifier for the user's token, which works once.
func (d *Authorization) Finish(ctx context.Context, verifier string) (Credentials, error) {
	config, out := d.config(ctx, "/v2/oauth/access_token")
	token, secret, err := config.AccessToken(d.token, d.secret, verifier)
	if err := out.withHint(err, "access token"); err != nil {
		return Credentials{}, err
	}
	more, _ := url.ParseQuery(string(out.body)) // the library read the same text
	return Credentials{
		ConsumerKey: d.client.creds.ConsumerKey, ConsumerSecret: d.client.creds.ConsumerSecret,
		Token: token, Secret: secret, Source: "the login", Expires: dateOfText(more.Get("expiration_date")),
	}, nil
}

// config sets the signing library up for one step, which goes out through the client.
func (d *Authorization) config(ctx context.Context, path string) (*oauth1.Config, *step) {
	c := d.client
	out := &step{ctx: ctx, client: c, call: call{method: http.MethodPost, path: path, public: true}}
	config := oauth1.NewConfig(c.creds.ConsumerKey, c.creds.ConsumerSecret)
	config.Endpoint = oauth1.Endpoint{RequestTokenURL: c.endpoint + path, AccessTokenURL: c.endpoint + path}
	config.Signer = signerOf(c.method, c.creds.ConsumerSecret)
	config.HTTPClient = &http.Client{Transport: out}
	return config, out
}

// A step is the way out for one request of an authorization: that of all other requests,
// with their limits and errors. The library knows neither, nor a context.
type step struct {
	ctx    context.Context
	client *Client
	call   call
	body   []byte // of the answer
}

// RoundTrip sends what the library signed, once.
func (s *step) RoundTrip(signed *http.Request) (*http.Response, error) {
	s.call.authorization = signed.Header.Get("Authorization")
	r, err := s.client.try(s.ctx, s.call, 1)
	if err := s.client.ended(s.call, r, err); err != nil {
		return nil, err
	}
	s.body = bytes.TrimSpace(r.body)
	return &http.Response{StatusCode: http.StatusOK, Header: r.header, Request: signed, Body: io.NopCloser(bytes.NewReader(s.body))}, nil
}

// withHint returns the error of a step as others are reported, without what the library
// repeats of the answer: it may hold half of a token.
func (s *step) withHint(err error, what string) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return &Error{
			Method: s.call.method, Path: s.call.path, Status: http.StatusOK, Tries: 1, endpoint: s.client.endpoint,
			kind: notUnderstood, Message: "something that is no " + what, sent: true,
		}
	}
	if e.Status == http.StatusUnauthorized {
		e.advice = "check the consumer key, its secret and this machine's clock, and that the login took no more than some minutes"
	}
	return e
}

// cliVersion is the version of clever-tools whose login CLIPage and AwaitCLI follow.
const cliVersion = "4.11.0"

// NewCLIWord draws the word by which a login on the console's page is known.
// Whoever has it can fetch the token.
func NewCLIWord() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails: the process would have ended
	return base64.RawURLEncoding.EncodeToString(b)
}

// CLIPage returns the page of the console on which the user says yes. console is
// the page's URL without the word.
func CLIPage(console, word string) (string, error) {
	u, err := url.Parse(console)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", errors.New("the console's address is not an http or https URL: give one such as " + DefaultConsole)
	}
	q := u.Query()
	q.Set("cli_version", cliVersion)
	q.Set("cli_token", word)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// DefaultConsole is the real platform's (docs/platform.md §1.1).
const DefaultConsole = "https://console.clever-cloud.com"

// AwaitCLI asks for the token of a login on the console's page until it is
// there, each time after a pause. The credentials are for the client's consumer.
func (c *Client) AwaitCLI(ctx context.Context, word string, every time.Duration) (Credentials, error) {
	q := call{method: http.MethodGet, path: "/v2/self/cli_tokens", query: url.Values{"cli_token": {word}}, public: true}
	for {
		text, err := fetch[json.RawMessage](ctx, c, q)
		switch {
		case err == nil:
			return c.readCLI(text)
		case hasStatus(err, http.StatusForbidden):
			return Credentials{}, denied()
		case !IsNotFound(err):
			return Credentials{}, withoutQuery(err)
		}
		if err := pause(ctx, every); err != nil {
			return Credentials{}, err
		}
	}
}

// withoutQuery takes the word out of an error.
func withoutQuery(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Path, _, _ = strings.Cut(e.Path, "?")
	}
	return err
}

// readCLI reads the token as clever-tools does, an object, or as the platform's
// description has it, a list of one (U5).
func (c *Client) readCLI(text json.RawMessage) (Credentials, error) {
	var list []profile
	if json.Unmarshal(text, &list) != nil || len(list) == 0 {
		list = make([]profile, 1)
		_ = json.Unmarshal(text, &list[0]) // what is missing is reported below
	}
	p := list[0]
	if p.Token == "" || p.Secret == "" {
		return Credentials{}, &Error{
			Method: http.MethodGet, Path: "/v2/self/cli_tokens", Status: http.StatusOK, Tries: 1, endpoint: c.endpoint,
			kind: notUnderstood, Message: "something that is no token", sent: true,
		}
	}
	key, secret := PublicConsumer()
	return Credentials{
		ConsumerKey: cmp.Or(c.creds.ConsumerKey, key), ConsumerSecret: cmp.Or(c.creds.ConsumerSecret, secret),
		Token: p.Token, Secret: p.Secret, Source: "the login", Expires: dateOf(p.Expires),
	}, nil
}

// Token reads what the platform knows of the token in use.
func (c *Client) Token(ctx context.Context) (TokenInfo, error) {
	return read[TokenInfo](ctx, c, "/v2/self/tokens/current")
}

// EndToken has the platform end the token in use (docs/platform.md §1.5), which is no good for
// anybody from then on. One that is no good already is no error. It asks once: who
// leaves does not wait for a platform that is busy.
func (c *Client) EndToken(ctx context.Context) error {
	q := call{method: http.MethodDelete, path: "/v2/self/tokens/" + oauth1.PercentEncode(c.creds.Token)}
	r, err := c.try(ctx, q, 1)
	if err == nil && (r.status == http.StatusUnauthorized || r.status == http.StatusNotFound) {
		return nil
	}
	return c.ended(q, r, err)
}

// expirySoon is how long before its end a token is warned about.
const expirySoon = 10 * 24 * time.Hour

// ExpiryWarning says that the token ends soon or has ended; "" otherwise, and
// where its end is not known.
func (c Credentials) ExpiryWarning(now time.Time) string {
	left := c.Expires.Sub(now)
	switch {
	case c.Expires.IsZero(), left > expirySoon:
		return ""
	case left <= 0:
		return fmt.Sprintf("the token from %s expired on %s: log in again with `runner login`", c.Source, c.Expires.UTC().Format(time.DateOnly))
	}
	days := "in less than a day"
	if n := int(left / (24 * time.Hour)); n == 1 {
		days = "in 1 day"
	} else if n > 1 {
		days = fmt.Sprintf("in %d days", n)
	}
	return fmt.Sprintf("the token from %s expires %s, on %s: log in again with `runner login`",
		c.Source, days, c.Expires.UTC().Format(time.DateOnly))
}
