package conformance

import (
	"fmt"
	"net/http"
	"slices"
)

// A probe is one check being made.
type probe struct {
	*session
	result  Result
	warning bool
	victims map[string]*resource
}

// fail notes a breach. The first one of a check counts.
func (p *probe) fail(expected, came string) {
	if p.result.Status != Passed {
		return
	}
	p.result.Status, p.result.Expected, p.result.Came = Failed, expected, came
	if p.warning {
		p.result.Status = Warned
	}
}

// warn notes a breach that fails nothing.
func (p *probe) warn(expected, came string) {
	if p.result.Status != Passed {
		return
	}
	p.fail(expected, came)
	p.result.Status = Warned
}

func (p *probe) skip(reason string) {
	if p.result.Status == Passed {
		p.result.Status, p.result.Came = Skipped, reason
	}
}

// saw notes what was sent, the last few of many.
func (p *probe) saw(r *reply) *reply {
	if len(p.result.Sent) >= 5 {
		p.result.Sent = slices.Delete(p.result.Sent, 0, 1)
	}
	p.result.Sent = append(p.result.Sent, r.sent)
	return r
}

// want holds an answer to statuses.
func (p *probe) want(r *reply, expected string, statuses ...int) bool {
	p.saw(r)
	if !slices.Contains(statuses, r.status()) {
		p.fail(expected, r.String())
		return false
	}
	return true
}

// wantSuccess holds an answer to any success.
func (p *probe) wantSuccess(r *reply) bool {
	return p.wantThat(r, "a success", r.good())
}

// wantRefusal holds an answer to 4xx.
func (p *probe) wantRefusal(r *reply) bool {
	return p.wantThat(r, "a refusal, 4xx", r.status()/100 == 4)
}

// wantAnswer holds an answer to anything but a fault of the back-end.
func (p *probe) wantAnswer(r *reply) bool {
	return p.wantThat(r, "an answer that is no fault of the back-end", r.a != nil && r.status() < 500)
}

func (p *probe) wantThat(r *reply, expected string, ok bool) bool {
	p.saw(r)
	if !ok {
		p.fail(expected, r.String())
	}
	return ok
}

// mustFresh orders an add-on for this check; without one the check says so.
func (p *probe) mustFresh() *resource {
	r := p.fresh()
	if r == nil {
		p.skip("no further add-on could be ordered")
	}
	return r
}

// call makes one of the three calls for a check that spoils something in it.
// What it may remove or change is made for it alone.
func (p *probe) call(method string, edits ...func(*http.Request)) *reply {
	if method == http.MethodPost {
		return p.saw(p.post(p.order(), edits...))
	}
	if p.victims[method] == nil {
		victim := p.mustFresh()
		if victim == nil {
			return nil
		}
		if p.victims == nil {
			p.victims = map[string]*resource{}
		}
		p.victims[method] = victim
	}
	if method == http.MethodPut {
		return p.saw(p.put(p.victims[method], p.o.Plan, edits...))
	}
	return p.saw(p.remove(p.victims[method], edits...))
}

// verbs returns the methods that the back-end has.
func (p *probe) verbs() []string {
	if p.changesPlans {
		return []string{http.MethodPost, http.MethodPut, http.MethodDelete}
	}
	return []string{http.MethodPost, http.MethodDelete}
}

// guarded holds each method to refuse what an edit made of the credentials.
func (p *probe) guarded(edit func(*http.Request), methods ...string) {
	for _, m := range methods {
		r := p.call(m, edit)
		if r != nil && r.status() != http.StatusUnauthorized {
			p.fail(fmt.Sprintf("401 to %s", m), r.String())
		}
	}
}

// as returns an edit that sets other credentials.
func as(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

// with returns an edit that sets a header; "" removes it.
func with(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
}
