package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"runner/marketplace/manifest"
)

// loginChecks are about who may sign in.
func loginChecks() []Check {
	const section = "single sign-on"
	return []Check{
		{"K39", "a user signs in", "Customers cannot open the dashboard.", "Take the form without a password, set a session, and lead to the dashboard.",
			section, onSSO, all, all, needing(anOrder, signOn), needing(signedIn), signsIn},
		{"K37", "a wrong proof is refused", "Anybody can open any customer's dashboard.", "Compute the proof from the form and the salt, and compare all of it.",
			section, onProof, all, all, needing(anOrder, signedIn), nil, func(p *probe) {
				p.barred(p.open(p.first, func(f url.Values) { spoilProofs(f, func(string) string { return "invalid" }) }))
			}},
		{"N88", "a proof that is nearly right is refused", "Anybody who knows or guesses a part of a proof can open the dashboard.", "Compare the whole proof, in constant time.",
			section, onProof, all, all, needing(anOrder, signedIn), nil, nearlyRight},
		{"N89", "what a proof covers cannot be changed", "An old proof is good for ever, or for another add-on.", "Compute the proof from the fields of the form that is there.",
			section, onProof, all, all, needing(anOrder, signedIn), nil, func(p *probe) {
				p.barred(p.open(p.first, func(f url.Values) { f.Set("timestamp", p.m.Dialect.Stamp(time.Now().Add(-20*time.Second))) }))
			}},
		{"N104", "a proof without the salt is refused", "Anybody can make proofs.", "Refuse to start without a salt, and let it be part of the proof.",
			section, onProof, all, all, needing(anOrder, signedIn), nil, func(p *probe) {
				p.barred(p.signedWith(""))
				p.barred(p.signedWith("another-salt"))
			}},
		{"N72", "an old proof is refused", "A proof that once was in a log opens the dashboard for ever.", "Refuse proofs whose timestamp is older than a few minutes.",
			section, onWindow, all, all, needing(anOrder, signedIn), needing(timed), func(p *probe) {
				for _, age := range []time.Duration{20 * time.Minute, 65 * time.Minute, 25 * time.Hour, 400 * 24 * time.Hour} {
					p.barred(p.openAt(p.first, p.m.Dialect.Stamp(time.Now().Add(-age))))
				}
			}},
		{"K38", "a proof of six minutes ago is refused", "Proofs are found in logs and histories, and live longer than need be.", "Refuse proofs that are older than five minutes.",
			section, onWindow, "", all, needing(anOrder, signedIn, timed), nil, func(p *probe) {
				for _, age := range []time.Duration{6 * time.Minute, 16 * time.Minute} {
					p.barred(p.openAt(p.first, p.m.Dialect.Stamp(time.Now().Add(-age))))
				}
			}},
		{"N87", "odd timestamps are refused", "A lenient reader takes several proofs for one moment, and lets old ones live.", "Take digits only, and nothing before or after them.",
			section, onWindow, "", all, needing(anOrder, signedIn, timed), nil, oddTimes},
		{"N70", "the proof of one add-on opens no other", "Customers see each other's data.", "Compute the proof from the id that the dashboard is opened for.",
			section, onProof, all, all, needing(anOrder, signedIn), nil, crossed},
		{"N105", "what counts is the form, not the address", "A customer changes the address of the form, and sees another's data.", "Read all fields from the body.",
			section, onProof, all, all, needing(anOrder, signedIn), nil, fromTheQuery},
		{"N71", "an incomplete form is refused", "What is missing is taken as empty, and lets anybody in.", "Ask for each field that the proof covers.",
			section, onProof, all, all, needing(anOrder, signedIn), nil, incomplete},
		{"N109", "wrong proofs say nothing of add-ons", "Who tries ids learns which add-ons there are.", "Verify the proof first, then look the add-on up.",
			section, onAdvice, "", all, needing(anOrder, signedIn), nil, func(p *probe) {
				wrong := func(f url.Values) { spoilProofs(f, func(s string) string { return strings.Repeat("0", len(s)) }) }
				known, unknown := p.open(p.first, wrong), p.open(p.nobody(), wrong)
				p.wantThat(unknown.first, "the same status as for an add-on that is there", known.first.status() == unknown.first.status(), known.first)
			}},
		{"N106", "a refused sign-in is answered with 403", "Nobody is hurt: 403 is what kensa expected.", "Answer 403.",
			section, onAdvice, "", all, needing(anOrder, signedIn), nil, func(p *probe) {
				v := p.open(p.first, func(f url.Values) { spoilProofs(f, func(string) string { return "invalid" }) })
				if !p.let(v, p.own()) && v.first.status() != http.StatusForbidden {
					p.fail("403", v.first)
				}
			}},
	}
}

// spoilProofs changes all proofs of a form.
func spoilProofs(f url.Values, change func(string) string) {
	for _, name := range proofFields {
		if f.Has(name) {
			f.Set(name, change(f.Get(name)))
		}
	}
}

// signsIn follows a good sign-in to the dashboard.
func signsIn(p *probe) {
	v := p.own()
	switch {
	case v.arrived():
	case len(v.in.Form) == 0:
		p.failText(`an id without a colon, as proofs join their fields by colons`, clip(p.first.id, 60), p.firstAnswer)
	case v.first.status() == http.StatusUnauthorized && v.first.a.Header.Get("WWW-Authenticate") != "":
		p.fail("no password is asked for: browsers have none", v.first)
	case v.stuck != "":
		p.failText("a page of the same site", p.came(v)+": "+v.stuck, v.first)
	case v.last != v.first && v.last.a == nil:
		p.failText("the dashboard", fmt.Sprintf("the sign-in leads to %s, which does not answer: %v", v.at.Redacted(), v.last.err), v.first, v.last)
	case p.m.Dialect == manifest.Clever && p.openAt(p.first, strconv.FormatInt(time.Now().Unix()-3, 10)).arrived():
		p.failText("timestamps in milliseconds are taken", "only seconds are: "+p.came(v), v.first)
	default:
		p.failText("the dashboard", p.came(v), v.first, v.last)
	}
}

// nearlyRight tries proofs that share much with the right one.
func nearlyRight(p *probe) {
	for _, change := range []func(string) string{
		func(s string) string { return s[:len(s)-1] + other(s[len(s)-1:]) },
		func(s string) string { return s[:16] + strings.Repeat("0", len(s)-16) },
		func(s string) string { return s[:8] + strings.Repeat("0", len(s)-8) },
		func(s string) string { return strings.Repeat("0", len(s)-8) + s[len(s)-8:] },
		func(s string) string { return s[:16] },
		func(s string) string { return s[:len(s)-1] },
		func(s string) string { return s + "0" },
		func(s string) string { return strings.Repeat("0", len(s)) },
	} {
		p.barred(p.open(p.first, func(f url.Values) {
			spoilProofs(f, func(s string) string {
				if len(s) < 32 {
					return "0"
				}
				return change(s)
			})
		}))
	}
}

// signedWith signs in with a salt, and what an edit makes of the form's fields.
func (p *probe) signedWith(salt string, edits ...func(*manifest.Login)) *visit {
	in := p.form(p.first, "", p.unused(p.first))
	l := manifest.Login{
		ID: in.Form.Get("id"), ResourceID: in.Form.Get("resource_id"), UserID: in.Form.Get("user_id"), Email: in.Form.Get("email"),
		NavData: in.Form.Get("nav-data"), Timestamp: in.Form.Get("timestamp"),
	}
	if p.o.Backend.Site.Old {
		l.ID = p.first.id
	}
	for _, edit := range edits {
		edit(&l)
		in.Form.Set("timestamp", l.Timestamp)
	}
	for _, name := range proofFields {
		if in.Form.Has(name) {
			in.Form.Set(name, manifest.Scheme(name).Proof(l, salt))
		}
	}
	return p.browse(p.first, in)
}

// oddTimes signs timestamps that a strict reader refuses.
func oddTimes(p *probe) {
	now := time.Now()
	stamp := p.m.Dialect.Stamp
	for _, written := range []string{
		stamp(now) + "abc", stamp(now) + "\x80", " " + stamp(now), "+" + stamp(now), stamp(now) + ".5", "soon", "NaN", "0", "-1", "1e9", "1000000000000000000",
		stamp(now.Add(10 * time.Minute)), stamp(now.Add(400 * 24 * time.Hour)),
	} {
		p.barred(p.openAt(p.first, written))
	}
}

// crossed uses the proof of one add-on for another.
func crossed(p *probe) {
	other := p.mustReady()
	if other == nil {
		return
	}
	mine, theirs := p.form(p.first, "", p.unused(p.first)), p.form(other, "", p.unused(other))
	for _, name := range []string{"id", "resource_id"} {
		if mine.Form.Has(name) {
			mine.Form.Set(name, theirs.Form.Get(name))
		}
	}
	mine.URL = theirs.URL
	p.barred(p.browse(other, mine))
}

// fromTheQuery names another add-on in the address of a good form.
func fromTheQuery(p *probe) {
	if p.o.Backend.Site.Old {
		p.skip("the old form is in the address")
		return
	}
	other := p.mustReady()
	if other == nil {
		return
	}
	theirs := p.open(other, nil)
	glue := "?"
	if strings.Contains(p.o.Backend.Site.SSOURL, "?") {
		glue = "&"
	}
	mine := p.signIn(p.first, "")
	mine.URL += glue + url.Values{"id": {other.id}, "resource_id": {other.order.Key}, "addon_id": {other.order.Key}}.Encode()
	v := p.browse(other, mine)
	opened := v.arrived() && theirs.arrived() && (ended(v) == ended(theirs) && ended(v) != ended(p.own()) || p.shows(v, theirs))
	if opened {
		p.failText("the dashboard of the add-on in the form, or a refusal", "the other add-on's: "+p.came(v), v.first, theirs.first)
	}
}

// ended returns the path at which a sign-in ended.
func ended(v *visit) string { return v.at.EscapedPath() }

// shows reports whether a page is exactly that of one add-on, and not that of the
// first: they have to differ for that.
func (p *probe) shows(v, theirs *visit) bool {
	mine, other := string(p.own().last.body()), string(theirs.last.body())
	if mine == other {
		return false
	}
	for _, name := range []string{theirs.of.id, theirs.of.order.Key} {
		if len(name) > 3 && strings.Contains(other, name) && strings.Contains(string(v.last.body()), name) {
			return true
		}
	}
	return false
}

// incomplete leaves out each field that proofs cover, and the proofs.
func incomplete(p *probe) {
	fields := []string{"id", "timestamp"}
	if p.m.Dialect == manifest.HerokuV3 {
		fields = []string{"resource_id", "timestamp"}
	}
	for _, name := range fields {
		if p.o.Backend.Site.Old && name == "id" {
			continue
		}
		p.barred(p.open(p.first, func(f url.Values) { f.Del(name) }))
		p.barred(p.open(p.first, func(f url.Values) { f.Set(name, "") }))
	}
	if p.lost[timed] == "" {
		p.barred(p.openAt(p.first, " "))
		p.barred(p.signedWith(p.m.SSOSalt, func(l *manifest.Login) { l.Timestamp = "" }))
	}
	p.barred(p.open(p.first, func(f url.Values) {
		for _, name := range proofFields {
			f.Del(name)
		}
	}))
	p.barred(p.open(p.first, func(f url.Values) { spoilProofs(f, func(string) string { return "" }) }))
}
