package conformance_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever/conformance"
	"runner/clever/vendor"
)

// testOf runs the tester against a back-end. With a marketplace the back-end is
// slow and calls back.
func testOf(t *testing.T, f *faulty, change func(*conformance.Options)) *conformance.Report {
	t.Helper()
	limit := 20 * time.Second
	if f.is("hangs") {
		limit = 100 * time.Millisecond
	}
	line := vendor.NewLine(vendor.LineOptions{Loopback: true, Time: limit})
	t.Cleanup(line.Close)
	o := conformance.Options{
		Backend: &vendor.Backend{Manifest: f.m, Site: f.m.Test, Line: line},
		Plan:    "small", OtherPlan: "large", Soft: 15 * time.Second, Hard: limit,
	}
	o.Market, o.Async, o.Wait = vendor.NewMarket(f.m), f.async, 15*time.Second
	if f.is("never finishes") || f.is("calls back without credentials") || f.is("calls back once") {
		o.Wait = 50 * time.Millisecond
	}
	server := httptest.NewServer(o.Market)
	t.Cleanup(server.Close)
	o.Callback = server.URL + "/vendor/apps"
	if f.m.Dialect == vendor.HerokuV3 {
		o.Callback = server.URL + "/addons"
	}
	var strangers atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
	t.Cleanup(stranger.Close)
	f.elsewhere = stranger.URL
	if change != nil {
		change(&o)
	}
	report, err := conformance.Run(context.Background(), o)
	if err != nil {
		t.Error(err)
	}
	if strangers.Load() > 0 {
		t.Error("a redirect was followed")
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

// defects lists, for each defect, the checks that do not pass; those with a w
// warn. "*" is every dialect that is not named beside it.
var defects = []struct {
	name string
	want map[string]string
}{
	{"401 to a bad proof", map[string]string{"*": "K37 K38 N66 N70 N71 N72 N74w N79w", "clever": "K37 K38 N66 N70 N71 N72 N74w N76 N77 N79w", "heroku-v3": "K37 K38 N66 N70 N71 N72 N74w N77 N79w"}},
	{"401 without a challenge", map[string]string{"*": "N1"}},
	{"HTML", map[string]string{"*": "N11w"}},
	{"a new one each time", map[string]string{"*": "K39 N30 N31w N33 N35w N63", "heroku-v3": "N30 N31w N33 N35w N36 N63"}},
	{"a page and 200", map[string]string{"*": "K20 K22 N93w"}},
	{"a session for all", map[string]string{"*": "N82"}},
	{"a token in the redirect", map[string]string{"*": "N80"}},
	{"answers 206", map[string]string{"*": "N10w"}},
	{"any method", map[string]string{"*": "N93w"}},
	{"any proof", map[string]string{"*": "K37 K38 N66 N70 N71 N72 N74w N79w", "clever": "K37 K38 N66 N70 N71 N72 N74w N76 N77 N79w", "heroku-v3": "K37 K38 N66 N70 N71 N72 N74w N77 N79w"}},
	{"brings back", map[string]string{"*": "N36w", "heroku-v3": "N36"}},
	{"calls back once", map[string]string{"*": "N95w"}},
	{"calls back without credentials", map[string]string{"*": "K19 N94 N95w"}},
	{"calls for strangers", map[string]string{"*": "N97", "clever": "N96w N97", "heroku-v1": "N96w N97"}},
	{"calls too early", map[string]string{"*": "", "clever": "N96w", "heroku-v1": "N96w"}},
	{"changes anything", map[string]string{"*": "N53"}},
	{"changes no plan", map[string]string{"*": "K34"}},
	{"changes the plan of a repeated order", map[string]string{"*": "N31w"}},
	{"changes what is gone", map[string]string{"*": "N54"}},
	{"compares beginnings", map[string]string{"*": "N4"}},
	{"config is a list", map[string]string{"*": "K24 K26w"}},
	{"echoes the password to strangers", map[string]string{"*": "N8"}},
	{"echoes", map[string]string{"*": "N91"}},
	{"fails on a second removal", map[string]string{"*": "N61 N65"}},
	{"fails on an unknown plan", map[string]string{"*": "N16 N52"}},
	{"fails on an unknown region", map[string]string{"*": "N17"}},
	{"fails on no JSON", map[string]string{"*": "N18 N55"}},
	{"fails on the same plan", map[string]string{"*": "N51"}},
	{"fails on unknown ids", map[string]string{"*": "N62 N63"}},
	{"hangs", map[string]string{"*": "K18 N37 N93w"}},
	{"ids of the application", map[string]string{"*": "", "heroku-v1": "K23"}},
	{"ids of the owner", map[string]string{"*": "", "clever": "N13w"}},
	{"ids with slashes", map[string]string{"*": "N12"}},
	{"integer ids", map[string]string{"*": "N12w", "clever": "N12"}},
	{"keeps the session", map[string]string{"*": "N83w"}},
	{"knows only Basic in capitals", map[string]string{"*": "N6w"}},
	{"leads away", map[string]string{"*": "K39"}},
	{"missing variables", map[string]string{"*": "K26w"}},
	{"never finishes", map[string]string{"*": "K19 N94 N95w"}},
	{"no URL", map[string]string{"*": "K28"}},
	{"no credentials to remove", map[string]string{"*": "K33 N1 N2 N3 N7"}},
	{"no credentials", map[string]string{"*": "K21 K33 K35 N1 N2 N3 N4 N5 N7"}},
	{"no id", map[string]string{"*": "K22"}},
	{"no replay cache", map[string]string{"*": "N74w"}},
	{"no window", map[string]string{"*": "K38 N72"}},
	{"not acceptable", map[string]string{"*": "N20w", "heroku-v3": "K18 N93w"}},
	{"numbers", map[string]string{"*": "K27", "appfog": "N41w"}},
	{"one id for all", map[string]string{"*": "K31 K39 N34 N70", "heroku-v3": "K31 N34 N82"}},
	{"one secret for all", map[string]string{"*": "N43w"}},
	{"open cookies", map[string]string{"*": "N81w"}},
	{"password only", map[string]string{"*": "N3"}},
	{"races", map[string]string{"*": "N33"}},
	{"redirects for ever", map[string]string{"*": "K18 N93w"}},
	{"redirects to the metadata address", map[string]string{"*": "K18 N93w"}},
	{"redirects", map[string]string{"*": "K18 N93w"}},
	{"refuses unknown fields", map[string]string{"*": "N14"}},
	{"refuses unknown options", map[string]string{"*": "N15w"}},
	{"refuses without a word", map[string]string{"*": "N16 N52"}},
	{"removes anything", map[string]string{"*": "N62w N63"}},
	{"removes with 206", map[string]string{"*": "N60"}},
	{"resets", map[string]string{"*": "K18 N93w"}},
	{"shows a trace", map[string]string{"*": "N92w"}},
	{"signs in by GET", map[string]string{"*": "N78w"}},
	{"signs in to what is gone", map[string]string{"*": "N66"}},
	{"slow", map[string]string{"*": "N37w"}},
	{"streams a gigabyte", map[string]string{"*": "K20 K22 N93w"}},
	{"takes any plan", map[string]string{"*": "N16 N52"}},
	{"takes duplicate fields", map[string]string{"*": "N79w"}},
	{"undeclared variables", map[string]string{"*": "N40w", "heroku-v1": "K25", "heroku-v3": "K25"}},
	{"user only", map[string]string{"*": "N2 N4"}},
	{"variables that vary", map[string]string{"*": "N30"}},
	{"weak recipe", map[string]string{"*": "", "clever": "N71 N76 N77", "heroku-v3": "N71 N77"}},
}

func TestDefects(t *testing.T) {
	for _, c := range defects {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var group sync.WaitGroup // a run mostly waits for the network
			for _, d := range vendor.Dialects() {
				group.Go(func() { hold(t, d, c.name, c.want) })
			}
			group.Wait()
		})
	}
}

// hold holds the checks of one dialect to what they say of a defect.
func hold(t *testing.T, d vendor.Dialect, defect string, expected map[string]string) {
	want, ok := expected[string(d)]
	if !ok {
		want = expected["*"]
	}
	f := newFaulty(t, d, defect, defect == "never finishes" || strings.HasPrefix(defect, "calls back"))
	report := testOf(t, f, func(o *conformance.Options) {
		if defect == "slow" {
			o.Soft = 100 * time.Millisecond
		}
	})
	if diff := cmp.Diff(want, strings.Join(notPassed(report), " ")); diff != "" {
		t.Errorf("%s:\n%s", d, diff)
	}
}
