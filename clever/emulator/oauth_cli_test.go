package emulator

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
)

func TestCLILogin(t *testing.T) {
	const word = "a-word-that-nobody-guesses"
	page, poll := "/cli-oauth?cli_version=1&cli_token="+word, "/v2/self/cli_tokens?cli_token="+word
	e, _ := newEmulator(t, Options{Strict: true})
	b := &browser{t: t, e: e}
	if status, _ := b.open(poll); status != http.StatusNotFound {
		t.Errorf("before anybody looked: %d", status)
	}
	b.open(page)
	if status, _ := b.open(poll); status != http.StatusNotFound {
		t.Errorf("before an answer: %d", status)
	}
	if resp, text := b.answer(page, "allow"); resp.StatusCode != http.StatusOK || !strings.Contains(text, "Logged in") {
		t.Errorf("allowed: %d\n%s", resp.StatusCode, text)
	}
	var got struct{ Token, Secret, ExpirationDate string }
	c := inProcessClient(t, e)
	c.auth = ""
	c.must("GET", poll, nil, &got)
	if _, err := time.Parse(time.RFC3339, got.ExpirationDate); err != nil || got.Token == "" || got.Secret == "" {
		t.Errorf("got %+v", got)
	}
	if status, _ := b.open(poll); status != http.StatusNotFound {
		t.Errorf("the second time: %d", status)
	}
	d := newConsumer(t, e)
	d.key, d.secret = clever.PublicConsumer()
	d.token, d.tokenSecret = got.Token, got.Secret
	if status := d.self(); status != http.StatusOK {
		t.Errorf("the token is refused: %d", status)
	}
	var info clever.TokenInfo
	c.auth = `OAuth oauth_consumer_key="` + d.key + `", oauth_token="` + d.token + `", oauth_signature="` + d.secret + "%26" + d.tokenSecret + `"`
	c.must("GET", "/v2/self/tokens/current", nil, &info)
	if diff := cmp.Diff(map[string]bool{"almighty": true}, info.Rights); diff != "" {
		t.Errorf("its rights: %s", diff)
	}
	c.order("/v2/self", order("x"))

	b.answer(page, "deny")
	if status, _ := b.open(poll); status != http.StatusForbidden {
		t.Errorf("denied: %d", status)
	}
	for _, bad := range []string{"", "?cli_token=", "?cli_token=short", "?cli_token=%3Cscript%3E%3Cscript%3E"} {
		if status, _ := b.open("/cli-oauth" + bad); status != http.StatusBadRequest {
			t.Errorf("%q: %d", bad, status)
		}
	}
}

// The vendor's own command line logs in with a browser, where it is installed, and
// keeps what it gets in a profile.
func TestCleverToolsLogsIn(t *testing.T) {
	program, err := exec.LookPath("clever")
	if err != nil {
		t.Skip("no clever in PATH: npm install -g clever-tools")
	}
	e, _ := newEmulator(t, Options{Strict: true})
	server := httptest.NewServer(e)
	defer server.Close()
	home := t.TempDir()
	clever := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), program, append([]string{"--no-update-notifier", "--no-color"}, args...)...)
		c.Dir = home
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "BROWSER=true"}
		return c
	}
	login := clever("login", "--api-host", server.URL, "--console-url", server.URL)
	stdout, err := login.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := login.Start(); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if page := regexp.MustCompile(`/cli-oauth\?\S+`).FindString(lines.Text()); page != "" {
			(&browser{t: t, e: e}).answer(page, "allow")
		}
	}
	if err := login.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, printed.String())
	}
	if out, err := clever("profile").CombinedOutput(); err != nil || !strings.Contains(string(out), e.User()) {
		t.Errorf("%v\n%s", err, out)
	}
}
