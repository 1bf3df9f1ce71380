package backend

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"runner/marketplace/manifest"
)

const (
	// sessionTime is what Heroku's documentation asks for.
	sessionTime = 90 * time.Minute
	cookieName  = "session"
)

// A session is a browser that may see one add-on.
type session struct {
	addon string // the vendor's id
	by    Visitor
	ends  time.Time
}

// sessions are kept under hashes of what browsers have. They end with the process:
// users open the dashboard from their console again.
type sessions struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]session
}

// begin opens a session, and returns what its browser is to have.
func (s *sessions) begin(one session) string {
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[[sha256.Size]byte]session{}
	}
	now := time.Now()
	for k, other := range s.open {
		if now.After(other.ends) {
			delete(s.open, k)
		}
	}
	one.ends = now.Add(sessionTime)
	s.open[sha256.Sum256([]byte(token))] = one
	return token
}

func (s *sessions) get(token string) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.open[sha256.Sum256([]byte(token))]
	return one, ok && time.Now().Before(one.ends)
}

// end ends all sessions of an add-on.
func (s *sessions) end(addon string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, one := range s.open {
		if one.addon == addon {
			delete(s.open, k)
		}
	}
}

// signIn lets a user in who comes from the marketplace, whose browser has no
// password. An id comes with the old form: it is in the path there.
func (b *Backend) signIn(w http.ResponseWriter, r *http.Request, id string) {
	b.keepToItself(w.Header())
	login, err := b.login(r, id)
	if refusal, ok := errors.AsType[*manifest.Refusal](err); ok {
		b.log.Warn("sign-in refused", "reason", refusal.Reason)
		if refusal.Status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		refuseUser(w, refusal.Status)
		return
	}
	name := login.ID
	if b.c.Manifest.Dialect == manifest.HerokuV3 {
		name = login.ResourceID
	}
	a, known, err := b.lookup(r.Context(), name)
	if err != nil || !known || a.State != Ready {
		b.log.Warn("sign-in refused", "reason", "there is no such add-on, or none that is ready", "addon", a.ID)
		refuseUser(w, http.StatusForbidden)
		return
	}
	by := visitor(login, b.verifier.Scheme)
	page := b.paths.dashboard + "/" + url.PathEscape(a.ID)
	http.SetCookie(w, b.cookie(page, b.sessions.begin(session{addon: a.ID, by: by})))
	b.log.Info("sign-in", "addon", a.ID, "user", by.UserID)
	w.Header().Set("Location", page+"/")
	w.WriteHeader(http.StatusSeeOther)
}

// login verifies the form, or the query of the old form.
func (b *Backend) login(r *http.Request, id string) (manifest.Login, error) {
	if !b.paths.old {
		return b.verifier.Request(r)
	}
	form, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return manifest.Login{}, &manifest.Refusal{Status: http.StatusForbidden, Reason: "a query that cannot be read"}
	}
	form.Add("id", id)
	return b.verifier.Verify(form)
}

// cookie returns the one of a page. A page in a frame of the marketplace's gets none
// but with SameSite=None, which browsers take over https only.
func (b *Backend) cookie(page, token string) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: token, Path: page, MaxAge: int(sessionTime / time.Second),
		HttpOnly: true, Secure: b.secure, SameSite: http.SameSiteLaxMode,
	}
	if len(b.c.Consoles) > 0 && b.secure {
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
	}
	return c
}

// keepToItself sets the headers of everything that a user sees: it is in no cache,
// no other site hears where the user was, scripts do not run, and nobody frames it
// who may not.
func (b *Backend) keepToItself(h http.Header) {
	frames := "'none'"
	if len(b.c.Consoles) > 0 {
		frames = strings.Join(b.c.Consoles, " ")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors "+frames)
}

// refuseUser refuses a user. Why stays in the log: the answer would help whoever tries.
func refuseUser(w http.ResponseWriter, status int) {
	http.Error(w, "This page is opened from your marketplace's console: open it there again.", status)
}

// dashboard lets the Service answer a user who signed in to just this add-on.
func (b *Backend) dashboard(w http.ResponseWriter, r *http.Request, path string) {
	b.keepToItself(w.Header())
	id, rest, folder := strings.Cut(path, "/")
	c, err := r.Cookie(cookieName)
	if err != nil {
		refuseUser(w, http.StatusForbidden)
		return
	}
	one, ok := b.sessions.get(c.Value)
	a, known, err := b.c.Store.Find(r.Context(), one.addon)
	if !ok || one.addon != id || err != nil || !known || a.State != Ready {
		refuseUser(w, http.StatusForbidden)
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		b.log.Warn("dashboard refused", "addon", a.ID, "reason", err.Error())
		refuseUser(w, http.StatusForbidden)
		return
	}
	if !folder { // links of the page are below it
		http.Redirect(w, r, b.paths.dashboard+"/"+url.PathEscape(a.ID)+"/", http.StatusSeeOther)
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.RawPath = "/" + rest
	if inner.URL.Path, err = url.PathUnescape("/" + rest); err != nil {
		refuseUser(w, http.StatusNotFound)
		return
	}
	inner.Header.Del("Cookie")
	b.c.Service.Dashboard(w, inner, a, one.by)
}
