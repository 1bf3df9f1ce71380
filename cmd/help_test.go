package cmd_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestSideBySide: programs of one process have nothing in common, so that their
// flags, their help and what they refuse are their own.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--help"}, {"help", "play"}, {"play", "--help"}, {"vendor"}, {"vendor", "help", "test"}, {"vault", "nope"},
		{"catalog", "plans", "redis", "--emulator"}, {"play", "--nope"}, {"completion", "fish"},
	} {
		alone := newShell(t)
		wantCode, wantOut, wantErr := alone.run(args...)
		wantErr = strings.ReplaceAll(wantErr, alone.env["HOME"], "~")
		for range 3 {
			t.Run(args[0], func(t *testing.T) {
				t.Parallel()
				s := newShell(t)
				code, out, stderr := s.run(args...)
				stderr = strings.ReplaceAll(stderr, s.env["HOME"], "~")
				if code != wantCode || out != wantOut || stderr != wantErr {
					t.Errorf("%v: exit %d\n%s%s\nalone: exit %d\n%s%s", args, code, out, stderr, wantCode, wantOut, wantErr)
				}
			})
		}
	}
}

// TestHelpFits: the help of every command fits 80 columns, and says all that it says where
// there is more room.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	seen := 0
	var walk func(path []string)
	walk = func(path []string) {
		seen++
		name := strings.Join(path, " ")
		code, text, stderr := s.run(append(path, "--help")...)
		if code != 0 || stderr != "" || !strings.HasPrefix(text, "NAME:\n   runner") || !strings.Contains(text, "-h, --help") {
			t.Fatalf("%q: exit %d\n%s%s", name, code, text, stderr)
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 || strings.TrimRight(line, " ") != line {
				t.Errorf("%q: a line of %d columns: %q", name, utf8.RuneCountInString(line), line)
			}
		}
		if _, below, _ := strings.Cut(text, "\nCOMMANDS:\n"); below != "" {
			below, _, _ = strings.Cut(below, "\n\n")
			for _, m := range regexp.MustCompile(`(?m)^   ([a-z][\w-]*)`).FindAllStringSubmatch(below, -1) {
				if m[1] != "help" {
					walk(append(slices.Clone(path), m[1]))
				}
			}
		}
	}
	walk(nil)
	if seen < 35 {
		t.Errorf("only %d commands were found", seen)
	}
}

// TestHelpGroupsFlags: those of a play are listed under titles, each once.
func TestHelpGroupsFlags(t *testing.T) {
	t.Parallel()
	_, text, _ := newShell(t).run("play", "--help")
	last := 0
	for _, title := range []string{"OPTIONS", "WHICH TASKS", "REPORTS", "HOSTS", "VAULTS", "PLATFORM", "EMULATOR"} {
		at := strings.Index(text, "\n"+title+":\n")
		if at < last {
			t.Errorf("%s stands at %d, before %d", title, at, last)
		}
		last = at
	}
	for _, flag := range []string{"--check", "--tags", "--report", "--inventory", "--vault-id", "--endpoint", "--real", "--help"} {
		if n := len(regexp.MustCompile(`(?m)^   (?:-., |    )`+flag+`\b`).FindAllString(text, -1)); n != 1 {
			t.Errorf("%s is listed %d times", flag, n)
		}
	}
}
