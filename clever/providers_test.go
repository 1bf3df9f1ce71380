package clever_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"runner/clever"
	"runner/clever/emulator"
)

func kvManifest() clever.ProviderRegistration {
	site := clever.ProviderSite{BaseURL: "https://kv.example.test/resources", SSOURL: "https://kv.example.test/sso"}
	return clever.ProviderRegistration{ID: "tinykv", Name: "Tiny KV", API: clever.ProviderAPI{
		ConfigVars: []string{"TINYKV_URL"}, Regions: []string{"eu"}, Production: site, Test: site,
		Password: "not-a-real-password-0123456789-0123456789", SSOSalt: "not-a-real-salt-of-anybody-9876543210-9876",
	}}
}

var kvSmall = clever.PlanRequest{Name: "Small", Slug: "small", Price: 5.5,
	Features: []clever.FeatureValue{{Name: "connections", Type: "NUMBER", Value: "10"}}}

// sell registers a provider with a feature and a plan.
func sell(t *testing.T, c *clever.Client, owner string) error {
	t.Helper()
	if err := c.RegisterProvider(t.Context(), owner, kvManifest()); err != nil {
		return err
	}
	if err := c.AddFeature(t.Context(), owner, "tinykv", clever.FeatureRequest{Name: "connections", Type: "NUMBER"}); err != nil {
		return err
	}
	return c.AddPlan(t.Context(), owner, "tinykv", kvSmall)
}

func TestTheLifeOfAProvider(t *testing.T) {
	e, c := emulated(t)
	ctx, owner := t.Context(), e.Organisations()[0]
	if p, err := c.OwnProvider(ctx, owner, "tinykv"); p != nil || err != nil {
		t.Fatalf("before: %v, %v", p, err)
	}
	must(t, sell(t, c, owner))
	p, err := c.OwnProvider(ctx, owner, "tinykv")
	must(t, err)
	feature := clever.Feature{Name: "connections", Type: "NUMBER"}
	valued := feature
	valued.Value = "10"
	want := &clever.Provider{ID: "tinykv", Name: "Tiny KV", Status: "ALPHA", OpenInNewTab: true, CanUpgrade: true, Features: []clever.Feature{feature},
		Plans: []clever.Plan{{Name: "Small", Slug: "small", Price: new(5.5), Features: []clever.Feature{valued}}}}
	drawn := cmp.Options{cmpopts.IgnoreFields(clever.Plan{}, "ID", "Zones"), cmpopts.IgnoreFields(clever.Provider{}, "Regions")}
	if diff := cmp.Diff(want, p, drawn); diff != "" {
		t.Errorf("registered: %s", diff)
	}

	texts := p.Texts()
	texts.ShortDesc = "Keys and values"
	must(t, c.EditProvider(ctx, owner, "tinykv", texts))
	dearer := kvSmall
	dearer.Price = 6
	must(t, c.ChangePlan(ctx, owner, "tinykv", p.Plans[0].ID, dearer))
	must(t, c.AddPlan(ctx, owner, "tinykv", clever.PlanRequest{Name: "Large", Slug: "large"}))
	now, err := c.OwnProvider(ctx, owner, "tinykv")
	must(t, err)
	want.ShortDesc, want.Plans[0].Price = "Keys and values", new(6.0)
	want.Plans = append(want.Plans, clever.Plan{Name: "Large", Slug: "large", Price: new(0.0), Features: []clever.Feature{}})
	if diff := cmp.Diff(want, now, drawn); diff != "" || now.Plans[0].ID != p.Plans[0].ID {
		t.Errorf("changed: %s", diff)
	}

	catalogue, err := c.Catalogue(ctx, owner)
	must(t, err)
	if found, err := catalogue.Provider("tinykv"); err != nil || len(found.Plans) != 2 {
		t.Errorf("in the catalogue: %v, %v", found, err)
	}
	must(t, c.RemovePlan(ctx, owner, "tinykv", now.Plans[1].ID))
	for range 2 { // what is gone is gone
		must(t, c.RemoveProvider(ctx, owner, "tinykv"))
		must(t, c.RemovePlan(ctx, owner, "tinykv", now.Plans[1].ID))
	}
	if catalogue, err = c.Catalogue(ctx, owner); err != nil {
		t.Fatal(err)
	}
	if found, err := catalogue.Provider("tinykv"); err == nil {
		t.Errorf("still in the catalogue: %v", found)
	}
}

// deletedWay tells of a provider that it is deleted, and of nothing else.
type deletedWay struct{}

func (deletedWay) RoundTrip(*http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	_, _ = rec.WriteString(`{"id": "tinykv", "name": "Tiny KV", "status": "DELETED"}`)
	return rec.Result(), nil
}

func TestADeletedProviderIsNone(t *testing.T) {
	e, c := emulated(t, func(cfg *clever.Config) { cfg.Transport = deletedWay{} })
	if p, err := c.OwnProvider(t.Context(), e.Organisations()[0], "tinykv"); p != nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
}

// A faulty way does with each POST what it is to do with the first.
type faultyWay struct {
	e       *emulator.Emulator
	respond func(w *faultyWay, r *http.Request, first bool) (*http.Response, error)
	posts   map[string]int
}

func (w *faultyWay) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return w.e.Transport().RoundTrip(r)
	}
	w.posts[r.URL.Path]++
	return w.respond(w, r, w.posts[r.URL.Path] == 1)
}

func (w *faultyWay) pass(r *http.Request) (*http.Response, error) {
	return w.e.Transport().RoundTrip(r)
}

func unavailable() *http.Response {
	rec := httptest.NewRecorder()
	rec.WriteHeader(http.StatusServiceUnavailable)
	return rec.Result()
}

// However an answer is lost, nothing is sent twice that was done, and what is not
// known to be done is not called done.
func TestNothingIsRegisteredTwice(t *testing.T) {
	for name, tt := range map[string]struct {
		respond func(w *faultyWay, r *http.Request, first bool) (*http.Response, error)
		posts   int
		err     string
	}{
		"all is well":       {whole, 1, ""},
		"done, answer lost": {cutAfter, 1, ""},
		"done, but busy":    {busyAfter, 1, ""},
		"busy, then well":   {busyFirst, 2, ""},
		"lost and not done": {func(*faultyWay, *http.Request, bool) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, 3, "connection was closed too early"},
		"done, answer mangled": {func(w *faultyWay, r *http.Request, _ bool) (*http.Response, error) {
			resp, err := w.pass(r)
			if err == nil {
				resp.Body = io.NopCloser(strings.NewReader("<html>"))
			}
			return resp, err
		}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				way := &faultyWay{respond: tt.respond, posts: map[string]int{}}
				e, c := emulated(t, func(cfg *clever.Config) { cfg.Transport = way })
				way.e = e
				err := sell(t, c, e.Organisations()[0])
				if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("the error is %v, want %q", err, tt.err)
				}
				for path, n := range way.posts {
					if n != tt.posts {
						t.Errorf("%s was sent %d times, want %d", path, n, tt.posts)
					}
				}
				registered := e.Providers()
				if tt.err == "" && (len(registered) != 1 || len(registered[0].Features) != 1 || len(registered[0].Plans) != 1) || tt.err != "" && len(registered) > 0 {
					t.Errorf("there is %+v", registered)
				}
			})
		})
	}
}

func whole(w *faultyWay, r *http.Request, _ bool) (*http.Response, error) { return w.pass(r) }

func cutAfter(w *faultyWay, r *http.Request, _ bool) (*http.Response, error) {
	if resp, err := w.pass(r); err != nil {
		return resp, err
	}
	return nil, io.ErrUnexpectedEOF
}

func busyAfter(w *faultyWay, r *http.Request, _ bool) (*http.Response, error) {
	if resp, err := w.pass(r); err != nil {
		return resp, err
	}
	return unavailable(), nil
}

func busyFirst(w *faultyWay, r *http.Request, first bool) (*http.Response, error) {
	if first {
		return unavailable(), nil
	}
	return w.pass(r)
}
