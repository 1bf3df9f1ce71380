package control

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/fleet/flow"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// ended is a play that began and ended at minutes after noon.
func ended(name string, check bool, began, ended, exit int) PlayInfo {
	p := PlayInfo{ID: fmt.Sprint(name, began), Run: fmt.Sprint(name, check, began), Name: name, Check: check, Phase: flow.Ended, Exit: &exit, Began: at(began), Ended: at(ended), Status: "Completed"}
	if exit != 0 && exit != 3 {
		p.Status = "Failed"
	}
	return p
}

func running(name string, began int, phase string, needs ...flow.Change) PlayInfo {
	return PlayInfo{ID: fmt.Sprint(name, began), Run: fmt.Sprint(name, false, began), Name: name, Phase: phase, Began: at(began), Status: "Running", Needs: needs}
}

// summary writes what an overview says of each playbook.
func summary(o *Overview, f Filter) string {
	var all []string
	for _, p := range o.Filter(f) {
		text := p.Name
		for _, play := range p.Plays(f) {
			text += fmt.Sprintf(" [%s %s%s]", play.ID, play.State(), map[bool]string{true: ": " + play.Why()}[play.Why() != ""])
		}
		if p.Drift {
			text += " drift"
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// TestAnOverview: whatever the order in which plays are learned of, and however often,
// the latest of each playbook count; all that wait are listed; drift ends with a play
// that ended well; each end is reported once.
func TestAnOverview(t *testing.T) {
	replace := flow.Change{Risk: "replace", Action: "replace", Object: `add-on "db"`}
	plays := []PlayInfo{
		ended("a", false, 0, 2, 0), ended("a", true, 5, 6, 3), ended("a", false, 10, 12, 2),
		ended("b", true, 5, 6, 3), ended("b", false, 7, 8, 0),
		running("c", 1, flow.Waiting, replace), running("c", 20, flow.Queued), running("d", 0, flow.Waiting),
		{ID: "e0", Run: "e", Name: "e", Phase: flow.Waiting, Began: noon, Ended: at(1), Status: "Terminated"},
	}
	plays[2].Message = "site.yml:3: refused\nmore"
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		m, ends := newMemory(), 0
		for range 2 {
			r.Shuffle(len(plays), func(i, j int) { plays[i], plays[j] = plays[j], plays[i] })
			for _, p := range plays {
				if m.add(p) {
					ends++
				}
			}
		}
		m.schedules = map[string]scheduleInfo{
			"play/a": {next: []time.Time{at(10), at(30)}, lag: time.Second}, "drift/a": {next: []time.Time{at(40)}},
			"play/new": {next: []time.Time{at(50)}, lag: time.Minute}, "play/b": {paused: true, note: "by ann", lag: time.Hour},
		}
		o := m.overview(at(20))
		for filter, want := range map[Filter]string{
			{}:                           "a [a10 failed (exit 2): site.yml:3: refused] [a5 drift] drift\nb [b7 ok] [b5 drift]\nc [c20 queued or playing]\nd [d0 waiting for consent]\ne [e0 terminated]\nnew",
			{Drift: true}:                "a [a5 drift] drift",
			{Waiting: true}:              "c [c1 waiting for consent: replace add-on \"db\"]\nd [d0 waiting for consent]",
			{Failed: true}:               "a [a10 failed (exit 2): site.yml:3: refused] drift\ne [e0 terminated]",
			{Failed: true, Drift: true}:  "a [a10 failed (exit 2): site.yml:3: refused] [a5 drift] drift",
			{Drift: true, Waiting: true}: "",
		} {
			if d := cmp.Diff(want, summary(o, filter)); d != "" {
				t.Fatalf("seed %d, %+v: %s", seed, filter, d)
			}
		}
		if ends != 6 || o.Schedules != 4 || o.Paused != 1 || o.Lag != time.Minute || o.Phases[flow.Waiting] != 2 || o.Phases[flow.Queued] != 1 || len(o.Waiting) != 2 || o.Waiting[0].ID != "d0" {
			t.Fatalf("%d ends, %+v", ends, o)
		}
		a := o.Playbooks[0]
		if a.Next != at(30) || a.NextCheck != at(40) || a.Success != at(2) || !o.Playbooks[1].Paused || o.Playbooks[1].Note != "by ann" {
			t.Fatalf("%+v", o.Playbooks)
		}
		if p := o.find("c"); p == nil || p.ID != "c1" {
			t.Fatalf("the play of c that is found is %+v", p)
		}
		for name, want := range map[string]string{"new": "new was not played yet", "nw": `there is no play and no playbook "nw"; did you mean "new"?`} {
			if err := o.missing(name); err.Error() != want {
				t.Fatalf("%v", err)
			}
		}
		m.forget(at(7))
		if len(m.ended) != 2 {
			t.Fatalf("it remembers %v", m.ended)
		}
	}
}

func TestDigest(t *testing.T) {
	a, b := flow.Change{Risk: "a", Action: "b"}, flow.Change{Risk: "a b"}
	seen := map[string]bool{}
	for _, list := range [][]flow.Change{nil, {a}, {b}, {a, b}, {b, a}, {a, a}, {{Risk: "a", Object: "b"}}} {
		d := Digest(list)
		if seen[d] || d != Digest(list) {
			t.Errorf("%v has the digest of another", list)
		}
		seen[d] = true
	}
}
