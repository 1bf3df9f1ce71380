package conformance_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A network is what most tests have in place of sockets: hosts by their names,
// and a clock of its own, on which a slow back-end costs no time. It counts the
// calls to hosts that are none of its own.
type network struct {
	hosts map[string]http.Handler // by scheme and name
	work  sync.WaitGroup          // answers under way

	mu        sync.Mutex
	strangers []string
}

// onNetwork runs a test where time is the network's.
func onNetwork(t *testing.T, do func(t *testing.T, n *network)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(30 * 365 * 24 * time.Hour) // the clock begins in 2000, when timestamps were shorter
		n := &network{hosts: map[string]http.Handler{}}
		do(t, n)
		n.work.Wait()
	})
}

// RoundTrip answers as the host would over a socket. Who goes away is not waited
// for; the host goes on.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	name := r.URL.Scheme + "://" + r.URL.Host
	host := n.hosts[name]
	if host == nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.strangers = append(n.strangers, name)
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	in, err := received(r)
	if err != nil {
		return nil, err
	}
	w, done := httptest.NewRecorder(), make(chan struct{})
	n.work.Go(func() {
		defer close(done)
		host.ServeHTTP(w, in)
	})
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.WroteHeaders()
		if trace.WroteRequest != nil {
			trace.WroteRequest(httptrace.WroteRequestInfo{})
		}
	}
	select {
	case <-done:
		if err := r.Context().Err(); err != nil { // the host ended because nobody waits any more
			return nil, err
		}
		return w.Result(), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// received returns a request as a host reads it.
func received(r *http.Request) (*http.Request, error) {
	at, err := url.ParseRequestURI(r.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	var body io.ReadCloser = http.NoBody
	if r.Body != nil {
		body = r.Body
	}
	in := r.Clone(r.Context())
	in.URL, in.Host, in.Body, in.RequestURI = at, r.URL.Host, body, r.URL.RequestURI()
	return in, nil
}
