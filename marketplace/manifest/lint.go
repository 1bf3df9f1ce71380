package manifest

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A Rule is one that manifests are held to.
type Rule struct {
	Code   string
	Title  string
	levels string // a letter for each dialect: E error, W warning, - not asked
	check  func(*lint)
}

// Level returns what breaking the rule is in a dialect: "error", "warning", or ""
// where it does not hold.
func (r Rule) Level(d Dialect) string {
	switch r.levels[d.index()] {
	case 'E':
		return "error"
	case 'W':
		return "warning"
	}
	return ""
}

// A lint holds a manifest to the rules.
type lint struct {
	src      []byte
	root     *node
	api      *node
	comments []int // offsets
	o        Options
	rule     Rule
	problems []Problem
}

// run holds the manifest to every rule of its dialect.
func (l *lint) run() {
	for _, r := range Rules() {
		if l.rule = r; r.Level(l.o.Dialect) != "" {
			r.check(l)
		}
		if r.Code == "M002" && !l.root.is(object) {
			break // nothing else can be said
		}
	}
	slices.SortStableFunc(l.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// report adds a breach of the rule at a node, as severe as the rule says.
func (l *lint) report(n *node, format string, args ...any) {
	l.add(n.at, n.pointer, l.rule.Level(l.o.Dialect) == "warning", format, args...)
}

// warn adds a breach that stops nothing, whatever the rule says.
func (l *lint) warn(n *node, format string, args ...any) {
	l.add(n.at, n.pointer, true, format, args...)
}

func (l *lint) add(at int, pointer string, warning bool, format string, args ...any) {
	p := Problem{Code: l.rule.Code, Warning: warning, Pointer: pointer, Message: fmt.Sprintf(format, args...), Source: l.rule.Source(l.o.Dialect)}
	p.Line, p.Column = place(l.src, at)
	l.problems = append(l.problems, p)
}

// in returns the api object, or the root where there is none: the place to say
// what is missing.
func (l *lint) in() *node {
	if l.api.is(object) {
		return l.api
	}
	return l.root
}

// nonEmpty requires a text, and reports whether it is there.
func (l *lint) nonEmpty(parent, n *node, path, why string) bool {
	switch {
	case n == nil:
		l.report(parent, "%q is missing%s", path, why)
	case n.kind != text:
		l.report(n, "%q must be a text%s", path, why)
	case strings.TrimSpace(n.text) == "":
		l.report(n, "%q is empty%s", path, why)
	default:
		return true
	}
	return false
}

// strings requires a list of texts; each other item is a problem.
func (l *lint) strings(n *node, path string) {
	if n.kind != array {
		l.report(n, "%q must be a list", path)
		return
	}
	for _, item := range n.items {
		if item.kind != text {
			l.report(item, "%q must be a list of texts", path)
		}
	}
}

// each returns the texts of a list, whatever else is in it.
func each(n *node) []*node {
	return slices.DeleteFunc(slices.Clone(n.list()), func(i *node) bool { return i.kind != text })
}

// tooShort requires a secret to be long; it is never printed. Clever Cloud's
// documentation wants 35 characters, and its Go package shows 32.
func (l *lint) tooShort(n *node, path string) {
	least := 32
	if l.o.Dialect == Clever {
		least = 35
	}
	switch s := n.str(); {
	case s == "" || len(s) >= least:
	case len(s) >= 32:
		l.warn(n, "%q has %d characters: the documentation asks for %d", path, len(s), least)
	default:
		l.report(n, "%q has %d characters, at least %d are needed", path, len(s), least)
	}
}

// A siteURL is a URL of a manifest with its place.
type siteURL struct {
	n    *node
	path string // "production.base_url"
	url  *url.URL
	err  error
}

// urls returns those of a place that are texts: base_url and sso_url, or the root
// of the old form.
func (l *lint) urls(where string) []siteURL {
	n := l.api.get(where)
	if n.is(text) {
		return []siteURL{readURL(n, where)}
	}
	var all []siteURL
	for _, name := range []string{"base_url", "sso_url"} {
		if u := n.get(name); u.is(text) {
			all = append(all, readURL(u, where+"."+name))
		}
	}
	return all
}

func readURL(n *node, path string) siteURL {
	u, err := url.Parse(n.text)
	if err == nil && (u.Host == "" || u.Hostname() == "" || u.Opaque != "") {
		err = fmt.Errorf("no host")
	}
	return siteURL{n, path, u, err}
}

// secure requires an absolute https URL.
func (l *lint) secure(u siteURL) {
	switch {
	case u.err != nil:
		l.report(u.n, "%s is no absolute URL: write https://host/path", u.path)
	case u.url.Scheme == "https":
	case u.url.Scheme != "http":
		l.report(u.n, "%s has the scheme %q: only https is called", u.path, u.url.Scheme)
	case l.o.Loopback && IsLoopback(u.url.Hostname()):
		l.warn(u.n, "%s uses http: good for this machine only", u.path)
	default:
		l.report(u.n, "%s uses http: passwords would travel in clear", u.path)
	}
}

// IsLoopback reports whether a host is this machine.
func IsLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return err == nil && a.Unmap().IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// disguised finds hosts that are addresses written so that few would see it.
var disguised = regexp.MustCompile(`^(?i)(0x[0-9a-f]+|[0-9]+)(\.(0x[0-9a-f]+|[0-9]+)){0,3}\.?$`)

// inside reports whether a host is a name or an address that others cannot reach,
// without asking any name server.
func inside(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return !Public(a)
	}
	for _, end := range []string{"localhost", "local", "internal", "lan", "home.arpa"} {
		if host == end || strings.HasSuffix(host, "."+end) {
			return true
		}
	}
	return disguised.MatchString(host)
}

// reserved lists the networks that no vendor's back-end can be in, beside those
// that net/netip knows.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// Public reports whether an address is one of the open internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}
