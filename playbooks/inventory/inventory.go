// Package inventory reads inventories as Ansible does: which hosts and groups there are,
// what variables they have, and which hosts a pattern names. It knows files in INI and
// YAML, folders of such, and lists of names; it does not know what a play does with a
// host, and runs no program to learn of one.
package inventory

import (
	"cmp"
	"slices"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
)

// The groups that every inventory has.
const (
	All       = "all"
	Ungrouped = "ungrouped"
)

// localNames are those of this machine, which are hosts without being declared.
var localNames = [...]string{engine.Localhost, "127.0.0.1", "::1"}

// IsLocal reports whether a name is one of this machine's own.
func IsLocal(host string) bool { return slices.Contains(localNames[:], host) }

// An Inventory is the hosts and groups that there are, in the order of their declaration.
type Inventory struct {
	Hosts   []*Host
	Groups  []*Group // All and Ungrouped first
	Sources []string // as they were given, absolute; lists of names as they are
}

// A Host is a machine by its name.
type Host struct {
	Name string
	Vars []engine.Var
	// File is where it was declared first: a path, or a list of names.
	File string
	// Implicit: it is this machine, and no source declares it.
	Implicit bool
}

// A Group is hosts and groups of hosts under a name.
type Group struct {
	Name     string
	Vars     []engine.Var
	hosts    []*Host
	children []*Group
	parents  []*Group
	depth    int
	priority int
}

// Alone returns the inventory of a machine that declares none: itself.
func Alone() *Inventory {
	in := empty()
	in.addHost(engine.Localhost, engine.Localhost+",", in.Groups[1])
	in.reconcile()
	in.Sources = []string{engine.Localhost + ","}
	return in
}

func empty() *Inventory {
	all, ungrouped := &Group{Name: All, priority: 1}, &Group{Name: Ungrouped, priority: 1}
	in := &Inventory{Groups: []*Group{all, ungrouped}}
	_ = all.add(ungrouped)
	return in
}

// Host returns the host of a name, this machine if that is one of its own; nil if there
// is none.
func (in *Inventory) Host(name string) *Host {
	for _, h := range in.Hosts {
		if h.Name == name {
			return h
		}
	}
	if !IsLocal(name) {
		return nil
	}
	for _, h := range in.Hosts {
		if IsLocal(h.Name) {
			return h
		}
	}
	return &Host{Name: name, Implicit: true}
}

// group returns the group of a name; nil if there is none.
func (in *Inventory) group(name string) *Group {
	for _, g := range in.Groups {
		if g.Name == name {
			return g
		}
	}
	return nil
}

// addGroup returns the group of a name, a new one if need be.
func (in *Inventory) addGroup(name string) *Group {
	if g := in.group(name); g != nil {
		return g
	}
	g := &Group{Name: name, priority: 1}
	in.Groups = append(in.Groups, g)
	return g
}

// addHost puts a host, a new one if need be, into a group.
func (in *Inventory) addHost(name, file string, g *Group) *Host {
	i := slices.IndexFunc(in.Hosts, func(h *Host) bool { return h.Name == name })
	if i < 0 {
		i = len(in.Hosts)
		in.Hosts = append(in.Hosts, &Host{Name: name, File: file})
	}
	h := in.Hosts[i]
	if !slices.Contains(g.hosts, h) {
		g.hosts = append(g.hosts, h)
	}
	return h
}

// add makes a group the child of another; false if that would close a ring.
func (g *Group) add(child *Group) bool {
	if child == g || slices.Contains(child.descendants(), g) {
		return false
	}
	if !slices.Contains(g.children, child) {
		g.children = append(g.children, child)
		child.parents = append(child.parents, g)
		child.sink(g.depth + 1)
	}
	return true
}

// sink moves a group, and what is below it, at least as deep as a depth.
func (g *Group) sink(depth int) {
	if g.depth >= depth {
		return
	}
	g.depth = depth
	for _, child := range g.children {
		child.sink(depth + 1)
	}
}

// descendants lists a group and all groups below it, level by level.
func (g *Group) descendants() []*Group {
	list := []*Group{g}
	for i := 0; i < len(list); i++ {
		for _, child := range list[i].children {
			if !slices.Contains(list, child) {
				list = append(list, child)
			}
		}
	}
	return list
}

// Hosts lists the hosts of a group and of all groups below it.
func (g *Group) Hosts() []*Host {
	var list []*Host
	for _, below := range g.descendants() {
		for _, h := range below.hosts {
			if !slices.Contains(list, h) {
				list = append(list, h)
			}
		}
	}
	return list
}

// reconcile puts groups without a parent below All, and hosts without a group into
// Ungrouped, when all sources have been read.
func (in *Inventory) reconcile() {
	all, ungrouped := in.Groups[0], in.Groups[1]
	for _, g := range in.Groups[2:] {
		if len(g.parents) == 0 {
			all.add(g)
		}
	}
	grouped := map[*Host]bool{}
	for _, g := range in.Groups[2:] {
		for _, h := range g.hosts {
			grouped[h] = true
		}
	}
	ungrouped.hosts = slices.DeleteFunc(ungrouped.hosts, func(h *Host) bool { return grouped[h] })
	for _, h := range in.Hosts {
		if !grouped[h] && !slices.Contains(ungrouped.hosts, h) {
			ungrouped.hosts = append(ungrouped.hosts, h)
		}
	}
}

// GroupsOf lists the groups that a host is in, the weakest first: All, then by their
// depth, their ansible_group_priority and their name. This machine is in All even where
// no source declares it.
func (in *Inventory) GroupsOf(h *Host) []*Group {
	var list []*Group
	for _, g := range in.Groups {
		if g.Name == All || slices.Contains(g.Hosts(), h) {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.priority, b.priority), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// set sets a variable of a group.
func (g *Group) set(v engine.Var) *diagnostic.Problem {
	if v.Name != "ansible_group_priority" {
		g.Vars = append(g.Vars, v)
		return nil
	}
	n, ok := v.Value.Value.(int)
	if !ok || v.Value.Shape != expr.Scalar {
		return diagnostic.Problemf(v.Value.Place, "ansible_group_priority is a whole number, not %q", v.Value.Text)
	}
	g.priority = n
	return nil
}
