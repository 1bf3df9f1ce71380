package conformance

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"

	"runner/marketplace/manifest"
)

// signIn makes a good form for an add-on, each with a moment of its own, so that
// a back-end that takes a proof once takes all of them.
func (s *session) signIn(r *resource, written string) *manifest.SignIn {
	l := manifest.Login{
		ID: r.id, ResourceID: r.order.Key, UserID: "user_" + manifest.NewKey(manifest.HerokuV1), Email: "conformance@example.test", App: "conformance",
		Timestamp: written,
	}
	if s.m.Dialect.Heroku() {
		l.NavData = "e30"
	}
	at := time.Now()
	for s.stamped[at.Unix()] {
		at = at.Add(-time.Second)
	}
	s.stamped[at.Unix()] = true
	in, err := s.m.SignIn(s.o.Backend.Site, l, at)
	if err != nil { // an id that cannot be signed: the back-end hears of an empty one
		return &manifest.SignIn{Method: http.MethodPost, URL: s.o.Backend.Site.SSOURL, Form: url.Values{}}
	}
	return in
}

// submit sends a form as a browser does, and follows nothing.
func (s *session) submit(in *manifest.SignIn, edits ...func(*http.Request)) *reply {
	address, body := in.URL, in.Form.Encode()
	if in.Method == http.MethodGet {
		address, body = in.Address(), ""
	}
	r, err := http.NewRequestWithContext(s.ctx, in.Method, address, strings.NewReader(body))
	if err != nil {
		return &reply{s: s, err: err}
	}
	if in.Method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	for _, edit := range edits {
		edit(r)
	}
	return s.exchange(r)
}

// open signs in with a form that an edit may spoil.
func (s *session) open(r *resource, spoil func(url.Values)) *reply {
	in := s.signIn(r, "")
	if spoil != nil {
		spoil(in.Form)
	}
	return s.submit(in)
}

// openAt signs in with a well-signed timestamp of any form.
func (s *session) openAt(r *resource, written string) *reply { return s.submit(s.signIn(r, written)) }

// A landing is where a sign-in ends.
type landing struct {
	last    *reply
	cookies map[string]string // that were set on the way
}

// browse signs in and follows redirects on the same host, with cookies.
func (s *session) browse(in *manifest.SignIn) (*landing, error) {
	got := &landing{last: s.submit(in), cookies: map[string]string{}}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return got, err
	}
	at, err := url.Parse(in.URL)
	if err != nil {
		return got, err
	}
	host := at.Host
	for range 10 {
		set := cookies(got.last)
		for _, c := range set {
			got.cookies[c.Name] = c.Value
		}
		if got.last.status()/100 != 3 {
			return got, nil
		}
		jar.SetCookies(at, set)
		next, err := at.Parse(got.last.a.Header.Get("Location"))
		if err != nil || next.Host != host {
			return got, errors.New("it leads to another site")
		}
		at = next
		got.last = s.visit(at, jar.Cookies(at))
	}
	return got, errors.New("it leads round in circles")
}

// visit reads a page.
func (s *session) visit(at *url.URL, cookies []*http.Cookie) *reply {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return &reply{s: s, err: err}
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return s.exchange(r)
}

// barred holds a sign-in to be refused.
func (p *probe) barred(r *reply) { p.want(r, "403", http.StatusForbidden) }

// loginChecks are about who may sign in.
func loginChecks() []Check {
	const section = "single sign-on"
	return []Check{
		{"K37", "a wrong proof is refused", "Anybody could open any dashboard.", section, false, all, login, func(p *probe) {
			p.barred(p.open(p.first, func(f url.Values) {
				for _, name := range []string{"token", "signature", "resource_token", "user_scoped_resource_token"} {
					if f.Has(name) {
						f.Set(name, "invalid")
					}
				}
			}))
		}},
		{"K38", "a proof of six minutes ago is refused", "Proofs are found in logs.", section, false, all, login, func(p *probe) {
			p.barred(p.openAt(p.first, p.m.Dialect.Stamp(time.Now().Add(-6*time.Minute))))
		}},
		{"K39", "a user signs in", "That is what it is for.", section, false, all, login, func(p *probe) {
			page, err := p.browse(p.signIn(p.first, ""))
			if p.want(page.last, "200, after redirects", 200) && err != nil {
				p.fail("a page of the same site", err.Error())
			}
		}},
		{"N70", "the proof of one add-on opens no other", "Customers would see each other's data.", section, false, all, login, func(p *probe) {
			other := p.mustFresh()
			if other == nil {
				return
			}
			mine, theirs := p.signIn(p.first, ""), p.signIn(other, "")
			for _, name := range []string{"id", "resource_id"} {
				if mine.Form.Has(name) {
					mine.Form.Set(name, theirs.Form.Get(name))
				}
			}
			mine.URL = theirs.URL
			p.barred(p.submit(mine))
		}},
		{"N71", "an incomplete form is refused", "What is missing must not be taken as empty.", section, false, all, login, func(p *probe) {
			key := "id"
			if p.m.Dialect == manifest.HerokuV3 {
				key = "resource_id"
			}
			for _, name := range []string{recipe(p), "timestamp", key} {
				if p.o.Backend.Site.Old && name == key {
					continue
				}
				p.barred(p.open(p.first, func(f url.Values) { f.Del(name) }))
				p.barred(p.open(p.first, func(f url.Values) { f.Set(name, "") }))
			}
		}},
		{"N72", "timestamps that are old or none are refused", "A lenient reader lets old proofs live.", section, false, all, login, badTimes},
	}
}

func recipe(p *probe) string { return string(p.m.Dialect.Scheme()) }

// proofChecks are about forms that are almost good.
func proofChecks() []Check {
	const section = "single sign-on"
	return []Check{
		{"N73", "seconds and milliseconds", "The documentation says one, the code does the other.", section, false, "c", login, func(p *probe) {
			r := p.openAt(p.first, p.m.Dialect.Stamp(time.Now().Add(-100*time.Second)))
			p.wantThat(r, "milliseconds are taken", r.status() < 400 && r.a != nil)
			if r := p.openAt(p.first, strconv.FormatInt(time.Now().Unix()-101, 10)); r.status() >= 400 || r.a == nil {
				p.saw(r)
				p.warn("seconds are taken, too", r.String())
			}
		}},
		{"N74", "a proof is good once", "It stands in the browser's history.", section, true, all, login, func(p *probe) {
			in := p.signIn(p.first, "")
			if first := p.submit(in); first.status() >= 400 || first.a == nil {
				p.skip("nobody can sign in")
				return
			}
			p.barred(p.submit(in))
		}},
		{"N75", "a proof in capitals is no fault", "Some write hex so.", section, true, all, login, func(p *probe) {
			p.wantAnswer(p.open(p.first, func(f url.Values) { f.Set(recipe(p), strings.ToUpper(f.Get(recipe(p)))) }))
		}},
		{"N76", "a wrong signature is refused though the token is right", "Who has an old token could be anybody.", section, false, "c", login, func(p *probe) {
			p.barred(p.open(p.first, func(f url.Values) { f.Set(recipe(p), strings.Repeat("0", len(f.Get(recipe(p))))) }))
			p.barred(p.open(p.first, func(f url.Values) { f.Del(recipe(p)) }))
		}},
		{"N77", "what is signed cannot be changed", "A user could become another.", section, false, "c3", login, func(p *probe) {
			p.barred(p.open(p.first, func(f url.Values) { f.Set("email", "root@example.test") }))
			p.barred(p.open(p.first, func(f url.Values) { f.Set("user_id", "user_root") }))
			if p.m.Dialect == manifest.Clever {
				p.barred(p.open(p.first, func(f url.Values) { f.Set("nav-data", "x") }))
			}
		}},
		{"N78", "nobody signs in by GET", "Addresses are logged.", section, true, all, login, func(p *probe) {
			in := p.signIn(p.first, "")
			if p.o.Backend.Site.Old {
				p.skip("the old form signs in by GET")
				return
			}
			in.Method = http.MethodGet
			p.want(p.submit(in), "405, 403 or 404", 405, 403, 404, 401)
		}},
		{"N79", "a field that comes twice is refused", "Two readers could see two users.", section, true, all, login, func(p *probe) {
			p.barred(p.open(p.first, func(f url.Values) {
				name := "id"
				if !f.Has(name) {
					name = "timestamp"
				}
				f.Add(name, f.Get(name))
			}))
		}},
	}
}

// badTimes signs timestamps that a strict reader refuses. Those of the future
// are only told.
func badTimes(p *probe) {
	now := time.Now()
	stamp := p.m.Dialect.Stamp
	for _, written := range []string{
		stamp(now.Add(-6 * time.Minute)), stamp(now.Add(-16 * time.Minute)), "0", "-1", "1e9", stamp(now) + "abc", stamp(now) + "\x80", "1000000000000000000",
	} {
		p.barred(p.openAt(p.first, written))
	}
	if r := p.openAt(p.first, stamp(now.Add(10*time.Minute))); r.status() != http.StatusForbidden {
		p.saw(r)
		p.warn("403 for a proof of the future", r.String())
	}
}

// sessionChecks are about what a good sign-in gives.
func sessionChecks() []Check {
	const section = "single sign-on"
	return []Check{
		{"N80", "the redirect holds no secret", "Addresses are logged.", section, false, all, login, func(p *probe) {
			in := p.signIn(p.first, "")
			r := p.submit(in)
			if !p.want(r, "200, 302 or 303", 200, 302, 303) {
				return
			}
			where := r.location()
			if to, err := url.Parse(where); err == nil && to.Scheme == "http" && strings.HasPrefix(in.URL, "https:") {
				p.fail("https in Location, too", r.String())
			}
			for name, values := range in.Form {
				if strings.Contains(name, "token") || name == "signature" {
					p.wantThat(r, "no proof in Location", !strings.Contains(where, values[0]))
				}
			}
			for name := range query(where) {
				p.wantThat(r, "no token in Location", !strings.Contains(strings.ToLower(name), "token") && !strings.Contains(strings.ToLower(name), "session"))
			}
		}},
		{"N81", "cookies are guarded", "Scripts and other sites must not use them.", section, true, all, login, func(p *probe) {
			set := cookies(p.saw(p.open(p.first, nil)))
			if len(set) == 0 {
				p.skip("no cookie is set")
				return
			}
			for _, c := range set {
				secure := c.Secure || !strings.HasPrefix(p.o.Backend.Site.SSOURL, "https:")
				switch {
				case !c.HttpOnly || !secure || c.SameSite == 0:
					p.fail("Secure, HttpOnly and SameSite for "+c.Name, "one of them is missing")
				case lasts(c) > 90*time.Minute:
					p.fail("90 minutes at most for "+c.Name, lasts(c).Round(time.Minute).String())
				}
			}
		}},
		{"N82", "a session opens one dashboard only", "Customers would see each other's data.", section, false, all, login, func(p *probe) {
			other := p.mustFresh()
			if other == nil {
				return
			}
			mine, theirs := p.open(p.first, nil), p.open(other, nil)
			at, err := url.Parse(p.o.Backend.Site.SSOURL)
			if err != nil || mine.a == nil || theirs.a == nil || theirs.a.Header.Get("Location") == "" {
				p.skip("this back-end leads to no page of its own")
				return
			}
			page, err := at.Parse(theirs.a.Header.Get("Location"))
			if err != nil || theirs.a.Header.Get("Location") == mine.a.Header.Get("Location") {
				p.skip("all add-ons have the same page")
				return
			}
			p.want(p.visit(page, cookies(mine)), "403 or 404", 401, 403, 404, 301, 302, 303, 307, 308)
		}},
		{"N83", "each sign-in is a session of its own", "Who plants a cookie would be in the session, too.", section, true, all, login, func(p *probe) {
			first := cookies(p.saw(p.open(p.first, nil)))
			if len(first) == 0 {
				p.skip("no cookie is set")
				return
			}
			second := p.submit(p.signIn(p.first, ""), func(r *http.Request) { r.AddCookie(first[0]) })
			after := cookies(second)
			p.wantThat(second, "another value of "+first[0].Name, len(after) > 0 && after[0].Value != first[0].Value)
		}},
		{"N85", "no password is asked for", "Browsers have none.", section, false, all, login, func(p *probe) {
			r := p.open(p.first, nil)
			p.wantThat(r, "no 401", r.status() != http.StatusUnauthorized)
		}},
	}
}

func cookies(r *reply) []*http.Cookie {
	if r.a == nil {
		return nil
	}
	return (&http.Response{Header: r.a.Header}).Cookies()
}

// lasts reports how long a browser keeps a cookie; 0 is until it is closed.
func lasts(c *http.Cookie) time.Duration {
	switch {
	case c.MaxAge > 0:
		return time.Duration(min(c.MaxAge, 1<<30)) * time.Second
	case c.MaxAge == 0 && !c.Expires.IsZero():
		return time.Until(c.Expires)
	}
	return 0
}

func query(where string) url.Values {
	u, err := url.Parse(where)
	if err != nil {
		return nil
	}
	return u.Query()
}
