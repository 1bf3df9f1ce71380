package conformance_test

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
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
	id, key, app, plan, password, owner string
	gone                                bool
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
			method = o
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

// variables returns those of an add-on.
func (s *shop) variables(a *addon) any {
	password := a.password
	switch s.at("post.secret") {
	case "shared":
		password = "one-password-for-all"
	case "another's":
		if len(s.addons) > 0 {
			password = s.addons[0].password
		}
	}
	config := map[string]any{"TINYKV_URL": "redis://u" + a.id[:min(6, len(a.id))] + ":" + password + "@" + shopHost + ":6379/0", "TINYKV_TOKEN": password}
	switch s.at("post.config") {
	case "same for all":
		return map[string]any{"TINYKV_URL": "http://" + shopHost}
	case "plan":
		config["TINYKV_SIZE"] = a.plan
	case "list":
		return []string{"TINYKV_URL"}
	case "text":
		return "TINYKV_URL=x"
	case "number":
		return 7
	case "numbers":
		config["TINYKV_TOKEN"] = 7
	case "booleans":
		config["TINYKV_TOKEN"] = true
	case "nested":
		config["TINYKV_TOKEN"] = map[string]string{"value": password}
	case "undeclared":
		config["TINYKV_EXTRA"] = "x"
	case "missing":
		delete(config, "TINYKV_TOKEN")
	case "empty":
		return map[string]any{}
	case "null":
		return nil
	case "no scheme":
		config["TINYKV_URL"] = shopHost + ":6379"
	case "no host":
		config["TINYKV_URL"] = "jdbc:tinykv"
	case "loopback":
		config["TINYKV_URL"] = "redis://localhost:6379"
	case "inside":
		config["TINYKV_URL"] = "redis://inside.example.test:6379"
	case "all of others":
		var all []string
		for _, other := range s.addons {
			all = append(all, other.password)
		}
		config["TINYKV_URL"] = "redis://" + shopHost + "/?x=" + strings.Join(all, ",")
	}
	if s.at("post.names") == "no prefix" {
		config["SPEED"] = "fast"
	}
	return config
}

// token returns a text that nobody guesses.
func token() string { return strings.ToLower(rand.Text()) }

func (s *shop) provision(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<10))
	var order map[string]any
	if json.Unmarshal(text, &order) != nil || order == nil {
		if s.at("post.json") == "500" {
			s.refuse(w, r, 500, "oh")
			return
		}
		s.refuse(w, r, 400, "no JSON")
		return
	}
	read := func(name string) string { v, _ := order[name].(string); return v }
	key, plan, owner := read(s.m.Dialect.KeyField()), read("plan"), read("owner_name")
	if s.at("post.key") == "heroku_id" {
		key = read("heroku_id")
	}
	for name := range order {
		if strings.HasPrefix(name, "x_") && s.at("post.extras") == "refused" {
			s.refuse(w, r, 400, "unknown "+name)
			return
		}
	}
	if options, _ := order["options"].(map[string]any); options["zz"] != nil && s.at("post.options") == "refused" {
		s.refuse(w, r, 422, "unknown option")
		return
	}
	switch region := read("region"); {
	case region == "the-moon" && s.at("post.region") == "500":
		s.refuse(w, r, 500, "oh")
		return
	case region == "the-moon" && s.at("post.region") == "422":
		s.refuse(w, r, 422, "no such region")
		return
	}
	if strings.ContainsFunc(owner, func(r rune) bool { return r > 127 }) && s.at("post.owner") == "500" {
		s.refuse(w, r, 500, "oh")
		return
	}
	if !shopPlans[plan] {
		switch s.at("post.plan") {
		case "any":
		case "500":
			s.refuse(w, r, 500, "oh")
			return
		case "404":
			s.refuse(w, r, 404, "no such plan")
			return
		default:
			s.refuse(w, r, 422, "there is no such plan: small, large")
			return
		}
	}
	if key == "" {
		s.refuse(w, r, 422, "no "+s.m.Dialect.KeyField())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byKey(key)
	if s.at("post.race") == "no lock" { // between looking and keeping
		s.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		s.mu.Lock()
	}
	if known != nil && s.at("post.repeat") != "new" {
		s.again(w, r, known, plan)
		return
	}
	a := &addon{key: key, app: read("heroku_id"), plan: plan, password: token(), owner: owner}
	if s.at("post.owner") == "unescaped" {
		a.owner = "\x00" + owner
	}
	a.id = s.newID(a, read)
	if s.orders++; s.at("keep") != "each third is lost" || s.orders%3 != 0 || s.orders < 4 {
		s.addons = append(s.addons, a)
	}
	s.deliver(w, r, a, read("callback_url"))
}

func (s *shop) byKey(key string) *addon {
	for _, a := range s.addons {
		if a.key == key {
			return a
		}
	}
	return nil
}

func (s *shop) newID(a *addon, read func(string) string) string {
	switch s.at("post.id") {
	case "constant":
		return "the-only-one"
	case "counter":
		return fmt.Sprintf("kv-%d", len(s.addons)+1)
	case "integer":
		return fmt.Sprint(len(s.addons) + 1)
	case "key":
		return a.key
	case "upper":
		return strings.ToUpper(token())
	case "uuid":
		return manifest.NewKey(manifest.HerokuV1)
	case "owner":
		return read("owner_id")
	case "user":
		return "kv-" + read("user_id") + token()[:4]
	case "app":
		return "kv-" + strings.TrimPrefix(strings.TrimSuffix(a.app, "@heroku.com"), "app")
	case "slash":
		return "kv/" + token()
	case "long":
		return strings.Repeat(token(), 12)
	case "clock":
		return fmt.Sprint("kv-at-", time.Now().Unix())
	case "short":
		return token()[:1]
	case "same app":
		for _, other := range s.addons {
			if other.app == a.app && a.app != "" {
				return other.id
			}
		}
	}
	return token()
}

// again answers an order that is known.
func (s *shop) again(w http.ResponseWriter, r *http.Request, a *addon, plan string) {
	switch {
	case a.gone && s.at("tombstones") == "none":
		a.gone, a.password = false, token()
		s.deliver(w, r, a, "")
	case a.gone && s.at("tombstones") == "brings back":
		a.gone = false
		s.deliver(w, r, a, "")
	case a.gone:
		s.refuse(w, r, 410, "it was removed")
	case a.plan != plan && s.at("post.repeat") == "changes the plan":
		a.plan = plan
		s.deliver(w, r, a, "")
	case a.plan != plan:
		s.refuse(w, r, 409, "it has another plan")
	default:
		switch s.at("post.repeat") {
		case "409":
			s.refuse(w, r, 409, "it is there")
			return
		case "500":
			s.refuse(w, r, 500, "oh")
			return
		case "rotates":
			a.password = token()
		}
		s.deliver(w, r, a, "")
	}
}

func (s *shop) deliver(w http.ResponseWriter, r *http.Request, a *addon, callback string) {
	body := map[string]any{"id": a.id, "config": s.variables(a), "message": "Here it is."}
	switch s.at("post.answer") {
	case "no id":
		delete(body, "id")
	case "null id":
		body["id"] = nil
	case "empty id":
		body["id"] = ""
	case "object id":
		body["id"] = map[string]string{"id": a.id}
	case "list id":
		body["id"] = []string{a.id}
	case "extra":
		body["plan"], body["state"], body["links"] = a.plan, "ok", []string{"a", "b"}
	case "no message":
		delete(body, "message")
	case "no config":
		delete(body, "config")
	}
	if s.at("post.id") == "integer" {
		body["id"] = json.Number(a.id)
	}
	switch drain := s.at("post.drain"); drain {
	case "", "none":
	default:
		body["log_drain_url"] = drain
	}
	status := map[string]int{"201": 201, "202": 202, "203": 203, "206": 206, "500": 500, "503": 503, "400": 400, "403": 403, "204": 204}[s.at("post.status")]
	switch s.at("post.body") {
	case "page":
		fmt.Fprint(w, "<html><h1>Welcome</h1></html>")
		return
	case "none":
		return
	case "list":
		s.reply(w, 200, []any{body})
		return
	case "text":
		s.reply(w, 200, a.id)
		return
	case "broken":
		fmt.Fprintf(w, `{"id": %q, "config": {`, a.id)
		return
	case "form":
		fmt.Fprint(w, url.Values{"id": {a.id}}.Encode())
		return
	case "echo the salt":
		body["salt"] = s.m.SSOSalt
	case "echo the password":
		body["sent"] = r.Header.Get("Authorization")
	}
	if s.at("post.status") == "302" {
		http.Redirect(w, r, "/r/"+a.id, http.StatusFound)
		return
	}
	if status == 0 {
		status = 200
	}
	if status == 204 {
		w.WriteHeader(204)
		return
	}
	if when := s.at("callback"); when != "" && callback != "" {
		s.callBack(when, callback, a)
	}
	s.reply(w, status, body)
}

func (s *shop) change(w http.ResponseWriter, r *http.Request, id string) {
	text, _ := io.ReadAll(r.Body)
	var order map[string]any
	bad := json.Unmarshal(text, &order) != nil
	plan, _ := order["plan"].(string)
	a := s.find(http.MethodPut, id)
	switch {
	case s.at("put.status") == "500":
		s.refuse(w, r, 500, "oh")
	case s.at("put.status") == "302":
		http.Redirect(w, r, "/", http.StatusFound)
	case s.at("put.status") == "404":
		s.refuse(w, r, 404, "no")
	case s.at("put.unknown") == "200" && a == nil:
		s.reply(w, 200, map[string]string{})
	case s.at("put.unknown") == "500" && a == nil:
		s.refuse(w, r, 500, "oh")
	case a == nil:
		s.refuse(w, r, 404, "no such add-on")
	case a.gone && s.at("put.gone") != "200":
		s.refuse(w, r, 410, "it was removed")
	case bad || plan == "":
		s.refuse(w, r, map[bool]int{true: 500, false: 400}[s.at("put.json") == "500"], "no plan")
	case !shopPlans[plan] && s.at("put.plan") == "":
		s.refuse(w, r, 422, "there is no such plan")
	case !shopPlans[plan] && s.at("put.plan") == "500":
		s.refuse(w, r, 500, "oh")
	case plan == a.plan && s.at("put.same") == "422":
		s.refuse(w, r, 422, "it has that plan")
	case plan == a.plan && s.at("put.same") == "500":
		s.refuse(w, r, 500, "oh")
	case plan != a.plan && s.at("put.effect") == "refused":
		s.refuse(w, r, 400, "not this way")
	default:
		s.changed(w, a, plan)
	}
}

func (s *shop) changed(w http.ResponseWriter, a *addon, plan string) {
	differs := plan != a.plan
	switch s.at("put.effect") {
	case "none":
	case "the first's":
		s.addons[0].plan = plan
	case "all":
		for _, other := range s.addons {
			other.plan = plan
		}
	default:
		a.plan = plan
	}
	if s.at("put.rotates") != "" && differs {
		a.password = token()
	}
	body := map[string]any{"message": "changed"}
	if s.at("put.rotates") == "and says so" || s.at("put.answer") == "config" {
		body["config"] = s.variables(a)
	}
	switch s.at("put.answer") {
	case "list config":
		body["config"] = []string{"x"}
	case "numbers":
		body["config"] = map[string]any{"TINYKV_TOKEN": 7}
	case "another's id":
		body["id"] = token()
	case "plan":
		body["plan"] = a.plan
	case "ok":
		fmt.Fprint(w, "ok")
		return
	case "204":
		w.WriteHeader(204)
		return
	case "202":
		s.reply(w, 202, body)
		return
	}
	s.reply(w, 200, body)
}

func (s *shop) remove(w http.ResponseWriter, r *http.Request, id string) {
	a := s.find(http.MethodDelete, id)
	status := map[string]int{"": 200, "204": 204, "202": 202, "201": 201, "206": 206, "404": 404, "500": 500, "422": 422}[s.at("delete.status")]
	switch {
	case a == nil && s.at("delete.unknown") == "200":
		s.reply(w, 200, map[string]string{})
	case a == nil && s.at("delete.unknown") == "500":
		s.refuse(w, r, 500, "oh")
	case a == nil && s.at("delete.unknown") == "400":
		s.refuse(w, r, 400, "no such add-on")
	case a == nil:
		s.refuse(w, r, 404, "no such add-on")
	case a.gone && s.at("delete.again") == "500":
		s.refuse(w, r, 500, "oh")
	case a.gone && s.at("delete.again") == "401":
		s.refuse(w, r, 401, "no")
	case a.gone && s.at("delete.again") == "200":
		s.reply(w, 200, map[string]string{})
	case a.gone && s.at("delete.again") == "404":
		s.refuse(w, r, 404, "no such add-on")
	case a.gone:
		s.refuse(w, r, 410, "it was removed")
	case s.at("delete.status") == "302":
		http.Redirect(w, r, "/", http.StatusFound)
	default:
		s.removed(a)
		switch {
		case status == 204:
			w.WriteHeader(204)
		case s.at("delete.body") == "plain":
			fmt.Fprint(w, "ok")
		case s.at("delete.body") == "empty":
			w.WriteHeader(status)
		default:
			s.reply(w, status, map[string]string{})
		}
	}
}

func (s *shop) removed(a *addon) {
	switch s.at("delete.effect") {
	case "none":
		return
	case "another's too":
		for _, other := range s.addons {
			if other != a && !other.gone {
				other.gone = true
				break
			}
		}
	case "all":
		for _, other := range s.addons {
			other.gone = true
		}
	case "another's":
		for _, other := range s.addons {
			if other != a && !other.gone {
				other.gone = true
				return
			}
		}
	}
	a.gone = true
}

// callBack calls the marketplace before the order is answered.
func (s *shop) callBack(_, address string, _ *addon) {
	if resp, err := s.out.Get(address); err == nil {
		_ = resp.Body.Close()
	}
}

// sso signs a user in.
func (s *shop) sso(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodPost && (r.Method != http.MethodGet || s.at("sso.method") != "any") {
		s.refuse(w, r, 405, "POST")
		return
	}
	if s.at("sso.basic") != "" && !s.allowed("POST", r) {
		s.unauthorized(w, r)
		return
	}
	_ = r.ParseForm()
	form := r.PostForm
	if r.Method == http.MethodGet || s.at("sso.fields") == "query first" && r.URL.RawQuery != "" {
		form = r.Form
		for name, values := range r.URL.Query() {
			form[name] = values
		}
	}
	if s.at("sso.fields") != "twice" {
		for _, values := range form {
			if len(values) > 1 {
				s.deny(w, r, form)
				return
			}
		}
	}
	if !s.proven(form) {
		s.deny(w, r, form)
		return
	}
	id := form.Get("id")
	if s.at("sso.fields") == "id of the query" && r.URL.Query().Get("id") != "" {
		id = r.URL.Query().Get("id")
	}
	if s.m.Dialect == manifest.HerokuV3 {
		id = form.Get("resource_id")
		if s.at("sso.fields") == "id of the query" && r.URL.Query().Get("resource_id") != "" {
			id = r.URL.Query().Get("resource_id")
		}
	}
	a := s.find("SSO", id)
	if a == nil && s.at("sso.lookup") == "none" {
		a = &addon{id: id, key: id, plan: "small", password: token()}
	}
	if a == nil || a.gone && s.at("sso.gone") != "lets in" && s.at("sso.lookup") != "none" {
		s.deny(w, r, form)
		return
	}
	if proof := form.Get(string(s.m.Dialect.Scheme())) + form.Get("timestamp"); s.at("sso.replay") == "" {
		if s.used[proof] {
			s.deny(w, r, form)
			return
		}
		s.used[proof] = true
	}
	s.letIn(w, r, a, form)
}

// proven verifies the proof of a form.
func (s *shop) proven(form url.Values) bool {
	l := manifest.Login{
		ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"), NavData: form.Get("nav-data"), Timestamp: form.Get("timestamp"),
	}
	if strings.TrimSpace(l.Timestamp) == "" && s.at("sso.missing") != "let in" || l.ID == "" && s.m.Dialect != manifest.HerokuV3 || s.m.Dialect == manifest.HerokuV3 && l.ResourceID == "" {
		return false
	}
	if !s.fresh(l.Timestamp) {
		return false
	}
	scheme := s.m.Dialect.Scheme()
	switch s.at("sso.scheme") {
	case "token":
		scheme = manifest.Token
	case "resource_token":
		scheme = manifest.ResourceToken
	case "any":
		for _, one := range []manifest.Scheme{manifest.Token, manifest.Signature} {
			if form.Has(string(one)) && form.Get(string(one)) == one.Proof(l, s.m.SSOSalt) {
				return true
			}
		}
		return false
	}
	salt, got := s.m.SSOSalt, form.Get(string(scheme))
	switch s.at("sso.covers") {
	case "no salt":
		salt = ""
	case "any salt":
		if got == scheme.Proof(l, "another-salt") {
			return true
		}
	}
	return s.equalProof(l, scheme, scheme.Proof(l, salt), got)
}

func (s *shop) equalProof(l manifest.Login, scheme manifest.Scheme, want, got string) bool {
	switch s.at("sso.compare") {
	case "nothing":
		return true
	case "any that is there":
		return got != ""
	case "length":
		return len(got) == len(want)
	case "first 16":
		return len(got) >= 16 && got[:16] == want[:16]
	case "first 8":
		return len(got) >= 8 && got[:8] == want[:8]
	case "last 8":
		return len(got) >= 8 && got[len(got)-8:] == want[len(want)-8:]
	case "beginning":
		return got != "" && strings.HasPrefix(want, got)
	case "beginning of what came":
		return strings.HasPrefix(got, want)
	case "empty is good":
		return got == "" || got == want
	case "case":
		return strings.EqualFold(got, want)
	case "not the timestamp":
		for age := range 400 { // of the forms that this run has made
			l.Timestamp = s.m.Dialect.Stamp(time.Now().Add(-time.Duration(age) * time.Second))
			if len(got) > 16 && s.recent(l, scheme, got) {
				return true
			}
		}
		return got == want
	case "not the id":
		for _, a := range s.addons {
			l.ID, l.ResourceID = a.id, a.key
			if got == scheme.Proof(l, s.m.SSOSalt) {
				return true
			}
		}
		return false
	case "not the user":
		return s.anyUser(l, scheme, got)
	}
	return got == want
}

// recent reports whether a proof is good for a moment, whatever the form says.
func (s *shop) recent(l manifest.Login, scheme manifest.Scheme, got string) bool {
	base := l.Timestamp
	if len(base) == 13 {
		base = base[:10]
		for ms := range 1000 {
			l.Timestamp = fmt.Sprintf("%s%03d", base, ms)
			if got == scheme.Proof(l, s.m.SSOSalt) {
				return true
			}
		}
		return false
	}
	return got == scheme.Proof(l, s.m.SSOSalt)
}

func (s *shop) anyUser(l manifest.Login, scheme manifest.Scheme, got string) bool {
	if got == scheme.Proof(l, s.m.SSOSalt) {
		return true
	}
	l.Email = "conformance@example.test"
	return got == scheme.Proof(l, s.m.SSOSalt)
}

func (s *shop) fresh(written string) bool {
	if written == "" {
		return s.at("sso.missing") == "let in"
	}
	var n int64
	digits, rest := "", ""
	for i, c := range written {
		if c < '0' || c > '9' {
			digits, rest = written[:i], written[i:]
			break
		}
		digits = written[:i+1]
	}
	if rest != "" && s.at("sso.clock") != "lenient" {
		return s.at("sso.clock") == "odd is good"
	}
	if _, err := fmt.Sscan(digits, &n); err != nil {
		return s.at("sso.missing") == "let in" && strings.TrimSpace(written) == "" || s.at("sso.clock") == "odd is good"
	}
	at := time.Unix(n, 0)
	if len(digits) == 13 && s.at("sso.clock") != "seconds only" {
		at = time.UnixMilli(n)
	}
	if len(digits) == 10 && s.m.Dialect == manifest.Clever && s.at("sso.clock") == "milliseconds only" {
		return false
	}
	past, future := 5*time.Minute, time.Minute
	switch s.at("sso.window") {
	case "none":
		return true
	case "a day":
		past = 24 * time.Hour
	case "two hours":
		past = 2 * time.Hour
	case "15 minutes":
		past = 15*time.Minute + time.Second
	case "2 minutes":
		past = 2*time.Minute + 30*time.Second
	case "30 seconds":
		past = 30 * time.Second
	case "future":
		future = 1000 * 24 * time.Hour
	case "only the future":
		past = 1e6 * time.Hour
	}
	age := time.Since(at)
	return age <= past && age >= -future
}

// deny refuses a sign-in.
func (s *shop) deny(w http.ResponseWriter, r *http.Request, form url.Values) {
	switch s.at("sso.denial") {
	case "400", "401", "404", "410", "422":
		var status int
		_, _ = fmt.Sscan(s.at("sso.denial"), &status)
		http.Error(w, "no", status)
	case "500":
		http.Error(w, "oh", 500)
	case "login page":
		http.Redirect(w, r, "/login", http.StatusFound)
	case "login page with a session":
		http.SetCookie(w, &http.Cookie{Name: "session", Value: token(), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case "200 page":
		fmt.Fprint(w, "<h1>You may not come in</h1>")
	case "elsewhere":
		http.Redirect(w, r, "https://www.elsewhere.test/", http.StatusFound)
	case "403 and a session":
		if a := s.find("SSO", form.Get("id")); a != nil {
			s.session(w, a)
		} else if a := s.find("SSO", form.Get("resource_id")); a != nil {
			s.session(w, a)
		}
		http.Error(w, "no", 403)
	case "shows the proof":
		l := manifest.Login{ID: form.Get("id"), ResourceID: form.Get("resource_id"), UserID: form.Get("user_id"), Email: form.Get("email"), NavData: form.Get("nav-data"), Timestamp: form.Get("timestamp")}
		http.Error(w, "expected "+s.m.Dialect.Scheme().Proof(l, s.m.SSOSalt)+" made with "+s.m.SSOSalt, 403)
	default:
		http.Error(w, "no", 403)
	}
}

// session begins one, and sets its cookie.
func (s *shop) session(w http.ResponseWriter, a *addon) string {
	value := token()
	sum := func(text string) string { h := sha1.Sum([]byte(text)); return hex.EncodeToString(h[:]) }
	switch s.at("sso.session") {
	case "id":
		value = a.id
	case "base64 id":
		value = base64.StdEncoding.EncodeToString([]byte(a.id))
	case "hex id":
		value = hex.EncodeToString([]byte(a.id))
	case "md5 of the id":
		h := md5.Sum([]byte(a.id))
		value = hex.EncodeToString(h[:])
	case "sha1 of the id":
		value = sum(a.id)
	case "json id":
		value = url.QueryEscape(fmt.Sprintf(`{"addon":%q}`, a.id))
	case "the same each time":
		value = sum(a.id + a.password)
	}
	s.sessions[value] = a
	c := &http.Cookie{Name: "session", Value: value, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode, MaxAge: 3600}
	switch s.at("sso.cookie") {
	case "none":
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
	case "strict":
		c.SameSite = http.SameSiteStrictMode
	case "session":
		c.MaxAge = 0
	case "open":
		c.HttpOnly = false
	case "a day":
		c.MaxAge = 86400
	case "site":
		c.Domain = "example.test"
	case "host prefix":
		c.Name = "__Host-session"
	}
	http.SetCookie(w, c)
	if s.at("sso.cookie") == "more" {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: token(), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	}
	return value
}

func (s *shop) letIn(w http.ResponseWriter, r *http.Request, a *addon, form url.Values) {
	value := s.session(w, a)
	if s.at("dash.kind") == "direct" {
		s.page(w, a)
		return
	}
	page := "/dash/" + url.PathEscape(a.id)
	if s.at("dash.kind") == "one for all" {
		page = "/dash"
	}
	if s.at("dash.kind") == "by query" {
		page = "/dash?id=" + url.QueryEscape(a.id)
	}
	if s.at("dash.kind") == "other host" {
		page = "https://" + dashHost + page
	}
	status := http.StatusSeeOther
	switch s.at("sso.location") {
	case "proof":
		page += "?token=" + form.Get(string(s.m.Dialect.Scheme()))
	case "session":
		page += "?sid=" + value
	case "password":
		page += "?p=" + a.password
	case "elsewhere":
		page = "https://www.elsewhere.test/dash"
	case "plain":
		page = "http://" + shopHost + page
	case "302":
		status = http.StatusFound
	case "301":
		status = http.StatusMovedPermanently
	case "nowhere":
		page = "/no-such-page"
	}
	http.Redirect(w, r, page, status)
}

func (s *shop) dashboard(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := "session"
	if s.at("sso.cookie") == "host prefix" {
		name = "__Host-session"
	}
	var a *addon
	if c, err := r.Cookie(name); err == nil {
		a = s.sessions[c.Value]
		if a == nil {
			a = s.guess(c.Value)
		}
	}
	if sid := r.URL.Query().Get("sid"); sid != "" && s.at("sso.location") == "session" {
		a = s.sessions[sid]
	}
	id := r.PathValue("id")
	if s.at("dash.kind") == "by query" {
		id = r.URL.Query().Get("id")
	}
	switch s.at("dash.session") {
	case "none":
		if other := s.byID(id); other != nil {
			a = other
		}
	case "any":
		if other := s.byID(id); a != nil && other != nil {
			a = other
		}
	case "id of the query":
		if other := s.byID(r.URL.Query().Get("id")); a != nil && other != nil {
			a, id = other, other.id
		}
	}
	switch {
	case s.at("dash.kind") == "script":
		fmt.Fprint(w, `<html><script src="/app.js"></script><div id="app"></div></html>`)
	case a == nil, id != "" && id != a.id:
		http.Error(w, "no", http.StatusForbidden)
	case a.gone && s.at("dash.gone") != "shown" && s.at("sso.gone") != "lets in" && s.at("sso.lookup") != "none":
		http.Error(w, "gone", http.StatusGone)
	default:
		s.page(w, a)
	}
}

// guess finds whose session a cookie is that is made of the id.
func (s *shop) guess(value string) *addon {
	if kind := s.at("sso.session"); kind == "" || kind == "the same each time" {
		return nil
	}
	for _, a := range s.addons {
		h, g := md5.Sum([]byte(a.id)), sha1.Sum([]byte(a.id))
		for _, made := range []string{a.id, base64.StdEncoding.EncodeToString([]byte(a.id)), hex.EncodeToString([]byte(a.id)),
			hex.EncodeToString(h[:]), hex.EncodeToString(g[:]), url.QueryEscape(fmt.Sprintf(`{"addon":%q}`, a.id))} {
			if value == made {
				return a
			}
		}
	}
	return nil
}

func (s *shop) byID(id string) *addon {
	for _, a := range s.addons {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (s *shop) page(w http.ResponseWriter, a *addon) {
	if s.at("dash.frames") == "" {
		w.Header().Set("Content-Security-Policy", "frame-ancestors https://console.clever-cloud.com")
	}
	w.Header().Set("Content-Type", "text/html")
	owner := html.EscapeString(a.owner)
	if raw, plain := strings.CutPrefix(a.owner, "\x00"); plain {
		owner = raw
	}
	fmt.Fprintf(w, "<h1>%s</h1><p>Owner: %s</p>", a.id, owner)
	if s.at("dash.page") != "without a plan" {
		fmt.Fprintf(w, "<p>Plan: %s</p>", a.plan)
	}
	switch s.at("dash.page") {
	case "new each time":
		fmt.Fprintf(w, `<p>%s</p><input name="csrf" value="%s">`, time.Now().Format(time.RFC3339Nano), token())
	case "shows variables":
		fmt.Fprintf(w, "<pre>%s</pre>", a.password)
	case "shows all":
		for _, other := range s.addons {
			fmt.Fprintf(w, "<pre>%s</pre>", other.password)
		}
	}
}
