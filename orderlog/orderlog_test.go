package orderlog

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func path(t *testing.T) string { return filepath.Join(t.TempDir(), "log.jsonl") }

func open(t *testing.T, path string) *Log {
	t.Helper()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// must returns a value, or ends the test.
func must[V any](v V, err error) func(*testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// same compares instants, whatever the time zone, and takes an empty list for none.
var same = cmp.Options{cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }), cmpopts.EquateEmpty()}

// TestWhatIsRemembered does by chance what a run does, and compares what a log that is
// opened again holds with what the first one does.
func TestWhatIsRemembered(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		file := path(t)
		l := open(t, file)
		var keys, ids []string
		for i := range r.IntN(40) {
			switch r.IntN(7) {
			case 0, 1:
				order := Order{Provider: "pg", Name: fmt.Sprint("db-", i), Scope: []string{"", "shop"}[r.IntN(2)], Before: []string{"addon_0"}[:r.IntN(2)], Run: "run"}
				keys = append(keys, must(l.Intend(order))(t))
			case 2:
				if len(keys) > 0 {
					id := fmt.Sprint("addon_", i+1)
					ids = append(ids, id)
					ok(t, l.Ordered(keys[r.IntN(len(keys))], id))
				}
			case 3:
				if len(keys) > 0 {
					ok(t, l.Nothing(keys[r.IntN(len(keys))]))
				}
			case 4:
				if len(ids) > 0 {
					ok(t, l.Marked(ids[r.IntN(len(ids))]), l.Renamed(ids[r.IntN(len(ids))], "new"))
				}
			case 5:
				if len(ids) > 0 {
					d := Declaration{Time: time.Now(), Run: fmt.Sprint("run-", i), Playbook: []string{"a.yml", "b.yml"}[r.IntN(2)], With: map[string]string{"env": "1"}}
					ok(t, l.Declare(ids[r.IntN(len(ids))], d))
				}
			case 6:
				if len(ids) > 0 {
					ok(t, l.Removed(ids[r.IntN(len(ids))]))
				}
			}
		}
		ok(t, l.flush())
		again := open(t, file)
		if d := cmp.Diff(l.Orders(), again.Orders(), same); d != "" {
			t.Errorf("seed %d: %s", seed, d)
		}
		for _, id := range ids {
			if l.WasRemoved(id) {
				if all := l.Declarations(id); len(all) > 0 {
					t.Errorf("seed %d: %s is removed, and declared: %v", seed, id, all)
				}
			} else if d := cmp.Diff(l.Declarations(id), again.Declarations(id), same); d != "" {
				t.Errorf("seed %d: %s", seed, d)
			}
			if l.WasRemoved(id) != again.WasRemoved(id) {
				t.Errorf("seed %d: %s is removed: %v, then %v", seed, id, l.WasRemoved(id), again.WasRemoved(id))
			}
		}
		if left, want := len(again.Left()), count(l.Orders(), Order.Open); left != want || len(l.Left()) != 0 || again.Damaged() != 0 {
			t.Errorf("seed %d: %d are left, want %d; %d for the run itself; %d lines damaged", seed, left, want, len(l.Left()), again.Damaged())
		}
	}
}

func count(orders []Order, is func(Order) bool) int {
	n := 0
	for _, o := range orders {
		if is(o) {
			n++
		}
	}
	return n
}

// TestCutAnywhere: whatever part of a log is on the disk, it can be read and written
// on, and only the last line is lost.
func TestCutAnywhere(t *testing.T) {
	file := path(t)
	l := open(t, file)
	for i := range 3 {
		key := must(l.Intend(Order{Provider: "pg", Name: fmt.Sprint(i)}))(t)
		ok(t, l.Ordered(key, fmt.Sprint("addon_", i)))
	}
	text := must(os.ReadFile(file))(t)
	for n := 0; n < len(text); n += 5 {
		ok(t, os.WriteFile(file, text[:n], 0o600))
		l := open(t, file)
		whole := bytes.Count(text[:n], []byte("\n"))
		if got := len(l.Orders()) + count(l.Orders(), func(o Order) bool { return !o.Open() }); got != whole && got != whole+1 || l.Damaged() > 1 {
			t.Fatalf("of %d bytes %d lines are known, want %d; %d damaged", n, got, whole, l.Damaged())
		}
		must(l.Intend(Order{Provider: "pg", Name: "later"}))(t)
		again := must(Read(file))(t)
		if d := cmp.Diff(l.Orders(), again.Orders(), same); d != "" {
			t.Fatalf("cut at %d and written on: %s", n, d)
		}
	}
}

// TestALargeLogIsMadeSmaller: what is open stays, and so does what is new.
func TestALargeLogIsMadeSmaller(t *testing.T) {
	file := path(t)
	l := open(t, file)
	old := time.Now().Add(-30 * 24 * time.Hour)
	for i := range 2000 {
		key := fmt.Sprint("key-", i)
		ok(t, l.add(entry{Event: intended, Time: old, Order: &Order{Key: key, Time: old, Provider: "pg", Name: "old"}}, false),
			l.add(entry{Event: ordered, Time: old, Key: key, ID: fmt.Sprint("addon_", i)}, false))
	}
	ok(t, l.add(entry{Event: intended, Time: old, Order: &Order{Key: "open", Time: old, Provider: "pg", Name: "open"}}, false),
		l.add(entry{Event: intended, Time: old, Order: &Order{Key: "unmarked", Time: old, Provider: "pg", Name: "unmarked", Scope: "shop"}}, false),
		l.add(entry{Event: ordered, Time: old, Key: "unmarked", ID: "addon_u"}, false))
	key := must(l.Intend(Order{Provider: "pg", Name: "new"}))(t)
	ok(t, l.Ordered(key, "addon_new"))
	small := open(t, file)
	var names []string
	for _, o := range small.Orders() {
		names = append(names, o.Name)
	}
	if d := cmp.Diff([]string{"open", "unmarked", "new"}, names); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(small.Orders(), must(Read(file))(t).Orders(), same); d != "" || len(small.Left()) != 1 {
		t.Errorf("%d left; %s", len(small.Left()), d)
	}
}

// TestTheLastDeclarationsAreKept: however old, and however many runs declared the same.
func TestTheLastDeclarationsAreKept(t *testing.T) {
	file := path(t)
	l := open(t, file)
	for run := range 300 {
		for i := range 20 {
			d := Declaration{Time: time.Unix(int64(run), 0), Run: fmt.Sprint("run-", run), Playbook: "/shop/site.yml", Scope: "shop", With: map[string]string{"env": fmt.Sprint(run % 2)}}
			ok(t, l.Declare(fmt.Sprintf("addon_%02d-0000-0000-0000-000000000000", i), d))
		}
		ok(t, l.flush())
	}
	ok(t, l.Declare("addon_other", Declaration{Time: time.Unix(1, 0), Run: "old", Playbook: "/other.yml"}), l.Removed("addon_01-0000-0000-0000-000000000000"), l.Close())
	before := must(os.Stat(file))(t).Size()
	small := open(t, file)
	if after := must(os.Stat(file))(t).Size(); before < tidy || after > before/10 {
		t.Errorf("%d bytes become %d", before, after)
	}
	for _, l := range []*Log{small, must(Read(file))(t)} {
		last := l.Declarations("addon_07-0000-0000-0000-000000000000")
		if len(last) != 1 || last[0].Run != "run-299" || last[0].With["env"] != "1" || last[0].Scope != "shop" {
			t.Errorf("%v", last)
		}
		if other := l.Declarations("addon_other"); len(other) != 1 || other[0].Playbook != "/other.yml" {
			t.Errorf("%v", other)
		}
		if gone := l.Declarations("addon_01-0000-0000-0000-000000000000"); len(gone) != 0 {
			t.Errorf("what is gone is declared: %v", gone)
		}
	}
}

// TestIntentsSideBySide: many at once have keys of their own, and all are in the file.
func TestIntentsSideBySide(t *testing.T) {
	file := path(t)
	l := open(t, file)
	var mu sync.Mutex
	var keys []string
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			key, err := l.Intend(Order{Provider: "pg", Name: "db"})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			keys = append(keys, key)
		})
	}
	wg.Wait()
	slices.Sort(keys)
	if n := len(slices.Compact(keys)); n != 64 || len(must(Read(file))(t).Left()) != 64 {
		t.Errorf("%d keys", n)
	}
}

// TestWhatIsNoLog: what is no file is refused and left alone, and what cannot be noted
// is an error.
func TestWhatIsNoLog(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	ok(t, os.WriteFile(target, []byte("theirs"), 0o644), os.Symlink(target, filepath.Join(dir, "link")), os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	for _, name := range []string{"link", "folder"} {
		if _, err := Open(filepath.Join(dir, name)); err == nil {
			t.Errorf("a %s is a log", name)
		}
	}
	if text, err := os.ReadFile(target); string(text) != "theirs" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	l := open(t, filepath.Join(dir, "log"))
	ok(t, l.file.Close())
	if _, err := l.Intend(Order{Name: "db"}); err == nil {
		t.Error("an order is noted in a file that is closed")
	}
	if info, err := os.Stat(filepath.Join(dir, "log")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"event":"order","order":{"key":"a","provider":"pg","name":"db"}}` + "\n" + `{"event":"ordered","key":"a","id":"addon_1"}`))
	f.Add([]byte("null\n{}\n[\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := path(t)
		ok(t, os.WriteFile(file, text, 0o600))
		l := open(t, file)
		key := must(l.Intend(Order{Provider: "pg", Name: "db"}))(t)
		if left := must(Read(file))(t).Left(); !slices.ContainsFunc(left, func(o Order) bool { return o.Key == key }) {
			t.Errorf("what was noted is not read again")
		}
	})
}
