package conformance_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"runner/marketplace/conformance"
	"runner/marketplace/manifest"
)

// An article is the back-end of an article on becoming a provider, from its
// description: Basic authentication, tokens of SHA-1 over id, salt and timestamp, and 401
// for wrong ones. It keeps nothing.
func article(m *manifest.Manifest) http.Handler {
	mux := http.NewServeMux()
	guarded := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if user, password, ok := r.BasicAuth(); !ok || user != m.ID || password != m.Password {
				w.Header().Set("WWW-Authenticate", `Basic realm="login required"`)
				http.Error(w, "could not verify your access", http.StatusUnauthorized)
				return
			}
			next(w, r)
		}
	}
	answer := func(w http.ResponseWriter, id string) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "config": map[string]string{"TINYKV_URL": "https://" + shopHost + "/" + id, "TINYKV_TOKEN": token()}, "message": "done"})
	}
	mux.HandleFunc("POST /r", guarded(func(w http.ResponseWriter, r *http.Request) {
		if json.NewDecoder(r.Body).Decode(new(map[string]any)) != nil {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		answer(w, token())
	}))
	mux.HandleFunc("DELETE /r/{id}", guarded(func(w http.ResponseWriter, r *http.Request) { answer(w, r.PathValue("id")) }))
	mux.HandleFunc("POST /sso", func(w http.ResponseWriter, r *http.Request) {
		sum := sha1.Sum([]byte(r.PostFormValue("id") + ":" + m.SSOSalt + ":" + r.PostFormValue("timestamp")))
		if r.PostFormValue("token") != hex.EncodeToString(sum[:]) {
			http.Error(w, "wrong token", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "<h1>Dashboard of %s</h1>", r.PostFormValue("id"))
	})
	return mux
}

// TestArticle: what is required of the article's back-end, and is not so, is what the
// documentation names: a signature over the user, and a timestamp that is looked at.
func TestArticle(t *testing.T) {
	s := newShop(t, manifest.Clever, nil)
	server := httptest.NewServer(article(s.m))
	t.Cleanup(server.Close)
	report, err := over(t, s.reachedAt(server.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	failed, advised := breaches(report)
	if diff := cmp.Diff([]string{"N72", "N76", "N77"}, failed); diff != "" {
		t.Errorf("%s\n%+v", diff, report.Breaches())
	}
	t.Logf("advised: %v", advised)
}

// A template is what kensa made back-ends from, typed anew: integer ids, an order
// repeated is another one, GET and POST to sign in, two minutes, 403.
type template struct {
	m        *manifest.Manifest
	mu       sync.Mutex
	plans    map[int]string
	last     int
	sessions map[string]int
}

func (k *template) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/heroku/resources/"))
	switch {
	case r.URL.Path == "/":
		k.home(w, r)
		return
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/heroku/resources/"):
		k.signIn(w, r, strings.TrimPrefix(r.URL.Path, "/heroku/resources/"))
		return
	case r.Method == http.MethodPost && r.URL.Path == "/sso/login":
		k.signIn(w, r, r.PostFormValue("id"))
		return
	case !strings.HasPrefix(r.URL.Path, "/heroku/resources"):
		http.NotFound(w, r)
		return
	}
	var order map[string]any
	if r.Method != http.MethodDelete && json.NewDecoder(r.Body).Decode(&order) != nil {
		http.Error(w, "<h1>Internal Server Error</h1>", http.StatusInternalServerError)
		return
	}
	if user, password, ok := r.BasicAuth(); !ok || user != k.m.ID || password != k.m.Password {
		w.Header().Set("WWW-Authenticate", `Basic realm="Restricted Area"`)
		http.Error(w, "Not authorized", http.StatusUnauthorized)
		return
	}
	plan, _ := order["plan"].(string)
	if plan == "" {
		plan = "test"
	}
	switch {
	case r.Method == http.MethodPost:
		k.last++
		k.plans[k.last] = plan
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":%d,"config":{"TINYKV_URL":"http://user.yourapp.com"}}`, k.last)
	case k.plans[id] == "":
		http.Error(w, "resource not found", http.StatusNotFound)
	case r.Method == http.MethodDelete:
		delete(k.plans, id)
		fmt.Fprint(w, "ok")
	default:
		k.plans[id] = plan
		fmt.Fprint(w, "ok")
	}
}

func (k *template) signIn(w http.ResponseWriter, r *http.Request, id string) {
	sum := sha1.Sum([]byte(id + ":" + k.m.SSOSalt + ":" + r.FormValue("timestamp")))
	at, _ := strconv.ParseInt(r.FormValue("timestamp"), 10, 64)
	if r.FormValue("token") != hex.EncodeToString(sum[:]) || at < time.Now().Add(-2*time.Minute).Unix() {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	n, _ := strconv.Atoi(id)
	if k.plans[n] == "" {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	value := token()
	k.sessions[value] = n
	http.SetCookie(w, &http.Cookie{Name: "rack.session", Value: value, Path: "/", HttpOnly: true})
	http.SetCookie(w, &http.Cookie{Name: "heroku-nav-data", Value: r.FormValue("nav-data")})
	http.Redirect(w, r, "/", http.StatusFound)
}

func (k *template) home(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie("rack.session")
	if err != nil || k.sessions[c.Value] == 0 {
		http.Error(w, "not logged in", http.StatusForbidden)
		return
	}
	n := k.sessions[c.Value]
	fmt.Fprintf(w, `<script src="//nav.heroku.com/boomerang.js"></script><h1>Resource %d</h1><p>%s</p>`, n, k.plans[n])
}

// TestTemplate: of the back-ends that kensa was content with, what is required and not
// so is what the documentation has added since: orders that are repeated.
func TestTemplate(t *testing.T) {
	for name, old := range map[string]bool{"POST": false, "the old form": true} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, manifest.HerokuV1, nil)
			server := httptest.NewServer(&template{m: s.m, plans: map[int]string{}, sessions: map[string]int{}})
			t.Cleanup(server.Close)
			root := server.URL + "/heroku/resources"
			s.m.Production = manifest.Site{BaseURL: root, SSOURL: server.URL + "/sso/login"}
			if old {
				s.m.Production = manifest.Site{BaseURL: root, SSOURL: root, Old: true}
			}
			s.m.Test = s.m.Production
			report, err := over(t, s, func(o *conformance.Options) { o.Profiles = []string{"heroku-header"} })
			if err != nil {
				t.Fatal(err)
			}
			failed, advised := breaches(report)
			if diff := cmp.Diff([]string{"N30"}, failed); diff != "" {
				t.Errorf("%s\n%+v", diff, report.Breaches())
			}
			t.Logf("advised: %v", advised)
		})
	}
}

// kensa lists what kensa said no to, as twists of the shop, with its check and ours;
// where kensa said yes to something, its check is "".
var kensa = []struct {
	place, how, kensas, ours string
	advice                   string // why it is no more than an advice here
}{
	{"post.status", "500", "K18", "K18", ""},
	{"post.status", "201", "", "", ""},
	{"post.status", "202", "", "N10", "kensa took any 2xx"},
	{"post.body", "page", "K20", "K20", ""},
	{"post.body", "broken", "K20", "K20", ""},
	{"auth.POST", "none", "K21", "N1", ""},
	{"auth.POST", "any credentials", "K21", "K21", ""},
	{"auth.refusal", "403", "K21", "N1", ""},
	{"post.answer", "no id", "K22", "K22", ""},
	{"post.answer", "null id", "K22", "K22", ""},
	{"post.config", "list", "K24", "K24", ""},
	{"post.config", "text", "K24", "K24", ""},
	{"post.answer", "no config", "", "", ""},
	{"post.config", "undeclared", "K25", "K25", ""},
	{"post.config", "missing", "", "K26", "kensa only warned"},
	{"post.config", "numbers", "K27", "K27", ""},
	{"post.config", "no scheme", "K28", "K28", ""},
	{"post.drain", "none", "K29", "K29", ""},
	{"post.drain", "http://logs.example.test", "K30", "K30", ""},
	{"post.drain", "syslog://logs.example.test", "", "", ""},
	{"delete.status", "500", "K32", "K32", ""},
	{"delete.status", "204", "", "", ""},
	{"auth.DELETE", "none", "K33", "N1", ""},
	{"order", "lookup first", "K33", "N7", ""},
	{"put.status", "500", "K34", "K34", ""},
	{"put.answer", "ok", "", "", ""},
	{"auth.PUT", "none", "K35", "N1", ""},
	{"sso.compare", "nothing", "K37", "K37", ""},
	{"sso.denial", "401", "K37", "N106", "Heroku's documentation has no status: nobody is let in"},
	{"sso.window", "none", "K38", "N72", ""},
	{"sso.window", "15 minutes", "K38", "K38", "the documentation has no number, and Clever Cloud's had fifteen minutes once"},
	{"sso.window", "2 minutes", "", "", ""},
	{"sso.location", "nowhere", "K39", "K39", ""},
	{"post.id", "integer", "", "N12", "Heroku takes integers for texts"},
	{"tombstones", "none", "", "", ""},
	{"tombstones", "brings back", "", "N36", "kensa never ordered twice"},
}

// TestKensa: kensa's checks, made again as back-ends: what it said no to is found, by
// the check that is named, and what it said yes to may go live.
func TestKensa(t *testing.T) {
	for _, c := range kensa {
		report := newShop(t, manifest.HerokuV1, map[string]string{c.place: c.how}).try(t, func(o *conformance.Options) { o.Market = nil })
		failed, advised := breaches(report)
		found := failed
		if c.advice != "" {
			found = advised
		}
		switch {
		case c.ours != "" && !slices.Contains(found, c.ours):
			t.Errorf("%s is %s (kensa: %s): failed %v, advised %v, want %s", c.place, c.how, c.kensas, failed, advised, c.ours)
		case (c.ours == "" || c.advice != "") && len(failed) > 0:
			t.Errorf("%s is %s (kensa: %s): failed %v", c.place, c.how, c.kensas, failed)
		}
	}
}
