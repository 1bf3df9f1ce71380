package manifest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	connectTime  = 5 * time.Second
	callTime     = 25 * time.Second // what Heroku grants a back-end
	headerSize   = 64 << 10
	responseSize = 1 << 20
	callsAtOnce  = 64 // so that many add-ons are no flood, here or there
)

// A Transport sends requests to a back-end that is not trusted: it follows no redirect,
// so that credentials reach no other host, reads no more than a mebibyte, and
// ends after the time that a back-end has. It may be used by many goroutines; of
// more than 64 calls the others wait.
type Transport struct {
	out   http.RoundTripper
	time  time.Duration
	slots chan struct{} // one taken for each call
}

// TransportOptions say how to reach a back-end.
type TransportOptions struct {
	Timeout      time.Duration     // for one call; 0 means 25 seconds
	Loopback     bool              // this machine may be called, for those who develop on it
	Roots        *x509.CertPool    // whom to trust; nil: whom the system trusts
	RoundTripper http.RoundTripper // instead of the network, for tests
}

// NewTransport returns a Transport. Addresses inside a network are refused when
// a connection is made, after names were resolved.
func NewTransport(o TransportOptions) *Transport {
	l := &Transport{out: o.RoundTripper, time: o.Timeout, slots: make(chan struct{}, callsAtOnce)}
	if l.time == 0 {
		l.time = callTime
	}
	if l.out != nil {
		return l
	}
	dialer := &net.Dialer{Timeout: min(connectTime, l.time), Control: guard(o.Loopback)}
	l.out = &http.Transport{ // no proxy of the environment: it would see the credentials
		DialContext: names(dialer), TLSHandshakeTimeout: connectTime, DisableCompression: true, ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: headerSize, MaxIdleConnsPerHost: 8, IdleConnTimeout: 10 * time.Second,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
	}
	return l
}

// Close lets connections go that nobody uses.
func (l *Transport) Close() {
	if t, ok := l.out.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// names dials hosts below localhost here, as RFC 6761 has it, whatever name servers say.
func names(d *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(strings.ToLower(host), ".localhost") {
			address = net.JoinHostPort("localhost", port)
		}
		return d.DialContext(ctx, network, address)
	}
}

// guard refuses to connect to addresses that are not of the open internet.
func guard(own bool) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if a := at.Addr(); Public(a) || own && a.Unmap().IsLoopback() {
			return nil
		}
		return &insideError{at.Addr()}
	}
}

// An insideError is an address that no marketplace calls.
type insideError struct{ addr netip.Addr }

func (e *insideError) Error() string {
	return fmt.Sprintf("%s is a private address: it is not called", e.addr)
}

// A Response is what a back-end sent, up to a mebibyte of it.
type Response struct {
	Status    int
	Header    http.Header
	Body      []byte
	Truncated bool // there was more
	Took      time.Duration
}

// NoResponse is the error of a call that was not answered, or not to its end.
type NoResponse struct {
	Err      error
	TimedOut bool // the time for a call was over
	Sent     bool // the back-end may have done what it was asked for
	TLS      bool // no secure connection came to be: its certificate is not good, or its TLS too old
}

func (e *NoResponse) Error() string {
	switch {
	case e.TimedOut:
		return "no answer within the time for a call"
	case e.TLS:
		return insecure(e.Err)
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "connection refused, nothing listens there"
	case errors.Is(e.Err, syscall.ECONNRESET), errors.Is(e.Err, syscall.EPIPE):
		return "the connection was reset"
	case errors.Is(e.Err, io.EOF), errors.Is(e.Err, io.ErrUnexpectedEOF):
		return "the connection was closed too early"
	}
	return e.Err.Error()
}

// insecure says why no secure connection came to be.
func insecure(err error) string {
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the certificate is not good: " + bad.Err.Error()
	}
	return "no secure connection: " + strings.TrimPrefix(err.Error(), "tls: ")
}

// Unwrap returns what went wrong.
func (e *NoResponse) Unwrap() error { return e.Err }

// Send sends a request once. Without a response the error is a *NoResponse, or the
// context's.
func (l *Transport) Send(r *http.Request) (*Response, error) {
	outer := r.Context()
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-outer.Done():
		return nil, outer.Err()
	}
	ctx, cancel := context.WithTimeout(outer, l.time)
	defer cancel()
	var sent, insecure atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			insecure.Store(err != nil && !timedOut(err) && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET))
		},
	})
	start := time.Now()
	answer, err := l.exchange(r.WithContext(ctx))
	if err == nil {
		answer.Took = time.Since(start)
		return answer, nil
	}
	if outer.Err() != nil {
		return nil, outer.Err()
	}
	return nil, &NoResponse{Err: err, TimedOut: ctx.Err() != nil || timedOut(err), Sent: sent.Load(), TLS: insecure.Load()}
}

// Handshake makes a connection with a host:port that speaks TLS of no newer
// version than newest, and sends nothing over it. Zero is the newest of all. It
// is for those who ask how secure a back-end is; the Transport's own calls speak
// TLS 1.2 at least. Errors are a *NoResponse; errors.ErrUnsupported where the Transport
// has something else in place of the network.
func (l *Transport) Handshake(ctx context.Context, address string, newest uint16) error {
	t, ok := l.out.(*http.Transport)
	if !ok {
		return errors.ErrUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, min(2*connectTime, l.time))
	defer cancel()
	conn, err := t.DialContext(ctx, "tcp", address)
	if err != nil {
		return &NoResponse{Err: err, TimedOut: timedOut(err)}
	}
	defer func() { _ = conn.Close() }()
	config := t.TLSClientConfig.Clone()
	config.ServerName, _, _ = net.SplitHostPort(address)
	if newest != 0 {
		config.MinVersion, config.MaxVersion = min(config.MinVersion, newest), newest
	}
	if err := tls.Client(conn, config).HandshakeContext(ctx); err != nil {
		return &NoResponse{Err: err, TimedOut: timedOut(err), TLS: !timedOut(err)}
	}
	return nil
}

func timedOut(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// exchange uses the transport as it is, without http.Client: that would follow
// redirects.
func (l *Transport) exchange(r *http.Request) (*Response, error) {
	resp, err := l.out.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, responseSize+1))
	if err != nil {
		return nil, err
	}
	a := &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}
	if a.Truncated = len(body) > responseSize; a.Truncated {
		a.Body = body[:responseSize]
	}
	return a, nil
}
