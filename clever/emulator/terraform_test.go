package emulator

import (
	"fmt"
	"strings"
	"testing"
)

// members holds an answer to what the Terraform provider decodes: a line for each
// member with its JSON type. A path "plans.0.id" goes through lists.
func members(t *testing.T, call string, answer any, want string) {
	t.Helper()
	for line := range strings.Lines(want) {
		path, kind, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		value := answer
		for step := range strings.SplitSeq(path, ".") {
			switch v := value.(type) {
			case map[string]any:
				value = v[step]
			case []any:
				value = nil
				var i int
				if _, err := fmt.Sscan(step, &i); err == nil && i < len(v) {
					value = v[i]
				}
			default:
				value = nil
			}
		}
		got := fmt.Sprintf("%T", value)
		if want := map[string]string{"string": "string", "number": "float64", "bool": "bool",
			"list": "[]interface {}", "object": "map[string]interface {}"}[kind]; got != want {
			t.Errorf("%s: %s is %s, want %s", call, path, got, kind)
		}
	}
}

const (
	asView = "id string\nname string\nrealId string\nregion string\nzoneId string\ncreationDate number\nconfigKeys list\n" +
		"provider.id string\nprovider.name string\nplan.id string\nplan.slug string\nplan.price number\nplan.features list"
	asDetail = "id string\napp_id string\nowner_id string\ncreation_date string\nhost string\nport number\nuser string\n" +
		"password string\ndatabase string\nplan string\nversion string\nzone string\nstatus string\nfeatures list\n" +
		"features.0.name string\nfeatures.0.enabled bool\nread_only_users list"
	asProviders = "0.id string\n0.name string\n0.regions list\n0.plans.0.id string\n0.plans.0.slug string\n" +
		"0.plans.0.features.0.name string\n0.plans.0.features.0.type string\n0.plans.0.features.0.value string"
)

// The calls of the vendor's Terraform provider, in its order, for a resource's whole
// life: created, read, renamed, moved, removed.
func TestTerraformSequences(t *testing.T) {
	type step struct{ method, path, body, want string }
	for _, tt := range []struct {
		name, provider string
		steps          []step
	}{
		{"postgresql", "postgresql-addon", []step{
			{"GET", "/v4/addon-providers/postgresql-addon/addons/{id}", "", asDetail},
			{"GET", "/v4/networkgroups/organisations/{org}/networkgroups", "", ""},
			{"GET", "{base}/addons", "", "0.id string\n0.realId string"},
			{"GET", "{base}/addons/{id}", "", asView},
			{"PUT", "{base}/addons/{real}", `{"name":"renamed"}`, asView},
			{"GET", "{base}/addons/{id}/migrations", "", ""},
			{"POST", "{base}/addons/{id}/migrations", `{"planId":"` + bigPostgres + `","region":"par","version":"17"}`,
				"migrationId string\nrequestDate string\nstatus string\nsteps list\nsteps.0.value string\nsteps.0.status string"},
			{"GET", "/v4/addon-providers/postgresql-addon/addons/{id}", "", asDetail},
			{"DELETE", "{base}/addons/{id}", "", "id number\nmessage string\ntype string"},
		}},
		{"redis", "redis-addon", []step{
			{"GET", "{base}/addons/{real}/env", "", "0.name string\n0.value string"},
			{"GET", "{base}/addons/{real}", "", asView},
			{"PUT", "{base}/addons/{real}", `{"name":"renamed"}`, asView},
			{"DELETE", "{base}/addons/{real}", "", "id number\nmessage string\ntype string"},
		}},
		{"cellar", "cellar-addon", []step{
			{"GET", "{base}/addons/{real}/env", "", "0.name string\n2.value string"},
			{"GET", "{base}/addons/{real}", "", asView},
			{"DELETE", "{base}/addons/{id}", "", "id number\nmessage string\ntype string"},
		}},
		{"configprovider", "config-provider", []step{
			{"PUT", "/v4/addon-providers/config-provider/addons/{real}/env", `[{"name":"A","value":"b"}]`, "0.name string\n0.value string"},
			{"GET", "/v4/addon-providers/config-provider/addons/{real}/env", "", "0.name string\n0.value string"},
			{"DELETE", "{base}/addons/{real}", "", "id number\nmessage string\ntype string"},
		}},
		{"materia_kv", "kv", []step{
			{"GET", "/v4/materia/organisations/{org}/materia/databases/{real}", "",
				"id string\nclusterId string\nownerId string\nkind string\nplan string\nhost string\nport number\ntoken string\ntokenId string\nstatus string"},
			{"DELETE", "{base}/addons/{id}", "", "id number\nmessage string\ntype string"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, c := newEmulator(t, Options{})
			org := e.Organisations()[0]
			var answer any
			c.must("GET", "/v2/self", nil, &answer)
			members(t, "self", answer, "id string\nemail string\nname string")
			c.must("GET", "/v2/products/addonproviders", nil, &answer)
			members(t, "providers", answer, asProviders)
			plan := e.catalogue.provider(tt.provider).view.Plans
			c.must("POST", "/v2/organisations/"+org+"/addons", map[string]any{"name": "x", "providerId": tt.provider,
				"plan": plan[len(plan)-1].ID, "region": "par", "options": map[string]string{}}, &answer)
			members(t, "create", answer, asView)
			a := e.Addons(org)[0]
			in := strings.NewReplacer("{base}", "/v2/organisations/"+org, "{org}", org, "{id}", a.ID, "{real}", a.RealID)
			for _, s := range tt.steps {
				var body, answer any
				if s.body != "" {
					body = s.body
				}
				c.must(s.method, in.Replace(s.path), body, &answer)
				members(t, s.method+" "+s.path, answer, s.want)
			}
			if list := e.Addons(org); len(list) != 0 {
				t.Errorf("left: %+v", list)
			}
		})
	}
}
