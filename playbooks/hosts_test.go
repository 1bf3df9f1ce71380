package playbooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot be played on this machine under one name is refused before anything runs.
func TestHostsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		hosts Hosts
		book  string
		want  string
	}{
		"many":       {Hosts{Inventory: []string{"a,b,c"}}, "- hosts: all\n  tasks: []\n", `site.yml:1:10: "all" is 3 hosts (a, b, c): a run is for one, since everything is done on this machine; name one of them with --limit`},
		"remote":     {Hosts{Inventory: []string{"web1,"}}, "- hosts: web1\n  tasks: []\n", `site.yml:1:10: the host "web1" would be reached by ssh: everything is done on this machine; give it ansible_connection: local`},
		"by a var":   {Hosts{Inventory: []string{"web1,"}}, "- hosts: web1\n  vars: {ansible_connection: docker}\n  tasks: []\n", `"web1" would be reached by docker`},
		"two plays":  {Hosts{Inventory: []string{"a,b"}, Connection: "local"}, "- hosts: a\n  tasks: []\n- hosts: b\n  tasks: []\n", `site.yml:3:10: this play is for the host "b", and the one at site.yml:1:10 is for "a"`},
		"unknown":    {Hosts{Inventory: []string{"alpha,beta"}, Connection: "local"}, "- hosts: alpah\n  tasks: []\n", `no host and no group is called "alpah"; did you mean "alpha"?`},
		"subscript":  {Hosts{Inventory: []string{"a,b"}, Connection: "local"}, "- hosts: all[5]\n  tasks: []\n", "names none of the hosts"},
		"limit":      {Hosts{Inventory: []string{"alpha,"}, Limit: "alpah"}, "- hosts: all\n  connection: local\n  tasks: []\n", `--limit alpah names no host of the inventory; did you mean "alpha"?`},
		"limit file": {Hosts{Inventory: []string{"a,"}, Limit: "@nowhere"}, "- hosts: all\n  connection: local\n  tasks: []\n", "nowhere: no such file"},
		"delegate":   {Hosts{Inventory: []string{"a,b"}, Connection: "local"}, "- hosts: a\n  tasks:\n  - debug: {msg: x}\n    delegate_to: b\n", `site.yml:4:18: "delegate_to" can only be localhost here, not "b"`},
		"source":     {Hosts{Inventory: []string{"/nowhere/hosts"}}, "- hosts: localhost\n  tasks: []\n", "/nowhere/hosts: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			opt := options()
			opt.Hosts = c.hosts
			program, problems := Parse("site.yml", []byte(c.book), opt)
			var all []string
			for _, p := range problems {
				all = append(all, p.Error())
			}
			if text := strings.Join(all, "\n"); program != nil || !strings.Contains(text, c.want) {
				t.Errorf("reported\n%s\nnot %s", text, c.want)
			}
		})
	}
}

// The folder inventory beside a playbook is read without being named; one that holds
// something else is left alone.
func TestInventoryBesideThePlaybook(t *testing.T) {
	for file, want := range map[string]string{"inventory/hosts": "prod", "inventory/main.go": "localhost"} {
		dir := t.TempDir()
		book := filepath.Join(dir, "site.yml")
		_ = os.MkdirAll(filepath.Join(dir, "inventory"), 0o700)
		if err := os.WriteFile(filepath.Join(dir, file), []byte("prod ansible_connection=local\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(book, []byte("- hosts: all\n  tasks: []\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		program, problems := Load([]string{book}, options())
		if program == nil || program.Host() != want {
			t.Errorf("%s: %v, not %s", file, problems, want)
		}
	}
}
