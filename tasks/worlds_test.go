package tasks_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/engine"
	"runner/engine/expr"
	"runner/engine/expr/value"
	"runner/tasks"
)

// TestACheckSaysWhatARunDoes: in three hundred made-up worlds, with made-up playbooks, what a
// check says is what the run does: task by task, object by object, attribute by attribute, what
// is registered, and what is there in the end. What the check calls unknown may be anything.
// One of the two has one job, the other many; every third world has many in both.
func TestACheckSaysWhatARunDoes(t *testing.T) {
	t.Parallel()
	unknown, changes := 0, 0
	for seed := range uint64(300) {
		w := &worldMaker{rand.New(rand.NewPCG(seed, 13))}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := contract{given: w.given()}
			jobs := [][2]int{{1, 0}, {0, 1}, {0, 0}}[seed%3]
			u, n := checkedAndRun(t, c.begin(t), w.book(), jobs[0], jobs[1])
			unknown, changes = unknown+u, changes+n
		})
	}
	if unknown == 0 || changes < 300 || unknown > changes {
		t.Errorf("%d changes were said, and %d unknown: the worlds show too little", changes, unknown)
	}
}

// TestAResultHoldsWhatThereWas: what a task registered of an add-on and is read after another
// task has changed or removed it, is what was read before that: in a check, in a run, and
// however many jobs there are.
func TestAResultHoldsWhatThereWas(t *testing.T) {
	t.Parallel()
	all := []contract{contracts{}.AddonRemove(), contracts{}.AddonConfig(), contracts{}.AddonPrune(), contracts{}.AddonLink()}
	for _, c := range changes {
		all = append(all, c)
	}
	for i, c := range all {
		for _, jobs := range []int{1, 0} {
			t.Run(fmt.Sprint(i, c.step.kind, jobs), func(t *testing.T) {
				t.Parallel()
				p := c.begin(t)
				p.allow, p.jobs = engine.Risks(), jobs
				early, late := step{kind: "addon_info", args: args(), register: "early"}, step{kind: "addon_info", args: args(), register: "late"}
				show := func(name string) step { return step{kind: "debug", args: args("msg", "{{ "+name+".addons }}")} }
				for _, check := range []bool{true, false} {
					ends := p.play(t, check, early, late, show("early"), c.step, show("late"))
					if want, got := ends[2].Result, ends[4].Result; !value.Equal(want, got) || ends[3].Outcome != engine.Changed {
						t.Errorf("check %v, then %v: before %s, after %s", check, ends[3].Outcome, value.OpenText(want), value.OpenText(got))
					}
				}
			})
		}
	}
}

// A slowRemoval keeps a removal waiting, so that others could overtake it.
type slowRemoval struct{ http.RoundTripper }

func (s slowRemoval) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodDelete {
		time.Sleep(50 * time.Millisecond)
	}
	return s.RoundTripper.RoundTrip(r)
}

// TestAnAddonHasSeveralNames: what one task knows by its real id and another by its name is one
// add-on, of which the first goes first.
func TestAnAddonHasSeveralNames(t *testing.T) {
	t.Parallel()
	for _, jobs := range []int{1, 0} {
		p := newPlatform(t)
		p.allow, p.jobs = engine.Risks(), jobs
		order := register("name", "db", "provider", "pg", "details", details("plan", "dev"))
		p.play(t, false, order)
		old := p.Addons(p.User())[0]
		p.transport = slowRemoval{p.Transport()}
		for _, check := range []bool{true, false} {
			ends := p.play(t, check, step{kind: "addon_remove", args: args("addon", old.RealID)}, order)
			if ends[0].Outcome != engine.Changed || ends[1].Outcome != engine.Changed || ends[1].Change.Action != engine.Create {
				t.Errorf("%d jobs, check %v: %v, then %v %v", jobs, check, ends[0].Outcome, ends[1].Outcome, ends[1].Change)
			}
		}
	}
}

// TestEveryPairOfKinds plays every kind's contract after every other's in one playbook, in a
// world that has what both need: what the check says is what the run does.
func TestEveryPairOfKinds(t *testing.T) {
	t.Parallel()
	all := map[string]contract{}
	kinds := tasks.Kinds(nil)
	for i := range kinds {
		name := reflect.TypeOf(kinds[i].New()).Elem().Name()
		if c := reflect.ValueOf(contracts{}).MethodByName(name).Call(nil)[0].Interface().(contract); c.elsewhere == "" {
			all[kinds[i].Name] = c
		}
	}
	for first, a := range all {
		for second, b := range all {
			t.Run(first+" and "+second, func(t *testing.T) { pair(t, a, b) })
		}
	}
}

// TestPairsOfChanges plays changes of an add-on after each other: each follows a few others.
func TestPairsOfChanges(t *testing.T) {
	t.Parallel()
	var names []string
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, first := range names {
		for j, second := range names {
			if (i+2*j)%5 == 0 {
				t.Run(first+", "+second, func(t *testing.T) { pair(t, changes[first], changes[second]) })
			}
		}
	}
}

func pair(t *testing.T, a, b contract) {
	t.Helper()
	both := a
	both.given, both.apps = slices.Concat(a.given, b.given), slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.apps, b.apps))))
	if both.scope == "" {
		both.scope = b.scope
	}
	checkedAndRun(t, both.begin(t), []step{a.step, b.step}, 1, 1)
}

// checkedAndRun checks steps in a world, runs them, and compares, each with so many jobs; 0:
// the default. It returns how much the check called unknown, and how many changes it reported.
func checkedAndRun(t *testing.T, p platform, book []step, ofCheck, ofRun int) (unknown, changed int) {
	t.Helper()
	p.allow, p.jobs = engine.Risks(), ofCheck
	foretold := foretell(p.state(t))
	checked := p.play(t, true, book...)
	for _, end := range checked {
		foretold.apply(end)
	}
	p.jobs = ofRun
	ran := p.play(t, false, book...)
	for i := range min(len(checked), len(ran)) {
		if checked[i].Outcome == engine.Unknown {
			unknown++
			if ran[i].Outcome.Bad() || checked[i].Problem != nil {
				break
			}
			continue
		}
		if checked[i].Outcome == engine.Changed {
			changed++
		}
		compareEnds(t, i, checked[i], ran[i])
		if ran[i].Outcome.Bad() {
			return unknown, changed
		}
	}
	if t.Failed() {
		t.Logf("the playbook:\n%s", wording(book))
		for i := range checked {
			t.Logf("task %d: said %v %v, did %v", i+1, checked[i].Outcome, checked[i].Change, ran[i].Outcome)
		}
	}
	if len(checked) != len(ran) {
		t.Errorf("%d tasks were checked, and %d run", len(checked), len(ran))
	}
	if got := foretold.asFresh(p.state(t)); !foretold.vague {
		if diff := cmp.Diff(foretold.addons, got); diff != "" {
			t.Errorf("in the end there is another world than was foretold (-check +run): %s\n%s", diff, wording(book))
		}
	}
	return unknown, changed
}

func wording(book []step) string {
	var b strings.Builder
	for _, s := range book {
		fmt.Fprintf(&b, "%s %s\n", s.kind, shown(s.args))
	}
	return b.String()
}

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

// A foretelling is the world as a check says that it will be.
type foretelling struct {
	addons []addonState
	known  []string // the ids of what was there before
	vague  bool     // something was unknown
}

func foretell(before []addonState) *foretelling {
	f := &foretelling{addons: before}
	for _, a := range before {
		f.known = append(f.known, a.ID)
	}
	return f
}

// asFresh returns a world in which new objects have no id.
func (f *foretelling) asFresh(list []addonState) []addonState {
	for i := range list {
		if !slices.Contains(f.known, list[i].ID) {
			list[i].ID = "new"
		}
	}
	return sorted(list)
}

var namedAddon = regexp.MustCompile(`^add-on "([^"]*)"(?: \((addon_[^)]+)\))?$`)

// apply does to the foretold world what a check says that a task would do.
func (f *foretelling) apply(end engine.TaskEnd) {
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

func (f *foretelling) set(a *addonState, attr engine.Attr) {
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

// shown returns arguments as a text, for who reads a failure.
func shown(n *expr.Node) string {
	switch {
	case n.Shape == expr.Mapping:
		var parts []string
		for _, e := range n.Entries {
			parts = append(parts, e.Key.Text+": "+shown(e.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case n.Shape == expr.Sequence:
		var parts []string
		for _, item := range n.Items {
			parts = append(parts, shown(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return n.Text
}

// A worldMaker makes worlds and playbooks up.
type worldMaker struct{ *rand.Rand }

func pick[T any](w *worldMaker, list ...T) T { return list[w.IntN(len(list))] }

// given orders what there is before.
func (w *worldMaker) given() []step {
	var list []step
	for _, name := range []string{"a", "b", "c"}[:w.IntN(4)] {
		list = append(list, w.order(name))
	}
	return list
}

// order declares an add-on somehow.
func (w *worldMaker) order(name string) step {
	provider, plan, version := "pg", pick(w, "dev", "xxs_sml", "xs_sml", "s_sml"), pick(w, "", "", "15", "16")
	if w.IntN(5) == 0 {
		name, provider, plan, version = name+"-cache", "redis", pick(w, "s_mono", "m_mono"), "" // so that names tell who is meant
	}
	d := []any{"plan", plan, "shrink", true}
	if version != "" {
		d = append(d, "version", version)
	}
	if w.IntN(3) == 0 {
		d = append(d, "region", pick(w, "par", "mtl"))
	}
	if w.IntN(4) == 0 && plan != "dev" {
		d = append(d, "encryption", pick(w, true, false))
	}
	pairs := []any{"name", name, "provider", provider, "details", details(d...)}
	if w.IntN(3) == 0 {
		pairs = append(pairs, "tags", list(pick(w, []string{"x"}, []string{"x", "y"}, nil)...))
	}
	return register(pairs...)
}

// book makes a playbook up: later tasks use what earlier ones registered.
func (w *worldMaker) book() []step {
	var book []step
	var registered []string
	for i := range 1 + w.IntN(6) {
		s := w.task(registered)
		if s.kind == "addon_register" || s.kind == "addon_info" {
			s.register = fmt.Sprintf("r%d", i)
			registered = append(registered, s.register)
		}
		s.name = fmt.Sprintf("task %d", i+1)
		book = append(book, s)
	}
	return book
}

func (w *worldMaker) task(registered []string) step {
	name := pick(w, "a", "b", "c", "d")
	if len(registered) == 0 {
		registered = []string{""}
	}
	from := pick(w, registered...)
	switch n := w.IntN(10); {
	case n == 0:
		return step{kind: "addon_remove", args: args("addon", name)}
	case n == 1:
		return step{kind: "addon_info", args: args("addon", name)}
	case n == 2 && from != "":
		return step{kind: "addon_remove", args: args("addon", "{{ "+from+".addon_id | default('"+name+"', true) }}")}
	case n == 3 && from != "":
		return step{kind: "env_file", args: args("dest", name+".env", "from", args("ID", "{{ "+from+".name | default('none', true) }}", "PLAN", "{{ "+from+".plan.slug | default('none', true) }}"))}
	case n == 4 && from != "":
		part := pick(w, "region", "tags", "version", "addon_id", "addons | default([]) | map(attribute='tags') | list", "plan.slug", "env | default({}) | dict2items | length")
		return step{kind: "debug", args: args("msg", "{{ "+from+"."+part+" | default('none') }}")}
	}
	return w.order(name)
}
