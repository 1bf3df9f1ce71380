package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// served puts a shop onto a socket.
func (s *shop) served(t *testing.T) *shop {
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.Close(); s.work.Wait() })
	return s.reachedAt(server.URL)
}

// over tests a shop over a socket.
func over(t *testing.T, s *shop, change func(*conformance.Options)) (*conformance.Report, error) {
	t.Helper()
	transport := manifest.NewTransport(manifest.TransportOptions{Loopback: true})
	t.Cleanup(transport.Close)
	o := conformance.Options{Backend: &manifest.Backend{Manifest: s.m, Site: s.m.Test, Transport: transport}, Plan: "small", OtherPlan: "large"}
	if change != nil {
		change(&o)
	}
	return conformance.Run(t.Context(), o)
}

func (s *shop) left() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.addons {
		if !a.gone {
			n++
		}
	}
	return n
}

// TestOverSockets: the clean shop may go live, and nothing stays behind.
func TestOverSockets(t *testing.T) {
	t.Parallel()
	for _, d := range manifest.Dialects() {
		s := newShop(t, d, nil).served(t)
		report, err := over(t, s, nil)
		if err != nil || !report.Live || report.Count(conformance.Passed) < 60 {
			t.Errorf("%s: %v, live %t, %d passed", d, err, report.Live, report.Count(conformance.Passed))
		}
		for _, r := range report.Breaches() {
			t.Errorf("%s: %s %s: want %s, came %s, sent %v", d, r.ID, r.Title, r.Expected, r.Came, r.Sent)
		}
		if n := s.left(); n > 0 || len(report.Left) > 0 {
			t.Errorf("%s: %d are left behind", d, n)
		}
	}
}

// TestReports: each form says what was asked, what came, what it means and what to
// change; none holds a secret.
func TestReports(t *testing.T) {
	s := newShop(t, manifest.Clever, map[string]string{"post.body": "echo the password", "errors": "echo a customer", "sso.denial": "401"})
	report := s.try(t, nil)
	for format, want := range map[string][]string{
		"text": {"FAIL N91  no answer holds a secret of the manifest (all calls)\n     asked ", "\n     came ", "\n     means ", "\n     change ", "\n     source ",
			"advice N106", "It may not go live on a marketplace of clever: "},
		"json":     {`"id": "N91"`, `"level": "required"`, `"may_go_live": false`, `"fix": "`, `"link": "https://`},
		"junit":    {`<testcase name="N91 no answer holds a secret of the manifest" classname="all calls"`, "<failure"},
		"markdown": {"| N91 | required | failed |", "It may not go live"},
		"html":     {"<h2>N91 ", "What it means", "What to change", "It may not go live"},
	} {
		var out bytes.Buffer
		if err := report.Write(&out, format, true); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s: want %q in\n%s", format, w, out.String())
			}
		}
		secrets := s.m.Secrets()
		for _, a := range s.addons {
			secrets = append(secrets, a.password)
		}
		for _, secret := range secrets {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s holds a secret", format)
			}
		}
		if format == "json" && !json.Valid(out.Bytes()) || format == "junit" && xml.Unmarshal(out.Bytes(), new(struct{})) != nil {
			t.Errorf("%s cannot be read", format)
		}
	}
	if text := conclusion(t, newShop(t, manifest.AppFog, nil)); text != "It may go live on a marketplace of appfog." {
		t.Error(text)
	}
}

func conclusion(t *testing.T, s *shop) string { return s.try(t, nil).Conclusion() }

// TestUnreachableDashboard: a sign-in that leads to where nobody listens is reported so.
func TestUnreachableDashboard(t *testing.T) {
	report, err := over(t, newShop(t, manifest.AppFog, map[string]string{"sso.location": "nobody there"}).served(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	failed, _ := breaches(report)
	for _, r := range report.Results {
		if r.ID == "K39" && !strings.Contains(r.Came, "http://127.0.0.1:1/dash, which does not answer: connection refused") {
			t.Errorf("K39: %s", r.Came)
		}
	}
	if len(failed) != 1 || failed[0] != "K39" {
		t.Errorf("%v failed", failed)
	}
}

func TestNobodyThere(t *testing.T) {
	s := newShop(t, manifest.Clever, nil).reachedAt("http://127.0.0.1:1")
	if _, err := over(t, s, nil); err == nil {
		t.Error("nobody is there, and that is no error")
	} else if _, ok := errors.AsType[*conformance.Unreachable](err); !ok {
		t.Errorf("%v", err)
	}
}

// TestAnEndInBetween ends the run after some checks: what was made is removed, and
// whether the back-end may go live is not known.
func TestAnEndInBetween(t *testing.T) {
	s := newShop(t, manifest.HerokuV3, nil).served(t)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	b := &manifest.Backend{Manifest: s.m, Site: s.m.Test, Transport: manifest.NewTransport(manifest.TransportOptions{Loopback: true})}
	report, err := conformance.Run(ctx, conformance.Options{Backend: b, Plan: "small", OnResult: func(conformance.Result) {
		if n++; n == 40 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(report.Results) != 40 || len(report.Left) != 0 || report.Live || !strings.Contains(report.Conclusion(), "not known") {
		t.Errorf("%v, %d results, left %v, %s", err, len(report.Results), report.Left, report.Conclusion())
	}
	if n := s.left(); n > 0 {
		t.Errorf("%d are left behind", n)
	}
}

// TestCleaningEnds interrupts the tester at a back-end that answers nothing any
// more: it tries for a minute, and names what is left.
func TestCleaningEnds(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		s := newShop(t, manifest.AppFog, nil)
		ctx, cancel := context.WithCancel(context.Background())
		var dead atomic.Bool
		n.hosts["https://"+shopHost] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if dead.Load() {
				<-r.Context().Done()
				return
			}
			s.ServeHTTP(w, r)
		})
		results := 0
		o := conformance.Options{
			Backend: &manifest.Backend{Manifest: s.m, Site: s.m.Test, Transport: manifest.NewTransport(manifest.TransportOptions{RoundTripper: n})}, Plan: "small",
			OnResult: func(conformance.Result) {
				if results++; results == 45 {
					dead.Store(true)
					cancel()
				}
			},
		}
		start := time.Now()
		report, err := conformance.Run(ctx, o)
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took != time.Minute {
			t.Errorf("%v after %v", err, took)
		}
		if kept := s.left(); kept == 0 || len(report.Left) != kept {
			t.Errorf("%d of %d are named: %v", len(report.Left), kept, report.Left)
		}
	})
}

func TestOnlyAndSkip(t *testing.T) {
	report := newShop(t, manifest.Clever, nil).try(t, func(o *conformance.Options) { o.Only, o.Skip = []string{"K18", "N1", "N2"}, []string{"N2"} })
	if len(report.Results) != 2 {
		t.Errorf("%+v", report.Results)
	}
}

// TestChecksSayEnough: each is there once, says what it means and what to change, and
// has a sentence of a documentation wherever it is required.
func TestChecksSayEnough(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range conformance.Checks() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Means == "" || c.Fix == "" || c.Section == "" {
			t.Errorf("%s says too little: %+v", c.ID, c)
		}
		for _, d := range manifest.Dialects() {
			if s := c.Source(d); c.In(d) && c.Level(d) == conformance.Required && (!strings.HasPrefix(s.Link, "https://") || s.Section == "" || s.Says == "") {
				t.Errorf("%s is required in %s, and no sentence says so: %+v", c.ID, d, s)
			}
		}
	}
}

// TestNothingCascades: one defect is one finding, and what stands on it is skipped and
// names it.
func TestNothingCascades(t *testing.T) {
	for place, c := range map[string]struct{ how, want, skipped, by string }{
		"post.status":   {"500", "K18", "K22", "K18"},
		"post.body":     {"page", "K20", "K22", "K20"},
		"post.answer":   {"no id", "K22", "N30", "K22"},
		"sso.basic":     {"asked for", "K39", "N70", "K39"},
		"sso.location":  {"nowhere", "K39", "N82", "K39"},
		"delete.status": {"500", "K32", "N61", "K32"},
		"put.status":    {"500", "K34", "N56", "K34"},
		"auth.POST":     {"none", "N1", "", ""},
		"auth.DELETE":   {"any credentials", "K33", "", ""},
		"post.repeat":   {"new", "N30", "N33", "N30"},
	} {
		report := newShop(t, manifest.HerokuV1, map[string]string{place: c.how}).try(t, nil)
		failed, _ := breaches(report)
		if len(failed) == 0 || failed[0] != c.want || len(failed) > 2 {
			t.Errorf("%s is %s: %v failed, want %s", place, c.how, failed, c.want)
		}
		for _, r := range report.Results {
			if r.ID == c.skipped && (r.Status != conformance.Skipped || !strings.Contains(r.Came, c.by)) {
				t.Errorf("%s is %s: %s is %s: %s", place, c.how, r.ID, r.Status, r.Came)
			}
		}
	}
}
