package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

func TestReports(t *testing.T) {
	f := newFaulty(t, manifest.Clever, "echoes", false)
	report := testOf(t, f, nil)
	for format, want := range map[string]string{
		"text":     "\nFAIL N91  no answer holds a secret of the manifest (all calls)\n",
		"json":     `"id": "N91"`,
		"junit":    `<testcase name="N91 no answer holds a secret of the manifest" classname="all calls" `,
		"markdown": "| N91 | failed |",
	} {
		var out bytes.Buffer
		if err := report.Write(&out, format, true); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v\n%s\nwant %q", format, err, out.String(), want)
		}
		for _, secret := range f.m.Secrets() {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s holds a secret", format)
			}
		}
		for _, b := range f.byKey {
			if strings.Contains(out.String(), b.secret) {
				t.Errorf("%s holds a variable", format)
			}
		}
		switch format {
		case "json":
			if !json.Valid(out.Bytes()) {
				t.Error("no JSON")
			}
		case "junit":
			if err := xml.Unmarshal(out.Bytes(), new(struct{})); err != nil && !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		}
	}
}

func TestNobodyThere(t *testing.T) {
	m := newFaulty(t, manifest.Clever, "", false).m
	b := &manifest.Backend{Manifest: m, Site: manifest.Site{BaseURL: "http://127.0.0.1:1/r"}, Transport: manifest.NewTransport(manifest.TransportOptions{Loopback: true})}
	_, err := conformance.Run(context.Background(), conformance.Options{Backend: b, Plan: "small"})
	if _, ok := errors.AsType[*conformance.Unreachable](err); !ok {
		t.Errorf("%v", err)
	}
}

// TestAnEndInBetween ends the run at its tenth check: what was made is removed.
func TestAnEndInBetween(t *testing.T) {
	f := newFaulty(t, manifest.HerokuV3, "", false).served(t)
	ctx, cancel := context.WithCancel(context.Background())
	b := &manifest.Backend{Manifest: f.m, Site: f.m.Test, Transport: manifest.NewTransport(manifest.TransportOptions{Loopback: true})}
	n := 0
	report, err := conformance.Run(ctx, conformance.Options{Backend: b, Plan: "small", Told: func(conformance.Result) {
		if n++; n == 30 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(report.Results) != 30 || len(report.Left) != 0 {
		t.Errorf("%v, %d results, left %v", err, len(report.Results), report.Left)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.byID {
		if !one.gone {
			t.Errorf("%s is left behind", one.id)
		}
	}
}

func TestOnlyAndSkip(t *testing.T) {
	f := newFaulty(t, manifest.Clever, "", false)
	report := testOf(t, f, func(o *conformance.Options) { o.Only, o.Skip = []string{"K18", "N1", "N2"}, []string{"N2"} })
	if len(report.Results) != 2 {
		t.Errorf("%+v", report.Results)
	}
	ids := map[string]manifest.Dialect{}
	for _, d := range manifest.Dialects() {
		for _, c := range conformance.Checks() {
			if c.In(d) && ids[c.ID] == d {
				t.Errorf("%s is there twice in %s", c.ID, d)
			}
			if c.In(d) {
				ids[c.ID] = d
			}
			if c.Title == "" || c.Why == "" || c.Section == "" {
				t.Errorf("%s says too little: %+v", c.ID, c)
			}
		}
	}
}

// TestCleaningEnds interrupts the tester at a back-end that answers nothing any
// more: it tries for a minute, and names what is left.
func TestCleaningEnds(t *testing.T) {
	onNetwork(t, func(t *testing.T, n *network) {
		f := newFaulty(t, manifest.AppFog, "", false)
		ctx, cancel := context.WithCancel(context.Background())
		var dead atomic.Bool
		n.hosts["https://"+itsHost] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if dead.Load() {
				<-r.Context().Done()
				return
			}
			f.ServeHTTP(w, r)
		})
		o := options(f, manifest.NewTransport(manifest.TransportOptions{RoundTripper: n}))
		results := 0
		o.Market, o.Callback, o.Told = nil, "", func(conformance.Result) {
			if results++; results == 40 {
				dead.Store(true)
				cancel()
			}
		}
		start := time.Now()
		report, err := conformance.Run(ctx, o)
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took != time.Minute {
			t.Errorf("%v after %v", err, took)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		kept := 0
		for _, b := range f.byID {
			if !b.gone {
				kept++
			}
		}
		if kept == 0 || len(report.Left) != kept {
			t.Errorf("%d of %d are named: %v", len(report.Left), kept, report.Left)
		}
	})
}
