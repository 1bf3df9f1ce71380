package conformance_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"runner/clever/vendor"
)

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
