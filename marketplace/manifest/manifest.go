package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// largestManifest is the most that a manifest may hold, in bytes.
const largestManifest = 1 << 20

// A Manifest is what a provider declares to a marketplace about an add-on. It holds two
// secrets: do not print it whole.
type Manifest struct {
	Dialect        Dialect
	Guessed        bool   // nothing in the text shows the dialect
	ID             string // the Basic user name of every call, too
	Name           string
	Plans          []Plan // AppFog only: elsewhere plans are kept by the marketplace
	PlanUpdateable bool   // AppFog only
	ConfigVars     []string
	Prefix         string // what the names of variables begin with, without "_"
	Password       string
	SSOSalt        string
	Regions        []string
	Requires       []string
	Production     Site
	Test           Site
}

// A Plan is one of the plans of an AppFog manifest.
type Plan struct{ ID, Name, Description string }

// A Site is where a back-end is reached.
type Site struct {
	BaseURL string // what is called to provision, without a slash at its end
	SSOURL  string // where users sign in; "" when they cannot
	Old     bool   // the old form: users sign in by GET below BaseURL
}

// Options say how to read a manifest.
type Options struct {
	// Dialect to hold it to; "" detects it.
	Dialect Dialect
	// Loopback takes http URLs of this machine with a warning, for a vendor who
	// develops on it.
	Loopback bool
	// Previous is the manifest's id when it was pushed last; "" for none.
	Previous string
}

// Read reads a manifest and returns everything that is wrong with it, in the order
// of the text. The manifest is nil when there is nothing to read it from; with
// errors among the problems it is not to be used for calls.
func Read(src []byte, o Options) (*Manifest, []Problem) {
	if len(src) > largestManifest {
		return nil, []Problem{{Code: "M001", Line: 1, Column: 1, Message: "a manifest larger than a mebibyte", Source: ruleSources["M001"]}}
	}
	clean, comments := blankComments(src)
	root, err := parse(clean)
	if err != nil {
		e := err.(*syntaxError)
		p := Problem{Code: "M001", Message: e.msg, Source: ruleSources["M001"]}
		p.Line, p.Column = place(src, e.at)
		return nil, []Problem{p}
	}
	guessed := false
	if o.Dialect == "" {
		o.Dialect, guessed = detect(root)
	}
	l := &lint{src: src, root: root, api: root.get("api"), comments: comments, o: o}
	l.run()
	if root.kind != object {
		return nil, l.problems
	}
	m := manifest(root, o.Dialect)
	m.Guessed = guessed
	return m, l.problems
}

// manifest takes over what has the right type.
func manifest(root *node, d Dialect) *Manifest {
	api := root.get("api")
	m := &Manifest{
		Dialect: d, ID: root.get("id").str(), Name: root.get("name").str(),
		ConfigVars: texts(api.get("config_vars")), Prefix: prefix(root),
		Password: api.get("password").str(), SSOSalt: api.get("sso_salt").str(),
		Regions: texts(api.get("regions")), Requires: texts(api.get("requires")),
		Production: site(api.get("production")), Test: site(api.get("test")),
	}
	if n := root.get("plan_updateable"); n.is(boolean) {
		m.PlanUpdateable = n.text == "true"
	}
	for _, p := range root.get("plans").list() {
		m.Plans = append(m.Plans, Plan{p.get("id").str(), p.get("name").str(), p.get("description").str()})
	}
	return m
}

func texts(n *node) []string {
	var all []string
	for _, item := range n.list() {
		if item.kind == text {
			all = append(all, item.text)
		}
	}
	return all
}

func site(n *node) Site {
	if n.is(text) { // the old form: one root, and a path that is always the same
		base := strings.TrimSuffix(n.text, "/") + "/heroku/resources"
		return Site{BaseURL: base, SSOURL: base, Old: true}
	}
	return Site{BaseURL: strings.TrimSuffix(n.get("base_url").str(), "/"), SSOURL: n.get("sso_url").str()}
}

// prefix returns what the names of variables begin with, without "_".
func prefix(root *node) string {
	if p := root.get("api").get("config_vars_prefix").str(); p != "" {
		return p
	}
	return strings.ToUpper(strings.ReplaceAll(root.get("id").str(), "-", "_"))
}

// Site returns the place for an environment: "production", or else the one for
// tests, or production's where the manifest has no other.
func (m *Manifest) Site(environment string) Site {
	if environment == "production" || m.Test.BaseURL == "" {
		return m.Production
	}
	return m.Test
}

// Declares reports whether a variable is one that the manifest names.
func (m *Manifest) Declares(name string) bool { return slices.Contains(m.ConfigVars, name) }

// Requirement reports whether the manifest asks for a feature: "many_per_app".
func (m *Manifest) Requirement(name string) bool { return slices.Contains(m.Requires, name) }

// Secrets returns what must not be seen.
func (m *Manifest) Secrets() []string {
	return slices.DeleteFunc([]string{m.Password, m.SSOSalt}, func(s string) bool { return s == "" })
}

// A Problem is something wrong with a manifest.
type Problem struct {
	Code    string `json:"code"`    // of the rule: "M011"
	Warning bool   `json:"-"`       // reported, but stops nothing
	Pointer string `json:"pointer"` // RFC 6901; of a missing member it is the object's
	Line    int    `json:"line"`    // from 1
	Column  int    `json:"column"`  // from 1, in characters
	Message string `json:"message"` // never a secret
	Source  Source `json:"source"`  // what says so
}

// Level returns "error" or "warning".
func (p Problem) Level() string {
	if p.Warning {
		return "warning"
	}
	return "error"
}

// Error returns place, rule and message on one line, without the file.
func (p Problem) Error() string {
	return fmt.Sprintf("%d:%d: %s %s", p.Line, p.Column, p.Code, p.Message)
}

// Errors returns the problems that are no warnings.
func Errors(all []Problem) []Problem {
	var list []Problem
	for _, p := range all {
		if !p.Warning {
			list = append(list, p)
		}
	}
	return list
}
