package manifest

import (
	"slices"
	"strings"

	"runner/suggest"
)

// knownKeys lists, for each object of a manifest, the keys that some dialect
// has; other rules report those that are not this one's.
var knownKeys = map[string][]string{
	"": {"id", "name", "api", "plans", "plan_updateable", "tags", "cli_plugin_name", "$base"},
	"/api": {"config_vars", "config_vars_prefix", "password", "sso_salt", "regions", "requires", "production", "test",
		"username", "path", "version"},
	"/api/production": {"base_url", "sso_url"},
	"/api/test":       {"base_url", "sso_url"},
	"/plans":          {"id", "name", "description", "price", "price_unit"},
}

// ownKeys lists keys that only some dialects have, and that no other rule reports
// where they do not belong.
var ownKeys = map[string][]Dialect{
	"plans": {AppFog}, "plan_updateable": {AppFog}, "tags": {AppFog},
	"cli_plugin_name": {HerokuV1, HerokuV3}, "$base": {HerokuV3}, "version": {HerokuV3},
	"path": nil, // of AppFog's first version
}

func (l *lint) unknown() {
	l.unknownIn(l.root, "")
	l.unknownIn(l.api, "/api")
	l.unknownIn(l.api.get("production"), "/api/production")
	l.unknownIn(l.api.get("test"), "/api/test")
	for _, p := range l.root.get("plans").list() {
		l.unknownIn(p, "/plans")
	}
}

func (l *lint) unknownIn(n *node, where string) {
	if !n.is(object) {
		return
	}
	for _, m := range n.members {
		path := strings.ReplaceAll(strings.TrimPrefix(m.value.pointer, "/"), "/", ".")
		only, owned := ownKeys[m.name]
		switch {
		case !slices.Contains(knownKeys[where], m.name):
			l.add(m.at, m.value.pointer, true, "unknown key %q%s", path, didYouMean(m.name, knownKeys[where]))
		case owned && where != "/plans" && !slices.Contains(only, l.o.Dialect):
			l.add(m.at, m.value.pointer, true, "%q means nothing to this marketplace", path)
		}
	}
}

// didYouMean returns a hint in brackets, or "".
func didYouMean(word string, among []string) string {
	if hint := suggest.DidYouMean(word, among); hint != "" {
		return " (" + hint + ")"
	}
	return ""
}
