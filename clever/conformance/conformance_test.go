package conformance_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever/conformance"
	"runner/clever/vendor"
)

// options says how to test a back-end. There is a marketplace for it, too.
func options(f *faulty, line *vendor.Line) conformance.Options {
	o := conformance.Options{
		Backend: &vendor.Backend{Manifest: f.m, Site: f.m.Test, Line: line},
		Plan:    "small", OtherPlan: "large", Async: f.async, Market: vendor.NewMarket(f.m),
	}
	o.Callback = "http://" + itsMarket + "/vendor/apps"
	if f.m.Dialect == vendor.HerokuV3 {
		o.Callback = "http://" + itsMarket + "/addons"
	}
	return o
}

// itsMarket is where the marketplace is on a network.
const itsMarket = "127.0.0.1:8080"

// testOf runs the tester against a back-end on a network.
func testOf(t *testing.T, f *faulty, change func(*conformance.Options)) (report *conformance.Report) {
	t.Helper()
	onNetwork(t, func(t *testing.T, n *network) {
		f.out = &http.Client{Transport: n}
		o := options(f, vendor.NewLine(vendor.LineOptions{Out: n}))
		n.hosts[itsHost], n.hosts[itsMarket] = f, o.Market
		if change != nil {
			change(&o)
		}
		var err error
		if report, err = conformance.Run(context.Background(), o); err != nil {
			t.Error(err)
		}
		f.work.Wait()
		if len(n.strangers) > 0 {
			t.Errorf("it called %v", n.strangers)
		}
	})
	f.cleaned(t)
	return report
}

// cleaned holds a back-end to have nothing left.
func (f *faulty) cleaned(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.byID {
		if !b.gone && f.defect == "" {
			t.Errorf("%s is left behind", b.id)
		}
	}
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

// TestAGoodBackendPasses does so over sockets, as every user of the tester does.
func TestAGoodBackendPasses(t *testing.T) {
	t.Parallel()
	for _, d := range vendor.Dialects() {
		for _, async := range []bool{false, true} {
			f := newFaulty(t, d, "", async).served(t)
			line := vendor.NewLine(vendor.LineOptions{Loopback: true})
			t.Cleanup(line.Close)
			o := options(f, line)
			market := httptest.NewServer(o.Market)
			t.Cleanup(market.Close)
			o.Callback = strings.Replace(o.Callback, "http://"+itsMarket, market.URL, 1)
			report, err := conformance.Run(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			f.cleaned(t)
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
	{"shows a trace", map[string]string{"*": "N92w"}},
	{"signs in by GET", map[string]string{"*": "N78w"}},
	{"signs in to what is gone", map[string]string{"*": "N66"}},
	{"takes 30 seconds", map[string]string{"*": "N37 N93w"}},
	{"takes 4 seconds", map[string]string{"*": "N37w"}},
	{"takes any plan", map[string]string{"*": "N16 N52"}},
	{"takes duplicate fields", map[string]string{"*": "N79w"}},
	{"undeclared variables", map[string]string{"*": "N40w", "heroku-v1": "K25", "heroku-v3": "K25"}},
	{"user only", map[string]string{"*": "N2 N4"}},
	{"variables that vary", map[string]string{"*": "N30"}},
	{"weak recipe", map[string]string{"*": "", "clever": "N71 N76 N77", "heroku-v3": "N71 N77"}},
}

func TestDefects(t *testing.T) {
	for i, c := range defects {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for j, d := range vendor.Dialects() {
				if raceDetector && j != i%4 {
					continue // its eyes are the same for all, and slow
				}
				want, ok := c.want[string(d)]
				if !ok {
					want = c.want["*"]
				}
				f := newFaulty(t, d, c.name, c.name == "never finishes" || strings.HasPrefix(c.name, "calls back"))
				if diff := cmp.Diff(want, strings.Join(notPassed(testOf(t, f, nil)), " ")); diff != "" {
					t.Errorf("%s:\n%s", d, diff)
				}
			}
		})
	}
}
