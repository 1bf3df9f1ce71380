package conformance_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever/vendor"
	"runner/clever/conformance"
)

// testOf runs the tester against a back-end. With a marketplace the back-end is
// slow and calls back.
func testOf(t *testing.T, f *faulty, change func(*conformance.Options)) *conformance.Report {
	t.Helper()
	line := vendor.NewLine(vendor.LineOptions{Loopback: true, Time: 20 * time.Second})
	t.Cleanup(line.Close)
	o := conformance.Options{
		Backend: &vendor.Backend{Manifest: f.m, Site: f.m.Test, Line: line},
		Plan:    "small", OtherPlan: "large", Soft: 15 * time.Second, Hard: 20 * time.Second,
	}
	if f.async {
		o.Market, o.Async, o.Wait = vendor.NewMarket(f.m), true, 15*time.Second
		if f.is("never finishes") || f.is("calls back without credentials") || f.is("calls back once") {
			o.Wait = 50 * time.Millisecond
		}
		server := httptest.NewServer(o.Market)
		t.Cleanup(server.Close)
		o.Callback = server.URL + "/vendor/apps"
		if f.m.Dialect == vendor.HerokuV3 {
			o.Callback = server.URL + "/addons"
		}
	}
	if change != nil {
		change(&o)
	}
	report, err := conformance.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.byID {
		if !b.gone && f.defect == "" {
			t.Errorf("%s is left behind", b.id)
		}
	}
	return report
}

// notPassed gives the ids of the checks that failed, and of those that warned.
func notPassed(r *conformance.Report) []string {
	var ids []string
	for _, one := range r.Results {
		switch one.Status {
		case conformance.Failed:
			ids = append(ids, one.ID)
		case conformance.Warned:
			ids = append(ids, one.ID+"w")
		}
	}
	slices.Sort(ids)
	return ids
}

func TestAGoodBackendPasses(t *testing.T) {
	for _, d := range vendor.Dialects() {
		for _, async := range []bool{false, true} {
			report := testOf(t, newFaulty(t, d, "", async), nil)
			for _, r := range report.Results {
				if r.Status == conformance.Failed || r.Status == conformance.Warned {
					t.Errorf("%s, async %t: %s %s: want %s, came %s, sent %v", d, async, r.ID, r.Title, r.Expected, r.Came, r.Sent)
				}
			}
			if n := report.Count(conformance.Passed); n < 50 || len(report.Left) > 0 {
				t.Errorf("%s: only %d passed; left: %v", d, n, report.Left)
			}
		}
	}
}

func TestSkips(t *testing.T) {
	report := testOf(t, newFaulty(t, vendor.Clever, "", false), func(o *conformance.Options) { o.OtherPlan = "" })
	var ids []string
	for _, r := range report.Results {
		if r.Status == conformance.Skipped {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	fmt.Println(ids)
}

// defects lists, for each defect, the checks that do not pass; those with a w
// warn. "*" is every dialect, others are for those only.
var defects = []struct {
	name string
	want map[string]string
}{}

func TestDefects(t *testing.T) {
	for _, c := range defects {
		t.Run(c.name, func(t *testing.T) {
			for _, d := range vendor.Dialects() {
				want, ok := c.want[string(d)]
				if !ok {
					want, ok = c.want["*"]
				}
				if !ok {
					continue
				}
				async := c.name == "never finishes" || strings.HasPrefix(c.name, "calls back")
				f := newFaulty(t, d, c.name, async)
				report := testOf(t, f, func(o *conformance.Options) {
					if c.name == "slow" {
						o.Soft = 100 * time.Millisecond
					}
				})
				if diff := cmp.Diff(want, strings.Join(notPassed(report), " ")); diff != "" {
					t.Errorf("%s:\n%s", d, diff)
				}
			}
		})
	}
}
