package conformance_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"runner/marketplace/manifest"
)

// signedIn returns the add-on that a form opens; nil: none.
func (f *faulty) signedIn(r *http.Request) (*bought, int) {
	verifier := f.verifier
	if f.is("no replay cache") {
		verifier = manifest.NewVerifier(f.m.Dialect, f.m.SSOSalt)
	}
	l, err := verifier.Request(r)
	if err != nil {
		return nil, err.(*manifest.Refusal).Status
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.byID[l.ID]
	if f.m.Dialect == manifest.HerokuV3 {
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
	if f.is("fails on capitals") && form.Get(string(f.m.Dialect.Scheme())) != strings.ToLower(form.Get(string(f.m.Dialect.Scheme()))) {
		http.Error(w, "oh", http.StatusInternalServerError)
		return
	}
	if f.is("asks browsers for a password") {
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	if f.is("compares letter by letter") {
		f.compare(form)
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
	f.setCookies(w, session, form.Get("nav-data"))
	where := "/dash/" + url.PathEscape(b.key)
	switch f.defect {
	case "a token in the redirect":
		where += "?token=" + rand.Text()
	case "leads to http":
		where = "http://" + itsHost + where
	case "leads away":
		where = "https://elsewhere.example.test/"
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

func (f *faulty) setCookies(w http.ResponseWriter, session, nav string) {
	c := http.Cookie{Name: "session", Value: session, Path: "/"}
	if f.is("cookies for a day") {
		c.Expires = time.Now().Add(24 * time.Hour)
	}
	if !f.is("open cookies") {
		c.Secure, c.HttpOnly, c.SameSite = strings.HasPrefix(f.m.Test.SSOURL, "https:"), true, http.SameSiteLaxMode
	}
	http.SetCookie(w, &c)
	if f.m.Dialect != manifest.HerokuV1 || f.is("no cookie of the header") {
		return
	}
	if f.is("another cookie of the header") {
		nav = "bm90aGluZw"
	}
	c.Name, c.Value = "heroku-nav-data", nav
	http.SetCookie(w, &c)
}

// compare takes a millisecond for each letter of a proof that is right.
func (f *faulty) compare(form url.Values) {
	l := manifest.Login{
		ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"),
		NavData: form.Get("nav-data"), Timestamp: form.Get("timestamp"),
	}
	recipe := f.m.Dialect.Scheme()
	want, got := recipe.Proof(l, f.m.SSOSalt), form.Get(string(recipe))
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// frames says who may frame a page.
func (f *faulty) frames(h http.Header) {
	switch f.defect {
	case "framed by all":
	case "framed by nobody":
		h.Set("X-Frame-Options", "DENY")
	case "framed by others":
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors https://console.clever-cloud.com https://*.example.test")
	default:
		h.Set("X-Frame-Options", "DENY") // for browsers that know no policies
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self' https://console.clever-cloud.com")
	}
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
	f.frames(w.Header())
	if !f.is("no header") {
		fmt.Fprint(w, `<div class="dark" id="heroku-header"></div>`)
	}
	owner := html.EscapeString(b.owner)
	if f.is("shows names as they are") {
		owner = b.owner
	}
	fmt.Fprintf(w, "<h1>%s of %s</h1>", b.plan, owner)
}
