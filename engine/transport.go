package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// ErrReadOnly is why a request was refused that a task made while planning.
var ErrReadOnly = errors.New("a plan may only read")

// readOnly passes nothing but reading on, so that a check cannot write, whatever
// a kind does.
type readOnly struct{ base http.RoundTripper }

func (t readOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if mayWrite(req) {
		return refused(req, fmt.Errorf("%w: %s %s", ErrReadOnly, req.Method, req.URL.Path))
	}
	return t.base.RoundTrip(req)
}

// leased passes what may write on only while the run has the right to write. It looks
// again when there is a connection, which may take long, so that nothing lies between the
// look and the wire, and lets a write that has no response not go on for long after the
// right has ended.
type leased struct {
	base     http.RoundTripper
	mayWrite func() error // nil: for ever
	lost     func(error)
}

// writeGrace is how long a write may wait for its response after the right to write has
// ended: whoever writes next begins later.
const writeGrace = 2 * time.Second

func (t leased) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.mayWrite == nil || !mayWrite(req) {
		return t.base.RoundTrip(req)
	}
	if err := t.look(); err != nil {
		return refused(req, err)
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	over := make(chan struct{})
	go t.bound(over, cancel)
	resp, err := t.base.RoundTrip(req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		if err := t.look(); err != nil {
			cancel(err)
			_ = c.Conn.Close() // a canceled request may be sent all the same
		}
	}})))
	if err != nil {
		close(over)
		if ended := context.Cause(ctx); ended != nil && req.Context().Err() == nil {
			err = ended
		}
		return nil, err
	}
	resp.Body = &watchedBody{resp.Body, sync.OnceFunc(func() { close(over) })}
	return resp, nil
}

// look returns why nothing may be written, and says so to the run.
func (t leased) look() error {
	err := t.mayWrite()
	if err != nil {
		t.lost(err)
	}
	return err
}

// bound cancels a write that is not over some time after the right to write has ended.
func (t leased) bound(over <-chan struct{}, cancel context.CancelCauseFunc) {
	looks := time.NewTicker(writeGrace / 8)
	defer looks.Stop()
	defer cancel(nil)
	var late <-chan time.Time
	var ended error
	for {
		select {
		case <-over:
			return
		case <-looks.C:
			if ended == nil {
				if ended = t.look(); ended != nil {
					late = time.After(writeGrace)
				}
			}
		case <-late:
			cancel(ended)
			<-over
			return
		}
	}
}

// A watchedBody is the body of a response, of which it is known when it is over.
type watchedBody struct {
	io.ReadCloser
	over func()
}

func (b *watchedBody) Close() error {
	defer b.over()
	return b.ReadCloser.Close()
}

func mayWrite(req *http.Request) bool {
	return req.Method != http.MethodGet && req.Method != http.MethodHead
}

// refused ends a request that is not to be sent.
func refused(req *http.Request, err error) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return nil, err
}
