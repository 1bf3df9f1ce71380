package conformance

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"

	"runner/marketplace/manifest"
)

// requestChecks are about orders that are unusual, or wrong.
func requestChecks() []Check {
	const section = "provision"
	return []Check{
		{"N14", "unknown fields are passed over", "Marketplaces add fields without asking.", section, false, all, addon, func(p *probe) {
			p.wantSuccess(p.postMap(p.order(), func(b map[string]any) { b["x_future"] = map[string]any{"a": []int{1}} }))
		}},
		{"N15", "unknown options are passed over", "Users write what they like.", section, true, all, addon, func(p *probe) {
			p.wantSuccess(p.postMap(p.order(), func(b map[string]any) { b["options"] = map[string]string{"zz": "1"} }))
		}},
		{"N16", "an unknown plan is refused", "The customer would pay for what is not there.", section, false, all, addon, func(p *probe) {
			r := p.postMap(p.order(), func(b map[string]any) { b["plan"] = "no-such-plan-" + manifest.NewKey(manifest.HerokuV1)[:8] })
			if p.wantRefusal(r) {
				p.wantThat(r, "a message for the user", r.message() != "")
			}
		}},
		{"N17", "an unknown region is served or refused", "New regions come without notice.", section, false, all, addon, func(p *probe) {
			p.wantAnswer(p.postMap(p.order(), func(b map[string]any) { b["region"] = "the-moon" }))
		}},
		{"N18", "orders that are none are refused", "They are mistakes, and must not be faults.", section, false, all, addon, func(p *probe) {
			for _, body := range []string{"", "null", "[]", "{", `"text"`, "{}"} {
				p.wantRefusal(p.send(http.MethodPost, "", raw{"application/json", body}))
			}
			for _, field := range []string{"plan", p.m.Dialect.KeyField()} {
				p.wantRefusal(p.postMap(p.order(), func(b map[string]any) { delete(b, field) }))
				p.wantRefusal(p.postMap(p.order(), func(b map[string]any) { b[field] = 7 }))
			}
		}},
		{"N19", "another content type is taken or refused", "A fault would be repeated for a day.", section, true, all, addon, func(p *probe) {
			for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded"} {
				p.wantAnswer(p.post(p.order(), with("Content-Type", kind)))
			}
		}},
		{"N20", "Heroku's media type is answered", "Frameworks answer 406 to a type that they do not know.", section, false, "3", addon, mediaType},
		{"N20", "Heroku's media type is answered", "Marketplaces that copy Heroku send it.", section, true, "ca1", addon, mediaType},
		{"N21", "a large order is refused, and the next one taken", "Somebody will send it.", section, true, all, addon, func(p *probe) {
			junk := strings.Repeat("x", 1<<20)
			r := p.postMap(p.order(), func(b map[string]any) { b["options"] = map[string]string{"junk": junk} })
			if r.a != nil { // cutting the connection while it is sent is an answer, too
				p.wantRefusal(r)
			}
			p.wantSuccess(p.post(p.order()))
		}},
		{"N22", "any owner's name is taken, and escaped", "Owners are called what they like.", section, true, "c", addon, anyName},
		{"N93", "other methods are refused", "They must do nothing.", section, true, all, nothing, func(p *probe) {
			for _, method := range []string{http.MethodGet, http.MethodPatch} {
				p.want(p.send(method, "", nil), "404, 405 or 401", 404, 405, 401)
			}
		}},
	}
}

// anyName orders for owners of odd names, and looks for one of them in the
// dashboard, where it must not be a script.
func anyName(p *probe) {
	const script = "<script>alert(1)</script>"
	for _, name := range []string{"Zoë’s “Café” 🐘", strings.Repeat("ü", 255), script + `'"; --`} {
		o := p.order()
		o.OwnerName = name
		r := p.post(o)
		if !p.wantAnswer(r) || !r.good() || p.lacks(Check{in: all, need: login}) != "" {
			continue
		}
		bought := p.track(o, r)
		if bought == nil { // K22 tells it of the first
			p.fail("an id", r.String())
			continue
		}
		page, err := p.browse(p.signIn(bought, ""))
		if err == nil && bytes.Contains(page.last.body(), []byte(script)) {
			p.saw(page.last)
			p.fail("a dashboard that escapes the owner's name", "the name is a script there")
		}
	}
}

func mediaType(p *probe) {
	for _, m := range p.verbs() {
		if r := p.call(m, with("Accept", "application/vnd.heroku-addons+json; version=3")); r != nil && r.status() == http.StatusNotAcceptable {
			p.fail(m+" is not answered with 406", r.String())
		}
	}
}

// repeatChecks are about orders that come twice, or at once.
func repeatChecks() []Check {
	const section = "provision, repeated"
	return []Check{
		{"N30", "an order repeated is the same add-on", "Answers get lost; the marketplace repeats with the same key.", section, false, all, addon, func(p *probe) {
			r := p.post(p.firstOrder)
			if !p.wantSuccess(r) {
				return
			}
			p.wantThat(r, "the same id", r.id() == p.first.id)
			if !p.pending {
				p.wantThat(r, "the same variables", sameConfig(r.config(), p.config))
			}
		}},
		{"N31", "a key with another plan is refused", "It is either a mistake or an attack.", section, true, all, addon, func(p *probe) {
			if p.o.OtherPlan == "" {
				p.skip("no other plan was named: --other-plan")
				return
			}
			o := p.firstOrder
			o.Plan = p.o.OtherPlan
			p.want(p.post(o), "409 or 422", 409, 422)
		}},
		{"K31", "two orders are two add-ons", "One customer would get another's.", section, false, all, addon, func(p *probe) {
			o := p.order()
			o.App, o.OwnerID = p.firstOrder.App, p.firstOrder.OwnerID
			r := p.saw(p.post(o))
			if p.m.Dialect == manifest.HerokuV1 && !p.m.Requirement("many_per_app") && !r.good() {
				p.wantRefusal(r)
				return
			}
			p.wantThat(r, "another id", r.good() && r.id() != p.first.id)
		}},
		{"N33", "an order sent eight times at once is one add-on", "Impatient marketplaces do that.", section, false, all, addon, func(p *probe) {
			o := p.order()
			ids := map[string]bool{}
			for _, r := range p.atOnce(8, func(int) *reply { return p.post(o) }) {
				p.saw(r)
				if r.good() {
					ids[r.id()] = true
				} else if r.status() != 409 && r.status() != 503 {
					p.fail("a success, 409 or 503", r.String())
				}
			}
			if len(ids) != 1 {
				p.fail("one add-on", strings.Join(sorted(ids), ", "))
			}
		}},
		{"N34", "twenty orders at once are twenty add-ons", "Ids made from the clock collide.", section, false, all, addon, func(p *probe) {
			ids := map[string]bool{}
			for _, r := range p.atOnce(20, func(int) *reply { return p.post(p.order()) }) {
				if p.wantSuccess(r) {
					ids[r.id()] = true
				}
			}
			if p.result.Status == Passed && len(ids) != 20 {
				p.fail("twenty ids", strings.Join(sorted(ids), ", "))
			}
		}},
		{"N35", "an order whose sender goes away", "The marketplace comes back with the same key.", section, true, all, addon, func(p *probe) {
			o := p.order()
			p.cutOff(o)
			first := p.post(o)
			if p.wantSuccess(first) {
				second := p.post(o)
				p.wantThat(second, "one add-on", second.id() == first.id())
			}
		}},
		{"N36", "an order repeated after its removal", "A removed add-on with its old secrets must not come back.", section, true, "ca1", addon, orderedAgain},
		{"N36", "an order repeated after its removal", "The marketplace may deliver late what it sent before.", section, false, "3", addon, orderedAgain},
	}
}

func orderedAgain(p *probe) {
	o := p.order()
	before := p.saw(p.post(o))
	r := p.track(o, before)
	if r == nil || !before.good() {
		p.skip("no further add-on could be ordered")
		return
	}
	p.saw(p.remove(r))
	again := p.saw(p.post(o))
	switch {
	case again.status() == http.StatusGone:
	case p.m.Dialect == manifest.HerokuV3 || again.a == nil || again.status() >= 500:
		p.fail("410", again.String())
	case again.good() && len(before.config()) > 0 && sameConfig(before.config(), again.config()):
		p.fail("410, or new secrets", "the old ones")
	}
}

// cutOff sends an order, and goes away before its answer.
func (p *probe) cutOff(o manifest.Order) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	p.expect(o)
	r := p.request(http.MethodPost, "", o.Body(p.m)).WithContext(ctx)
	p.result.Sent = append(p.result.Sent, p.describe(r))
	a, err := p.o.Backend.Transport.Send(r)
	p.keep(o, &reply{s: p.session, key: o.Key, a: a, err: err})
}

// atOnce makes calls side by side, and gives what came in the order of their
// numbers.
func (p *probe) atOnce(n int, do func(i int) *reply) []*reply {
	replies := make([]*reply, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { replies[i] = do(i) })
	}
	group.Wait()
	return replies
}

func sameConfig(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		if b[name] != v {
			return false
		}
	}
	return true
}

func sorted(set map[string]bool) []string {
	var list []string
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

// planChecks are about changes of the plan.
func planChecks() []Check {
	const section = "plan change"
	return []Check{
		{"K34", "a plan is changed", "Customers grow.", section, false, all, plans, func(p *probe) {
			if p.o.OtherPlan == "" {
				p.skip("no other plan was named: --other-plan")
				return
			}
			if r := p.mustFresh(); r != nil {
				p.wantSuccess(p.put(r, p.o.OtherPlan))
			}
		}},
		{"N50", "the answer to a change is as an order's", "It may bring new variables.", section, false, all, plans, func(p *probe) {
			if p.o.OtherPlan == "" {
				p.skip("no other plan was named: --other-plan")
				return
			}
			r := p.mustFresh()
			if r == nil {
				return
			}
			changed := p.saw(p.put(r, p.o.OtherPlan))
			if changed.status() != 200 || len(changed.body()) == 0 {
				return // K34 tells failures; nothing to be read is well
			}
			v, there := changed.object()["config"]
			_, isObject := v.(map[string]any)
			p.wantThat(changed, "an object whose config is one", changed.object() != nil && (!there || v == nil || isObject))
			for name, value := range changed.config() {
				if _, isText := value.(string); !isText && p.m.Dialect != manifest.AppFog {
					p.fail("texts", name+" is none")
				}
			}
		}},
		{"N51", "a change to the same plan is nothing", "Answers get lost here, too.", section, false, all, plans, func(p *probe) {
			p.want(p.put(p.first, p.o.Plan), "200", 200, 204)
		}},
		{"N52", "a change to an unknown plan is refused", "The customer would pay for what is not there.", section, false, all, plans, func(p *probe) {
			r := p.put(p.first, "no-such-plan-"+manifest.NewKey(manifest.HerokuV1)[:8])
			if p.wantRefusal(r) {
				p.wantThat(r, "a text for the user", r.message() != "" || p.m.Dialect == manifest.AppFog && len(r.body()) > 0)
			}
		}},
		{"N53", "a change of nothing", "Such an id is never anybody's.", section, false, all, plans, func(p *probe) {
			p.want(p.put(p.nobody(), p.o.Plan), "404 or 410", 404, 410)
		}},
		{"N54", "a change of what was removed", "Removed is removed.", section, false, all, plans, func(p *probe) {
			if r := p.mustFresh(); r != nil {
				p.saw(p.remove(r))
				p.want(p.put(r, p.o.Plan), "404 or 410", 404, 410)
			}
		}},
		{"N55", "changes that are none are refused", "They are mistakes, and must not be faults.", section, false, all, plans, func(p *probe) {
			for _, body := range []string{"", "{", "[]", "{}"} {
				p.wantRefusal(p.send(http.MethodPut, p.path(p.first), raw{"application/json", body}))
			}
		}},
	}
}

// nobody returns an add-on that does not exist.
func (p *probe) nobody() *resource {
	o := p.order()
	return &resource{order: o, id: manifest.NewKey(manifest.HerokuV1)}
}
