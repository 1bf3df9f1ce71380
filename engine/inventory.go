package engine

import (
	"maps"
	"slices"
	"strings"

	"runner/engine/expr"
	"runner/engine/expr/value"
)

// Localhost is the host on which tasks run where nothing else is said.
const Localhost = "localhost"

// An Inventory is what a play knows of hosts. Whatever its name, the host on which a
// play runs is this machine.
type Inventory struct {
	Host       string   // on which the play runs
	GroupNames []string // of that host, without "all", sorted
	Groups     []HostGroup
	// Others are the variables of the other hosts, and of this machine where it is none of them.
	Others map[string][]Var
	// File is where the host was declared: a path, or names with a comma; "": nowhere. Dir
	// is the folder of that file.
	File, Dir string
	Sources   []string // what was read: absolute paths, and lists of names
	Limit     string   // which hosts were asked for; "": all
}

// A HostGroup is a group of hosts.
type HostGroup struct {
	Name  string
	Hosts []string
}

// alone is the inventory of a machine that has none.
var alone = Inventory{
	Host: Localhost, GroupNames: []string{"ungrouped"}, Sources: []string{Localhost + ","},
	Groups: []HostGroup{{"all", []string{Localhost}}, {"ungrouped", []string{Localhost}}},
}

// Where returns what a play knows of hosts.
func (p *Play) Where() *Inventory {
	if p.Inventory == nil {
		return &alone
	}
	return p.Inventory
}

// Host returns the host on which the plays of a program run.
func (p *Program) Host() string {
	for _, play := range p.Plays {
		if !play.NoHosts {
			return play.Where().Host
		}
	}
	return Localhost
}

// magic returns a variable that says something of hosts.
func (in *Inventory) magic(name string) (Value, bool) {
	switch name {
	case "inventory_hostname":
		return in.Host, true
	case "inventory_hostname_short":
		short, _, _ := strings.Cut(in.Host, ".")
		return short, true
	case "ansible_play_batch", "ansible_play_hosts", "ansible_play_hosts_all", "play_hosts":
		return []Value{in.Host}, true
	case "group_names":
		return tagList(in.GroupNames), true
	case "groups":
		m := &value.Map{}
		for _, g := range in.Groups {
			m.Set(g.Name, tagList(g.Hosts))
		}
		return m, true
	case "inventory_file":
		return in.File, in.File != ""
	case "inventory_dir":
		return in.Dir, in.File != ""
	case "ansible_inventory_sources":
		return tagList(in.Sources), true
	case "ansible_limit":
		return in.Limit, in.Limit != ""
	}
	return nil, false
}

// hostvars returns the variables of all hosts: of the one at hand whatever it sees, of
// the others what the inventory says of them.
func (s *scope) hostvars(c *expr.Context) *value.Map {
	in := s.of.play.Where()
	m := value.MapOf(in.Host, s.host(c))
	for _, name := range slices.Sorted(maps.Keys(in.Others)) {
		m.Set(name, s.otherHost(name))
	}
	return m
}

// otherHost returns the variables of a host on which the play does not run.
func (s *scope) otherHost(name string) *value.Map {
	play := *s.of.play
	in := *s.of.play.Where()
	in.Host = name
	play.Inventory, play.HostVars = &in, in.Others[name]
	play.Vars, play.RoleVars, play.RoleDefaults = nil, nil, nil
	m := &value.Map{}
	inner := &scope{of: &playRun{run: s.of.run, play: &play, order: s.of.order}, step: &Step{}}
	c := inner.context()
	for _, v := range in.Others[name] {
		if found, ok, err := inner.Lookup(c, v.Name); ok && err == nil {
			if found, err = c.Plain(found); err == nil {
				m.Set(v.Name, found)
			}
		}
	}
	m.Set("inventory_hostname", name)
	short, _, _ := strings.Cut(name, ".")
	m.Set("inventory_hostname_short", short)
	return m
}
