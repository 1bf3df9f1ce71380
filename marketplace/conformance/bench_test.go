package conformance_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// A kind is one place of the shop with what it can be twisted to. Each twist in each
// of the kind's dialects is a back-end of its own.
type kind struct {
	place    string
	how      string            // separated by "; "
	required string            // letters of the dialects that require it to be otherwise
	in       string            // letters of the dialects that have it; "" means all
	with     map[string]string // other twists that it takes to be seen
}

const (
	every = "ca13"
	none  = ""
)

// defects are what hurts customers, providers or marketplaces.
var defects = []kind{
	{"auth.POST", "none; any header; any credentials; user only; password only; beginning; beginning of what came; first eight; case; empty password; contained; length; wrong header is none", every, "", nil},
	{"auth.PUT", "none; any header; any credentials; user only; password only; beginning; beginning of what came; first eight; case; empty password; contained; length", "a13", "a13", nil},
	{"auth.DELETE", "none; any header; any credentials; user only; password only; beginning; beginning of what came; first eight; case; empty password; contained; length", every, "", nil},
	{"auth.refusal", "500; 200", every, "", nil},
	{"auth.refusal", "403; 302", "c1", "", nil},
	{"auth.refusal", "no challenge", none, "", nil},
	{"auth.word", "case", none, "", nil},
	{"order", "body first", none, "", nil},
	{"order", "lookup first", "c1", "", nil},
	{"path.slash", "open", every, "", nil},
	{"path.get", "open", every, "", nil},
	{"override", "open", every, "", nil},
	{"accept", "406", "3", "", nil},
	{"any method", "yes", none, "", nil},
	{"find.DELETE", "beginning; end; contained; first", every, "", nil},
	{"find.DELETE", "case", "ca1", "ca1", map[string]string{"post.id": ""}},
	{"find.DELETE", "pattern", every, "", nil},
	{"find.DELETE", "beginning of what came; trimmed", none, "", nil},
	{"find.SSO", "first", every, "", nil},
	{"post.status", "500; 503; 400; 403; 302; 204", every, "", nil},
	{"post.status", "202; 203; 206", none, "", nil},
	{"post.body", "page; none; list; text; broken; form; echo the salt; echo the password", every, "", nil},
	{"post.answer", "no id; null id; empty id; object id; list id", every, "", nil},
	{"post.id", "constant; slash; long; clock; short", every, "", nil},
	{"post.id", "integer", "c", "c", nil},
	{"post.id", "app", "1", "1", nil},
	{"post.id", "owner; user", none, "c", nil},
	{"post.config", "list; text; number", every, "", nil},
	{"post.config", "numbers; booleans", "c13", "c13", nil},
	{"post.config", "nested", "c13", "", nil},
	{"post.config", "numbers", none, "a", nil},
	{"post.config", "undeclared", "13", "", nil},
	{"post.config", "missing; no host; inside; same for all", none, "", nil},
	{"post.config", "no scheme; loopback", "1", "", nil},
	{"post.config", "all of others", every, "", nil},
	{"post.config", "with a password for all", every, "", nil},
	{"put.effect", "none", "a13", "a13", map[string]string{"post.config": "plan within", "dash.page": "without a plan"}},
	{"find.PUT", "beginning; contained", "a13", "a13", nil},
	{"auth.POST", "user case; trusts a proxy", every, "", nil},
	{"post.answer", "list message", none, "", nil},
	{"post.body", "trailing garbage", every, "", nil},
	{"delete.effect", "the owner's", every, "c", nil},
	{"sso.rotates", "yes", "13", "", nil},
	{"sso.denial", "shows the right proof", every, "", nil},
	{"sso.order", "lookup first", none, "", nil},
	{"path.list", "open", every, "", nil},
	{"post.names", "no prefix", "c13", "c13", nil},
	{"post.secret", "shared; another's", every, "", nil},
	{"post.drain", "none; http://logs.example.test", "13", "13", nil},
	{"post.repeat", "new; 409; 500; rotates", "13", "", nil},
	{"post.repeat", "changes the plan", none, "", nil},
	{"post.race", "no lock", "13", "13", nil},
	{"post.json", "500", none, "", nil},
	{"post.extras", "refused", "13", "", nil},
	{"post.options", "refused", none, "", nil},
	{"post.region", "500", none, "", nil},
	{"post.plan", "any; 500", none, "", nil},
	{"post.owner", "500", "c", "c", nil},
	{"post.owner", "unescaped", none, "c", nil},
	{"keep", "each third is lost", every, "", nil},
	{"tombstones", "brings back", none, "", nil},
	{"put.status", "500; 302; 404", "a13", "a13", nil},
	{"put.effect", "none; the first's; all", "a13", "a13", nil},
	{"put.effect", "none", "a13", "a13", map[string]string{"put.answer": "plan", "dash.page": "without a plan"}},
	{"put.effect", "none", "a13", "a13", map[string]string{"path.get": "guarded", "dash.page": "without a plan"}},
	{"put.effect", "none", "a13", "a13", map[string]string{"post.config": "plan", "put.answer": "config", "dash.page": "without a plan"}},
	{"put.effect", "refused", "13", "13", nil},
	{"put.rotates", "silently", "a13", "a13", nil},
	{"put.same", "422; 500", "13", "a13", nil},
	{"put.plan", "any; 500", none, "a13", nil},
	{"put.unknown", "200; 500", none, "a13", nil},
	{"put.gone", "200", none, "a13", nil},
	{"put.json", "500", none, "a13", nil},
	{"put.answer", "list config; another's id", "a13", "a13", nil},
	{"put.answer", "numbers", "13", "13", nil},
	{"delete.status", "500; 302; 404; 422", every, "", nil},
	{"delete.status", "206; 201", none, "", nil},
	{"delete.effect", "none; another's", every, "", nil},
	{"delete.effect", "another's too; all", every, "", nil},
	{"delete.again", "500; 401", "13", "", nil},
	{"delete.unknown", "500; 200", none, "", nil},
	{"sso.compare", "nothing; any that is there; length; first 16; first 8; last 8; beginning; beginning of what came; empty is good; not the timestamp; not the id", every, "", nil},
	{"sso.compare", "not the user", "c3", "c3", nil},
	{"sso.covers", "no salt; any salt", every, "", nil},
	{"sso.scheme", "token; any", "c", "c", nil},
	{"sso.scheme", "resource_token", none, "3", nil},
	{"sso.window", "none; only the future; two hours", every, "", nil},
	{"sso.window", "15 minutes; future", none, "", nil},
	{"sso.clock", "lenient; odd is good", none, "", nil},
	{"sso.clock", "seconds only", "c", "c", nil},
	{"sso.clock", "milliseconds only", none, "c", nil},
	{"sso.missing", "let in", every, "", nil},
	{"sso.fields", "id of the query", every, "", nil},
	{"sso.fields", "twice; query first", none, "", nil},
	{"sso.method", "any", none, "", nil},
	{"sso.basic", "asked for", every, "", nil},
	{"sso.lookup", "none", none, "", nil},
	{"sso.gone", "lets in", every, "", nil},
	{"sso.replay", "good again", none, "", nil},
	{"sso.denial", "500", none, "", nil},
	{"sso.denial", "403 and a session; shows the proof", every, "", nil},
	{"sso.session", "id; base64 id; hex id; md5 of the id; sha1 of the id; json id", every, "", nil},
	{"sso.session", "id; md5 of the id", every, "", map[string]string{"dash.kind": "direct"}},
	{"delete.effect", "another's too", every, "", map[string]string{"dash.kind": "by query"}},
	{"sso.session", "the same each time", none, "", nil},
	{"sso.cookie", "open; a day", none, "", nil},
	{"sso.location", "proof; session; password; elsewhere; plain; nowhere", every, "", nil},
	{"dash.session", "none; any; id of the query", every, "", nil},
	{"dash.gone", "shown", none, "", nil},
	{"dash.page", "shows all", every, "", nil},
	{"dash.frames", "everybody", none, "c", nil},
	{"errors", "echo the password; echo the salt; echo the header; echo a customer", every, "", nil},
	{"errors", "trace; sql", none, "", nil},
	{"callback", "before the answer", none, "c1", nil},
	{"slow.GET", "4s", none, "", nil},
	{"slow.GET", "30s", "13", "", nil},
}

// variations are as good as the shop, and do it another way.
var variations = []kind{
	{"post.status", "201", none, "", nil},
	{"post.answer", "extra; no message; no config", none, "", nil},
	{"post.config", "empty; null; missing; plan; plan within", none, "", nil},
	{"post.config", "numbers; undeclared", none, "a", nil},
	{"post.config", "undeclared; no host; same for all", none, "c", nil},
	{"post.id", "key; upper; uuid; counter", none, "", nil},
	{"post.id", "integer", none, "a13", nil},
	{"post.id", "same app", none, "1", map[string]string{"manifest.apps": "one"}},
	{"post.key", "heroku_id", none, "1", map[string]string{"manifest.apps": "one"}},
	{"post.repeat", "new; 409; rotates", none, "ca", nil},
	{"post.plan", "any; 404", none, "", nil},
	{"post.region", "422", none, "", nil},
	{"put", "none", none, "c", nil},
	{"put.answer", "config; plan; ok; 204; 202", none, "a13", nil},
	{"put.same", "422", none, "a", nil},
	{"put.effect", "refused", none, "a", nil},
	{"put.rotates", "and says so", none, "a13", nil},
	{"delete.status", "204; 202", none, "", nil},
	{"delete.body", "plain; empty", none, "", nil},
	{"delete.again", "200; 404", none, "", nil},
	{"delete.unknown", "200; 400", none, "", nil},
	{"tombstones", "none", none, "", nil},
	{"answer.type", "text/html; text/plain; application/vnd.heroku-addons+json", none, "", nil},
	{"errors", "plain; empty; page", none, "", nil},
	{"server.kind", "html", none, "", nil},
	{"path.slash", "closed", none, "", nil},
	{"path.get", "guarded", none, "", nil},
	{"auth.refusal", "no challenge", none, "", nil},
	{"sso.denial", "400; 401; 404; 410; 422; login page; login page with a session; 200 page; elsewhere", none, "", nil},
	{"sso.window", "15 minutes; 2 minutes; 30 seconds; future", none, "", nil},
	{"sso.replay", "good again", none, "", nil},
	{"sso.compare", "case", none, "", nil},
	{"sso.scheme", "resource_token; token", none, "3", nil},
	{"sso.cookie", "none; strict; session; site; host prefix; more", none, "", nil},
	{"sso.location", "302; 301", none, "", nil},
	{"sso.fields", "twice", none, "", nil},
	{"dash.kind", "direct; one for all; by query; script", none, "", nil},
	{"dash.kind", "other host", none, "", map[string]string{"sso.cookie": "site"}},
	{"dash.page", "new each time; shows variables; without a plan", none, "", nil},
	{"dash.frames", "everybody", none, "c", nil},
	{"sso.denial", "login page with a session", none, "", map[string]string{"dash.kind": "script"}},
	{"sso.denial", "login page", none, "", map[string]string{"dash.kind": "one for all"}},
	{"sso.denial", "200 page", none, "", map[string]string{"dash.kind": "direct"}},
	{"delete.status", "204", none, "", map[string]string{"tombstones": "none", "delete.again": "404", "post.status": "201"}},
	{"slow.POST", "20ms", none, "", nil},
}

// A specimen is a shop that is twisted once.
type specimen struct {
	name   string
	d      manifest.Dialect
	twists map[string]string
	level  conformance.Level // of the breach
}

func letterOf(d manifest.Dialect) string {
	return every[slices.Index(manifest.Dialects(), d):][:1]
}

// specimens returns what kinds make.
func specimens(kinds []kind) []specimen {
	var all []specimen
	for _, k := range kinds {
		for how := range strings.SplitSeq(k.how, "; ") {
			for _, d := range manifest.Dialects() {
				if k.in != "" && !strings.Contains(k.in, letterOf(d)) {
					continue
				}
				s := specimen{name: fmt.Sprintf("%s: %s is %s", d, k.place, how), d: d, twists: map[string]string{k.place: how}, level: conformance.Advice}
				for place, also := range k.with {
					s.twists[place] = also
					s.name += fmt.Sprintf(", %s is %s", place, also)
				}
				if strings.Contains(k.required, letterOf(d)) {
					s.level = conformance.Required
				}
				all = append(all, s)
			}
		}
	}
	return all
}

// whole says that all specimens are tried, and not one in so many.
func whole() bool { return os.Getenv("CONFORMANCE_BENCH") != "" }

// sample returns the specimens of this run: each so many-th, all of them where the
// whole bench is asked for.
func sample(all []specimen, every int) []specimen {
	if whole() {
		return all
	}
	var some []specimen
	for i, s := range all {
		if i%every == 3%every {
			some = append(some, s)
		}
	}
	return some
}

const itsMarket = "127.0.0.1:8080"

// try tests a shop on a network without sockets.
func (s *shop) try(t *testing.T, change func(*conformance.Options)) (report *conformance.Report) {
	t.Helper()
	onNetwork(t, func(t *testing.T, n *network) {
		s.out = &http.Client{Transport: n}
		o := conformance.Options{
			Backend: &manifest.Backend{Manifest: s.m, Site: s.m.Test, Transport: manifest.NewTransport(manifest.TransportOptions{RoundTripper: n})},
			Plan:    "small", OtherPlan: "large", Market: manifest.NewMarket(s.m), Console: "https://console.clever-cloud.com", Resolve: resolveShop,
			Callback: "http://" + itsMarket + map[bool]string{true: "/addons", false: "/vendor/apps"}[s.m.Dialect == manifest.HerokuV3],
		}
		n.hosts["https://"+shopHost], n.hosts["https://"+dashHost], n.hosts["http://"+itsMarket] = s, s, o.Market
		if change != nil {
			change(&o)
		}
		var err error
		if report, err = conformance.Run(context.Background(), o); err != nil {
			t.Error(err)
		}
		s.work.Wait()
	})
	return report
}

func resolveShop(_ context.Context, host string) ([]netip.Addr, error) {
	if strings.HasPrefix(host, "inside.") {
		return []netip.Addr{netip.MustParseAddr("10.1.2.3")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("8.8.4.4")}, nil
}

// breaches returns the ids of what failed, and of what is advised.
func breaches(r *conformance.Report) (failed, advised []string) {
	for _, one := range r.Results {
		switch one.Status {
		case conformance.Failed:
			failed = append(failed, one.ID)
		case conformance.Advised:
			advised = append(advised, one.ID)
		}
	}
	return failed, advised
}

// A score counts specimens by dialect.
type score struct{ found, of int }

func (s score) String() string { return fmt.Sprintf("%d of %d", s.found, s.of) }

// TestKills: a defect that is required to be otherwise keeps a back-end from going
// live, and every other one is reported.
func TestKills(t *testing.T) {
	t.Parallel()
	clean := cleanAdvice(t)
	scores := map[string]*score{}
	var mu sync.Mutex
	for _, s := range sample(specimens(defects), 29) {
		t.Run(s.name, func(t *testing.T) {
			failed, advised := breaches(newShop(t, s.d, s.twists).try(t, nil))
			more := slices.ContainsFunc(advised, func(id string) bool { return !slices.Contains(clean[s.d], id) })
			killed := len(failed) > 0 || s.level == conformance.Advice && more
			mu.Lock()
			defer mu.Unlock()
			for _, name := range []string{string(s.d) + ", " + string(s.level), "all, " + string(s.level)} {
				if scores[name] == nil {
					scores[name] = &score{}
				}
				scores[name].of++
				if killed {
					scores[name].found++
				}
			}
			if !killed {
				t.Errorf("%s, not found: failed %v, advised %v", s.level, failed, advised)
			}
			if s.level == conformance.Advice && len(failed) > 0 {
				t.Logf("an advice fails %v", failed)
			}
		})
	}
	for name, sc := range scores {
		t.Logf("kills, %s: %v", name, sc)
	}
}

// cleanAdvice returns what is advised of the shop as it is.
func cleanAdvice(t *testing.T) map[manifest.Dialect][]string {
	all := map[manifest.Dialect][]string{}
	for _, d := range manifest.Dialects() {
		report := newShop(t, d, nil).try(t, nil)
		failed, advised := breaches(report)
		if len(failed) > 0 || len(advised) > 0 || !report.Live {
			for _, r := range report.Breaches() {
				t.Errorf("%s: the clean shop: %s %s %s: want %s, came %s, %v", d, r.Status, r.ID, r.Title, r.Expected, r.Came, r.Sent)
			}
		}
		all[d] = advised
	}
	return all
}

// TestVariations: what is as good may go live.
func TestVariations(t *testing.T) {
	t.Parallel()
	scores := map[manifest.Dialect]*score{}
	var mu sync.Mutex
	for _, s := range sample(specimens(variations), 17) {
		t.Run(s.name, func(t *testing.T) {
			report := newShop(t, s.d, s.twists).try(t, nil)
			mu.Lock()
			defer mu.Unlock()
			if scores[s.d] == nil {
				scores[s.d] = &score{}
			}
			scores[s.d].of++
			for _, r := range report.Results {
				if r.Status == conformance.Failed {
					t.Errorf("%s %s: want %s, came %s, sent %v", r.ID, r.Title, r.Expected, r.Came, r.Sent)
				}
			}
			if report.Count(conformance.Failed) > 0 {
				scores[s.d].found++
			}
		})
	}
	for d, sc := range scores {
		t.Logf("false alarms, %s: %v", d, sc)
	}
}
