package emulator

import (
	"maps"
	"runner/clever"
	"slices"
	"strings"
)

// environment writes an add-on's variables. They are complete from the start:
// no client of the platform asks twice.
func environment(p *provider, a *addon) []clever.EnvVar {
	if a.Sale != nil {
		return saleVariables(a.Sale)
	}
	if p.Detail == "config" {
		return append([]clever.EnvVar{}, a.Env...)
	}
	known := maps.Clone(a.Facts)
	if known == nil {
		known = map[string]string{}
	}
	known["version"], known["owner"], known["realId"] = a.Version, a.Owner, a.RealID
	known["uuid"] = strings.TrimPrefix(a.RealID, p.RealPrefix)
	in := braces(known)
	env := []clever.EnvVar{}
	for _, row := range rows(p, a) {
		env = append(env, clever.EnvVar{Name: row[0], Value: in.Replace(row[1])})
	}
	return env
}

// variables names what environment writes: a list of add-ons has no more of it.
func variables(p *provider, a *addon) []string {
	names := []string{}
	if a.Sale != nil && a.Sale.State == provisioning {
		return append(names, p.Promised...) // those that it waits for
	}
	if a.Sale != nil {
		return append(names, slices.Sorted(maps.Keys(a.Sale.Config))...)
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

// rows gives the variables that an add-on has with its options.
func rows(p *provider, a *addon) [][]string {
	return slices.DeleteFunc(slices.Clone(p.Env), func(row []string) bool {
		return len(row) > 2 && a.Options[row[2]] != "true"
	})
}

// saleVariables are what its owner is given: nothing before it is ready.
func saleVariables(s *sale) []clever.EnvVar {
	env := []clever.EnvVar{}
	if s.State == provisioning {
		return env
	}
	for _, name := range slices.Sorted(maps.Keys(s.Config)) {
		env = append(env, clever.EnvVar{Name: name, Value: s.Config[name]})
	}
	return env
}
