package emulator

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
)

// An app is what the tests read of an application.
type app struct {
	ID, Name, Zone, OwnerID, ForceHTTPS string
	Instance                            struct {
		Type, Lifetime             string
		Variant                    struct{ Slug string }
		MinInstances, MaxInstances int
		MinFlavor, MaxFlavor       struct{ Name string }
	}
	SeparateBuild bool
	BuildFlavor   struct{ Name string }
	Deployment    struct{ URL, HTTPURL string }
	Vhosts        []struct{ FQDN string }
}

const nodeVariant = "395103fb-d6e2-4fdd-93bc-bc99146f1ea2"

func (c *client) app(base, name string) (a app) {
	c.t.Helper()
	c.must("POST", base+"/applications", map[string]any{"name": name, "zone": "par", "instanceType": "node", "instanceVariant": nodeVariant}, &a)
	return a
}

// An application is what its owner says of it, and nobody else's.
func TestApplication(t *testing.T) {
	e, c := newEmulator(t, Options{})
	base := "/v2/organisations/" + e.Organisations()[0]
	a := c.app(base, "shop")
	if a.OwnerID != e.Organisations()[0] || a.Instance.Variant.Slug != "node" || a.Instance.MinFlavor.Name != "XS" || a.ForceHTTPS != "DISABLED" ||
		a.Instance.Lifetime != "REGULAR" || a.Deployment.URL == "" || len(a.Vhosts) != 1 || a.Vhosts[0].FQDN != "app-"+a.ID[4:]+".cleverapps.io/" {
		t.Errorf("made %+v", a)
	}
	at := base + "/applications/" + a.ID
	var now app
	c.must("PUT", at, map[string]any{"minInstances": 2, "maxInstances": 4, "maxFlavor": "M", "separateBuild": true, "forceHttps": "ENABLED"}, &now)
	if now.Instance.MinInstances != 2 || now.Instance.MaxInstances != 4 || now.Instance.MaxFlavor.Name != "M" || now.Instance.MinFlavor.Name != "XS" ||
		!now.SeparateBuild || now.BuildFlavor.Name != "M" || now.ForceHTTPS != "ENABLED" || now.Name != "shop" {
		t.Errorf("scaled to %+v", now)
	}
	for body, field := range map[string]string{
		`{"minFlavor":"huge"}`: "minFlavor", `{"minFlavor":"XL"}`: "minFlavor", `{"minInstances":5}`: "minInstances", `{"zone":"moon"}`: "zone",
		`{"forceHttps":"maybe"}`: "forceHttps", `{"name":" "}`: "name", `{"maxInstances":41}`: "minInstances", `{"instanceLifetime":"long"}`: "instanceLifetime",
	} {
		if status, m := c.refused("PUT", at, body); status != 400 || m.Fields[field] == "" {
			t.Errorf("%s: %d %+v", body, status, m)
		}
	}
	var after app
	c.must("GET", at, nil, &after)
	if diff := cmp.Diff(now, after); diff != "" {
		t.Errorf("a refused change changed it: %s", diff)
	}
	c.must("GET", "/v2/self/applications/"+a.ID, nil, &after) // as the platform does, of whatever organisation
	if status, m := c.refused("GET", "/v2/organisations/"+e.User()+"/applications/"+a.ID, nil); status != 403 || m.ID != 4002 {
		t.Errorf("by another owner: %d %+v", status, m)
	}
	if status, m := c.refused("POST", at+"/instances", nil); status != 400 || m.ID != 4014 {
		t.Errorf("a restart: %d %+v", status, m)
	}
	for _, body := range []string{`{"name":"x","zone":"par"}`, `{"name":"x","zone":"par","instanceVariant":"` + nodeVariant + `","instanceType":"php"}`, `{"zone":"par"}`} {
		if status, _ := c.refused("POST", base+"/applications", body); status != 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
	c.must("DELETE", at, nil, nil)
	if status, _ := c.refused("GET", at, nil); status != 404 {
		t.Errorf("after its removal: %d", status)
	}
}

// What an application is linked to is what it has variables of, until it is gone.
func TestLinks(t *testing.T) {
	e, c := newEmulator(t, Options{})
	base := "/v2/organisations/" + e.Organisations()[0]
	a, b := c.app(base, "shop"), c.app(base, "store")
	db, foreign := c.order(base, order("db")), c.order("/v2/self", order("foreign"))
	at := base + "/applications/" + a.ID
	c.must("POST", at+"/addons", fmt.Sprintf("%q", db.ID), nil)
	c.must("POST", at+"/addons", fmt.Sprintf("%q", db.ID), nil) // once is enough
	for id, want := range map[string]int{db.RealID: 403, foreign.ID: 403, "addon_x": 404} {
		if status, _ := c.refused("POST", at+"/addons", fmt.Sprintf("%q", id)); status != want {
			t.Errorf("linking %s: %d", id, status)
		}
	}
	var linked []clever.Addon
	c.must("GET", at+"/addons", nil, &linked)
	if len(linked) != 1 || linked[0].ID != db.ID {
		t.Errorf("linked to %+v", linked)
	}
	var envs []struct {
		AddonID string `json:"addon_id"`
		Env     []clever.EnvVar
	}
	c.must("GET", at+"/addons/env", nil, &envs)
	var own []clever.EnvVar
	c.must("GET", base+"/addons/"+db.ID+"/env", nil, &own)
	if len(envs) != 1 || envs[0].AddonID != db.ID || !cmp.Equal(envs[0].Env, own) {
		t.Errorf("its variables are %+v", envs)
	}
	var apps []app
	c.must("GET", base+"/addons/"+db.ID+"/applications", nil, &apps)
	if len(apps) != 1 || apps[0].ID != a.ID {
		t.Errorf("the database is linked to %+v", apps)
	}
	c.must("PUT", base+"/applications/"+b.ID+"/exposed_env", map[string]string{"URL": "http://b"}, nil)
	c.must("PUT", at+"/dependencies/"+b.ID, nil, nil)
	if status, _ := c.refused("PUT", at+"/dependencies/"+a.ID, nil); status != 400 {
		t.Errorf("depending on itself: %d", status)
	}
	var deps []struct {
		AppID string `json:"app_id"`
		Env   []clever.EnvVar
	}
	c.must("GET", at+"/dependencies/env", nil, &deps)
	if len(deps) != 1 || deps[0].AppID != b.ID || !slices.Equal(deps[0].Env, []clever.EnvVar{{Name: "URL", Value: "http://b"}}) {
		t.Errorf("by its dependencies it has %+v", deps)
	}
	c.must("DELETE", base+"/applications/"+b.ID, nil, nil)
	c.must("DELETE", base+"/addons/"+db.ID, nil, nil)
	for _, path := range []string{"/addons", "/addons/env", "/dependencies", "/dependencies/env"} {
		var left []any
		c.must("GET", at+path, nil, &left)
		if len(left) != 0 {
			t.Errorf("%s has %v of what is gone", path, left)
		}
	}
	var s struct {
		Organisations []struct {
			Applications []struct{ ID, Name, VariantSlug string }
		}
	}
	c.must("GET", "/v2/summary", nil, &s)
	if got := s.Organisations[0].Applications; len(got) != 1 || got[0].ID != a.ID || got[0].VariantSlug != "node" {
		t.Errorf("the summary has %+v", got)
	}
}

// Variables, domains, tags and ports of an application.
func TestApplicationSettings(t *testing.T) {
	e, c := newEmulator(t, Options{})
	base := "/v2/organisations/" + e.User() + "/applications/"
	a, b := c.app("/v2/self", "shop"), c.app("/v2/self", "other")
	at := base + a.ID
	c.must("PUT", at+"/env", map[string]string{"B": "2", "A": "1"}, nil)
	c.must("PUT", at+"/env/C", map[string]string{"value": "three = 3"}, nil)
	c.must("PUT", at+"/env/A", map[string]string{"value": ""}, nil)
	c.must("DELETE", at+"/env/B", nil, nil)
	var env []clever.EnvVar
	c.must("GET", at+"/env", nil, &env)
	if diff := cmp.Diff([]clever.EnvVar{{Name: "A", Value: ""}, {Name: "C", Value: "three = 3"}}, env); diff != "" {
		t.Error(diff)
	}
	for _, body := range []string{`{"1A":"x"}`, `{"A B":"x"}`, `{"":"x"}`, `{"A":1}`} {
		if status, _ := c.refused("PUT", at+"/env", body); status != 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
	domain := func(d string) string { return at + "/vhosts/" + url.PathEscape(d) }
	c.must("PUT", domain("Shop.example.com"), nil, nil)
	c.must("PUT", domain("shop.example.com/api"), nil, nil)
	if status, _ := c.refused("PUT", base+b.ID+"/vhosts/shop.example.com", nil); status != 409 {
		t.Errorf("a domain of two: %d", status)
	}
	if status, _ := c.refused("PUT", domain("no domain"), nil); status != 400 {
		t.Errorf("no domain: %d", status)
	}
	if status, m := c.refused("GET", at+"/vhosts/favourite", nil); status != 404 || m.ID != 4021 {
		t.Errorf("no favourite: %d %+v", status, m)
	}
	c.must("PUT", at+"/vhosts/favourite", map[string]string{"fqdn": "shop.example.com/"}, nil)
	c.must("DELETE", domain("shop.example.com"), nil, nil)
	if status, _ := c.refused("GET", at+"/vhosts/favourite", nil); status != 404 {
		t.Errorf("the favourite is gone: %d", status)
	}
	var domains []struct{ FQDN string }
	c.must("GET", at+"/vhosts", nil, &domains)
	if len(domains) != 2 || domains[1].FQDN != "shop.example.com/api" {
		t.Errorf("the domains are %v", domains)
	}
	var tags []string
	c.must("PUT", at+"/tags", []string{"b", "a", "b"}, nil)
	c.must("PUT", at+"/tags/c", nil, nil)
	c.must("DELETE", at+"/tags/a", nil, &tags)
	if !slices.Equal(tags, []string{"b", "c"}) {
		t.Errorf("the tags are %v", tags)
	}
	var one, two struct{ Port int }
	c.must("POST", at+"/tcpRedirs", map[string]string{"namespace": "default"}, &one)
	c.must("POST", base+b.ID+"/tcpRedirs", map[string]string{"namespace": "default"}, &two)
	c.must("DELETE", fmt.Sprintf("%s/tcpRedirs/%d?namespace=default", at, one.Port), nil, nil)
	if status, _ := c.refused("DELETE", fmt.Sprintf("%s/tcpRedirs/%d", at, one.Port), nil); status != 404 || one.Port == two.Port {
		t.Errorf("the ports are %v and %v: %d", one, two, status)
	}
}
