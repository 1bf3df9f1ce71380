package clever

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestEndpoints(t *testing.T) {
	tests := []struct{ endpoint, want, err string }{
		{"", DefaultEndpoint, ""},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080", ""},
		{"http://127.0.0.1:8080//", "http://127.0.0.1:8080", ""},
		{"https://API.example.test:443/proxy/", "https://api.example.test/proxy", ""},
		{"http://[::1]:80", "http://[::1]", ""},
		{"127.0.0.1:8080", "", "the endpoint is not a URL: give one such as https://api.clever-cloud.com"},
		{"localhost:8080", "", `the endpoint "localhost:8080" is not an http or https URL: give one such as https://api.clever-cloud.com`},
		{"https://", "", `the endpoint "https:" is not an http or https URL: give one such as https://api.clever-cloud.com`},
		{"http://ops:emulator-secret@host", "", `the endpoint "http://ops:xxxxx@host" holds a user: credentials do not belong there`},
		{"ftp://ops:emulator-secret@host", "", `the endpoint "ftp://ops:xxxxx@host" is not an http or https URL: give one such as https://api.clever-cloud.com`},
		{"http://host?x", "", `the endpoint "http://host?x" goes on after its path: leave out what follows`},
		{"http://host:443", "", `the endpoint "http://host:443" has the port of the other scheme: change one of them`},
		{"http://ops:emulator-secret@ho st", "", "the endpoint is not a URL: give one such as https://api.clever-cloud.com"},
	}
	for _, tt := range tests {
		t.Run(tt.endpoint, func(t *testing.T) {
			c, err := New(Config{Endpoint: tt.endpoint})
			if withHint(err) != tt.err {
				t.Fatalf("%q, want %q", withHint(err), tt.err)
			}
			if err == nil && c.Endpoint() != tt.want {
				t.Errorf("%q, want %q", c.Endpoint(), tt.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"half credentials", Config{Credentials: Credentials{Token: "emulator-token"}},
			"the credentials in what was given cannot be used: the token is there, but the secret of the token is not"},
		{"half a consumer", Config{Credentials: Credentials{Token: "t", Secret: "s", ConsumerSecret: "cs", Source: "task"}},
			"the credentials in task cannot be used: the consumer secret is there, but the consumer key is not"},
		{"another method", Config{Method: "RSA-SHA1"},
			`unknown signature method "RSA-SHA1": there is HMAC-SHA512, HMAC-SHA1 and PLAINTEXT`},
	}
	for _, tt := range tests {
		if _, err := New(tt.cfg); withHint(err) != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, withHint(err), tt.want)
		}
	}
}

func TestATokenWithoutAConsumerGetsThePublicOne(t *testing.T) {
	key, _ := PublicConsumer()
	c := newTestClient(t, transportFunc(func(r *http.Request) (*http.Response, error) {
		if got := authorization(t, r)["oauth_consumer_key"]; got != key {
			t.Errorf("consumer %q, want %q", got, key)
		}
		return reply{status: 200, body: `{"id":"user_1"}`}.response()
	}), func(cfg *Config) { cfg.Credentials = Credentials{Token: "t", Secret: "s"} })
	if _, err := c.Self(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWithoutCredentialsTheCatalogueCanBeRead(t *testing.T) {
	s := &scripted{replies: []reply{{status: 200, body: `[]`}, {status: 200, body: `[]`}, {status: 200, body: `{}`}}}
	c := newTestClient(t, s, func(cfg *Config) { cfg.Credentials = Credentials{} })
	_, err1 := c.Catalogue(t.Context(), "")
	_, err2 := c.Zones(t.Context())
	_, err3 := c.Versions(t.Context(), "redis-addon")
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Error(err)
	}
	before := len(s.requests)
	_, err := c.Addons(t.Context(), "")
	if _, ok := errors.AsType[*Missing](err); !ok || len(s.requests) != before {
		t.Errorf("%v after %d requests; want *Missing without one", err, len(s.requests)-before)
	}
}

func TestReadersAskOnce(t *testing.T) {
	me, none := `{"id":"user_1"}`, `[]`
	s := &scripted{}
	for _, body := range []string{me, `{"user":` + me + `}`, none, none, none, none, `{}`} {
		s.replies = append(s.replies, reply{status: 200, body: body})
	}
	c := newTestClient(t, s)
	ctx := t.Context()
	for range 3 {
		_, err1 := c.Self(ctx)
		_, err2 := c.Via(s).Summary(ctx)
		_, err3 := c.Organisations(ctx)
		_, err4 := c.Zones(ctx)
		_, err5 := c.Catalogue(ctx, "")
		_, err6 := c.Via(s).Catalogue(ctx, "orga_1")
		_, err7 := c.Versions(ctx, "redis-addon")
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"GET /v2/self", "GET /v2/summary", "GET /v2/organisations", "GET /v4/products/zones",
		"GET /v2/products/addonproviders", "GET /v2/products/addonproviders?orgaId=orga_1", "GET /v4/addon-providers/redis-addon"}
	if d := cmp.Diff(want, s.requests); d != "" {
		t.Error(d)
	}
}

func TestProvidersWithoutVersions(t *testing.T) {
	synctest.Test(t, providersWithoutVersions)
}

func providersWithoutVersions(t *testing.T) {
	tests := []struct {
		status int
		fails  bool
	}{{404, false}, {400, false}, {401, true}, {403, true}}
	for _, tt := range tests {
		s := &scripted{replies: []reply{{status: tt.status}}}
		c := newTestClient(t, s)
		for range 2 {
			info, err := c.Versions(t.Context(), "cellar-addon")
			if info != nil || (err != nil) != tt.fails {
				t.Errorf("%d gives %v, %v; want an error: %v", tt.status, info, err, tt.fails)
			}
		}
		if want := map[bool]int{false: 1, true: 2}[tt.fails]; len(s.requests) != want {
			t.Errorf("%d: asked %d times, want %d", tt.status, len(s.requests), want)
		}
	}
}

func TestOwner(t *testing.T) {
	const summary = `{"user":{"id":"user_1"},"organisations":[
		{"id":"orga_1","name":"acme"},{"id":"orga_2","name":"Acme"},{"id":"orga_3","name":"Twice"},
		{"id":"orga_4","name":"Twice"},{"id":"orga_5","name":"Only One"}]}`
	tests := []struct {
		word, want, err string
		asks            int
	}{
		{"", "", "", 0},
		{"orga_9", "orga_9", "", 0},
		{"user_9", "user_9", "", 0},
		{"acme", "orga_1", "", 1},
		{"Acme", "orga_2", "", 1},
		{"only one", "orga_5", "", 1},
		{"ACME", "", `organisation "ACME" is ambiguous: there are 2; say which: orga_1, orga_2`, 1},
		{"Twice", "", `organisation "Twice" is ambiguous: there are 2; say which: orga_3, orga_4`, 1},
		{"Onlyone", "", `unknown organisation "Onlyone"; did you mean "Only One"?`, 1},
		{"nobody", "", `unknown organisation "nobody"; available: acme, Acme, Twice, Twice, Only One`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			s := &scripted{replies: []reply{{status: 200, body: summary}}}
			got, err := newTestClient(t, s).Owner(t.Context(), tt.word)
			if got != tt.want || withHint(err) != tt.err || len(s.requests) != tt.asks {
				t.Errorf("%q, %q after %d requests; want %q, %q after %d", got, withHint(err), len(s.requests), tt.want, tt.err, tt.asks)
			}
		})
	}
}

func TestViaAGateReadsButDoesNotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		c := newTestClient(t, w)
		errGate := errors.New("planning may only read")
		gated := c.Via(transportFunc(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodGet {
				return nil, errGate
			}
			return w.RoundTrip(r)
		}))
		_, create := gated.Create(t.Context(), "", testOrder(), "")
		remove := gated.Delete(t.Context(), "", "addon_1")
		rename := gated.Rename(t.Context(), "", "addon_1", "x")
		for _, err := range []error{create, remove, rename} {
			if !errors.Is(err, errGate) || IsUnreachable(err) {
				t.Errorf("%v, want the gate's refusal", err)
			}
		}
		if len(w.there()) != 0 || w.gets[listPath] != 1 {
			t.Errorf("there is %v after %d readings", w.there(), w.gets[listPath])
		}
		if _, err := c.Create(t.Context(), "", testOrder(), ""); err != nil {
			t.Error(err)
		}
	})
}
