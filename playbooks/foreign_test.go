package playbooks

import (
	"strings"
	"testing"
)

// A module of Ansible's that is none of ours is reported with what to do, under any name.
func TestForeignModulesAreAdvised(t *testing.T) {
	for name, want := range map[string]string{
		"copy": "env_file", "ansible.builtin.template": "env_file", "ansible.legacy.command": "lookup('pipe'",
		"uri": "--notify", "apt": "noa.clevercloud", "community.general.ufw": "noa.clevercloud",
		"community.crypto.openssl_csr": "another collection", "ansible.builtin.wait_for": "until", "add_host": "one host",
		"ansible.builtin.dbug": `did you mean "ansible.builtin.debug"?`, "addon_registr": `did you mean "addon_register"?`,
	} {
		_, problems := Parse("site.yml", []byte("- name: x\n  "+name+": {a: b}\n"), options())
		if len(problems) != 1 || !strings.Contains(problems[0].Hint, want) || problems[0].Place.Line != 2 {
			t.Errorf("%s: reported %v, want %s", name, problems, want)
		}
	}
	for name := range foreign {
		for _, k := range options().Kinds {
			if k.Name == name {
				t.Errorf("%s is a kind of ours", name)
			}
		}
	}
}
