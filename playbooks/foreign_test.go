package playbooks

import (
	"slices"
	"strings"
	"testing"
)

// A module of Ansible's that is none of ours is reported with what to do, under any name.
func TestForeignModulesAreAdvised(t *testing.T) {
	for name, want := range map[string]string{
		"docker_container": "containers", "community.docker.docker_image": "containers", "postgresql_db": "postgresql-addon",
		"community.general.slack": "noa.clevercloud", "kubernetes.core.helm": "k8s-secret", "community.windows.win_x": "Windows",
		"ansible.builtin.gather_facts": "setup", "some.where.module": "another collection", "ansible.builtin.stat": "is exists",
		"copy": "env_file", "ansible.builtin.template": "env_file", "ansible.legacy.command": "lookup('pipe'",
		"uri": "--notify", "apt": "noa.clevercloud", "community.general.ufw": "noa.clevercloud",
		"community.crypto.openssl_csr": "certificates", "ansible.builtin.wait_for": "until", "add_host": "one host",
		"ansible.builtin.dbug": `did you mean "ansible.builtin.debug"?`, "addon_registr": `did you mean "addon_register"?`,
	} {
		_, problems := Parse("site.yml", []byte("- name: x\n  "+name+": {a: b}\n"), options())
		if len(problems) != 1 || !strings.Contains(problems[0].Hint, want) || problems[0].Place.Line != 2 {
			t.Errorf("%s: reported %v, want %s", name, problems, want)
		}
	}
	for name := range foreign() {
		for _, k := range options().Kinds {
			if k.Name == name {
				t.Errorf("%s is a kind of ours", name)
			}
		}
	}
}

// modules are those of ansible.builtin in ansible-core 2.19.
const modules = `add_host apt apt_key apt_repository assemble assert async_status blockinfile command copy cron
	deb822_repository debconf debug dnf dnf5 dpkg_selections expect fail fetch file find gather_facts get_url getent git group
	group_by hostname import_playbook import_role import_tasks include_role include_tasks include_vars iptables known_hosts
	lineinfile meta mount_facts package package_facts pause ping pip raw reboot replace rpm_key script service service_facts
	set_fact set_stats setup shell slurp stat subversion systemd systemd_service sysvinit tempfile template unarchive uri user
	validate_argument_spec wait_for wait_for_connection yum_repository`

// Each module of ansible.builtin is a kind, or has a sentence of its own.
func TestEveryBuiltinModuleIsAKindOrAdvised(t *testing.T) {
	ours := map[string]bool{importTasks: true, importRole: true}
	for _, k := range options().Kinds {
		ours[k.Name] = true
	}
	for name := range strings.FieldsSeq(modules) {
		if !ours[name] && advice("ansible.builtin."+name) == "" && !slices.Contains([]string{"assert", "fail", "debug", "set_fact", "pause", "meta", "setup", "include_vars", "include_tasks", "include_role"}, name) {
			t.Errorf("%s is no kind, and nothing says what to do", name)
		}
	}
}
