package conformance

import (
	"bytes"
	"net/http"
	"strings"

	"runner/marketplace/manifest"
)

// requestChecks are about orders that are unusual, or wrong.
func requestChecks() []Check {
	const section = "provision"
	return []Check{
		{"N14", "unknown fields are passed over", "The day on which the marketplace adds a field, nobody can order.", "Read the fields that you know, and let others be.",
			section, onExtras, "13", all, needing(anOrder), nil, func(p *probe) {
				p.wantSuccess(p.postMap(p.order(), func(b map[string]any) { b["x_future"] = map[string]any{"a": []int{1}} }))
			}},
		{"N15", "unknown options are passed over", "Users write what they like: their order fails.", "Let options be that you do not know.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				p.wantSuccess(p.postMap(p.order(), func(b map[string]any) { b["options"] = map[string]string{"zz": "1"} }))
			}},
		{"N16", "an unknown plan is refused", "The customer pays for a plan that is not there.", "Answer 422 and a message that lists the plans.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				r := p.postMap(p.order(), func(b map[string]any) { b["plan"] = "no-such-plan-" + manifest.NewKey(manifest.HerokuV1)[:8] })
				if p.wantThat(r, "a refusal, 4xx", r.status()/100 == 4) {
					p.wantThat(r, "a message for the user", len(bytes.TrimSpace(r.body())) > 0)
				}
			}},
		{"N17", "an unknown region is served or refused", "Orders from a new region are repeated for a day.", "Ignore the region, or answer 422 and a message.",
			section, onRegion, "", all, needing(anOrder), nil, func(p *probe) {
				p.faultless(p.postMap(p.order(), func(b map[string]any) { b["region"] = "the-moon" }))
			}},
		{"N18", "orders that are none are refused", "A mistake of the marketplace makes add-ons, or stops the back-end.", "Answer 4xx to a body that is no order.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				for _, body := range []string{"", "null", "[]", "{", `"text"`, "{}"} {
					r := p.postBody(p.order(), raw{"application/json", body})
					p.wantThat(r, "a refusal, 4xx", r.status()/100 == 4)
				}
				r := p.postMap(p.order(), func(b map[string]any) { delete(b, "plan") })
				p.wantThat(r, "a refusal, 4xx", r.status()/100 == 4)
			}},
		{"N19", "another content type is taken or refused", "A fault is repeated for a day.", "Read the body as JSON, or answer 415.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded"} {
					p.faultless(p.post(p.order(), with("Content-Type", kind)))
				}
			}},
		{"N20", "Heroku's media type is answered", "The marketplace sends it with every call, and every call fails.", "Answer JSON whatever Accept says.",
			section, onProvision, "3", all, needing(anOrder), nil, func(p *probe) {
				for _, m := range p.verbs() {
					if r := p.call(m, with("Accept", "application/vnd.heroku-addons+json; version=3")); r != nil && r.status() == http.StatusNotAcceptable {
						p.fail(m+" is not answered with 406", r)
					}
				}
			}},
		{"N21", "a large order is refused, and the next one taken", "Somebody sends it, and nobody can order any more.", "Bound what is read of a body.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				junk := strings.Repeat("x", 1<<20)
				r := p.postMap(p.order(), func(b map[string]any) { b["options"] = map[string]string{"junk": junk} })
				if r.a != nil { // cutting the connection while it is sent is an answer, too
					p.wantThat(r, "a refusal, 4xx", r.status()/100 == 4)
				}
				p.wantSuccess(p.post(p.order()))
			}},
		{"N22", "any owner's name is taken", "Owners are called what they like: some of them cannot order.", "Take any text as a name.",
			section, onProvision, "c", "c", needing(anOrder), nil, func(p *probe) { anyName(p, false) }},
		{"N98", "an owner's name is no script", "An owner runs scripts in the dashboards of others, or in yours.", "Escape whatever comes from orders.",
			"single sign-on", onAdvice, "", "c", needing(anOrder, signOn), nil, func(p *probe) { anyName(p, true) }},
		{"N93", "other methods are refused", "They do what nobody has thought of.", "Answer 405.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				for _, method := range []string{http.MethodGet, http.MethodPatch} {
					r := p.send(method, "", nil)
					p.wantThat(r, "404, 405 or 401", r.status()/100 == 4 || r.status() == http.StatusNotImplemented)
				}
			}},
	}
}

// anyName orders for owners of odd names, and looks for one of them in the
// dashboard, where it must not be a script.
func anyName(p *probe, dashboards bool) {
	const script = "<script>alert(1)</script>"
	for _, name := range []string{"Zoë’s “Café” 🐘", strings.Repeat("ü", 255), script + `'"; --`} {
		if dashboards && !strings.Contains(name, script) {
			continue
		}
		o := p.order()
		o.OwnerName = name
		r := p.post(o)
		if !dashboards {
			p.wantThat(r, "an order is taken", r.good() && r.named(), p.firstAnswer)
			continue
		}
		made := p.track(o, r)
		if made == nil {
			p.skip("needs an order for an owner of an odd name, and N22 did not pass")
			return
		}
		if v := p.open(made, nil); bytes.Contains(v.last.body(), []byte(script)) {
			p.failText("a dashboard that escapes the owner's name", "the name is a script there", v.last, r)
		}
	}
}
