package engine

import (
	"path/filepath"
	"slices"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// magicNames are the names that every playbook has (docs/language.md §2).
var magicNames = [...]string{
	"ansible_check_mode", "ansible_diff_mode", "ansible_failed_result", "ansible_failed_task", "ansible_forks",
	"ansible_limit", "ansible_play_batch", "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_name",
	"ansible_run_tags", "ansible_skip_tags", "ansible_verbosity", "ansible_version",
	"groups", "group_names", "hostvars", "inventory_hostname", "inventory_hostname_short", "omit",
	"play_hosts", "playbook_dir", "vars", "role_name", "role_path", "role_names", "ansible_role_name",
	"ansible_parent_role_names", "ansible_parent_role_paths", "ansible_dependent_role_names", "ansible_play_role_names", "ansible_role_names",
	"ansible_search_path", "inventory_dir", "inventory_file", "ansible_inventory_sources", "ansible_facts",
}

// IsMagic reports whether every playbook has a variable of that name.
func IsMagic(name string) bool { return slices.Contains(magicNames[:], name) }

// MagicNames lists the names that every playbook has.
func MagicNames() []string { return slices.Clone(magicNames[:]) }

func (s *scope) magic(c *expr.Context, name string) (Value, bool) {
	switch name {
	case "ansible_check_mode":
		return s.of.opt.Check, true
	case "ansible_diff_mode":
		return s.of.opt.Diff, true
	case "ansible_verbosity":
		return s.of.opt.Verbosity, true
	case "ansible_forks":
		return s.forks(), true
	case "ansible_version":
		return ansibleVersion(), true
	case "ansible_run_tags":
		return tagList(s.of.opt.Selection.Tags, "all"), true
	case "ansible_skip_tags":
		return tagList(s.of.opt.Selection.Skip), true
	case "ansible_play_name":
		return s.of.playName(s.of), true
	case "hostvars":
		return s.hostvars(c), true
	case "vars":
		return s.withMagic(c), true
	case "playbook_dir":
		return s.playbookDir(), true
	case "ansible_search_path":
		return s.searchPath(), true
	case "ansible_play_role_names", "role_names":
		return tagList(s.of.play.Roles), true
	case "ansible_dependent_role_names":
		return tagList(s.of.play.Dependencies), true
	case "ansible_role_names":
		return tagList(append(slices.Clone(s.of.play.Dependencies), s.of.play.Roles...)), true
	case "ansible_facts":
		return s.gathered(), true
	}
	if v, ok := s.of.play.Where().magic(name); ok {
		return v, true
	}
	return s.ofRole(name)
}

// withMagic returns every name that has a value as one map, those too that every playbook has.
func (s *scope) withMagic(c *expr.Context) *value.Map {
	m := s.all(c)
	for _, name := range magicNames {
		if name == "vars" || name == "hostvars" || name == "omit" {
			continue
		}
		if v, ok := s.magic(c, name); ok {
			m.Set(name, v)
		}
	}
	return m
}

// host returns what hostvars holds of the host of the play: its variables in the inventory,
// facts, what was registered or included, and those magic ones that are the host's.
func (s *scope) host(c *expr.Context) *value.Map {
	play := *s.of.play
	play.Vars, play.RoleVars, play.RoleDefaults = nil, nil, nil
	own := *s
	own.step, own.frame = &Step{}, nil
	own.of = &playRun{run: s.of.run, play: &play, order: s.of.order}
	m := own.all(c)
	for _, name := range [...]string{"ansible_version", "group_names", "groups", "inventory_hostname", "inventory_hostname_short", "playbook_dir"} {
		v, _ := s.magic(c, name)
		m.Set(name, v)
	}
	return m
}

func (s *scope) playbookDir() string {
	dir, err := filepath.Abs(filepath.Dir(s.of.play.File))
	if err != nil {
		return filepath.Dir(s.of.play.File)
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

// forks is how many hosts Ansible would serve at once: what was asked for, or its default.
func (s *scope) forks() int {
	if n := s.of.schedule.Slots(); n != DefaultJobs {
		return n
	}
	return 5
}

// ofRole returns what a task of a role knows of it.
func (s *scope) ofRole(name string) (Value, bool) {
	r := s.step.Role
	if r == nil {
		return nil, false
	}
	switch name {
	case "role_name", "ansible_role_name":
		return r.Name, true
	case "role_path":
		return r.Path, true
	case "ansible_parent_role_names":
		return tagList(r.Parents), len(r.Parents) > 0
	case "ansible_parent_role_paths":
		return tagList(r.ParentPaths), len(r.Parents) > 0
	}
	return nil, false
}

// searchPath lists the folders in which a task looks for files: that of its role, its
// own, the playbook's.
func (s *scope) searchPath() []Value {
	var all []Value
	if s.step.Role != nil {
		all = append(all, s.step.Role.Path)
	}
	if src := s.step.Place.Source; src != nil {
		if dir, err := filepath.Abs(filepath.Dir(src.Name)); err == nil {
			all = append(all, dir)
		}
	}
	return append(all, s.playbookDir())
}
