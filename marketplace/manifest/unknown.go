package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// knownKeys lists, for each object of a manifest, the keys that some dialect
// has; other rules tell those that are not this one's.
var knownKeys = map[string][]string{
	"": {"id", "name", "api", "plans", "plan_updateable", "tags", "cli_plugin_name", "$base"},
	"/api": {"config_vars", "config_vars_prefix", "password", "sso_salt", "regions", "requires", "production", "test",
		"username", "version"},
	"/api/production": {"base_url", "sso_url"},
	"/api/test":       {"base_url", "sso_url"},
	"/plans":          {"id", "name", "description", "price", "price_unit"},
}

// ownKeys lists keys that only some dialects have, and that no other rule tells
// where they do not belong.
var ownKeys = map[string][]Dialect{
	"plans": {AppFog}, "plan_updateable": {AppFog}, "tags": {AppFog},
	"cli_plugin_name": {HerokuV1, HerokuV3}, "$base": {HerokuV3}, "version": {HerokuV3},
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
			l.note(m.at, m.value.pointer, true, "unknown key %q%s", path, didYouMean(m.name, knownKeys[where]))
		case owned && where != "/plans" && !slices.Contains(only, l.o.Dialect):
			l.note(m.at, m.value.pointer, true, "%q means nothing to this marketplace", path)
		}
	}
}

// didYouMean gives a hint in brackets, or "".
func didYouMean(word string, among []string) string {
	best, far := "", 3
	for _, a := range among {
		if d := distance(plain(word), plain(a)); d < far && d < len(a) {
			best, far = a, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

func plain(word string) string {
	return strings.ReplaceAll(strings.ToLower(word), "-", "_")
}

// distance counts the letters to change, add or leave out; 3 where there are more.
func distance(a, b string) int {
	if max(len(a), len(b)) > 40 || len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return min(row[len(b)], 3)
}
