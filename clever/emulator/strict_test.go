package emulator

import (
	"testing"

	"runner/clever"
)

func TestOptions(t *testing.T) {
	_, c := newEmulator(t, Options{})
	for _, tt := range []struct{ name, body, version string }{
		{"null", `"options":null`, "15"},
		{"absent", `"linkedApp":null`, "15"},
		{"unknown", `"options":{"colour":"blue"}`, "15"},
		{"version", `"options":{"version":"17"}`, "17"},
		{"shared plan", `"plan":"` + devPostgres + `","options":{"version":"17"}`, "15"},
		{"unknown version on a shared plan", `"plan":"` + devPostgres + `","options":{"version":"9.6"}`, "15"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a clever.Addon
			c.must("POST", "/v2/self/addons", `{"name":"x","providerId":"postgresql-addon","plan":"`+smallPostgres+`","region":"par",`+tt.body+`}`, &a)
			if got := env(t, c, "/v2/self/addons/"+a.ID)["POSTGRESQL_ADDON_VERSION"]; got != tt.version {
				t.Errorf("runs %q, want %q", got, tt.version)
			}
		})
	}
}

func TestStrictOptions(t *testing.T) {
	e, c := newEmulator(t, Options{StrictOptions: true})
	_, lax := newEmulator(t, Options{})
	for _, tt := range []struct {
		provider string
		options  map[string]string
		refused  string
	}{
		{"postgresql-addon", nil, ""},
		{"postgresql-addon", map[string]string{"version": "15", "encryption": "true", "do-backup": "false", "direct-host-only": "true", "locale": "en_GB"}, ""},
		{"postgresql-addon", map[string]string{"colour": "blue", "kibana": "true"}, "options.colour"},
		{"postgresql-addon", map[string]string{"encryption": "yes"}, "options.encryption"},
		{"mysql-addon", map[string]string{"skip-log-bin": "true"}, ""},
		{"mysql-addon", map[string]string{"locale": "en_GB"}, "options.locale"},
		{"es-addon", map[string]string{"kibana": "true", "apm": "false", "plugins": "a,b", "services": "kibana"}, ""},
		{"keycloak", map[string]string{"version": "26.3.3", "access-domain": "id.example.test"}, ""},
		{"keycloak", map[string]string{"routes-domain": "id.example.test"}, "options.routes-domain"},
		{"otoroshi", map[string]string{"routes-domain": "id.example.test"}, ""},
		{"addon-pulsar", map[string]string{"version": ""}, ""},
		{"cellar-addon", map[string]string{}, ""},
		{"cellar-addon", map[string]string{"version": "1"}, "options.version"},
	} {
		plans := e.catalogue.Provider(tt.provider).View.Plans
		o := clever.CreateRequest{Name: "x", ProviderID: tt.provider, Plan: plans[len(plans)-1].ID, Region: "par", Options: tt.options}
		lax.must("POST", "/v2/self/addons", o, nil)
		if tt.refused == "" {
			c.must("POST", "/v2/self/addons", o, nil)
		} else if status, m := c.refused("POST", "/v2/self/addons", o); status != 400 || m.ID != 90026 || m.Fields[tt.refused] == "" {
			t.Errorf("%s with %v: %d %+v", tt.provider, tt.options, status, m)
		}
	}
}

func TestRealIDs(t *testing.T) {
	for _, strict := range []bool{false, true} {
		_, c := newEmulator(t, Options{StrictIDs: strict})
		a := c.order("/v2/self", order("x"))
		want := map[bool]int{false: 200, true: 404}[strict]
		for _, path := range []string{"", "/env", "/tags"} {
			if status := c.ask("GET", "/v2/self/addons/"+a.RealID+path, nil, nil); status != want {
				t.Errorf("strict %v, %q: %d", strict, path, status)
			}
		}
	}
}
