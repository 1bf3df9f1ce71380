package cmd_test

import (
	"strings"
	"testing"
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
