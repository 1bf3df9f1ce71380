package clever

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"syscall"
	"time"
)

// This file tells apart what happens on the way: what was surely not sent, what
// may have been, and what a transport refused without going out.

// NewTransport returns a transport that keeps connections and gives up on those
// that do not move. How long a whole try may take is Config.Timeout. Share one
// between clients that speak to the same endpoint.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          4 * DefaultInFlight,
		MaxIdleConnsPerHost:   2 * DefaultInFlight,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 5 * time.Minute,
		ExpectContinueTimeout: time.Second,
	}
}

// A route notes how far a request came. Only http.Transport tells.
type route struct{ begun, got atomic.Bool }

func (r *route) watched(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { r.begun.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { r.got.Store(true) },
	})
}

// sent reports whether a request that failed may have been seen by the platform:
// it had a connection; or, with a transport that does not tell, it failed as one
// does that was on its way.
func (r *route) sent(err error) bool {
	if r.begun.Load() {
		return r.got.Load()
	}
	return isBroken(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// blame marks an error of http.Transport as one of the network, whatever it is.
func (r *route) blame(err error) error {
	if !r.begun.Load() {
		return err
	}
	return &networkError{err: err, connected: r.got.Load()}
}

// A networkError surely came from the network, not from a transport that refuses.
type networkError struct {
	err       error
	connected bool
}

func (e *networkError) Error() string { return e.err.Error() }
func (e *networkError) Unwrap() error { return e.err }

// A slowError ends a try that took too long.
type slowError struct{ after time.Duration }

func (e *slowError) Error() string { return fmt.Sprintf("no answer within %v", e.after) }

// passing reports whether a connection that did not come about may at the next
// try. An endpoint that never answered is rather a wrong one.
func (c *core) passing(err error) bool {
	return isUnsent(err) && c.answered.Load() && !noSuchHost(err)
}

// isBroken reports whether a connection ended under way.
func isBroken(err error) bool {
	if e, ok := errors.AsType[*networkError](err); ok && e.connected {
		return true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op == "read" || op.Op == "write"
	}
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, known) {
			return true
		}
	}
	return isSlow(err)
}

func isSlow(err error) bool {
	_, ok := errors.AsType[*slowError](err)
	return ok
}

// isUnsent reports whether an error came before there was a connection, so that
// nothing can have been sent.
func isUnsent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op == "dial" || op.Op == "proxyconnect"
	}
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

func noSuchHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}
