package emulator

import (
	"maps"
	"runner/clever"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/store"
	"slices"
	"strings"
)

// environment writes an add-on's variables. They are complete from the start:
// no client of the platform asks twice.
func environment(p *catalogue.Provider, a *store.Addon) []clever.EnvVar {
	if a.Vendor != nil {
		return vendorVariables(a.Vendor)
	}
	if p.Detail == "config" {
		return append([]clever.EnvVar{}, a.Env...)
	}
	known := p.Constants() // what an add-on of an earlier version was not given
	maps.Copy(known, a.Facts)
	known["version"], known["owner"], known["realId"] = a.Version, a.Owner, a.RealID
	known["uuid"] = strings.TrimPrefix(a.RealID, p.RealPrefix)
	in := catalogue.Braces(known)
	env := []clever.EnvVar{}
	for _, row := range rows(p, a) {
		env = append(env, clever.EnvVar{Name: row[0], Value: in.Replace(row[1])})
	}
	return env
}

// variables names what environment writes: a list of add-ons has no more of it.
func variables(p *catalogue.Provider, a *store.Addon) []string {
	names := []string{}
	if a.Vendor != nil && a.Vendor.State == store.Provisioning {
		return append(names, p.Promised...) // those that it waits for
	}
	if a.Vendor != nil {
		return append(names, slices.Sorted(maps.Keys(a.Vendor.Config))...)
	}
	if p.Detail == "config" {
		for _, v := range a.Env {
			names = append(names, v.Name)
		}
		return names
	}
	for _, row := range rows(p, a) {
		names = append(names, row[0])
	}
	return names
}

// rows returns the variables that an add-on has with its options.
func rows(p *catalogue.Provider, a *store.Addon) [][]string {
	return slices.DeleteFunc(slices.Clone(p.Env), func(row []string) bool {
		return len(row) > 2 && a.Options[row[2]] != "true"
	})
}

// vendorVariables are what its owner is given: nothing before it is ready.
func vendorVariables(s *store.VendorRecord) []clever.EnvVar {
	env := []clever.EnvVar{}
	if s.State == store.Provisioning {
		return env
	}
	for _, name := range slices.Sorted(maps.Keys(s.Config)) {
		env = append(env, clever.EnvVar{Name: name, Value: s.Config[name]})
	}
	return env
}
