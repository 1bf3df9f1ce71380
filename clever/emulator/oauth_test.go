package emulator

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A browser opens pages of an emulator, fills in their forms, and stops at
// redirects that lead elsewhere.
type browser struct {
	t       *testing.T
	e       *Emulator
	headers map[string]string // beside a form
}

func (b *browser) do(r *http.Request) (*http.Response, string) {
	b.t.Helper()
	resp, err := b.e.Transport().RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(body)
}

func (b *browser) open(path string) (int, string) {
	b.t.Helper()
	resp, text := b.do(httptest.NewRequest("GET", "http://emulator.test"+path, nil))
	return resp.StatusCode, text
}

var field = regexp.MustCompile(`(?:type="hidden" name|checkbox" name)="([^"]+)" value="([^"]+)"`)

// fields returns what a page's form would send.
func fields(page string) url.Values {
	form := url.Values{}
	for _, f := range field.FindAllStringSubmatch(page, -1) {
		form.Set(f[1], f[2])
	}
	return form
}

// answer fills in the form of a page; change may alter it.
func (b *browser) answer(page, decision string, change ...func(url.Values)) (*http.Response, string) {
	b.t.Helper()
	path := "/v2/oauth/authorize"
	if strings.HasPrefix(page, "/cli-oauth") {
		path = "/cli-oauth"
	}
	status, text := b.open(page)
	if status != http.StatusOK {
		b.t.Fatalf("GET %s: %d\n%s", page, status, text)
	}
	form := fields(text)
	form.Set("decision", decision)
	for _, f := range change {
		f(form)
	}
	return b.post(path, form)
}

func (b *browser) post(path string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	r := httptest.NewRequest("POST", "http://emulator.test"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	return b.do(r)
}

// A consumer is a consumer that logs in.
type consumer struct {
	*browser
	key, secret string
	token       string // the last one that it got
	tokenSecret string
}

func newConsumer(t *testing.T, e *Emulator) *consumer {
	key, secret, _, _ := e.Credentials()
	return &consumer{browser: &browser{t: t, e: e}, key: key, secret: secret}
}

// step sends one of the signed requests. It returns the answer's values, and keeps
// the token in them.
func (d *consumer) step(path string, members map[string]string) (int, url.Values) {
	d.t.Helper()
	r := httptest.NewRequest("POST", "http://emulator.test"+path, nil)
	all := []string{`oauth_consumer_key="` + d.key + `"`, `oauth_signature_method="PLAINTEXT"`, `oauth_signature="` + d.secret + "%26" + d.tokenSecret + `"`}
	for name, value := range members {
		all = append(all, name+`="`+url.QueryEscape(value)+`"`)
	}
	r.Header.Set("Authorization", "OAuth "+strings.Join(all, ", "))
	resp, body := d.do(r)
	v, err := url.ParseQuery(body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		d.token, d.tokenSecret = v.Get("oauth_token"), v.Get("oauth_token_secret")
	}
	return resp.StatusCode, v
}

// begin asks for a request token and gives the page of the login.
func (d *consumer) begin() string {
	d.t.Helper()
	d.token, d.tokenSecret = "", ""
	status, v := d.step("/v2/oauth/request_token", map[string]string{"oauth_callback": "http://127.0.0.1:1/back?a=b"})
	if status != http.StatusOK || v.Get("oauth_callback_confirmed") != "true" || d.token == "" || d.tokenSecret == "" {
		d.t.Fatalf("request token: %d %v", status, v)
	}
	return "/v2/oauth/authorize?oauth_token=" + d.token
}

// verifier answers the page, and gives what the browser brings back.
func (d *consumer) verifier(page string) string {
	d.t.Helper()
	resp, _ := d.answer(page, "allow")
	back, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("allowed: %d, %v", resp.StatusCode, err)
	}
	q := back.Query()
	if back.Host != "127.0.0.1:1" || q.Get("a") != "b" || q.Get("oauth_token") != d.token || q.Get("user") != d.e.User() {
		d.t.Fatalf("came back to %s", back)
	}
	return q.Get("oauth_verifier")
}

func (d *consumer) finish(verifier string) (int, url.Values) {
	d.t.Helper()
	return d.step("/v2/oauth/access_token", map[string]string{"oauth_token": d.token, "oauth_verifier": verifier})
}

// self asks who the last token is of.
func (d *consumer) self() int {
	c := inProcessClient(d.t, d.e)
	c.auth = `OAuth oauth_consumer_key="` + d.key + `", oauth_token="` + d.token + `", oauth_signature="` + d.secret + "%26" + d.tokenSecret + `"`
	return c.ask("GET", "/v2/self", nil, nil)
}

func TestThreeLegged(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	state := filepath.Join(t.TempDir(), "state.json")
	options := Options{Strict: true, State: state, Now: func() time.Time { return now }, Consumers: map[string]string{"other-consumer": "other-secret"}}
	e, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	d := newConsumer(t, e)
	status, v := d.finish(d.verifier(d.begin()))
	if status != http.StatusOK || v.Get("expiration_date") != "2026-04-02T03:04:05.000Z" {
		t.Errorf("access token: %d %v", status, v)
	}
	if status := d.self(); status != http.StatusOK {
		t.Errorf("the token is refused: %d", status)
	}
	shut(t, e)

	// It outlives the process, and is the consumer's alone.
	if d.e, err = New(options); err != nil {
		t.Fatal(err)
	}
	defer shut(t, d.e)
	if status := d.self(); status != http.StatusOK {
		t.Errorf("after a restart: %d", status)
	}
	d.key, d.secret = "other-consumer", "other-secret"
	if status := d.self(); status != http.StatusUnauthorized {
		t.Errorf("for another consumer: %d", status)
	}
	d.key, d.secret, _, _ = e.Credentials()
	now = now.AddDate(0, 3, 0)
	if status := d.self(); status != http.StatusUnauthorized {
		t.Errorf("after three months: %d", status)
	}
}

// What a login must not get through with.
func TestThreeLeggedRefused(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name string
		do   func(d *consumer, page string) int
		want int
	}{
		{"denied", func(d *consumer, page string) int {
			resp, _ := d.answer(page, "deny")
			back, err := resp.Location()
			if err != nil || back.Query().Get("oauth_problem") != "permission_denied" || back.Query().Has("oauth_verifier") {
				d.t.Errorf("came back to %v, %v", back, err)
			}
			status, _ := d.finish("")
			return status
		}, 401},
		{"no answer yet", func(d *consumer, _ string) int { status, _ := d.finish(""); return status }, 401},
		{"wrong verifier", func(d *consumer, page string) int { d.verifier(page); status, _ := d.finish("guessed"); return status }, 401},
		{"replayed verifier", func(d *consumer, page string) int {
			token, secret, verifier := d.token, d.tokenSecret, d.verifier(page)
			if status, _ := d.finish(verifier); status != http.StatusOK {
				d.t.Errorf("the first time: %d", status)
			}
			d.token, d.tokenSecret = token, secret
			status, _ := d.finish(verifier)
			return status
		}, 401},
		{"too late for the answer", func(d *consumer, page string) int {
			now = now.Add(10 * time.Minute)
			status, _ := d.open(page)
			return status
		}, 404},
		{"too late for the token", func(d *consumer, page string) int {
			verifier := d.verifier(page)
			now = now.Add(10 * time.Minute)
			status, _ := d.finish(verifier)
			return status
		}, 401},
		{"wrong secret of the request token", func(d *consumer, page string) int {
			verifier := d.verifier(page)
			d.tokenSecret = "wrong"
			status, _ := d.finish(verifier)
			return status
		}, 401},
		{"another consumer", func(d *consumer, page string) int {
			verifier := d.verifier(page)
			d.key, d.secret = "other-consumer", "other-secret"
			status, _ := d.finish(verifier)
			return status
		}, 401},
		{"the request token as a token", func(d *consumer, _ string) int { return d.self() }, 401},
		{"wrong secret of the consumer", func(d *consumer, _ string) int {
			d.secret, d.tokenSecret = "wrong", ""
			status, _ := d.step("/v2/oauth/request_token", map[string]string{"oauth_callback": "http://127.0.0.1:1/"})
			return status
		}, 401},
		{"unknown consumer", func(d *consumer, _ string) int {
			d.key, d.tokenSecret = "nobody", ""
			status, _ := d.step("/v2/oauth/request_token", map[string]string{"oauth_callback": "http://127.0.0.1:1/"})
			return status
		}, 401},
		{"callback that is a script", func(d *consumer, _ string) int {
			d.tokenSecret = ""
			status, _ := d.step("/v2/oauth/request_token", map[string]string{"oauth_callback": "javascript:alert(1)"})
			return status
		}, 400},
		{"no callback", func(d *consumer, _ string) int {
			d.tokenSecret = ""
			status, _ := d.step("/v2/oauth/request_token", nil)
			return status
		}, 400},
		{"form of another page", func(d *consumer, page string) int {
			resp, _ := d.answer(page, "allow", func(f url.Values) { f.Set("form_key", "guessed") })
			return resp.StatusCode
		}, 403},
		{"form from another site", func(d *consumer, page string) int {
			d.headers = map[string]string{"Sec-Fetch-Site": "cross-site"}
			resp, _ := d.answer(page, "allow")
			return resp.StatusCode
		}, 403},
		{"form from another origin", func(d *consumer, page string) int {
			d.headers = map[string]string{"Origin": "http://elsewhere.test"}
			resp, _ := d.answer(page, "allow")
			return resp.StatusCode
		}, 403},
		{"second answer", func(d *consumer, page string) int {
			_, text := d.open(page)
			d.verifier(page)
			form := fields(text)
			form.Set("decision", "allow")
			resp, _ := d.post("/v2/oauth/authorize", form)
			return resp.StatusCode
		}, 404},
		{"page of a login that never began", func(d *consumer, _ string) int {
			status, _ := d.open("/v2/oauth/authorize?oauth_token=nothing")
			return status
		}, 404},
		{"polling for another login", func(d *consumer, page string) int {
			d.verifier(page)
			status, _ := d.open("/v2/self/cli_tokens?cli_token=" + d.token)
			return status
		}, 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, _ := newEmulator(t, Options{Strict: true, Now: func() time.Time { return now }, Consumers: map[string]string{"other-consumer": "other-secret"}})
			d := newConsumer(t, e)
			if got := tt.do(d, d.begin()); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestRightsAndConsumers(t *testing.T) {
	e, c := newEmulator(t, Options{})
	c.auth = ""
	var list []string
	c.must("GET", "/v2/oauth/rights", nil, &list)
	if diff := cmp.Diff(allRights(), list); diff != "" {
		t.Error(diff)
	}
	key, _, _, _ := e.Credentials()
	var data struct{ Key, Name string }
	c.must("GET", "/v2/oauth/login_data?oauth_key="+key, nil, &data)
	if data.Key != key || data.Name != "Emulator" {
		t.Errorf("%+v", data)
	}
	if status := c.ask("GET", "/v2/oauth/login_data?oauth_key=nobody", nil, nil); status != http.StatusNotFound {
		t.Errorf("an unknown consumer: %d", status)
	}
}

// A consumer that others wrote logs in too.
func TestRequestsOAuthlibLogsIn(t *testing.T) {
	interpreter := python(t)
	e, _ := newEmulator(t, Options{Strict: true})
	server := httptest.NewServer(e)
	defer server.Close()
	key, secret, _, _ := e.Credentials()
	for _, suffix := range []string{"", "_query"} {
		run := exec.CommandContext(t.Context(), interpreter, "-B", "testdata/threelegged.py", server.URL, suffix)
		run.Env = []string{"OAUTH_CONSUMER_KEY=" + key, "OAUTH_CONSUMER_SECRET=" + secret, "OAUTHLIB_INSECURE_TRANSPORT=1", "NO_PROXY=*"}
		var problems bytes.Buffer
		run.Stderr = &problems
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, problems.String())
		}
		if got := strings.TrimSpace(string(out)); got != e.User()+" TokenRequestDenied" {
			t.Errorf("%s%s", suffix, got)
		}
	}
}
