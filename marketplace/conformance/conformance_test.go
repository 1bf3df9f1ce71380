package conformance_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// options says how to test a back-end. There is a marketplace for it, too.
func options(f *faulty, line *manifest.Transport) conformance.Options {
	o := conformance.Options{
		Backend: &manifest.Backend{Manifest: f.m, Site: f.m.Test, Transport: line},
		Plan:    "small", OtherPlan: "large", Async: f.async, Market: manifest.NewMarket(f.m),
		Console: "https://console.clever-cloud.com", Run: f.use, Resolve: resolve, Profiles: []string{"heroku-header"},
	}
	if f.defect == "" || f.is("compares letter by letter") {
		o.Profiles = conformance.Profiles()
	}
	o.Callback = "http://" + itsMarket + "/vendor/apps"
	if f.m.Dialect == manifest.HerokuV3 {
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
		o := options(f, manifest.NewTransport(manifest.TransportOptions{RoundTripper: n}))
		n.hosts["https://"+itsHost], n.hosts["http://"+itsMarket] = f, o.Market
		n.hosts["http://"+itsHost] = http.HandlerFunc(f.inTheClear)
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
	f.hidden(t, report)
	return report
}

// hidden holds a report to show nothing of what customers were given.
func (f *faulty) hidden(t *testing.T, r *conformance.Report) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Error(err)
	}
	for _, b := range f.all {
		if len(b.secret) > 10 && strings.Contains(string(text), b.secret) {
			t.Errorf("the report shows a secret: %s", text)
		}
	}
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

// notPassed returns the ids of the checks that failed, of those that warned, with a
// w, and of those with a note, with an n.
func notPassed(r *conformance.Report) []string {
	var ids []string
	for _, one := range r.Results {
		switch one.Status {
		case conformance.Failed:
			ids = append(ids, one.ID)
		case conformance.Warned:
			ids = append(ids, one.ID+"w")
		case conformance.Noted:
			ids = append(ids, one.ID+"n")
		}
	}
	slices.Sort(ids)
	return ids
}

// TestAGoodBackendPasses does so over sockets, as every user of the tester does.
func TestAGoodBackendPasses(t *testing.T) {
	t.Parallel()
	for _, d := range manifest.Dialects() {
		for _, async := range []bool{false, true} {
			f := newFaulty(t, d, "", async).served(t)
			line := manifest.NewTransport(manifest.TransportOptions{Loopback: true})
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
