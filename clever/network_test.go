package clever

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve starts a server on this machine and gives a client that does not wait
// long.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := newTestClient(t, s.Client().Transport, func(cfg *Config) { cfg.Endpoint = s.URL + "/" })
	c.timing.first, c.timing.settle = time.Millisecond, 20*time.Millisecond
	return c
}

func hijack(t *testing.T, w http.ResponseWriter) (net.Conn, *bufio.ReadWriter) {
	t.Helper()
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		panic(http.ErrAbortHandler)
	}
	return conn, rw
}

func TestRealConnectionsThatBreak(t *testing.T) {
	breaks := map[string]func(t *testing.T, w http.ResponseWriter){
		"in mid-body": func(t *testing.T, w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"id":"user_`)
			panic(http.ErrAbortHandler)
		},
		"in a chunk": func(t *testing.T, w http.ResponseWriter) {
			fmt.Fprint(w, `{"id":"user_`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		"before the answer": func(t *testing.T, w http.ResponseWriter) {
			conn, _ := hijack(t, w)
			conn.Close()
		},
		"by a reset": func(t *testing.T, w http.ResponseWriter) {
			conn, _ := hijack(t, w)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			conn.Close()
		},
	}
	for name, breakIt := range breaks {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tries.Add(1) < 3 {
					breakIt(t, w)
					return
				}
				fmt.Fprint(w, `{"id":"user_1"}`)
			})
			me, err := c.Self(t.Context())
			if err != nil || me.ID != "user_1" {
				t.Errorf("%q, %v; want user_1 at last", me.ID, err)
			}
		})
	}
}

func TestRealRefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + l.Addr().String()
	l.Close()
	c := newTestClient(t, nil, func(cfg *Config) { cfg.Endpoint = endpoint })
	_, err = c.Self(t.Context())
	want := "no answer from " + endpoint + " to GET /v2/self: connection refused, nothing listens there; check that " +
		endpoint + " is the endpoint that you mean (--endpoint, RUNNER_ENDPOINT, API_HOST) and can be reached from here"
	if withHint(err) != want || !IsUnreachable(err) || IsAuth(err) || IsNotFound(err) {
		t.Errorf("%q, want %q", withHint(err), want)
	}
}

func TestRealForeignCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the client
	s.StartTLS()
	defer s.Close()
	_, err := newTestClient(t, nil, func(cfg *Config) { cfg.Endpoint = s.URL }).Self(t.Context())
	if !IsUnreachable(err) || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "tried") {
		t.Errorf("%v; want one report that the certificate is not trusted", err)
	}
}

func TestRealServerThatDoesNotSpeakHTTP(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _ := hijack(t, w)
		fmt.Fprint(conn, "220 smtp.example.test ready\r\n")
		conn.Close()
	})
	_, err := c.Self(t.Context())
	if !IsUnreachable(err) || !strings.Contains(err.Error(), "malformed") {
		t.Errorf("%v; want a report that this is no HTTP", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/self" {
			t.Errorf("%s was asked for", r.URL.Path)
		}
		http.Redirect(w, r, "https://elsewhere.example.test/v2/self", http.StatusMovedPermanently)
	})
	_, err := c.Self(t.Context())
	want := `the platform refused GET /v2/self: 301, moved permanently: it points to "https://elsewhere.example.test/v2/self"; ` +
		"redirects are not followed, so that credentials stay where they belong: correct the endpoint"
	if withHint(err) != want {
		t.Errorf("%q, want %q", withHint(err), want)
	}
}
