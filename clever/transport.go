package clever

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// largest is the most that an answer's body may hold, in bytes.
const largest = 64 << 20

// patience says how often and after how long things are tried again.
type patience struct {
	tries   int           // of one request, the first included
	slow    int           // tries of one request that takes all of its time
	first   time.Duration // the wait after the first try; doubles
	longest time.Duration // no wait of our own is longer
	obeyed  time.Duration // a Retry-After beyond it ends the tries
	looks   int           // at the list after a lost answer
	env     time.Duration // how long WaitEnv waits in all
	moving  time.Duration // how long WaitMigration waits in all
}

func usualPatience() patience {
	return patience{
		tries: 5, slow: 3, first: 500 * time.Millisecond, longest: 10 * time.Second, obeyed: time.Minute,
		looks: 3, env: 2 * time.Minute, moving: 2 * time.Hour,
	}
}

// wait gives how long to wait after a try: between half and all of what doubles
// each time, so that many clients do not come back at once.
func (p patience) wait(attempt int) time.Duration {
	d := p.longest
	if shift := attempt - 1; shift < 16 {
		d = min(p.first<<shift, p.longest)
	}
	return d/2 + rand.N(d/2+1)
}

// pause waits, or gives the context's error.
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

// A call is a request that may be tried several times.
type call struct {
	method string
	path   string // escaped
	query  url.Values
	body   []byte // JSON, nil for none
	public bool   // needs no credentials

	authorization string // signed already; "" where the way out signs
}

func (q call) target() string {
	if len(q.query) == 0 {
		return q.path
	}
	return q.path + "?" + q.query.Encode()
}

// repeatable tells whether a second try does no harm. A POST orders.
func (q call) repeatable() bool { return q.method != http.MethodPost }

// An answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
	sent   bool // something of the request left this machine
	tries  int
}

// exchange tries a call until it is answered, refused, or not worth repeating.
// A POST it tries once. The error is that of the last try.
func (c *Client) exchange(ctx context.Context, q call) (answer, error) {
	for attempt := 1; ; attempt++ {
		a, err := c.try(ctx, q, attempt)
		a.tries = attempt
		wait, again := c.again(q, attempt, a, err)
		if !again || ctx.Err() != nil {
			return a, err
		}
		if err := pause(ctx, wait); err != nil {
			return a, err
		}
	}
}

// again tells whether to try once more, and after how long.
func (c *core) again(q call, attempt int, a answer, err error) (time.Duration, bool) {
	if attempt >= c.patience.tries || !q.repeatable() {
		return 0, false
	}
	if err != nil {
		return c.patience.wait(attempt), c.passing(err) && (attempt < c.patience.slow || !isSlow(err))
	}
	if !busy(a.status) {
		return 0, false
	}
	wait, ok := c.asked(attempt, a.header)
	return wait, ok
}

// busy tells whether a status means that a later try may be answered otherwise.
func busy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// asked gives the wait after a busy answer: at least what its Retry-After asks
// for. False when that is too long.
func (c *core) asked(attempt int, h http.Header) (time.Duration, bool) {
	after := retryAfter(h)
	return max(c.patience.wait(attempt), after), after <= c.patience.obeyed
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

// try sends a call once and reads the answer whole, within the time of one try.
func (c *Client) try(ctx context.Context, q call, attempt int) (a answer, err error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	slow := &slowError{c.timeout}
	within, cancel := context.WithTimeoutCause(ctx, c.timeout, slow)
	defer cancel()
	start := time.Now()
	a, err = c.once(within, q)
	if err != nil && errors.Is(context.Cause(within), slow) {
		err = slow
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if a.status != 0 {
		c.answered.Store(true)
	}
	if c.trace != nil {
		c.trace(Trace{q.method, c.target(q), a.status, time.Since(start), attempt, err})
	}
	return a, err
}

// once goes out. The transport is used as it is, without http.Client, so that
// no redirect is followed: a signature is for the endpoint only.
func (c *Client) once(ctx context.Context, q call) (answer, error) {
	var way route
	req, err := c.request(way.watched(ctx), q)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.out.RoundTrip(req)
	if err != nil {
		return answer{sent: way.sent(err)}, way.blame(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header, sent: true}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, largest+1))
	switch {
	case err != nil:
		return a, &networkError{err: err, connected: true}
	case len(a.body) > largest:
		return a, fmt.Errorf("the answer is larger than %d MiB", largest>>20)
	}
	return a, nil
}

func (c *Client) request(ctx context.Context, q call) (*http.Request, error) {
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, c.endpoint+q.target(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.authorization != "" {
		req.Header.Set("Authorization", q.authorization)
	}
	return req, nil
}

// do makes a call and decodes its answer into a pointer; nil: the answer's body
// does not matter. Every error is a *Missing or an *Error.
func (c *Client) do(ctx context.Context, q call, into any) error {
	if !q.public && c.creds.Token == "" {
		return &Missing{}
	}
	a, err := c.exchange(ctx, q)
	if err != nil {
		return c.failed(q, a, err)
	}
	return c.decode(q, a, into)
}

func (c *Client) decode(q call, a answer, into any) error {
	if a.status < 200 || a.status > 299 {
		return c.refused(q, a)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return c.garbled(q, a, err)
	}
	return nil
}

// read gets JSON.
func read[V any](ctx context.Context, c *Client, path string) (V, error) {
	return fetch[V](ctx, c, call{method: http.MethodGet, path: path})
}

// fetch makes a call and gives its answer.
func fetch[V any](ctx context.Context, c *Client, q call) (V, error) {
	var v, none V
	if err := c.do(ctx, q, &v); err != nil {
		return none, err
	}
	return v, nil
}

// put sends JSON.
func (c *Client) put(ctx context.Context, path string, body, into any) error {
	q, err := jsonCall(http.MethodPut, path, body)
	if err != nil {
		return err
	}
	return c.do(ctx, q, into)
}

// post sends JSON once; what is answered does not matter.
func (c *Client) post(ctx context.Context, path string, body any) error {
	q, err := jsonCall(http.MethodPost, path, body)
	if err != nil {
		return err
	}
	return c.do(ctx, q, nil)
}

func jsonCall(method, path string, body any) (call, error) {
	text, err := json.Marshal(body)
	return call{method: method, path: path, body: text}, err
}
