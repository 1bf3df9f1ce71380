package emulator

import (
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"

	"runner/clever/emulator/rest"
)

// Transport returns a way to ask the emulator without a socket. The host of a
// request does not matter. A request whose context ends gets the context's error,
// though what it asked for may have been done, as with a real network. Faults end
// as the errors that http.Transport gives for them.
func (e *Emulator) Transport() http.RoundTripper { return inProcess{e} }

type inProcess struct{ e *Emulator }

// RoundTrip answers a client's request as if it had come over the network.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := rest.NewRecorder()
	ended := t.e.serve(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	switch {
	case errors.Is(ended, errRefused):
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case ended != nil:
		return nil, io.EOF
	}
	return w.Response(r), nil
}
