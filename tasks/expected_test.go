package tasks_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"runner/engine"
	"runner/engine/expr/value"
)

// compareEnds holds how a task ended in a run to what the check said of it.
func compareEnds(t *testing.T, i int, said, did engine.TaskEnd) {
	t.Helper()
	if said.Outcome != did.Outcome {
		t.Errorf("task %d: the check says %v (%v), the run %v (%v)", i+1, said.Outcome, said.Problem, did.Outcome, did.Problem)
		return
	}
	if did.Outcome.Bad() {
		return
	}
	if said.Change != nil && did.Change != nil && said.Outcome == engine.Changed {
		if said.Change.Action != did.Change.Action || said.Change.Allow != did.Change.Allow {
			t.Errorf("task %d: the check says %v (%s), the run %v (%s)", i+1, said.Change.Action, said.Change.Allow, did.Change.Action, did.Change.Allow)
		}
		compareAttrs(t, i, said.Change.Attrs, did.Change.Attrs)
	}
	if name := did.Step.Kind.Name; name == "pause" || name == "setup" { // what time it is
		return
	}
	compareValues(t, fmt.Sprintf("task %d: result", i+1), said.Result, did.Result)
}

func compareAttrs(t *testing.T, i int, said, did []engine.Attr) {
	t.Helper()
	if len(said) == 1 && said[0].Path == "content" && len(did) > 0 { // the variables of a file, unknown as a whole
		if _, ok := said[0].After.(*value.Unknown); ok {
			return
		}
	}
	said, did = known(said, said), known(did, said)
	if len(said) != len(did) {
		t.Errorf("task %d: the check says %v, the run %v", i+1, said, did)
		return
	}
	for n, a := range said {
		if a.Path != did[n].Path {
			t.Errorf("task %d: the check says %s, the run %s", i+1, a.Path, did[n].Path)
		}
		compareValues(t, fmt.Sprintf("task %d: %s before", i+1, a.Path), a.Before, did[n].Before)
		compareValues(t, fmt.Sprintf("task %d: %s after", i+1, a.Path), a.After, did[n].After)
	}
}

// known returns attributes in order, without those of which a check says that what they are
// is unknown.
func known(attrs, said []engine.Attr) []engine.Attr {
	list := slices.DeleteFunc(slices.Clone(attrs), func(a engine.Attr) bool {
		return slices.ContainsFunc(said, func(s engine.Attr) bool {
			_, unknown := s.Before.(*value.Unknown)
			return unknown && s.Path == a.Path
		})
	})
	slices.SortFunc(list, func(a, b engine.Attr) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// compareValues reports where a value is another than was said; unknown is not.
func compareValues(t *testing.T, where string, said, is value.Value) {
	t.Helper()
	switch said := said.(type) {
	case *value.Unknown:
		return
	case *value.Map:
		other, ok := is.(*value.Map)
		if !ok {
			t.Errorf("%s is %v, said was %v", where, is, said)
			return
		}
		for key, v := range said.All() {
			now, read := other.Get(value.Text(key))
			if !read || key == "changed" { // nobody used it in the run
				continue
			}
			compareValues(t, where+"."+value.Text(key), v, now)
		}
		return
	case []value.Value:
		other, ok := is.([]value.Value)
		if !ok || len(other) != len(said) {
			t.Errorf("%s is %v, said was %v", where, is, said)
			return
		}
		said, other = byText(said), byText(other)
		for i := range said {
			compareValues(t, fmt.Sprintf("%s[%d]", where, i), said[i], other[i])
		}
		return
	}
	if !value.Equal(said, is) {
		t.Errorf("%s is %v, said was %v", where, is, said)
	}
}

// byText orders a list of add-ons by all but their ids, which a check cannot know.
func byText(list []value.Value) []value.Value {
	text := func(v value.Value) string {
		m, ok := v.(*value.Map)
		if !ok {
			return ""
		}
		name, _ := m.Get("name")
		return value.Text(name)
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b value.Value) int { return strings.Compare(text(a), text(b)) })
	return list
}

// An addonState is what the emulator's store holds of an add-on.
type addonState struct {
	ID                           string // "new" where it was not there before
	Name, Provider, Plan, Region string
	Tags                         []string
}

// state returns the add-ons that are there, by name, provider and id.
func (p platform) state(t *testing.T) []addonState {
	t.Helper()
	client := p.client(t)
	list := []addonState{}
	for _, a := range p.Addons(p.User()) {
		tags, err := client.Tags(t.Context(), "", a.ID)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(tags)
		tags = slices.DeleteFunc(tags, func(tag string) bool { return strings.HasPrefix(tag, "runner-") }) // nobody's business
		list = append(list, addonState{a.ID, a.Name, a.Provider.ID, a.Plan.Slug, a.Region, append([]string{}, tags...)})
	}
	return sorted(list)
}

func sorted(list []addonState) []addonState {
	slices.SortFunc(list, func(a, b addonState) int {
		return strings.Compare(a.Name+" "+a.Provider+a.Plan, b.Name+" "+b.Provider+b.Plan)
	})
	return list
}

// An expectation is the world that a run leaves behind, if what a check says is right.
type expectation struct {
	addons []addonState
	known  []string // the ids of what was there before
	vague  bool     // something was unknown
}

func expect(before []addonState) *expectation {
	f := &expectation{addons: before}
	for _, a := range before {
		f.known = append(f.known, a.ID)
	}
	return f
}

// asFresh returns a world in which new objects have no id.
func (f *expectation) asFresh(list []addonState) []addonState {
	for i := range list {
		if !slices.Contains(f.known, list[i].ID) {
			list[i].ID = "new"
		}
	}
	return sorted(list)
}

var namedAddon = regexp.MustCompile(`^add-on "([^"]*)"(?: \((addon_[^)]+)\))?$`)

// apply does to the expected world what a check says that a task would do.
func (f *expectation) apply(end engine.TaskEnd) {
	if end.Outcome == engine.Unknown {
		f.vague = true
	}
	if end.Outcome != engine.Changed || end.Change == nil {
		return
	}
	for _, part := range end.Change.Each() {
		m := namedAddon.FindStringSubmatch(part.Object)
		if m == nil {
			continue
		}
		at := slices.IndexFunc(f.addons, func(a addonState) bool { return a.ID == m[2] || m[2] == "" && a.ID == "new" && a.Name == m[1] })
		switch part.Action {
		case engine.Create:
			f.addons, at = append(f.addons, addonState{ID: "new", Tags: []string{}}), len(f.addons)
		case engine.Delete:
			f.addons = slices.Delete(f.addons, at, at+1)
			continue
		case engine.Replace:
			f.addons[at].ID = "new"
		}
		for _, a := range part.Attrs {
			f.set(&f.addons[at], a)
		}
	}
	sorted(f.addons)
}

func (f *expectation) set(a *addonState, attr engine.Attr) {
	if _, ok := attr.After.(*value.Unknown); ok {
		f.vague = true
		return
	}
	text := value.Text(attr.After)
	switch attr.Path {
	case "name":
		a.Name = text
	case "provider":
		a.Provider = text
	case "plan":
		a.Plan = text
	case "region":
		a.Region = text
	case "tags":
		a.Tags = []string{}
		for _, tag := range attr.After.([]value.Value) {
			a.Tags = append(a.Tags, value.Text(tag))
		}
	}
}
