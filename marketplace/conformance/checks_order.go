package conformance

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"runner/marketplace/manifest"
)

// manifestChecks are kensa's about the manifest, each held by a rule.
func manifestChecks() []Check {
	var list []Check
	for _, c := range []struct{ id, code, title string }{
		{"K1", "M010", "the manifest has an id"}, {"K4", "M030", "the manifest has an api object"}, {"K6", "M100", "regions are a list"},
		{"K7", "M101", "a region that every add-on serves"}, {"K8", "M102", "regions are known"}, {"K9", "M040", "the manifest has a password"},
		{"K10", "M070", "the manifest has a site for tests"}, {"K11", "M060", "the manifest has a production site"}, {"K12", "M062", "base_url is secure"},
		{"K13", "M063", "sso_url is secure"}, {"K14", "M080", "variables are a list"}, {"K15", "M081", "names of variables"},
		{"K16", "M082", "prefix of variables"}, {"K17", "M031", "no api.username"}, {"K36", "M050", "a salt where users sign in"},
	} {
		in := ""
		for _, r := range manifest.Rules() {
			for i, d := range manifest.Dialects() {
				if r.Code == c.code && r.Level(d) != "" {
					in += all[i : i+1]
				}
			}
		}
		list = append(list, Check{c.id, c.title, "The marketplace refuses a manifest that breaks " + c.code + ".", "manifest", false, in, nothing, func(p *probe) {
			for _, problem := range p.o.Problems {
				switch {
				case problem.Code == c.code && problem.Warning:
					p.warn("no "+c.code, problem.Message)
				case problem.Code == c.code:
					p.fail("no "+c.code, problem.Message)
				}
			}
		}})
	}
	return list
}

// provisionChecks are about the answer to a good order.
func provisionChecks() []Check {
	const section = "provision"
	return []Check{
		{"K18", "an order is taken", "Without it nothing can be sold.", section, false, all, nothing, func(p *probe) {
			p.wantSuccess(p.firstAnswer)
		}},
		{"K20", "the answer is JSON", "The marketplace reads id and variables from it.", section, false, all, nothing, func(p *probe) {
			if !p.firstAnswer.good() {
				p.skip("no add-on could be ordered")
				return
			}
			p.wantThat(p.firstAnswer, "JSON", json.Valid(p.firstAnswer.body()))
		}},
		{"K22", "the answer has an id", "All later calls name the add-on by it.", section, false, all, nothing, func(p *probe) {
			if !p.firstAnswer.good() {
				p.skip("no add-on could be ordered")
				return
			}
			p.wantThat(p.firstAnswer, "an id, as a text", p.firstAnswer.named())
		}},
		{"K23", "the id is not made from the application's", "An application may have several add-ons.", section, false, "1", addon, func(p *probe) {
			number := regexp.MustCompile(`[0-9]+`).FindString(p.firstOrder.App)
			p.wantThat(p.firstAnswer, "an id without "+number, !strings.Contains(p.first.id, number))
		}},
		{"N10", "200, 201, or 202 for slow orders", "Other successes are understood differently everywhere.", section, true, all, addon, func(p *probe) {
			p.want(p.firstAnswer, "200 or 201; 202 if the order is finished later", 200, 201, 202)
			if p.firstAnswer.status() == 202 && !p.o.Async {
				p.fail("200 or 201, as --async was not given", p.firstAnswer.String())
			}
		}},
		{"N11", "the answer says that it is JSON", "Some marketplaces look at nothing else.", section, true, all, addon, func(p *probe) {
			kind := p.firstAnswer.a.Header.Get("Content-Type")
			p.wantThat(p.firstAnswer, "application/json", strings.HasPrefix(kind, "application/json") || strings.Contains(kind, "+json"))
		}},
		{"N12", "the id is a text that fits into a URL", "Ids of other types are written differently by each marketplace.", section, false, all, addon, func(p *probe) {
			id := p.first.id
			if strings.ContainsFunc(id, func(r rune) bool { return r == '/' || unicode.IsControl(r) }) || len(id) > 255 {
				p.wantThat(p.firstAnswer, `at most 255 characters, no "/", no control characters`, false)
			}
			if _, isNumber := p.firstAnswer.object()["id"].(json.Number); isNumber && p.m.Dialect == manifest.Clever {
				p.wantThat(p.firstAnswer, "a text", false)
			} else if isNumber {
				p.saw(p.firstAnswer)
				p.warn("a text", p.firstAnswer.String())
			}
		}},
		{"N13", "the id says nothing of owner or user", "Owners change, and ids travel in URLs.", section, true, "c", addon, func(p *probe) {
			id := p.first.id
			p.wantThat(p.firstAnswer, "an id of its own", !strings.Contains(id, p.firstOrder.OwnerID) && !strings.Contains(id, p.firstOrder.UserID))
		}},
	}
}

// authChecks are about who may call.
func authChecks() []Check {
	const section = "credentials"
	return []Check{
		{"K21", "wrong credentials are refused, orders", "Anybody could order at the vendor's cost.", section, false, all, addon, func(p *probe) {
			p.guarded(as("wrong", "secret"), http.MethodPost)
		}},
		{"K35", "wrong credentials are refused, plans", "Anybody could change what customers pay for.", section, false, all, plans, func(p *probe) {
			p.guarded(as("wrong", "secret"), http.MethodPut)
		}},
		{"K33", "wrong credentials are refused, removals", "Anybody could remove customers' data.", section, false, all, addon, func(p *probe) {
			r := p.mustFresh()
			if r == nil {
				return
			}
			p.saw(p.remove(r))
			p.want(p.remove(r, as("wrong", "secret")), "401, also where the add-on is gone", 401)
		}},
		{"N1", "no credentials are refused", "Many back-ends forget one of the methods.", section, false, all, addon, func(p *probe) {
			o := p.order()
			first := p.post(o, with("Authorization", ""))
			if p.want(first, "401", 401) {
				p.wantThat(first, "WWW-Authenticate: Basic", strings.HasPrefix(strings.ToLower(first.a.Header.Get("WWW-Authenticate")), "basic"))
				p.wantSuccess(p.post(o)) // nothing was made of the key
			}
			p.guarded(with("Authorization", ""), p.verbs()[1:]...)
		}},
		{"N2", "the right user with a wrong password", "Some back-ends look at the user only.", section, false, all, addon, func(p *probe) {
			p.guarded(as(p.m.ID, "wrong"), p.verbs()...)
		}},
		{"N3", "a wrong user with the right password", "Some back-ends look at the password only.", section, false, all, addon, func(p *probe) {
			p.guarded(as("wrong", p.m.Password), p.verbs()...)
		}},
		{"N4", "a part of the password, or more than it", "Some compare beginnings.", section, false, all, addon, func(p *probe) {
			for _, password := range []string{"", p.m.Password[:len(p.m.Password)-1], p.m.Password + "x"} {
				p.guarded(as(p.m.ID, password), http.MethodPost)
			}
		}},
		{"N5", "headers that are none", "A fault of the back-end tells attackers where to dig.", section, false, all, addon, func(p *probe) {
			for _, header := range []string{"Basic !!!", "Basic dGlueQ==", "Basic", "Bearer x"} {
				p.guarded(with("Authorization", header), http.MethodPost)
			}
		}},
		{"N6", "basic in small letters", "HTTP says that the word's case does not matter.", section, true, all, addon, func(p *probe) {
			p.wantSuccess(p.post(p.order(), func(r *http.Request) {
				r.Header.Set("Authorization", "basic"+strings.TrimPrefix(r.Header.Get("Authorization"), "Basic"))
			}))
		}},
		{"N7", "credentials come before everything else", "Answers to strangers tell which add-ons there are.", section, false, all, addon, func(p *probe) {
			p.want(p.send(http.MethodPost, "", raw{"application/json", "{"}, as("wrong", "secret")), "401", 401)
			p.want(p.send(http.MethodDelete, manifest.NewKey(manifest.HerokuV1), nil, as("wrong", "secret")), "401", 401)
		}},
	}
}
