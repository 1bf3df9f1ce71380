//go:build linux

package cmd_test

import (
	"strings"
	"testing"
)

// TestOneQuestionForAllConsents: all that a play risks is on one screen, before anything is
// written; a no leaves all as it was.
func TestOneQuestionForAllConsents(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		typed string
		code  int
		after string // of what the run says
	}{{"no\n", 2, "it was not allowed: nothing was changed"}, {"y\n", 0, "changed=4 "}} {
		s := newShell(t)
		s.file(t, "before.yml", "- addon_register: {name: a, provider: pg, details: {plan: xxs_sml}}\n"+
			"- addon_register: {name: b, provider: pg, details: {plan: xxs_sml}}\n")
		s.file(t, "site.yml", "- hosts: localhost\n  vars_prompt: [{name: tag, prompt: Which tag, private: false}]\n  tasks:\n"+
			"    - addon_register: {name: new, provider: pg, tags: ['{{ tag }}'], details: {plan: dev}}\n"+
			"    - addon_register: {name: a, provider: pg, details: {plan: xs_sml}}\n"+
			"    - addon_register: {name: b, provider: pg, details: {plan: xxs_sml, encryption: true}}\n"+
			"    - env_file: {dest: b.env, from: {A: x}}\n")
		c := s.process(t, "play", "--emulator", "before.yml")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		c = s.process(t, "play", "--emulator", "site.yml")
		p := sit(t, c)
		p.waitFor(t, "Which tag: ")
		p.types(t, "blue\n")
		p.waitFor(t, "Go on? (y/N) ")
		screen := p.seen.String()
		for _, want := range []string{"~ migrate (read-only meanwhile; host and password may change) add-on \"a\"", "plan: xxs_sml → xs_sml",
			"-/+ replace (data is lost) add-on \"b\"", "options.encryption: false → true", "€/month", "Plan: 2 to create, 1 to migrate, 1 to replace; +12.25"} {
			if strings.Count(screen, want) != 1 && want != "€/month" || !strings.Contains(screen, want) {
				t.Errorf("the screen does not say once %q:\n%s", want, screen)
			}
		}
		p.types(t, test.typed)
		code, seen := p.leaves(c)
		if code != test.code || !strings.Contains(seen, test.after) || strings.Count(seen, "Go on?") != 1 || strings.Count(seen, "Which tag") != 1 {
			t.Errorf("%q: exit %d, seen\n%s", test.typed, code, seen)
		}
	}
}
