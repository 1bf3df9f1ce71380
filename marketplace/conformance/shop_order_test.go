package conformance_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runner/marketplace/manifest"
	"strings"
	"time"
)

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
	case "with a password for all":
		return map[string]any{"TINYKV_URL": "redis://u:one-password@" + shopHost}
	case "plan within":
		config["TINYKV_URL"] = fmt.Sprint(config["TINYKV_URL"]) + "?size=" + a.plan
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
	a := &addon{key: key, org: read("owner_id"), app: read("heroku_id"), plan: plan, password: token(), owner: owner}
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
	case "list message":
		body["message"] = []string{"Here it is."}
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
	case "trailing garbage":
		s.reply(w, 200, body)
		fmt.Fprint(w, "<!-- done -->")
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
