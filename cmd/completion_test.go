//go:build linux

package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"runner/clever/emulator"
)

// completed are command lines as they are typed, a TAB at their end, and the words
// that come of them. Each has one way to go on.
var completed = []struct{ typed, want string }{
	{"runner vali\t", "validate"},
	{"runner play si\t", "play|site.yml"},
	{"runner play site.yml --det\t", "play|site.yml|--detailed-exitcode"},
	{"runner history --format js\t", "history|--format|json"},
	{"runner history --format=js\t", "history|--format=json"},
	{"runner play site.yml --allow delete,mi\t", "play|site.yml|--allow|delete,migrate"},
	{"runner play site.yml --tags d\t", "play|site.yml|--tags|db"},
	{"runner play site.yml --start-at-task Ord\t", "play|site.yml|--start-at-task|Order the database"},
	{"runner env shop\t", "env|shop-db"},
	{"runner vault view --vault-password-file pass\t", "vault|view|--vault-password-file|password.txt"},
	{"runner play --report junit=si\t", "play|--report|junit=site.yml"},
}

// TestShellsComplete types in the shells themselves. The command that they run shows
// the words that it got.
func TestShellsComplete(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("shells take their time to start")
	}
	for name, setup := range map[string]struct{ args, begin string }{
		"bash":           {"bash --norc --noprofile -i", "source <(runner completion bash)"},
		"zsh":            {"zsh -f -i", "autoload -U compinit; compinit -u -D; source <(runner completion zsh)"},
		"zsh, installed": {"zsh -f -i", "fpath=($PWD/fpath $fpath); autoload -U compinit; compinit -u -D"},
		"fish":           {"fish --no-config -i", "runner completion fish | source"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields(setup.args)
			shell, err := exec.LookPath(words[0])
			if err != nil {
				t.Skipf("%s is not there: install it", words[0])
			}
			s := newShell(t)
			s.on(t, emulator.Options{})
			completionWorld(t, s)
			c := exec.CommandContext(t.Context(), shell, words[1:]...)
			c.Dir = s.dir
			c.Env = []string{"PATH=" + filepath.Join(s.dir, "bin") + ":" + os.Getenv("PATH"), "TERM=vt100", "LC_ALL=C.UTF-8"}
			for name, value := range s.env {
				c.Env = append(c.Env, name+"="+value)
			}
			p := sit(t, c)
			p.types(t, setup.begin+"; printf '%s%s\\n' REA DY\n")
			p.waitFor(t, "READY")
			for _, line := range completed {
				p.types(t, line.typed+"\n")
				p.waitFor(t, "GOT|")
				p.waitFor(t, "|END")
				seen := p.seen.String()
				if got := strings.TrimSuffix(seen[strings.LastIndex(seen, "GOT|")+4:], "|END"); got != line.want {
					t.Errorf("%q: it got %q, want %q", line.typed, got, line.want)
				}
			}
		})
	}
}

// completionWorld makes a playbook, an add-on, and the command that shows its words.
func completionWorld(t *testing.T, s *shell) {
	t.Helper()
	s.file(t, "site.yml", "- name: Order the database\n  tags: [db]\n  addon_register: {name: shop-db, provider: pg, details: {plan: dev}}\n")
	s.file(t, "password.txt", "word\n")
	if code, out, stderr := s.run("play", filepath.Join(s.dir, "site.yml")); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"bin", "real", "fpath"} {
		if err := os.Mkdir(filepath.Join(s.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	real := filepath.Join(s.dir, "real", "runner")
	if err := os.Symlink(self, real); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\ncase $1 in __complete|completion) exec " + real + " \"$@\" ;; esac\nprintf 'GO'; printf 'T'; printf '|%s' \"$@\"; echo '|END'\n"
	if err := os.WriteFile(filepath.Join(s.dir, "bin", "runner"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	_, text, _ := s.run("completion", "zsh")
	s.file(t, "fpath/_runner", text)
}
