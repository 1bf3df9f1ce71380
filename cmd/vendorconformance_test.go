package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"runner/marketplace/manifest"
)

// manifestFor writes a manifest whose back-end is at an address.
func (s *shell) manifestFor(t *testing.T, root string) (string, *manifest.Manifest) {
	t.Helper()
	text, err := manifest.Create(manifest.Clever, "tinykv")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("https://addon.example.com/marketplace"), []byte(root))
	m, _ := manifest.Read(text, manifest.Options{})
	return s.file(t, "kv.json", string(text)), m
}

// TestInterruptedVendorTest interrupts the tester while an order is under way that
// the back-end carries out and does not answer: nothing is left behind.
func TestInterruptedVendorTest(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var mu sync.Mutex
	held, orders, ordering := map[string]bool{}, 0, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var order struct {
			ID string `json:"addon_id"`
		}
		_ = json.NewDecoder(r.Body).Decode(&order)
		mu.Lock()
		switch {
		case r.Method == http.MethodDelete:
			delete(held, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		case r.Method == http.MethodPost && order.ID != "":
			held["kv-"+order.ID] = true
			if orders++; orders == 7 {
				close(ordering)
				mu.Unlock()
				<-r.Context().Done()
				return
			}
		}
		mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "kv-" + order.ID})
	}))
	t.Cleanup(server.Close)
	file, _ := s.manifestFor(t, server.URL)
	c := s.process(t, "vendor", "test", file)
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-ordering
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	mu.Lock()
	defer mu.Unlock()
	if code := c.ProcessState.ExitCode(); code != 130 || len(held) > 0 || orders < 8 {
		t.Errorf("exit %d (%v), left behind: %v of %d", code, err, held, orders)
	}
	if !strings.Contains(out.String(), " passed, ") || strings.Contains(out.String(), "left behind") {
		t.Errorf("it says\n%s", out.String())
	}
}

// TestHostileVendorTest tests back-ends that mean no good, by the command: each
// is a failure that has a name, and nobody else is called.
func TestHostileVendorTest(t *testing.T) {
	t.Parallel()
	elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var strangers, wrote, requests atomic.Int64
	other := &http.Server{ConnState: func(net.Conn, http.ConnState) { strangers.Add(1) }}
	go func() { _ = other.Serve(elsewhere) }()
	redirect := func(where string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusTemporaryRedirect) }
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   []string // in this order
	}{
		{"hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			[]string{"FAIL K18", "no answer within the time for a call", "advice N37", "left behind: addon_"}},
		{"streams a gigabyte", func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			chunk := bytes.Repeat([]byte(" "), 1<<20)
			for range 1 << 10 {
				n, err := w.Write(chunk)
				if wrote.Add(int64(n)); err != nil {
					return
				}
			}
		}, []string{"FAIL K20", "more than 1048576 bytes"}},
		{"redirects elsewhere", redirect("http://" + elsewhere.Addr().String() + "/r"), []string{"FAIL K18", "307 Temporary Redirect to"}},
		{"redirects to the metadata address", redirect("http://169.254.169.254/latest"), []string{"FAIL K18", `to "http://169.254.169.254/latest"`}},
		{"redirects for ever", redirect("/r"), []string{"FAIL K18", `to "/r"`}},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, []string{"FAIL K20", "text/html"}},
		{"echoes", func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			http.Error(w, user+password+r.Header.Get("Authorization"), http.StatusForbidden)
		}, []string{"FAIL K18", "FAIL N91"}},
		{"resets", func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		}, []string{"FAIL K18", "the connection was "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShell(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = json.NewDecoder(r.Body).Decode(new(any)) // or the server does not see the client go
				c.answer(w, r)
			}))
			t.Cleanup(server.Close)
			file, m := s.manifestFor(t, server.URL)
			code, out, stderr := s.run("vendor", "test", file, "--timeout", map[bool]string{true: "100ms", false: "20s"}[c.name == "hangs"])
			if code != 2 {
				t.Errorf("exit %d\n%s", code, stderr)
			}
			rest := out
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, want)
				if rest = after; !found {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
			if strings.Contains(out+stderr, m.Password) {
				t.Error("the password is printed")
			}
		})
	}
	if strangers.Load() > 0 {
		t.Error("another host was called")
	}
	if n := wrote.Load() / max(1, requests.Load()); n > 16<<20 {
		t.Errorf("%d bytes were taken of an answer", n)
	}
	_ = other.Close()
}

// TestUnsolicitedResponses has a back-end send more than its answers: the standard
// library would tell all of it on standard error.
func TestUnsolicitedResponses(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		_ = json.NewDecoder(r.Body).Decode(new(any))
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"id\":\"kv\"}")
			fmt.Fprint(conn, "HTTP/1.1 200 "+password+"\r\n\r\n")
			_ = conn.Close()
		}
	}))
	t.Cleanup(server.Close)
	file, m := s.manifestFor(t, server.URL)
	out, err := s.process(t, "vendor", "test", file, "--only", "K18,N1,N2,N3,K37").CombinedOutput()
	if err == nil || bytes.Contains(out, []byte(m.Password)) || bytes.Contains(out, []byte("Unsolicited")) {
		t.Errorf("%v\n%s", err, out)
	}
}
