package tasks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"runner/clever"
)

// TestPlannedList: whatever was noted, the list that is kept is the one that would be made
// anew, and those that were returned before stay as they were.
func TestPlannedList(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var noted layer[plannedAddon]
		var kept plannedList
		var from []clever.Addon
		for i := range r.IntN(6) {
			from = append(from, clever.Addon{ID: fmt.Sprint("addon_", i), Name: "as it is"})
		}
		var before, copies [][]clever.Addon
		for step := range 40 {
			id := fmt.Sprint("addon_", r.IntN(9))
			space := []string{"ours", "ours", "another"}[r.IntN(3)]
			if _, there, was := noted.find(space, id); r.IntN(4) == 0 && (there || !was) {
				noted.remove(space, id)
			} else if there || !was { // no id of what is gone comes back
				noted.put(space, id, plannedAddon{Addon: clever.Addon{ID: id, Name: fmt.Sprint(step)}})
			}
			if r.IntN(12) == 0 {
				from = slices.Clone(from) // it was read again
			}
			if r.IntN(3) > 0 {
				continue
			}
			got := kept.over(from, &noted, "ours")
			before, copies = append(before, got), append(copies, slices.Clone(got))
			if want := madeAnew(from, &noted, "ours"); !slices.EqualFunc(want, got, same) {
				t.Fatalf("seed %d, step %d: the list is\n%v, made anew\n%v", seed, step, got, want)
			}
		}
		for i := range before {
			if !slices.EqualFunc(before[i], copies[i], same) {
				t.Fatalf("seed %d: list %d was changed after it was returned", seed, i)
			}
		}
	}
}

func same(a, b clever.Addon) bool { return a.ID == b.ID && a.Name == b.Name }

func madeAnew(from []clever.Addon, noted *layer[plannedAddon], space string) []clever.Addon {
	var all []plannedAddon
	for _, a := range from {
		all = append(all, plannedAddon{Addon: a})
	}
	var list []clever.Addon
	for _, a := range noted.over(space, all, func(a plannedAddon) string { return a.ID }) {
		list = append(list, a.Addon)
	}
	return list
}

// TestPlannedListByMany: tasks of a check ask for it side by side.
func TestPlannedListByMany(t *testing.T) {
	var noted layer[plannedAddon]
	var kept plannedList
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			id := fmt.Sprint("addon_", i)
			noted.put("ours", id, plannedAddon{Addon: clever.Addon{ID: id}})
			if !slices.ContainsFunc(kept.over(nil, &noted, "ours"), func(a clever.Addon) bool { return a.ID == id }) {
				t.Errorf("%s is not on the list after it was noted", id)
			}
		})
	}
	all.Wait()
	if n := len(kept.over(nil, &noted, "ours")); n != 50 {
		t.Errorf("%d add-ons are listed, want 50", n)
	}
}
