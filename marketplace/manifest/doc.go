// Package manifest is the other side of a marketplace: what those who sell add-ons
// write, answer and verify. It reads manifests and reports what is wrong with them,
// calls a vendor's back-end as a marketplace does, makes and verifies the proofs
// of single sign-on, and serves the calls that a back-end makes.
//
// Four families of marketplaces are known, each a Dialect.
//
// It knows what goes over the wire and what the dialects demand of it. It does not
// know what is offered, nor any platform's own API.
package manifest

import (
	"fmt"
	"strings"
)

// A Dialect is a family of marketplaces that speak alike.
type Dialect string

// The dialects.
const (
	Clever   Dialect = "clever"    // Clever Cloud
	AppFog   Dialect = "appfog"    // AppFog V2, retired in 2018
	HerokuV1 Dialect = "heroku-v1" // the API that kensa tested, and that many copied
	HerokuV3 Dialect = "heroku-v3" // the API of today
)

// Dialects returns all dialects, in the order of the tables of this package.
func Dialects() []Dialect { return []Dialect{Clever, AppFog, HerokuV1, HerokuV3} }

// ParseDialect reads a dialect's name.
func ParseDialect(name string) (Dialect, error) {
	for _, d := range Dialects() {
		if string(d) == name {
			return d, nil
		}
	}
	return "", fmt.Errorf("no dialect %q: there is clever, appfog, heroku-v1 and heroku-v3", name)
}

// index returns a dialect's place in the tables.
func (d Dialect) index() int {
	for i, other := range Dialects() {
		if d == other {
			return i
		}
	}
	return 0
}

// Heroku reports whether a dialect is one of Heroku's.
func (d Dialect) Heroku() bool { return d == HerokuV1 || d == HerokuV3 }

// detect returns what a manifest is written in, by the fields that only one dialect
// has and by the path that Heroku once prescribed. A manifest that shows nothing is
// taken for Clever Cloud's, which is a guess.
func detect(root *node) (d Dialect, guessed bool) {
	api := root.get("api")
	old := func(name string) bool { n := api.get(name); return n != nil && n.kind == text }
	switch {
	case api.get("version") != nil:
		return HerokuV3, false
	case old("production") || old("test"):
		return HerokuV1, false
	case root.get("plans") != nil || root.get("plan_updateable") != nil:
		return AppFog, false
	case herokuPath(api.get("production")) || herokuPath(api.get("test")):
		return HerokuV1, false
	case api.get("requires") != nil || api.get("config_vars_prefix") != nil || root.get("cli_plugin_name") != nil:
		return HerokuV1, false
	}
	for _, r := range api.get("regions").list() {
		if r.text == "us" || r.text == "*" {
			return HerokuV1, false
		}
		if strings.EqualFold(r.text, "par") {
			return Clever, false
		}
	}
	return Clever, true
}

// herokuPath reports whether a site's base_url ends as Heroku's did.
func herokuPath(site *node) bool {
	return strings.HasSuffix(strings.TrimSuffix(site.get("base_url").str(), "/"), "/heroku/resources")
}
