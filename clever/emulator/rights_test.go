package emulator

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"runner/clever"
)

// allowedAll logs in with these rights ticked, and gives a client with the token.
func (d *consumer) allowedAll(ticked ...string) *client {
	d.t.Helper()
	resp, _ := d.answer(d.begin(), "allow", func(f url.Values) {
		for _, r := range append(allRights(), "almighty") {
			f.Del(r)
		}
		for _, r := range ticked {
			f.Set(r, "on")
		}
	})
	back, err := resp.Location()
	if err != nil {
		d.t.Fatal(err)
	}
	d.finish(back.Query().Get("oauth_verifier"))
	c := inProcessClient(d.t, d.e)
	c.auth = `OAuth oauth_consumer_key="` + d.key + `", oauth_token="` + d.token + `", oauth_signature="` + d.secret + "%26" + d.tokenSecret + `"`
	return c
}

// What is ticked on the page is what a token may do, and is shown.
func TestRights(t *testing.T) {
	for _, strict := range []bool{true, false} {
		e, _ := newEmulator(t, Options{Strict: strict})
		org := e.Organisations()[0]
		addons := "/v2/organisations/" + org + "/addons"
		order := `{"name":"x","providerId":"kv","plan":"` + e.catalogue.Provider("kv").Plans[0].ID + `","region":"par"}`
		calls := []struct{ method, path, body, right string }{
			{"GET", "/v2/self", "", "access_personal_information"},
			{"GET", "/v2/self/id", "", ""},
			{"GET", "/v2/self/tokens/current", "", ""},
			{"GET", "/v2/summary", "", "access_organisations"},
			{"GET", "/v2/organisations", "", "access_organisations"},
			{"GET", "/v2/self/addons", "", "access_organisations"},
			{"GET", addons, "", "access_organisations"},
			{"GET", "/v4/networkgroups/organisations/" + org + "/networkgroups", "", "access_organisations"},
			{"POST", addons, order, "manage_organisations_services"},
			{"POST", "/v2/self/addons", order, "manage_organisations_services"},
			{"GET", "/v2/products/addonproviders", "", ""}, // public
		}
		for _, missing := range append(allRights(), "") {
			d := newConsumer(t, e)
			c := d.allowedAll(slices.DeleteFunc(allRights(), func(r string) bool { return r == missing })...)
			for _, call := range calls {
				want := 200
				if call.right != "" && call.right == missing {
					want = 403
				}
				if status := c.ask(call.method, call.path, call.body, nil); status != want {
					t.Errorf("strict %v, without %s, %s %s: %d", strict, missing, call.method, call.path, status)
				}
			}
			var info clever.TokenInfo
			c.must("GET", "/v2/self/tokens/current", nil, &info)
			want := map[string]bool{}
			for _, r := range allRights() {
				want[r] = r != missing
			}
			if diff := cmp.Diff(want, info.Rights); diff != "" || info.Token != d.token {
				t.Errorf("without %s it is shown as %s: %s", missing, info.Token, diff)
			}
		}
	}
}

// A page that somebody made up cannot tick what the page does not offer, and a
// refusal has the form of the API's version.
func TestRightsCannotBeInvented(t *testing.T) {
	e, _ := newEmulator(t, Options{Strict: true})
	c := newConsumer(t, e).allowedAll("almighty", "manage_everything", "access_organisations")
	if status, m := c.refused("POST", "/v2/self/addons", order("x")); status != 403 || m.ID != 90033 || m.Type != "error" ||
		m.Message != "This token lacks the right manage_organisations_services." {
		t.Errorf("v2: %d %+v", status, m)
	}
	var m clever.MessageV4
	if status := c.ask("POST", "/v4/addon-providers/addon-matomo/addons/x/reboot", nil, &m); status != 403 || m.Code != "emulator.missing-right" ||
		!strings.Contains(m.Error, "manage_organisations_services") {
		t.Errorf("v4: %d %+v", status, m)
	}
}
