package playbooks

import (
	"context"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

// A foreignTask is one of a module of Ansible's that is none of ours: it fails if it is
// reached, as a task that is certain to be reached does before anything runs.
type foreignTask struct{ problem *diagnostic.Problem }

// Plan returns what to do in place of the module.
func (f *foreignTask) Plan(context.Context, *engine.Host) (engine.Change, error) {
	return engine.Change{}, f.problem
}

// foreignTask makes a task of a module of Ansible's.
func (c *compiler) foreignTask(d *draft, e expr.Entry) {
	p := diagnostic.Problemf(e.Key.Place, "unknown task kind %q", e.Key.Text).WithHint("%s", advice(e.Key.Text))
	p.Detail = "the kinds are " + list(c.kindNames)
	d.step.Kind = &engine.Kind{Name: bare(e.Key.Text), New: func() engine.Task { return &foreignTask{p} }}
	d.step.As, d.step.At, d.step.Args = e.Key.Text, e.Key.Place, &expr.Node{Shape: expr.Mapping, Place: e.Value.Place}
	d.kinds, d.foreign = append(d.kinds, e), true
	if d.step.Register != "" {
		c.names[d.step.Register] = true
	}
	c.mistake(d.step, p)
}

// What to do in place of Ansible's modules that are none of ours.
const (
	byEnvFile   = "to hand variables to an application use env_file; for the rest play this with Ansible and the collection noa.clevercloud"
	byStep      = "run the command in a step of CI or a script around runner, or read what it prints with lookup('pipe', …)"
	byNotify    = "to tell others how a run ended use --notify; for the rest play this with Ansible and the collection noa.clevercloud"
	byLookup    = "read it with lookup('url', …)"
	bySetFact   = "use set_fact, include_vars or lookup('file', …) for what is on this machine"
	byAnsible   = "it changes machines: play this with Ansible and the collection noa.clevercloud, which has runner's kinds as modules"
	byFail      = "use assert, or until with retries on the task that has to come out right"
	byInventory = "there is one host, localhost: write its variables under vars, or in group_vars"
)

// foreign are the modules that Ansible always has and that are none of ours, and what
// to do in their place.
var foreign = func() map[string]string {
	all := map[string]string{}
	for advice, names := range map[string]string{
		byEnvFile:   "copy template lineinfile blockinfile replace assemble",
		byStep:      "command shell raw script expect",
		byNotify:    "uri mail slack",
		byLookup:    "get_url fetch slurp",
		bySetFact:   "stat find getent package_facts service_facts mount_facts set_stats",
		byFail:      "wait_for wait_for_connection ping async_status",
		byInventory: "add_host group_by",
		byAnsible: "apt apt_key apt_repository deb822_repository debconf dnf dnf5 yum yum_repository package pip " +
			"service systemd systemd_service sysvinit cron user group hostname iptables known_hosts authorized_key " +
			"file tempfile unarchive archive git subversion reboot rpm_key dpkg_selections validate_argument_spec " +
			"docker_container docker_image docker_compose postgresql_db postgresql_user postgresql_query mysql_db mysql_user " +
			"redis mongodb_user k8s helm ec2_instance s3_object terraform npm gem make synchronize mount sysctl ufw " +
			"firewalld timezone locale_gen htpasswd openssl_privatekey x509_certificate acme_certificate ini_file xml json_patch",
	} {
		for name := range strings.FieldsSeq(names) {
			all[name] = advice
		}
	}
	return all
}()

// advice returns what to do in place of a module of Ansible's, under any of its names;
// "" where it is none that is known.
func advice(kind string) string {
	name := kind[strings.LastIndex(kind, ".")+1:]
	if known := foreign[name]; known != "" && !strings.HasPrefix(kind, "noa.clevercloud.") {
		return known
	}
	return ""
}

// elsewhere returns what to do in place of a module of another collection.
func elsewhere(kind string) string {
	if strings.Count(kind, ".") < 2 || strings.HasPrefix(kind, "noa.clevercloud.") || strings.HasPrefix(kind, core) {
		return ""
	}
	return "it is a module of another collection: play this with Ansible and the collection noa.clevercloud, which has runner's kinds as modules"
}
