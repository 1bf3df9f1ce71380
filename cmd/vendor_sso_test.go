package cmd_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"runner/clever/vendor"
)

// TestSignInOpensTheBrowser: `vendor sso --open` has the system's opener show a
// page that signs in by itself. The opener is one that starts a real browser.
func TestSignInOpensTheBrowser(t *testing.T) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in PATH: on Debian, install chromium")
	}
	for _, d := range []vendor.Dialect{vendor.Clever, vendor.HerokuV3} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			text, err := vendor.Create(d, "tinykv")
			if err != nil {
				t.Fatal(err)
			}
			m, _ := vendor.Read(text, vendor.Options{})
			verifier := vendor.NewVerifier(d, m.SSOSalt)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				l, err := verifier.Request(r)
				if r.URL.RawQuery != "" || err != nil {
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprintf(w, "refused: %v", err)
					return
				}
				fmt.Fprintf(w, "<title>Dashboard</title><p>%s of %s</p>", html.EscapeString(l.ID), html.EscapeString(l.Email))
			}))
			t.Cleanup(server.Close)
			file := s.file(t, "m.json", strings.ReplaceAll(string(text), "https://addon.example.com", server.URL))
			seen := filepath.Join(s.dir, "seen.html")
			opener := fmt.Sprintf("#!/bin/sh\nexec %s --headless --no-sandbox --disable-gpu --user-data-dir=%s --virtual-time-budget=20000 --dump-dom \"$1\" >%s 2>/dev/null\n",
				program, t.TempDir(), seen)
			if err := os.WriteFile(filepath.Join(s.dir, "xdg-open"), []byte(opener), 0o700); err != nil {
				t.Fatal(err)
			}
			c := s.process(t, "vendor", "sso", "--open", "--email", "kim@example.test", file, "kv <b>1")
			c.Env = append(c.Env, "PATH="+s.dir+":"+os.Getenv("PATH"), "TMPDIR="+s.dir)
			if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), m.SSOSalt) {
				t.Fatalf("%v\n%s", err, out)
			}
			page, err := os.ReadFile(seen)
			if err != nil || !strings.Contains(string(page), "<title>Dashboard</title>") ||
				!strings.Contains(string(page), "kv &lt;b&gt;1 of kim@example.test") {
				t.Errorf("%v: the browser shows\n%s", err, page)
			}
		})
	}
}
