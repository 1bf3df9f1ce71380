package tasks_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
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
	expected := expect(p.state(t))
	checked := p.play(t, true, book...)
	for _, end := range checked {
		expected.apply(end)
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
	if got := expected.asFresh(p.state(t)); !expected.vague {
		if diff := cmp.Diff(expected.addons, got); diff != "" {
			t.Errorf("the run left another world than the check said (-check +run): %s\n%s", diff, wording(book))
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
