package conformance_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
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

// read reads a request's object; nil: it was refused.
func (f *faulty) read(w http.ResponseWriter, r *http.Request) map[string]any {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		say(w, 413, "too much")
		return nil
	}
	var v map[string]any
	if json.Unmarshal(body, &v) != nil || v == nil {
		if f.is("fails on no JSON") {
			say(w, 500, "oh")
			return nil
		}
		say(w, 400, "an object is due")
		return nil
	}
	return v
}

// plan reads a plan that is sold; "": it was refused.
func (f *faulty) plan(w http.ResponseWriter, r *http.Request, v map[string]any) string {
	plan, _ := v["plan"].(string)
	switch {
	case sold[plan] || plan != "" && f.is("takes any plan"):
		return plan
	case plan != "" && f.is("fails on an unknown plan"):
		say(w, 500, "oh")
	case plan != "" && f.is("refuses without a word"):
		w.WriteHeader(422)
	case plan != "" && f.is("echoes"):
		say(w, 422, "you sent "+r.Header.Get("Authorization"))
	case plan != "" && f.is("shows a trace"):
		say(w, 422, "in /usr/app/lib/plans.rb line 7")
	default:
		say(w, 422, "there is no such plan")
	}
	return ""
}

func (f *faulty) provision(w http.ResponseWriter, r *http.Request) {
	v := f.read(w, r)
	if v == nil {
		return
	}
	if _, there := v["x_future"]; there && f.is("refuses unknown fields") {
		say(w, 400, "what is x_future?")
		return
	}
	if options, _ := v["options"].(map[string]any); options["zz"] != nil && f.is("refuses unknown options") {
		say(w, 422, "what is zz?")
		return
	}
	if region, _ := v["region"].(string); region == "the-moon" && f.is("fails on an unknown region") {
		say(w, 500, "oh")
		return
	}
	plan := f.plan(w, r, v)
	if plan == "" {
		return
	}
	key, _ := v[f.m.Dialect.KeyField()].(string)
	if key == "" {
		say(w, 422, "a key is due")
		return
	}
	f.mu.Lock()
	b := f.byKey[key]
	switch {
	case f.is("a new one each time"):
		b = nil
	case b == nil:
	case b.gone && f.is("brings back"):
		b.gone = false
	case b.gone:
		f.mu.Unlock()
		say(w, 410, "it was removed")
		return
	case b.plan != plan && !f.is("changes the plan of a repeated order"):
		f.mu.Unlock()
		say(w, 409, "the key has another plan")
		return
	}
	if b == nil && f.is("races") {
		f.mu.Unlock()
		crowd := f.crowded(key)
		f.mu.Lock()
		if !crowd {
			b = f.byKey[key]
		}
	}
	if b == nil {
		b = f.sell(key, plan, v)
	}
	f.mu.Unlock()
	f.deliver(w, v, b)
}

// crowded is the window of a race: those who come at once with one key, three at
// least, go on together without looking again.
func (f *faulty) crowded(key string) bool {
	f.mu.Lock()
	c := f.crowds[key]
	if c == nil {
		c = &crowd{three: make(chan struct{})}
		f.crowds[key] = c
	}
	if c.n++; c.n == 3 {
		close(c.three)
	}
	f.mu.Unlock()
	select {
	case <-c.three:
		return true
	case <-time.After(50 * time.Millisecond):
		return false
	}
}

type crowd struct {
	n     int
	three chan struct{}
}

// sell makes an add-on. The caller holds the lock.
func (f *faulty) sell(key, plan string, v map[string]any) *bought {
	f.numbers++
	b := &bought{id: strings.ToLower(rand.Text()), key: key, plan: plan, secret: rand.Text()}
	switch app, _ := v["heroku_id"].(string); {
	case f.is("integer ids"):
		b.id = strconv.Itoa(1000 + f.numbers)
	case f.is("ids of the application"):
		b.id = strings.TrimSuffix(app, "@heroku.com") + "-" + rand.Text()
	case f.is("ids with slashes"):
		b.id = "kv/" + b.id
	case f.is("ids of the owner"):
		owner, _ := v["owner_id"].(string)
		b.id = owner + "-" + b.id
	case f.is("one id for all"):
		b.id = "the-one"
	}
	if f.is("one secret for all") {
		b.secret = "shared"
	}
	f.byKey[key], f.byID[b.id] = b, b
	return b
}

// deliver answers an order.
func (f *faulty) deliver(w http.ResponseWriter, v map[string]any, b *bought) {
	config := map[string]any{"TINYKV_URL": "kv://" + b.secret + "@kv.example.test/" + b.secret, "TINYKV_TOKEN": b.secret}
	if f.is("one secret for all") {
		config["TINYKV_URL"] = "kv://kv.example.test"
	}
	answer, status := map[string]any{"id": b.id, "config": config}, 200
	switch f.defect {
	case "integer ids":
		answer["id"] = json.Number(b.id)
	case "no id":
		delete(answer, "id")
	case "undeclared variables":
		config["MONGO_URL"] = "kv://x@y"
	case "missing variables":
		delete(config, "TINYKV_TOKEN")
	case "numbers":
		config["TINYKV_TOKEN"] = 3306
	case "config is a list":
		answer["config"] = []string{"a"}
	case "no URL":
		config["TINYKV_URL"] = b.secret
	case "answers 206":
		status = 206
	case "variables that vary":
		config["TINYKV_TOKEN"] = rand.Text()
	}
	callback, _ := v["callback_url"].(string)
	if f.is("calls too early") {
		f.visit(callback)
	}
	if f.async {
		status = 202
		delete(answer, "config")
		if !f.is("never finishes") {
			f.work.Go(func() { f.finish(callback, config) })
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if f.is("HTML") {
		w.Header().Set("Content-Type", "text/html")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

// finish calls back until it is heard: the marketplace knows the add-on only
// after it has read the answer.
func (f *faulty) finish(callback string, config map[string]any) {
	for range 400 {
		body, _ := json.Marshal(map[string]any{"config": config})
		r, err := http.NewRequest("PUT", callback, bytes.NewReader(body))
		if err != nil {
			return
		}
		r.SetBasicAuth(f.m.ID, f.m.Password)
		if f.is("calls back without credentials") {
			r.Header.Del("Authorization")
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return
		}
		_ = resp.Body.Close()
		if resp.StatusCode == 200 {
			if f.m.Dialect == vendor.HerokuV3 {
				ready, _ := http.NewRequest("POST", callback+"/actions/provision", nil)
				ready.SetBasicAuth(f.m.ID, f.m.Password)
				if resp, err := http.DefaultClient.Do(ready); err == nil {
					_ = resp.Body.Close()
				}
			}
			return
		}
		if resp.StatusCode == 503 && f.is("calls back once") || resp.StatusCode == 401 {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
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

// signedIn gives the add-on that a form opens; nil: none.
func (f *faulty) signedIn(r *http.Request) (*bought, int) {
	verifier := f.verifier
	if f.is("no replay cache") {
		verifier = vendor.NewVerifier(f.m.Dialect, f.m.SSOSalt)
	}
	l, err := verifier.Request(r)
	if err != nil {
		return nil, err.(*vendor.Refusal).Status
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.byID[l.ID]
	if f.m.Dialect == vendor.HerokuV3 {
		b = f.byKey[l.ResourceID]
	}
	if b == nil || b.gone && !f.is("signs in to what is gone") {
		return nil, 403
	}
	return b, 200
}

func (f *faulty) sso(w http.ResponseWriter, r *http.Request) {
	var form url.Values
	if body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10)); err == nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ = url.ParseQuery(string(body))
	}
	if f.is("signs in by GET") && r.Method == "GET" {
		form = r.URL.Query()
		r.Method, r.Body = "POST", io.NopCloser(strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if f.is("takes duplicate fields") {
		for name := range form {
			form[name] = form[name][:1]
		}
		r.Body = io.NopCloser(strings.NewReader(form.Encode()))
	}
	b, status := f.signedIn(r)
	if f.is("any proof") {
		f.mu.Lock()
		if b = f.byID[form.Get("id")]; b == nil {
			b = f.byKey[form.Get("resource_id")]
		}
		f.mu.Unlock()
		status = 403
	}
	if b == nil {
		if f.is("401 to a bad proof") {
			status = 401
		}
		http.Error(w, "no", status)
		return
	}
	f.mu.Lock()
	session := rand.Text()
	if f.is("keeps the session") {
		if c, err := r.Cookie("session"); err == nil {
			session = c.Value
		}
	}
	f.sessions[session] = b.id
	f.mu.Unlock()
	if !f.is("open cookies") {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: session, HttpOnly: true, SameSite: http.SameSiteLaxMode, Path: "/"})
	} else {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: session, Path: "/"})
	}
	where := "/dash/" + url.PathEscape(b.key)
	switch f.defect {
	case "a token in the redirect":
		where += "?token=" + rand.Text()
	case "leads away":
		where = "http://elsewhere.example.test/"
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

func (f *faulty) dashboard(w http.ResponseWriter, r *http.Request, key string) {
	c, err := r.Cookie("session")
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.byKey[key]
	if err != nil || b == nil || f.sessions[c.Value] == "" || f.sessions[c.Value] != b.id && !f.is("a session for all") {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	fmt.Fprintf(w, "<h1>%s</h1>", b.plan)
}
