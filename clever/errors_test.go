package clever

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestWhatAnswersMean(t *testing.T) {
	const self = "GET /v2/self"
	logIn := "; the token comes from environment: check it, or log in again with `runner login`"
	tests := []struct {
		name  string
		reply reply
		want  string
		kinds string // which of auth, found, reach hold
	}{
		{"v2 form", reply{status: 404, body: `{"id":11001,"message":"This addon does not exist.","type":"error"}`},
			"the platform refused " + self + ": 404, not found: This addon does not exist (11001)", "notfound"},
		{"v2 with fields", reply{status: 400, body: `{"id":5,"message":"Bad.","type":"error","fields":{"name":"too long","b":"x"}}`},
			"the platform refused " + self + ": 400, bad request: Bad.; b: x; name: too long (5)", ""},
		{"v4 form", reply{status: 409, body: `{"apiRequestId":"r-1","code":"clever.example.conflict","context":{},"error":"Busy with it"}`},
			"the platform refused " + self + ": 409, conflict: Busy with it (clever.example.conflict)", ""},
		{"bridge form", reply{status: 401, body: `{"code":"invalid-credential"}`},
			"the platform refused " + self + ": 401, not authenticated (invalid-credential)" + logIn, "auth"},
		{"nothing said", reply{status: 401}, "the platform refused " + self + ": 401, not authenticated" + logIn, "auth"},
		{"not allowed to know oneself", reply{status: 403}, "the platform refused " + self + ": 403, not allowed; the token from environment may lack a right: " +
			"log in again with `runner login`, and leave the rights ticked that it takes", "auth"},
		{"text", reply{status: 418, body: "short\nand\x1b[31m stout"}, "the platform refused " + self + ": 418, i'm a teapot: short and [31m stout", ""},
		{"a page", reply{status: 500, body: "<!DOCTYPE html><p>oops"}, "the platform failed at " + self + ": 500, internal server error, tried 5 times", ""},
		{"busy", reply{status: 503, body: `{"id":-500,"message":"Error from provider: [no capacity]","type":"error"}`},
			"the platform failed at " + self + ": 503, service unavailable: Error from provider: [no capacity] (-500), tried 9 times; try again later", ""},
		{"an unheard status", reply{status: 599}, "the platform failed at " + self + ": 599, an unknown status, tried 5 times", ""},
		{"other JSON", reply{status: 400, body: `[1]`}, "the platform refused " + self + ": 400, bad request: [1]", ""},
		{"empty success", reply{status: 200}, "the platform answered " + self + " with nothing where JSON is due, tried 4 times", ""},
		{"cut off", reply{status: 200, body: `{"id":"user_`}, "the platform answered " + self + " with JSON that is cut off, tried 4 times", ""},
		{"not JSON", reply{status: 200, body: `hello`}, "the platform answered " + self + " with something that is not JSON, tried 4 times", ""},
		{"a page for a success", reply{status: 200, body: " <html>log in"}, "the platform answered " + self + " with a web page where JSON is due, tried 4 times; " +
			"something else than the platform may answer at http://platform.test: a proxy, or a log-in page of the network", ""},
		{"another shape", reply{status: 200, body: `{"id":7}`}, "the platform answered " + self +
			" with JSON of another shape than expected: json: cannot unmarshal number into Go struct field Self.id of type string, tried 4 times", ""},
		{"null", reply{status: 200, body: " null\n"}, "the platform answered " + self + " with null where a value is due, tried 4 times", ""},
		{"nobody", reply{status: 200, body: `{"name":"x"}`}, "the platform answered " + self + " with a user without id, tried 4 times", ""},
		{"a proxy's 404", reply{status: 404, body: "<html>nobody home"}, "the platform refused " + self + ": 404, not found: a web page, not the platform's words; something else than the platform may answer at http://platform.test: a proxy, or a log-in page of the network", ""},
		{"echoed secrets", reply{status: 400, body: `{"message":"bad emulator-secret of emulator-token with consumer-secret"}`},
			"the platform refused " + self + ": 400, bad request: bad ******** of ******** with ********", ""},
		{"the transport's own refusal", reply{err: errors.New("only reading is allowed")}, self + ": only reading is allowed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := newTestClient(t, &scripted{replies: []reply{tt.reply}}).Self(t.Context())
				if withHint(err) != tt.want {
					t.Errorf("got\n%q, want\n%q", withHint(err), tt.want)
				}
				if kinds := kindsOf(err); kinds != tt.kinds {
					t.Errorf("it counts as %q, want %q", kinds, tt.kinds)
				}
			})
		})
	}
}

func kindsOf(err error) string {
	var kinds []string
	if IsAuth(err) {
		kinds = append(kinds, "auth")
	}
	if IsNotFound(err) {
		kinds = append(kinds, "notfound")
	}
	if IsUnreachable(err) {
		kinds = append(kinds, "unreachable")
	}
	return strings.Join(kinds, " ")
}

func TestForeignThingsAreNoMatterOfAuthentication(t *testing.T) {
	c := newTestClient(t, &scripted{replies: []reply{{status: 403, body: `{"id":10300,"message":"Not yours.","type":"error"}`}}})
	_, err := c.Env(t.Context(), "", "addon_1")
	if err == nil || IsAuth(err) || strings.Contains(withHint(err), "right") {
		t.Errorf("%s counts as one of authentication, or of rights", withHint(err))
	}
}

func TestErrorsCarryWhatSupportAsksFor(t *testing.T) {
	c := newTestClient(t, &scripted{replies: []reply{
		{status: 400, header: "Sozu-Id: sozu-1", body: `{"message":"x"}`},
		{status: 400, header: "Sozu-Id: sozu-1", body: `{"apiRequestId":"r-2","error":"x"}`},
	}})
	var got []string
	for range 2 {
		_, err := c.Self(t.Context())
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("%v is no *Error", err)
		}
		got = append(got, e.Detail())
	}
	if d := cmp.Diff([]string{"request id sozu-1", "request id r-2"}, got); d != "" {
		t.Error(d)
	}
}

func TestLongMessagesAreCut(t *testing.T) {
	c := newTestClient(t, &scripted{replies: []reply{{status: 400, body: strings.Repeat("é", 10_000)}}})
	_, err := c.Self(t.Context())
	if err == nil || len([]rune(err.Error())) > longestMessage+100 || !strings.HasSuffix(err.Error(), "é…") {
		t.Errorf("the message is not cut: %.80q…", err)
	}
}

func TestAnExpiredTokenIsSaid(t *testing.T) {
	c := newTestClient(t, &scripted{replies: []reply{{status: 401}}}, func(cfg *Config) {
		cfg.Credentials.Expires = time.Date(2020, 2, 3, 0, 0, 0, 0, time.UTC)
	})
	_, err := c.Self(t.Context())
	want := "the platform refused GET /v2/self: 401, not authenticated; the token from environment expired on 2020-02-03: log in again with `runner login`"
	if withHint(err) != want {
		t.Errorf("%q, want %q", withHint(err), want)
	}
}

func TestSecretsAreKeptBackInEveryForm(t *testing.T) {
	const secret = "emulator+secret/="
	var header string
	c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
		header = r.Header.Get("Authorization")
		return reply{status: 400, body: header + " " + authorization(t, r)["oauth_signature"] + " " + secret}.response()
	}), func(cfg *Config) { cfg.Method, cfg.Credentials.Secret = Plaintext, secret })
	_, err := c.Self(t.Context())
	if err == nil || !strings.Contains(header, "secret") {
		t.Fatalf("%v after %q", err, header)
	}
	if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "emulator-token") {
		t.Errorf("secrets in %q", err)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, body := range []string{"", "null", "{}", "[]", `{"id":"user_1"}`, `{"id":1,"message":"m","fields":{"a":"b"}}`, "<html>", `{"message":"emulator-secret\u001b[0m\n"}`} {
		f.Add(200, body)
		f.Add(404, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		c := newTestClient(t, &scripted{replies: []reply{{status: status, body: body}}})
		c.timing.first = 0 // nothing is waited for
		_, err := c.Self(t.Context())
		if err == nil {
			return
		}
		text := withHint(err)
		if strings.Contains(text, testCredentials().Secret) {
			t.Errorf("a secret in %q", text)
		}
		if i := strings.IndexFunc(text, unicode.IsControl); i >= 0 || !utf8.ValidString(text) {
			t.Errorf("control characters in %q", text)
		}
	})
}
