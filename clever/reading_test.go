package clever

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhatIsNoList: a list that is not what it should be is an error, and never "there
// is nothing".
func TestWhatIsNoList(t *testing.T) {
	const good = `{"id":"addon_1","name":"db","provider":{"id":"pg"}}`
	for body, want := range map[string]string{
		`null`:                                 "null where a value is due",
		``:                                     "nothing where JSON is due",
		`{}`:                                   "JSON of another shape",
		`[null]`:                               "an add-on without id",
		`[{"name":"db"}]`:                      "an add-on without id",
		`[{"id":"addon_1"}]`:                   "an add-on without name",
		`[{"id":1,"name":"a"}]`:                "JSON of another shape",
		`[{"id":"addon_1","name":"db"}]`:       "an add-on without provider",
		`[` + good + `,` + good + `]`:          "the add-on addon_1 twice",
		`[` + good + `,{"id":" ","name":"x"}]`: "an add-on without id",
		`[` + good:                             "JSON that is cut off",
		`<html>`:                               "a web page",
		`[` + good + `]`:                       "",
		`[]`:                                   "",
		`[{"id":"addon_1","name":null,"provider":{}}]`: "an add-on without name",
	} {
		t.Run(body, inBubble(func(t *testing.T) {
			_, err := newTestClient(t, &scripted{replies: []reply{{status: 200, body: body}}}).Addons(t.Context(), "")
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			if IsNotFound(err) {
				t.Error("it is not found")
			}
		}))
	}
}

// TestOtherThingsThatAreNone: the same for what else is read.
func TestOtherThingsThatAreNone(t *testing.T) {
	ctx := func(t *testing.T) (*Client, func(string)) {
		s := &scripted{}
		return newTestClient(t, s), func(body string) { s.replies = []reply{{status: 200, body: body}} }
	}
	for name, read := range map[string]struct {
		bad []string
		do  func(*Client, *testing.T) error
	}{
		"variables": {[]string{"null", `[{"value":"x"}]`, `[{"name":"A","value":1}]`}, func(c *Client, t *testing.T) error { _, err := c.Env(t.Context(), "", "addon_1"); return err }},
		"tags":      {[]string{"null", `["a",1]`, `{}`}, func(c *Client, t *testing.T) error { _, err := c.Tags(t.Context(), "", "addon_1"); return err }},
		"the catalogue": {[]string{"null", `[{}]`, `[{"id":"pg","plans":[{"id":"p"}]}]`},
			func(c *Client, t *testing.T) error { _, err := c.Catalogue(t.Context(), ""); return err }},
		"the summary": {[]string{"null", `{}`, `{"user":{"id":"user_1"},"organisations":[{}]}`, `{"user":{"id":"user_1","addons":[{}]}}`},
			func(c *Client, t *testing.T) error { _, err := c.Summary(t.Context()); return err }},
		"zones": {[]string{"null", `[{}]`}, func(c *Client, t *testing.T) error { _, err := c.Zones(t.Context()); return err }},
		"migrations": {[]string{"null", `[{"migrationId":"m"}]`}, func(c *Client, t *testing.T) error {
			_, err := c.Migrations(t.Context(), "orga_1", "addon_1")
			return err
		}},
		"a detail": {[]string{"null"}, func(c *Client, t *testing.T) error {
			_, err := c.Detail(t.Context(), Addon{ID: "a", Provider: Provider{ID: "pg"}})
			return err
		}},
		"the versions": {[]string{"null"}, func(c *Client, t *testing.T) error { _, err := c.Versions(t.Context(), "pg"); return err }},
		"a removal":    {[]string{"<html>log in", `{"id":`}, func(c *Client, t *testing.T) error { return c.Delete(t.Context(), "", "addon_1") }},
		"a new name":   {[]string{"<html>log in"}, func(c *Client, t *testing.T) error { return c.Rename(t.Context(), "", "addon_1", "x") }},
	} {
		for _, body := range read.bad {
			t.Run(name+" "+body, inBubble(func(t *testing.T) {
				c, say := ctx(t)
				say(body)
				if err := read.do(c, t); err == nil || IsNotFound(err) {
					t.Errorf("%v", err)
				}
			}))
		}
	}
}

// TestWhatIsAdvised: what a refusal says about time.
func TestWhatIsAdvised(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		header func() string
		want   string
	}{
		"a clock that is ahead":  {401, func() string { return "Date: " + time.Now().Add(-7*time.Minute).UTC().Format(http.TimeFormat) }, "this machine's clock is 7m0s ahead of the platform's"},
		"a clock that is behind": {401, func() string { return "Date: " + time.Now().Add(90*time.Minute).UTC().Format(http.TimeFormat) }, "this machine's clock is 1h30m0s behind the platform's"},
		"a clock that is right":  {401, func() string { return "Date: " + time.Now().UTC().Format(http.TimeFormat) }, "log in again"},
		"until when":             {429, func() string { return "Retry-After: 3600" }, "asks to be left alone for 1h0m0s: try again after " + time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC).Local().Format(time.TimeOnly)},
		"a moment":               {503, func() string { return "Retry-After: 0" }, "try again later"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := newTestClient(t, &scripted{replies: []reply{{status: tt.status, header: tt.header()}}}).Self(t.Context())
				if !strings.Contains(withHint(err), tt.want) {
					t.Errorf("%s, want %s", withHint(err), tt.want)
				}
			})
		})
	}
}

func TestAnEndpointWithAVersion(t *testing.T) {
	for _, endpoint := range []string{"https://api.example.test/v2", "https://api.example.test/v4/", "http://127.0.0.1:8080/x/v2"} {
		if _, err := New(Config{Endpoint: endpoint}); err == nil || !strings.Contains(err.Error(), "leave it out") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
