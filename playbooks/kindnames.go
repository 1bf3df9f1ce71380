package playbooks

import "strings"

// The namespaces of Ansible's own kinds: two for the same.
const (
	core   = "ansible.builtin."
	legacy = "ansible.legacy."
)

// bare takes the namespace of Ansible's own kinds from a name.
func bare(kind string) string {
	for _, prefix := range []string{core, legacy} {
		if short, ok := strings.CutPrefix(kind, prefix); ok {
			return short
		}
	}
	return kind
}

// The kinds that bring in files while a play runs, and the one that defines variables.
const (
	includeTasks = "include_tasks"
	includeVars  = "include_vars"
	setup        = "setup"
	includeRole  = "include_role"
	importRole   = "import_role"
	setFact      = "set_fact"
	importTasks  = "import_tasks"
)

// plainForms are the kinds that take a text in place of a map, and the parameter
// that it is.
var plainForms = [...]struct{ kind, param string }{
	{includeTasks, "file"}, {includeVars, "file"}, {"meta", "free_form"},
}
