package conformance_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// hostiles are back-ends that mean no good: what each trips, and what the first
// of these checks says came.
var hostiles = map[string]struct {
	answer    http.HandlerFunc
	want, say string
}{
	"hangs": {func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the client go
		<-r.Context().Done()
	}, "K18 N37", "no answer within the time for a call"},
	"sends a letter at a time": {func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		}
	}, "K18 N37", "no answer within the time for a call"},
	"streams a gigabyte":                {gigabyte, "K20", "more than 1048576 bytes"},
	"redirects":                         {leads("%s/r", http.StatusTemporaryRedirect), "K18", "307 Temporary Redirect to"},
	"redirects to the metadata address": {leads("http://169.254.169.254/latest/meta-data/", http.StatusFound), "K18", `302 Found to "http://169.254.169.254/latest/meta-data/"`},
	"redirects for ever":                {leads("/r", http.StatusFound), "K18", `302 Found to "/r"`},
	"a page and 200": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><h1>Welcome</h1></html>") },
		"K20", "200 OK, text/html; charset=utf-8, 29 bytes"},
	"echoes the password": {func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, `{"message":"you sent %s in %s"}`, password, r.Header.Get("Authorization"))
	}, "K18 N91", `"message":"you sent ******** in Basic ********"`},
	"resets": {func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}, "K18", "no answer: the connection was "},
}

// gigabyte sends as much as the client takes of one.
func gigabyte(w http.ResponseWriter, _ *http.Request) {
	chunk := []byte(strings.Repeat(" ", 1<<20))
	for range 1 << 10 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// leads sends clients elsewhere; %s is a host that must not hear of it.
func leads(where string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(where, "%s", r.Header.Get("X-Elsewhere"), 1), status)
	}
}

// TestHostileBackends calls back-ends over sockets. Each is a failure that has a
// name; what is read of it is bounded, and no other host is called.
func TestHostileBackends(t *testing.T) {
	for name, c := range hostiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			elsewhere := silent(t)
			var requests, wrote atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				r.Header.Set("X-Elsewhere", elsewhere)
				c.answer(&counted{w, &wrote}, r)
			}))
			t.Cleanup(server.Close)
			limit := 20 * time.Second
			if strings.HasPrefix(c.want, "K18 N37") {
				limit = 100 * time.Millisecond
			}
			transport := manifest.NewTransport(manifest.TransportOptions{Loopback: true, Timeout: limit})
			t.Cleanup(transport.Close)
			s := newShop(t, manifest.HerokuV1, nil).reachedAt(server.URL)
			report, err := conformance.Run(t.Context(), conformance.Options{
				Backend: &manifest.Backend{Manifest: s.m, Site: s.m.Test, Transport: transport}, Plan: "small", Hard: limit,
			})
			if err != nil {
				t.Fatal(err)
			}
			failed, _ := breaches(report)
			if diff := cmp.Diff(c.want, strings.Join(failed, " ")); diff != "" || report.Live {
				t.Error(diff)
			}
			first := c.want[:3]
			for _, r := range report.Results {
				if r.ID == first && !strings.Contains(r.Came, c.say) {
					t.Errorf("%s says %q, want %q", first, r.Came, c.say)
				}
			}
			if n := wrote.Load() / requests.Load(); n > 16<<20 {
				t.Errorf("%d bytes were taken of an answer", n)
			}
		})
	}
}

// silent returns a host that nobody may call.
func silent(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int32
	server := &http.Server{ConnState: func(net.Conn, http.ConnState) { calls.Add(1) }}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if calls.Load() > 0 {
			t.Error("another host was called")
		}
	})
	return "http://" + listener.Addr().String()
}

// counted counts what is written.
type counted struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// Unwrap returns what a ResponseController looks for.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
