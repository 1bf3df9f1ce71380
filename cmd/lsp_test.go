package cmd_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"runner/clever/emulator"
	"runner/cmd"
	"runner/cmd/ui"
)

// TestTheLanguageServerOffersWhatThePlatformDoes: plans, versions and zones are read from
// the platform once, and then come from the cache of shell completion.
func TestTheLanguageServerOffersWhatThePlatformDoes(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	e := s.on(t, emulator.Options{})
	var requests atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	s.env["API_HOST"] = proxy.URL
	p := cmd.Program{Streams: ui.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: func(name string) string { return s.env[name] }}}
	for i := range 2 {
		c := p.Offer()
		if c == nil {
			t.Fatal("nothing is offered")
		}
		provider, err := c.Provider("postgres")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Plan(provider, "xs_sml"); err != nil || len(c.Infos[provider.ID].Versions()) == 0 || len(c.Zones) == 0 {
			t.Errorf("%v: versions %v, %d zones", err, c.Infos[provider.ID].Versions(), len(c.Zones))
		}
		switch n := requests.Swap(0); {
		case i == 0 && n == 0:
			t.Error("the platform was not asked")
		case i == 1 && n > 0:
			t.Errorf("the second time it was asked %d times", n)
		}
	}
}
