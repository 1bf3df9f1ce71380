package emulator

import (
	"path/filepath"
	"testing"
	"time"

	"runner/clever"
)

// tokensOf returns the names of the tokens that a client sees.
func (c *client) tokensOf() []string {
	c.t.Helper()
	var list []clever.TokenInfo
	c.must("GET", "/v2/self/tokens", nil, &list)
	names := []string{}
	for _, info := range list {
		names = append(names, info.Token)
	}
	return names
}

func TestTokensEnd(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	options := Options{Strict: true, State: filepath.Join(t.TempDir(), "state.json"), Now: func() time.Time { return now }}
	e, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	d := newConsumer(t, e)
	mine, mineName := d.allowedAll("access_personal_information"), d.token
	other, otherName := d.allowedAll("access_personal_information", "manage_personal_information"), d.token
	own := inProcessClient(t, e)
	own.auth = plain(consumerSecret, tokenSecret)
	if list := own.tokensOf(); len(list) != 2 || list[0] != mineName || list[1] != otherName {
		t.Errorf("there are %v", list)
	}
	good := func(c *client, want bool) {
		t.Helper()
		if status := c.ask("GET", "/v2/self", nil, nil); (status == 200) != want || !want && status != 401 {
			t.Errorf("the token is answered %d", status)
		}
	}
	// What a token may end: itself always, others with the right to do so.
	if status, m := mine.refused("DELETE", "/v2/self/tokens/"+otherName, nil); status != 403 || m.ID != 90033 {
		t.Errorf("another one: %d %+v", status, m)
	}
	for _, tt := range []struct {
		name       string
		status, id int
	}{{"nothing", 404, 90011}, {"current", 404, 90011}, {tokenName, 403, 90034}} {
		if status, m := own.refused("DELETE", "/v2/self/tokens/"+tt.name, nil); status != tt.status || m.ID != tt.id {
			t.Errorf("%s: %d %+v", tt.name, status, m)
		}
	}
	var m clever.Message
	mine.must("DELETE", "/v2/self/tokens/"+mineName, nil, &m)
	if m.Type != "success" {
		t.Errorf("ended: %+v", m)
	}
	good(mine, false)
	good(other, true)
	for _, r := range e.Journal() {
		if r.Method == "DELETE" && r.Path != "/v2/self/tokens/***" && r.Path != "/v2/self/tokens/current" {
			t.Errorf("the journal holds %s", r.Path)
		}
	}
	shut(t, e) // it is ended for good
	if e, err = New(options); err != nil {
		t.Fatal(err)
	}
	defer shut(t, e)
	for _, c := range []*client{mine, other, own} {
		c.http = inProcessClient(t, e).http
	}
	good(mine, false)
	good(other, true)
	other.must("DELETE", "/v2/self/tokens", nil, nil)
	good(other, false)
	good(own, true)
	if list := own.tokensOf(); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
	d.e = e
	d.allowedAll()
	now = now.AddDate(0, 3, 0)
	if list := own.tokensOf(); len(list) != 0 {
		t.Errorf("after three months there are %v", list)
	}
}
