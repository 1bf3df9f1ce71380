package clever

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A reply is what a test's platform says to one try.
type reply struct {
	status int
	header string // "Retry-After: 3"
	body   string
	err    error
}

func (r reply) response() (*http.Response, error) {
	if r.err != nil {
		return nil, r.err
	}
	h := http.Header{}
	if name, value, ok := strings.Cut(r.header, ": "); ok {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: r.status, Header: h, Body: io.NopCloser(strings.NewReader(r.body))}, nil
}

// A scripted transport gives one reply after the other, the last one for ever,
// and notes the requests.
type scripted struct {
	mu       sync.Mutex
	replies  []reply
	requests []string
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	next := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	return next.response()
}

func testCredentials() Credentials {
	return Credentials{Token: "emulator-token", Secret: "emulator-secret", ConsumerKey: "emulator-consumer",
		ConsumerSecret: "consumer-secret", Source: "environment"}
}

// newTestClient returns a client of a platform that a test plays.
func newTestClient(t *testing.T, rt http.RoundTripper, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Endpoint: "http://platform.test", Credentials: testCredentials(), Transport: rt}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func dialError(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }

func TestTries(t *testing.T) {
	ok := reply{status: 200, body: `[]`}
	busyOnce := func(status int) []reply { return []reply{{status: status}, ok} }
	refusedDial := reply{err: dialError(syscall.ECONNREFUSED)}
	tests := []struct {
		name    string
		method  string
		replies []reply
		tries   int
		ok      bool
	}{
		{"first try", "GET", []reply{ok}, 1, true},
		{"429", "GET", busyOnce(429), 2, true},
		{"502", "GET", busyOnce(502), 2, true},
		{"503", "PUT", busyOnce(503), 2, true},
		{"504", "DELETE", busyOnce(504), 2, true},
		{"500", "GET", busyOnce(500), 2, true},
		{"599", "DELETE", busyOnce(599), 2, true},
		{"a page", "GET", []reply{{status: 200, body: "<html>"}, ok}, 2, true},
		{"half a response to a PUT", "PUT", []reply{{status: 200, body: `{"id":`}, ok}, 2, true},
		{"404 is an answer", "GET", busyOnce(404), 1, false},
		{"POST is not repeated", "POST", busyOnce(503), 1, false},
		{"POST is not repeated after a reset", "POST", []reply{{err: syscall.ECONNRESET}, ok}, 1, false},
		{"reset", "GET", []reply{{err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, ok}, 2, true},
		{"closed too early", "PUT", []reply{{err: io.ErrUnexpectedEOF}, {err: io.EOF}, ok}, 3, true},
		{"busy for ever", "GET", []reply{{status: 503}}, 9, false},
		{"500 for ever", "GET", []reply{{status: 500}}, 5, false},
		{"a page for ever", "GET", []reply{{status: 200, body: "<html>"}}, 4, false},
		{"closed for ever", "GET", []reply{{err: io.EOF}}, 8, false},
		{"refused at first is a wrong endpoint", "GET", []reply{refusedDial, ok}, 1, false},
		{"refused after an answer is a restart", "GET", []reply{{status: 503}, refusedDial, refusedDial, ok}, 4, true},
		{"a name that is gone", "GET", []reply{{status: 503}, {err: dialError(&net.DNSError{Name: "x", IsNotFound: true})}, ok}, 2, false},
		{"the transport's own refusal", "GET", []reply{{err: errors.New("only reading is allowed")}, ok}, 1, false},
		{"Retry-After too long", "GET", []reply{{status: 429, header: "Retry-After: 3600"}, ok}, 1, false},
		{"Retry-After absurd", "GET", []reply{{status: 429, header: "Retry-After: 99999999999999"}, ok}, 1, false},
		{"Retry-After unreadable", "GET", []reply{{status: 429, header: "Retry-After: soon"}, ok}, 2, true},
		{"Retry-After negative", "GET", []reply{{status: 503, header: "Retry-After: -7"}, ok}, 2, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{replies: tt.replies}
				c := newTestClient(t, s)
				err := c.do(t.Context(), call{method: tt.method, path: "/v2/x", body: []byte(`{}`), decode: anyJSON})
				if len(s.requests) != tt.tries || (err == nil) != tt.ok {
					t.Errorf("%d tries, error %v; want %d tries, success %v", len(s.requests), err, tt.tries, tt.ok)
				}
			})
		})
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	headers := map[string]func() string{
		"seconds": func() string { return "30" },
		"date":    func() string { return time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat) },
	}
	for name, header := range headers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{replies: []reply{{status: 429, header: "Retry-After: " + header()}, {status: 200, body: `{"id":"user_1"}`}}}
				start := time.Now()
				if _, err := newTestClient(t, s).Self(t.Context()); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(start); waited != 30*time.Second { // the clock is the bubble's own
					t.Errorf("waited %v, want 30s", waited)
				}
			})
		})
	}
}

func TestWaitsGrowAndStayBounded(t *testing.T) {
	p := usualTiming()
	for attempt := 1; attempt < 100; attempt++ {
		full := p.longest
		if attempt < 9 {
			full = min(p.first<<(attempt-1), p.longest)
		}
		if d := p.wait(attempt); d < full/2 || d > full {
			t.Errorf("wait %d is %v, want between %v and %v", attempt, d, full/2, full)
		}
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{replies: []reply{{status: 503, header: "Retry-After: 50"}}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := newTestClient(t, s).Self(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || len(s.requests) != 1 {
			t.Errorf("after %d tries: %v; want the context's error after one", len(s.requests), err)
		}
	})
}

// hangs answers nothing until the request is given up.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestATryThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
			if tries.Add(1) > 2 {
				return reply{status: 200, body: `{"id":"user_1"}`}.response()
			}
			return hangs(r)
		}))
		me, err := c.Self(t.Context())
		if err != nil || me.ID != "user_1" || tries.Load() != 3 {
			t.Errorf("%v, %v after %d tries; want user_1 after three", me.ID, err, tries.Load())
		}

		_, err = newTestClient(t, transportFunc(hangs)).Self(t.Context())
		want := "no answer from http://platform.test to GET /v2/self: no answer within 30s, tried 3 times"
		if err == nil || err.Error() != want || !IsUnreachable(err) {
			t.Errorf("%v, want %q", err, want)
		}
	})
}

func TestABodyThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
			out, in := io.Pipe()
			go func() {
				_, _ = in.Write([]byte(`{"id":`))
				<-r.Context().Done()
				in.CloseWithError(r.Context().Err())
			}()
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: out}, nil
		}))
		_, err := c.Self(t.Context())
		want := "the platform answered GET /v2/self with an answer that is cut off: no answer within 30s, tried 3 times"
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	})
}

func TestInFlightIsLimitedOverViaCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, peak atomic.Int32
		rt := transportFunc(func(*http.Request) (*http.Response, error) {
			now.Add(1)
			time.Sleep(time.Second) // until all who may come in have
			peak.Store(max(peak.Load(), now.Load()))
			now.Add(-1)
			return reply{status: 200, body: `[]`}.response()
		})
		c := newTestClient(t, rt, func(cfg *Config) { cfg.MaxInFlight = 3 })
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if _, err := c.Via(rt).Env(t.Context(), "", fmt.Sprintf("addon_%d", i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if peak.Load() != 3 {
			t.Errorf("%d requests at the same time, want 3", peak.Load())
		}
	})
}

func TestEachTryIsTracedAndSignedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var traces []Trace
		nonces := map[string]bool{}
		s := &scripted{replies: []reply{{err: io.EOF}, {status: 503}, {status: 200, body: `[]`}}}
		c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
			nonces[authorization(t, r)["oauth_nonce"]] = true
			checkSignature(t, r, testCredentials(), HMACSHA512)
			return s.RoundTrip(r)
		}), func(cfg *Config) { cfg.Trace = func(tr Trace) { traces = append(traces, tr) } })
		if _, err := c.Catalogue(t.Context(), "orga_1"); err != nil {
			t.Fatal(err)
		}
		const path = "/v2/products/addonproviders?orgaId=orga_1"
		want := []Trace{{"GET", path, 0, 0, 1, io.EOF}, {"GET", path, 503, 0, 2, nil}, {"GET", path, 200, 0, 3, nil}}
		same := cmp.Comparer(errors.Is)
		if d := cmp.Diff(want, traces, same); d != "" {
			t.Error(d)
		}
		if len(nonces) != 3 {
			t.Errorf("%d nonces for 3 tries", len(nonces))
		}
	})
}

func TestAnEndlessAnswerIsBounded(t *testing.T) {
	c := newTestClient(t, transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endless{})}, nil
	}))
	_, err := c.Self(t.Context())
	want := "the platform answered GET /v2/self with an answer that cannot be used: it is larger than 64 MiB"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
