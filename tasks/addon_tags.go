package tasks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/engine"
)

// Tags of our own. Playbooks neither see nor change them.
const (
	scopePrefix = "runner-scope:"   // which scope an add-on belongs to, see prune
	withPrefix  = "runner-with:"    // a digest of the variables with which it came into the scope; none: without any
	adoptedTag  = "runner-adopted"  // it was there before a play with a scope declared it
	replacedTag = "runner-replaced" // another add-on takes its place, and it is to be removed
)

func scopeTag(scope string) string { return scopePrefix + scope }

// withTag returns the tag for the variables that decided what was declared; "" for none.
func withTag(with map[string]string) string {
	if len(with) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(with)) {
		fmt.Fprintf(sum, "%s=%s\n", name, with[name])
	}
	return withPrefix + hex.EncodeToString(sum.Sum(nil)[:4])
}

func ownTag(tag string) bool {
	return tag == replacedTag || tag == adoptedTag || strings.HasPrefix(tag, scopePrefix) || strings.HasPrefix(tag, withPrefix)
}

// scopesOf returns the scopes whose tags an add-on bears.
func scopesOf(tags []string) []string {
	var scopes []string
	for _, t := range tags {
		if scope, ok := strings.CutPrefix(t, scopePrefix); ok {
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

// checkTags refuses what cannot be a tag.
func checkTags(tags []string) error {
	for i, t := range tags {
		switch {
		case strings.TrimSpace(t) == "":
			return engine.About(fmt.Sprintf("tags[%d]", i), fmt.Errorf("a tag cannot be empty"))
		case ownTag(t):
			return engine.About(fmt.Sprintf("tags[%d]", i), fmt.Errorf("the tag %q is runner's own: take another", t))
		}
	}
	return nil
}

// tagged reports whether the playbook says anything about tags.
func (r *registration) tagged() bool { return r.Tags != nil || r.scope != "" }

// retag returns the tags that an add-on is to have, in order, from those it has.
func (r *registration) retag(now []string) []string {
	tags := slices.Clone(now)
	if r.Tags != nil {
		tags = slices.DeleteFunc(tags, func(t string) bool { return !ownTag(t) })
		tags = append(tags, *r.Tags...)
	}
	if r.scope != "" && !slices.Equal(scopesOf(tags), []string{r.scope}) {
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
	tags = slices.DeleteFunc(tags, func(t string) bool {
		return strings.HasPrefix(t, scopePrefix) || strings.HasPrefix(t, withPrefix)
	})
	tags = append(tags, scopeTag(r.scope))
	if with := withTag(r.with); with != "" {
		tags = append(tags, with)
	}
	return tags
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
	return attrs
}

func texts(list []string) []engine.Value {
	values := make([]engine.Value, 0, len(list))
	for _, t := range list {
		values = append(values, t)
	}
	return values
}
