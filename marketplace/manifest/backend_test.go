package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testPassword = "a-password-for-tests-of-forty-characters"

func testManifest(d Dialect) *Manifest {
	return &Manifest{Dialect: d, ID: "tinykv", Password: testPassword, SSOSalt: testSalt, ConfigVars: []string{"TINYKV_URL", "TINYKV_PORT", "TINYKV_ON"}}
}

// answering returns a back-end whose answers a handler writes, over a socket.
func answering(t *testing.T, d Dialect, h http.HandlerFunc) *Backend {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a server that has not read all does not see a client go
		r.Body = io.NopCloser(bytes.NewReader(body))
		h(w, r)
	}))
	t.Cleanup(server.Close)
	line := NewTransport(TransportOptions{Loopback: true, Timeout: 2 * time.Second})
	t.Cleanup(line.Close)
	return &Backend{Manifest: testManifest(d), Site: Site{BaseURL: server.URL + "/r"}, Transport: line}
}

var testOrder = Order{
	Key: "addon_1", App: "app7@heroku.com", OwnerID: "orga_1", OwnerName: "Owner", UserID: "user_1", Account: "ACME", Name: "db",
	Plan: "small", Region: "EU", Callback: "https://market.example.test/vendor/apps/addon_1", Options: map[string]string{"a": "b"}, Grant: "code",
	GrantEnds: time.Unix(1700000000, 0),
}

func TestWhatIsSent(t *testing.T) {
	order := `"plan":"small","region":"EU","callback_url":"https://market.example.test/vendor/apps/addon_1","options":{"a":"b"}`
	for d, want := range map[Dialect][3]string{
		Clever: {`{"addon_id":"addon_1",` + order + `,"owner_id":"orga_1","owner_name":"Owner","user_id":"user_1"}`,
			`{"plan":"large","addon_id":"addon_1"}`, "/r/v%2F1"},
		AppFog: {`{"uuid":"addon_1",` + order + `,"clc":{"account":"ACME"}}`, `{"plan":"large","clc":{"account":"ACME"}}`, "/r/v%2F1"},
		HerokuV1: {`{"uuid":"addon_1",` + order + `,"heroku_id":"app7@heroku.com","logplex_token":null}`,
			`{"plan":"large","heroku_id":"app7@heroku.com","uuid":"addon_1"}`, "/r/v%2F1"},
		HerokuV3: {`{"uuid":"addon_1",` + order + `,"name":"db","oauth_grant":{"code":"code","expires_at":"2023-11-14T22:13:20Z","type":"authorization_code"}}`,
			`{"plan":"large","uuid":"addon_1"}`, "/r/addon_1"},
	} {
		var got []string
		b := answering(t, d, func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			body, _ := io.ReadAll(r.Body)
			got = append(got, fmt.Sprintf("%s %s %s %t %q %q", r.Method, r.URL.EscapedPath(), user, password == testPassword, r.Header.Get("Content-Type"), r.Header.Get("Accept")), string(body))
			fmt.Fprint(w, `{"id":"v/1"}`)
		})
		ctx := context.Background()
		if _, err := b.Provision(ctx, testOrder); err != nil {
			t.Fatal(err)
		}
		if _, err := b.ChangePlan(ctx, "v/1", testOrder, "large"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Deprovision(ctx, "v/1", testOrder); err != nil {
			t.Fatal(err)
		}
		accept := "application/json"
		if d == HerokuV3 {
			accept = "application/vnd.heroku-addons+json; version=3"
		}
		wanted := []string{
			`POST /r tinykv true "application/json" "` + accept + `"`, want[0],
			"PUT " + want[2] + ` tinykv true "application/json" "` + accept + `"`, want[1],
			"DELETE " + want[2] + ` tinykv true "" "` + accept + `"`, "",
		}
		if diff := cmp.Diff(decoded(wanted), decoded(got)); diff != "" {
			t.Errorf("%s:\n%s", d, diff)
		}
	}
}

// decoded reads those texts that are JSON, so that the order of names is nothing.
func decoded(texts []string) []any {
	var all []any
	for _, s := range texts {
		var v any
		if json.Unmarshal([]byte(s), &v) != nil {
			v = s
		}
		all = append(all, v)
	}
	return all
}

func TestStatuses(t *testing.T) {
	for status, want := range map[int][3]Outcome{
		200: {Done, Done, Done}, 201: {Done, Done, Done}, 202: {Pending, Pending, Pending}, 204: {Malformed, Done, Done},
		206: {Malformed, Malformed, Malformed}, 301: {WrongURL, WrongURL, WrongURL}, 307: {WrongURL, WrongURL, WrongURL},
		400: {Refused, Refused, Refused}, 422: {Refused, Refused, Refused}, 401: {BadCredentials, BadCredentials, BadCredentials},
		403: {BadCredentials, BadCredentials, BadCredentials}, 404: {WrongURL, NotFound, Done}, 410: {Gone, Gone, Done},
		405: {Mismatch, Mismatch, Mismatch}, 406: {Mismatch, Mismatch, Mismatch}, 415: {Mismatch, Mismatch, Mismatch},
		409: {Conflict, Conflict, Conflict}, 408: {Transient, Transient, Transient}, 425: {Transient, Transient, Transient},
		429: {Transient, Transient, Transient}, 500: {Transient, Transient, Transient}, 503: {Transient, Transient, Transient},
	} {
		b := answering(t, HerokuV1, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if status != 204 {
				fmt.Fprint(w, `{"id":"v1","message":"as it is"}`)
			}
		})
		ctx := context.Background()
		for i, call := range []func() (*Resource, error){
			func() (*Resource, error) { return b.Provision(ctx, testOrder) },
			func() (*Resource, error) { return b.ChangePlan(ctx, "v1", testOrder, "large") },
			func() (*Resource, error) { return b.Deprovision(ctx, "v1", testOrder) },
		} {
			res, err := call()
			got := Done
			if f, ok := errors.AsType[*Failure](err); ok {
				got = f.Outcome
			} else if res.Pending {
				got = Pending
			}
			if got != want[i] {
				t.Errorf("%d, call %d: %s (%v), want %s", status, i, got, err, want[i])
			}
		}
	}
}

func TestConfig(t *testing.T) {
	for body, want := range map[string]struct {
		config  map[string]string
		dropped []string
		err     string
	}{
		`{"id":"v1"}`:               {},
		`{"id":"v1","config":null}`: {},
		`{"id":17,"config":{"TINYKV_URL":"kv://x","OTHER":"y","ANOTHER":1}}`:       {config: map[string]string{"TINYKV_URL": "kv://x"}, dropped: []string{"ANOTHER", "OTHER"}},
		`{"id":"v1","config":{"TINYKV_PORT":3306.50,"TINYKV_ON":true}}`:            {config: map[string]string{"TINYKV_PORT": "3306.50", "TINYKV_ON": "true"}},
		`{"id":"v1","config":{"TINYKV_URL":null}}`:                                 {config: map[string]string{}},
		`{"id":"v1","config":{"TINYKV_URL":["x"]}}`:                                {err: `a list or an object under "TINYKV_URL"`},
		`{"id":"v1","config":{"OTHER":{}}}`:                                        {err: `a list or an object under "OTHER"`},
		`{"id":"v1","config":["x"]}`:                                               {err: "config is no object"},
		`{"id":"v1","config":{"TINYKV_URL":"a\u0000b"}}`:                           {err: "a NUL in TINYKV_URL"},
		`{"id":"v1","config":{"TINYKV_URL":"` + strings.Repeat("x", 33000) + `"}}`: {err: "more than 32768 bytes in TINYKV_URL"},
		`{"id":null}`:   {err: "neither a text nor an integer"},
		`{"id":1.5}`:    {err: "neither a text nor an integer"},
		`{"id":{}}`:     {err: "neither a text nor an integer"},
		`{"id":""}`:     {err: "id is empty"},
		`{"id":"a\nb"}`: {err: "control character"},
		`{"id":"` + strings.Repeat("x", 256) + `"}`: {err: "longer than 255 bytes"},
		`{"id":` + strings.Repeat("1", 256) + `}`:   {err: "longer than 255 bytes"},
		`{"config":{}}`:           {err: "the answer has no id"},
		`[]`:                      {err: "no object"},
		``:                        {err: "the text ends too early"},
		`<html>fine</html>`:       {err: "not valid JSON"},
		`{"id":"v1"} {"id":"v2"}`: {err: "not valid JSON"},
	} {
		b := answering(t, HerokuV1, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		res, err := b.Provision(context.Background(), testOrder)
		if want.err != "" {
			f, ok := errors.AsType[*Failure](err)
			if !ok || f.Outcome != Malformed || !f.Unknown || !strings.Contains(err.Error(), want.err) {
				t.Errorf("%.60s: %v, want %q", body, err, want.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if diff := cmp.Diff(want.config, res.Config) + cmp.Diff(want.dropped, res.Dropped); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestMerge(t *testing.T) {
	r := Resource{Config: map[string]string{"B": "new", "C": "new"}, Unset: []string{"D"}}
	want := map[string]string{"A": "old", "B": "new", "C": "new"}
	if diff := cmp.Diff(want, r.Merge(map[string]string{"A": "old", "B": "old", "D": "old"})); diff != "" {
		t.Error(diff)
	}
}

func TestMessages(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"no more room"}`:              "no more room",
		`{"id":"error","message":"no more room"}`: "no more room",
		`{"error":"no more room"}`:                "no more room",
		`{"error":{"code":5}}`:                    "",
		"no more room\n":                          "no more room",
		"<!doctype html><h1>Nginx</h1>":           "",
		"a\x1b[31mred\u202e":                      "a [31mred",
		"\xff\xfe":                                "",
		`"plain"`:                                 "plain",
		strings.Repeat("x", 300):                  strings.Repeat("x", 256) + "…",
		"your password is " + testPassword:        "your password is ********",
	} {
		b := answering(t, AppFog, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400); fmt.Fprint(w, body) })
		_, err := b.ChangePlan(context.Background(), "v1", testOrder, "large")
		f, ok := errors.AsType[*Failure](err)
		if !ok || f.Message != want {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
}

// TestHostileBackends calls back-ends that mean no good: each is a failure that
// says why, in bounded time and memory, and nobody else hears of the password.
func TestHostileBackends(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	redirect := func(to string, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) }
	}
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"hangs": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer within the time"},
		"hangs in the body": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"id":`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "no answer within the time"},
		"streams a gigabyte": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range 1 << 10 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "larger than a mebibyte"},
		"huge headers":                      {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, "header"},
		"redirects elsewhere":               {redirect(other.URL, 302), "it points to"},
		"redirects and keeps POST":          {redirect(other.URL, 307), "it points to"},
		"redirects to the metadata address": {redirect("http://169.254.169.254/latest/meta-data", 302), `it points to "http://169.254.169.254/latest/meta-data"`},
		"redirects to itself":               {redirect("/r", 302), "it points to"},
		"a page and 200":                    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Welcome</html>") }, "not valid JSON"},
		"echoes the password": {func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			w.WriteHeader(422)
			fmt.Fprintf(w, `{"message":"wrong: %s %s"}`, password, r.Header.Get("Authorization"))
		}, "wrong: ******** Basic ********"},
		"resets": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}, "connection"},
		"says half": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"id":"v1"`)
		}, "closed too early"},
		"deep JSON": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("[", 1<<19)) }, "deep inside each other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := answering(t, Clever, c.h)
			if strings.HasPrefix(name, "hangs") {
				b.Transport = NewTransport(TransportOptions{Loopback: true, Timeout: 100 * time.Millisecond})
			}
			_, err := b.Provision(context.Background(), testOrder)
			f, ok := errors.AsType[*Failure](err)
			if !ok || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, f), testPassword) {
				t.Errorf("the password is printed: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		other.Close()
		if elsewhere.Load() != 0 {
			t.Error("a redirect was followed")
		}
	})
}

func TestPrivateAddressesAreNotCalled(t *testing.T) {
	var requests atomic.Int32
	b := answering(t, Clever, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	b.Transport = NewTransport(TransportOptions{})
	for _, base := range []string{b.Site.BaseURL, "http://localhost:1/r", "http://10.0.0.1/r", "http://169.254.169.254/r", "http://[::1]:1/r", "http://[fd00:ec2::254]/r"} {
		b.Site.BaseURL = base
		_, err := b.Provision(context.Background(), testOrder)
		f, ok := errors.AsType[*Failure](err)
		if !ok || f.Outcome != WrongURL || !strings.Contains(err.Error(), "private address") {
			t.Errorf("%s: %v", base, err)
		}
	}
	if requests.Load() != 0 {
		t.Error("it was called")
	}
}

func TestCertificatesAreHeld(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"v1"}`) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	b := &Backend{Manifest: testManifest(Clever), Site: Site{BaseURL: server.URL}, Transport: NewTransport(TransportOptions{Loopback: true})}
	_, err := b.Provision(context.Background(), testOrder)
	if f, ok := errors.AsType[*Failure](err); !ok || f.Outcome != Untrusted || f.Unknown {
		t.Errorf("%v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"id":"v1","config":{"TINYKV_URL":"kv://x"},"message":"hello"}`))
	m := testManifest(HerokuV1)
	f.Fuzz(func(t *testing.T, body []byte) {
		var r Resource
		err := r.read(body, m)
		for name := range r.Config {
			if err == nil && !m.Declares(name) {
				t.Fatalf("%q is taken over", name)
			}
		}
		_ = refusalText(body)
	})
}
