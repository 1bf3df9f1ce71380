package conformance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/marketplace/manifest"
)

// A shop is a small, clean back-end in every dialect, as one writes it with net/http.
// What twists says of a place in it makes it another back-end: one with a defect, or
// one that is as good and does it another way. Places are named by operation and
// question: "auth.POST", "find.DELETE", "sso.window".
type shop struct {
	m      *manifest.Manifest
	twists map[string]string
	mux    *http.ServeMux
	out    *http.Client // for callbacks

	mu       sync.Mutex
	addons   []*addon
	sessions map[string]*addon
	used     map[string]bool
	orders   int
	work     sync.WaitGroup // callbacks under way
}

// An addon is what somebody ordered.
type addon struct {
	id, key, app, org, plan, password, owner string
	gone                                     bool
}

const (
	shopHost = "kv.example.test"
	dashHost = "app.example.test" // another host of the same site
)

var shopPlans = map[string]bool{"small": true, "large": true}

func newShop(t testing.TB, d manifest.Dialect, twists map[string]string) *shop {
	t.Helper()
	s := &shop{
		m: &manifest.Manifest{
			Dialect: d, ID: "tinykv", Password: "Correct-Password-0123456789-0123456789", SSOSalt: "a-salt-of-the-shop-0123456789-0123456789",
			ConfigVars: []string{"TINYKV_URL", "TINYKV_TOKEN"}, Prefix: "TINYKV", PlanUpdateable: true, Requires: []string{"many_per_app"},
		},
		twists: twists, sessions: map[string]*addon{}, used: map[string]bool{}, out: http.DefaultClient,
	}
	switch s.at("post.drain") {
	case "":
	default:
		s.m.Requires = append(s.m.Requires, "syslog_drain")
	}
	if s.at("post.names") == "no prefix" {
		s.m.ConfigVars = append(s.m.ConfigVars, "SPEED")
	}
	if s.at("post.config") == "plan" {
		s.m.ConfigVars = append(s.m.ConfigVars, "TINYKV_SIZE")
	}
	if s.at("manifest.apps") == "one" {
		s.m.Requires = nil
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("/r", s.guarded(s.collection))
	s.mux.HandleFunc("/r/{id}", s.guarded(s.one))
	below, slash := s.guarded(s.nothing), s.guarded(s.nothing)
	switch s.at("path.slash") {
	case "open":
		slash, below = s.collection, s.one
	case "closed":
		slash, below = s.guarded(s.collection), s.guarded(s.one)
	}
	s.mux.HandleFunc("/r/{id}/", below)
	s.mux.HandleFunc("/r/{$}", slash)
	s.mux.HandleFunc("/sso", s.sso)
	s.mux.HandleFunc("/dash/{id}", s.dashboard)
	s.mux.HandleFunc("/dash", s.dashboard)
	s.mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>Please sign in</h1>") })
	return s.reachedAt("https://" + shopHost)
}

func (s *shop) reachedAt(root string) *shop {
	s.m.Production = manifest.Site{BaseURL: root + "/r", SSOURL: root + "/sso"}
	s.m.Test = s.m.Production
	return s
}

// at returns how a place is twisted, "" where it is as it should be.
func (s *shop) at(place string) string { return s.twists[place] }

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n := s.at("slow." + r.Method); n != "" {
		d, _ := time.ParseDuration(n)
		time.Sleep(d)
	}
	if s.at("server.kind") == "html" {
		w.Header().Set("Server", "BaseHTTP/0.6 Python/3.11")
	}
	s.mux.ServeHTTP(w, r)
}

// reply writes a body as JSON.
func (s *shop) reply(w http.ResponseWriter, status int, body any) {
	kind := "application/json"
	if s.at("answer.type") != "" {
		kind = s.at("answer.type")
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// refuse answers with a message, or as errors are twisted.
func (s *shop) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	user, password, _ := r.BasicAuth()
	switch s.at("errors") {
	case "echo the password":
		message += " " + s.m.Password
	case "echo the salt":
		message += " " + s.m.SSOSalt
	case "echo the header":
		message += " " + r.Header.Get("Authorization")
	case "echo what came":
		message += fmt.Sprintf(" %s %s", user, password)
	case "echo a customer":
		if len(s.addons) > 0 {
			message += " " + s.addons[0].password
		}
	case "trace":
		message += "\nTraceback (most recent call last):\n  File \"/srv/app/shop.py\", line 7"
	case "sql":
		message += " SELECT * FROM addons WHERE id = 1"
	case "plain":
		w.WriteHeader(status)
		fmt.Fprintln(w, message)
		return
	case "empty":
		w.WriteHeader(status)
		return
	case "page":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><body><h1>Error response</h1><p>Error code: %d</p></body></html>", status)
		return
	}
	s.reply(w, status, map[string]string{"message": message})
}

// guarded checks credentials in front of a handler.
func (s *shop) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if o := r.Header.Get("X-HTTP-Method-Override"); o != "" && s.at("override") != "" {
			r.Method = o
			next(w, r)
			return
		}
		if s.at("order") == "body first" && method == http.MethodPost {
			text, _ := io.ReadAll(r.Body)
			if !json.Valid(text) {
				s.refuse(w, r, 400, "no JSON")
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(text)))
		}
		if method == http.MethodGet && s.at("path.list") == "open" && r.PathValue("id") == "" {
			s.mu.Lock()
			defer s.mu.Unlock()
			var ids []string
			for _, a := range s.addons {
				ids = append(ids, a.id)
			}
			s.reply(w, 200, ids)
			return
		}
		if method == http.MethodGet && s.at("path.get") == "open" {
			next(w, r)
			return
		}
		if s.at("order") == "lookup first" && r.PathValue("id") != "" && s.find(method, r.PathValue("id")) == nil {
			s.refuse(w, r, 404, "no such add-on")
			return
		}
		if !s.allowed(method, r) {
			s.unauthorized(w, r)
			return
		}
		if s.at("accept") == "406" && strings.Contains(r.Header.Get("Accept"), "vnd.heroku") {
			s.refuse(w, r, 406, "what?")
			return
		}
		next(w, r)
	}
}

func (s *shop) unauthorized(w http.ResponseWriter, r *http.Request) {
	status := 401
	switch s.at("auth.refusal") {
	case "403":
		status = 403
	case "500":
		status = 500
	case "302":
		http.Redirect(w, r, "/login", http.StatusFound)
		return
	case "200":
		status = 200
	case "no challenge":
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="tinykv"`)
	}
	s.refuse(w, r, status, "who are you?")
}

// allowed compares credentials with the manifest's.
func (s *shop) allowed(method string, r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	right, name := s.m.Password, s.m.ID
	if s.at("auth.word") == "case" && !strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
		return false
	}
	switch s.at("auth." + method) {
	case "none":
		return true
	case "any header":
		return r.Header.Get("Authorization") != ""
	case "any credentials":
		return ok
	case "user only":
		return ok && user == name
	case "password only":
		return ok && password == right
	case "beginning":
		return ok && user == name && strings.HasPrefix(right, password)
	case "beginning of what came":
		return ok && user == name && strings.HasPrefix(password, right)
	case "first eight":
		return ok && user == name && len(password) >= 8 && password[:8] == right[:8]
	case "case":
		return ok && user == name && strings.EqualFold(password, right)
	case "trusts a proxy":
		return r.Header.Get("X-Forwarded-For") == "127.0.0.1" || ok && user == name && password == right
	case "user case":
		return ok && strings.EqualFold(user, name) && password == right
	case "empty password":
		return ok && user == name && (password == right || password == "")
	case "trimmed":
		return ok && user == name && strings.TrimSpace(password) == right
	case "contained":
		return ok && user == name && strings.Contains(right, password)
	case "length":
		return ok && user == name && len(password) == len(right)
	case "wrong header is none":
		return !ok && r.Header.Get("Authorization") != "" || user == name && password == right
	}
	return ok && user == name && password == right
}

// find returns what a path names.
func (s *shop) find(operation, id string) *addon {
	for _, a := range s.addons {
		have := a.id
		if s.m.Dialect == manifest.HerokuV3 {
			have = a.key
		}
		if s.matches(operation, have, id) {
			return a
		}
	}
	return nil
}

func (s *shop) matches(operation, have, id string) bool {
	switch s.at("find." + operation) {
	case "beginning":
		return id != "" && strings.HasPrefix(have, id)
	case "end":
		return id != "" && strings.HasSuffix(have, id)
	case "contained":
		return id != "" && strings.Contains(have, id)
	case "case":
		return strings.EqualFold(have, id)
	case "beginning of what came":
		return strings.HasPrefix(id, have)
	case "trimmed":
		return have == strings.TrimSpace(id)
	case "pattern":
		return have == id || id == "%" || id == "*"
	case "first":
		return true
	}
	return have == id
}

func (s *shop) collection(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost:
		s.provision(w, r)
	case r.Method == http.MethodGet && s.at("any method") != "":
		s.reply(w, 200, map[string]string{"message": "hello"})
	default:
		s.refuse(w, r, 405, "no")
	}
}

func (s *shop) nothing(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, 404, "nothing here") }

func (s *shop) one(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method == http.MethodPut && s.at("put") != "none":
		s.change(w, r, r.PathValue("id"))
	case r.Method == http.MethodDelete:
		s.remove(w, r, r.PathValue("id"))
	case r.Method == http.MethodGet && s.at("path.get") != "" && s.find(http.MethodGet, r.PathValue("id")) != nil:
		a := s.find(http.MethodGet, r.PathValue("id"))
		s.reply(w, 200, map[string]any{"id": a.id, "plan": a.plan, "config": s.variables(a)})
	default:
		s.refuse(w, r, 405, "no")
	}
}
