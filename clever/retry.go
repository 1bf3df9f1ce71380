package clever

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// An outcome is how a try of a request ended.
type outcome int

const (
	succeeded   outcome = iota
	refused             // 3xx, 4xx: the same request gets the same response
	tooMany             // 429
	unavailable         // 502, 503
	failed              // 500 and other 5xx
	timedOut            // 504, or no response in time
	broken              // the connection ended under way
	unreadable          // a response that is not what it should be
	unsent              // no connection came about
	gaveUp              // ended on this side
)

// A rule says what is done about a try that did not end well.
type rule struct {
	outcome outcome
	// tries of a request that does no harm when it is repeated: reads, PUT, DELETE.
	tries int
	// order says what is done about an order.
	order orderRule
	why   string
}

// An orderRule says what is done about an order whose POST did not end well.
type orderRule int

const (
	orderEnds  orderRule = iota // it surely was not carried out, and another try would end likewise
	orderAgain                  // it surely was not carried out: it is sent again
	orderLook                   // it may have been carried out by now: look, and send it again if it was not
	orderWait                   // it may be carried out yet: look until it cannot be any more
)

// rules is the one policy of what is repeated.
var rules = []rule{
	{refused, 1, orderEnds, "a refusal for a reason: the same request is refused again"},
	{tooMany, 9, orderLook, "the platform asks to slow down; what stands before it may have passed the request on all the same"},
	{unavailable, 9, orderLook, "a restart or an overload, which pass; what was asked may be under way behind the proxy that says so"},
	{failed, 5, orderLook, "the platform tripped, perhaps after it had done what was asked"},
	{timedOut, 3, orderWait, "each try takes long; what was asked may still be at work"},
	{broken, 8, orderLook, "the connection ended: before, while or after it was done, nobody can tell"},
	{unreadable, 4, orderLook, "a proxy's page or half an answer passes; where nothing but the platform ever answers so, it is another server"},
	{unsent, 8, orderAgain, "nothing left this machine; an endpoint that never answered is rather a wrong one, and is tried once"},
	{gaveUp, 1, orderLook, "the user, or a transport that refuses; what was sent before may have been done"},
}

func ruleOf(o outcome) rule {
	for _, r := range rules {
		if r.outcome == o {
			return r
		}
	}
	return rule{outcome: o, tries: 1}
}

// timing says how long things are waited for.
type timing struct {
	first   time.Duration // the wait after the first try; doubles
	longest time.Duration // no wait of our own is longer
	obeyed  time.Duration // a Retry-After beyond it ends the tries
	env     time.Duration // how long WaitEnv waits in all
	moving  time.Duration // how long WaitMigration waits in all
	order   time.Duration // how long an order may be at work after it was sent
	settle  time.Duration // how long the list of add-ons may be behind
}

// DefaultSettle is how long the list of add-ons may be behind what was done.
const DefaultSettle = 10 * time.Second

func usualTiming() timing {
	return timing{
		first: 50 * time.Millisecond, longest: 10 * time.Second, obeyed: time.Minute,
		env: 2 * time.Minute, moving: 2 * time.Hour, order: time.Minute, settle: DefaultSettle,
	}
}

// wait returns how long to wait after a try: between half and all of what doubles
// each time, so that many clients do not come back at once.
func (t timing) wait(attempt int) time.Duration {
	d := t.longest
	if shift := attempt - 1; shift < 16 {
		d = min(t.first<<shift, t.longest)
	}
	return d/2 + rand.N(d/2+1)
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// outcomeOf classifies a try.
func outcomeOf(r response, err error) outcome {
	switch {
	case err != nil:
		return outcomeOfError(r, err)
	case r.status >= 200 && r.status < 300:
		return succeeded
	case r.status == http.StatusTooManyRequests:
		return tooMany
	case r.status == http.StatusBadGateway || r.status == http.StatusServiceUnavailable:
		return unavailable
	case r.status == http.StatusGatewayTimeout || r.status == http.StatusRequestTimeout:
		return timedOut
	case r.status >= 500:
		return failed
	}
	return refused
}

func outcomeOfError(r response, err error) outcome {
	switch {
	case isUnreadable(err):
		return unreadable
	case isSlow(err):
		return timedOut
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return gaveUp
	case isUnsent(err):
		return unsent
	case isBroken(err) || r.status != 0:
		return broken
	case isNetwork(err):
		return unsent
	}
	return gaveUp
}

// again reports whether to try a request once more that does no harm when it is
// repeated, and after how long.
func (c *core) again(q call, attempt int, r response, err error) (time.Duration, bool) {
	o := outcomeOf(r, err)
	if o == succeeded || q.order() || attempt >= ruleOf(o).tries || o == unsent && !c.passing(err) || errors.Is(err, errTooLarge) {
		return 0, false
	}
	after := retryAfter(r.header)
	return max(c.timing.wait(attempt), after), after <= c.timing.obeyed
}

// postSeen sends a POST whose effect can be looked for: again only if it surely had
// none, or if its effect was not to be seen for as long as the platform may be behind.
// It looks too when the context has ended: what was done is to be known.
func (c *Client) postSeen(ctx context.Context, q call, there func(context.Context) (bool, error)) error {
	for attempt := 1; ; attempt++ {
		sent := time.Now()
		err := c.do(ctx, q)
		if err == nil {
			return nil
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return err
		}
		if mayHaveHappened(e) {
			seen := false
			_ = c.timing.looks(context.WithoutCancel(ctx), c.deadline(e, sent), func() (bool, error) {
				var err error
				seen, err = there(context.WithoutCancel(ctx))
				return seen, err
			})
			if seen {
				return nil
			}
		}
		if attempt >= orderTries || ctx.Err() != nil || !c.worthAgain(e) || pause(ctx, max(c.timing.wait(attempt), e.after)) != nil {
			return err
		}
	}
}

// worthAgain reports whether a POST that came to nothing may do better if it is sent
// again.
func (c *core) worthAgain(e *Error) bool {
	switch ruleOf(e.outcome).order {
	case orderAgain:
		return c.passing(e.Err) && e.after <= c.timing.obeyed
	case orderLook, orderWait:
		return e.outcome != gaveUp && e.after <= c.timing.obeyed
	}
	return false
}

// deadline returns until when to look for the effect of a POST whose response was
// unclear.
func (c *core) deadline(e *Error, sent time.Time) time.Time {
	ended := time.Now()
	if ruleOf(e.outcome).order == orderWait {
		ended = later(ended, sent.Add(c.timing.mayWork()))
	}
	return ended.Add(c.timing.settle)
}

// retryAfter reads how long to stay away, in seconds or as a date; 0 when the
// header does not say.
func retryAfter(h http.Header) time.Duration {
	const day = 24 * 60 * 60
	text := h.Get("Retry-After")
	if s, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(s, 0), day)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// loadOf reads from a try how busy the platform is.
func loadOf(o outcome) load {
	switch o {
	case succeeded, refused, failed:
		return loadFine
	case tooMany, unavailable, timedOut:
		return loadTooMuch
	}
	return loadUnknown
}
