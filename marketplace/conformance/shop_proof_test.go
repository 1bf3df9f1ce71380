package conformance_test

import (
	"fmt"
	"net/http"
	"net/url"
	"runner/marketplace/manifest"
	"strings"
	"time"
)

// sso signs a user in.
func (s *shop) sso(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodPost && (r.Method != http.MethodGet || s.at("sso.method") != "any") {
		s.refuse(w, r, 405, "POST")
		return
	}
	if s.at("sso.basic") != "" && !s.allowed("POST", r) {
		s.unauthorized(w, r)
		return
	}
	_ = r.ParseForm()
	form := r.PostForm
	if r.Method == http.MethodGet || s.at("sso.fields") == "query first" && r.URL.RawQuery != "" {
		form = r.Form
		for name, values := range r.URL.Query() {
			form[name] = values
		}
	}
	if s.at("sso.fields") != "twice" {
		for _, values := range form {
			if len(values) > 1 {
				s.deny(w, r, form)
				return
			}
		}
	}
	if s.at("sso.order") == "lookup first" && s.find("SSO", form.Get("id")) == nil && s.find("SSO", form.Get("resource_id")) == nil {
		http.NotFound(w, r)
		return
	}
	if !s.proven(form) {
		s.deny(w, r, form)
		return
	}
	id := form.Get("id")
	if s.at("sso.fields") == "id of the query" && r.URL.Query().Get("id") != "" {
		id = r.URL.Query().Get("id")
	}
	if s.m.Dialect == manifest.HerokuV3 {
		id = form.Get("resource_id")
		if s.at("sso.fields") == "id of the query" && r.URL.Query().Get("resource_id") != "" {
			id = r.URL.Query().Get("resource_id")
		}
	}
	a := s.find("SSO", id)
	if a == nil && s.at("sso.lookup") == "none" {
		a = &addon{id: id, key: id, plan: "small", password: token()}
	}
	if a == nil || a.gone && s.at("sso.gone") != "lets in" && s.at("sso.lookup") != "none" {
		s.deny(w, r, form)
		return
	}
	if proof := form.Get(string(s.m.Dialect.Scheme())) + form.Get("timestamp"); s.at("sso.replay") == "" {
		if s.used[proof] {
			s.deny(w, r, form)
			return
		}
		s.used[proof] = true
	}
	if s.at("sso.rotates") != "" {
		a.password = token()
	}
	s.letIn(w, r, a, form)
}

// proven verifies the proof of a form.
func (s *shop) proven(form url.Values) bool {
	l := manifest.Login{
		ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"), NavData: form.Get("nav-data"), Timestamp: form.Get("timestamp"),
	}
	if strings.TrimSpace(l.Timestamp) == "" && s.at("sso.missing") != "let in" || l.ID == "" && s.m.Dialect != manifest.HerokuV3 || s.m.Dialect == manifest.HerokuV3 && l.ResourceID == "" {
		return false
	}
	if !s.fresh(l.Timestamp) {
		return false
	}
	scheme := s.m.Dialect.Scheme()
	switch s.at("sso.scheme") {
	case "token":
		scheme = manifest.Token
	case "resource_token":
		scheme = manifest.ResourceToken
	case "any":
		for _, one := range []manifest.Scheme{manifest.Token, manifest.Signature} {
			if form.Has(string(one)) && form.Get(string(one)) == one.Proof(l, s.m.SSOSalt) {
				return true
			}
		}
		return false
	}
	salt, got := s.m.SSOSalt, form.Get(string(scheme))
	switch s.at("sso.covers") {
	case "no salt":
		salt = ""
	case "any salt":
		if got == scheme.Proof(l, "another-salt") {
			return true
		}
	}
	return s.equalProof(l, scheme, scheme.Proof(l, salt), got)
}

func (s *shop) equalProof(l manifest.Login, scheme manifest.Scheme, want, got string) bool {
	switch s.at("sso.compare") {
	case "nothing":
		return true
	case "any that is there":
		return got != ""
	case "length":
		return len(got) == len(want)
	case "first 16":
		return len(got) >= 16 && got[:16] == want[:16]
	case "first 8":
		return len(got) >= 8 && got[:8] == want[:8]
	case "last 8":
		return len(got) >= 8 && got[len(got)-8:] == want[len(want)-8:]
	case "beginning":
		return got != "" && strings.HasPrefix(want, got)
	case "beginning of what came":
		return strings.HasPrefix(got, want)
	case "empty is good":
		return got == "" || got == want
	case "case":
		return strings.EqualFold(got, want)
	case "not the timestamp":
		for age := range 400 { // of the forms that this run has made
			l.Timestamp = s.m.Dialect.Stamp(time.Now().Add(-time.Duration(age) * time.Second))
			if len(got) > 16 && s.recent(l, scheme, got) {
				return true
			}
		}
		return got == want
	case "not the id":
		for _, a := range s.addons {
			l.ID, l.ResourceID = a.id, a.key
			if got == scheme.Proof(l, s.m.SSOSalt) {
				return true
			}
		}
		return false
	case "not the user":
		return s.anyUser(l, scheme, got)
	}
	return got == want
}

// recent reports whether a proof is good for a moment, whatever the form says.
func (s *shop) recent(l manifest.Login, scheme manifest.Scheme, got string) bool {
	base := l.Timestamp
	if len(base) == 13 {
		base = base[:10]
		for ms := range 1000 {
			l.Timestamp = fmt.Sprintf("%s%03d", base, ms)
			if got == scheme.Proof(l, s.m.SSOSalt) {
				return true
			}
		}
		return false
	}
	return got == scheme.Proof(l, s.m.SSOSalt)
}

func (s *shop) anyUser(l manifest.Login, scheme manifest.Scheme, got string) bool {
	if got == scheme.Proof(l, s.m.SSOSalt) {
		return true
	}
	l.Email = "conformance@example.test"
	return got == scheme.Proof(l, s.m.SSOSalt)
}

func (s *shop) fresh(written string) bool {
	if written == "" {
		return s.at("sso.missing") == "let in"
	}
	var n int64
	digits, rest := "", ""
	for i, c := range written {
		if c < '0' || c > '9' {
			digits, rest = written[:i], written[i:]
			break
		}
		digits = written[:i+1]
	}
	if rest != "" && s.at("sso.clock") != "lenient" {
		return s.at("sso.clock") == "odd is good"
	}
	if _, err := fmt.Sscan(digits, &n); err != nil {
		return s.at("sso.missing") == "let in" && strings.TrimSpace(written) == "" || s.at("sso.clock") == "odd is good"
	}
	at := time.Unix(n, 0)
	if len(digits) == 13 && s.at("sso.clock") != "seconds only" {
		at = time.UnixMilli(n)
	}
	if len(digits) == 10 && s.m.Dialect == manifest.Clever && s.at("sso.clock") == "milliseconds only" {
		return false
	}
	past, future := 5*time.Minute, time.Minute
	switch s.at("sso.window") {
	case "none":
		return true
	case "a day":
		past = 24 * time.Hour
	case "two hours":
		past = 2 * time.Hour
	case "15 minutes":
		past = 15*time.Minute + time.Second
	case "2 minutes":
		past = 2*time.Minute + 30*time.Second
	case "30 seconds":
		past = 30 * time.Second
	case "future":
		future = 1000 * 24 * time.Hour
	case "only the future":
		past = 1e6 * time.Hour
	}
	age := time.Since(at)
	return age <= past && age >= -future
}
