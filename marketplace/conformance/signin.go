package conformance

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"runner/marketplace/manifest"
)

// signIn makes a good form for an add-on, with a timestamp of its own among those of
// the add-on, so that a back-end that takes a proof once takes all of them.
func (s *session) signIn(r *resource, written string) *manifest.SignIn {
	at := s.unused(r)
	s.stamped[r.id][at.Unix()] = true
	return s.form(r, written, at)
}

// unused returns the last second for which no good form of an add-on was made.
func (s *session) unused(r *resource) time.Time {
	if s.stamped[r.id] == nil {
		s.stamped[r.id] = map[int64]bool{}
	}
	at := time.Now()
	for s.stamped[r.id][at.Unix()] {
		at = at.Add(-time.Second)
	}
	return at
}

func (s *session) form(r *resource, written string, at time.Time) *manifest.SignIn {
	l := manifest.Login{
		ID: r.id, ResourceID: r.order.Key, UserID: "user_" + manifest.NewKey(manifest.HerokuV1), Email: "conformance@example.test", App: "conformance",
		Timestamp: written,
	}
	if s.m.Dialect.Heroku() {
		l.NavData = "e30"
	}
	in, err := s.m.SignIn(s.o.Backend.Site, l, at)
	if err != nil { // an id that cannot be signed: the back-end hears of an empty one
		return &manifest.SignIn{Method: http.MethodPost, URL: s.o.Backend.Site.SSOURL, Form: url.Values{}}
	}
	return in
}

// proofFields lists the fields of a form that hold proofs.
var proofFields = []string{"token", "signature", "resource_token", "user_scoped_resource_token"}

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
	answer := s.exchange(r)
	s.betrayed(in, answer)
	return answer
}

// betrayed notes a refusal that shows the proof which would have been right.
func (s *session) betrayed(in *manifest.SignIn, a *reply) {
	if a.a == nil || a.status() < 400 {
		return
	}
	f := in.Form
	l := manifest.Login{
		ID: f.Get("id"), ResourceID: f.Get("resource_id"), UserID: f.Get("user_id"), Email: f.Get("email"), NavData: f.Get("nav-data"), Timestamp: f.Get("timestamp"),
	}
	for _, name := range proofFields {
		right := manifest.Scheme(name).Proof(l, s.m.SSOSalt)
		if f.Get(name) != right && bytes.Contains(a.body(), []byte(right)) {
			s.mu.Lock()
			s.leaks[false] = append(s.leaks[false], a.sent)
			s.mu.Unlock()
		}
	}
}

// A jar holds cookies as a browser does that takes Secure ones of this machine
// without https.
type jar struct{ cookies *cookiejar.Jar }

func newJar() jar {
	j, _ := cookiejar.New(nil) // never fails
	return jar{j}
}

// set keeps cookies as a page at u sets them. All of this machine is one host.
func (j jar) set(u *url.URL, cookies []*http.Cookie) {
	at := here(u)
	for _, c := range cookies {
		if at != u {
			c.Domain = ""
		}
	}
	j.cookies.SetCookies(at, cookies)
}

// get returns the cookies that are sent to u.
func (j jar) get(u *url.URL) []*http.Cookie { return j.cookies.Cookies(here(u)) }

// here returns one secure address for all of this machine.
func here(u *url.URL) *url.URL {
	if !manifest.IsLoopback(u.Hostname()) {
		return u
	}
	secure := *u
	secure.Scheme, secure.Host = "https", "localhost"
	return &secure
}

// A visit is a sign-in as a browser goes on with it.
type visit struct {
	in      *manifest.SignIn
	of      *resource
	first   *reply   // what answers the form
	last    *reply   // what the redirects end at
	at      *url.URL // where that is
	jar     jar
	cookies []*http.Cookie // that were set on the way
	public  *bool          // the page at the end is shown without a sign-in, too; nil: not known
	stuck   string         // why the redirects could not be followed, "" where they could
}

// browse signs in, and follows redirects within the site, with cookies.
func (s *session) browse(r *resource, in *manifest.SignIn, edits ...func(*http.Request)) *visit {
	v := &visit{in: in, of: r, jar: newJar()}
	v.first = s.submit(in, edits...)
	v.last = v.first
	at, err := url.Parse(in.URL)
	if err != nil {
		v.stuck = err.Error()
		return v
	}
	v.at = at
	for range 10 {
		set := cookies(v.last)
		v.cookies = append(v.cookies, set...)
		v.jar.set(v.at, set)
		if v.last.status()/100 != 3 {
			return v
		}
		next, err := v.at.Parse(v.last.location())
		switch {
		case err != nil || v.last.location() == "":
			v.stuck = "the redirect leads nowhere"
			return v
		case !sameSite(next, at):
			v.stuck = "it leads to another site, " + next.Host
			return v
		}
		v.at = next
		v.last = s.visit(next, v.jar)
	}
	v.stuck = "it leads round in circles"
	return v
}

// arrived reports whether a sign-in ended at a page.
func (v *visit) arrived() bool { return v.stuck == "" && v.last.status()/100 == 2 }

// open signs a user of an add-on in, with a form that spoil may change. Nobody ought to
// get in with a changed one: it takes no timestamp away.
func (s *session) open(r *resource, spoil func(url.Values)) *visit {
	if spoil == nil {
		return s.browse(r, s.signIn(r, ""))
	}
	in := s.form(r, "", s.unused(r))
	spoil(in.Form)
	return s.browse(r, in)
}

// openAt signs in with a well-signed timestamp of any form.
func (s *session) openAt(r *resource, written string) *visit {
	return s.browse(r, s.form(r, written, time.Now()))
}

// visit reads a page.
func (s *session) visit(at *url.URL, j jar, edits ...func(*http.Request)) *reply {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return &reply{s: s, err: err}
	}
	for _, c := range j.get(at) {
		r.AddCookie(c)
	}
	for _, edit := range edits {
		edit(r)
	}
	return s.exchange(r)
}

// sameSite reports whether two URLs are of one site, as browsers have it: a name
// with what is below it. All of this machine is one.
func sameSite(a, b *url.URL) bool {
	x, y := a.Hostname(), b.Hostname()
	if manifest.IsLoopback(x) && manifest.IsLoopback(y) {
		return true
	}
	return strings.EqualFold(x, y) || net.ParseIP(x) == nil && net.ParseIP(y) == nil && site(x) == site(y)
}

// site returns the name that somebody registered: two labels, and three where the
// second is one of those that registries sell below.
func site(host string) string {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	n := 2
	if len(labels) > 2 && len(labels[len(labels)-1]) == 2 && len(labels[len(labels)-2]) <= 3 {
		n = 3
	}
	return strings.Join(labels[max(0, len(labels)-n):], ".")
}

func cookies(r *reply) []*http.Cookie {
	if r.a == nil {
		return nil
	}
	return (&http.Response{Header: r.a.Header}).Cookies()
}

// own returns the first add-on's user signing in as it should be, once.
func (s *session) own() *visit {
	if s.ownVisit == nil {
		s.ownVisit = s.open(s.first, nil)
	}
	return s.ownVisit
}

// let reports whether a sign-in let a user in: to a page that is the dashboard that
// a good one leads to, or by cookies that open it. What the status says does not count.
func (s *session) let(v, good *visit) bool {
	if v.first.a == nil || good.last.status()/100 != 2 {
		return false
	}
	if v.stuck == "" && s.same(v.last, v.of, good.last, good.of) && !s.shownToAll(good) {
		return true
	}
	if s.shownToAll(good) {
		return v.first.status() < 400 && where(v.first, v.of) == where(good.first, good.of) && slices.Equal(names(v), names(good))
	}
	if len(v.cookies) == 0 || good.first == good.last {
		return false
	}
	page := *good.at
	if v.of != good.of {
		page = s.pageOf(v.of, good)
	}
	return s.same(s.visit(&page, v.jar), v.of, good.last, good.of)
}

// pageOf returns where the dashboard of an add-on is, by where another one's is.
func (s *session) pageOf(r *resource, good *visit) url.URL {
	page := *good.at
	address := page.String()
	for old, now := range map[string]string{good.of.id: r.id, good.of.order.Key: r.order.Key} {
		if old != "" {
			address = strings.ReplaceAll(address, url.PathEscape(old), url.PathEscape(now))
		}
	}
	if u, err := url.Parse(address); err == nil {
		page = *u
	}
	return page
}

// shownToAll reports whether the page that a sign-in ends at is there without one,
// as where a script makes the dashboard of it.
func (s *session) shownToAll(good *visit) bool {
	if good.first == good.last {
		return false
	}
	if good.public == nil {
		shown := s.same(s.visit(good.at, newJar()), good.of, good.last, good.of)
		good.public = &shown
	}
	return *good.public
}

// where returns the path that a response leads to, without what names the add-on.
func where(r *reply, of *resource) string {
	path, _, _ := strings.Cut(r.location(), "?")
	return anonymous(path, of)
}

func names(v *visit) []string {
	var all []string
	for _, c := range v.cookies {
		if c.MaxAge >= 0 && c.Value != "" {
			all = append(all, c.Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// same reports whether two pages are one and the same, but for what names their
// add-ons and for what is new each time.
func (s *session) same(a *reply, of *resource, b *reply, other *resource) bool {
	if a.a == nil || b.a == nil || a.status()/100 != 2 || b.status()/100 != 2 {
		return false
	}
	x, y := anonymous(string(a.body()), of), anonymous(string(b.body()), other)
	return x == y || alike(x, y)
}

// fickle finds what is new on each page: numbers, times, tokens against forgery.
var fickle = regexp.MustCompile(`[A-Za-z0-9+/_=-]{16,}|[0-9]+`)

// anonymous leaves out of a text what names an add-on, and what is new each time.
func anonymous(text string, of *resource) string {
	for _, name := range []string{of.id, of.order.Key} {
		if len(name) > 3 {
			text = strings.ReplaceAll(text, name, "")
		}
	}
	return fickle.ReplaceAllString(text, "")
}

// alike reports whether nearly all words of two texts are the same.
func alike(a, b string) bool {
	x, y := words(a), words(b)
	if len(x) < 8 || len(y) < 8 {
		return false
	}
	both := 0
	for w := range x {
		if y[w] {
			both++
		}
	}
	return 10*both >= 9*(len(x)+len(y)-both)
}

func words(text string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n<>\"'=:;,.(){}", r) }) {
		set[w] = true
	}
	return set
}

// anybody reports whether users of an add-on that there never was get in, too: such
// a back-end looks no add-on up when somebody signs in.
func (s *session) anybody() bool {
	if s.stateless == nil {
		in := s.let(s.open(s.nobody(), nil), s.own())
		s.stateless = &in
	}
	return *s.stateless
}

// marks returns what a page could have of an add-on only if the back-end keeps it:
// values of variables.
func marks(config map[string]any) []string {
	var all []string
	for _, v := range config {
		if text, isText := v.(string); isText && len(text) >= 12 {
			all = append(all, text)
		}
	}
	return all
}

func holdsAny(r *reply, marks []string) bool {
	return r.a != nil && slices.ContainsFunc(marks, func(m string) bool { return bytes.Contains(r.body(), []byte(m)) })
}

// barred holds a sign-in to let nobody in. A fault of the back-end lets nobody in
// either, and is not how to refuse somebody.
func (p *probe) barred(v *visit) bool {
	if p.let(v, p.own()) {
		p.failText("nobody is signed in: no session, no dashboard, no variables", p.came(v), v.first, v.last)
		return false
	}
	if v.first.a == nil || v.first.status() >= 500 {
		p.advise("a refusal, which is no fault of the back-end", v.first)
		return false
	}
	return true
}

// came says where a sign-in led.
func (p *probe) came(v *visit) string {
	text := v.first.String()
	if v.last != v.first {
		text += fmt.Sprintf("; then %s: %s", v.at.EscapedPath(), v.last)
	}
	if set := names(v); len(set) > 0 {
		text += "; cookies: " + strings.Join(set, ", ")
	}
	return p.o.Backend.Mask(text)
}
