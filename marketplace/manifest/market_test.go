package manifest

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ask makes a call of a back-end's, with the manifest's credentials unless
// another header is given.
func ask(k *Market, method, path, body, authorization string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.SetBasicAuth(k.m.ID, k.m.Password)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	k.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// market returns one with an add-on, and another whose order is not answered yet.
func market(d Dialect) *Market {
	k := NewMarket(testManifest(d))
	k.Put(App{Order: testOrder, ID: "v1", Config: map[string]string{"TINYKV_URL": "old", "TINYKV_PORT": "1"}, State: "provisioning"})
	early := testOrder
	early.Key = "addon_0"
	k.Put(App{Order: early, State: "provisioning"})
	return k
}

func TestCallbacks(t *testing.T) {
	kept := map[string]string{"TINYKV_URL": "old", "TINYKV_PORT": "1"}
	for name, c := range map[string]struct {
		dialect                    Dialect
		method, path, body, header string
		status                     int
		said                       string
		config                     map[string]string
		state                      string
	}{
		"reads":               {Clever, "GET", "/v2/vendor/apps/addon_1", "", "", 200, `"TINYKV_URL":"old"`, kept, "provisioning"},
		"sets":                {Clever, "PUT", "/v2/vendor/apps/addon_1", `{"config":{"TINYKV_URL":"new"}}`, "", 200, `"new"`, map[string]string{"TINYKV_URL": "new", "TINYKV_PORT": "1"}, "provisioned"},
		"removes":             {AppFog, "PUT", "/vendor/apps/addon_1", `{"config":{"TINYKV_URL":null}}`, "", 200, "", map[string]string{"TINYKV_PORT": "1"}, "provisioned"},
		"types":               {AppFog, "PUT", "/vendor/apps/addon_1", `{"config":{"TINYKV_PORT":3306}}`, "", 200, "", map[string]string{"TINYKV_URL": "old", "TINYKV_PORT": "3306"}, "provisioned"},
		"undeclared":          {HerokuV1, "PUT", "/vendor/apps/addon_1", `{"config":{"TINYKV_URL":"new","OTHER":"x"}}`, "", 422, `"id":"forbidden"`, kept, "provisioning"},
		"a list for a value":  {HerokuV1, "PUT", "/vendor/apps/addon_1", `{"config":{"TINYKV_URL":[]}}`, "", 422, "invalid", kept, "provisioning"},
		"no config":           {Clever, "PUT", "/vendor/apps/addon_1", `{}`, "", 422, "invalid", kept, "provisioning"},
		"no JSON":             {Clever, "PUT", "/vendor/apps/addon_1", `{`, "", 400, "not valid JSON", kept, "provisioning"},
		"too much":            {Clever, "PUT", "/vendor/apps/addon_1", strings.Repeat(" ", 2<<20), "", 413, "", kept, "provisioning"},
		"heroku's variables":  {HerokuV3, "PATCH", "/addons/addon_1/config", `{"config":[{"name":"TINYKV_URL","value":"new"}]}`, "", 200, "", map[string]string{"TINYKV_URL": "new", "TINYKV_PORT": "1"}, "provisioning"},
		"heroku's end":        {HerokuV3, "POST", "/addons/addon_1/actions/provision", "", "Bearer " + testPassword, 200, "", kept, "provisioned"},
		"heroku's giving up":  {HerokuV3, "POST", "/addons/addon_1/actions/deprovision", "", "", 200, "", kept, "deprovisioned"},
		"another action":      {HerokuV3, "POST", "/addons/addon_1/actions/explode", "", "", 404, "", kept, "provisioning"},
		"a bearer elsewhere":  {Clever, "GET", "/vendor/apps/addon_1", "", "Bearer " + testPassword, 401, "", kept, "provisioning"},
		"no credentials":      {Clever, "PUT", "/vendor/apps/addon_1", `{"config":{"TINYKV_URL":"new"}}`, "none", 401, "", kept, "provisioning"},
		"not answered yet":    {Clever, "GET", "/vendor/apps/addon_0", "", "", 404, "", kept, "provisioning"},
		"changed too early":   {Clever, "PUT", "/vendor/apps/addon_0", `{"config":{}}`, "", 404, "", kept, "provisioning"},
		"somebody else's":     {Clever, "GET", "/vendor/apps/addon_9", "", "", 404, "", kept, "provisioning"},
		"another method":      {Clever, "DELETE", "/vendor/apps/addon_1", "", "", 405, "", kept, "provisioning"},
		"nowhere":             {Clever, "GET", "/", "", "", 404, "", kept, "provisioning"},
		"lists":               {HerokuV1, "GET", "/vendor/apps", "", "", 200, `"provider_id":"v1"`, kept, "provisioning"},
		"lists, Clever's way": {Clever, "GET", "/vendor/apps?offset=0", "", "", 200, `"provider_id":"tinykv"`, kept, "provisioning"},
		"lists nothing more":  {Clever, "GET", "/vendor/apps?offset=7", "", "", 200, "[]", kept, "provisioning"},
	} {
		k := market(c.dialect)
		status, said := ask(k, c.method, c.path, c.body, c.header)
		if status != c.status || !strings.Contains(said, c.said) || strings.Contains(said, testPassword) {
			t.Errorf("%s: %d %s, want %d and %q", name, status, said, c.status, c.said)
		}
		a, _ := k.Get("addon_1")
		if diff := cmp.Diff(c.config, a.Config) + cmp.Diff(c.state, a.State); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAilingMarket(t *testing.T) {
	k := market(Clever)
	var heard []string
	ill := true
	k.Watch(func(key string) { heard = append(heard, key) }, func(string) bool { return ill })
	body := `{"config":{"TINYKV_URL":"new"}}`
	if status, _ := ask(k, "PUT", "/vendor/apps/addon_1", body, ""); status != 503 || len(heard) != 0 {
		t.Errorf("%d, heard %v", status, heard)
	}
	ill = false
	if status, _ := ask(k, "PUT", "/vendor/apps/addon_1", body, ""); status != 200 || len(heard) != 1 || heard[0] != "addon_1" {
		t.Errorf("%d, heard %v", status, heard)
	}
}

func FuzzMarket(f *testing.F) {
	f.Add("PUT", "/vendor/apps/addon_1", `{"config":{"TINYKV_URL":"new"}}`)
	f.Add("PATCH", "/addons/addon_1/config", `{"config":[{"name":"TINYKV_URL","value":"new"},7,{"value":{}}]}`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		for _, d := range Dialects() {
			k := market(d)
			r := httptest.NewRequest("GET", "/", strings.NewReader(body))
			r.Method, r.URL.Path = method, path
			r.SetBasicAuth(k.m.ID, k.m.Password)
			k.ServeHTTP(httptest.NewRecorder(), r)
			a, _ := k.Get("addon_1")
			for name := range a.Config {
				if !k.m.Declares(name) {
					t.Fatalf("%q is set by %s %s %s", name, method, path, body)
				}
			}
		}
	})
}
