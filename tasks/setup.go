package tasks

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
)

func setup() engine.Kind {
	return engine.Kind{
		Name: "setup",
		Full: "ansible.builtin.setup",
		Doc:  "Gathers facts of this machine that cost nothing: its name and system, the user, the environment, the time. They hold from here on, as ansible_facts and as variables. A play that says gather_facts: true begins with it.",
		New:  func() engine.Task { return &Setup{} },
		Example: `- name: Learn what day it is
  ansible.builtin.setup:
    filter: ansible_date_time

- name: Say it
  ansible.builtin.debug:
    msg: "{{ ansible_date_time.date }}"
`,
		Returns: []engine.Return{{Name: "ansible_facts", Type: engine.NestedParam, Doc: "the facts, by the names of their variables"}},
	}
}

var (
	_ engine.Definer      = (*Setup)(nil)
	_ engine.Checker      = (*Setup)(nil)
	_ engine.FactGatherer = (*Setup)(nil)
)

// Setup gathers facts.
type Setup struct {
	Filter        []string `arg:"filter" doc:"patterns of facts that are wanted, as ansible_dist*; all if left out"`
	GatherSubset  []string `arg:"gather_subset" doc:"which facts: all, min, !all, !min, or the name of some, as date_time, env, platform, distribution, user, pkg_mgr, hardware; with ! not those"`
	GatherTimeout int      `arg:"gather_timeout" doc:"seconds that gathering may take; these facts take none"`
}

// Check reports patterns that fit nothing because they are none.
func (s *Setup) Check(c *engine.Checking) {
	for i, pattern := range s.Filter {
		if _, err := path.Match(pattern, ""); err != nil {
			c.Addf(fmt.Sprintf("filter[%d]", i), "%q is no pattern: a bracket or a backslash is left open", pattern)
		}
	}
	if _, err := s.subsets(); err != nil && c.Known("gather_subset") {
		c.Addf("gather_subset", "%s", err)
	}
	if s.GatherTimeout < 0 {
		c.Addf("gather_timeout", "%d is less than no time", s.GatherTimeout)
	}
}

// Plan gathers the facts.
func (s *Setup) Plan(context.Context, *engine.Host) (engine.Change, error) {
	subsets, err := s.subsets()
	if err != nil {
		return engine.Change{}, engine.About("gather_subset", err)
	}
	short, long := &value.Map{}, &value.Map{}
	for name, v := range machineFacts(s.GatherSubset).All() {
		full := "ansible_" + value.Text(name)
		if of := subsetOf(value.Text(name)); of == "" {
			full = value.Text(name)
		} else if !subsets[of] {
			continue
		}
		if s.wants(full, value.Text(name)) {
			short.Set(name, v)
			long.Set(full, v)
		}
	}
	return engine.Change{Effect: engine.Facts{Values: long, Gathered: short}, Result: value.MapOf("ansible_facts", long)}, nil
}

// minimalSubsets are gathered unless !min is said, the other ones unless !all is.
var minimalSubsets, furtherSubsets = []string{"date_time", "distribution", "env", "pkg_mgr", "platform", "user"}, []string{"hardware"}

// emptySubsets are those of Ansible's of which there are no facts here.
var emptySubsets = strings.Fields("apparmor caps chroot cmdline devices dns facter fibre_channel_wwn fips interfaces iscsi is_chroot loadavg local lsb " +
	"mounts network nvme ohai processor python selinux service_mgr ssh_pub_keys systemd virtual virtualization_role virtualization_tech_guest " +
	"virtualization_tech_host virtualization_type all_ipv4_addresses all_ipv6_addresses architecture default_ipv4 default_ipv6 distribution_major_version " +
	"distribution_release distribution_version effective_group_ids effective_user_id machine machine_id memory os_family processor_cores processor_count system userspace_architecture userspace_bits kernel")

// subsets returns which facts are wanted, by Ansible's names of them.
func (s *Setup) subsets() (map[string]bool, error) {
	wanted, explicit, not := map[string]bool{}, map[string]bool{}, map[string]bool{}
	add := func(to map[string]bool, names ...string) {
		for _, name := range names {
			to[name] = true
		}
	}
	given := s.GatherSubset
	if len(given) == 0 {
		given = []string{"all"}
	}
	add(wanted, minimalSubsets...)
	for _, name := range given {
		bare, without := strings.CutPrefix(name, "!")
		switch {
		case name == "min":
		case name == "all":
			add(wanted, furtherSubsets...)
		case name == "!min":
			add(not, minimalSubsets...)
		case name == "!all":
			add(not, furtherSubsets...)
		case without:
			add(not, bare)
		case !slices.Contains(slices.Concat(minimalSubsets, furtherSubsets, emptySubsets), bare):
			return nil, fmt.Errorf("there is no subset %q of facts; there are all, min, %s", bare, strings.Join(slices.Concat(minimalSubsets, furtherSubsets), ", "))
		default:
			add(explicit, bare)
		}
	}
	for name := range not {
		delete(wanted, name)
	}
	add(wanted, slices.Collect(maps.Keys(explicit))...)
	return wanted, nil
}

// subsetOf returns the subset that a fact is in; "" for what tells of the gathering itself.
func subsetOf(fact string) string {
	switch name, _, _ := strings.Cut(fact, "_"); {
	case fact == "gather_subset" || fact == "module_setup":
		return ""
	case fact == "date_time" || fact == "env" || fact == "pkg_mgr":
		return fact
	case name == "distribution" || fact == "os_family":
		return "distribution"
	case name == "user" || name == "effective" || name == "real":
		return "user"
	case name == "processor":
		return "hardware"
	}
	return "platform"
}

// wants reports whether a fact is given for, under its long or its short name.
func (s *Setup) wants(names ...string) bool {
	if len(s.Filter) == 0 {
		return true
	}
	for _, pattern := range s.Filter {
		for _, name := range names {
			if ok, err := path.Match(pattern, name); err == nil && ok {
				return true
			}
		}
	}
	return false
}

// GathersFacts says that a play which says gather_facts begins with it.
func (*Setup) GathersFacts() {}

// Defines returns the variables that hold facts.
func (*Setup) Defines(*expr.Node) (names []string, more bool) {
	names = []string{"ansible_facts"}
	for _, name := range machineFacts(nil).Keys() {
		names = append(names, "ansible_"+value.Text(name))
	}
	return names, false
}

// machineFacts returns the facts of this machine, by their short names.
func machineFacts(subset []string) *value.Map {
	given := []value.Value{}
	for _, name := range subset {
		given = append(given, name)
	}
	if len(given) == 0 {
		given = append(given, "all")
	}
	facts := value.MapOf("date_time", dateTime(time.Now()), "env", environment(), "gather_subset", given,
		"module_setup", true, "processor_vcpus", runtime.NumCPU(), "processor_nproc", runtime.NumCPU(), "pkg_mgr", "unknown")
	for _, add := range []func(*value.Map){systemFacts, distributionFacts, userFacts} {
		add(facts)
	}
	return facts
}

// dateTime returns the time as Ansible's date_time has it.
func dateTime(t time.Time) *value.Map {
	zone, _ := t.Zone()
	_, week := t.ISOWeek()
	utc := t.UTC()
	return value.MapOf("year", t.Format("2006"), "month", t.Format("01"), "weekday", t.Format("Monday"),
		"weekday_number", strconv.Itoa(int(t.Weekday())), "weeknumber", strconv.Itoa(week), "day", t.Format("02"),
		"hour", t.Format("15"), "minute", t.Format("04"), "second", t.Format("05"), "epoch", strconv.FormatInt(t.Unix(), 10),
		"epoch_int", strconv.FormatInt(t.Unix(), 10), "date", t.Format("2006-01-02"), "time", t.Format("15:04:05"),
		"iso8601_micro", utc.Format("2006-01-02T15:04:05.000000Z"), "iso8601", utc.Format("2006-01-02T15:04:05Z"),
		"iso8601_basic", t.Format("20060102T150405000000"), "iso8601_basic_short", t.Format("20060102T150405"),
		"tz", zone, "tz_dst", zone, "tz_offset", t.Format("-0700"))
}

// environment returns the environment variables of this process.
func environment() *value.Map {
	m := &value.Map{}
	for _, entry := range os.Environ() {
		name, v, _ := strings.Cut(entry, "=")
		m.Set(name, v)
	}
	return m
}

// systemFacts adds what the kernel says of itself and of the machine.
func systemFacts(facts *value.Map) {
	k := readKernel()
	short, domain, _ := strings.Cut(k.node, ".")
	for name, v := range map[string]string{
		"system": k.system, "kernel": k.release, "kernel_version": k.version,
		"machine": k.machine, "architecture": k.machine, "userspace_architecture": k.machine,
		"nodename": k.node, "hostname": short, "fqdn": k.node, "domain": domain,
	} {
		if v != "" || name == "domain" && k.node != "" {
			facts.Set(name, v)
		}
	}
}

// A kernel is what the kernel says of itself and of the machine; "" where it does not.
type kernel struct{ system, release, version, machine, node string }

// families are the families of distributions, by their id.
var families = map[string]string{
	"debian": "Debian", "ubuntu": "Debian", "linuxmint": "Debian", "raspbian": "Debian", "kali": "Debian",
	"fedora": "RedHat", "rhel": "RedHat", "centos": "RedHat", "rocky": "RedHat", "almalinux": "RedHat", "amzn": "RedHat",
	"alpine": "Alpine", "arch": "Archlinux", "opensuse-leap": "Suse", "sles": "Suse", "gentoo": "Gentoo",
}

// distributionFacts adds what /etc/os-release says.
func distributionFacts(facts *value.Map) {
	release := osRelease("/etc/os-release")
	if release["ID"] == "" {
		facts.Set("os_family", runtime.GOOS)
		return
	}
	name := strings.Fields(release["NAME"])
	major, _, _ := strings.Cut(release["VERSION_ID"], ".")
	if text, err := os.ReadFile("/etc/debian_version"); err == nil && release["ID"] == "debian" && len(text) > 0 && text[0] >= '0' && text[0] <= '9' {
		release["VERSION_ID"] = strings.TrimSpace(string(text))
	}
	family := families[release["ID"]]
	if family == "" {
		family = name[0]
	}
	for key, v := range map[string]string{"distribution": name[0], "distribution_version": release["VERSION_ID"],
		"distribution_major_version": major, "distribution_release": release["VERSION_CODENAME"], "os_family": family} {
		facts.Set(key, v)
	}
}

// osRelease reads NAME=value lines.
func osRelease(file string) map[string]string {
	all := map[string]string{}
	f, err := os.Open(file)
	if err != nil {
		return all
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, v, ok := strings.Cut(lines.Text(), "="); ok {
			all[name] = strings.Trim(v, `"'`)
		}
	}
	if all["NAME"] == "" {
		all["NAME"] = all["ID"]
	}
	return all
}

// userFacts adds who runs this.
func userFacts(facts *value.Map) {
	u, err := user.Current()
	if err != nil {
		return
	}
	facts.Set("user_id", u.Username)
	facts.Set("user_gecos", u.Name)
	facts.Set("user_dir", u.HomeDir)
	facts.Set("user_shell", os.Getenv("SHELL"))
	for name, id := range map[string]string{"user_uid": u.Uid, "user_gid": u.Gid, "effective_user_id": u.Uid, "real_user_id": u.Uid,
		"effective_group_id": u.Gid, "real_group_id": u.Gid} {
		if n, err := strconv.Atoi(id); err == nil {
			facts.Set(name, n)
		}
	}
}
