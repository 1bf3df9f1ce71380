package tasks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"runner/engine"
)

// Tags of our own. Playbooks neither see nor change them.
const (
	scopePrefix = "runner-scope:"   // which scope an add-on belongs to, see prune
	replacedTag = "runner-replaced" // another add-on takes its place, and it is to be removed
)

func scopeTag(scope string) string { return scopePrefix + scope }

func ownTag(tag string) bool { return tag == replacedTag || strings.HasPrefix(tag, scopePrefix) }

var scopeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func checkScope(scope string) error {
	if scopeName.MatchString(scope) {
		return nil
	}
	return fmt.Errorf("%q cannot be a scope: it is made of letters, digits, dots, dashes and underscores, 63 at most", scope)
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
	if r.scope != "" {
		tags = append(tags, scopeTag(r.scope))
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func texts(list []string) []engine.Value {
	values := make([]engine.Value, 0, len(list))
	for _, t := range list {
		values = append(values, t)
	}
	return values
}
