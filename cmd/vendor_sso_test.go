package cmd_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"runner/marketplace/manifest"
)

// TestSignInOpensTheBrowser: the page that `vendor sso --open` hands the system's
// opener signs in by itself, in a real browser.
func TestSignInOpensTheBrowser(t *testing.T) {
	t.Parallel()
	for _, d := range manifest.Dialects() {
		t.Run(string(d), func(t *testing.T) {
			s := newShell(t)
			text, err := manifest.Create(d, "tinykv")
			if err != nil {
				t.Fatal(err)
			}
			m, _ := manifest.Read(text, manifest.Options{})
			server := httptest.NewServer(dashboard(manifest.NewVerifier(d, m.SSOSalt)))
			t.Cleanup(server.Close)
			browser := shared.Tab(t) // whose tab is closed before the server that it asks for an icon
			file := s.file(t, "m.json", strings.ReplaceAll(string(text), "https://addon.example.com", server.URL))
			opener := "#!/bin/sh\necho \"$1\" >" + filepath.Join(s.dir, "opened") + "\n"
			if err := os.WriteFile(filepath.Join(s.dir, "xdg-open"), []byte(opener), 0o700); err != nil {
				t.Fatal(err)
			}
			c := s.process(t, "vendor", "sso", "--open", "--dialect", string(d), "--email", "kim@example.test", file, "kv <b>1")
			c.Env = append(c.Env, "PATH="+s.dir+":"+os.Getenv("PATH"), "TMPDIR="+s.dir)
			if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), m.SSOSalt) {
				t.Fatalf("%v\n%s", err, out)
			}
			opened, err := os.ReadFile(filepath.Join(s.dir, "opened"))
			if err != nil {
				t.Fatal(err)
			}
			page := strings.TrimSpace(string(opened))
			info, err := os.Stat(page)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Fatalf("the page is %v, %v", info, err)
			}
			if err := chromedp.Do(browser, chromedp.Navigate("file://"+page)); err != nil {
				t.Fatal(err)
			}
			shown, err := chromedp.Run(browser, chromedp.Text(chromedp.CSS("#dashboard")))
			if err != nil || !strings.HasPrefix(shown, "kv <b>1 of") {
				t.Errorf("the browser shows %q, %v", shown, err)
			}
			if address, err := chromedp.Run(browser, chromedp.Location()); address != server.URL+"/marketplace/sso" {
				t.Errorf("it is at %s, %v", address, err)
			}
		})
	}
}

// dashboard shows whoever signs in who they are.
func dashboard(v *manifest.Verifier) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost { // an icon
			w.WriteHeader(http.StatusNoContent)
			return
		}
		l, err := v.Request(r)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `<p id="dashboard">refused: %v</p>`, err)
			return
		}
		fmt.Fprintf(w, `<p id="dashboard">%s of %s</p>`, html.EscapeString(l.ID), html.EscapeString(l.Email))
	}
}
