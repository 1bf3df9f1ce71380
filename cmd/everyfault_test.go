package cmd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"runner/clever/emulator"
)

// TestEveryFaultAtEveryRequest lets each fault strike each request of a play, one
// at a time. Either the play makes the declared world all the same, or it fails
// and says so, and the next one makes it. Never is anything there twice.
func TestEveryFaultAtEveryRequest(t *testing.T) {
	t.Parallel()
	for _, jobs := range []string{"-j1", "-j10"} {
		n := requestsOf(t, jobs) // which starts the runtime's goroutine for signals, outside of all bubbles
		if n < 6 {
			t.Fatalf("the play makes %d requests: too few to learn from", n)
		}
		kinds := emulator.FaultKinds()
		if jobs != "-j1" { // those that may strike while something else is under way
			kinds = []emulator.FaultKind{emulator.CutAfter, emulator.HangAfter, emulator.Unavailable, emulator.Expired}
		}
		for _, kind := range kinds {
			t.Run(fmt.Sprintf("%s%s", kind, jobs), func(t *testing.T) {
				t.Parallel()
				for at := 1; at <= n; at += pace {
					synctest.Test(t, func(t *testing.T) { struck(t, kind, at, jobs) })
				}
			})
		}
	}
}

// requestsOf counts the requests of the play when nothing goes wrong.
func requestsOf(t *testing.T, jobs string) int {
	t.Helper()
	tr := newTrial(t)
	tr.e.ResetJournal()
	if code, out, stderr := tr.play(t.Context(), jobs, tr.book); code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	if err := tr.declared(); err != nil {
		t.Fatal(err)
	}
	return len(tr.e.Journal())
}

// faultOf makes a fault for one request; what a token or a deletion is about
// concerns those after it too.
func faultOf(kind emulator.FaultKind, at int) emulator.Fault {
	f := emulator.Fault{From: at, To: at, Kind: kind}
	switch kind {
	case emulator.Expired:
		f.To = 0
	case emulator.Deleted:
		f.Addon = "grows"
	case emulator.EnvLate, emulator.Slow:
		f.Wait, f.To = 20*time.Second, 0
	case emulator.MigrationLate:
		f.Wait = 20 * time.Second
	}
	return f
}

func struck(t *testing.T, kind emulator.FaultKind, at int, jobs string) {
	tr := newTrial(t)
	if err := tr.e.Fail(faultOf(kind, at)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	code, out, stderr := tr.play(t.Context(), jobs, tr.book)
	printed := fmt.Sprintf("%s at request %d: exit %d\n%s%s", kind, at, code, out, stderr)
	if took := time.Since(start); took > 15*time.Minute {
		t.Errorf("it took %v\n%s", took, printed)
	}
	if name := tr.twice(); name != "" {
		t.Errorf("there are two add-ons %q\n%s", name, printed)
	}
	if strings.Contains(printed, "goroutine ") || strings.Contains(printed, "a fault of runner") {
		t.Errorf("it broke: %s", printed)
	}
	failures := []int{2}
	if kind == emulator.Expired {
		failures = []int{5}
	}
	err := tr.declared()
	switch {
	case code == 0 && kind == emulator.Deleted:
		// Somebody may remove an add-on after it was looked at: nobody can know.
	case code == 0 && err != nil:
		t.Errorf("all was well, it says, but %v\n%s", err, printed)
	case code != 0 && !slices.Contains(failures, code):
		t.Errorf("another exit code than %v\n%s", failures, printed)
	case code != 0 && !strings.Contains(out+stderr, "[ERROR]") && !strings.Contains(stderr, "error"):
		t.Errorf("it does not say what went wrong\n%s", printed)
	}
	tr.e.Recover()
	if code, out, stderr := tr.play(t.Context(), jobs, tr.book); code != 0 {
		t.Errorf("after %s\nthe next play: exit %d\n%s%s", printed, code, out, stderr)
	}
	if err := tr.declared(); err != nil {
		t.Errorf("after %s\nthe next play left %v", printed, err)
	}
}
