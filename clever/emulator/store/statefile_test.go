package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever/emulator/catalogue"
)

func put(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func catalogueOf(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A written state is a file with the names of its add-ons after each writing.
type written struct {
	text   []byte
	worlds map[int64]map[string]string // by the size of the file
}

func write(t testing.TB) written {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.json")
	k := openKept(t, path, nil)
	defer k.shut()
	s := written{worlds: map[int64]map[string]string{}}
	note := func() { s.worlds[k.file.size] = k.names() }
	note()
	a := k.order("one")
	note()
	b := k.order("two")
	note()
	for _, name := range []string{"new", "with \"quotes\"\nand é"} {
		k.rename(a.ID, name)
		note()
	}
	k.do(func(d *Draft) { d.AddOrganisation(Account{ID: "orga_new", Name: "new", Created: 2}) })
	note()
	k.order("after an organisation")
	note()
	k.do(func(d *Draft) {
		d.Applications.Put(&Application{ID: "app_1", Owner: k.World().User.ID, Name: "shop", Zone: "par", Addons: []string{a.ID, b.ID}})
		d.Groups.Put(&Group{ID: "ng_1", Owner: k.World().User.ID, Members: []Member{{ID: b.RealID}, {ID: "app_1"}}})
	})
	note()
	k.do(func(d *Draft) { d.Remove(b.ID) })
	note()
	s.text = contents(t, path)
	return s
}

// TestStateCutShort: wherever a file ends, its whole lines count.
func TestStateCutShort(t *testing.T) {
	t.Parallel()
	s := write(t)
	c, f := catalogueOf(t), &stateFile{path: "state.json"}
	first := bytes.IndexByte(s.text, '\n')
	var want map[string]string
	for end := range len(s.text) + 1 {
		if kept := s.worlds[int64(end)]; kept != nil {
			want = kept
		}
		w, _, err := f.parse(s.text[:end], c)
		switch {
		case end <= first:
			if err == nil || !strings.Contains(err.Error(), "line 1") {
				t.Fatalf("%d bytes: %v", end, err)
			}
		case err != nil:
			t.Fatalf("%d bytes: %v", end, err)
		case !cmp.Equal(namesOf(w), want):
			t.Fatalf("%d bytes: %v, want %v", end, namesOf(w), want)
		}
	}
}

// TestStateGoesOnAfterTornLine: what was being written is passed over, and written over.
func TestStateGoesOnAfterTornLine(t *testing.T) {
	t.Parallel()
	s := write(t)
	path := filepath.Join(t.TempDir(), "state.json")
	for _, torn := range []string{`{"sum":"0`, strings.Repeat("\x00", 5000), string(s.text[bytes.LastIndexByte(s.text[:len(s.text)-1], '\n')+1 : len(s.text)-1])} {
		put(t, path, append(bytes.Clone(s.text), torn...))
		k := openKept(t, path, nil)
		want := k.names()
		if diff := cmp.Diff(s.worlds[int64(len(s.text))], want); diff != "" {
			t.Error(diff)
		}
		a := k.order("x")
		want[a.ID] = a.Name
		k.shut()
		k = openKept(t, path, nil)
		if diff := cmp.Diff(want, k.names()); diff != "" {
			t.Error(diff)
		}
		k.shut()
	}
}

// TestStateDamagedAnywhere: no changed byte goes unnoticed, and its line is named.
func TestStateDamagedAnywhere(t *testing.T) {
	t.Parallel()
	s := write(t)
	c, f := catalogueOf(t), &stateFile{path: "state.json"}
	for i := range len(s.text) - 1 { // without its end the last line was never whole
		text := bytes.Clone(s.text)
		text[i] ^= 1
		line := fmt.Sprintf("line %d: ", 1+bytes.Count(s.text[:i], []byte("\n")))
		_, _, err := f.parse(text, c)
		if err == nil || !strings.Contains(err.Error(), "state.json") || !strings.Contains(err.Error(), line) && !strings.Contains(err.Error(), "of version 3") {
			t.Errorf("byte %d: %v, want %s", i, err, line)
		}
	}
}

// TestStateOfVersion1 stays as it is until something changes.
func TestStateOfVersion1(t *testing.T) {
	t.Parallel()
	const text = `{"version":1,"user":{"id":"user_1","name":"x","created":1},"organisations":null,"addons":[
{"id":"addon_1","realId":"kv_1","owner":"user_1","name":"old","provider":"kv","plan":"plan_310a853e-ec9a-42f2-8ea9-877af376bc25","region":"par","created":1}
]}
`
	path := filepath.Join(t.TempDir(), "state.json")
	put(t, path, []byte(text))
	openKept(t, path, nil).shut()
	if got := contents(t, path); string(got) != text {
		t.Errorf("reading made it\n%s", got)
	}
	k := openKept(t, path, nil)
	a := k.order("new")
	k.shut()
	k = openKept(t, path, nil)
	defer k.shut()
	if diff := cmp.Diff(map[string]string{"addon_1": "old", a.ID: "new"}, k.names()); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(contents(t, path), []byte(`"version":3`)) {
		t.Error("it is of version 1 still")
	}
}

// TestStateThatOthersChange: an emulator's next change puts the file right.
func TestStateThatOthersChange(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"removed":   os.Remove,
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"cut short": func(path string) error { return os.Truncate(path, 300) },
		"put back": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, bytes.Repeat([]byte("x"), 1<<16), 0o600))
		},
		"appended to": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("{}\n")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			k := openKept(t, path, nil)
			k.order("before")
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			k.order("after")
			k.shut()
			again := openKept(t, path, nil)
			defer again.shut()
			if diff := cmp.Diff(k.names(), again.names()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestStateStaysSmall: the past does not pile up, and nothing is lost while a fresh
// file is drawn.
func TestStateStaysSmall(t *testing.T) {
	t.Parallel()
	const slack = 20_000
	path := filepath.Join(t.TempDir(), "state.json")
	k := openKept(t, path, nil)
	k.file.slack = slack
	first := k.file.info
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			a := k.order(fmt.Sprint(i))
			for n := range 60 {
				k.rename(a.ID, fmt.Sprintf("%d-%d", i, n))
			}
		})
	}
	all.Wait()
	k.shut()
	f := k.file
	if f.info == first || f.size > 3*slack {
		t.Errorf("it has %d bytes, and %d when it was fresh", f.size, f.fresh)
	}
	if left, _ := filepath.Glob(path + ".new-*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
	again := openKept(t, path, nil)
	defer again.shut()
	if diff := cmp.Diff(k.names(), again.names()); diff != "" {
		t.Error(diff)
	}
	for id, name := range again.names() {
		if !strings.HasSuffix(name, "-59") {
			t.Errorf("%s is %s", id, name)
		}
	}
}

// TestChangesWhileDrawing: what is kept between the drawing of a fresh file and its
// taking the place of the old one is in it.
func TestChangesWhileDrawing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	k := openKept(t, path, nil)
	a, b := k.order("a"), k.order("b")
	f := k.file
	since, w := f.size, k.World()
	drawn, err := f.writeFresh(w)
	if err != nil {
		t.Fatal(err)
	}
	k.do(func(d *Draft) { d.Remove(a.ID) })
	k.rename(b.ID, "renamed")
	k.order("c")
	if err := f.compact(drawn, since); err != nil {
		t.Fatal(err)
	}
	k.order("d")
	k.shut()
	again := openKept(t, path, nil)
	defer again.shut()
	if diff := cmp.Diff(k.names(), again.names()); diff != "" {
		t.Error(diff)
	}
}

// TestTables: rows outlive the process as they were changed, and nothing names an
// add-on that is gone.
func TestTables(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	k := openKept(t, path, nil)
	a, b := k.order("a"), k.order("b")
	owner := k.World().User.ID
	k.do(func(d *Draft) {
		d.Applications.Put(&Application{ID: "app_1", Owner: owner, Name: "one", Zone: "par", Addons: []string{a.ID, b.ID}})
		d.Applications.Put(&Application{ID: "app_2", Owner: owner, Name: "two", Zone: "par", Dependencies: []string{"app_1"}})
		d.Groups.Put(&Group{ID: "ng_1", Owner: owner, Members: []Member{{ID: a.RealID}, {ID: "app_1"}}, Peers: []Peer{{ID: "p", Parent: a.RealID}}})
		d.Drains.Put(&Drain{ID: "drain_1", Resource: a.RealID})
		d.Drains.Put(&Drain{ID: "drain_2", Resource: "app_1"})
		d.Buckets.Put(&Bucket{Name: "goods", Addon: a.ID, Objects: map[string]*Object{"k": {Data: []byte("v")}}})
		d.Consumers.Put(&Consumer{ConsumerKey: "c", Owner: owner})
	})
	k.do(func(d *Draft) {
		d.Remove(a.ID)
		changed := *d.Applications.Find("app_1")
		changed.Name = "renamed"
		d.Applications.Put(&changed)
	})
	k.do(func(d *Draft) { d.Consumers.Remove("c") })
	held := func(k *kept) {
		t.Helper()
		w := k.World()
		one := w.Applications.Find("app_1")
		if one == nil || one.Name != "renamed" || !slices.Equal(one.Addons, []string{b.ID}) || w.Applications.All()[1].ID != "app_2" {
			t.Errorf("the applications are %+v", w.Applications.All())
		}
		if g := w.Groups.Find("ng_1"); len(g.Members) != 1 || len(g.Peers) != 0 {
			t.Errorf("the group is %+v", g)
		}
		if len(w.Drains.All()) != 1 || len(w.Buckets.All()) != 0 || w.Consumers.Find("c") != nil {
			t.Error("something is left of what was removed")
		}
	}
	held(k)
	k.shut()
	k = openKept(t, path, nil)
	held(k)
	k.do(func(d *Draft) { d.RemoveApplication("app_1") })
	k.shut()
	k = openKept(t, path, nil)
	defer k.shut()
	w := k.World()
	if w.Applications.Find("app_1") != nil || len(w.Applications.All()[0].Dependencies) != 0 || len(w.Groups.Find("ng_1").Members) != 0 || len(w.Drains.All()) != 0 {
		t.Errorf("after the application is gone: %+v %+v", w.Applications.All(), w.Groups.All())
	}
}

// TestRefusedTables: a change that cannot be saved changes no table.
func TestRefusedTables(t *testing.T) {
	k := openKept(t, filepath.Join(t.TempDir(), "state.json"), nil)
	k.shut()
	if k.try(func(d *Draft) { d.Consumers.Put(&Consumer{ConsumerKey: "late"}) }) == nil || k.World().Consumers.Find("late") != nil {
		t.Error("a closed store took a row")
	}
}
