package emulator

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
)

// first orders the first plan of a provider in its first region.
func (c *client) first(e *Emulator, provider string, options map[string]string) clever.Addon {
	c.t.Helper()
	p := e.catalogue.Provider(provider)
	return c.order("/v2/organisations/"+e.Organisations()[0], clever.CreateRequest{
		Name: "x", ProviderID: provider, Plan: p.View.Plans[0].ID, Region: p.Zones[0], Options: options,
	})
}

// Every plan can be ordered, and its environment is written to the end.
func TestEveryPlan(t *testing.T) {
	e, c := newEmulator(t, Options{})
	for _, p := range e.catalogue.Providers {
		for _, pl := range p.View.Plans {
			a := c.order("/v2/self", clever.CreateRequest{Name: "x", ProviderID: p.ID, Plan: pl.ID, Region: p.Zones[len(p.Zones)-1]})
			if !strings.HasPrefix(a.RealID, p.RealPrefix) || !uuid4.MatchString(strings.TrimPrefix(a.RealID, p.RealPrefix)) {
				t.Errorf("%s: real id %q", p.ID, a.RealID)
			}
			vars := env(t, c, "/v2/self/addons/"+a.ID)
			if len(vars) != len(a.ConfigKeys) || len(vars) == 0 != (p.ID == "config-provider") {
				t.Errorf("%s: %d variables, %d keys", p.ID, len(vars), len(a.ConfigKeys))
			}
			for name, value := range vars {
				if value == "" || strings.ContainsAny(value, "{}=") {
					t.Errorf("%s %s: %s=%q", p.ID, pl.Slug, name, value)
				}
			}
		}
	}
}

func TestEnvironments(t *testing.T) {
	e, c := newEmulator(t, Options{})
	all := map[string]string{"direct-host-only": "true", "kibana": "true", "apm": "true"}
	for _, tt := range []struct {
		provider string
		options  map[string]string
		want     map[string]string // name → pattern
	}{
		{"postgresql-addon", nil, map[string]string{
			"POSTGRESQL_ADDON_HOST": `b[a-z0-9]{19}-postgresql\.services\.clever-cloud\.com`, "POSTGRESQL_ADDON_PORT": `5432`,
			"POSTGRESQL_ADDON_DB": `b[a-z0-9]{19}`, "POSTGRESQL_ADDON_USER": `u[a-z0-9]{19}`, "POSTGRESQL_ADDON_PASSWORD": `[A-Za-z0-9]{20}`,
			"POSTGRESQL_ADDON_URI": `postgresql://u\w+:\w+@b\w+-postgresql\.services\.clever-cloud\.com:5432/b\w+`, "POSTGRESQL_ADDON_VERSION": `15`}},
		{"mysql-addon", all, map[string]string{
			"MYSQL_ADDON_HOST": `.*-mysql\..*`, "MYSQL_ADDON_PORT": `3306`, "MYSQL_ADDON_DB": `b.*`, "MYSQL_ADDON_USER": `u.*`,
			"MYSQL_ADDON_PASSWORD": `.{20}`, "MYSQL_ADDON_URI": `mysql://.*`, "MYSQL_ADDON_VERSION": `8\.0`,
			"MYSQL_ADDON_DIRECT_HOST": `.*-direct\..*`, "MYSQL_ADDON_DIRECT_PORT": `\d+`, "MYSQL_ADDON_DIRECT_URI": `mysql://.*-direct\..*`}},
		{"redis-addon", nil, map[string]string{
			"REDIS_HOST": `.*-redis\..*`, "REDIS_PORT": `\d+`, "REDIS_PASSWORD": `.{20}`, "REDIS_TOKEN": `.{20}`,
			"REDIS_URL": `redis://:.{20}@.*:\d+`, "REDIS_CLI_URL": `redis://.*`, "REDIS_VERSION": `8\.8\.0`}},
		{"es-addon", map[string]string{"kibana": "true"}, map[string]string{
			"ES_ADDON_HOST": `.*-elasticsearch\..*`, "ES_ADDON_USER": `u.*`, "ES_ADDON_PASSWORD": `.{20}`, "ES_ADDON_URI": `https://.*`, "ES_ADDON_VERSION": `8`,
			"ES_ADDON_KIBANA_HOST": `.*-kibana\..*`, "ES_ADDON_KIBANA_USER": `u.*`, "ES_ADDON_KIBANA_PASSWORD": `.{20}`}},
		{"cellar-addon", nil, map[string]string{
			"CELLAR_ADDON_HOST": `cellar-c2\.services\.clever-cloud\.com`, "CELLAR_ADDON_KEY_ID": `.{20}`, "CELLAR_ADDON_KEY_SECRET": `.{40}`}},
		{"fs-bucket", nil, map[string]string{
			"BUCKET_HOST": `bucket-[0-9a-f-]{36}-fsbucket\..*`, "BUCKET_FTP_USERNAME": `u[0-9a-f]{16}`, "BUCKET_FTP_PASSWORD": `.{20}`}},
	} {
		t.Run(tt.provider, func(t *testing.T) {
			a := c.first(e, tt.provider, tt.options)
			got := env(t, c, "/v2/organisations/"+e.Organisations()[0]+"/addons/"+a.ID)
			for name, value := range got {
				pattern, known := tt.want[name]
				if !known || !regexp.MustCompile("^"+pattern+"$").MatchString(value) {
					t.Errorf("%s=%q, want %q", name, value, pattern)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("%d variables, want %d", len(got), len(tt.want))
			}
		})
	}
}

func TestDatabaseDetails(t *testing.T) {
	birth := time.Date(2026, 1, 1, 0, 0, 0, 5e6, time.UTC)
	e, c := newEmulator(t, Options{Now: func() time.Time { return birth }})
	a := c.order("/v2/self", clever.CreateRequest{Name: "x", ProviderID: "postgresql-addon", Plan: smallPostgres, Region: "par",
		Options: map[string]string{"encryption": "true", "do-backup": "false", "version": "16"}})
	vars := env(t, c, "/v2/self/addons/"+a.ID)
	var got databaseDetail
	c.must("GET", "/v4/addon-providers/postgresql-addon/addons/"+a.ID, nil, &got)
	want := databaseDetail{
		ID: a.RealID, AppID: a.ID, OwnerID: e.User(), CreationDate: "2026-01-01T00:00:00.005Z[UTC]",
		Host: vars["POSTGRESQL_ADDON_HOST"], Port: 5432, User: vars["POSTGRESQL_ADDON_USER"], Password: vars["POSTGRESQL_ADDON_PASSWORD"],
		Database: vars["POSTGRESQL_ADDON_DB"], Plan: "xxs_sml", Version: "16", Zone: "par", Status: "ACTIVE", ReadOnlyUsers: []string{},
		Features: []clever.FeatureSwitch{{Name: "direct-host-only"}, {Name: "do-backup"}, {Name: "encryption", Enabled: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"postgresql-addon/addons/" + a.RealID, "mysql-addon/addons/" + a.ID, "kv/addons/" + a.ID, "postgresql-addon/addons/x"} {
		if status := c.ask("GET", "/v4/addon-providers/"+path, nil, nil); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestElasticDetails(t *testing.T) {
	e, c := newEmulator(t, Options{})
	a := c.first(e, "es-addon", map[string]string{"kibana": "true", "plugins": "a,b"})
	var got elasticDetail
	c.must("GET", "/v4/addon-providers/es-addon/addons/"+a.ID, nil, &got)
	if got.KibanaHost == nil || got.APMHost != nil || !slices.Equal(got.Plugins, []string{"a", "b"}) || got.Version != "8" || got.ID != a.RealID ||
		!slices.Equal(got.Services, []clever.FeatureSwitch{{Name: "kibana", Enabled: true}, {Name: "apm"}}) {
		t.Errorf("%+v", got)
	}
}

func TestOperators(t *testing.T) {
	e, c := newEmulator(t, Options{})
	for provider, members := range map[string][]string{
		"keycloak": {"pgsqlId", "postgresId", "fsbucketId"}, "addon-matomo": {"mysqlId", "redisId"},
		"metabase": {"pgsqlId", "postgresId"}, "otoroshi": {"redisId"},
	} {
		t.Run(provider, func(t *testing.T) {
			a := c.first(e, provider, map[string]string{"access-domain": "x.example.test"})
			path := "/v4/addon-providers/addon-" + strings.TrimPrefix(provider, "addon-") + "/addons/" + a.RealID
			var d struct {
				ResourceID, AddonID, Version, AccessURL string
				AvailableVersions                       []string
				Resources                               map[string]*string
				EnvVars                                 map[string]string
				Features                                map[string]map[string]string
			}
			c.must("GET", path, nil, &d)
			if d.ResourceID != a.RealID || d.AddonID != a.ID || d.AccessURL == "" || len(d.EnvVars) == 0 {
				t.Errorf("%+v", d)
			}
			for _, m := range append(members, "entrypoint") {
				if d.Resources[m] == nil {
					t.Errorf("no %s", m)
				}
			}
			old := d.AvailableVersions[0]
			c.must("POST", path+"/version/update", map[string]string{"targetVersion": old}, &d)
			var check struct {
				Installed, Latest string
				NeedUpdate        bool
			}
			c.must("GET", path+"/version/check", nil, &check)
			if d.Version != old || check.Installed != old || !check.NeedUpdate || check.Latest == old {
				t.Errorf("updated to %q: %+v", d.Version, check)
			}
			c.must("POST", path+"/reboot", nil, nil)
			c.must("POST", path+"/networkgroup", nil, &d)
			if ng := d.Features["networkGroup"]; ng["id"] == "" || ng["id"] != ng["networkGroupId"] {
				t.Errorf("network group %v", ng)
			}
			if status := c.ask("DELETE", path+"/networkgroup", nil, nil); status != 204 {
				t.Errorf("left the network group: %d", status)
			}
			c.must("GET", path, nil, &d)
			if ng := d.Features["networkGroup"]; ng != nil {
				t.Errorf("network group %v", ng)
			}
			var m clever.MessageV4
			if status := c.ask("POST", path+"/version/update", `{"targetVersion":"0"}`, &m); status != 400 || m.Code != "emulator.unknown-version" {
				t.Errorf("unknown version: %d %+v", status, m)
			}
			if status := c.ask("GET", strings.Replace(path, a.RealID, a.ID, 1), nil, nil); status != 404 {
				t.Errorf("by add-on id: %d", status)
			}
		})
	}
	otoroshi := c.first(e, "otoroshi", nil)
	if text := c.text("/v4/addon-providers/addon-otoroshi/addons/"+otoroshi.RealID+"/config.yaml", "application/yaml"); !strings.HasPrefix(text, "otoroshi:\n  url: \"https://") {
		t.Errorf("its configuration: %q", text)
	}
	for _, path := range []string{"addon-otoroshi/addons/" + otoroshi.ID, "addon-keycloak/addons/" + c.first(e, "keycloak", nil).RealID} {
		if status := c.ask("GET", "/v4/addon-providers/"+path+"/config.yaml", nil, nil); status != 404 {
			t.Errorf("the configuration of %s: %d", path, status)
		}
	}
	a := c.order("/v2/self", order("x"))
	if status := c.ask("POST", "/v4/addon-providers/postgresql-addon/addons/"+a.ID+"/reboot", nil, nil); status != 404 {
		t.Errorf("a database is rebooted: %d", status)
	}
}

// text returns an answer that is no JSON.
func (c *client) text(path, kind string) string {
	c.t.Helper()
	r, err := http.NewRequest("GET", c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", c.auth)
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != kind {
		c.t.Errorf("%s: %d %s, %v", path, res.StatusCode, res.Header.Get("Content-Type"), err)
	}
	return string(text)
}

func TestConfigProvider(t *testing.T) {
	e, c := newEmulator(t, Options{})
	a := c.first(e, "config-provider", nil)
	path := "/v4/addon-providers/config-provider/addons/" + a.RealID
	var got []clever.EnvVar
	c.must("GET", path+"/env", nil, &got)
	if got == nil || len(got) != 0 {
		t.Errorf("at first: %v", got)
	}
	want := []clever.EnvVar{{Name: "B", Value: "2"}, {Name: "A", Value: "{=}"}}
	for _, list := range [][]clever.EnvVar{{{Name: "OLD", Value: "1"}}, want} {
		c.must("PUT", path+"/env", list, &got)
		if diff := cmp.Diff(list, got); diff != "" {
			t.Error(diff)
		}
	}
	c.must("GET", path+"/env", nil, &got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"A": "{=}", "B": "2"}, env(t, c, "/v2/organisations/"+e.Organisations()[0]+"/addons/"+a.ID)); diff != "" {
		t.Error(diff)
	}
	var detail struct{ Env []clever.EnvVar }
	c.must("GET", path, nil, &detail)
	if diff := cmp.Diff(want, detail.Env); diff != "" {
		t.Error(diff)
	}
	c.must("PUT", path+"/env", "null", &got)
	if got == nil || len(got) != 0 {
		t.Errorf("cleared: %v", got)
	}
	if status := c.ask("PUT", path+"/env", `[{"name":"","value":"x"}]`, nil); status != 400 {
		t.Errorf("no name: %d", status)
	}
}

func TestOtherDetails(t *testing.T) {
	e, c := newEmulator(t, Options{})
	org := e.Organisations()[0]
	var got map[string]any
	kv := c.first(e, "kv", nil)
	c.must("GET", "/v4/materia/organisations/"+org+"/materia/databases/"+kv.RealID, nil, &got)
	if got["id"] != kv.RealID || got["kind"] != "KV" || got["port"] != 6379.0 || got["token"] == "" {
		t.Errorf("%v", got)
	}
	if status := c.ask("GET", "/v4/materia/organisations/"+e.User()+"/materia/databases/"+kv.RealID, nil, nil); status != 404 {
		t.Errorf("of another: %d", status)
	}
	pulsar := c.first(e, "addon-pulsar", nil)
	c.must("GET", "/v4/addon-providers/addon-pulsar/addons/"+pulsar.RealID, nil, &got)
	cluster, _ := got["cluster_id"].(string)
	if got["id"] != pulsar.RealID || got["owner_id"] != org {
		t.Errorf("%v", got)
	}
	c.must("GET", "/v4/addon-providers/addon-pulsar/clusters/"+cluster, nil, &got)
	if got["zone"] != "par" {
		t.Errorf("%v", got)
	}
	jenkins := c.first(e, "jenkins", nil)
	c.must("GET", "/v4/addon-providers/jenkins/addons/"+jenkins.RealID, nil, &got)
	if got["version"] != "LTS" || got["status"] != "ACTIVE" {
		t.Errorf("%v", got)
	}
	for _, path := range []string{"/v2/backups/" + org + "/" + kv.RealID, "/v2/organisations/" + org + "/addons/" + kv.ID + "/instances",
		"/v2/organisations/" + org + "/addons/" + kv.ID + "/applications"} {
		var none []any
		c.must("GET", path, nil, &none)
		if none == nil || len(none) != 0 {
			t.Errorf("%s: %v", path, none)
		}
	}
	var sso map[string]string
	c.must("GET", "/v2/organisations/"+org+"/addons/"+kv.ID+"/sso", nil, &sso)
	if _, err := strconv.Atoi(sso["timestamp"]); err != nil || sso["id"] != kv.RealID || sso["url"] == "" {
		t.Errorf("%v", sso)
	}
}
