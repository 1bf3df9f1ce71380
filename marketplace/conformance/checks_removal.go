package conformance

import (
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"runner/marketplace/manifest"
)

// removalChecks are about the end of an add-on.
func removalChecks() []Check {
	const section = "deprovision"
	return []Check{
		{"K32", "an add-on is removed", "The customer has removed it, and the provider pays for it for ever.", "Remove the add-on of the path's id, and answer 200.",
			section, onRemoval, all, all, needing(anOrder), needing(removal), removed},
		{"N60", "a removal is answered with 200, 202 or 204", "Other successes are understood differently everywhere.", "Answer 200.",
			section, onRemoval, "", all, needing(anOrder, removal), nil, func(p *probe) {
				if r := p.mustFresh(); r != nil {
					p.want(p.remove(r), "200, 202 or 204", 200, 202, 204)
				}
			}},
		{"N61", "a second removal is no fault", "An answer is lost, and the marketplace asks for ever.", "Answer 410, 404 or 200 to what is gone.",
			section, onRepeat, "13", all, needing(anOrder, removal), nil, func(p *probe) {
				if r := p.mustFresh(); r != nil {
					first := p.remove(r)
					again := p.remove(r)
					p.wantThat(again, "410; 404, 200 and 204 will do", again.a != nil && again.status() < 500 && again.status() != 401 && again.status()/100 != 3, first)
				}
			}},
		{"N62", "a removal of an unknown id is no fault", "It is a mistake, and must not stop the back-end.", "Answer 404.",
			section, onAdvice, "", all, needing(anOrder), nil, func(p *probe) {
				r := p.unknownRemoval()
				p.wantThat(r, "404 or 410", r.a != nil && r.status()/100 == 4 || r.good())
				if r.good() {
					p.advise("404 or 410", r)
				}
			}},
		{"N63", "ids that are nearly one's remove nothing", "A removal takes another customer's add-on with it.", "Compare ids whole, letter by letter as they are; never as a prefix or a pattern.",
			section, onRemoval, all, all, needing(anOrder), nil, nearIDs},
		{"N69", "a removal removes one add-on", "A customer removes an add-on, and all that the organisation has are gone.", "Remove by the path's id, and by nothing else.",
			section, onRemoval, all, all, needing(anOrder, removal), nil, oneOfTwo},
		{"N59", "variables stay as they are", "The application goes on with a password that is none any more.", "Make variables when the add-on is made, and keep them.",
			"variables", onRepeat, "13", all, needing(anOrder, variables, repeats), nil, func(p *probe) {
				if p.pending {
					p.skip("this back-end is slow")
					return
				}
				if a := p.post(p.firstOrder); a.good() {
					p.wantThat(a, "the variables of the first answer", sameConfig(a.config(), p.config), p.firstAnswer)
				}
			}},
		{"N67", "ids with something behind them remove nothing", "A mistake of the marketplace removes an add-on.", "Refuse ids that are not exactly one's.",
			section, onAdvice, "", all, needing(anOrder), nil, longIDs},
		{"N68", "hostile ids are refused", "Ids travel into paths and queries.", "Read the id as one segment, and look it up as it is.",
			section, onAdvice, "", all, needing(anOrder), nil, hostileIDs},
	}
}

// afterwardsChecks are about what is left of a removed add-on.
func afterwardsChecks() []Check {
	return []Check{
		{"N64", "the variables of a removed add-on are of no use", "Customers go, and their secrets stay in old files.", "Revoke what the variables open.",
			"deprovision", onAdvice, "", all, needing(anOrder, removal), nil, outlived},
		{"N65", "five removals at once", "Two of the marketplace's servers remove at once, and one of them gets a fault.", "Let the second one find that it is gone.",
			"deprovision", onRepeat, "13", all, needing(anOrder, removal), nil, func(p *probe) {
				if r := p.mustFresh(); r != nil {
					for _, a := range p.atOnce(5, func(int) *reply { return p.send(http.MethodDelete, p.path(r), nil) }) {
						p.faultless(a)
						r.removed = r.removed || a.good()
					}
				}
			}},
		{"N66", "nobody signs in to what was removed", "The customer has gone, and others still see the data.", "Look the add-on up at each sign-in.",
			"single sign-on", onSSO, all, all, needing(anOrder, signedIn, removal), nil, func(p *probe) {
				r := p.mustReady()
				if r == nil {
					return
				}
				gone := p.remove(r)
				if v := p.open(r, nil); gone.status() != http.StatusAccepted && p.let(v, p.own()) {
					p.afterwards("nobody is signed in", v, gone)
				} else if v.first.a == nil || v.first.status() >= 500 {
					p.advise("a refusal, which is no fault of the back-end", v.first, gone)
				}
			}},
		{"N103", "a session ends with its add-on", "The customer has gone, and whoever was signed in still sees the data.", "Look the add-on up for each page.",
			"single sign-on", onAdvice, "", all, needing(anOrder, signedIn, removal), nil, func(p *probe) {
				r := p.mustReady()
				if r == nil {
					return
				}
				v := p.open(r, nil)
				if !v.arrived() || v.first == v.last || len(v.cookies) == 0 || p.shownToAll(p.own()) {
					p.skip("no page is opened by a cookie")
					return
				}
				gone := p.remove(r)
				seen := p.visit(v.at, v.jar)
				if gone.status() != http.StatusAccepted && p.same(seen, r, v.last, r) {
					p.afterwards("no dashboard", &visit{first: seen, last: seen, of: r, at: v.at}, gone)
				}
			}},
	}
}

// afterwards reports what was seen of a removed add-on. It is an advice where this
// back-end keeps nothing of add-ons that a page could show.
func (p *probe) afterwards(expected string, v *visit, gone *reply) {
	if p.anybody() {
		p.advise(expected+": this back-end looks no add-on up", v.first, gone)
		return
	}
	p.fail(expected, v.first, gone)
}

// removed removes an add-on, and holds it to be gone as far as that can be seen.
func removed(p *probe) {
	r := p.mustFresh()
	if r == nil {
		return
	}
	there, first := p.watch(r), p.watch(p.first)
	before, _ := first()
	a := p.remove(r)
	if !p.wantSuccess(a) || a.status() == http.StatusAccepted {
		return
	}
	if alive, known := first(); before && known && !alive {
		p.failText("the other add-ons are still there", clip(p.path(p.first), 60)+" is gone, too", a)
		return
	}
	if p.canSignIn() && !p.anybody() || !p.seesUnknown() {
		return // N66 and N103 look at dashboards
	}
	if alive, known := there(); known && alive {
		p.failText("an add-on that is gone", "it can still be changed", a)
	}
}

// oneOfTwo removes one of an owner's two add-ons, and looks for the other one.
func oneOfTwo(p *probe) {
	first, second := p.order(), p.order()
	second.OwnerID, second.UserID, second.Account = first.OwnerID, first.UserID, first.Account
	if p.m.Dialect == manifest.HerokuV3 || p.m.Requirement("many_per_app") {
		second.App = first.App
	}
	x, y := p.track(first, p.post(first)), p.track(second, p.post(second))
	if x == nil || y == nil {
		p.skip("no two add-ons could be ordered for one owner")
		return
	}
	there := p.watch(y)
	a := p.remove(x)
	if alive, known := there(); known && !alive {
		p.failText("the owner's other add-on "+clip(p.path(y), 60)+" is still there", "it is gone", a)
	}
}

// near sends a removal by something that is not the add-on's id, and holds the add-on
// to be there afterwards.
func (p *probe) near(r *resource, there func() (alive, known bool), id string) bool {
	if id == "" || id == p.path(r) || p.isOurs(id) {
		return true
	}
	a := p.send(http.MethodDelete, id, nil)
	if alive, known := there(); known && !alive {
		p.failText("the add-on "+clip(p.path(r), 60)+" is still there", "it is gone", a)
		return false
	}
	if p.seesUnknown() {
		if changed := p.send(http.MethodPut, id, r.order.PlanBody(p.m.Dialect, p.o.Plan)); changed.good() {
			p.fail("a refusal, as unknown ids have it: nothing of that id was ordered", changed)
			return false
		}
	}
	if unknown := p.unknownRemoval(); a.good() && !unknown.good() {
		p.fail("a refusal, as unknown ids have it: nothing of that id was ordered", a, unknown)
		return false
	}
	return true
}

// unknownRemoval returns the answer to a removal of an add-on that there never was.
func (s *session) unknownRemoval() *reply {
	if s.removalOfNone == nil {
		s.removalOfNone = s.send(http.MethodDelete, s.path(s.nobody()), nil)
	}
	return s.removalOfNone
}

// isOurs reports whether an id is that of an add-on of this run.
func (s *session) isOurs(id string) bool {
	for _, r := range s.made {
		if s.path(r) == id {
			return true
		}
	}
	return false
}

// nearIDs removes by beginnings of an id, its end, and its other case. Ids that are
// numbers have no such neighbours but other add-ons.
func nearIDs(p *probe) {
	r := p.mustFresh()
	if r == nil {
		return
	}
	there := p.watch(r)
	if _, known := there(); !known && p.unknownRemoval().good() {
		p.skip("this back-end shows nothing of what it keeps")
		return
	}
	for _, one := range append(neighbours(p.path(r)), "*", "%", "_", ".*") {
		if !p.near(r, there, one) {
			return
		}
	}
	for _, other := range []string{strings.ToUpper(p.path(r)), strings.ToLower(p.path(r)), swapCase(p.path(r))} {
		if uuidForm.MatchString(other) { // of which both cases are one
			continue
		}
		if !p.near(r, there, other) {
			return
		}
	}
}

var (
	uuidForm  = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	countedID = regexp.MustCompile(`^[^0-9]*[0-9]{1,7}$`)
)

// neighbours returns beginnings of an id, and its end. What is cut off a counter may
// be another add-on's id, so such ids are cut before it only.
func neighbours(id string) []string {
	var all []string
	if i := strings.IndexAny(id, "-_."); i > 1 {
		all = append(all, id[:i], id[:i+1], id[i+1:], id[:strings.LastIndexAny(id, "-_.")])
	}
	if len(id) < 5 || len(id) <= 16 && countedID.MatchString(id) || !strings.ContainsFunc(id, unicode.IsLetter) {
		return all
	}
	return append(all, id[:len(id)-1], id[:len(id)/2], id[:min(8, len(id)-1)], id[:3], id[1:], id[len(id)/2:])
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func longIDs(p *probe) {
	r := p.mustFresh()
	if r == nil {
		return
	}
	there := p.watch(r)
	for _, more := range []string{"x", "abc", " ", "%", "*", ";x", "\x00"} {
		if !p.near(r, there, p.path(r)+more) {
			return
		}
	}
}

// hostileIDs wants refusals of what is no id.
func hostileIDs(p *probe) {
	for _, path := range []string{"..%2f..", "%00", strings.Repeat("x", 4096), "%27%20OR%201=1", "*", "%25"} {
		r := p.send(http.MethodDelete, "x", nil, at(func(written string) string { return strings.TrimSuffix(written, "x") + path }))
		p.wantThat(r, "a refusal, 4xx", r.a != nil && r.status() < 500)
	}
}

// outlived uses an add-on, removes it, and tries to use it again.
func outlived(p *probe) {
	if p.o.Run == nil {
		p.skip("no command was given: --run")
		return
	}
	r, config := p.delivered()
	switch {
	case r == nil:
		p.skip("no further add-on could be ordered")
		return
	case p.o.Run(p.ctx, config) != nil:
		p.skip("the command fails before the removal, too")
		return
	}
	switch a := p.remove(r); {
	case !a.good():
		p.skip("the add-on could not be removed: " + a.String())
	case a.status() == http.StatusAccepted:
		p.skip("this back-end removes later")
	case p.o.Run(p.ctx, config) == nil && p.ctx.Err() == nil:
		p.failText("the command fails after the removal", "it ends with 0", a)
	}
}

// delivered orders an add-on, and waits for it if it comes later. nil: it did
// not come.
func (p *probe) delivered() (*resource, map[string]string) {
	o := p.order()
	a := p.post(o)
	r := p.track(o, a)
	if r == nil || a.status() != http.StatusAccepted {
		return r, p.texts(a.config())
	}
	if !p.await(r) {
		return nil, nil
	}
	app, _ := p.o.Market.Get(o.Key)
	return r, app.Config
}

// nobody returns an add-on that does not exist.
func (s *session) nobody() *resource {
	return &resource{order: s.order(), id: manifest.NewKey(manifest.HerokuV1)}
}
