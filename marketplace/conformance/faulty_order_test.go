package conformance_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"runner/marketplace/manifest"
)

// read reads a request's object; nil: it was refused.
func (f *faulty) read(w http.ResponseWriter, r *http.Request) map[string]any {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10+1))
	if err != nil || len(body) > 64<<10 {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 4<<20)) // or the server waits before it closes the connection
		if f.is("fails on large orders") {
			say(w, 500, "oh")
			return nil
		}
		say(w, 413, "too much")
		return nil
	}
	var v map[string]any
	if json.Unmarshal(body, &v) != nil || v == nil {
		if f.is("fails on no JSON") {
			say(w, 500, "oh")
			return nil
		}
		say(w, 400, "an object is due")
		return nil
	}
	return v
}

// plan reads a plan that is sold; "": it was refused.
func (f *faulty) plan(w http.ResponseWriter, r *http.Request, v map[string]any) string {
	plan, _ := v["plan"].(string)
	switch {
	case sold[plan] || plan != "" && f.is("takes any plan"):
		return plan
	case plan != "" && f.is("fails on an unknown plan"):
		say(w, 500, "oh")
	case plan != "" && f.is("refuses without a word"):
		w.WriteHeader(422)
	case plan != "" && f.is("echoes"):
		say(w, 422, "you sent "+r.Header.Get("Authorization"))
	case plan != "" && f.is("shows a trace"):
		say(w, 422, "in /usr/app/lib/plans.rb line 7")
	default:
		say(w, 422, "there is no such plan")
	}
	return ""
}

func (f *faulty) provision(w http.ResponseWriter, r *http.Request) {
	v := f.read(w, r)
	if v == nil {
		return
	}
	if _, there := v["x_future"]; there && f.is("refuses unknown fields") {
		say(w, 400, "what is x_future?")
		return
	}
	if options, _ := v["options"].(map[string]any); options["zz"] != nil && f.is("refuses unknown options") {
		say(w, 422, "what is zz?")
		return
	}
	if region, _ := v["region"].(string); region == "the-moon" && f.is("fails on an unknown region") {
		say(w, 500, "oh")
		return
	}
	owner, _ := v["owner_name"].(string)
	if f.is("fails on other types") && r.Header.Get("Content-Type") != "application/json" || f.is("fails on foreign names") && strings.ContainsAny(owner, "ëü<") {
		say(w, 500, "oh")
		return
	}
	plan := f.plan(w, r, v)
	if plan == "" {
		return
	}
	key, _ := v[f.m.Dialect.KeyField()].(string)
	if key == "" {
		say(w, 422, "a key is due")
		return
	}
	f.mu.Lock()
	b := f.byKey[key]
	switch {
	case f.is("a new one each time"):
		b = nil
	case b == nil:
	case b.gone && f.is("brings back"):
		b.gone = false
	case b.gone:
		f.mu.Unlock()
		say(w, 410, "it was removed")
		return
	case b.plan != plan && !f.is("changes the plan of a repeated order"):
		f.mu.Unlock()
		say(w, 409, "the key has another plan")
		return
	}
	if b == nil && f.is("races") {
		f.mu.Unlock()
		crowd := f.crowded(key)
		f.mu.Lock()
		if !crowd {
			b = f.byKey[key]
		}
	}
	if b == nil {
		b = f.sell(key, plan, v)
	}
	f.mu.Unlock()
	f.deliver(w, v, b)
}

// crowded is the window of a race: those who come at once with one key, three at
// least, go on together without looking again.
func (f *faulty) crowded(key string) bool {
	f.mu.Lock()
	c := f.crowds[key]
	if c == nil {
		c = &crowd{three: make(chan struct{})}
		f.crowds[key] = c
	}
	if c.n++; c.n == 3 {
		close(c.three)
	}
	f.mu.Unlock()
	select {
	case <-c.three:
		return true
	case <-time.After(50 * time.Millisecond):
		return false
	}
}

type crowd struct {
	n     int
	three chan struct{}
}

// sell makes an add-on. The caller holds the lock.
func (f *faulty) sell(key, plan string, v map[string]any) *bought {
	f.numbers++
	b := &bought{id: strings.ToLower(rand.Text()), key: key, plan: plan, secret: rand.Text()}
	b.owner, _ = v["owner_name"].(string)
	switch app, _ := v["heroku_id"].(string); {
	case f.is("integer ids"):
		b.id = strconv.Itoa(1000 + f.numbers)
	case f.is("ids of the application"):
		b.id = strings.TrimSuffix(app, "@heroku.com") + "-" + rand.Text()
	case f.is("ids with slashes"):
		b.id = "kv/" + b.id
	case f.is("ids of the owner"):
		owner, _ := v["owner_id"].(string)
		b.id = owner + "-" + b.id
	case f.is("one id for all"):
		b.id = "the-one"
	}
	if f.is("one secret for all") {
		b.secret = "shared"
	}
	f.byKey[key], f.byID[b.id], f.all = b, b, append(f.all, b)
	return b
}

// deliver answers an order.
func (f *faulty) deliver(w http.ResponseWriter, v map[string]any, b *bought) {
	config := map[string]any{"TINYKV_URL": "kv://" + b.secret + "@kv.example.test/" + b.secret, "TINYKV_TOKEN": b.secret}
	if f.is("one secret for all") {
		config["TINYKV_URL"] = "kv://kv.example.test"
	}
	answer, status := map[string]any{"id": b.id, "config": config}, 200
	if f.m.Dialect.Heroku() {
		answer["log_drain_url"] = "https://logs.example.test/" + b.id
	}
	switch f.defect {
	case "integer ids":
		answer["id"] = json.Number(b.id)
	case "no id":
		delete(answer, "id")
	case "an empty id":
		answer["id"] = ""
	case "an object for an id":
		answer["id"] = map[string]string{"id": b.id}
	case "no id for some":
		if b.owner != "" && b.owner != "Conformance Test" {
			delete(answer, "id")
		}
	case "undeclared variables":
		config["MONGO_URL"] = "kv://x@y"
	case "missing variables":
		delete(config, "TINYKV_TOKEN")
	case "numbers":
		config["TINYKV_TOKEN"] = 3306
	case "config is a list":
		answer["config"] = []string{"TINYKV_TOKEN", b.secret}
	case "no URL":
		config["TINYKV_URL"] = b.secret
	case "answers 206":
		status = 206
	case "no drain":
		delete(answer, "log_drain_url")
	case "a drain by mail":
		if f.m.Dialect.Heroku() {
			answer["log_drain_url"] = "mailto:logs@example.test"
		}
	case "variables of no use":
		config["TINYKV_TOKEN"] = "not-" + b.secret
	case "variables of the customer's machine":
		config["TINYKV_URL"] = "kv://" + b.secret + "@localhost/"
	case "variables of an inner network":
		config["TINYKV_URL"] = "kv://" + b.secret + "@inside.example.test/"
	case "variables of no host":
		config["TINYKV_URL"] = "kv://" + b.secret + "@nowhere.example.test/"
	case "names without a prefix":
		config["SPEED"] = "fast"
	case "variables that vary":
		config["TINYKV_TOKEN"] = rand.Text()
	}
	callback, _ := v["callback_url"].(string)
	if f.is("calls too early") {
		f.visit(callback)
	}
	if f.async {
		status = 202
		delete(answer, "config")
		if !f.is("never finishes") {
			f.work.Go(func() { f.finish(callback, config) })
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if f.is("HTML") {
		w.Header().Set("Content-Type", "text/html")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

// finish calls back until it is heard: the marketplace knows the add-on only
// after it has read the answer.
func (f *faulty) finish(callback string, config map[string]any) {
	for range 400 {
		body, _ := json.Marshal(map[string]any{"config": config})
		r, err := http.NewRequest("PUT", callback, bytes.NewReader(body))
		if err != nil {
			return
		}
		r.SetBasicAuth(f.m.ID, f.m.Password)
		if f.is("calls back without credentials") {
			r.Header.Del("Authorization")
		}
		resp, err := f.out.Do(r)
		if err != nil {
			return
		}
		_ = resp.Body.Close()
		if resp.StatusCode == 200 {
			if f.m.Dialect == manifest.HerokuV3 {
				ready, _ := http.NewRequest("POST", callback+"/actions/provision", nil)
				ready.SetBasicAuth(f.m.ID, f.m.Password)
				if resp, err := f.out.Do(ready); err == nil {
					_ = resp.Body.Close()
				}
			}
			return
		}
		if resp.StatusCode == 503 && f.is("calls back once") || resp.StatusCode == 401 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
