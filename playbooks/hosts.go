package playbooks

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/playbooks/inventory"
	"runner/playbooks/reading"
)

// Hosts say on which hosts playbooks are played.
type Hosts struct {
	// Inventory are the sources of hosts: files, folders, and lists of names with a comma.
	// None: the folder inventory beside the playbook, or localhost alone.
	Inventory []string
	// Limit are patterns of the hosts to play on; "": all.
	Limit string
	// Connection is how hosts are reached where nothing else is said; "": only this machine is.
	Connection string
}

// defaultInventory is the folder beside a playbook that is read where no inventory is given.
const defaultInventory = "inventory"

// inventory reads the inventory of the playbook that was given, once.
func (c *compiler) inventory() *inventory.Inventory {
	sources := c.where.Inventory
	own := filepath.Join(filepath.Dir(c.givenPath), defaultInventory)
	key := ""
	if len(sources) == 0 {
		key = own
	}
	if in := c.inventories[key]; in != nil {
		return in
	}
	in := inventory.Alone()
	switch {
	case len(sources) > 0:
		in = c.readInventory(sources, diagnostic.Error)
	case inventory.Holds(own):
		in = c.readInventory([]string{own}, diagnostic.Warning)
	}
	c.inventories[key] = in
	return in
}

// readInventory reads sources. What is wrong with them is at most so grave.
func (c *compiler) readInventory(sources []string, most diagnostic.Severity) *inventory.Inventory {
	in, problems := inventory.Read(sources, c.vault)
	for _, p := range problems {
		if most == diagnostic.Warning {
			p.Severity = most
		}
		c.problems.Add(p)
	}
	return in
}

// chooseHost finds the host that a play runs on: this machine where it names none.
func (c *compiler) chooseHost(play *engine.Play, n *expr.Node) {
	hosts := n.Get("hosts")
	if hosts == nil {
		c.playOn(play, []string{engine.Localhost}, n.Place)
		return
	}
	var patterns []string
	for _, item := range c.staticItems(hosts) {
		if item == nil {
			c.problem(hosts.Place, `"hosts" has an empty entry`).WithHint("remove it, or name a host")
			return
		}
		patterns = append(patterns, value.Text(item))
	}
	if text, ok := hosts.Value.(string); ok && hosts.Tmpl == nil && text == "" {
		c.problem(hosts.Place, `"hosts" is empty`).WithHint("write hosts: localhost, or leave it out")
		return
	}
	if play.Hosts = strings.Join(patterns, ","); play.Hosts != "" {
		c.playOn(play, patterns, hosts.Place)
		c.checkConnection(play, n.Get("connection"), hosts.Place)
	}
}

// playOn makes a play run on the one host that patterns come to.
func (c *compiler) playOn(play *engine.Play, patterns []string, at diagnostic.Place) {
	in := c.inventory()
	hosts, ok := c.matching(in, patterns, at)
	if !ok {
		return
	}
	if limit := c.limit(); limit != nil {
		limited, err := in.Match(limit)
		if err != nil {
			c.problem(at, "--limit: %s", err)
		}
		c.limited = c.limited || len(limited.Hosts) > 0
		hosts = slices.DeleteFunc(hosts, func(h *inventory.Host) bool {
			return !slices.ContainsFunc(limited.Hosts, func(l *inventory.Host) bool { return l.Name == h.Name })
		})
	}
	switch len(hosts) {
	case 0:
		play.NoHosts = true
	case 1:
		c.runsOn(play, in, hosts[0], at)
	default:
		c.problem(at, "%q is %d hosts (%s): a run is for one, since everything is done on this machine", strings.Join(patterns, ","), len(hosts), names(hosts)).
			WithHint("name one of them with --limit, or write hosts: localhost")
	}
}

// limit returns the patterns of --limit, those of files as @FILE too; nil for none.
func (c *compiler) limit() []string {
	if c.where.Limit == "" {
		return nil
	}
	var patterns []string
	for part := range strings.SplitSeq(c.where.Limit, ",") {
		file, isFile := strings.CutPrefix(strings.TrimSpace(part), "@")
		if !isFile {
			patterns = append(patterns, part)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil && !c.limitRead {
			c.problems.Add(&diagnostic.Problem{Place: diagnostic.Place{Source: &diagnostic.Source{Name: file}}, Msg: reading.Reason(err), Err: err})
		}
		patterns = append(patterns, strings.Fields(string(text))...)
	}
	c.limitRead = true
	return patterns
}

// ErrNoHosts is why nothing is played where no host is one of those that were asked for.
var ErrNoHosts = errors.New("no host is left")

// checkLimit reports a limit that leaves nothing to be played on.
func (c *compiler) checkLimit() {
	if c.where.Limit == "" || c.limited || len(c.program.Plays) == 0 {
		return
	}
	var known []string
	for _, in := range c.inventories {
		known = append(known, in.Names()...)
	}
	p := &diagnostic.Problem{Msg: fmt.Sprintf("--limit %s names no host of the inventory", c.where.Limit), Err: ErrNoHosts}
	c.problems.Add(p.Suggest(c.where.Limit, c.nearest(c.where.Limit, known), ""))
}

// matching returns the hosts that patterns come to. Those that come to nothing at all are mistakes.
func (c *compiler) matching(in *inventory.Inventory, patterns []string, at diagnostic.Place) ([]*inventory.Host, bool) {
	m, err := in.Match(patterns)
	if err != nil {
		c.problem(at, "%s", err)
		return nil, false
	}
	for _, pattern := range m.Unknown {
		switch {
		case pattern == "all" || pattern == "*":
			continue
		case len(m.Hosts) > 0:
			p := diagnostic.Problemf(at, "no host and no group is called %q", pattern).Suggest(pattern, c.nearest(pattern, in.Names()), "")
			p.Severity, p.Rule = diagnostic.Warning, "unknown-host"
			c.problems.Add(p)
			continue
		}
		if len(in.Hosts) == 1 && inventory.IsLocal(in.Hosts[0].Name) {
			c.problem(at, "plays run on localhost only, not on %q", strings.Join(patterns, ",")).
				WithHint(`write "hosts: localhost", or leave it out; -i FILE names hosts and groups`)
			return nil, false
		}
		c.problem(at, "no host and no group is called %q", pattern).Suggest(pattern, c.nearest(pattern, in.Names()), "")
		return nil, false
	}
	return m.Hosts, true
}

func names(hosts []*inventory.Host) string {
	var list []string
	for i, h := range hosts {
		if i == 3 && len(hosts) > 4 {
			return strings.Join(list, ", ") + ", …"
		}
		list = append(list, h.Name)
	}
	return strings.Join(list, ", ")
}

// runsOn makes a play run on a host, the same one as all other plays do.
func (c *compiler) runsOn(play *engine.Play, in *inventory.Inventory, h *inventory.Host, at diagnostic.Place) {
	if c.host != nil && c.host.name != h.Name {
		c.problem(at, "this play is for the host %q, and the one at %s is for %q: a run is for one host", h.Name, c.host.at, c.host.name).
			WithHint("play them in runs of their own, such as with --limit")
		return
	}
	if c.host == nil {
		c.host = &chosenHost{h.Name, at}
	}
	c.useHost(play, in, h)
}

// A chosenHost is the host that plays run on, and where that was said.
type chosenHost struct {
	name string
	at   diagnostic.Place
}

// useHost puts into a play what is known of its host and of the others.
func (c *compiler) useHost(play *engine.Play, in *inventory.Inventory, h *inventory.Host) {
	play.HostVars = c.varsOfHost(in, h)
	where := &engine.Inventory{Host: h.Name, Sources: in.Sources, Limit: c.where.Limit, Others: map[string][]engine.Var{}}
	for _, g := range in.Groups {
		where.Groups = append(where.Groups, groupOf(g))
	}
	for _, g := range in.GroupsOf(h) {
		if g.Name != inventory.All {
			where.GroupNames = append(where.GroupNames, g.Name)
		}
	}
	slices.Sort(where.GroupNames)
	if where.File, where.Dir = h.File, "None"; c.stat(h.File) == nil { // "None" is what Ansible says of a list
		where.File = absolute(h.File)
		where.Dir = filepath.Dir(where.File)
	}
	for _, other := range append(slices.Clone(in.Hosts), in.Host(engine.Localhost)) {
		if other != h && other.Name != h.Name {
			where.Others[other.Name] = c.varsOfHost(in, other)
		}
	}
	play.Inventory = where
	c.hostVars = play.HostVars
	c.know(play.HostVars)
}

func groupOf(g *inventory.Group) engine.HostGroup {
	group := engine.HostGroup{Name: g.Name}
	for _, member := range g.Hosts() {
		group.Hosts = append(group.Hosts, member.Name)
	}
	return group
}

// checkConnection refuses a host that would be reached otherwise than by being this machine.
func (c *compiler) checkConnection(play *engine.Play, n *expr.Node, at diagnostic.Place) {
	if play.NoHosts || play.Inventory == nil {
		return
	}
	host, said := play.Inventory.Host, ""
	scope := c.staticScope(nil)
	if v, known, err := scope.Lookup(&expr.Context{Scope: scope}, "ansible_connection"); known {
		if said = value.Text(v); err != nil {
			return // it fails where it is used
		}
	} else if n == nil {
		said = c.where.Connection
		if said == "" && inventory.IsLocal(host) {
			said = "local"
		}
	} else {
		return // the keyword was looked at
	}
	if bare(said) != "local" {
		c.problem(at, "the host %q would be reached by %s: everything is done on this machine", host, cmp.Or(said, "ssh")).
			WithHint("%s", fmt.Sprintf("give it ansible_connection: local if %s is only a name for this machine, or play this with Ansible", host))
	}
}
