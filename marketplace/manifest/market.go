package manifest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// An App is an add-on as back-ends see it at the marketplace.
type App struct {
	Order  Order
	ID     string // the vendor's; "" until the order was answered
	Config map[string]string
	State  string // "provisioning", "provisioned", "deprovisioned"
}

// A Store is where a Market keeps its add-ons. Many goroutines may use it.
type Store interface {
	// Apps returns all add-ons, in the order of their keys.
	Apps() []App
	// App returns an add-on by its key.
	App(key string) (App, bool)
	// Change lets do change an add-on, and keeps what it made of it before it
	// returns. The error is ErrNoApp where there is none of the key, do's own, or says
	// why nothing was kept.
	Change(key string, do func(*App) error) error
}

// ErrNoApp says that a market has no such add-on.
var ErrNoApp = errors.New("no such add-on")

// A Market answers the calls that a back-end makes: it lists its add-ons, reads
// one, sets its variables, and says that a slow one is ready. It is an
// http.Handler, and may be used by many goroutines.
type Market struct {
	m    *Manifest
	apps Store
	own  memory // what apps is, unless somebody else keeps them

	mu       sync.Mutex
	requests map[string]int // by key
	onChange func(key string)
	failing  func(key string) bool
}

// NewMarket returns a marketplace of one vendor, without add-ons, which it keeps in
// memory.
func NewMarket(m *Manifest) *Market {
	k := &Market{m: m, own: memory{apps: map[string]App{}}, requests: map[string]int{}}
	k.apps = &k.own
	return k
}

// OpenMarket returns a marketplace of one vendor, whose add-ons somebody else keeps
// and puts there.
func OpenMarket(m *Manifest, apps Store) *Market { return &Market{m: m, apps: apps} }

// A memory is a Store that ends with the process.
type memory struct {
	mu   sync.Mutex
	apps map[string]App
}

func (l *memory) put(a App) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a.Config = maps.Clone(a.Config)
	l.apps[a.Order.Key] = a
}

// App returns an add-on by its key.
func (l *memory) App(key string) (App, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.apps[key]
	a.Config = maps.Clone(a.Config)
	return a, ok
}

// Apps returns all add-ons.
func (l *memory) Apps() []App {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []App
	for _, key := range slices.Sorted(maps.Keys(l.apps)) {
		all = append(all, l.apps[key])
	}
	return all
}

// Change changes an add-on.
func (l *memory) Change(key string, do func(*App) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.apps[key]
	if !ok {
		return ErrNoApp
	}
	if err := do(&a); err != nil {
		return err
	}
	l.apps[key] = a
	return nil
}

// Watch sets onChange, which is called after every change that a back-end made, and
// failing: while it returns true, changes are answered with 503. Both may be nil.
func (k *Market) Watch(onChange func(key string), failing func(key string) bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.onChange, k.failing = onChange, failing
}

// Put notes an add-on, in place of what was known of it, in a market of NewMarket.
func (k *Market) Put(a App) { k.own.put(a) }

// Get returns an add-on by its key.
func (k *Market) Get(key string) (App, bool) { return k.apps.App(key) }

// Requests returns how many requests, authorized or not, named an add-on that was
// Put before.
func (k *Market) Requests(key string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.requests[key]
}

// count counts a request by the keys in its path, of those that are known.
func (k *Market) count(path string) {
	if k.requests == nil { // not counted
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for part := range strings.SplitSeq(path, "/") {
		if _, known := k.own.App(part); known {
			k.requests[part]++
		}
	}
}

// ServeHTTP answers a back-end. An add-on whose order is still being answered is
// not there yet, nor is anybody else's.
func (k *Market) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.count(r.URL.Path)
	if !k.authorized(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="marketplace"`)
		refuse(w, http.StatusUnauthorized, "unauthorized", "the id and password of the manifest are needed")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	at := slices.IndexFunc(parts, func(p string) bool { return p == "apps" || p == "addons" })
	if at < 0 {
		refuse(w, http.StatusNotFound, "not_found", "no such path")
		return
	}
	rest := parts[at+1:]
	switch {
	case len(rest) == 0 && r.Method == http.MethodGet:
		k.list(w, r)
	case len(rest) == 1 && r.Method == http.MethodGet:
		k.one(w, rest[0])
	case len(rest) == 1 && r.Method == http.MethodPut, len(rest) == 2 && rest[1] == "config" && r.Method == http.MethodPatch:
		k.change(w, r, rest[0])
	case len(rest) == 3 && rest[1] == "actions" && r.Method == http.MethodPost:
		k.act(w, rest[0], rest[2])
	default:
		refuse(w, http.StatusMethodNotAllowed, "method", "the path does not know the method")
	}
}

// authorized compares both credentials whole, in constant time. A
// bearer token, Heroku v3's, is the password here: there is nobody else to issue one.
func (k *Market) authorized(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	if token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); bearer && k.m.Dialect == HerokuV3 {
		user, password, ok = k.m.ID, token, true
	}
	return ok && k.m.Password != "" && same(user, k.m.ID)&same(password, k.m.Password) == 1
}

// same compares in a time that depends on no content: 1 if equal, else 0.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

func refuse(w http.ResponseWriter, status int, id, message string) {
	reply(w, status, map[string]string{"id": id, "message": message})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// list returns the add-ons from the query's offset on, in the order of their keys.
func (k *Market) list(w http.ResponseWriter, r *http.Request) {
	offset, err := strconv.Atoi(r.URL.Query().Get("offset"))
	if err != nil || offset < 0 {
		offset = 0
	}
	all := []map[string]any{}
	for _, a := range k.apps.Apps() {
		if a.ID != "" {
			all = append(all, k.entry(a))
		}
	}
	reply(w, http.StatusOK, all[min(offset, len(all)):])
}

// entry returns an add-on as the list has it.
func (k *Market) entry(a App) map[string]any {
	e := map[string]any{"callback_url": a.Order.Callback, "plan": a.Order.Plan, "provider_id": a.ID}
	switch k.m.Dialect {
	case Clever:
		e["provider_id"], e["addon_id"], e["heroku_id"], e["owner_id"] = k.m.ID, a.Order.Key, a.Order.Key, a.Order.OwnerID
	case AppFog:
		e["account_id"], e["resource"] = a.Order.Account, map[string]string{"uuid": a.Order.Key}
	default:
		e["heroku_id"], e["resource"] = a.Order.App, map[string]string{"uuid": a.Order.Key, "name": a.Order.Name}
	}
	return e
}

func (k *Market) one(w http.ResponseWriter, key string) {
	a, ok := k.apps.App(key)
	if !ok || a.ID == "" {
		refuse(w, http.StatusNotFound, "not_found", "no such add-on")
		return
	}
	k.show(w, a)
}

func (k *Market) show(w http.ResponseWriter, a App) {
	reply(w, http.StatusOK, map[string]any{
		"id": a.Order.Key, "name": a.Order.Name, "config": a.Config, "callback_url": a.Order.Callback, "region": a.Order.Region, "plan": a.Order.Plan,
		"owner_id": a.Order.OwnerID, "owner_name": a.Order.OwnerName, "domains": []string{}, "state": a.State,
	})
}

// change merges variables: null removes one, and a name that the manifest does
// not have refuses the whole.
func (k *Market) change(w http.ResponseWriter, r *http.Request, key string) {
	body, err := io.ReadAll(io.LimitReader(r.Body, responseSize+1))
	if err != nil || len(body) > responseSize {
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "more than a mebibyte")
		return
	}
	root, err := parse(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	var res Resource
	config := root.get("config")
	if config.is(array) { // Heroku v3: [{"name": …, "value": …}]
		config = pairs(config)
	}
	if err := res.settings(config, k.m); err != nil || !config.is(object) {
		refuse(w, http.StatusUnprocessableEntity, "invalid", `"config" must be an object of texts`)
		return
	}
	if len(res.Dropped) > 0 {
		refuse(w, http.StatusUnprocessableEntity, "forbidden", "not in the manifest: "+strings.Join(res.Dropped, ", "))
		return
	}
	k.update(w, key, func(a *App) {
		a.Config = res.Merge(a.Config)
		if k.m.Dialect != HerokuV3 {
			a.State = "provisioned"
		}
	})
}

// pairs reads a list of names and values as an object.
func pairs(n *node) *node {
	o := &node{kind: object, at: n.at}
	for _, p := range n.items {
		if value := p.get("value"); value != nil {
			o.members = append(o.members, member{name: p.get("name").str(), value: value})
		}
	}
	return o
}

// act ends a slow order: "provision" says that it is ready, "deprovision" that
// it came to nothing or that it is gone.
func (k *Market) act(w http.ResponseWriter, key, action string) {
	if action != "provision" && action != "deprovision" {
		refuse(w, http.StatusNotFound, "not_found", "no such action")
		return
	}
	k.update(w, key, func(a *App) { a.State = action + "ed" })
}

func (k *Market) update(w http.ResponseWriter, key string, do func(*App)) {
	k.mu.Lock()
	onChange, failing := k.onChange, k.failing
	k.mu.Unlock()
	if failing != nil && failing(key) {
		refuse(w, http.StatusServiceUnavailable, "unavailable", "try again later")
		return
	}
	var changed App
	err := k.apps.Change(key, func(a *App) error {
		if a.ID == "" {
			return ErrNoApp
		}
		do(a)
		changed = *a
		return nil
	})
	switch {
	case errors.Is(err, ErrNoApp):
		refuse(w, http.StatusNotFound, "not_found", "no such add-on")
		return
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, "unavailable", "it could not be kept, try again later")
		return
	}
	if onChange != nil {
		onChange(key)
	}
	k.show(w, changed)
}
