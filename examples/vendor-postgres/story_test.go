//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"runner/chromium"
)

// A terminal is a shell in which a story's commands are typed one after another.
type terminal struct {
	t     *testing.T
	in    io.Writer
	lines *bufio.Reader
}

// open opens a shell in a folder. With it ends what it started.
func open(t *testing.T, dir string, env ...string) *terminal {
	t.Helper()
	c := exec.Command("/bin/sh")
	c.Dir, c.Env = dir, env
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = w, w
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	term := &terminal{t, in, bufio.NewReader(r)}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
		_ = c.Wait()
		rest, _ := io.ReadAll(term.lines) // until all have ended
		if t.Failed() {
			t.Logf("at last the terminal shows\n%s", rest)
		}
		r.Close()
	})
	return term
}

// types types a command and returns what the terminal shows until it has ended.
func (term *terminal) types(command string, code int) string {
	term.t.Helper()
	fmt.Fprintf(term.in, "%s\necho \"ended: $?\"\n", command)
	var shown strings.Builder
	for {
		line, err := term.lines.ReadString('\n')
		if end, ok := strings.CutPrefix(line, "ended: "); ok {
			if end != fmt.Sprintln(code) {
				term.t.Fatalf("%s\nends with %s, and shows\n%s", command, end, shown.String())
			}
			return shown.String()
		}
		shown.WriteString(line)
		if err != nil {
			term.t.Fatalf("%s\n%v: %s", command, err, shown.String())
		}
	}
}

// until reads what programs in the background show, until a line begins so.
func (term *terminal) until(beginning string) {
	term.t.Helper()
	for {
		line, err := term.lines.ReadString('\n')
		if strings.HasPrefix(line, beginning) {
			return
		}
		if err != nil {
			term.t.Fatalf("it never says %q: %v", beginning, err)
		}
	}
}

// story returns the commands that docs/howto/vendors.md has providers type, without their
// comments.
func story(t *testing.T, replace ...string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/howto/vendors.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh story\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(line, "  #")
			commands = append(commands, strings.NewReplacer(replace...).Replace(strings.TrimSpace(line)))
		}
	}
	return commands
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A stage is where the story happens: a folder with what its commands name, a
// shell in it, and addresses that are free.
type stage struct {
	*terminal
	admin          string
	vendor, market string
}

func newStage(t *testing.T, admin string) *stage {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, is := range map[string]string{
		filepath.Join(bin, "runner"): self, filepath.Join(dir, "vendor-postgres"): self, filepath.Join(dir, "examples"): examples,
	} {
		if err := os.Symlink(is, name); err != nil {
			t.Fatal(err)
		}
	}
	return &stage{open(t, dir, "HOME="+dir, "PATH="+bin+":"+os.Getenv("PATH")), admin, free(t), free(t)}
}

// commands returns the page's, with the stage's addresses in place of the page's.
func (s *stage) commands() []string {
	return story(s.t, "127.0.0.1:9000", s.vendor, "--env test &", "--env test --listen "+s.vendor+" &",
		"runner emulator ", "runner emulator --listen "+s.market+" ",
		"postgresql://admin:password@localhost:5432/postgres", "'"+s.admin+"'")
}

// shows types a command that has to show something.
func (s *stage) shows(command, want string) {
	s.t.Helper()
	if out := s.types(command, 0); !strings.Contains(out, want) {
		s.t.Errorf("%s shows no %q:\n%s", command, want, out)
	}
}

// limited checks how many connections the server allows to the roles and the
// databases of add-ons.
func (s *stage) limited(want string) {
	s.t.Helper()
	got, err := ask(s.t, s.admin, `SELECT coalesce(string_agg(rolconnlimit || ' ' || datconnlimit, ', '), 'none')
		FROM pg_roles JOIN pg_database ON datname = rolname WHERE rolname ~ '^addon_'`)
	if err != nil || got != want {
		s.t.Errorf("the limits are %s, want %s: %v", got, want, err)
	}
}

// TestStory types what the page says to providers of add-ons, and looks at the world
// after each step: in the server, and in a browser.
func TestStory(t *testing.T) {
	if testing.Short() { // here and not at the browser, before which the story has ordered a database
		t.Skip("a browser takes seconds to start")
	}
	admin := server(t)
	for _, program := range []string{"psql", "chromium"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s: apt-get install postgresql-client chromium", program)
		}
	}
	s := newStage(t, admin)
	var left []string
	for _, command := range s.commands() {
		switch {
		case strings.HasPrefix(command, "go build"), strings.HasPrefix(command, "runner vendor test"), strings.HasPrefix(command, "runner vendor serve"):
			left = append(left, command) // tests of their own do these
		case strings.Contains(command, "./vendor-postgres"):
			s.types(command, 0)
			s.until("pgshop (clever) listens at http://" + s.vendor)
		case strings.HasPrefix(command, "runner vendor validate"):
			s.shows(command, "valid, 4 warnings")
		case strings.HasPrefix(command, "psql"):
			s.shows(command, "(1 row)")
			s.limited("5 5")
		case strings.Contains(command, "plan=large --allow"):
			s.shows(command, "changed=1 ")
			s.limited("50 50")
			dashboard(t, "http://"+s.market, "http://"+s.vendor)
		case strings.Contains(command, "--tags remove"):
			s.shows(command, "changed=1 ")
			s.limited("none")
		default:
			s.types(command, 0)
		}
	}
	if n := len(s.commands()); len(left) != 3 || n != 13 {
		t.Errorf("of %d commands, left to other tests: %q", n, left)
	}
	if out := s.types(`psql "$PGSHOP_URL" -c 'select 1'`, 2); !strings.Contains(out, "FATAL") {
		t.Errorf("after the removal the database says\n%s", out)
	}
}

// dashboard clicks on the button of the marketplace's page, and looks at what the
// vendor shows.
func dashboard(t *testing.T, market, vendor string) {
	t.Helper()
	var browser chromium.Browser
	t.Cleanup(browser.End)
	ctx, cancel := context.WithTimeout(browser.Tab(t), time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(market), chromedp.Click(chromedp.CSS("tr[data-addon] .open"))); err != nil {
		t.Fatal(err)
	}
	tab := chromedp.WaitNewTarget(ctx, func(info *target.Info) bool { return strings.HasPrefix(info.URL, vendor) })
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS("tr.detail:not([hidden]) form button"))); err != nil {
		t.Fatal(err)
	}
	there, left := chromedp.NewContext(ctx, chromedp.WithTargetID(<-tab))
	defer left()
	address, err := chromedp.Run(there, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	page, err := chromedp.Run(there, chromedp.Text(chromedp.CSS("main")))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?s)addon_\w+.*Plan\s+large.*Connections\s+0 of 50`).MatchString(page) || strings.Contains(address, "token") {
		t.Errorf("at %s the dashboard shows\n%s", address, page)
	}
}
