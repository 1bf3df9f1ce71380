package conformance

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"runner/marketplace/manifest"
)

// proofChecks are about forms that are almost good.
func proofChecks() []Check {
	const section = "single sign-on"
	return []Check{
		{"N73", "milliseconds are taken, and seconds", "Customers cannot sign in: the documentation has milliseconds, and some of its code seconds.", "Take 13 digits as milliseconds and 10 as seconds.",
			section, onWindow, "c", "c", needing(anOrder, signedIn), nil, func(p *probe) {
				if v := p.openAt(p.first, p.m.Dialect.Stamp(time.Now().Add(-1500*time.Millisecond))); !v.arrived() {
					p.failText("milliseconds are taken", p.came(v), v.first)
				}
				if v := p.openAt(p.first, strconv.FormatInt(time.Now().Unix()-3, 10)); !v.arrived() {
					p.advise("seconds are taken, too", v.first)
				}
			}},
		{"N74", "a proof is good once", "Who finds one in a history or a log has a few minutes to use it.", "Remember the proofs of the last minutes, and refuse them.",
			section, onAdvice, "", all, needing(anOrder, signedIn), nil, func(p *probe) {
				in := p.signIn(p.first, "")
				first, second := p.browse(p.first, in), p.browse(p.first, in)
				if first.arrived() && p.let(second, p.own()) {
					p.failText("nobody is signed in the second time", p.came(second), second.first)
				}
			}},
		{"N75", "a proof in capitals is no fault", "Some clients write hex so.", "Answer it as any other proof, good or wrong.",
			section, onAdvice, "", all, needing(anOrder, signedIn), nil, func(p *probe) {
				p.faultless(p.open(p.first, func(f url.Values) { spoilProofs(f, strings.ToUpper) }).first)
			}},
		{"N76", "a wrong signature is refused though the token is right", "The old token covers no user: who has one can be anybody.", "Verify signature, and nothing else.",
			section, onProof, "c", "c", needing(anOrder, signedIn), nil, func(p *probe) {
				p.barred(p.open(p.first, func(f url.Values) { f.Set("signature", strings.Repeat("0", len(f.Get("signature")))) }))
				p.barred(p.open(p.first, func(f url.Values) { f.Del("signature") }))
			}},
		{"N77", "what is signed cannot be changed", "A user becomes another, and has that user's rights.", "Compute the proof from the fields that the session is made of.",
			section, onProof, "c3", "c3", needing(anOrder, signedIn), nil, changedUser},
		{"N78", "nobody signs in by GET", "Addresses stand in logs and histories, and the proof with them.", "Take POST only.",
			section, onSSO, "", all, needing(anOrder, signedIn), nil, func(p *probe) {
				if p.o.Backend.Site.Old {
					p.skip("the old form signs in by GET")
					return
				}
				in := p.signIn(p.first, "")
				in.Method = http.MethodGet
				if v := p.browse(p.first, in); p.let(v, p.own()) {
					p.failText("nobody is signed in", p.came(v), v.first)
				}
				in = p.signIn(p.first, "")
				in.URL, in.Form = in.Address(), url.Values{}
				if v := p.browse(p.first, in); p.let(v, p.own()) {
					p.failText("nobody is signed in by fields in the address", p.came(v), v.first)
				}
			}},
		{"N79", "a field that comes twice is refused", "Two readers of one form see two users.", "Refuse forms in which a field stands twice.",
			section, onAdvice, "", all, needing(anOrder, signedIn), nil, func(p *probe) {
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

// changedUser changes what the best proof covers. At heroku-v3 any of the three
// proofs may be looked at: those that do not cover the user are taken away, and where
// nobody gets in by the other alone, it is not what this back-end verifies.
func changedUser(p *probe) {
	best := string(p.m.Dialect.Scheme())
	alone := func(f url.Values) {
		for _, name := range proofFields {
			if name != best && f.Has(name) {
				f.Set(name, strings.Repeat("0", len(f.Get(name))))
			}
		}
	}
	if p.m.Dialect == manifest.HerokuV3 && !p.open(p.first, alone).arrived() {
		p.failAdvice("user_scoped_resource_token is verified", "a proof that does not cover the user is")
		return
	}
	for name, value := range map[string]string{"email": "root@example.test", "user_id": "user_root", "nav-data": "x"} {
		if name == "nav-data" && p.m.Dialect != manifest.Clever {
			continue
		}
		p.barred(p.open(p.first, func(f url.Values) {
			if p.m.Dialect == manifest.HerokuV3 {
				alone(f)
			}
			f.Set(name, value)
		}))
	}
}

// failAdvice reports an advice that no single response shows.
func (p *probe) failAdvice(expected, came string, shown ...*reply) {
	p.breach(Advised, expected, came, shown)
}
