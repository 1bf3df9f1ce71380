package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"runner/clever/emulator"
	"runner/cmd"
	"runner/cmd/ui"
)

// TestEndpointsThatMisbehave plays against platforms that are none. Each ends
// with one clear message and the code of a failed task.
func TestEndpointsThatMisbehave(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   string
	}{
		"an HTML page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html><body>welcome</body></html>")
		}, "web page"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `[{"id":"addon_`)
		}, "JSON"},
		"another place": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		}, "http://elsewhere.invalid"},
		"a refusal": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"id":4711,"message":"nobody knows you","type":"error"}`)
		}, "nobody knows you"},
		"something else": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"hello":"world"}`)
		}, "/v2/self/addons"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(test.answer))
			t.Cleanup(server.Close)
			s := newShell(t)
			s.env["CLEVER_TOKEN"], s.env["CLEVER_SECRET"] = "word-of-the-test", "secret-of-the-test"
			code, out, stderr := s.run("play", "--endpoint", server.URL, s.file(t, "site.yml", orders(1)))
			want := 2
			if name == "a refusal" {
				want = 5
			}
			if code != want || strings.Count(stderr, "error: ") != 1 || !strings.Contains(stderr, test.want) {
				t.Errorf("exit %d\n%s%s", code, out, stderr)
			}
			if strings.Contains(out+stderr, "of-the-test") || strings.Contains(out+stderr, "goroutine") {
				t.Errorf("too much is printed:\n%s%s", out, stderr)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	s := newShell(t)
	s.env["CLEVER_TOKEN"], s.env["CLEVER_SECRET"] = "word-of-the-test", "secret-of-the-test"
	code, out, stderr := s.run("play", "--endpoint", "http://"+address, s.file(t, "site.yml", orders(1)))
	if code != 2 || !strings.Contains(stderr, address) || strings.Count(stderr, "error: ") != 1 {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
}

// TestHangingEndpoint: what only reads is given up as soon as the run is
// interrupted.
func TestHangingEndpoint(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	s := newShell(t)
	s.env["CLEVER_TOKEN"], s.env["CLEVER_SECRET"] = "word-of-the-test", "secret-of-the-test"
	code, out, stderr := s.runIn(ctx, "play", "--endpoint", server.URL, s.file(t, "site.yml", orders(3)))
	if code != 130 || !strings.Contains(stderr, "3 tasks were not started") {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
}

// TestInterruptedOrder: an order under way is finished and reported; nothing more is
// started.
func TestInterruptedOrder(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	stop := atOrder(cancel)
	proxy := httptest.NewServer(stop.before(e))
	t.Cleanup(proxy.Close)
	code, out, stderr := s.runIn(ctx, "play", "-j1", "--endpoint", proxy.URL, s.file(t, "site.yml", orders(3)))
	if list := e.Addons(e.User()); code != 130 || len(list) != 1 || !strings.Contains(out, "changed=1 ") {
		t.Errorf("exit %d, %d add-ons\n%s%s", code, len(list), out, stderr)
	}
}

// atOrder interrupts a run when the first order arrives, before it is answered.
type atOrder context.CancelFunc

func (interrupt atOrder) before(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			interrupt()
		}
		h.ServeHTTP(w, r)
	})
}

// A brokenWriter fails from the n-th write on.
type brokenWriter struct {
	n   int
	err error
}

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.n--; w.n < 0 {
		return 0, w.err
	}
	return len(p), nil
}

// TestReaderGoesAway: when nobody reads the report any more, nothing more is
// started, and standard error says why.
func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		code int
		want string
	}{
		{syscall.EPIPE, 1, "error: nobody reads standard output any more: what was under way was finished, and nothing more was started; runner history lists what was done\n"},
		{syscall.ENOSPC, 1, "no space left"},
	} {
		s := newShell(t)
		e := s.on(t, emulator.Options{})
		var stderr strings.Builder
		p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: &brokenWriter{n: 2, err: test.err}, Err: &stderr,
			Getenv: func(name string) string { return s.env[name] }}, Args: []string{"runner", "play", "-j1", s.file(t, "site.yml", orders(20))}}
		code := p.Run(t.Context())
		if code != test.code || !strings.Contains(stderr.String(), test.want) || strings.Count(stderr.String(), "error: ") != 1 {
			t.Errorf("%v: exit %d, %q", test.err, code, stderr.String())
		}
		if n := len(e.Addons(e.User())); n == 20 {
			t.Errorf("%v: all was played, unseen", test.err)
		}
	}
}

// TestStateFiles: an emulator's file that is damaged or of another time is
// refused and left as it is.
func TestStateFiles(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for name, text := range map[string]string{"damaged.json": `{"version":1,`, "newer.json": `{"version":99}`, "other.json": `[1, 2]`, "empty.json": ""} {
		path := s.file(t, name, text)
		code, out, stderr := s.run("play", "--emulator", "--emulator-state", path, s.file(t, "site.yml", orders(1)))
		left, err := os.ReadFile(path)
		if err != nil || string(left) != text || code != 1 || !strings.Contains(stderr, name) || out != "" {
			t.Errorf("%s: exit %d, left %q (%v)\n%s%s", name, code, left, err, out, stderr)
		}
	}
	for _, none := range []string{s.dir, os.DevNull} {
		code, out, stderr := s.run("play", "--emulator", "--emulator-state", none, s.file(t, "site.yml", orders(1)))
		if code != 1 || out != "" || !strings.Contains(stderr, "is no file") {
			t.Errorf("%s: exit %d\n%s%s", none, code, out, stderr)
		}
	}
	code, _, stderr := s.run("play", "--emulator", "--emulator-state", filepath.Join(s.dir, "missing", "deep", "state.json"), s.file(t, "site.yml", orders(1)))
	if code != 0 {
		t.Errorf("a folder that is not there yet: exit %d\n%s", code, stderr)
	}
}

// TestPlaybooksThatAreNone: whatever is given as a playbook ends with code 4, a
// message and no request.
func TestPlaybooksThatAreNone(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	fifo := filepath.Join(s.dir, "fifo.yml")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil && !errors.Is(err, syscall.ENOSYS) {
		t.Fatal(err)
	}
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 9), ", "))
	}
	books := map[string]string{
		"missing.yml": filepath.Join(s.dir, "missing.yml"),
		"a folder":    s.dir,
		"a fifo":      fifo,
		"empty.yml":   s.file(t, "empty.yml", ""),
		"binary.yml":  s.file(t, "binary.yml", "\x7fELF\x00\x01\x02"),
		"latin1.yml":  s.file(t, "latin1.yml", "- debug: {msg: caf\xe9}\n"),
		"tabs.yml":    s.file(t, "tabs.yml", "- debug:\n\t  msg: x\n"),
		"deep.yml":    s.file(t, "deep.yml", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)),
		"deeper.yml":  s.file(t, "deeper.yml", "- debug: {msg: "+strings.Repeat("{a: ", 10_000)+strings.Repeat("}", 10_000)+"}"),
		"parens.yml":  s.file(t, "parens.yml", "- debug: {msg: \"{{ "+strings.Repeat("(", 10_000)+"1"+strings.Repeat(")", 10_000)+" }}\"}"),
		"bomb.yml":    s.file(t, "bomb.yml", bomb),
		"cycle.yml":   s.file(t, "cycle.yml", "- debug: &a {msg: *a}\n"),
		"two.yml":     s.file(t, "two.yml", "- debug: {msg: x}\n---\n- debug: {msg: y}\n"),
		"large.yml":   s.file(t, "large.yml", strings.Repeat("# nothing but a comment in a very long file\n", 100<<20/44)),
	}
	for name, path := range books {
		t.Run(name, func(t *testing.T) {
			code, out, stderr := s.run("play", path)
			if code != 4 || out != "" || !strings.Contains(stderr, "nothing was touched") {
				t.Errorf("exit %d\n%.300s%.900s", code, out, stderr)
			}
			if strings.Contains(stderr, "goroutine") || len(stderr) > 2000 {
				t.Errorf("that is no message: %.900s", stderr)
			}
		})
	}
	if all := e.Journal(); len(all) != 0 {
		t.Errorf("requests were made: %+v", all)
	}
	for name, text := range map[string]string{
		"crlf": "- debug:\r\n    msg: hello\r\n", "bom": "\ufeff- debug: {msg: hello}\n",
	} {
		if code, out, stderr := s.run("play", "--emulator", s.file(t, name, text)); code != 0 || !strings.Contains(out, `"hello"`) {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, stderr)
		}
	}
}
