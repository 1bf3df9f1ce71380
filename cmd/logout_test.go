package cmd_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"runner/clever/emulator"
	"runner/cmd"
	"runner/cmd/ui"
)

// loggedIn points a shell at a strict emulator, with a profile of its own, and returns
// the profile's text.
func (s *shell) loggedIn(t *testing.T, args ...string) (*emulator.Emulator, []byte) {
	t.Helper()
	e := s.loggedOut(t)
	if code, out, stderr := s.login(t, answers("allow", nil, nil), "", args...); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	text, err := os.ReadFile(s.profile())
	if err != nil {
		t.Fatal(err)
	}
	return e, text
}

// nowhere returns an address at which nobody listens.
func nowhere(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// Whatever becomes of the token, the profile goes; and the user sees what does.
func TestLogout(t *testing.T) {
	t.Parallel()
	gone := func(*testing.T, *shell, *emulator.Emulator) {}
	fails := func(kind emulator.FaultKind) func(*testing.T, *shell, *emulator.Emulator) {
		return func(t *testing.T, _ *shell, e *emulator.Emulator) {
			if err := e.Fail(emulator.Fault{Method: "DELETE", Path: "/tokens/", Kind: kind}); err != nil {
				t.Fatal(err)
			}
		}
	}
	const kept = "logged out of default\n"
	for _, tt := range []struct {
		name  string
		given func(*testing.T, *shell, *emulator.Emulator)
		args  []string
		out   string
		warns string
		lives bool // the token is good for who has a copy of the profile
	}{
		{"ended", gone, nil, "logged out of default; its token is ended\n", "", false},
		{"kept on purpose", gone, []string{"--keep-token"}, kept, "", true},
		{"refused", fails(emulator.Unavailable), nil, kept, "503", true},
		{"a proxy's page", fails(emulator.Page500), nil, kept, "500", true},
		{"offline", func(t *testing.T, s *shell, _ *emulator.Emulator) {
			s.editProfile(t, s.env["API_HOST"], nowhere(t))
		}, nil, kept, "connection refused", true},
		{"the answer is lost", fails(emulator.CutAfter), nil, kept, "closed too early", false},
		{"no good any more", func(t *testing.T, s *shell, _ *emulator.Emulator) {
			if code, _, stderr := s.run("logout"); code != 0 {
				t.Fatal(stderr)
			}
		}, nil, "logged out of default; its token is ended\n", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			e, profile := s.loggedIn(t)
			tt.given(t, s, e)
			if tt.name == "no good any more" {
				s.restoreProfile(t, profile)
			}
			code, out, stderr := s.run(append([]string{"logout"}, tt.args...)...)
			warned := strings.HasPrefix(stderr, "warning: the token of the profile default may live on until 20") &&
				strings.Contains(stderr, tt.warns) && strings.Contains(stderr, "; end it in the console of http://127.0.0.1:")
			if code != 0 || out != tt.out || warned != (tt.warns != "") || stderr != "" && !warned {
				t.Errorf("exit %d\n%s%s", code, out, stderr)
			}
			if token := tokenIn(t, profile); strings.Contains(out+stderr, token) {
				t.Errorf("the token is printed: %s", stderr)
			}
			if code, _, _ := s.run("whoami"); code != 5 {
				t.Errorf("the profile is there still: exit %d", code)
			}
			e.Recover()
			s.restoreProfile(t, profile)
			if code, _, stderr := s.run("whoami"); (code == 0) != tt.lives || !tt.lives && code != 5 {
				t.Errorf("with a copy of the profile: exit %d\n%s", code, stderr)
			}
		})
	}
}

// Whoever does not want to wait keeps the profile.
func TestLogoutInterrupted(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e, profile := s.loggedIn(t)
	if err := e.Fail(emulator.Fault{Method: "DELETE", Kind: emulator.Hang}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: func(name string) string { return s.env[name] }}, Args: []string{"runner", "logout"}}
	code := p.Run(ctx)
	if text, err := os.ReadFile(s.profile()); code != 130 || err != nil || !bytes.Equal(text, profile) {
		t.Errorf("exit %d, %v\n%s", code, err, text)
	}
}

// A token that another profile has too goes on, until the last of them goes.
func TestLogoutSparesOtherProfiles(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	_, profile := s.loggedIn(t, "--alias", "work")
	copied := bytes.Replace(profile, []byte(`"profiles": [`), []byte(`"profiles": [{"alias":"home",`+
		`"token":"`+tokenIn(t, profile)+`","secret":"`+fieldIn(t, profile, "secret")+`","overrides":{"API_HOST":"`+s.env["API_HOST"]+`"}},`), 1)
	s.restoreProfile(t, copied)
	if code, out, stderr := s.run("logout"); code != 0 || out != "logged out of home\nthe active profile is now work\n" || stderr != "" {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	if code, _, stderr := s.run("whoami"); code != 0 {
		t.Errorf("the other profile: exit %d\n%s", code, stderr)
	}
	s.restoreProfile(t, copied)
	if code, out, stderr := s.run("logout", "--all"); code != 0 || !strings.Contains(out, "work; its token is ended\n") || stderr != "" {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
}

// fieldIn reads a member of the first profile that has it.
func fieldIn(t *testing.T, profile []byte, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(string(profile), `"`+name+`": "`)
	value, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		t.Fatalf("there is no %s in %s", name, profile)
	}
	return value
}

func tokenIn(t *testing.T, profile []byte) string {
	t.Helper()
	return fieldIn(t, profile, "token")
}

func (s *shell) restoreProfile(t *testing.T, text []byte) {
	t.Helper()
	if err := os.WriteFile(s.profile(), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *shell) editProfile(t *testing.T, before, after string) {
	t.Helper()
	text, err := os.ReadFile(s.profile())
	if err != nil {
		t.Fatal(err)
	}
	s.restoreProfile(t, bytes.ReplaceAll(text, []byte(before), []byte(after)))
}
