package tasks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"runner/clever"
	"runner/diagnostic"
	"runner/engine"
	"runner/engine/expr/value"
)

// This file holds the options of an add-on: what is declared, what the platform shows, and
// what came of an order.

// options are sent as text, the version among them (docs/platform.md §4.3).
func (r *registration) options(version string) map[string]string {
	options := map[string]string{}
	for name, text := range r.Details.Options {
		options[name] = clever.OptionText(r.Provider, name, text)
	}
	if r.Details.Encryption != nil {
		options["encryption"] = strconv.FormatBool(*r.Details.Encryption)
	}
	if version != "" {
		options["version"] = version
	}
	return options
}

// optionPath returns where the playbook declares an option.
func (r *registration) optionPath(name string) string {
	if _, ok := r.Details.Options[name]; !ok && name == "encryption" {
		return "details.encryption"
	}
	return "details.options." + name
}

// warnUnverified warns of what is declared and not shown by the platform, and reports
// whether there is any.
func (r *registration) warnUnverified(h *engine.Host, now existing) bool {
	if r.planned(now) {
		return false
	}
	var doubts []string
	if r.unverified(now) {
		doubts = append(doubts, "runs version "+r.Details.Version)
	}
	for _, name := range r.doubtfulOptions(now) {
		doubts = append(doubts, fmt.Sprintf("has %s %s", name, r.options("")[name]))
	}
	if len(doubts) == 0 {
		return false
	}
	h.Warn(fmt.Sprintf("whether %s %s is not known: the platform does not show it, so that is not verified", object(now.Addon), strings.Join(doubts, " and ")))
	r.cloud.notVerified(now.ID)
	return true
}

// doubtfulOptions returns the options that are declared of an add-on, and that the platform
// does not show: neither the same nor others. What is off is what an order without it is.
func (r *registration) doubtfulOptions(now existing) []string {
	if !ofProvider(now.Addon, r.Provider) {
		return nil
	}
	var names []string
	options := r.options("")
	for _, name := range slices.Sorted(maps.Keys(options)) {
		known := false
		if now.detail != nil {
			_, known = now.detail.Option(name)
		}
		if !known && name != "version" {
			names = append(names, name)
		}
	}
	return names
}

// optionDifferences compares the options that the platform shows.
func optionDifferences(now existing, b target) []engine.Attr {
	if now.detail == nil || b.provider.ID != now.Provider.ID {
		return nil
	}
	var attrs []engine.Attr
	for _, name := range slices.Sorted(maps.Keys(b.request.Options)) {
		is, known := now.detail.Option(name)
		wanted := b.request.Options[name]
		if name == "plugins" {
			wanted = strings.Join(slices.Sorted(strings.SplitSeq(wanted, ",")), ",")
		}
		if name != "version" && known && !sameOption(name, is, wanted) {
			attrs = append(attrs, engine.Attr{Path: "options." + name, Before: is, After: wanted})
		}
	}
	return attrs
}

// sameOption reports whether an option is as declared: fr_FR is also fr_FR.UTF-8.
func sameOption(name, is, wanted string) bool {
	if name == "locale" {
		is, _, _ = strings.Cut(is, ".")
		wanted, _, _ = strings.Cut(wanted, ".")
	}
	return strings.EqualFold(is, wanted)
}

// asOrdered fails where a new add-on came out otherwise than declared, as far as the
// platform shows it.
func (r *registration) asOrdered(ctx context.Context, client platform, a clever.Addon, env []clever.EnvVar, b target) error {
	now := existing{Addon: a, version: versionOf(env)}
	if len(r.options("")) > 0 && clever.HasDetail(a.Provider.ID) {
		d, err := client.Detail(ctx, r.owner, a)
		if err != nil {
			return fmt.Errorf("%s was ordered, and whether it is as declared cannot be read: %w", object(a), err)
		}
		now.detail, now.version = &d, cmp.Or(d.Version, now.version)
	}
	var wrong engine.Mistakes
	differs := func(path, what, is, wanted string) {
		wrong.Add(path, &diagnostic.Problem{Msg: fmt.Sprintf("%s was ordered, and came out otherwise than declared: %s is %s, not %s", object(a), what, is, wanted),
			Hint: "it stays as it is; ask the platform's support, or declare it as it is"})
	}
	if a.Plan.ID != b.plan.ID {
		differs("details.plan", "its plan", a.Plan.Slug, b.plan.Slug)
	}
	if !strings.EqualFold(a.Region, b.request.Region) {
		differs("details.region", "its region", a.Region, b.request.Region)
	}
	if r.newVersion(now) {
		differs("details.version", "its version", now.version, r.Details.Version)
	}
	for _, attr := range optionDifferences(now, b) {
		name := strings.TrimPrefix(attr.Path, "options.")
		differs(r.optionPath(name), name, value.Text(attr.Before), value.Text(attr.After))
	}
	return wrong.Err()
}
