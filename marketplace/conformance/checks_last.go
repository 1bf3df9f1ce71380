package conformance

import (
	"fmt"
	"time"
)

// callbackChecks are about the calls that a back-end makes.
func callbackChecks() []Check {
	const section = "callbacks"
	return []Check{
		{"K19", "a slow order is finished by a callback", "The customer waits for ever.", "Call callback_url when the add-on is ready.",
			section, onCallback, all, all, needing(anOrder, callbacks), nil, finished},
		{"N94", "the callback is authorized and declared", "The marketplace refuses it, and the customer waits for ever.", "Send the manifest's credentials, and declared variables only.",
			section, onCallback, all, all, needing(anOrder, callbacks), nil, finished},
		{"N96", "no call before the answer", "The marketplace does not know the add-on until then, and answers 404.", "Answer the order first, then call.",
			section, onCallback, "", "c1", needing(anOrder, callbacks), nil, func(p *probe) {
				if p.pending {
					p.skip("this back-end is slow")
					return
				}
				o := p.order()
				if r := p.post(o); r.good() && p.o.Market.Requests(o.Key) > 0 {
					p.failText("no call to callback_url", "one came", r)
				}
			}},
		{"N95", "a callback that failed is repeated", "The marketplace was not well for a moment, and the customer waits for ever.", "Repeat the call until it is answered.",
			section, onAdvice, "", all, needing(anOrder, callbacks), nil, func(p *probe) {
				if !p.pending {
					p.skip("this back-end is not slow")
					return
				}
				p.repeatedCall()
			}},
	}
}

func finished(p *probe) {
	if !p.pending {
		p.skip("this back-end is not slow")
		return
	}
	if !p.finished {
		p.failText("a good call to callback_url", "none within "+p.o.Wait.String(), p.firstAnswer)
	}
}

// repeatedCall has the marketplace refuse the first callback of an order.
func (p *probe) repeatedCall() {
	o, refused := p.order(), false
	p.failing = func(key string) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		first := key == o.Key && !refused
		refused = refused || first
		return first
	}
	p.o.Market.Watch(nil, p.failing)
	defer func() { p.failing = nil }()
	a := p.post(o)
	r := p.track(o, a)
	if r == nil {
		p.skip("no further add-on could be ordered: " + a.String())
	} else if !p.await(r) {
		p.failText("a second call after 503", "none within "+p.o.Wait.String(), a)
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
	}, s.failing)
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
	const section = "all calls"
	return []Check{
		{"N8", "refusals of credentials tell no secret", "Whoever tries a password reads the right one.", "Answer with a fixed text.",
			"credentials", onSecrets, all, all, nil, nil, func(p *probe) { p.nowhere(p.leaks[true], "a secret of the manifest") }},
		{"N91", "no answer holds a secret of the manifest", "Answers are logged, and the secrets with them: who reads them is the marketplace.", "Answer with nothing of what the request's headers and the manifest hold, nor with the proof that would be right.",
			section, onSecrets, all, all, nil, nil, func(p *probe) { p.nowhere(p.leaks[false], "a secret of the manifest") }},
		{"N99", "no error holds a customer's variables", "Errors are logged and shown to others, and the variables with them.", "Answer errors with a fixed text.",
			section, onSecrets, all, all, nil, nil, func(p *probe) { p.nowhere(p.spilt, "a variable of another add-on") }},
		{"N92", "errors show nothing of the inside", "A trace, a query or a path tells attackers where to dig.", "Log the cause, and answer with a fixed text.",
			section, onAdvice, "", all, nil, nil, func(p *probe) { p.nowhere(p.traces, "a trace, a query or a path") }},
		{"N37", "answers come in time", "Customers wait, and the marketplace gives up.", "Answer 202 and go on later, or be quicker.",
			section, onTime, "13", all, nil, nil, func(p *probe) {
				came, of := fmt.Sprintf("one took %.1f s", p.slowest.Seconds()), &reply{s: p.session, sent: p.slowOf}
				switch {
				case p.slowest >= p.o.Hard:
					p.failText("within "+p.o.Hard.String(), came, of)
				case p.slowest > p.o.Soft:
					p.breach(Advised, "within "+p.o.Soft.String(), came, []*reply{of})
				}
			}},
		{"N97", "strangers cannot have it call anybody", "A stranger reaches by it what only the provider can.", "Call callback_url for orders with good credentials only.",
			"callbacks", onAuth, all, all, needing(anOrder, callbacks), nil, func(p *probe) {
				if called := p.o.Market.Requests(p.forged.Key); called > 0 {
					p.failText("no call to the callback_url of an order without credentials", fmt.Sprintf("%d came", called))
				}
			}},
		{"N90", "https, and nothing else", "Passwords travel in the clear.", "Serve https with a good certificate and TLS 1.2 or newer, and send http there.",
			section, onTLS, all, all, nil, nil, secure},
	}
}

// nowhere holds a list of requests to be empty.
func (p *probe) nowhere(found []string, what string) {
	if len(found) > 0 {
		p.failText("no answer with "+what, fmt.Sprintf("%d have one", len(found)), &reply{s: p.session, sent: found[0]})
	}
}
