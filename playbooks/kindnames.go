package playbooks

import (
	"strings"

	"runner/engine"
)

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

// What stands as a kind does, and is none: it is gone before anything runs.
const (
	importRole  = "import_role"
	importTasks = "import_tasks"
)

// plainParam returns the parameter of a kind that a text in the place of a map is; "" if it
// takes none.
func plainParam(k *engine.Kind) string {
	for _, p := range k.Params() {
		if p.Plain {
			return p.Name
		}
	}
	return ""
}

// firstKind returns the first kind whose tasks have an optional interface; nil if none has.
func firstKind[T engine.Task](c *compiler) *engine.Kind {
	for _, name := range c.kindNames {
		if _, ok := engine.As[T](c.kinds[name]); ok {
			return c.kinds[name]
		}
	}
	return nil
}
