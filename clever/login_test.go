package clever_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"runner/clever"
	"runner/clever/emulator"
)

// loggingIn returns an emulator and a client that has its consumer only.
func loggingIn(t *testing.T, change ...func(*clever.Config)) (*emulator.Emulator, *clever.Client) {
	return emulated(t, append([]func(*clever.Config){func(cfg *clever.Config) {
		cfg.Credentials.Token, cfg.Credentials.Secret = "", ""
	}}, change...)...)
}

var formField = regexp.MustCompile(`type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]+)"`)

// browse opens a page of the emulator and answers it. It returns where the browser goes then.
func browse(t *testing.T, e *emulator.Emulator, page, decision string) url.Values {
	t.Helper()
	do := func(r *http.Request) (*http.Response, string) {
		resp, err := e.Transport().RoundTrip(r)
		must(t, err)
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp, string(text)
	}
	_, text := do(httptest.NewRequest("GET", page, nil))
	form := url.Values{"decision": {decision}}
	for _, f := range formField.FindAllStringSubmatch(text, -1) {
		form.Set(f[1], f[2])
	}
	page, _, _ = strings.Cut(page, "?")
	r := httptest.NewRequest("POST", page, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, text := do(r)
	if resp.StatusCode >= 400 {
		t.Fatalf("POST %s: %d\n%s", page, resp.StatusCode, text)
	}
	back, err := url.Parse(resp.Header.Get("Location"))
	must(t, err)
	return back.Query()
}

func TestAuthorization(t *testing.T) {
	for _, m := range []clever.Method{clever.HMACSHA512, clever.HMACSHA1, clever.Plaintext} {
		t.Run(string(m), func(t *testing.T) {
			e, c := loggingIn(t, func(cfg *clever.Config) { cfg.Method = m })
			d, err := c.Authorize(t.Context(), "http://127.0.0.1:1/back?a=b&c=%20")
			must(t, err)
			verifier, err := d.Verifier(browse(t, e, d.URL(), "allow"))
			must(t, err)
			creds, err := d.Finish(t.Context(), verifier)
			must(t, err)
			if in := time.Until(creds.Expires); in < 80*24*time.Hour || in > 100*24*time.Hour {
				t.Errorf("expires in %s", in)
			}
			user, err := clever.New(clever.Config{Endpoint: "http://emulator.test", Transport: e.Transport(), Credentials: creds, Method: m})
			must(t, err)
			if self, err := user.Self(t.Context()); err != nil || self.ID != e.User() {
				t.Errorf("logged in as %q, %v", self.ID, err)
			}
			if info, err := user.Token(t.Context()); err != nil || info.ExpirationDate != creds.Expires.UnixMilli() {
				t.Errorf("the token in use: %+v, %v", info, err)
			}
			if _, err := d.Finish(t.Context(), verifier); !clever.IsAuth(err) {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

func TestAuthorizationDenied(t *testing.T) {
	e, c := loggingIn(t)
	d, err := c.Authorize(t.Context(), "http://127.0.0.1:1/")
	must(t, err)
	other, err := c.Authorize(t.Context(), "http://127.0.0.1:1/")
	must(t, err)
	for _, tt := range []struct {
		name  string
		query url.Values
		want  string
	}{
		{"denied", browse(t, e, d.URL(), "deny"), "the login was denied on the platform's page"},
		{"another login's", browse(t, e, other.URL(), "allow"), "the browser came back with the answer to another login"},
		{"nothing", nil, "the browser came back with the answer to another login"},
	} {
		if _, err := d.Verifier(tt.query); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

type answers func(*http.Request) (*http.Response, error)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respond(status int, body string) answers {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// What a server may say instead of a request token. Nothing of half a token, nor
// the consumer's secret, is in the message.
func TestAuthorizationThatCannotBegin(t *testing.T) {
	for _, tt := range []struct {
		name string
		rt   answers
		want string
		auth bool
	}{
		{"refused", respond(401, `{"id":2001,"message":"unknown consumer hushhush","type":"error"}`),
			"the platform refused POST /v2/oauth/request_token: 401, not authenticated: unknown consumer ******** (2001)", true},
		{"a page", respond(200, "<html>hushhush</html>"),
			"the platform answered POST /v2/oauth/request_token with something that is no request token", false},
		{"half", respond(200, "oauth_token=hushhush"),
			"the platform answered POST /v2/oauth/request_token with something that is no request token", false},
		{"not confirmed", respond(200, "oauth_token=hushhush&oauth_token_secret=hushhush"),
			"the platform answered POST /v2/oauth/request_token with something that is no request token", false},
		{"elsewhere", respond(302, ""),
			`the platform refused POST /v2/oauth/request_token: 302, found: it points to ""`, false},
		{"no network", func(*http.Request) (*http.Response, error) { return nil, io.EOF },
			"no answer from http://platform.test to POST /v2/oauth/request_token: the connection was closed too early", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			requests := 0
			c, err := clever.New(clever.Config{
				Endpoint: "http://platform.test", Credentials: clever.Credentials{ConsumerKey: "consumer", ConsumerSecret: "hushhush"},
				Transport: answers(func(r *http.Request) (*http.Response, error) { requests++; return tt.rt(r) }),
			})
			must(t, err)
			_, err = c.Authorize(t.Context(), "http://127.0.0.1:1/")
			if err == nil || err.Error() != tt.want || clever.IsAuth(err) != tt.auth || requests != 1 {
				t.Errorf("requests %d times: %v", requests, err)
			}
		})
	}
}

func TestAuthorizationGivenUp(t *testing.T) {
	_, c := loggingIn(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Authorize(ctx, "http://127.0.0.1:1/"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestCLILogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := emulator.New(emulator.Options{Strict: true})
		must(t, err)
		c, err := clever.New(clever.Config{Endpoint: "http://emulator.test", Transport: e.Transport()})
		must(t, err)
		word := clever.NewCLIWord()
		page, err := clever.CLIPage("http://emulator.test/cli-oauth?theme=dark", word)
		must(t, err)
		if u, _ := url.Parse(page); u.Query().Get("cli_token") != word || u.Query().Get("theme") != "dark" || u.Query().Get("cli_version") == "" {
			t.Errorf("the page is %s", page)
		}
		go func() {
			time.Sleep(time.Minute)
			browse(t, e, page, "allow")
		}()
		begun := time.Now()
		creds, err := c.AwaitCLI(t.Context(), word, 2*time.Second)
		must(t, err)
		if waited := time.Since(begun); waited < time.Minute || waited > time.Minute+2*time.Second {
			t.Errorf("answered after %s", waited)
		}
		user, err := clever.New(clever.Config{Endpoint: "http://emulator.test", Transport: e.Transport(), Credentials: creds})
		must(t, err)
		if self, err := user.Self(t.Context()); err != nil || self.ID != e.User() || creds.Expires.IsZero() {
			t.Errorf("logged in as %q until %s, %v", self.ID, creds.Expires, err)
		}

		word = clever.NewCLIWord()
		page, _ = clever.CLIPage("http://emulator.test/cli-oauth", word)
		browse(t, e, page, "deny")
		if _, err := c.AwaitCLI(t.Context(), word, time.Second); err == nil || err.Error() != "the login was denied on the platform's page" {
			t.Errorf("denied: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.AwaitCLI(ctx, clever.NewCLIWord(), time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody answers: %v", err)
		}
	})
}

func TestCLIAnswers(t *testing.T) { synctest.Test(t, cliAnswers) }

func cliAnswers(t *testing.T) {
	for _, tt := range []struct{ body, token, expires, err string }{
		{`{"token":"t","secret":"s","expirationDate":"2027-06-30T10:00:00.000Z"}`, "t", "2027-06-30", ""},
		{`{"token":"t","secret":"s","expirationDate":"2027-06-30T10:00:00.000+0000"}`, "t", "2027-06-30", ""},
		{`[{"token":"t","secret":"s","expirationDate":1814349600000}]`, "t", "2027-06-30", ""},
		{`{"token":"t","secret":"s"}`, "t", "0001-01-01", ""},
		{`{"token":"t"}`, "", "0001-01-01", "the platform answered GET /v2/self/cli_tokens with something that is no token"},
		{`[]`, "", "0001-01-01", "the platform answered GET /v2/self/cli_tokens with something that is no token"},
		{`null`, "", "0001-01-01", "the platform answered GET /v2/self/cli_tokens with null where a value is due, tried 4 times"},
		{`{"token":5}`, "", "0001-01-01", "the platform answered GET /v2/self/cli_tokens with something that is no token"},
		{`<html>`, "", "0001-01-01", "the platform answered GET /v2/self/cli_tokens with a web page where JSON is due, tried 4 times"},
	} {
		c, err := clever.New(clever.Config{Transport: respond(200, tt.body)})
		must(t, err)
		creds, err := c.AwaitCLI(t.Context(), "the-word", time.Second)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.err || creds.Token != tt.token || creds.Expires.UTC().Format(time.DateOnly) != tt.expires {
			t.Errorf("%s: %q until %s, %q", tt.body, creds.Token, creds.Expires, got)
		}
	}
}

func TestCLIPage(t *testing.T) {
	for _, bad := range []string{"", "console.test", "file:///etc/passwd", "javascript:alert(1)", "http://"} {
		if page, err := clever.CLIPage(bad, "word"); err == nil {
			t.Errorf("%q gives %s", bad, page)
		}
	}
}

func TestExpiryWarning(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const day = 24 * time.Hour
	for _, tt := range []struct {
		in   time.Duration
		want string
	}{
		{11 * day, ""},
		{10*day + time.Second, ""},
		{10 * day, "the token from here expires in 10 days, on 2026-01-12: log in again with `runner login`"},
		{day, "the token from here expires in 1 day, on 2026-01-03: log in again with `runner login`"},
		{time.Hour, "the token from here expires in less than a day, on 2026-01-02: log in again with `runner login`"},
		{0, "the token from here expired on 2026-01-02: log in again with `runner login`"},
		{-day, "the token from here expired on 2026-01-01: log in again with `runner login`"},
	} {
		c := clever.Credentials{Source: "here", Expires: now.Add(tt.in)}
		if got := c.ExpiryWarning(now); got != tt.want {
			t.Errorf("in %s: %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := (clever.Credentials{}).ExpiryWarning(now); got != "" {
		t.Errorf("not known: %q", got)
	}
}
