package keyword

import (
	"cmp"
	"slices"
)

// byName holds the rows of each name; a name has several where it means different
// things in different places.
var byName = func() map[string][]Keyword {
	all := map[string][]Keyword{}
	for _, k := range table {
		all[k.Name] = append(all[k.Name], k)
	}
	return all
}()

// Find returns the keyword of a name that can stand at a place, or that is refused
// there.
func Find(name string, in Place) (Keyword, bool) {
	for _, k := range byName[name] {
		if k.In&in != 0 {
			return k, true
		}
	}
	return Keyword{}, false
}

// Known reports whether plays, blocks or tasks have a keyword of that name.
func Known(name string) bool {
	return slices.ContainsFunc(byName[name], func(k Keyword) bool { return k.In&Main != 0 && k.Takes != Kind })
}

// Only reports whether a keyword can stand at one place and not at the others.
func Only(name string, in, others Place) bool {
	_, here := Find(name, in)
	_, there := Find(name, others)
	return here && !there
}

// Names returns the names of the keywords that work at a place, in the order of the table.
func Names(in Place) []string {
	return names(func(k Keyword) bool { return k.In&in != 0 && k.Works() })
}

// AllNames is Names with those that are refused there.
func AllNames(in Place) []string { return names(func(k Keyword) bool { return k.In&in != 0 }) }

func names(wanted func(Keyword) bool) []string {
	var all []string
	for _, k := range table {
		if wanted(k) && !slices.Contains(all, k.Name) {
			all = append(all, k.Name)
		}
	}
	return all
}

// Table returns every row.
func Table() []Keyword { return slices.Clone(table[:]) }

// Reference lists the keywords of plays, blocks and tasks, each name once: those
// that work in the order in which a reader meets them, then those that do not, by name.
func Reference() []Keyword {
	var works, refused []Keyword
	for _, k := range table {
		list := &works
		if !k.Works() {
			list = &refused
		}
		if k.In &= Main | ImportTasks; k.In != 0 {
			join(list, k)
		}
	}
	slices.SortStableFunc(refused, func(a, b Keyword) int { return cmp.Compare(a.Name, b.Name) })
	return append(works, refused...)
}

// join adds a keyword to a list, or its places to the one of the same name.
func join(list *[]Keyword, k Keyword) {
	i := slices.IndexFunc(*list, func(other Keyword) bool { return other.Name == k.Name })
	if i < 0 {
		*list = append(*list, k)
		return
	}
	(*list)[i].In |= k.In
}
