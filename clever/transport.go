package clever

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// largest is the most that an answer's body may hold, in bytes.
const largest = 64 << 20

var errTooLarge = fmt.Errorf("it is larger than %d MiB", largest>>20)

// A call is a request that may be tried several times.
type call struct {
	method string
	path   string // escaped
	query  url.Values
	body   []byte // JSON, nil for none
	public bool   // needs no credentials

	repeatable    bool               // a POST that does no harm when it is repeated
	decode        func([]byte) error // takes a success's body, or fails with *unreadableError; nil: whatever it is
	authorization string             // signed already; "" where the way out signs
}

func (q call) target() string {
	if len(q.query) == 0 {
		return q.path
	}
	return q.path + "?" + q.query.Encode()
}

// order reports whether a second try may do a second thing: a POST orders, and is
// repeated by nobody but the one who looks first.
func (q call) order() bool { return q.method == http.MethodPost && !q.repeatable }

// what names what is asked for, so that like requests can be compared: the method
// and the path without ids.
func (q call) what() string {
	parts := strings.Split(q.path, "/")
	for i, part := range parts {
		if strings.ContainsRune(part, '_') {
			parts[i] = "_"
		}
	}
	return q.method + strings.Join(parts, "/")
}

// A response is one of the platform, read whole.
type response struct {
	status int
	header http.Header
	body   []byte
	sent   bool // something of the request left this machine
	tries  int
}

// do makes a call, and makes it again as rules say. Every error is a *Missing or an
// *Error, that of the last try.
func (c *Client) do(ctx context.Context, q call) error {
	if !q.public && c.creds.Token == "" {
		return &Missing{}
	}
	for attempt := 1; ; attempt++ {
		r, err := c.try(ctx, q, attempt)
		wait, again := c.again(q, attempt, r, err)
		if !again || ctx.Err() != nil {
			return c.ended(q, r, err)
		}
		if err := pause(ctx, wait); err != nil {
			return c.ended(q, r, err)
		}
	}
}

// try sends a call once and reads the response whole, within the time of one try.
func (c *Client) try(ctx context.Context, q call, attempt int) (r response, err error) {
	permit, err := c.limiter.acquire(ctx, q.order())
	if err != nil {
		return response{tries: attempt - 1}, err
	}
	start := time.Now()
	defer func() { c.limiter.release(permit, q.what(), loadOf(outcomeOf(r, err)), time.Since(start)) }()
	limit := c.timeout
	if q.order() {
		limit = max(limit, c.timing.order)
	}
	slow := &slowError{limit}
	within, cancel := context.WithTimeoutCause(ctx, limit, slow)
	defer cancel()
	r, err = c.once(within, q)
	r.tries = attempt
	switch {
	case err != nil && ctx.Err() != nil:
		err = ctx.Err()
	case err != nil && errors.Is(context.Cause(within), slow):
		err = slow
	case err == nil:
		err = q.read(r)
	}
	if r.status != 0 {
		c.answered.Store(true)
	}
	if c.trace != nil {
		c.trace(Trace{q.method, c.target(q), r.status, time.Since(start), attempt, err})
	}
	return r, err
}

// read decodes a success.
func (q call) read(r response) error {
	switch {
	case r.status < 200 || r.status > 299:
		return nil
	case q.decode != nil:
		return q.decode(r.body)
	}
	return nil
}

// once goes out. The transport is used as it is, without http.Client, so that
// no redirect is followed: a signature is for the endpoint only.
func (c *Client) once(ctx context.Context, q call) (response, error) {
	var way route
	req, err := c.request(way.watched(ctx), q)
	if err != nil {
		return response{}, err
	}
	resp, err := c.out.RoundTrip(req)
	if err != nil {
		return response{sent: way.sent(err)}, way.blame(err)
	}
	defer func() { _ = resp.Body.Close() }()
	r := response{status: resp.StatusCode, header: resp.Header, sent: true}
	r.body, err = io.ReadAll(io.LimitReader(resp.Body, largest+1))
	switch {
	case err != nil:
		return r, &networkError{err: err, connected: true}
	case len(r.body) > largest:
		return r, errTooLarge
	}
	return r, nil
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

// ended returns how a call ended: nil for a success, else a *Missing or an *Error.
func (c *Client) ended(q call, r response, err error) error {
	bad, isUnreadable := errors.AsType[*unreadableError](err)
	switch {
	case isUnreadable:
		return c.garbled(q, r, bad)
	case err != nil:
		return c.failed(q, r, err)
	case r.status < 200 || r.status > 299:
		return c.refused(q, r)
	}
	return nil
}

// read gets JSON.
func read[V any](ctx context.Context, c *Client, path string) (V, error) {
	return fetch[V](ctx, c, call{method: http.MethodGet, path: path})
}

// fetch makes a call and returns what it is answered with, which is as it should be.
func fetch[V any](ctx context.Context, c *Client, q call) (V, error) {
	var result V
	q.decode = func(body []byte) error {
		var v V
		if err := decode(body, &v); err != nil {
			return err
		}
		result = v
		return nil
	}
	err := c.do(ctx, q)
	return result, err
}

// put sends JSON; what is answered does not matter, as long as it can be read.
func (c *Client) put(ctx context.Context, path string, body any) error {
	q, err := jsonCall(http.MethodPut, path, body)
	if err != nil {
		return err
	}
	return c.do(ctx, q)
}

func jsonCall(method, path string, body any) (call, error) {
	text, err := json.Marshal(body)
	return call{method: method, path: path, body: text, decode: anyJSON}, err
}
