package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/clever/vendor"
)

// A back-end that is good in every dialect, save for the defects that are
// switched on.
type faulty struct {
	m         *vendor.Manifest
	verifier  *vendor.Verifier
	defect    string
	async     bool
	url       string
	work      sync.WaitGroup // callbacks under way
	elsewhere string         // another host, which nobody may call

	mu       sync.Mutex
	byKey    map[string]*bought
	byID     map[string]*bought
	sessions map[string]string // cookie → id
	numbers  int
	crowds   map[string]*crowd
}

// What somebody bought.
type bought struct {
	id, key, plan, secret string
	gone                  bool
}

// sold are the plans.
var sold = map[string]bool{"small": true, "large": true}

func newFaulty(t *testing.T, d vendor.Dialect, defect string, async bool) *faulty {
	t.Helper()
	f := &faulty{
		m: &vendor.Manifest{
			Dialect: d, ID: "tinykv", Password: "a-password-for-tests-of-forty-characters", SSOSalt: "another-secret-for-tests-0123456789-abcd",
			ConfigVars: []string{"TINYKV_URL", "TINYKV_TOKEN"}, Prefix: "TINYKV", PlanUpdateable: true, Requires: []string{"many_per_app"},
		},
		defect: defect, async: async, byKey: map[string]*bought{}, byID: map[string]*bought{}, sessions: map[string]string{}, crowds: map[string]*crowd{},
	}
	f.verifier = vendor.NewVerifier(d, f.m.SSOSalt)
	switch defect {
	case "no window":
		f.verifier.Past, f.verifier.Future = 24*time.Hour, 24*time.Hour
	case "weak recipe":
		f.verifier.Recipe = vendor.Token
		if d == vendor.HerokuV3 {
			f.verifier.Recipe = vendor.ResourceToken
		}
	}
	server := httptest.NewServer(f)
	t.Cleanup(func() { server.Close(); f.work.Wait() })
	f.url = server.URL
	f.m.Production = vendor.Site{BaseURL: server.URL + "/r", SSOURL: server.URL + "/sso"}
	f.m.Test = f.m.Production
	return f
}

func (f *faulty) is(defect string) bool { return f.defect == defect }

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	switch {
	case path == "/sso":
		f.sso(w, r)
		return
	case strings.HasPrefix(path, "/dash/"):
		f.dashboard(w, r, strings.TrimPrefix(path, "/dash/"))
		return
	}
	if f.hostile(w, r) {
		return
	}
	if f.is("slow") && r.Method == "GET" {
		<-time.After(150 * time.Millisecond)
	}
	if f.is("calls for strangers") && r.Method == "POST" {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var order struct {
			Callback string `json:"callback_url"`
		}
		_ = json.Unmarshal(body, &order)
		f.visit(order.Callback)
	}
	if !f.allowed(r) {
		if f.is("401 without a challenge") {
			say(w, 401, "who are you?")
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="tinykv"`)
		if f.is("echoes the password to strangers") {
			say(w, 401, "it is not "+f.m.Password)
			return
		}
		say(w, 401, "who are you?")
		return
	}
	if f.is("not acceptable") && strings.Contains(r.Header.Get("Accept"), "vnd.heroku") {
		say(w, 406, "what?")
		return
	}
	id, err := url.PathUnescape(strings.TrimPrefix(strings.TrimPrefix(path, "/r"), "/"))
	if err != nil || !strings.HasPrefix(path, "/r") {
		say(w, 404, "nothing here")
		return
	}
	switch {
	case r.Method == "POST" && id == "":
		f.provision(w, r)
	case r.Method == "PUT" && id != "":
		f.change(w, r, id)
	case r.Method == "DELETE" && id != "":
		f.remove(w, id)
	case f.is("any method"):
		say(w, 200, "hello")
	default:
		say(w, 405, "no")
	}
}

// visit reads what is behind an address.
func (f *faulty) visit(address string) {
	if resp, err := http.Get(address); err == nil {
		_ = resp.Body.Close()
	}
}

// hostile answers as a back-end does that means no good.
func (f *faulty) hostile(w http.ResponseWriter, r *http.Request) bool {
	switch f.defect {
	case "hangs":
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the client go
		<-r.Context().Done()
	case "streams a gigabyte":
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 1 << 10 {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
	case "redirects":
		http.Redirect(w, r, f.elsewhere, http.StatusTemporaryRedirect)
	case "redirects for ever":
		http.Redirect(w, r, "/r", http.StatusFound)
	case "redirects to the metadata address":
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	case "a page and 200":
		fmt.Fprint(w, "<html><h1>Welcome</h1></html>")
	case "resets":
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	default:
		return false
	}
	return true
}

func (f *faulty) allowed(r *http.Request) bool {
	if f.is("knows only Basic in capitals") && !strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
		return false
	}
	user, password, ok := r.BasicAuth()
	switch f.defect {
	case "no credentials":
		return true
	case "no credentials to remove":
		return r.Method == "DELETE" || ok && user == f.m.ID && password == f.m.Password
	case "password only":
		return ok && password == f.m.Password
	case "user only":
		return ok && user == f.m.ID
	case "compares beginnings":
		return ok && user == f.m.ID && strings.HasPrefix(password, f.m.Password)
	}
	return ok && user == f.m.ID && password == f.m.Password
}

func say(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}

// find gives what a path names.
func (f *faulty) find(id string) *bought {
	if f.m.Dialect == vendor.HerokuV3 {
		return f.byKey[id]
	}
	return f.byID[id]
}

func (f *faulty) change(w http.ResponseWriter, r *http.Request, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.find(id)
	switch {
	case b == nil && f.is("changes anything"):
		say(w, 200, "done")
		return
	case b == nil:
		say(w, 404, "no such add-on")
		return
	case b.gone && !f.is("changes what is gone"):
		say(w, 410, "it was removed")
		return
	}
	v := f.read(w, r)
	if v == nil {
		return
	}
	plan := f.plan(w, r, v)
	if plan == "" {
		return
	}
	if plan == b.plan && f.is("fails on the same plan") {
		say(w, 422, "it has that plan")
		return
	}
	if f.is("changes no plan") && plan != b.plan {
		say(w, 422, "not now")
		return
	}
	b.plan = plan
	say(w, 200, "changed")
}

func (f *faulty) remove(w http.ResponseWriter, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.find(id)
	switch {
	case b == nil && f.is("removes anything"):
		say(w, 200, "done")
	case b == nil && f.is("fails on unknown ids"):
		say(w, 500, "oh")
	case b == nil:
		say(w, 404, "no such add-on")
	case b.gone && f.is("fails on a second removal"):
		say(w, 500, "oh")
	case b.gone:
		say(w, 410, "it was removed")
	case f.is("removes with 206"):
		b.gone = true
		say(w, 206, "done")
	default:
		b.gone = true
		say(w, 200, "done")
	}
}
