package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/marketplace/manifest"
)

// A back-end that is good in every dialect, save for the defects that are
// switched on.
type faulty struct {
	m        *manifest.Manifest
	verifier *manifest.Verifier
	defect   string
	async    bool
	out      *http.Client   // for callbacks
	work     sync.WaitGroup // callbacks under way

	mu       sync.Mutex
	all      []*bought
	byKey    map[string]*bought
	byID     map[string]*bought
	sessions map[string]string // cookie → id
	numbers  int
	crowds   map[string]*crowd
}

// What somebody bought.
type bought struct {
	id, key, plan, secret, owner string
	gone                         bool
}

// sold are the plans.
var sold = map[string]bool{"small": true, "large": true}

func newFaulty(t *testing.T, d manifest.Dialect, defect string, async bool) *faulty {
	t.Helper()
	f := &faulty{
		m: &manifest.Manifest{
			Dialect: d, ID: "tinykv", Password: "a-password-for-tests-of-forty-characters", SSOSalt: "another-secret-for-tests-0123456789-abcd",
			ConfigVars: []string{"TINYKV_URL", "TINYKV_TOKEN"}, Prefix: "TINYKV", PlanUpdateable: true, Requires: []string{"many_per_app", "syslog_drain"},
		},
		defect: defect, async: async, out: http.DefaultClient, byKey: map[string]*bought{}, byID: map[string]*bought{}, sessions: map[string]string{}, crowds: map[string]*crowd{},
	}
	f.verifier = manifest.NewVerifier(d, f.m.SSOSalt)
	switch defect {
	case "no window":
		f.verifier.Past, f.verifier.Future = 24*time.Hour, 24*time.Hour
	case "weak recipe":
		f.verifier.Scheme = manifest.Token
		if d == manifest.HerokuV3 {
			f.verifier.Scheme = manifest.ResourceToken
		}
	}
	if f.is("names without a prefix") {
		f.m.ConfigVars = append(f.m.ConfigVars, "SPEED")
	}
	return f.at("https://" + itsHost)
}

// itsHost is where the back-end is on a network.
const itsHost = "kv.example.test"

// use tries to use an add-on by its variables.
func (f *faulty) use(_ context.Context, config map[string]string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.all {
		if b.secret == config["TINYKV_TOKEN"] && (!b.gone || f.is("variables live on")) {
			return nil
		}
	}
	return errors.New("exit status 1")
}

// resolve knows the hosts of variables.
func resolve(_ context.Context, host string) ([]netip.Addr, error) {
	switch host {
	case "kv.example.test":
		return []netip.Addr{netip.MustParseAddr("8.8.4.4")}, nil
	case "inside.example.test":
		return []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("fd00::1")}, nil
	}
	return nil, errors.New("no such host")
}

// inTheClear is what listens for http beside https: it leads there.
func (f *faulty) inTheClear(w http.ResponseWriter, r *http.Request) {
	switch f.defect {
	case "asks for passwords in the clear":
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	case "leads from http to elsewhere":
		http.Redirect(w, r, "https://elsewhere.example.test/r", http.StatusPermanentRedirect)
	default:
		http.Redirect(w, r, "https://"+itsHost+r.URL.Path, http.StatusPermanentRedirect)
	}
}

// at says where the back-end is.
func (f *faulty) at(root string) *faulty {
	f.m.Production = manifest.Site{BaseURL: root + "/r", SSOURL: root + "/sso"}
	f.m.Test = f.m.Production
	return f
}

// served puts the back-end onto a socket.
func (f *faulty) served(t *testing.T) *faulty {
	server := httptest.NewServer(f)
	t.Cleanup(func() { server.Close(); f.work.Wait() })
	f.out = server.Client()
	return f.at(server.URL)
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
	if f.is("takes 4 seconds") && r.Method == "GET" {
		time.Sleep(4 * time.Second)
	}
	if f.is("takes 30 seconds") && r.Method == "GET" {
		time.Sleep(30 * time.Second)
	}
	if f.is("calls for strangers") && r.Method == "POST" {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var order struct {
			Callback string `json:"callback_url"`
		}
		if json.Unmarshal(body, &order) == nil && order.Callback != "" {
			f.visit(order.Callback)
		}
	}
	if _, _, ok := r.BasicAuth(); !ok && r.Header.Get("Authorization") != "" && f.is("fails on headers that are none") {
		say(w, 500, "oh")
		return
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
	if f.is("not acceptable to change") && r.Method == "PUT" && strings.Contains(r.Header.Get("Accept"), "vnd.heroku") {
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
	if resp, err := f.out.Get(address); err == nil {
		_ = resp.Body.Close()
	}
}

// hostile answers as a back-end does that means no good, and needs no socket
// for it.
func (f *faulty) hostile(w http.ResponseWriter, r *http.Request) bool {
	switch f.defect {
	case "hangs":
		<-r.Context().Done()
	case "redirects":
		http.Redirect(w, r, "https://elsewhere.example.test/r", http.StatusTemporaryRedirect)
	case "redirects for ever":
		http.Redirect(w, r, "/r", http.StatusFound)
	case "redirects to the metadata address":
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	case "a page and 200":
		fmt.Fprint(w, "<html><h1>Welcome</h1></html>")
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

// find returns what a path names.
func (f *faulty) find(id string) *bought {
	if f.m.Dialect == manifest.HerokuV3 {
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
	case f.is("fails on changes that are none") && r.ContentLength < 10:
		say(w, 500, "oh")
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
	if f.is("a list after a change") {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"config": ["TINYKV_URL"]}`)
		return
	}
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
	case !b.gone && f.is("removes nothing"):
		say(w, 503, "not now")
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
