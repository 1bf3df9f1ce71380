package conformance

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// removalChecks are about the end of an add-on.
func removalChecks() []Check {
	const section = "deprovision"
	return []Check{
		{"K32", "an add-on is removed", "The vendor would pay for it for ever.", section, false, all, addon, func(p *probe) {
			if r := p.mustFresh(); r != nil {
				p.wantSuccess(p.remove(r))
			}
		}},
		{"N60", "a removal is answered with 200, 202 or 204", "Other successes are understood differently everywhere.", section, false, all, addon, func(p *probe) {
			if r := p.mustFresh(); r != nil {
				if a := p.saw(p.remove(r)); a.good() {
					p.want(a, "200, 202 or 204", 200, 202, 204)
				}
			}
		}},
		{"N61", "a second removal is no fault", "Answers get lost here, too.", section, false, all, addon, func(p *probe) {
			if r := p.mustFresh(); r != nil {
				p.saw(p.remove(r))
				p.want(p.remove(r), "410; 404, 200 and 204 will do", 200, 204, 404, 410)
			}
		}},
		{"N62", "a removal of nothing", "It is a mistake, and no fault.", section, false, all, addon, func(p *probe) {
			r := p.remove(p.nobody())
			p.want(r, "404 or 410", 200, 202, 204, 404, 410)
			if r.good() {
				p.warn("404 or 410", r.String())
			}
		}},
		{"N63", "hostile ids remove nothing", "Ids travel into paths and queries.", section, false, all, addon, func(p *probe) {
			victim := p.mustFresh()
			if victim == nil {
				return
			}
			for _, path := range []string{"..%2f..", "%00", strings.Repeat("x", 4096), "%27%20OR%201=1", "*", "%25"} {
				p.wantRefusal(p.send(http.MethodDelete, "x", nil, func(r *http.Request) {
					r.URL.RawPath = strings.TrimSuffix(r.URL.EscapedPath(), "x") + path
					r.URL.Path = unescaped(r.URL.RawPath)
				}))
			}
			repeated := p.saw(p.post(victim.order))
			if !repeated.good() || repeated.id() != victim.id {
				p.fail("the other add-ons are untouched", repeated.String())
			}
		}},
		{"N64", "the variables of a removed add-on are of no use", "Customers go, and their secrets stay in old files.", section, true, all, addon, outlived},
		{"N65", "five removals at once", "One of them is well, and none is a fault.", section, false, all, addon, func(p *probe) {
			if r := p.mustFresh(); r != nil {
				for _, a := range p.atOnce(5, func(int) *reply { return p.send(http.MethodDelete, p.path(r), nil) }) {
					p.wantAnswer(a)
				}
			}
		}},
		{"N66", "nobody signs in to what was removed", "Customers go, their data must, too.", "single sign-on", false, all, login, func(p *probe) {
			if r := p.mustFresh(); r != nil {
				p.saw(p.remove(r))
				p.want(p.open(r, nil), "403, 404 or 410", 403, 404, 410)
			}
		}},
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
	switch a := p.saw(p.remove(r)); {
	case !a.good():
		p.skip("the add-on could not be removed")
	case a.status() == http.StatusAccepted:
		p.skip("this back-end removes later")
	case p.o.Run(p.ctx, config) == nil && p.ctx.Err() == nil:
		p.fail("the command fails after the removal", "it ends with 0")
	}
}

// delivered orders an add-on, and waits for it if it comes later. nil: it did
// not come.
func (p *probe) delivered() (*resource, map[string]string) {
	o := p.order()
	a := p.saw(p.post(o))
	if !a.good() {
		return nil, nil
	}
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

// callbackChecks are about the calls that a back-end makes.
func callbackChecks() []Check {
	const section = "callbacks"
	return []Check{
		{"K19", "a slow order is finished by a callback", "Until then nobody can use the add-on.", section, false, all, callbacks, finished},
		{"N94", "the callback is authorized and declared", "Anybody could set the variables of customers.", section, false, all, callbacks, finished},
		{"N96", "no call before the answer", "The marketplace does not know the add-on until then.", section, true, "c1", callbacks, func(p *probe) {
			if p.pending {
				p.skip("this back-end is slow")
				return
			}
			o := p.order()
			if r := p.saw(p.post(o)); r.good() && p.o.Market.Requests(o.Key) > 0 {
				p.fail("no call to callback_url", "one came")
			}
		}},
		{"N95", "a callback that failed is repeated", "Marketplaces are ill sometimes.", section, true, all, callbacks, func(p *probe) {
			if !p.pending {
				p.skip("this back-end is not slow")
				return
			}
			o, refused := p.order(), false
			p.ailing = func(key string) bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				first := key == o.Key && !refused
				refused = refused || first
				return first
			}
			p.o.Market.Watch(nil, p.ailing)
			defer func() { p.ailing = nil }()
			a := p.saw(p.post(o))
			r := p.track(o, a)
			if r == nil {
				p.skip("no further add-on could be ordered")
			} else if !p.await(r) {
				p.fail("a second call after 503", "none within "+p.o.Wait.String())
			}
		}},
	}
}

func finished(p *probe) {
	if !p.pending {
		p.skip("this back-end is not slow")
		return
	}
	if p.saw(p.firstAnswer); !p.settled {
		p.fail("a good call to callback_url", "none within "+p.o.Wait.String())
	}
}

// await waits until a slow order is finished, and reports whether it was.
func (s *session) await(r *resource) bool {
	if s.o.Market == nil {
		return false
	}
	done := make(chan struct{}, 64)
	s.o.Market.Watch(func(string) {
		select {
		case done <- struct{}{}:
		default:
		}
	}, s.ailing)
	limit := time.NewTimer(s.o.Wait)
	defer limit.Stop()
	for {
		if a, _ := s.o.Market.Get(r.order.Key); a.State == "provisioned" {
			if r == s.first {
				s.config = map[string]any{}
				for name, value := range a.Config {
					s.config[name] = value
				}
			}
			return true
		}
		select {
		case <-done:
		case <-limit.C:
			return false
		case <-s.ctx.Done():
			return false
		}
	}
}

// lastChecks look back at everything that came.
func lastChecks() []Check {
	return []Check{
		{"N8", "refusals of credentials tell no secret", "They are read by whoever tries.", "credentials", false, all, nothing, func(p *probe) {
			p.nowhere(p.leaks[true], "a secret of the manifest")
		}},
		{"N91", "no answer holds a secret of the manifest", "Answers are logged by many.", "all calls", false, all, nothing, func(p *probe) {
			p.nowhere(p.leaks[false], "a secret of the manifest")
		}},
		{"N92", "errors show nothing of the inside", "A trace, a query or a path tells attackers where to dig.", "all calls", true, all, nothing, func(p *probe) {
			p.nowhere(p.traces, "a trace, a query or a path")
		}},
		{"N37", "answers come in time", "Customers wait, and marketplaces give up.", "all calls", false, all, nothing, func(p *probe) {
			came := fmt.Sprintf("one took %.1f s", p.slowest.Seconds())
			switch {
			case p.slowest >= p.o.Hard:
				p.result.Sent = []string{p.slowOf}
				p.fail("within "+p.o.Hard.String(), came)
			case p.slowest > p.o.Soft:
				p.result.Sent = []string{p.slowOf}
				p.warn("within "+p.o.Soft.String(), came)
			}
		}},
		{"N97", "strangers cannot have it call anybody", "It could reach what only the vendor can.", "callbacks", false, all, callbacks, func(p *probe) {
			if called := p.o.Market.Requests(p.forged.Key); called > 0 {
				p.fail("no call to the callback_url of an order without credentials", fmt.Sprintf("%d came", called))
			}
		}},
		{"N90", "https, and nothing else", "Passwords travel in the clear otherwise.", "all calls", false, all, nothing, secure},
	}
}

// nowhere holds a list of requests to be empty.
func (p *probe) nowhere(found []string, what string) {
	if len(found) > 0 {
		p.result.Sent = found[:1]
		p.fail("no answer with "+what, fmt.Sprintf("%d have one", len(found)))
	}
}

func unescaped(path string) string {
	r, err := http.NewRequest(http.MethodGet, "http://x"+path, nil)
	if err != nil {
		return path
	}
	return r.URL.Path
}
