package clever

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"runner/suggest"
)

// This file holds what is declared of an add-on's options against what the catalogue
// says of its provider, plan and version (docs/platform.md §4.3).

// backupOption switches the backups of a database.
const backupOption = "do-backup"

// optionNames are the options of a provider: switches, and those that are text.
type optionNames struct{ switches, texts []string }

// knownOptions returns the options that clients of the platform order with, by provider.
// Those of a provider that is not the platform's own are its vendor's to say: false.
func knownOptions(providerID string) (optionNames, bool) {
	database := []string{"encryption", backupOption, "direct-host-only"}
	known := map[string]optionNames{
		"postgresql-addon": {database, []string{"locale"}},
		"mysql-addon":      {append(slices.Clone(database), "skip-log-bin"), nil},
		"mongodb-addon":    {database, nil},
		"redis-addon":      {[]string{"encryption"}, nil},
		"es-addon":         {[]string{"encryption", "kibana", "apm"}, []string{"plugins", "services"}},
		"jenkins":          {[]string{"encryption"}, nil},
		"keycloak":         {nil, []string{"access-domain"}},
		"addon-matomo":     {nil, []string{"access-domain"}},
		"metabase":         {nil, []string{"access-domain"}},
		"otoroshi":         {nil, []string{"access-domain", "routes-domain"}},
		"cellar-addon":     {}, "fs-bucket": {}, "config-provider": {}, "kv": {}, "addon-pulsar": {},
	}
	names, ok := known[providerID]
	return names, ok
}

// OptionText returns the value of an option as an order says it: of a switch "true" or
// "false" for any word that YAML takes for a boolean, of plugins a list without blanks.
// Word names the provider as a playbook does.
func OptionText(word, name, text string) string {
	names, _ := knownOptions(ProviderAlias(word))
	switch {
	case name == "plugins":
		return strings.ReplaceAll(text, " ", "")
	case !slices.Contains(names.switches, name):
		return text
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on", "y", "1":
		return "true"
	case "false", "no", "off", "n", "0":
		return "false"
	}
	return text
}

// An OptionError says that an add-on cannot have an option, or not with this value.
type OptionError struct {
	Name   string
	Value  string
	Why    string // the whole sentence
	Advice string // what to do
}

func (e *OptionError) Error() string { return e.Why }

// Hint says what to do.
func (e *OptionError) Hint() string { return e.Advice }

// Detail is empty.
func (*OptionError) Detail() string { return "" }

// CheckOptions returns what the catalogue says against an order's options, by name in their
// order; nothing where the options are their vendor's to say. Info is what v4 tells of the
// provider, nil for one that it does not know; region is the zone of the order.
func CheckOptions(p *Provider, info *ProviderInfo, plan *Plan, region string, options map[string]string) []*OptionError {
	names, known := knownOptions(p.ID)
	if !known {
		return nil
	}
	names.switches = append(slices.Clone(names.switches), info.switches()...)
	o := ordered{provider: p, plan: plan, names: names, cluster: info.cluster(region)}
	var wrong []*OptionError
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if why, advice := o.check(name, options[name]); why != "" {
			wrong = append(wrong, &OptionError{name, options[name], why, advice})
		}
	}
	return wrong
}

// switches returns the options that any version of a provider has.
func (i *ProviderInfo) switches() []string {
	if i == nil {
		return nil
	}
	var names []string
	for _, d := range i.Dedicated {
		for _, f := range d.Features {
			names = append(names, f.Name)
		}
	}
	return names
}

// cluster returns what the add-ons of shared plans in a zone run on; nil if that is not known.
func (i *ProviderInfo) cluster(zone string) *Cluster {
	if i == nil {
		return nil
	}
	for k := range i.Clusters {
		if i.Clusters[k].Zone == zone {
			return &i.Clusters[k]
		}
	}
	return nil
}

// ordered is what the options of one order are held against.
type ordered struct {
	provider *Provider
	plan     *Plan
	names    optionNames
	cluster  *Cluster // of a shared plan; nil: not known
}

// check returns why the option cannot be had, and what to do; "" if it can, as far as the
// catalogue tells.
func (o ordered) check(name, text string) (why, advice string) {
	isSwitch := slices.Contains(o.names.switches, name)
	switch {
	case name == "version":
		return "", "" // it is judged apart
	case !isSwitch && !slices.Contains(o.names.texts, name):
		return o.unknown(name)
	case isSwitch && text != "true" && text != "false":
		return fmt.Sprintf("option %s of %s is %q, which is neither true nor false", name, o.provider.ID, text), "write true or false"
	case o.plan.Shared():
		return o.shared(name, text, isSwitch)
	case text == "true" && o.without(name):
		return fmt.Sprintf("plan %s of %s has no %s", o.plan.Slug, o.provider.ID, plainOption(name)), o.elsewhere(name)
	}
	return "", ""
}

func (o ordered) unknown(name string) (why, advice string) {
	all := slices.Concat(o.names.switches, o.names.texts)
	slices.Sort(all)
	all = slices.Compact(all)
	why = fmt.Sprintf("unknown option %q of %s", name, o.provider.ID)
	switch near := suggest.DidYouMean(name, all); {
	case near != "":
		return why, near
	case len(all) == 0:
		return why, "it has no options"
	}
	return why, "available: " + strings.Join(all, ", ")
}

// shared judges an option of a shared plan, whose add-ons live on a cluster that is as it is.
func (o ordered) shared(name, text string, isSwitch bool) (why, advice string) {
	is, shown := o.onCluster(name)
	switch {
	case isSwitch && is == text:
		return "", ""
	case shown:
		why = fmt.Sprintf("plan %s of %s is shared, and its cluster has %s %s", o.plan.Slug, o.provider.ID, plainOption(name), onOff(is))
	default:
		why = fmt.Sprintf("plan %s of %s is shared: %s cannot be chosen for it", o.plan.Slug, o.provider.ID, plainOption(name))
	}
	return why, o.elsewhere(name)
}

// onCluster returns what a switch is on the cluster of a shared plan, and whether the catalogue
// says so. What it does not mention is off.
func (o ordered) onCluster(name string) (is string, shown bool) {
	if o.without(name) {
		return "false", false
	}
	if o.cluster != nil {
		for _, f := range o.cluster.Features {
			if f.Name == name {
				return fmt.Sprint(f.Enabled), true
			}
		}
	}
	return "false", false
}

// without reports whether a plan says itself that it does not have what an option switches on.
func (o ordered) without(name string) bool {
	code := name
	if name == backupOption {
		code = "backup"
	}
	switch strings.ToLower(o.plan.Feature(code)) {
	case "no", "none", "false":
		return true
	}
	return false
}

// elsewhere suggests the cheapest plan whose add-ons can have an option.
func (o ordered) elsewhere(name string) string {
	slug := o.provider.cheapest(func(p *Plan) bool { return !ordered{plan: p}.without(name) })
	if slug == "" {
		return "leave it out"
	}
	return "leave it out, or order a plan that has it, such as " + slug
}

func plainOption(name string) string {
	switch name {
	case backupOption:
		return "backups (do-backup)"
	case "locale":
		return "a locale of its own"
	}
	return name
}

func onOff(is string) string {
	if is == "true" {
		return "on"
	}
	return "off"
}
