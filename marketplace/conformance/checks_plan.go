package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"runner/marketplace/manifest"
)

// planChecks are about changes of the plan.
func planChecks() []Check {
	const section = "plan change"
	return []Check{
		{"K34", "a plan is changed", "Customers cannot grow.", "Answer PUT base_url/id with 200, or with 422 and a message where the change cannot be had.",
			section, onPlan, "a13", all, needing(anOrder, plans), needing(changes), func(p *probe) {
				if p.o.OtherPlan == "" {
					p.skip("no other plan was named: --other-plan")
					return
				}
				r := p.mustFresh()
				if r == nil {
					return
				}
				a := p.put(r, p.o.OtherPlan)
				if p.m.Dialect == manifest.AppFog && a.status()/100 == 4 && a.status() != 404 && a.status() != 405 && len(a.body()) > 0 {
					p.broken = true
					p.advise("a success", a)
					return
				}
				p.wantSuccess(a)
			}},
		{"N50", "the answer to a change is as an order's", "The application gets variables that are none, or loses those that it has.", "Answer with nothing, or with an object whose config is as an order's.",
			section, onConfig, "a13", all, needing(anOrder, plans, changes), nil, changeAnswer},
		{"N56", "a changed plan is changed", "The customer pays for one plan and has the other.", "Change the plan before the answer, or answer 202 or 422.",
			section, onPlan, "a13", all, needing(anOrder, plans, changes), nil, reallyChanged},
		{"N58", "a change keeps the variables, or answers with new ones", "The application goes on with a password that is none any more.", "Answer with the variables that a change has replaced.",
			section, onPlan, "a13", all, needing(anOrder, plans, changes, repeats), nil, quietlyReplaced},
		{"N51", "a change to the same plan does nothing", "An answer is lost, the change repeated, and the customer is shown a failure.", "Answer 200.",
			section, onSamePlan, "13", all, needing(anOrder, plans), nil, func(p *probe) {
				p.want(p.put(p.first, p.o.Plan), "200", 200, 202, 204)
			}},
		{"N52", "a change to an unknown plan is refused", "The customer pays for a plan that is not there.", "Answer 422 and a message that lists the plans.",
			section, onAdvice, "", all, needing(anOrder, plans), nil, func(p *probe) {
				r := p.put(p.first, "no-such-plan-"+manifest.NewKey(manifest.HerokuV1)[:8])
				if p.wantThat(r, "a refusal, 4xx", r.status()/100 == 4) {
					p.wantThat(r, "a text for the user", len(bytes.TrimSpace(r.body())) > 0)
				}
			}},
		{"N53", "a change of an unknown add-on is refused", "Such an id is never anybody's.", "Answer 404.",
			section, onAdvice, "", all, needing(anOrder, plans), nil, func(p *probe) {
				r := p.put(p.nobody(), p.o.Plan)
				p.wantThat(r, "404 or 410", r.status()/100 == 4)
			}},
		{"N54", "a change of what was removed is refused", "What is removed lives on, and is paid for by nobody.", "Answer 404 or 410.",
			section, onAdvice, "", all, needing(anOrder, plans, removal), nil, func(p *probe) {
				if r := p.mustFresh(); r != nil {
					gone := p.remove(r)
					a := p.put(r, p.o.Plan)
					p.wantThat(a, "404 or 410", a.status()/100 == 4, gone)
				}
			}},
		{"N55", "changes that are none are refused", "A mistake of the marketplace stops the back-end, or changes to no plan.", "Answer 4xx to a body that names no plan.",
			section, onAdvice, "", all, needing(anOrder, plans), nil, func(p *probe) {
				for _, body := range []string{"", "{", "[]", "{}"} {
					r := p.send(http.MethodPut, p.path(p.first), raw{"application/json", body})
					p.wantThat(r, "a refusal, 4xx", r.status()/100 == 4)
				}
			}},
	}
}

// changeAnswer holds the answer to a change to what an order's is held to.
func changeAnswer(p *probe) {
	r := p.mustFresh()
	if r == nil {
		return
	}
	a := p.put(r, p.o.OtherPlan)
	if !a.good() || len(bytes.TrimSpace(a.body())) == 0 || a.object() == nil {
		return // nothing to be read is well: kensa looks at the status only
	}
	v, there := a.object()["config"]
	_, isObject := v.(map[string]any)
	p.wantThat(a, "an object whose config is one", !there || v == nil || isObject)
	for name, value := range a.config() {
		if _, isText := value.(string); !isText && p.m.Dialect != manifest.AppFog {
			p.failText("texts", name+" is none", a)
		}
	}
	if id, named := a.object()["id"].(string); named && id != r.id && id != r.order.Key {
		p.failText("the add-on that was changed", "the answer names "+clip(id, 60), a)
	}
}

// reallyChanged compares an add-on whose plan was changed with one that was ordered
// so, wherever a back-end shows its plan: in answers, variables, and dashboards.
func reallyChanged(p *probe) {
	o := p.order()
	o.Plan = p.o.OtherPlan
	answer := p.post(o)
	target, subject := p.track(o, answer), p.mustReady()
	if target == nil || subject == nil || p.pending && !p.await(target) {
		p.skip("no add-on of the other plan could be ordered: " + answer.String())
		return
	}
	a := p.put(subject, p.o.OtherPlan)
	if a.status() == http.StatusAccepted {
		p.skip("this back-end changes plans later")
		return
	}
	if plan, shown := a.object()["plan"].(string); shown && plan != p.o.OtherPlan {
		p.failText("the plan "+p.o.OtherPlan, "the answer has the plan "+clip(plan, 60), a)
		return
	}
	read := p.send(http.MethodGet, p.path(subject), nil)
	if plan, shown := read.object()["plan"].(string); shown && read.good() && plan != p.o.OtherPlan {
		p.failText("the plan "+p.o.OtherPlan, "it is still "+clip(plan, 60), read, a)
		return
	}
	seen := p.planInVariables(subject, target, a) || p.planOnPage(subject, target, a)
	if p.result.Status == Passed && !seen && read.object()["plan"] == nil && a.object()["plan"] == nil {
		p.skip("this back-end shows no plan, in answers, variables or dashboards")
	}
}

// planInVariables looks for a variable that is the same in all add-ons of a plan and
// another in those of the other one. It reports whether there is one to be seen.
func (p *probe) planInVariables(subject, target *resource, a *reply) bool {
	now := a.config()
	if len(now) == 0 {
		now = p.configAgain(subject)
	}
	if len(now) == 0 {
		return false
	}
	for name, small := range p.configOf[subject.id] {
		large, there := p.configOf[target.id][name]
		if !there {
			continue
		}
		if p.named(small, large) { // within something else
			if v, there := now[name]; there && !strings.Contains(fmt.Sprint(v), p.o.OtherPlan) {
				p.failText(name+" with the plan "+p.o.OtherPlan, "it still has "+p.o.Plan, a)
			}
			return true
		}
		if !reflect.DeepEqual(p.config[name], small) || reflect.DeepEqual(large, small) {
			continue
		}
		if v, there := now[name]; there && !reflect.DeepEqual(v, large) {
			p.failText(name+" as add-ons of the plan "+p.o.OtherPlan+" have it", "it is that of the old plan", a)
		}
		return true
	}
	return false
}

// named reports whether two values have their add-ons' plans in them.
func (p *probe) named(small, large any) bool {
	x, y := fmt.Sprint(small), fmt.Sprint(large)
	return strings.Contains(x, p.o.Plan) && !strings.Contains(x, p.o.OtherPlan) && strings.Contains(y, p.o.OtherPlan) && !strings.Contains(y, p.o.Plan)
}

// configAgain returns the variables of an add-on as its order, repeated, has them.
func (p *probe) configAgain(r *resource) map[string]any {
	if p.lost[repeats] != "" {
		return nil
	}
	for _, plan := range []string{r.order.Plan, p.o.OtherPlan} {
		o := r.order
		o.Plan = plan
		if a := p.post(o); a.good() && a.id() == r.id {
			return a.config()
		}
	}
	return nil
}

// planOnPage looks for the plan in dashboards, where those of two add-ons of
// different plans have it.
func (p *probe) planOnPage(subject, target *resource, a *reply) bool {
	if !p.canSignIn() {
		return false
	}
	small, large, now := p.own(), p.open(target, nil), p.open(subject, nil)
	if !large.arrived() || !now.arrived() {
		return false
	}
	old, fresh := mentions(small.last, p.o.Plan), mentions(large.last, p.o.OtherPlan)
	if !old || !fresh || mentions(large.last, p.o.Plan) && mentions(small.last, p.o.OtherPlan) {
		return false
	}
	if !mentions(now.last, p.o.OtherPlan) {
		p.failText("a dashboard with the plan "+p.o.OtherPlan, "it still has "+p.o.Plan, a, now.first)
	} else if other := p.open(p.first, nil); other.arrived() && !mentions(other.last, p.o.Plan) {
		p.failText("the other add-ons have their plans", "the first one's dashboard has "+p.o.Plan+" no longer", a, other.first)
	}
	return true
}

func mentions(r *reply, plan string) bool {
	return strings.Contains(string(r.body()), plan)
}

// quietlyReplaced changes a plan and repeats the order: variables that are others now
// have to be those of the change's answer.
func quietlyReplaced(p *probe) {
	o := p.order()
	before := p.post(o)
	r := p.track(o, before)
	if r == nil {
		p.skip("no further add-on could be ordered: " + before.String())
		return
	}
	a := p.put(r, p.o.OtherPlan)
	p.put(r, p.o.Plan)
	again := p.post(o)
	if !a.good() || !again.good() || again.id() != r.id {
		p.skip("the order cannot be repeated after a change")
		return
	}
	for name, value := range before.config() {
		if now, there := again.config()[name]; there && !reflect.DeepEqual(now, value) && a.config()[name] == nil {
			p.failText("the same "+name+", or a new one in the answer to the change", "another one, which the answer to the change did not have", a, again)
		}
	}
}
