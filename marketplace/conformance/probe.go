package conformance

import (
	"net/http"
	"slices"
)

// A probe is one check being made.
type probe struct {
	*session
	check  Check
	result Result
	broken bool // the check does not hold, as a required one or as an advice
}

// fail reports a breach, as grave as the check is, by the request at fault and
// those that it is compared with. The first one counts; one that is required counts
// before one that is advised.
func (p *probe) fail(expected string, r *reply, compared ...*reply) {
	p.failText(expected, r.String(), append([]*reply{r}, compared...)...)
}

// failText is fail for what no single response shows.
func (p *probe) failText(expected, came string, shown ...*reply) {
	p.broken = true
	status := Failed
	if p.result.Level == Advice {
		status = Advised
	}
	p.breach(status, expected, came, shown)
}

// advise reports a breach that decides nothing, whatever the check's level.
func (p *probe) advise(expected string, r *reply, compared ...*reply) {
	p.breach(Advised, expected, r.String(), append([]*reply{r}, compared...))
}

func (p *probe) breach(status Status, expected, came string, shown []*reply) {
	if p.result.Status != Passed && (p.result.Status != Advised || status != Failed) {
		return
	}
	p.result.Status, p.result.Expected, p.result.Came, p.result.Sent = status, expected, came, nil
	for _, r := range shown {
		if r != nil && !slices.Contains(p.result.Sent, r.sent) {
			p.result.Sent = append(p.result.Sent, r.sent)
		}
	}
}

func (p *probe) skip(reason string) {
	if p.result.Status == Passed {
		p.result.Status, p.result.Came = Skipped, reason
	}
}

// want holds an answer to statuses.
func (p *probe) want(r *reply, expected string, statuses ...int) bool {
	return p.wantThat(r, expected, slices.Contains(statuses, r.status()))
}

// wantSuccess holds an answer to any success.
func (p *probe) wantSuccess(r *reply) bool { return p.wantThat(r, "a success", r.good()) }

func (p *probe) wantThat(r *reply, expected string, ok bool, compared ...*reply) bool {
	if !ok {
		p.fail(expected, r, compared...)
	}
	return ok
}

// faultless holds an answer to be no fault of the back-end.
func (p *probe) faultless(r *reply) bool {
	return p.wantThat(r, "an answer that is no fault of the back-end", r.a != nil && r.status() < 500)
}

// mustFresh orders an add-on for this check; without one the check says so.
func (p *probe) mustFresh() *resource {
	o := p.order()
	a := p.post(o)
	r := p.track(o, a)
	if r == nil {
		p.skip("no further add-on could be ordered: " + a.String())
	}
	return r
}

// mustReady is mustFresh for checks that need an add-on in use: one that comes later is
// waited for.
func (p *probe) mustReady() *resource {
	r := p.mustFresh()
	if r != nil && p.pending && !p.await(r) {
		p.skip("the add-on did not come")
		return nil
	}
	return r
}

// victim returns an add-on that is there for calls of a method that ought to be
// refused.
func (p *probe) victim(method string) *resource {
	if v := p.victims[method]; v != nil && !v.removed {
		return v
	}
	p.victims[method] = p.mustFresh()
	return p.victims[method]
}

// call makes one of the three calls for a check that spoils something in it. What
// it may remove or change is made for it alone. nil: there is nothing to call for.
func (p *probe) call(method string, edits ...func(*http.Request)) *reply {
	if method == http.MethodPost {
		return p.post(p.order(), edits...)
	}
	victim := p.victim(method)
	switch {
	case victim == nil:
		return nil
	case method == http.MethodPut:
		return p.put(victim, p.o.Plan, edits...)
	}
	return p.remove(victim, edits...)
}

// verbs returns the methods that the back-end has.
func (p *probe) verbs() []string {
	if p.changesPlans {
		return []string{http.MethodPost, http.MethodPut, http.MethodDelete}
	}
	return []string{http.MethodPost, http.MethodDelete}
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

// at returns an edit that changes the path, as it is written.
func at(change func(path string) string) func(*http.Request) {
	return func(r *http.Request) {
		r.URL.RawPath = change(r.URL.EscapedPath())
		r.URL.Path = unescaped(r.URL.RawPath)
	}
}

func unescaped(path string) string {
	r, err := http.NewRequest(http.MethodGet, "http://x"+path, nil)
	if err != nil {
		return path
	}
	return r.URL.Path
}
