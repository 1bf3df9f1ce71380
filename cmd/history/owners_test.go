package history

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"runner/orderlog"
)

func ownersOf(t *testing.T, dir string, wait time.Duration) *Owners {
	t.Helper()
	o := &Owners{Lock: Lock{Dir: dir, Wait: wait, Out: io.Discard}, Holder: Holder{Run: "run", PID: os.Getpid(), Since: time.Now()},
		Warn: func(text string) { t.Errorf("warned: %s", text) }}
	t.Cleanup(o.Release)
	return o
}

const (
	acme  = "orga_acme"
	other = "orga_other"
	api   = "https://api.example.test"
)

// TestWhoExcludesWhom: those who touch the same owner's add-ons on the same platform,
// whatever their tokens; in a personal space, those with the same token.
func TestWhoExcludesWhom(t *testing.T) {
	for name, test := range map[string]struct {
		first, second Owner
		excluded      bool
	}{
		"two tokens of one organisation": {Owner{api, acme, "one"}, Owner{api, acme, "two"}, true},
		"one token of two organisations": {Owner{api, acme, "one"}, Owner{api, other, "one"}, false},
		"two platforms":                  {Owner{api, acme, "one"}, Owner{"https://else.example.test", acme, "one"}, false},
		"the platform, said otherwise":   {Owner{api, acme, "one"}, Owner{"HTTPS://API.example.test/", acme, "one"}, true},
		"one personal space":             {Owner{api, "", "one"}, Owner{api, "", "one"}, true},
		"two personal spaces":            {Owner{api, "", "one"}, Owner{api, "", "two"}, false},
		"a space and an organisation":    {Owner{api, "", "one"}, Owner{api, acme, "one"}, false},
	} {
		dir := t.TempDir()
		if err := ownersOf(t, dir, 0).Take(t.Context(), []Owner{test.first}); err != nil {
			t.Fatal(err)
		}
		err := ownersOf(t, dir, 0).Take(t.Context(), []Owner{test.second})
		if _, locked := errors.AsType[*LockedError](err); locked != test.excluded || err != nil && !locked {
			t.Errorf("%s: %v, want excluded: %v", name, err, test.excluded)
		}
	}
}

// TestSeveralOwnersNeverWaitForEachOther: two runs name the same owners in opposite
// orders, and both get them.
func TestSeveralOwnersNeverWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		orders := [][]Owner{{{api, acme, "x"}, {api, other, "x"}}, {{api, other, "x"}, {api, acme, "x"}}}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				o := ownersOf(t, dir, time.Hour)
				if err := o.Take(t.Context(), orders[i%2]); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
				o.Release()
			})
		}
		wg.Wait()
	})
}

// TestALockThatComesLater: a run that has a lock waits only for those that sort behind
// it: whoever has one before it may be waiting for this run.
func TestALockThatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		low, high := Owner{api, acme, ""}, Owner{api, other, ""}
		if low.name() > high.name() {
			low, high = high, low
		}
		one, two := ownersOf(t, dir, time.Minute), ownersOf(t, dir, time.Minute)
		for o, owner := range map[*Owners]Owner{one: low, two: high} {
			if err := o.Take(t.Context(), []Owner{owner}); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		_, err := two.Open(t.Context(), low)
		if _, locked := errors.AsType[*LockedError](err); !locked || time.Since(start) > 0 {
			t.Errorf("%v after %v, want to be refused at once", err, time.Since(start))
		}
		time.AfterFunc(30*time.Second, two.Release)
		if _, err := one.Open(t.Context(), high); err != nil || time.Since(start) < 30*time.Second {
			t.Errorf("%v after %v, want to have waited", err, time.Since(start))
		}
	})
}

// TestOrdersThatAreOpen: they are listed, of all owners, those that are closed are not;
// a check only reads.
func TestOrdersThatAreOpen(t *testing.T) {
	dir := t.TempDir()
	o := ownersOf(t, dir, 0)
	note := func(owner Owner, order orderlog.Order, id string, mark bool) {
		t.Helper()
		log, err := o.Open(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		key, err := log.Intend(order)
		if err == nil && id != "" {
			err = log.Ordered(key, id)
		}
		if err == nil && mark {
			err = log.Marked(id)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	note(Owner{api, acme, ""}, orderlog.Order{Provider: "pg", Name: "lost"}, "", false)
	note(Owner{api, acme, ""}, orderlog.Order{Provider: "pg", Name: "done", Scope: "shop"}, "addon_1", true)
	note(Owner{api, other, ""}, orderlog.Order{Provider: "pg", Name: "bare", Scope: "shop"}, "addon_2", false)
	open, err := OpenOrders(dir)
	if err != nil || len(open) != 2 || open[0].Name != "lost" || open[1].Name != "bare" {
		t.Errorf("%+v, %v", open, err)
	}
	if text := OrderText(open[1]); !strings.Contains(text, "addon_2") || !strings.Contains(text, "scope shop") {
		t.Errorf("%s", text)
	}
	check := ownersOf(t, dir, 0)
	check.ReadOnly = true
	log, err := check.Open(t.Context(), Owner{api, acme, ""}) // whose lock another run has
	if err != nil || len(log.Left()) != 1 {
		t.Errorf("%v, %v", log, err)
	}
	if !check.Unfinished(Owner{api, acme, ""}) || check.Unfinished(Owner{api, "orga_none", ""}) {
		t.Error("it does not know who has something unfinished")
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "orders", "*")); len(files) != 2 {
		t.Errorf("%v", files)
	}
}

// TestNoHome: where nothing can be written, a run goes on, and is warned.
func TestNoHome(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	warned := 0
	o := &Owners{Lock: Lock{Dir: file, Out: io.Discard}, Warn: func(string) { warned++ }}
	log, err := o.Open(context.Background(), Owner{api, acme, ""})
	if err != nil || log == nil || warned != 1 {
		t.Errorf("%v, %v, warned %d times", log, err, warned)
	}
}
