package serve

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"runner/fleet/control"
	"runner/fleet/flow"
	"runner/fleet/settings"
)

// TestWhoMayLookAndConsent: by password, by a proxy's word, or nobody.
func TestWhoMayLookAndConsent(t *testing.T) {
	form := url.Values{"play": {fleetOf(1).Waiting[0].ID}, "shown": {control.Digest([]flow.Change{replaceDB})}, "say": {"approve"}}
	bob := func(r *http.Request) { r.Header.Set("X-User", "bob") }
	for name, c := range map[string]struct {
		serve         settings.Serve
		as            func(*http.Request)
		look, consent int
		by            string
	}{
		"nobody":                           {settings.Serve{}, nil, 200, 403, ""},
		"nobody, with a password":          {settings.Serve{}, ann, 200, 403, ""},
		"nobody, with a header":            {settings.Serve{}, bob, 200, 403, ""},
		"a user":                           {settings.Serve{Users: "ann"}, ann, 200, 303, "ann"},
		"no user":                          {settings.Serve{Users: "ann"}, nil, 401, 401, ""},
		"a wrong password":                 {settings.Serve{Users: "ann"}, func(r *http.Request) { r.SetBasicAuth("ann", "a passwort") }, 401, 401, ""},
		"an unknown user":                  {settings.Serve{Users: "ann"}, func(r *http.Request) { r.SetBasicAuth("eve", "a password") }, 401, 401, ""},
		"a header where there is no proxy": {settings.Serve{Users: "ann"}, bob, 401, 401, ""},
		"a proxy":                          {settings.Serve{UserHeader: "X-User"}, bob, 200, 303, "bob"},
		"a proxy that names two":           {settings.Serve{UserHeader: "X-User"}, func(r *http.Request) { bob(r); r.Header.Add("X-User", "eve") }, 403, 403, ""},
		"a proxy that says nothing":        {settings.Serve{UserHeader: "X-User"}, nil, 403, 403, ""},
		"somebody who is no proxy":         {settings.Serve{UserHeader: "X-User", Proxies: []string{"10.0.0.1"}}, bob, 403, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPageTest(t, 1, c.serve)
			for range 2 {
				for _, path := range []string{"/", "/metrics"} {
					if response, text := p.send("GET", path, nil, c.as); response.StatusCode != c.look || c.look != 200 && strings.Contains(text, "p0000") {
						t.Errorf("%s: %d", path, response.StatusCode)
					}
				}
			}
			response, _ := p.send("POST", "/consent", form, c.as)
			if response.StatusCode != c.consent {
				t.Errorf("consent: %d", response.StatusCode)
			}
			var want []control.Consent
			if c.by != "" {
				want = []control.Consent{{By: c.by, Shown: form.Get("shown")}}
				if _, text := p.send("GET", response.Header.Get("Location"), nil, c.as); !strings.Contains(text, "Approved: it goes on.") || !strings.Contains(text, "approved by "+c.by) {
					t.Errorf("the page does not say that it was approved:\n%s", text)
				}
			}
			if d := cmp.Diff(want, p.said); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestFromElsewhere: without users only this machine may look.
func TestFromElsewhere(t *testing.T) {
	p := newPageTest(t, 1, settings.Serve{})
	for path, want := range map[string]int{"/": 403, "/metrics": 403, "/hook/shop": 405} {
		w := httptest.NewRecorder() // a request that did not come by a loopback address
		p.Config.Handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestConsentIsForWhatWasShown: another list than that which is needed is refused, and so
// is a form of another site.
func TestConsentIsForWhatWasShown(t *testing.T) {
	p := newPageTest(t, 2, settings.Serve{Users: "ann"})
	id, shown := p.o.Waiting[1].ID, control.Digest(p.o.Waiting[1].Needs)
	other := control.Digest(p.o.Waiting[0].Needs)
	for name, c := range map[string]struct {
		form   url.Values
		change func(*http.Request)
		code   int
		text   string
	}{
		"another list":      {url.Values{"play": {id}, "shown": {other}, "say": {"approve"}}, ann, 409, "has changed since it was shown"},
		"no such play":      {url.Values{"play": {"x"}, "shown": {shown}, "say": {"approve"}}, ann, 404, "there is no play"},
		"no list":           {url.Values{"play": {id}, "say": {"approve"}}, ann, 400, "lacks"},
		"another word":      {url.Values{"play": {id}, "shown": {shown}, "say": {"yes"}}, ann, 400, "lacks"},
		"nothing":           {url.Values{}, ann, 400, "lacks"},
		"by another site":   {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, func(r *http.Request) { ann(r); r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, ""},
		"by a subdomain":    {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, func(r *http.Request) { ann(r); r.Header.Set("Sec-Fetch-Site", "same-site") }, 403, ""},
		"by another origin": {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, func(r *http.Request) { ann(r); r.Header.Set("Origin", "https://evil.example") }, 403, ""},
		"too large":         {url.Values{"play": {strings.Repeat("x", 1<<17)}}, ann, 400, "cannot be read"},
		"in the address": {nil, func(r *http.Request) {
			ann(r)
			r.URL.RawQuery = url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}.Encode()
		}, 400, "lacks"},
		"without a password": {url.Values{"play": {id}, "shown": {shown}, "say": {"approve"}}, nil, 401, ""},
	} {
		response, text := p.send("POST", "/consent", c.form, c.change)
		if response.StatusCode != c.code || !strings.Contains(text, c.text) || strings.Contains(text, `http-equiv="refresh"`) {
			t.Errorf("%s: %d %s", name, response.StatusCode, text)
		}
	}
	if len(p.said) > 0 {
		t.Fatalf("taken: %+v", p.said)
	}
	response, _ := p.send("POST", "/consent", url.Values{"play": {id}, "shown": {shown}, "say": {"deny"}}, func(r *http.Request) {
		ann(r)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", p.URL)
	})
	if d := cmp.Diff([]control.Consent{{By: "ann", Denied: true, Shown: shown}}, p.said); response.StatusCode != 303 || d != "" {
		t.Errorf("%d %s", response.StatusCode, d)
	}
}

// TestTheFileOfUsers: what is wrong with it, all at once, without a hash.
func TestTheFileOfUsers(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	good := "ann:" + string(hash)
	for text, want := range map[string]string{
		"":                           "users names no user: htpasswd -nB NAME prints a line",
		"ann:$apr1$x$y\nbob\n:x":     "users:1: a line is NAME:HASH with a hash of bcrypt: htpasswd -nB NAME prints one\nusers:2: a line is NAME:HASH with a hash of bcrypt: htpasswd -nB NAME prints one\nusers:3: a line is NAME:HASH with a hash of bcrypt: htpasswd -nB NAME prints one",
		good + "\n\n# x\n" + good:    `users:4: the user "ann" is there twice`,
		good + "\r\nbob:" + good[4:]: "",
	} {
		_, err := readUsers("users", text)
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// TestAnUnknownUserTakesAsLong: what a password is compared with costs as much as the hash
// of the user that costs most.
func TestAnUnknownUserTakesAsLong(t *testing.T) {
	var lines strings.Builder
	for name, cost := range map[string]int{"ann": bcrypt.MinCost, "bob": bcrypt.MinCost + 2, "eve": bcrypt.MinCost + 1} {
		hash, err := bcrypt.GenerateFromPassword([]byte(name), cost)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "%s:%s\n", name, hash)
	}
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := newUsers(settings.Serve{Users: file})
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost(u.decoy); err != nil || cost != bcrypt.MinCost+2 {
		t.Errorf("cost %d, %v", cost, err)
	}
	for name, want := range map[string]bool{"bob": true, "unknown": false} {
		if got := u.right(t.Context(), name, "bob"); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
