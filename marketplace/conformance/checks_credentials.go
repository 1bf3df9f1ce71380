package conformance

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"runner/marketplace/manifest"
)

// credentialChecks are about who may call. What is open to everybody is reported
// once: later checks leave that method out.
func credentialChecks() []Check {
	const section = "credentials"
	wrong := only(func(*probe) func(*http.Request) { return as("wrong", "secret") })
	return []Check{
		{"N1", "no credentials are refused", "Anybody on the internet orders, changes and removes customers' add-ons.", "Check user and password in front of every method, and answer 401.",
			section, onAuth, all, all, needing(anOrder), nil, func(p *probe) {
				refused("no credentials", only(func(*probe) func(*http.Request) { return with("Authorization", "") }))(p)
				if p.result.Status == Passed {
					p.nothingMade()
				}
			}},
		{"K21", "wrong credentials are refused, orders", "Anybody orders at the provider's cost.", "Compare user and password with the manifest's, and answer 401.",
			section, onAuth, all, all, needing(anOrder), nil, refused("wrong credentials", wrong, http.MethodPost)},
		{"K35", "wrong credentials are refused, plans", "Anybody changes what customers pay for.", "Compare user and password with the manifest's, and answer 401.",
			section, onAuth, all, all, needing(anOrder, plans), nil, refused("wrong credentials", wrong, http.MethodPut)},
		{"K33", "wrong credentials are refused, removals", "Anybody removes customers' data.", "Compare user and password with the manifest's, and answer 401.",
			section, onAuth, all, all, needing(anOrder), nil, refused("wrong credentials", wrong, http.MethodDelete)},
		{"N2", "the right user with a wrong password", "Who knows the add-on's id, which is public, is the marketplace.", "Compare the password, too.",
			section, onAuth, all, all, needing(anOrder), nil, refused("a wrong password", only(func(p *probe) func(*http.Request) { return as(p.m.ID, "wrong") }))},
		{"N3", "a wrong user with the right password", "The combination is what the marketplace sends: a leaked password is good under any name.", "Compare the user, too.",
			section, onAuth, all, all, needing(anOrder), nil, refused("a wrong user", func(p *probe) []func(*http.Request) {
				return []func(*http.Request){as("wrong", p.m.Password), as("", p.m.Password), as(p.m.ID+"x", p.m.Password), as(p.m.ID[:len(p.m.ID)-1], p.m.Password),
					as(strings.ToUpper(p.m.ID), p.m.Password), as(" "+p.m.ID, p.m.Password)}
			})},
		{"N4", "a password that is nearly right", "Passwords are found letter by letter, or in fewer tries.", "Compare the whole password, letter by letter as it is, in constant time.",
			section, onAuth, all, all, needing(anOrder), nil, refused("a password that is nearly right", nearPasswords)},
		{"N5", "headers that are none", "A fault of the back-end tells attackers where to dig.", "Answer 401 to whatever is no good header.",
			section, onAuth, all, all, needing(anOrder), nil, func(p *probe) {
				for _, header := range []string{"Basic !!!", "Basic dGlueQ==", "Basic", "Bearer x", "Basic Og==", "Basic " + strings.Repeat("A", 2048)} {
					r := p.post(p.order(), with("Authorization", header))
					if p.openTo[http.MethodPost] != "" {
						continue
					}
					if r.good() {
						p.fail("401", r)
					} else if r.status() != http.StatusUnauthorized {
						p.advise("401", r)
					}
				}
			}},
		{"N6", "basic in small letters", "HTTP says that the word's case does not matter, and some clients write it so.", "Compare the word Basic without its case.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				p.wantSuccess(p.post(p.order(), func(r *http.Request) {
					r.Header.Set("Authorization", "basic"+strings.TrimPrefix(r.Header.Get("Authorization"), "Basic"))
				}))
			}},
		{"N7", "credentials come before the add-on", "Answers to strangers say which add-ons there are.", "Check credentials first, then look the add-on up.",
			section, onAuth, "c1", all, needing(anOrder), nil, func(p *probe) {
				if p.openTo[http.MethodDelete] != "" {
					p.skip("needs closed removals, and " + p.openTo[http.MethodDelete] + " did not pass")
					return
				}
				p.want(p.send(http.MethodDelete, manifest.NewKey(manifest.HerokuV1), nil, as("wrong", "secret")), "401", 401)
				if p.changesPlans && p.openTo[http.MethodPut] == "" {
					p.want(p.send(http.MethodPut, manifest.NewKey(manifest.HerokuV1), map[string]any{"plan": p.o.Plan}, as("wrong", "secret")), "401", 401)
				}
			}},
		{"N107", "credentials come before the body", "Strangers reach code that reads what they send.", "Check credentials before the body is read.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				if p.openTo[http.MethodPost] == "" {
					p.want(p.send(http.MethodPost, "", raw{"application/json", "{"}, as("wrong", "secret")), "401", 401)
				}
			}},
		{"N108", "401 says how to authenticate", "Some clients send credentials only when asked for them.", `Send WWW-Authenticate: Basic realm="…" with 401.`,
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				if r := p.post(p.order(), with("Authorization", "")); r.status() == http.StatusUnauthorized {
					p.wantThat(r, "WWW-Authenticate: Basic", strings.HasPrefix(strings.ToLower(r.a.Header.Get("WWW-Authenticate")), "basic"))
				}
			}},
		{"N9", "other paths and methods need credentials, too", "Anybody orders, reads or removes by writing the address differently.", "Check credentials in front of all paths below base_url, not in each handler.",
			section, onAuth, all, all, needing(anOrder), nil, sidePaths},
	}
}

// An editor returns what a check makes of the credentials.
type editor func(p *probe) []func(*http.Request)

// refused returns a check that holds methods, all where none is named, to refuse what an
// editor makes of the credentials.
func refused(what string, edits editor, methods ...string) func(*probe) {
	return func(p *probe) {
		for _, method := range p.verbs() {
			if len(methods) == 0 || methods[0] == method {
				p.refuses(method, what, edits(p))
			}
		}
	}
}

func only(edit func(p *probe) func(*http.Request)) editor {
	return func(p *probe) []func(*http.Request) { return []func(*http.Request){edit(p)} }
}

// exact reports whether the dialect's documentation has 401 for wrong credentials.
func (p *probe) exact() bool {
	return p.m.Dialect == manifest.Clever || p.m.Dialect == manifest.HerokuV1
}

// refuses holds a method to refuse what edits make of the credentials.
func (p *probe) refuses(method, what string, edits []func(*http.Request)) {
	if by := p.openTo[method]; by != "" {
		if len(p.verbs()) == 1 || p.result.Status == Passed && p.allOpen() {
			p.skip(fmt.Sprintf("needs credentials that matter, and %s did not pass", by))
		}
		return
	}
	for _, edit := range edits {
		switch r := p.call(method, edit); {
		case r == nil:
			return
		case r.good():
			p.fail(fmt.Sprintf("401 to %s with %s", method, what), r)
			p.openTo[method] = p.check.ID
			return
		case r.status() == http.StatusUnauthorized, r.status() == http.StatusTooManyRequests: // of wrong passwords
		case p.exact() || r.a == nil || r.status() >= 500:
			p.fail(fmt.Sprintf("401 to %s with %s", method, what), r)
		default:
			p.advise(fmt.Sprintf("401 to %s with %s", method, what), r)
		}
	}
}

// allOpen reports whether all methods are open to strangers.
func (p *probe) allOpen() bool {
	for _, method := range p.verbs() {
		if p.openTo[method] == "" {
			return false
		}
	}
	return true
}

// nothingMade orders with a key that a stranger sent before: it has to be as free
// as before.
func (p *probe) nothingMade() {
	o := p.order()
	refused := p.post(o, with("Authorization", ""))
	if a := p.post(o); refused.status() == http.StatusUnauthorized && !a.good() {
		p.fail("a success: the order without credentials has made nothing", a, refused)
	}
}

// nearPasswords returns credentials whose password is nearly the right one.
func nearPasswords(p *probe) []func(*http.Request) {
	right := p.m.Password
	swapped := strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, right)
	var edits []func(*http.Request)
	for _, near := range []string{
		"", right[:len(right)-1], right[:len(right)/2], right[:min(8, len(right)/2)], right[:1], right[1:], right + "x", right + "\n", " " + right,
		swapped, strings.ToLower(right), strings.ToUpper(right), right[:len(right)-1] + other(right[len(right)-1:]), right[:min(8, len(right)-1)] + strings.Repeat("x", max(0, len(right)-8)),
	} {
		if near != right {
			edits = append(edits, as(p.m.ID, near))
		}
	}
	return edits
}

// sidePaths calls without credentials by other spellings of the paths, and by
// methods that no marketplace uses.
func sidePaths(p *probe) {
	victim := p.mustFresh()
	if victim == nil {
		return
	}
	there := p.watch(victim)
	nobody := with("Authorization", "")
	slash := at(func(path string) string { return path + "/" })
	double := at(func(path string) string { return path + "//" })
	dot := at(func(path string) string { return path + "/." })
	query := func(r *http.Request) { r.URL.RawQuery = "x=1" }
	trusted := func(r *http.Request) { // as if a proxy of the provider's had sent it
		for _, name := range []string{"X-Forwarded-For", "X-Real-Ip"} {
			r.Header.Set(name, "127.0.0.1")
		}
		r.Header.Set("X-Forwarded-User", p.m.ID)
	}
	if p.openTo[http.MethodPost] == "" {
		for _, edit := range []func(*http.Request){slash, double, dot, query, trusted} {
			o := p.order()
			if r := p.post(o, nobody, edit); r.good() && r.named() {
				p.fail("no order without credentials", r)
			}
		}
	}
	body := victim.order.PlanBody(p.m.Dialect, p.o.Plan)
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		if p.openTo[method] != "" {
			continue
		}
		for _, edit := range []func(*http.Request){slash, double, dot, query, trusted} {
			p.harmless(p.send(method, p.path(victim), body, nobody, edit), method, victim, there)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
		p.harmless(p.send(method, p.path(victim), body, nobody), method, victim, there)
	}
	for _, edit := range []func(*http.Request){query, slash, at(func(path string) string { return path + "/config" }), at(func(path string) string { return path + ".json" })} {
		p.harmless(p.send(http.MethodGet, p.path(victim), nil, nobody, edit), http.MethodGet, victim, there)
		p.harmless(p.send(http.MethodGet, "", nil, nobody, edit), http.MethodGet, victim, there)
	}
	method := func(r *http.Request) { r.URL.RawQuery = "_method=DELETE" }
	p.harmless(p.send(http.MethodPost, p.path(victim), body, nobody, method), http.MethodPost, victim, there)
	p.harmless(p.send(http.MethodPost, p.path(victim), body, nobody, with("X-HTTP-Method-Override", "DELETE")), http.MethodPost, victim, there)
	if alive, known := there(); known && !alive && p.openTo[http.MethodDelete] == "" {
		p.failText("the add-on is there after calls without credentials", "it is gone")
	}
}

// harmless holds an answer to a stranger to show nothing of an add-on, and to have
// done nothing.
func (p *probe) harmless(r *reply, method string, of *resource, there func() (alive, known bool)) {
	if !r.good() {
		return
	}
	if p.names(r, of) || holdsAny(r, marks(p.configOf[of.id])) {
		p.fail("nothing of an add-on without credentials", r)
		return
	}
	if alive, known := there(); method == http.MethodDelete && (!known || !alive) || method == http.MethodPut {
		p.fail("401", r)
	}
}
