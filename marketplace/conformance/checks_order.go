package conformance

import (
	"encoding/json"
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
		in, required := "", ""
		for _, r := range manifest.Rules() {
			for i, d := range manifest.Dialects() {
				if r.Code == c.code && r.Level(d) != "" {
					in += all[i : i+1]
				}
				if r.Code == c.code && r.Level(d) == "error" {
					required += all[i : i+1]
				}
			}
		}
		list = append(list, Check{c.id, c.title, "The marketplace refuses the manifest, or back-end and marketplace understand it differently.", "Mend the manifest: runner vendor validate shows where.",
			"manifest", onManifest, required, in, nil, nil, func(p *probe) {
				for _, problem := range p.o.Problems {
					switch {
					case problem.Code == c.code && problem.Warning:
						p.breach(Advised, "no "+c.code, problem.Message, nil)
					case problem.Code == c.code:
						p.failText("no "+c.code, problem.Message)
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
		{"K18", "an order is taken", "Nobody can order the add-on.", "Answer POST base_url with 200 or 201, and what was ordered.",
			section, onProvision, all, all, nil, needing(anOrder), func(p *probe) { p.wantSuccess(p.firstAnswer) }},
		{"K20", "the answer is JSON", "The marketplace finds neither id nor variables, and the order fails.", "Answer with a JSON object.",
			section, onProvision, all, all, nil, needing(anOrder), func(p *probe) {
				if !p.firstAnswer.good() {
					p.skip("needs an order that is taken, and K18 did not pass")
					return
				}
				p.wantThat(p.firstAnswer, "a JSON object", p.firstAnswer.object() != nil && json.Valid(p.firstAnswer.body()))
			}},
		{"K22", "the answer has an id", "All later calls name the add-on by it: it could never be removed.", `Answer with "id", a text that names the add-on.`,
			section, onID, all, all, nil, needing(anOrder), func(p *probe) {
				if !p.firstAnswer.good() || p.firstAnswer.object() == nil {
					p.skip("needs an answer in JSON, and K18 or K20 did not pass")
					return
				}
				p.wantThat(p.firstAnswer, "an id", p.firstAnswer.named())
			}},
		{"K23", "the id is not made from the application's", "An application with two add-ons gets one of them twice.", "Make ids of your own, or of the uuid.",
			section, onID, "1", "1", needing(anOrder), nil, func(p *probe) {
				number := regexp.MustCompile(`[0-9]+`).FindString(p.firstOrder.App)
				p.wantThat(p.firstAnswer, "an id without "+number, !strings.Contains(p.first.id, number))
			}},
		{"N10", "200, 201, or 202 for slow orders", "Other successes are understood differently everywhere.", "Answer 200 or 201.",
			section, onProvision, "", all, needing(anOrder), nil, func(p *probe) {
				p.want(p.firstAnswer, "200 or 201; 202 if the order is finished later", 200, 201, 202)
				if p.firstAnswer.status() == 202 && !p.o.Async {
					p.fail("200 or 201, as --callback-listen was not given", p.firstAnswer)
				}
			}},
		{"N11", "the answer says that it is JSON", "Some clients look at nothing else.", "Send Content-Type: application/json.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				kind := p.firstAnswer.a.Header.Get("Content-Type")
				p.wantThat(p.firstAnswer, "application/json", strings.HasPrefix(kind, "application/json") || strings.Contains(kind, "+json"))
			}},
		{"N12", "the id is a text that fits into a URL", "The marketplace cannot name the add-on in later calls.", "Answer with an id that is a text of at most 255 characters, without a slash.",
			section, onID, all, all, needing(anOrder), nil, func(p *probe) {
				id := p.first.id
				if strings.ContainsFunc(id, func(r rune) bool { return r == '/' || unicode.IsControl(r) }) || len(id) > 255 {
					p.fail(`at most 255 characters, no "/", no control characters`, p.firstAnswer)
				}
				if _, isNumber := p.firstAnswer.object()["id"].(json.Number); isNumber && p.m.Dialect == manifest.Clever {
					p.fail("a text", p.firstAnswer)
				} else if isNumber {
					p.advise("a text", p.firstAnswer)
				}
			}},
		{"N24", "the message is a text", "The customer is shown nothing, or code.", "Answer with a message that is a text, or without one.",
			section, onProvision, "", all, needing(anOrder), nil, func(p *probe) {
				message, there := p.firstAnswer.object()["message"]
				_, isText := message.(string)
				p.wantThat(p.firstAnswer, "a text", !there || message == nil || isText)
			}},
		{"N13", "the id says nothing of owner or user", "Owners change, and ids travel in URLs.", "Make ids of your own.",
			section, onAdvice, "", "c", needing(anOrder), nil, func(p *probe) {
				id := p.first.id
				p.wantThat(p.firstAnswer, "an id of its own", !strings.Contains(id, p.firstOrder.OwnerID) && !strings.Contains(id, p.firstOrder.UserID))
			}},
	}
}
