package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"runner/clever/emulator"
	"runner/cmd"
	"runner/cmd/ui"
)

// A surfer is what a user does with the page that a login opens. It is
// given the page's address.
type surfer func(ctx context.Context, address string) error

// login runs runner as a user with a browser does.
func (s *shell) login(t *testing.T, browse surfer, in string, args ...string) (code int, out, err string) {
	t.Helper()
	return s.loginIn(t.Context(), browse, strings.NewReader(in), args...)
}

func (s *shell) loginIn(ctx context.Context, browse surfer, in io.Reader, args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	p := cmd.Program{Streams: ui.Streams{In: in, Out: &stdout, Err: &stderr,
		Getenv: func(name string) string { return s.env[name] }}, Args: append([]string{"runner", "login"}, args...),
	}
	p.Browsing(browse)
	code = p.Run(ctx)
	return code, stdout.String(), stderr.String()
}

// loggedOut points a shell at a strict emulator, without a token.
func (s *shell) loggedOut(t *testing.T) *emulator.Emulator {
	t.Helper()
	e := s.on(t, emulator.Options{Strict: true})
	delete(s.env, "CLEVER_TOKEN")
	delete(s.env, "CLEVER_SECRET")
	return e
}

func (s *shell) profile() string {
	return filepath.Join(s.env["HOME"], ".config", "clever-cloud", "clever-tools.json")
}

var formField = regexp.MustCompile(`type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]+)"`)

// answers returns a browser that answers a page, and goes where it is sent. Where it
// ends is sent to a channel, if there is one.
func answers(decision string, change func(back *url.URL), ended chan<- string) surfer {
	return func(ctx context.Context, address string) error {
		ctx = context.WithoutCancel(ctx) // a browser outlives runner
		go func() {
			text := surf(ctx, address, decision, change)
			if ended != nil {
				ended <- text
			}
		}()
		return nil
	}
}

// surf opens a page, sends its form, and follows where that leads. It returns the
// last page, or what went wrong.
// What it is not to tick, it does not send.
func surf(ctx context.Context, address, decision string, change func(*url.URL), untick ...string) string {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(method, address string, form url.Values) (*http.Response, string) {
		r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err.Error()
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := client.Do(r)
		if err != nil {
			return nil, err.Error()
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp, string(text)
	}
	_, text := get("GET", address, nil)
	form := url.Values{"decision": {decision}}
	for _, f := range formField.FindAllStringSubmatch(text, -1) {
		form.Set(f[1], f[2])
	}
	for _, name := range untick {
		form.Del(name)
	}
	address, _, _ = strings.Cut(address, "?")
	resp, text := get("POST", address, form)
	if resp == nil {
		return text
	}
	back, err := resp.Location()
	if err != nil {
		return text
	}
	if change != nil {
		change(back)
	}
	_, text = get("GET", back.String(), nil)
	return text
}

func TestLogin(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.loggedOut(t)
	ended := make(chan string, 1)
	code, out, stderr := s.login(t, answers("allow", nil, ended), "")
	if code != 0 || !strings.HasPrefix(out, "logged in as Example Operator <ops@example.test>, good until 20") || !strings.Contains(out, "\nprofile default of "+s.profile()+"\n") {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	if text := <-ended; !strings.Contains(text, "<h1>Logged in</h1>") {
		t.Errorf("the browser shows\n%s", text)
	}
	// From here on the profile tells all: endpoint, consumer, token.
	delete(s.env, "API_HOST")
	delete(s.env, "OAUTH_CONSUMER_KEY")
	delete(s.env, "OAUTH_CONSUMER_SECRET")
	if code, out, stderr := s.run("whoami"); code != 0 || !strings.Contains(out, e.User()) || !strings.Contains(out, "from profile default of") || stderr != "" {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	if code, out, stderr := s.run("play", s.file(t, "site.yml", orders(1))); code != 0 || len(e.Addons(e.User())) != 1 {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	if code, out, stderr := s.run("logout"); code != 0 || out != "logged out of default; its token is ended\n" || stderr != "" {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	if code, _, stderr := s.run("whoami"); code != 5 {
		t.Errorf("after the logout: exit %d\n%s", code, stderr)
	}
}

// What was not ticked at the login is refused, and the user sees what is missing
// and what to do about it.
func TestLoginWithoutARight(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		right string
		args  []string
		code  int
	}{
		{"access_organisations", []string{"whoami"}, 5},
		{"access_organisations", []string{"play"}, 2},
		{"manage_organisations_services", []string{"play"}, 2},
	} {
		s := newShell(t)
		e := s.loggedOut(t)
		browse := func(ctx context.Context, address string) error {
			go surf(ctx, address, "allow", nil, tt.right)
			return nil
		}
		if code, out, stderr := s.login(t, browse, ""); code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out, stderr)
		}
		if tt.args[0] == "play" {
			tt.args = append(tt.args, s.file(t, "site.yml", orders(1)))
		}
		code, out, stderr := s.run(tt.args...)
		all := strings.Join(strings.Fields(out+stderr), " ")
		if code != tt.code || !strings.Contains(all, "This token lacks the right "+tt.right) || !strings.Contains(all, "log in again with `runner login`, and leave the rights ticked") {
			t.Errorf("%v without %s: exit %d\n%s%s", tt.args, tt.right, code, out, stderr)
		}
		if list := e.Addons(e.User()); len(list) != 0 {
			t.Errorf("there is %v", list)
		}
	}
	s := newShell(t)
	s.loggedOut(t)
	browse := func(ctx context.Context, address string) error {
		go surf(ctx, address, "allow", nil, "access_personal_information")
		return nil
	}
	code, _, stderr := s.login(t, browse, "")
	if _, err := os.Stat(s.profile()); code != 5 || !strings.Contains(stderr, "lacks the right access_personal_information") || !os.IsNotExist(err) {
		t.Errorf("a login that must not know whose it is: exit %d, %v\n%s", code, err, stderr)
	}
}

func TestLoginByTheConsole(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.loggedOut(t)
	delete(s.env, "OAUTH_CONSUMER_KEY")
	delete(s.env, "OAUTH_CONSUMER_SECRET")
	// The answer is there before the first look.
	code, out, stderr := s.login(t, func(ctx context.Context, address string) error { surf(ctx, address, "allow", nil); return nil }, "", "--alias", "work")
	if code != 0 || !strings.Contains(out, "profile work of") {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	if code, out, stderr := s.run("whoami"); code != 0 {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	text, err := os.ReadFile(s.profile())
	if err != nil || strings.Contains(string(text), "CONSUMER") || !strings.Contains(string(text), s.env["API_HOST"]) {
		t.Errorf("%v\n%s", err, text)
	}
}

// Where a login fails, the user sees why, and nothing is stored.
func TestLoginThatFails(t *testing.T) {
	t.Parallel()
	nobody := surfer(func(context.Context, string) error { return nil })
	for _, tt := range []struct {
		name   string
		browse surfer
		in     string
		args   []string
		code   int
		want   string
	}{
		{"denied", answers("deny", nil, nil), "", nil, 5, "error: the login was denied on the platform's page; nothing was stored; begin again"},
		{"denied on the console's page", func(ctx context.Context, address string) error { surf(ctx, address, "deny", nil); return nil }, "",
			[]string{"--cli"}, 5, "error: the login was denied on the platform's page; nothing was stored; begin again"},
		{"the answer to another login", answers("allow", func(back *url.URL) { back.RawQuery = "oauth_token=other&oauth_verifier=v" }, nil), "", nil, 5,
			"error: the browser came back with the answer to another login; nothing was stored; begin again"},
		{"a callback that nobody awaits", answers("allow", func(back *url.URL) { back.Path = "/guessed" }, nil), "", []string{"--timeout", "300ms"}, 5,
			"error: nobody answered within 300ms; nothing was stored; begin again"},
		{"nobody comes", nobody, "", []string{"--timeout", "50ms"}, 5, "error: nobody answered within 50ms; nothing was stored; begin again with `runner login`; --timeout waits longer"},
		{"nobody comes to the console", nobody, "", []string{"--cli", "--timeout", "50ms"}, 5, "error: nobody answered within 50ms; nothing was stored"},
		{"forged verifier", answers("allow", func(back *url.URL) {
			q := back.Query()
			q.Set("oauth_verifier", "forged")
			back.RawQuery = q.Encode()
		}, nil), "", nil, 5, "error: the platform refused POST /v2/oauth/access_token: 401, not authenticated: Not authenticated: oauth_verifier is wrong"},
		{"wrong secret of the consumer", nobody, "hushhush\n", []string{"--consumer-key", "other"}, 5, "error: the platform refused POST /v2/oauth/request_token: 401"},
		{"wrong token", nobody, "emulator-token\nhushhush\n", []string{"--token-stdin"}, 5, "error: the platform refused GET /v2/self: 401"},
		{"half a token", nobody, "emulator-token\n", []string{"--token-stdin"}, 5, "error: secret of the token is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			s.loggedOut(t)
			code, out, stderr := s.login(t, tt.browse, tt.in, tt.args...)
			if code != tt.code || out != "" || !strings.Contains(stderr, tt.want) || strings.Contains(stderr, "hushhush") {
				t.Errorf("exit %d\n%s%s", code, out, stderr)
			}
			if _, err := os.Stat(s.profile()); !os.IsNotExist(err) {
				t.Errorf("a profile was stored: %v", err)
			}
		})
	}
}

func TestLoginInterrupted(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.loggedOut(t)
	ctx, cancel := context.WithCancel(t.Context())
	code, out, _ := s.loginIn(ctx, func(context.Context, string) error { cancel(); return nil }, strings.NewReader(""))
	if _, err := os.Stat(s.profile()); code != 130 || out != "" || !os.IsNotExist(err) {
		t.Errorf("exit %d, %q, %v", code, out, err)
	}
}

// Without a browser the page is printed, and the user brings back what another
// one shows.
func TestLoginWithoutABrowser(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		bring func(back *url.URL) string
	}{
		{"the address", func(back *url.URL) string { return "\n" + "http://elsewhere.test/\n" + back.String() + "\n" }},
		{"the verifier", func(back *url.URL) string { return back.Query().Get("oauth_verifier") + "\n" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			s.loggedOut(t)
			in, typed := io.Pipe()
			output, stderr := io.Pipe()
			done := make(chan int)
			go func() {
				p := cmd.Program{Streams: ui.Streams{In: in, Out: io.Discard, Err: stderr, Getenv: func(name string) string { return s.env[name] }}, Args: []string{"runner", "login", "--no-browser"}}
				code := p.Run(t.Context())
				_ = stderr.Close()
				done <- code
			}()
			address, back := awaitPage(t, output), (*url.URL)(nil)
			surf(t.Context(), address, "allow", func(u *url.URL) { copied := *u; back = &copied; u.Path = "/nowhere" })
			go func() { _, _ = io.WriteString(typed, tt.bring(back)) }()
			if code := <-done; code != 0 {
				t.Errorf("exit %d", code)
			}
			if code, out, stderr := s.run("whoami"); code != 0 {
				t.Errorf("exit %d\n%s%s", code, out, stderr)
			}
		})
	}
}

// awaitPage reads what a login prints until the page's address comes, and goes on
// reading.
func awaitPage(t *testing.T, printed io.Reader) string {
	t.Helper()
	var text strings.Builder
	one := make([]byte, 1)
	for {
		if _, err := printed.Read(one); err != nil {
			t.Fatalf("it ended with\n%s", text.String())
		}
		text.Write(one)
		if found := regexp.MustCompile(`\n  (http\S+)\n`).FindStringSubmatch(text.String()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, printed) }()
			return found[1]
		}
	}
}

// A damaged file is reported before anybody is asked, and left alone.
func TestLoginWithDamagedProfiles(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.loggedOut(t)
	if err := os.MkdirAll(filepath.Dir(s.profile()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.profile(), []byte(`{"version":`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := s.login(t, func(context.Context, string) error { t.Error("a browser was opened"); return nil }, "")
	if text, _ := os.ReadFile(s.profile()); code != 5 || !strings.Contains(stderr, "the file is damaged") || string(text) != `{"version":` {
		t.Errorf("exit %d, %s\n%s", code, text, stderr)
	}
}

// Of a profile that ends soon there is one warning, from whoami and from play.
func TestExpiryIsWarnedOf(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.loggedOut(t)
	s.login(t, answers("allow", nil, nil), "")
	text, err := os.ReadFile(s.profile())
	if err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(10*24*time.Hour - time.Minute).UTC().Format(time.RFC3339)
	text = regexp.MustCompile(`("expirationDate": )"[^"]+"`).ReplaceAll(text, []byte(`$1"`+soon+`"`))
	if err := os.WriteFile(s.profile(), text, 0o600); err != nil {
		t.Fatal(err)
	}
	book := s.file(t, "site.yml", orders(3))
	for _, args := range [][]string{{"whoami"}, {"whoami", "--format", "json"}, {"play", book}, {"play", "--check", book}} {
		code, out, stderr := s.run(args...)
		stderr = introduced.ReplaceAllString(stderr, "")
		if code != 0 || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "warning: the token from profile default of") || !strings.Contains(stderr, "expires in 9 days") {
			t.Errorf("%v: exit %d\n%s%s", args, code, out, stderr)
		}
	}
}

func TestWhoamiAsJSON(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{Strict: true})
	code, out, stderr := s.run("whoami", "-F", "json")
	var got struct {
		User          struct{ ID, Name, Email string }
		Endpoint      string
		Credentials   struct{ Source, Expires string }
		Organisations []struct{ ID, Name string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, stderr)
	}
	if _, err := time.Parse(time.RFC3339, got.Credentials.Expires); err != nil || got.User.ID != e.User() || got.Endpoint != s.env["API_HOST"] ||
		got.Credentials.Source != "environment" || len(got.Organisations) != 1 || got.Organisations[0].ID != e.Organisations()[0] {
		t.Errorf("%+v", got)
	}
}

// What is not the browser's answer changes nothing at the port where it is awaited.
func TestTheCallbackIsForTheBrowserOnly(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.loggedOut(t)
	browse := func(ctx context.Context, address string) error {
		go surf(ctx, address, "allow", func(back *url.URL) {
			for _, tt := range []struct {
				method, address, host string
				want                  int
			}{
				{"GET", "http://" + back.Host + "/", "", 404},
				{"GET", "http://" + back.Host + "/favicon.ico", "", 404},
				{"GET", back.String(), "rebound.test", 404},
				{"POST", back.String(), "", 405},
			} {
				r, err := http.NewRequestWithContext(ctx, tt.method, tt.address, nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Host = tt.host
				resp, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != tt.want {
					t.Errorf("%s %s: %d", tt.method, tt.address, resp.StatusCode)
				}
			}
		})
		return nil
	}
	if code, _, stderr := s.login(t, browse, ""); code != 0 {
		t.Errorf("exit %d\n%s", code, stderr)
	}
}

// A platform of somebody who answers what he likes gets no further than a message.
func TestLoginAtAStrangersPlatform(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<html>hushhush</html>")
	}))
	defer server.Close()
	s.env["API_HOST"] = server.URL
	code, out, stderr := s.login(t, nil, "hushhush\n", "--consumer-key", "mine")
	if code != 1 || out != "" || !strings.Contains(stderr, "something that is no request token") || strings.Contains(stderr, "hushhush") {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
}
