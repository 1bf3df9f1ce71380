package manifest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A round answers one request in a test without sockets.
type round func(n int, r *http.Request) (*http.Response, error)

type rounds struct {
	n  int
	do round
}

func (r *rounds) RoundTrip(req *http.Request) (*http.Response, error) {
	r.n++
	return r.do(r.n, req)
}

func answered(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func TestRepeats(t *testing.T) {
	reset := &net.OpError{Op: "read", Err: errors.New("reset")}
	for name, c := range map[string]struct {
		do    round
		p     RetryPolicy
		tries int
		after time.Duration
		fails bool
	}{
		"well at once":  {func(int, *http.Request) (*http.Response, error) { return answered(200, `{"id":"v1"}`), nil }, BriefRetry(), 1, 0, false},
		"refused":       {func(int, *http.Request) (*http.Response, error) { return answered(422, `{}`), nil }, BriefRetry(), 1, 0, true},
		"garbled twice": {func(int, *http.Request) (*http.Response, error) { return answered(200, `ok`), nil }, PersistentRetry(), 2, 0, true},
		"busy, then well": {func(n int, _ *http.Request) (*http.Response, error) {
			if n < 4 {
				return answered(503, ``), nil
			}
			return answered(200, `{"id":"v1"}`), nil
		}, BriefRetry(), 4, 7 * time.Second, false},
		"asks to wait": {func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				r := answered(429, ``)
				r.Header.Set("Retry-After", "20")
				return r, nil
			}
			return answered(200, `{"id":"v1"}`), nil
		}, BriefRetry(), 2, 20 * time.Second, false},
		"asks to wait long": {func(int, *http.Request) (*http.Response, error) {
			r := answered(503, ``)
			r.Header.Set("Retry-After", "3000")
			return r, nil
		}, BriefRetry(), 1, 0, true},
		"never there": {func(int, *http.Request) (*http.Response, error) { return nil, reset }, BriefRetry(), 4, 7 * time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			out := &rounds{do: c.do}
			noted := 0
			b := &Backend{
				Manifest: testManifest(Clever), Site: Site{BaseURL: "https://kv.example.test/r"}, Transport: NewTransport(TransportOptions{RoundTripper: out}), Retry: c.p,
				Before: func(string, int) error { noted++; return nil },
			}
			start := time.Now()
			_, err := b.Provision(context.Background(), testOrder)
			if (err != nil) != c.fails || out.n != c.tries || noted != c.tries || time.Since(start) != c.after {
				t.Errorf("%s: %d tries, %d noted, %v: %v", name, out.n, noted, time.Since(start), err)
			}
		})
	}
}

func TestPersistence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &rounds{do: func(int, *http.Request) (*http.Response, error) { return answered(500, ``), nil }}
		b := &Backend{Manifest: testManifest(Clever), Site: Site{BaseURL: "https://kv.example.test/r"}, Transport: NewTransport(TransportOptions{RoundTripper: out}), Retry: PersistentRetry()}
		start := time.Now()
		_, err := b.Provision(context.Background(), testOrder)
		if took := time.Since(start); err == nil || took < 20*time.Hour || took > 28*time.Hour {
			t.Errorf("given up after %v and %d tries: %v", time.Since(start), out.n, err)
		}
	})
}

// TestAbandon cancels orders whose answers were lost.
func TestAbandon(t *testing.T) {
	for _, d := range Dialects() {
		held := map[string]bool{}
		out := &rounds{do: func(n int, r *http.Request) (*http.Response, error) {
			switch {
			case r.Method == "POST" && n == 1:
				held["v1"], held["addon_1"] = true, true
				return nil, io.ErrUnexpectedEOF
			case r.Method == "POST":
				return answered(200, `{"id":"v1"}`), nil
			}
			if held[r.URL.Path[3:]] {
				clear(held)
			}
			return answered(204, ``), nil
		}}
		b := &Backend{Manifest: testManifest(d), Site: Site{BaseURL: "https://kv.example.test/r"}, Transport: NewTransport(TransportOptions{RoundTripper: out})}
		if _, err := b.Provision(context.Background(), testOrder); err == nil {
			t.Fatal("answered")
		}
		if err := b.Abandon(context.Background(), testOrder); err != nil || len(held) != 0 {
			t.Errorf("%s: %v, left: %v", d, err, held)
		}
	}
}

// TestAbandonUnasked: only a back-end that says so has nothing of an order.
func TestAbandonUnasked(t *testing.T) {
	for name, c := range map[string]struct {
		answer *http.Response
		err    error
		over   bool
	}{
		"refused":           {answered(422, `{"message":"no"}`), nil, true},
		"gone":              {answered(410, ``), nil, true},
		"not there":         {nil, syscall.ECONNREFUSED, false},
		"not well":          {answered(503, ``), nil, false},
		"wrong credentials": {answered(401, ``), nil, false},
	} {
		out := &rounds{do: func(int, *http.Request) (*http.Response, error) { return c.answer, c.err }}
		b := &Backend{Manifest: testManifest(Clever), Site: Site{BaseURL: "https://kv.example.test/r"}, Transport: NewTransport(TransportOptions{RoundTripper: out})}
		if err := b.Abandon(context.Background(), testOrder); (err == nil) != c.over {
			t.Errorf("%s: %v", name, err)
		}
	}
}
