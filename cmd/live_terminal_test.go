//go:build linux

package cmd_test

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"runner/clever/emulator"
)

// TestLiveLines captures what a user sees of a play with three things under way, at two
// widths, with colours and without.
func TestLiveLines(t *testing.T) {
	t.Parallel()
	const book = `- name: Order the database of the shop, which has a name that is longer than a narrow terminal is wide
  addon_register: {name: one, provider: pg, details: {plan: dev}}
- name: Order the cache
  addon_register: {name: two, provider: redis, details: {plan: s_mono}}
- name: Try it again
  debug: {msg: x}
  register: tried
  until: tried.attempts | default(0) | int > 1
  retries: 2
  delay: 1
`
	for _, tt := range []struct {
		name   string
		width  uint16
		args   []string
		env    string
		colors bool
		live   bool
	}{
		{"80 columns", 80, nil, "", true, true},
		{"120 columns, no colour", 120, []string{"--color", "never"}, "", false, true},
		{"80 columns, colour in spite of NO_COLOR", 80, []string{"--color=always"}, "NO_COLOR=1", true, false},
		{"120 columns, NO_COLOR", 120, nil, "NO_COLOR=1", false, false},
		{"80 columns, quiet", 80, []string{"-q"}, "", true, false},
		{"80 columns, by the environment", 80, nil, "RUNNER_COLOR=never", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.on(t, emulator.Options{Latency: 300 * time.Millisecond})
			c := s.process(t, append([]string{"play", s.file(t, "site.yml", book)}, tt.args...)...)
			c.Env = append(c.Env, "TERM=xterm", "CI=", tt.env)
			user := sit(t, c)
			size := [4]uint16{24, tt.width}
			ioctl(t, user.screen, syscall.TIOCSWINSZ, (*int32)(unsafe.Pointer(&size)))
			code, seen := user.leaves(c)
			if code > 0 { // the program may be gone before it is looked at
				t.Errorf("exit %d\n%s", code, seen)
			}
			lines := regexp.MustCompile(`(?m)(?:^|\x1b\[K)(?:\x1b\[2m)?(  (?:Order|Try).*?|\d+ under way.*?)(?:\x1b\[0m)?\r?$`).FindAllStringSubmatch(strings.ReplaceAll(seen, "\r\x1b[K", "\n"), -1)
			if got := len(lines) > 0; got != tt.live {
				t.Fatalf("live lines: %v, want %v\n%q", got, tt.live, seen)
			}
			if got := strings.Contains(seen, "\x1b[0;3"); got != tt.colors {
				t.Errorf("colours: %v, want %v\n%q", got, tt.colors, seen)
			}
			if !tt.live {
				return
			}
			for _, line := range lines {
				if n := len([]rune(line[1])); n >= int(tt.width) {
					t.Errorf("a line of %d columns: %q", n, line[1])
				}
			}
			for _, want := range []string{"  Order the database of the shop, ", "  Order the cache  ", "  Try it again  ", "3 under way", "try 2 of 3", "ordering it", "waiting for its variables"} {
				if !strings.Contains(seen, want) {
					t.Errorf("nothing says %q\n%q", want, seen)
				}
			}
			if last := strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(seen, "\x1b[2m", ""), "\x1b[0m", ""), "\r\n"); !regexp.MustCompile(`\n1 ok, 2 changed; \d+s$`).MatchString(last) {
				t.Errorf("the last line does not count: %q", last[max(0, len(last)-200):])
			}
		})
	}
}
