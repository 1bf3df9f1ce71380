package tasks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/engine"
)

// Tags of our own. Playbooks neither see nor change them.
const (
	scopePrefix = "runner-scope:"   // which scope an add-on belongs to, see prune
	fromPrefix  = "runner-from:"    // a scope that it was in, and whose playbook was not played since
	withPrefix  = "runner-with:"    // a variable with which it came into the scope, and a digest of its value: NAME=DIGEST
	adoptedTag  = "runner-adopted"  // it was there before a play with a scope declared it
	replacedTag = "runner-replaced" // another add-on takes its place, and it is to be removed
)

func scopeTag(scope string) string { return scopePrefix + scope }

// withTags returns the tags for the variables that decided what was declared.
func withTags(with map[string]string) []string {
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(with)) {
		tags = append(tags, withPrefix+name+"="+with[name])
	}
	return tags
}

// withOf returns the values that the variables had which decided what was declared, as
// digests: "" for not given, many for more than can be noted.
func withOf(tags []string) map[string][]string {
	with := map[string][]string{}
	for _, t := range tags {
		if text, ok := strings.CutPrefix(t, withPrefix); ok {
			name, digest, _ := strings.Cut(text, "=")
			with[name] = append(with[name], digest)
		}
	}
	return with
}

const (
	many     = "*" // a variable had so many values that nobody counts them any more
	manyFrom = 5
)

// declaredWith returns the tags of an add-on that is declared, with some variables: all
// values that each of them ever had are noted. Again: it was declared in the scope before.
func declaredWith(tags []string, with map[string]string, again bool) []string {
	before := withOf(tags)
	names := maps.Clone(with)
	for name := range before {
		names[name] = with[name]
	}
	for name, digest := range names {
		values := before[name]
		if values == nil && again {
			values = []string{""} // until now it was declared without
		}
		if !slices.Contains(values, digest) && !slices.Contains(values, many) {
			values = append(values, digest)
		}
		if len(values) >= manyFrom {
			values = []string{many}
		}
		tags = slices.DeleteFunc(tags, func(t string) bool { return strings.HasPrefix(t, withPrefix+name+"=") })
		for _, v := range values {
			tags = append(tags, withPrefix+name+"="+v)
		}
	}
	return tags
}

func ownTag(tag string) bool {
	return tag == replacedTag || tag == adoptedTag ||
		strings.HasPrefix(tag, scopePrefix) || strings.HasPrefix(tag, fromPrefix) || strings.HasPrefix(tag, withPrefix)
}

// scopesOf returns the scopes whose tags an add-on bears.
func scopesOf(tags []string) []string { return tagged(tags, scopePrefix) }

// ScopeOf returns the scope whose tag is among some tags; "" for none, several with
// commas.
func ScopeOf(tags []string) string { return strings.Join(scopesOf(tags), ", ") }

// tagged returns what stands behind a prefix in some tags.
func tagged(tags []string, prefix string) []string {
	var scopes []string
	for _, t := range tags {
		if scope, ok := strings.CutPrefix(t, prefix); ok {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	return scopes
}

// usersTags returns the tags that are not our own.
func usersTags(tags []string) []string {
	return slices.DeleteFunc(append([]string{}, tags...), ownTag)
}

// withText returns the variables with which an add-on was declared, as text.
func withText(tags []string) string {
	var all []string
	for _, t := range tags {
		if text, ok := strings.CutPrefix(t, withPrefix); ok {
			all = append(all, strings.Replace(text, "=", "=#", 1))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// checkTags notes what cannot be a tag.
func checkTags(c *engine.Checking, tags []string) {
	for i, t := range tags {
		path := fmt.Sprintf("tags[%d]", i)
		switch {
		case strings.TrimSpace(t) == "":
			c.Addf(path, "a tag cannot be empty")
		case ownTag(t):
			c.Addf(path, "the tag %q is runner's own: take another", t)
		}
	}
}

// saysTags reports whether the playbook says anything about tags.
func (r *registration) saysTags() bool { return r.Tags != nil || r.scope != "" }

// retag returns the tags that an add-on is to have, in order, from those it has.
func (r *registration) retag(now []string) []string {
	tags := slices.Clone(now)
	if r.Tags != nil {
		tags = slices.DeleteFunc(tags, func(t string) bool { return !ownTag(t) })
		tags = append(tags, *r.Tags...)
	}
	switch {
	case r.scope == "":
	case slices.Equal(scopesOf(tags), []string{r.scope}):
		tags = declaredWith(tags, r.with, true)
	default:
		tags = r.intoScope(tags)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// intoScope returns the tags of an add-on that comes into the scope of the play: it
// belongs to that one alone.
func (r *registration) intoScope(tags []string) []string {
	if r.adopts && len(scopesOf(tags)) == 0 {
		tags = append(tags, adoptedTag)
	}
	for _, scope := range scopesOf(tags) {
		tags = append(tags, fromPrefix+scope)
	}
	tags = slices.DeleteFunc(tags, func(t string) bool { return strings.HasPrefix(t, scopePrefix) || t == fromPrefix+r.scope })
	return declaredWith(append(tags, scopeTag(r.scope)), r.with, false)
}

// tagAttrs returns what of an add-on's tags is not as it is to be: the user's, and the scope.
func tagAttrs(now, to []string) []engine.Attr {
	var attrs []engine.Attr
	if before, after := usersTags(now), usersTags(to); !slices.Equal(before, after) {
		attrs = append(attrs, engine.Attr{Path: "tags", Before: texts(before), After: texts(after)})
	}
	before, after := strings.Join(scopesOf(now), ", "), strings.Join(scopesOf(to), ", ")
	if before != after {
		attrs = append(attrs, engine.Attr{Path: "scope", Before: orNothing(before), After: orNothing(after)})
	}
	if before, after := withText(now), withText(to); before != after && (before != "" || len(scopesOf(now)) > 0) {
		attrs = append(attrs, engine.Attr{Path: "variables", Before: orNothing(before), After: orNothing(after)})
	}
	return attrs
}

func texts(list []string) []engine.Value {
	values := make([]engine.Value, 0, len(list))
	for _, t := range list {
		values = append(values, t)
	}
	return values
}
