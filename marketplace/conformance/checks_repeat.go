package conformance

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"reflect"
	"slices"
	"strings"
	"sync"

	"runner/marketplace/manifest"
)

// repeatChecks are about orders that come twice, or at once.
func repeatChecks() []Check {
	const section = "provision, repeated"
	return []Check{
		{"N30", "an order repeated is the same add-on", "An answer is lost, the marketplace repeats the order, and there are two add-ons: one is paid for by nobody, or by the customer twice.", "Keep the market's id with the add-on, unique, and answer as before.",
			section, onRepeat, "13", all, needing(anOrder), needing(repeats), func(p *probe) {
				r := p.post(p.firstOrder)
				if !r.good() {
					p.fail("a success, with the same id", r, p.firstAnswer)
					return
				}
				p.wantThat(r, "the same id", r.id() == p.first.id, p.firstAnswer)
				if !p.pending {
					p.wantThat(r, "the same variables", sameConfig(r.config(), p.config), p.firstAnswer)
				}
			}},
		{"N31", "a key with another plan is refused", "It is either a mistake or an attack.", "Answer 409 or 422.",
			section, onAdvice, "", all, needing(anOrder, repeats), nil, func(p *probe) {
				if p.o.OtherPlan == "" {
					p.skip("no other plan was named: --other-plan")
					return
				}
				o := p.firstOrder
				o.Plan = p.o.OtherPlan
				r := p.post(o)
				p.wantThat(r, "409 or 422", r.status() == 409 || r.status() == 422, p.firstAnswer)
			}},
		{"K31", "two orders are two add-ons", "A customer gets another customer's add-on.", "Make a new id for each order.",
			section, onID, all, all, needing(anOrder), nil, twoOrders},
		{"N33", "an order sent six times at once is one add-on", "An impatient marketplace makes several add-ons of one order.", "Let the database refuse a second add-on of the market's id.",
			section, onRepeat, "13", all, needing(anOrder, repeats), nil, sixAtOnce},
		{"N34", "six orders at once are six add-ons", "Two customers get one add-on.", "Make ids of random bits, not of the clock or of a counter without a lock.",
			section, onID, all, all, needing(anOrder), nil, manyAtOnce},
		{"N39", "orders are kept", "Customers pay for add-ons that the back-end has forgotten.", "Keep an order before it is answered.",
			section, onProvision, all, all, needing(anOrder), nil, kept},
		{"N35", "an order whose sender goes away", "The marketplace comes back with the same key, and there are two add-ons.", "Keep what was begun, and go on with it when the order comes again.",
			section, onRepeat, "13", all, needing(anOrder, repeats), nil, func(p *probe) {
				o := p.order()
				p.cutOff(o)
				first := p.post(o)
				if p.wantSuccess(first) {
					second := p.post(o)
					p.wantThat(second, "one add-on", second.id() == first.id(), first)
				}
			}},
		{"N36", "an order repeated after its removal", "A removed add-on comes back, with the secrets of old.", "Keep the market's id after the removal, and answer 410.",
			section, onAdvice, "", all, needing(anOrder, repeats, removal), nil, orderedAgain},
	}
}

// twoOrders orders twice for one owner; for one application only where that may have
// several.
func twoOrders(p *probe) {
	o := p.order()
	o.OwnerID, o.UserID = p.firstOrder.OwnerID, p.firstOrder.UserID
	if p.m.Dialect != manifest.HerokuV1 || p.m.Requirement("many_per_app") {
		o.App = p.firstOrder.App
	}
	r := p.post(o)
	if !r.good() {
		p.fail("a second add-on for the same owner", r, p.firstAnswer)
		return
	}
	p.wantThat(r, "another id", r.id() != p.first.id, p.firstAnswer)
}

func sixAtOnce(p *probe) {
	o := p.order()
	ids := map[string]bool{}
	var first *reply
	for _, r := range p.atOnce(6, func(int) *reply { return p.post(o) }) {
		if r.good() {
			if first == nil {
				first = r
			}
			if ids[r.id()] = true; len(ids) > 1 {
				p.failText("one add-on", strings.Join(sorted(ids), ", "), r, first)
			}
		} else if r.status() != 409 && r.status() != 503 && r.status() != 429 {
			p.fail("a success, 409 or 503", r)
		}
	}
	if len(ids) == 0 {
		p.failText("one add-on", "none")
	}
}

// manyAtOnce orders side by side, and wants as many add-ons, each with variables of
// its own as far as the first two orders had such.
func manyAtOnce(p *probe) {
	const many = 6 // as many as the shortest queue of a server takes
	ids := map[string]*reply{}
	for _, r := range p.atOnce(many, func(int) *reply { return p.post(p.order()) }) {
		if !p.wantSuccess(r) {
			continue
		}
		if before := ids[r.id()]; before != nil {
			p.failText("six ids", fmt.Sprintf("%q came twice", clip(r.id(), 60)), r, before)
		}
		ids[r.id()] = r
	}
	before := map[string]*resource{}
	for _, r := range p.made {
		if other := before[r.id]; other != nil && other.order.Key != r.order.Key {
			p.failText("an id of its own for each add-on", fmt.Sprintf("%q came for two orders", clip(r.id, 60)), p.about(other), p.about(r))
		}
		before[r.id] = r
	}
}

// about names an order that was sent before.
func (s *session) about(r *resource) *reply {
	return &reply{s: s, sent: "the order " + r.order.Key + ", answered with the id " + clip(r.id, 60)}
}

// kept looks for the add-ons that were ordered until now.
func kept(p *probe) {
	looked := 0
	for _, r := range slices.Clone(p.made) {
		if r.removed || r.ending || r.odd || looked == 25 {
			continue
		}
		looked++
		alive, known, r2 := p.present(r)
		if !known {
			p.skip("this back-end shows nothing of what it keeps")
			return
		}
		if !alive {
			p.fail("an add-on that is still there", r2, p.about(r))
			return
		}
	}
}

// present asks once for an add-on: by a plan change where that knows who is there, or
// else by a sign-in.
func (p *probe) present(r *resource) (alive, known bool, by *reply) {
	if p.seesUnknown() {
		a := p.put(r, r.order.Plan)
		return a.status() != http.StatusNotFound && a.status() != http.StatusGone, true, a
	}
	if p.canSignIn() && !p.anybody() {
		v := p.open(r, nil)
		return v.arrived(), true, v.first
	}
	return true, false, nil
}

func orderedAgain(p *probe) {
	o := p.order()
	before := p.post(o)
	r := p.track(o, before)
	if r == nil || !before.good() {
		p.skip("no further add-on could be ordered: " + before.String())
		return
	}
	p.remove(r)
	again := p.post(o)
	switch {
	case again.status() == http.StatusGone:
	case again.a == nil || again.status() >= 500:
		p.fail("410", again, before)
	case p.m.Dialect == manifest.HerokuV3:
		p.fail("410", again, before)
	case again.good() && len(before.config()) > 0 && sameConfig(before.config(), again.config()):
		p.failText("410, or new secrets", "the old ones", again, before)
	}
}

// cutOff sends an order, and goes away before its answer.
func (p *probe) cutOff(o manifest.Order) {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	p.expect(o)
	r := p.request(http.MethodPost, "", o.Body(p.m)).WithContext(ctx)
	a, err := p.o.Backend.Transport.Send(r)
	p.keep(o, &reply{s: p.session, key: o.Key, a: a, err: err})
}

// atOnce makes calls side by side, and returns what came in the order of their
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

// sameConfig reports whether two answers have the same variables, whatever they are.
func sameConfig(a, b map[string]any) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

func sorted(set map[string]bool) []string {
	var list []string
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}
