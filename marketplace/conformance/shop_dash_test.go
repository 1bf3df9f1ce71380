package conformance_test

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"runner/marketplace/manifest"
	"strings"
	"time"
)

// deny refuses a sign-in.
func (s *shop) deny(w http.ResponseWriter, r *http.Request, form url.Values) {
	switch s.at("sso.denial") {
	case "400", "401", "404", "410", "422":
		var status int
		_, _ = fmt.Sscan(s.at("sso.denial"), &status)
		http.Error(w, "no", status)
	case "500":
		http.Error(w, "oh", http.StatusInternalServerError)
	case "login page":
		http.Redirect(w, r, "/login", http.StatusFound)
	case "login page with a session":
		http.SetCookie(w, &http.Cookie{Name: "session", Value: token(), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case "200 page":
		fmt.Fprint(w, "<h1>You may not come in</h1>")
	case "elsewhere":
		http.Redirect(w, r, "https://www.elsewhere.test/", http.StatusFound)
	case "403 and a session":
		if a := s.find("SSO", form.Get("id")); a != nil {
			s.session(w, a)
		} else if a := s.find("SSO", form.Get("resource_id")); a != nil {
			s.session(w, a)
		}
		http.Error(w, "no", http.StatusForbidden)
	case "shows the right proof":
		l := manifest.Login{ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"), NavData: form.Get("nav-data"), Timestamp: form.Get("timestamp")}
		http.Error(w, "expected "+s.m.Dialect.Scheme().Proof(l, s.m.SSOSalt), http.StatusForbidden)
	case "shows the proof":
		l := manifest.Login{ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"), NavData: form.Get("nav-data"), Timestamp: form.Get("timestamp")}
		http.Error(w, "expected "+s.m.Dialect.Scheme().Proof(l, s.m.SSOSalt)+" made with "+s.m.SSOSalt, http.StatusForbidden)
	default:
		http.Error(w, "no", http.StatusForbidden)
	}
}

// session begins one, and sets its cookie.
func (s *shop) session(w http.ResponseWriter, a *addon) string {
	value := token()
	sum := func(text string) string { h := sha1.Sum([]byte(text)); return hex.EncodeToString(h[:]) }
	switch s.at("sso.session") {
	case "id":
		value = a.id
	case "base64 id":
		value = base64.StdEncoding.EncodeToString([]byte(a.id))
	case "hex id":
		value = hex.EncodeToString([]byte(a.id))
	case "md5 of the id":
		h := md5.Sum([]byte(a.id))
		value = hex.EncodeToString(h[:])
	case "sha1 of the id":
		value = sum(a.id)
	case "json id":
		value = url.QueryEscape(fmt.Sprintf(`{"addon":%q}`, a.id))
	case "the same each time":
		value = sum(a.id + a.password)
	}
	s.sessions[value] = a
	c := &http.Cookie{Name: "session", Value: value, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode, MaxAge: 3600}
	switch s.at("sso.cookie") {
	case "none":
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
	case "strict":
		c.SameSite = http.SameSiteStrictMode
	case "session":
		c.MaxAge = 0
	case "open":
		c.HttpOnly = false
	case "a day":
		c.MaxAge = 86400
	case "site":
		c.Domain = "example.test"
	case "host prefix":
		c.Name = "__Host-session"
	}
	http.SetCookie(w, c)
	if s.at("sso.cookie") == "more" {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: token(), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	}
	return value
}

func (s *shop) letIn(w http.ResponseWriter, r *http.Request, a *addon, form url.Values) {
	value := s.session(w, a)
	if s.at("dash.kind") == "direct" {
		s.page(w, a)
		return
	}
	page := "/dash/" + url.PathEscape(a.id)
	if s.at("dash.kind") == "one for all" {
		page = "/dash"
	}
	if s.at("dash.kind") == "by query" {
		page = "/dash?id=" + url.QueryEscape(a.id)
	}
	if s.at("dash.kind") == "other host" {
		page = "https://" + dashHost + page
	}
	status := http.StatusSeeOther
	switch s.at("sso.location") {
	case "proof":
		page += "?token=" + form.Get(string(s.m.Dialect.Scheme()))
	case "session":
		page += "?sid=" + value
	case "password":
		page += "?p=" + a.password
	case "elsewhere":
		page = "https://www.elsewhere.test/dash"
	case "plain":
		page = "http://" + shopHost + page
	case "302":
		status = http.StatusFound
	case "301":
		status = http.StatusMovedPermanently
	case "nobody there":
		page = "http://127.0.0.1:1/dash"
	case "nowhere":
		page = "/no-such-page"
	}
	http.Redirect(w, r, page, status)
}

func (s *shop) dashboard(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := "session"
	if s.at("sso.cookie") == "host prefix" {
		name = "__Host-session"
	}
	var a *addon
	if c, err := r.Cookie(name); err == nil {
		a = s.sessions[c.Value]
		if a == nil {
			a = s.guess(c.Value)
		}
	}
	if sid := r.URL.Query().Get("sid"); sid != "" && s.at("sso.location") == "session" {
		a = s.sessions[sid]
	}
	id := r.PathValue("id")
	if s.at("dash.kind") == "by query" {
		id = r.URL.Query().Get("id")
	}
	switch s.at("dash.session") {
	case "none":
		if other := s.byID(id); other != nil {
			a = other
		}
	case "any":
		if other := s.byID(id); a != nil && other != nil {
			a = other
		}
	case "id of the query":
		if other := s.byID(r.URL.Query().Get("id")); a != nil && other != nil {
			a, id = other, other.id
		}
	}
	switch {
	case s.at("dash.kind") == "script":
		fmt.Fprint(w, `<html><script src="/app.js"></script><div id="app"></div></html>`)
	case a == nil, id != "" && id != a.id:
		http.Error(w, "no", http.StatusForbidden)
	case a.gone && s.at("dash.gone") != "shown" && s.at("sso.gone") != "lets in" && s.at("sso.lookup") != "none":
		http.Error(w, "gone", http.StatusGone)
	default:
		s.page(w, a)
	}
}

// guess finds whose session a cookie is that is made of the id.
func (s *shop) guess(value string) *addon {
	if kind := s.at("sso.session"); kind == "" || kind == "the same each time" {
		return nil
	}
	for _, a := range s.addons {
		h, g := md5.Sum([]byte(a.id)), sha1.Sum([]byte(a.id))
		for _, made := range []string{a.id, base64.StdEncoding.EncodeToString([]byte(a.id)), hex.EncodeToString([]byte(a.id)),
			hex.EncodeToString(h[:]), hex.EncodeToString(g[:]), url.QueryEscape(fmt.Sprintf(`{"addon":%q}`, a.id))} {
			if value == made {
				return a
			}
		}
	}
	return nil
}

func (s *shop) byID(id string) *addon {
	for _, a := range s.addons {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (s *shop) page(w http.ResponseWriter, a *addon) {
	if s.at("dash.frames") == "" {
		w.Header().Set("Content-Security-Policy", "frame-ancestors https://console.clever-cloud.com")
	}
	w.Header().Set("Content-Type", "text/html")
	owner := html.EscapeString(a.owner)
	if raw, plain := strings.CutPrefix(a.owner, "\x00"); plain {
		owner = raw
	}
	fmt.Fprintf(w, "<h1>%s</h1><p>Owner: %s</p>", a.id, owner)
	if s.at("dash.page") != "without a plan" {
		fmt.Fprintf(w, "<p>Plan: %s</p>", a.plan)
	}
	switch s.at("dash.page") {
	case "new each time":
		fmt.Fprintf(w, `<p>%s</p><input name="csrf" value="%s">`, time.Now().Format(time.RFC3339Nano), token())
	case "shows variables":
		fmt.Fprintf(w, "<pre>%s</pre>", a.password)
	case "shows all":
		for _, other := range s.addons {
			fmt.Fprintf(w, "<pre>%s</pre>", other.password)
		}
	}
}
