package cmd_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"runner/chromium"
	"runner/clever/emulator"
)

// shared is the browser of all tests.
var shared chromium.Browser

// tests are those of this package; the browser ends with them.
type tests struct{ *testing.M }

// Run runs the tests, and returns the exit code.
func (t tests) Run() int {
	defer shared.End()
	overlap()
	return t.M.Run()
}

// A view is what a user saw of a login.
type view struct {
	requested, printed string // the title of the page that asks, and the heading of the last one
	err                error
}

// press returns a user who answers a login's page by keyboard, with the button that
// a selector names.
func press(browser context.Context, button string, seen chan<- view) surfer {
	return func(_ context.Context, address string) error {
		go func() { seen <- answered(browser, address, button) }()
		return nil
	}
}

func answered(browser context.Context, address, button string) (s view) {
	ctx, cancel := context.WithTimeout(browser, time.Minute)
	defer cancel()
	if s.err = chromedp.Do(ctx, chromedp.Navigate(address)); s.err != nil {
		return s
	}
	if s.requested, s.err = chromedp.Run(ctx, chromedp.Title()); s.err != nil {
		return s
	}
	if s.err = chromedp.Do(ctx, chromedp.Focus(chromedp.CSS(button))); s.err != nil {
		return s
	}
	if _, s.err = chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, chromedp.KeyEvent("\r"))); s.err != nil {
		return s
	}
	s.printed, s.err = chromedp.Run(ctx, chromedp.Text(chromedp.CSS("h1")))
	return s
}

// TestLoginInChromium goes from the click to the profile, as a user does, by the
// three steps and by the console's page. Other programs work from that profile.
func TestLoginInChromium(t *testing.T) {
	t.Parallel()
	const asks, asksForCLI = "Emulator wants to log in", "A command line wants to log in"
	for _, tt := range []struct {
		name   string
		args   []string
		button string
		want   view
		code   int
	}{
		{"allowed", nil, "#allow", view{asks, "Logged in", nil}, 0},
		{"denied", nil, "#deny", view{asks, "Not logged in", nil}, 5},
		{"allowed on the console's page", []string{"--cli"}, "#allow", view{asksForCLI, "Logged in", nil}, 0},
		{"denied on the console's page", []string{"--cli"}, "#deny", view{asksForCLI, "Denied", nil}, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			e := s.loggedOut(t)
			browser := shared.Tab(t)
			seen := make(chan view, 1)
			code, out, stderr := s.login(t, press(browser, tt.button, seen), "", append(tt.args, "--timeout", "1m")...)
			if got := <-seen; got != tt.want || code != tt.code {
				t.Fatalf("exit %d, the user saw %+v\n%s%s", code, got, out, stderr)
			}
			if code == 0 {
				s.worksFromTheProfile(t, e)
			} else if _, err := os.Stat(s.profile()); !os.IsNotExist(err) {
				t.Errorf("a profile was stored: %v", err)
			}
		})
	}
}

// worksFromTheProfile lets runner and the vendor's own command line ask who they
// are, with nothing but the profile.
func (s *shell) worksFromTheProfile(t *testing.T, e *emulator.Emulator) {
	t.Helper()
	s.env = map[string]string{"HOME": s.env["HOME"]}
	if code, out, stderr := s.run("whoami"); code != 0 || !strings.Contains(out, e.User()) {
		t.Errorf("whoami: exit %d\n%s%s", code, out, stderr)
	}
	program, err := exec.LookPath("clever")
	if err != nil {
		t.Log("clever-tools is not run: no clever in PATH, npm install -g clever-tools")
		return
	}
	c := exec.CommandContext(t.Context(), program, "--no-update-notifier", "--no-color", "profile")
	c.Dir, c.Env = s.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.env["HOME"]}
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), e.User()) {
		t.Errorf("clever profile: %v\n%s", err, out)
	}
}
