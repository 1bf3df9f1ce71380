package engine

import (
	"path/filepath"
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

const localhost = "localhost"

// magicNames are the names that every playbook has (ansible-semantics §8).
var magicNames = [...]string{
	"ansible_check_mode", "ansible_diff_mode", "ansible_failed_result", "ansible_failed_task", "ansible_forks",
	"ansible_limit", "ansible_play_batch", "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_name",
	"ansible_run_tags", "ansible_skip_tags", "ansible_verbosity", "ansible_version",
	"groups", "group_names", "hostvars", "inventory_hostname", "inventory_hostname_short", "omit",
	"play_hosts", "playbook_dir", "vars",
}

// IsMagic reports whether every playbook has a variable of that name.
func IsMagic(name string) bool { return slices.Contains(magicNames[:], name) }

// MagicNames lists the names that every playbook has.
func MagicNames() []string { return slices.Clone(magicNames[:]) }

func (s *scope) magic(c *expr.Context, name string) (Value, bool) {
	switch name {
	case "ansible_check_mode":
		return s.opt.Check, true
	case "ansible_diff_mode":
		return s.opt.Diff, true
	case "ansible_verbosity":
		return s.opt.Verbosity, true
	case "ansible_forks":
		return s.schedule.Slots(), true
	case "ansible_version":
		return ansibleVersion(), true
	case "ansible_run_tags":
		return tagList(s.opt.Selection.Tags, "all"), true
	case "ansible_skip_tags":
		return tagList(s.opt.Selection.Skip), true
	case "ansible_play_name":
		return s.playName(s.playRun), true
	case "inventory_hostname", "inventory_hostname_short":
		return localhost, true
	case "ansible_play_batch", "ansible_play_hosts", "ansible_play_hosts_all", "play_hosts":
		return []Value{localhost}, true
	case "group_names":
		return []Value{}, true
	case "groups":
		return value.MapOf("all", []Value{localhost}, "ungrouped", []Value{localhost}), true
	case "hostvars":
		return value.MapOf(localhost, s.host(c)), true
	case "vars":
		return s.all(c), true
	case "playbook_dir":
		return s.playbookDir(), true
	}
	return nil, false
}

// host returns what hostvars holds of the one host: all names, and those magic ones
// that are the host's.
func (s *scope) host(c *expr.Context) *value.Map {
	m := s.all(c)
	for _, name := range [...]string{"ansible_version", "group_names", "groups", "inventory_hostname", "inventory_hostname_short", "playbook_dir"} {
		v, _ := s.magic(c, name)
		m.Set(name, v)
	}
	return m
}

func (s *scope) playbookDir() string {
	dir, err := filepath.Abs(filepath.Dir(s.play.File))
	if err != nil {
		return filepath.Dir(s.play.File)
	}
	return dir
}

func tagList(tags []string, otherwise ...string) []Value {
	if len(tags) == 0 {
		tags = otherwise
	}
	list := make([]Value, len(tags))
	for i, tag := range tags {
		list[i] = tag
	}
	return list
}

// ansibleVersion is the version whose language this is.
func ansibleVersion() *value.Map {
	return value.MapOf("full", "2.19.0", "major", 2, "minor", 19, "revision", 0, "string", "2.19.0")
}
