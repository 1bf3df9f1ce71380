package manifest

import "strings"

// siteRules are those about where a back-end is reached.
func siteRules() []Rule {
	return []Rule{
		{"M060", "a production site", "EEEE", (*lint).production},
		{"M061", "the site as an object", "EEWE", (*lint).oldForm},
		{"M062", "a secure base_url", "EEEE", (*lint).baseURL},
		{"M063", "a secure sso_url", "EWEE", (*lint).ssoURL},
		{"M064", "URLs without user, fragment and query", "EEEE", (*lint).bareURLs},
		{"M066", "production is on the open internet", "EEEE", (*lint).openHosts},
		{"M070", "a site for tests", "EEE-", (*lint).testSite},
		{"M071", "tests go where production goes", "W---", (*lint).sameSites},
		{"M072", "a secure site for tests", "W---", (*lint).secureTest},
	}
}

func (l *lint) production() {
	n := l.api.get("production")
	switch {
	case n == nil:
		l.report(l.in(), `"api.production" is missing`)
	case n.kind != object && n.kind != text:
		l.report(n, `"api.production" must be an object with base_url and sso_url`)
	}
}

func (l *lint) oldForm() {
	if n := l.api.get("production"); n.is(text) {
		l.report(n, `"api.production" is a text (the old form, users sign in by GET): use base_url and sso_url`)
	}
}

func (l *lint) baseURL() {
	n := l.api.get("production")
	if n.is(object) && !l.nonEmpty(n, n.get("base_url"), "api.production.base_url", "") {
		return
	}
	for _, u := range l.urls("production") {
		if u.path != "production.sso_url" {
			l.secure(u)
		}
	}
}

func (l *lint) ssoURL() {
	n := l.api.get("production")
	if !n.is(object) || l.o.Dialect == AppFog && n.get("sso_url") == nil {
		return
	}
	if l.nonEmpty(n, n.get("sso_url"), "api.production.sso_url", ": users could not sign in") {
		l.secure(readURL(n.get("sso_url"), "production.sso_url"))
	}
}

func (l *lint) bareURLs() {
	for _, where := range []string{"production", "test"} {
		for _, u := range l.urls(where) {
			switch {
			case u.err != nil:
			case u.url.User != nil:
				l.report(u.n, "%s must not contain a user name or password", u.path)
			case u.url.Fragment != "" || strings.HasSuffix(u.n.text, "#"):
				l.report(u.n, "%s must not contain a fragment (#…)", u.path)
			case u.url.RawQuery != "" || u.url.ForceQuery:
				l.warn(u.n, "%s contains a query: not every marketplace keeps it", u.path)
			}
		}
	}
}

func (l *lint) openHosts() {
	for _, u := range l.urls("production") {
		switch {
		case u.err != nil || !inside(u.url.Hostname()):
		case l.o.Loopback && IsLoopback(u.url.Hostname()):
			l.warn(u.n, "%s points to this machine: no marketplace reaches it", u.path)
		default:
			l.report(u.n, "%s points to a private address: no marketplace reaches it", u.path)
		}
	}
}

func (l *lint) testSite() {
	n := l.api.get("test")
	switch {
	case n == nil:
		l.report(l.in(), `"api.test" is missing`)
		return
	case n.kind != object && (n.kind != text || l.o.Dialect != HerokuV1):
		l.report(n, `"api.test" must be an object with base_url and sso_url`)
		return
	case n.kind == object && !l.nonEmpty(n, n.get("base_url"), "api.test.base_url", ""):
		return
	}
	if n.kind == object && l.o.Dialect != AppFog && n.get("sso_url") == nil {
		l.report(n, `"api.test.sso_url" is missing`)
	}
	for _, u := range l.urls("test") {
		if u.err != nil || u.url.Scheme != "http" && u.url.Scheme != "https" {
			l.report(u.n, "%s is no absolute URL: write https://host/path", u.path)
		}
	}
}

func (l *lint) sameSites() {
	p, t := l.api.get("production"), l.api.get("test")
	if !p.is(object) || !t.is(object) {
		return
	}
	for _, name := range []string{"base_url", "sso_url"} {
		if n := t.get(name); n.is(text) && p.get(name).is(text) && n.text != p.get(name).text {
			l.report(n, `test.%s differs from production's: this marketplace calls "test" right after creation, make both equal`, name)
		}
	}
}

func (l *lint) secureTest() {
	for _, u := range l.urls("test") {
		if u.err == nil && u.url.Scheme == "http" {
			l.report(u.n, "%s uses http: passwords travel in clear", u.path)
		}
	}
}
