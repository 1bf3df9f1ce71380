package engine

import (
	"errors"
	"fmt"
	"net/http"
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

// leased passes what may write on only while the run has the right to write.
type leased struct {
	base     http.RoundTripper
	mayWrite func() error // nil: for ever
	lost     func(error)
}

func (t leased) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.mayWrite != nil && mayWrite(req) {
		if err := t.mayWrite(); err != nil {
			t.lost(err)
			return refused(req, err)
		}
	}
	return t.base.RoundTrip(req)
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
