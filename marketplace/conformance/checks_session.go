package conformance

import (
	"crypto/md5"  // what a careless back-end may make cookies of
	"crypto/sha1" // the same
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"runner/marketplace/manifest"
)

// sessionChecks are about what a good sign-in gives.
func sessionChecks() []Check {
	const section = "single sign-on"
	return []Check{
		{"N80", "the way to the dashboard holds no secret", "Addresses stand in logs, histories and Referer headers: who reads them is in.", "Keep proof and session out of URLs: set a cookie, and redirect to a plain address.",
			section, onSecrets, all, all, needing(anOrder, signedIn), nil, plainAddress},
		{"N81", "cookies are guarded", "Scripts and other sites use the session.", "Set HttpOnly, Secure and SameSite, and let the session end after 90 minutes.",
			section, onAdvice, "", all, needing(anOrder, signedIn), nil, guardedCookies},
		{"N82", "a session opens one dashboard only", "Customers see each other's data.", "Keep in the session which add-on it is for, and compare.",
			section, onSSO, all, all, needing(anOrder, signedIn), nil, oneDashboard},
		{"N101", "the dashboard needs a session", "Who knows or guesses an address sees the customer's data.", "Ask for the session's cookie on every page.",
			section, onSSO, all, all, needing(anOrder, signedIn), nil, func(p *probe) {
				own := p.own()
				if own.first == own.last {
					p.skip("the answer to the form is the dashboard")
					return
				}
				seen := p.visit(own.at, newJar())
				if holdsAny(seen, marks(p.config)) || p.shownToAll(own) && len(own.cookies) > 0 && p.names(own.last, p.first) {
					p.fail("no dashboard without the session", seen, own.first)
				}
			}},
		{"N102", "sessions cannot be guessed", "Who knows an add-on's id makes the cookie of its session.", "Make session ids of 128 random bits, or sign them.",
			section, onSSO, all, all, needing(anOrder, signedIn), nil, guessed},
		{"N83", "each sign-in is a session of its own", "Who plants a cookie in a browser is in the customer's session, too.", "Make a new session id at each sign-in.",
			section, onAdvice, "", all, needing(anOrder, signedIn), nil, func(p *probe) {
				first := p.own()
				if len(first.first.cookies()) == 0 {
					p.skip("no cookie is set")
					return
				}
				planted := first.first.cookies()[0]
				second := p.submit(p.signIn(p.first, ""), func(r *http.Request) { r.AddCookie(planted) })
				after := second.cookies()
				p.wantThat(second, "another value of "+planted.Name, len(after) > 0 && after[0].Value != planted.Value, first.first)
			}},
	}
}

func (r *reply) cookies() []*http.Cookie { return cookies(r) }

// names reports whether a page names an add-on.
func (s *session) names(r *reply, of *resource) bool {
	for _, name := range []string{of.id, of.order.Key} {
		if len(name) > 3 && strings.Contains(string(r.body()), name) {
			return true
		}
	}
	return false
}

// plainAddress looks for secrets in the redirect, and uses its address without the
// session.
func plainAddress(p *probe) {
	in := p.signIn(p.first, "")
	v := p.browse(p.first, in)
	if s := v.first.status(); s/100 == 3 && s != 302 && s != 303 {
		p.advise("200, 302 or 303", v.first)
	}
	for _, hop := range []*reply{v.first, v.last} {
		to := hop.location()
		if u, err := url.Parse(to); err == nil && u.Scheme == "http" && strings.HasPrefix(in.URL, "https:") {
			p.fail("https in Location, too", hop)
		}
		for _, secret := range append(marks(p.config), p.secretsOf(in)...) {
			if strings.Contains(to, secret) || strings.Contains(to, url.QueryEscape(secret)) {
				p.failText("no secret in Location", "it holds a proof, a secret of the manifest, or a variable", hop)
			}
		}
	}
	if v.at == nil || v.first == v.last || v.at.RawQuery == "" || !v.arrived() {
		return
	}
	if again := p.visit(v.at, newJar()); p.same(again, p.first, v.last, p.first) {
		bare := *v.at
		bare.RawQuery = ""
		if !p.same(p.visit(&bare, newJar()), p.first, v.last, p.first) { // or the page is everybody's, which N101 reports
			p.failText("an address that is no session", "who has the address that the redirect leads to is signed in, without a cookie", v.first)
		}
	}
}

// secretsOf returns what makes a form good, and the secrets of the manifest.
func (p *probe) secretsOf(in *manifest.SignIn) []string {
	return append(in.Proofs(), p.m.Secrets()...)
}

func guardedCookies(p *probe) {
	v := p.own()
	if len(v.cookies) == 0 {
		p.skip("no cookie is set")
		return
	}
	for _, c := range v.cookies {
		secure := c.Secure || !strings.HasPrefix(p.o.Backend.Site.SSOURL, "https:")
		switch {
		case c.MaxAge < 0 || c.Value == "":
		case !c.HttpOnly || !secure || c.SameSite == 0:
			p.failText("Secure, HttpOnly and SameSite for "+c.Name, "one of them is missing", v.first)
		case lasts(c) > 90*time.Minute:
			p.failText("90 minutes at most for "+c.Name, lasts(c).Round(time.Minute).String(), v.first)
		}
	}
}

// lasts returns how long a browser keeps a cookie; 0 is until it is closed.
func lasts(c *http.Cookie) time.Duration {
	switch {
	case c.MaxAge > 0:
		return time.Duration(min(c.MaxAge, 1<<30)) * time.Second
	case c.MaxAge == 0 && !c.Expires.IsZero():
		return time.Until(c.Expires)
	}
	return 0
}

// oneDashboard reads another add-on's page with the first one's session.
func oneDashboard(p *probe) {
	mine, other := p.own(), p.mustReady()
	if other == nil {
		return
	}
	theirs := p.open(other, nil)
	if !theirs.arrived() {
		p.fail("a dashboard for another add-on, too", theirs.first)
		return
	}
	if p.names(theirs.last, p.first) && !p.names(theirs.last, other) {
		p.failText("the dashboard of the add-on that was opened", "another one's: "+p.came(theirs), theirs.first, mine.first)
		return
	}
	theirMarks := marks(p.configOf[other.id])
	if holdsAny(mine.last, theirMarks) || holdsAny(theirs.last, marks(p.config)) {
		p.failText("a dashboard of one add-on", "variables of another one are on it", theirs.first, mine.first)
		return
	}
	switch {
	case mine.first == mine.last:
		p.skip("the answer to the form is the dashboard")
		return
	case p.shownToAll(mine):
		p.skip("the page is there without a session")
		return
	}
	for i, page := range pagesOf(theirs, mine) {
		seen := p.visit(page, mine.jar)
		same := p.names(seen, other)
		if !p.names(theirs.last, other) { // the page says not whose it is
			same = i == 0 && page.String() != mine.at.String() && p.same(seen, other, theirs.last, other)
		}
		if seen.status()/100 == 2 && (same || holdsAny(seen, theirMarks)) {
			p.fail("no dashboard of another add-on", seen, theirs.first)
			return
		}
	}
	if holdsAny(p.visit(mine.at, mine.jar), theirMarks) {
		p.failText("the dashboard of the add-on that was opened", "another one's", mine.first, theirs.first)
	}
}

// pagesOf returns where another add-on's page may be: where its own user was led, and
// the first one's page with the id in the query.
func pagesOf(theirs, mine *visit) []*url.URL {
	pages := []*url.URL{theirs.at}
	for _, id := range []string{theirs.of.id, theirs.of.order.Key} {
		page := *mine.at
		page.RawQuery = url.Values{"id": {id}, "resource_id": {id}, "addon": {id}, "addon_id": {id}}.Encode()
		pages = append(pages, &page)
	}
	return pages
}

// digests are what a cookie may be made of, besides the thing itself.
var digests = map[string]func(string) string{
	"it":            func(s string) string { return s },
	"it in base64":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"it in base64u": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"it in hex":     func(s string) string { return hex.EncodeToString([]byte(s)) },
	"its MD5":       func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) },
	"its SHA-1":     func(s string) string { h := sha1.Sum([]byte(s)); return hex.EncodeToString(h[:]) },
	"its SHA-256":   func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) },
}

// guessed makes the cookie of another add-on's session, whose user has signed in, as
// this back-end seems to, and looks whether it opens the dashboard.
func guessed(p *probe) {
	mine := p.own()
	if len(mine.cookies) > 0 && mine.first == mine.last {
		p.madeOfID(mine, p.open(p.first, nil))
		return
	}
	if len(mine.cookies) == 0 || p.shownToAll(mine) {
		p.skip("no page is opened by a cookie")
		return
	}
	other := p.mustReady()
	if other == nil {
		return
	}
	if !p.open(other, nil).arrived() {
		p.skip("nobody can sign in to another add-on")
		return
	}
	for _, c := range mine.cookies {
		value, err := url.QueryUnescape(c.Value)
		if err != nil || value == "" {
			value = c.Value
		}
		for _, of := range []func(*resource) string{func(r *resource) string { return r.id }, func(r *resource) string { return r.order.Key }} {
			for what, digest := range digests {
				made := digest(of(mine.of))
				if len(of(mine.of)) == 0 || !strings.Contains(value, made) {
					continue
				}
				forged := strings.Replace(value, made, digest(of(other)), 1)
				if value != c.Value {
					forged = url.QueryEscape(forged)
				}
				page := p.pageOf(other, mine)
				seen := p.visit(&page, newJar(), func(r *http.Request) { r.AddCookie(&http.Cookie{Name: c.Name, Value: forged}) })
				if p.same(seen, other, mine.last, mine.of) {
					p.failText("a session id that nobody can make", "the cookie "+c.Name+" is made of the add-on's id ("+what+"), and one that was made so opens another dashboard", mine.first, seen)
					return
				}
			}
		}
	}
}

// madeOfID looks for a cookie that is the same at two sign-ins and made of the add-on's
// id, where no page is known that it opens.
func (p *probe) madeOfID(one, two *visit) {
	for _, c := range one.cookies {
		again := slices.ContainsFunc(two.cookies, func(o *http.Cookie) bool { return o.Name == c.Name && o.Value == c.Value })
		for what, digest := range digests {
			if again && (c.Value == digest(one.of.id) || c.Value == digest(one.of.order.Key)) {
				p.failText("a session id that nobody can make", "the cookie "+c.Name+" is made of the add-on's id ("+what+")", one.first, two.first)
			}
		}
	}
}
