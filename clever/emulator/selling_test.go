package emulator

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
	"runner/marketplace/manifest"
)

// kv returns a manifest as one registers it.
func kv(t *testing.T, id string) (m clever.ProviderRegistration) {
	t.Helper()
	if err := json.Unmarshal(manifestText(t, manifest.Clever, id, "https://kv.example.com"), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// What an organisation registers it alone sees; the secrets nobody does; and all is
// there after a restart.
func TestSellersOwnProvider(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	e, c := open(t, state)
	mine, other := e.Organisations()[0], "orga_00000000-0000-4000-8000-000000000001"
	base, m := "/v2/organisations/"+mine+"/addonproviders", kv(t, "tinykv")
	var answers []string
	keep := func(method, path string, body any) {
		t.Helper()
		var raw json.RawMessage
		if status := c.ask(method, path, body, &raw); status >= 300 {
			t.Errorf("%s %s: %d", method, path, status)
		}
		answers = append(answers, string(raw))
	}
	keep("POST", base, m)
	keep("POST", base+"/tinykv/features", clever.FeatureRequest{Name: "a/b c", Type: "BYTES"})
	keep("POST", base+"/tinykv/plans", clever.PlanRequest{Name: "Small", Slug: "small", Price: 1.5, Features: []clever.FeatureValue{{Name: "a/b c", Value: "1"}}})
	keep("PUT", base+"/tinykv", map[string]string{"shortDesc": "Keys"})
	for _, path := range []string{base, base + "/tinykv", base + "/tinykv/features", base + "/tinykv/plans", "/v2/products/addonproviders?orgaId=" + mine} {
		keep("GET", path, nil)
	}
	for _, a := range answers {
		for _, secret := range []string{m.API.Password, m.API.SSOSalt, m.API.Production.BaseURL} {
			if strings.Contains(a, secret) {
				t.Errorf("an answer holds %s: %s", secret, a)
			}
		}
	}
	for _, path := range []string{"/v2/organisations/" + other + "/addonproviders/tinykv", "/v2/products/addonproviders/tinykv",
		"/v2/products/addonproviders/tinykv?orgaId=" + other} {
		if status := c.ask("GET", path, nil, nil); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	before := e.Providers()
	shut(t, e)
	e, c = open(t, state)
	if diff := cmp.Diff(before, e.Providers()); diff != "" || before[0].ShortDesc != "Keys" || before[0].Name != m.Name {
		t.Errorf("after a restart: %s, %+v", diff, before)
	}
	c.must("DELETE", base+"/tinykv/features/"+base64.StdEncoding.EncodeToString([]byte("a/b c")), nil, nil)
	if left := e.Providers()[0]; len(left.Features) != 0 || len(left.Plans[0].Features) != 0 {
		t.Errorf("the feature is still there: %+v", left)
	}
	c.must("DELETE", base+"/tinykv", nil, nil)
	if len(e.Providers()) != 0 {
		t.Errorf("it is still there: %+v", e.Providers())
	}
	shut(t, e)
}

func TestSellersAreRefused(t *testing.T) {
	e, c := newEmulator(t, Options{})
	base := "/v2/organisations/" + e.Organisations()[0] + "/addonproviders"
	c.must("POST", base, kv(t, "tinykv"), nil)
	c.must("POST", base+"/tinykv/features", clever.FeatureRequest{Name: "f", Type: "NUMBER"}, nil)
	var plan clever.Plan
	c.must("POST", base+"/tinykv/plans", clever.PlanRequest{Name: "Small", Slug: "small"}, &plan)
	c.must("POST", base+"/tinykv/plans", clever.PlanRequest{Name: "Large", Slug: "large"}, nil)
	short := kv(t, "tinykw")
	short.API.Password, short.API.Production.SSOURL = "short", "http://kv.example.com"
	for _, tt := range []struct {
		method, path string
		body         any
		status, id   int
	}{
		{"POST", "/v2/organisations/" + e.User() + "/addonproviders", kv(t, "tinykw"), 403, 90070},
		{"POST", base, short, 400, 90071},
		{"POST", base, kv(t, "tinykv"), 409, 90072},
		{"POST", base, kv(t, "redis-addon"), 409, 90072},
		{"PUT", base + "/tinykv", map[string]string{"name": " "}, 400, 90020},
		{"POST", base + "/tinykv/features", clever.FeatureRequest{Name: "f", Type: "NUMBER"}, 409, 90072},
		{"POST", base + "/tinykv/features", clever.FeatureRequest{Name: "g", Type: "number"}, 400, 90075},
		{"POST", base + "/tinykv/plans", clever.PlanRequest{Name: "Other", Slug: "SMALL"}, 409, 90072},
		{"POST", base + "/tinykv/plans", clever.PlanRequest{Name: "Small", Slug: "other"}, 409, 90072},
		{"POST", base + "/tinykv/plans", clever.PlanRequest{Name: "Other", Slug: "a b"}, 400, 90076},
		{"POST", base + "/tinykv/plans", clever.PlanRequest{Name: "Other", Slug: "other", Price: -1}, 400, 90076},
		{"POST", base + "/tinykv/plans", clever.PlanRequest{Name: "Other", Slug: "other", Features: []clever.FeatureValue{{Name: "g"}}}, 400, 90075},
		{"PUT", base + "/tinykv/plans/" + plan.ID, clever.PlanRequest{Name: "Large", Slug: "small"}, 409, 90072},
		{"PUT", base + "/tinykv/plans/plan_0", clever.PlanRequest{Name: "X", Slug: "x"}, 404, 90011},
		{"DELETE", base + "/tinykv/plans/plan_0", nil, 404, 90011},
		{"DELETE", base + "/tinykv/features/g", nil, 404, 90011},
		{"DELETE", base + "/redis-addon", nil, 404, 90011},
	} {
		before := e.Providers()
		var said clever.Message
		if status := c.ask(tt.method, tt.path, tt.body, &said); status != tt.status || said.ID != tt.id {
			t.Errorf("%s %s %+v: %d, %+v, want %d, %d", tt.method, tt.path, tt.body, status, said, tt.status, tt.id)
		}
		if diff := cmp.Diff(before, e.Providers()); diff != "" {
			t.Errorf("%s %s changed something: %s", tt.method, tt.path, diff)
		}
	}
}
