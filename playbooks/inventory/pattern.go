package inventory

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Match is what patterns of hosts come to.
type Match struct {
	Hosts []*Host
	// Unknown are the patterns that name no host and no group.
	Unknown []string
}

// Match returns the hosts that patterns name: names of hosts and groups, shell patterns,
// ~regular expressions, with & for what must be in and ! for what must not, and
// [n] or [from:to] for some of them.
func (in *Inventory) Match(patterns []string) (m Match, err error) {
	for _, p := range ordered(patterns) {
		sign := strings.TrimLeft(p[:1], "&!")
		var those []*Host
		if h := in.declared(p); h != nil {
			those = []*Host{h}
		} else if those, err = in.one(p[1-len(sign):], &m); err != nil {
			return m, err
		}
		among := func(h *Host) bool { return slices.Contains(those, h) }
		switch {
		case p[0] == '!':
			m.Hosts = slices.DeleteFunc(m.Hosts, among)
		case p[0] == '&':
			m.Hosts = slices.DeleteFunc(m.Hosts, func(h *Host) bool { return !among(h) })
		default:
			for _, h := range those {
				if !slices.ContainsFunc(m.Hosts, func(other *Host) bool { return other.Name == h.Name }) {
					m.Hosts = append(m.Hosts, h)
				}
			}
		}
	}
	return m, nil
}

// declared returns the host of a name that a source declares; nil if there is none.
func (in *Inventory) declared(name string) *Host {
	i := slices.IndexFunc(in.Hosts, func(h *Host) bool { return h.Name == name })
	if i < 0 {
		return nil
	}
	return in.Hosts[i]
}

// ordered splits patterns, and puts those with & behind the others and those with !
// behind all. Without others they are about all hosts.
func ordered(patterns []string) []string {
	var plain, within, without []string
	for _, text := range patterns {
		for _, p := range split(text) {
			switch p[0] {
			case '&':
				within = append(within, p)
			case '!':
				without = append(without, p)
			default:
				plain = append(plain, p)
			}
		}
	}
	if plain == nil && len(within)+len(without) > 0 {
		plain = []string{All}
	}
	return slices.Concat(plain, within, without)
}

// pieces are the parts of a pattern between colons, which may stand in brackets.
var pieces = regexp.MustCompile(`(?:[^\s:\[\]]|\[[^\]]*\])+`)

// split splits a pattern at commas, or else at colons that are none of an address.
func split(text string) []string {
	parts := strings.Split(text, ",")
	if len(parts) == 1 && strings.Count(text, "::") == 0 {
		parts = pieces.FindAllString(text, -1)
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
}

// subscript is [n], [from:to] or [from:] behind a pattern.
var subscript = regexp.MustCompile(`^(.+)\[(?:(-?\d+)|(\d+):(\d*))\]$`)

// one returns the hosts that one pattern without & or ! names, and notes it if it names nothing.
func (in *Inventory) one(pattern string, m *Match) ([]*Host, error) {
	if pattern == "" {
		return nil, fmt.Errorf("a pattern of hosts is empty")
	}
	part := subscript.FindStringSubmatch(pattern)
	if part == nil || pattern[0] == '~' {
		return in.matching(pattern, m)
	}
	hosts, err := in.matching(part[1], m)
	if err != nil || len(hosts) == 0 {
		return hosts, err
	}
	if part[2] != "" {
		i, _ := strconv.Atoi(part[2])
		if i < 0 {
			i += len(hosts)
		}
		if i < 0 || i >= len(hosts) {
			return nil, fmt.Errorf("%q names none of the hosts: there are %d", pattern, len(hosts))
		}
		return hosts[i : i+1], nil
	}
	from, _ := strconv.Atoi(part[3])
	to := len(hosts)
	if part[4] != "" {
		n, _ := strconv.Atoi(part[4])
		to = min(n+1, to)
	}
	return hosts[min(from, to):to], nil
}

// matching returns the hosts of the groups that a pattern names, or those that it names itself.
func (in *Inventory) matching(pattern string, m *Match) ([]*Host, error) {
	expression := shell(pattern)
	if rest, ok := strings.CutPrefix(pattern, "~"); ok {
		expression = "^(?:" + rest + ")"
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("%q is no pattern of hosts: %w", pattern, err)
	}
	var hosts []*Host
	groups := 0
	for _, g := range in.Groups {
		if re.MatchString(g.Name) {
			groups++
			hosts = append(hosts, g.Hosts()...)
		}
	}
	if groups == 0 || strings.ContainsAny(pattern, ".?*[") || pattern[0] == '~' {
		for _, h := range in.Hosts {
			if re.MatchString(h.Name) {
				hosts = append(hosts, h)
			}
		}
	}
	if len(hosts) == 0 && IsLocal(pattern) {
		hosts = append(hosts, in.Host(pattern))
	}
	if len(hosts) == 0 && groups == 0 {
		m.Unknown = append(m.Unknown, pattern)
	}
	return hosts, nil
}

// shell makes a regular expression of a pattern as shells have it.
func shell(pattern string) string {
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			b.WriteString(".*")
		case c == '?':
			b.WriteString(".")
		case c == '[' && strings.Contains(pattern[i:], "]"):
			set, _, _ := strings.Cut(pattern[i+1:], "]")
			i += len(set) + 1
			if rest, not := strings.CutPrefix(set, "!"); not {
				set = "^" + rest
			}
			b.WriteString("[" + strings.ReplaceAll(set, `\`, `\\`) + "]")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String() + "$"
}

// Names lists the hosts and groups that there are, for suggestions.
func (in *Inventory) Names() []string {
	var names []string
	for _, g := range in.Groups {
		names = append(names, g.Name)
	}
	for _, h := range in.Hosts {
		names = append(names, h.Name)
	}
	return names
}
