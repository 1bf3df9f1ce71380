package rest

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

// ErrCut is why a response was not sent whole.
var ErrCut = errors.New("the connection was cut")

// A Response is what goes back. The zero Response is 204 without a body.
type Response struct {
	Status     int  // 0: 200, or 204 without a body
	Body       any  // becomes JSON; []byte is JSON already; nil is none
	HTML       bool // the body is a web page
	Headers    map[string]string
	Allow      string        // the Allow header of a 405
	RetryAfter time.Duration // how long to stay away; 0 does not say
	Slow       time.Duration // in how much time the body goes out
	// Stream writes an event stream in place of a body; it ends with the request's
	// context at the latest. The error says that it was cut.
	Stream func(w http.ResponseWriter, r *http.Request) error
}

// Result returns the body as it goes out, and the status.
func (a Response) Result() (body []byte, status int) {
	body = a.encode()
	switch {
	case a.Status != 0:
		return body, a.Status
	case len(body) == 0 && a.Stream == nil:
		return body, http.StatusNoContent
	}
	return body, http.StatusOK
}

func (a Response) Write(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	h := w.Header()
	if len(body) > 0 {
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if a.HTML {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	if a.Allow != "" {
		h.Set("Allow", a.Allow)
	}
	for name, value := range a.Headers {
		h.Set(name, value)
	}
	if a.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(a.RetryAfter.Seconds()))))
	}
	if a.Stream != nil {
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		return a.Stream(w, r)
	}
	w.WriteHeader(status)
	if a.Slow > 0 {
		return trickle(w, r, body, a.Slow)
	}
	_, _ = w.Write(body) // a client that has gone needs no answer
	return nil
}

// trickle sends a body in ten parts, until the client goes.
func trickle(w http.ResponseWriter, r *http.Request, body []byte, within time.Duration) error {
	control := http.NewResponseController(w)
	for part := range slices.Chunk(body, len(body)/10+1) {
		if !Wait(r, within/10) {
			return ErrCut
		}
		_, _ = w.Write(part)
		_ = control.Flush() // what keeps answers whole has nothing to flush
	}
	return nil
}

func (a Response) encode() []byte {
	switch b := a.Body.(type) {
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

// Wait waits; false if the client left meanwhile.
func Wait(r *http.Request, d time.Duration) bool {
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

// A Recorder keeps a response to hand it over whole.
type Recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// NewRecorder returns one without a response.
func NewRecorder() *Recorder { return &Recorder{header: http.Header{}} }

// StatusCode returns the status; 0 before there is one.
func (w *Recorder) StatusCode() int { return w.status }

// Content returns the body.
func (w *Recorder) Content() []byte { return w.body.Bytes() }

// Header is as http.ResponseWriter has it.
func (w *Recorder) Header() http.Header { return w.header }

// WriteHeader is as http.ResponseWriter has it.
func (w *Recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *Recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Response is what was recorded, as a client would receive it.
func (w *Recorder) Response(r *http.Request) *http.Response {
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
