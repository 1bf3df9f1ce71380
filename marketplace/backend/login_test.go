package backend_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/marketplace/backend"
	"runner/marketplace/manifest"
)

// visit makes a request as a browser does, with a session or without.
func (s *stand) visit(method, address string, c *http.Cookie, body url.Values) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c != nil {
		r.AddCookie(c)
	}
	return s.send(r)
}

// signIn opens the dashboard of an add-on, as its console does.
func (s *stand) signIn(o manifest.Order, id string) reply {
	s.t.Helper()
	l := manifest.Login{ID: id, ResourceID: o.Key, UserID: manifest.NewKey(manifest.HerokuV1), Email: "zoe@example.test"}
	in, err := s.m.SignIn(s.m.Test, l, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	if in.Method == http.MethodGet {
		return s.visit(in.Method, in.Address(), nil, nil)
	}
	return s.visit(in.Method, in.URL, nil, in.Form)
}

// session returns the page and the cookie that a sign-in leads to.
func (s *stand) session(r reply) (page string, c *http.Cookie) {
	s.t.Helper()
	cookies := (&http.Response{Header: r.header}).Cookies()
	if r.status != http.StatusSeeOther || len(cookies) != 1 {
		s.t.Fatalf("a sign-in: %d %s, %d cookies", r.status, r.body, len(cookies))
	}
	return s.URL + r.header.Get("Location"), cookies[0]
}

// TestDashboard: a session is for one add-on, and ends with it.
func TestDashboard(t *testing.T) {
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := open(t, d, t.TempDir(), newShop(), nil)
			mine, theirs := order(d, "small"), order(d, "large")
			my, their := s.buy(mine).ID, s.buy(theirs).ID
			page, session := s.session(s.signIn(mine, my))
			other, _ := s.session(s.signIn(theirs, their))
			proven := map[bool]string{true: "true", false: "false"}[d == manifest.Clever || d == manifest.HerokuV3]
			for _, c := range []struct {
				what, method, page string
				cookie             *http.Cookie
				status             int
				body               string
			}{
				{"my page", "GET", page, session, 200, "GET / small " + proven},
				{"a form of it", "POST", page + "show", session, 200, "POST /show small " + proven},
				{"without its slash", "GET", strings.TrimSuffix(page, "/"), session, 303, ""},
				{"another's page", "GET", other, session, 403, ""},
				{"nobody's page", "GET", page, nil, 403, ""},
				{"a wrong session", "GET", page, &http.Cookie{Name: session.Name, Value: "x"}, 403, ""},
				{"no session", "GET", page, &http.Cookie{Name: session.Name, Value: ""}, 403, ""},
				{"out of its page", "GET", page + "../" + their + "/", session, 200, "GET /../" + their + "/ small " + proven},
			} {
				r := s.visit(c.method, c.page, c.cookie, nil)
				if r.status != c.status || c.body != "" && r.body != c.body {
					t.Errorf("%s: %d %q, want %d %q", c.what, r.status, r.body, c.status, c.body)
				}
				for name, value := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
					if r.header.Get(name) != value {
						t.Errorf("%s: %s is %q", c.what, name, r.header.Get(name))
					}
				}
			}
			s.remove(mine, my)
			if r := s.visit("GET", page, session, nil); r.status != 403 {
				t.Errorf("after the removal: %d", r.status)
			}
			if r := s.signIn(mine, my); r.status != 403 {
				t.Errorf("a sign-in after the removal: %d", r.status)
			}
		})
	}
}

// TestForeignForms: another site cannot send a form of the dashboard's, though the
// browser has its session.
func TestForeignForms(t *testing.T) {
	s := open(t, manifest.Clever, t.TempDir(), newShop(), nil)
	o := order(manifest.Clever, "small")
	page, session := s.session(s.signIn(o, s.buy(o).ID))
	for site, status := range map[string]int{"same-origin": 200, "none": 200, "cross-site": 403, "same-site": 403} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", page, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(session)
		r.Header.Set("Sec-Fetch-Site", site)
		if got := s.send(r); got.status != status {
			t.Errorf("%s: %d, want %d", site, got.status, status)
		}
	}
}

// TestCookies: what a browser is to do with a session depends on how the page is
// shown.
func TestCookies(t *testing.T) {
	const console = "https://console.example.test"
	for _, c := range []struct {
		name, scheme string
		consoles     []string
		want         http.Cookie
		frames       string
	}{
		{"by itself", "https", nil, http.Cookie{Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true}, "https://console.clever-cloud.com"},
		{"in no frame", "https", []string{}, http.Cookie{Secure: true, SameSite: http.SameSiteLaxMode}, "'none'"},
		{"in a frame", "https", []string{console}, http.Cookie{Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true}, console},
		{"on this machine", "http", []string{}, http.Cookie{SameSite: http.SameSiteLaxMode}, "'none'"},
		{"in a frame on this machine", "http", []string{console}, http.Cookie{SameSite: http.SameSiteLaxMode}, console},
	} {
		s := open(t, manifest.Clever, t.TempDir(), newShop(), func(b *backend.Config) {
			b.Consoles = c.consoles
			b.Site.SSOURL = strings.Replace(b.Site.SSOURL, "http", c.scheme, 1)
		})
		s.m.Test.SSOURL = strings.Replace(s.m.Test.SSOURL, "https", "http", 1)
		o := order(manifest.Clever, "small")
		id := s.buy(o).ID
		r := s.signIn(o, id)
		_, got := s.session(r)
		c.want.Name, c.want.Value, c.want.Path, c.want.MaxAge, c.want.HttpOnly = got.Name, got.Value, "/market/sso/dashboard/"+id, 90*60, true
		got.Raw = ""
		if diff := cmp.Diff(&c.want, got); diff != "" || len(got.Value) < 26 {
			t.Errorf("%s: %s", c.name, diff)
		}
		if policy := r.header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, "frame-ancestors "+c.frames) {
			t.Errorf("%s: %s", c.name, policy)
		}
		s.close()
	}
}

// TestSessionsEnd: after 90 minutes the page is closed.
func TestSessionsEnd(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * 365 * 24 * time.Hour) // to where a timestamp has ten digits
		m := newManifest(manifest.HerokuV1)
		m.Test = manifest.Site{BaseURL: "https://kv.example.test/r", SSOURL: "https://kv.example.test/sso"}
		f := file(t, filepath.Join(dir, "addons"))
		put(t, f, addon("a"))
		b, err := backend.New(backend.Config{Manifest: m, Site: m.Test, Plans: []string{"small"}, Service: newShop(), Store: f})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		in, err := m.SignIn(m.Test, manifest.Login{ID: "ida"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", in.URL, strings.NewReader(in.Form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		for _, status := range []int{200, 403} {
			page := httptest.NewRequest("GET", "https://kv.example.test"+w.Header().Get("Location"), nil)
			for _, c := range w.Result().Cookies() {
				page.AddCookie(c)
			}
			got := httptest.NewRecorder()
			if b.ServeHTTP(got, page); got.Code != status {
				t.Errorf("%d, want %d", got.Code, status)
			}
			time.Sleep(90*time.Minute + time.Second)
		}
	})
}

// TestPanics: a fault of the page's is nobody else's, and tells nothing.
func TestPanics(t *testing.T) {
	s := open(t, manifest.Clever, t.TempDir(), newShop(), nil)
	o := order(manifest.Clever, "small")
	page, session := s.session(s.signIn(o, s.buy(o).ID))
	if r := s.visit("GET", page+"fault", session, nil); r.status != 500 || strings.Contains(r.body, "fault of the page") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := s.visit("GET", page, session, nil); r.status != 200 {
		t.Errorf("the next page: %d", r.status)
	}
	if log := s.log.String(); strings.Contains(log, password) || !strings.Contains(log, "a fault of the page: ********") {
		t.Errorf("the log: %s", log)
	}
}
