package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// errCut is why a response was not sent whole.
var errCut = errors.New("the connection was cut")

// An answer is what goes back. The zero answer is 204 without a body.
type answer struct {
	status     int  // 0: 200, or 204 without a body
	body       any  // becomes JSON; []byte is JSON already; nil is none
	page       bool // the body is a web page
	headers    map[string]string
	allow      string        // the Allow header of a 405
	retryAfter time.Duration // how long to stay away; 0 does not say
	slow       time.Duration // in how much time the body goes out
}

// settle gives the body as it goes out, and the status.
func (a answer) settle() (body []byte, status int) {
	body = a.encode()
	switch {
	case a.status != 0:
		return body, a.status
	case len(body) == 0:
		return body, http.StatusNoContent
	}
	return body, http.StatusOK
}

func (a answer) write(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	h := w.Header()
	if len(body) > 0 {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if a.page {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	if a.allow != "" {
		h.Set("Allow", a.allow)
	}
	for name, value := range a.headers {
		h.Set(name, value)
	}
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(a.retryAfter.Seconds()))))
	}
	w.WriteHeader(status)
	if a.slow > 0 {
		return trickle(w, r, body, a.slow)
	}
	_, _ = w.Write(body) // a client that has gone needs no answer
	return nil
}

// trickle sends a body in ten parts, until the client goes.
func trickle(w http.ResponseWriter, r *http.Request, body []byte, within time.Duration) error {
	control := http.NewResponseController(w)
	for part := range slices.Chunk(body, len(body)/10+1) {
		if !linger(r, within/10) {
			return errCut
		}
		_, _ = w.Write(part)
		_ = control.Flush() // what keeps answers whole has nothing to flush
	}
	return nil
}

func (a answer) encode() []byte {
	switch b := a.body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	default:
		body, err := json.Marshal(b)
		if err != nil { // only our own types come here, and all of them can be written
			return []byte(`{"id":90050,"message":"The answer cannot be written.","type":"error"}`)
		}
		return body
	}
}

// linger waits; false if the client left meanwhile.
func linger(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return r.Context().Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// A recorder keeps an answer to hand it over whole.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

// result returns the status; 0 before there is one.
func (w *recorder) result() int { return w.status }

// content returns the body.
func (w *recorder) content() []byte { return w.body.Bytes() }

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	body := w.body.Bytes()
	if r.Method == http.MethodHead {
		body = nil
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header.Clone(), Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: r,
	}
}
