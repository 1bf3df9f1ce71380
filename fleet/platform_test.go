//go:build unix

package fleet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"runner/clever/emulator"
)

// platformURL is the platform's address for all workers: each reaches it through a
// gateway of its own, as HTTP_PROXY, which records who asked for what.
const platformURL = "http://platform.test"

// A platform is the emulator, with a record of who asked for what, and when.
type platform struct {
	*emulator.Emulator
	t *testing.T

	mu       sync.Mutex
	requests []request
}

// A request is one that reached the platform.
type request struct {
	who          string // the worker
	owner        string // orga_…; "" where the path names none
	began, ended time.Time
	method, path string
	name         string // of the add-on that is ordered
}

func (r request) writes() bool { return r.method != http.MethodGet && r.method != http.MethodHead }

func (r request) String() string {
	return fmt.Sprintf("%s %s %s %s %s", r.began.Format("05.000"), r.who, r.method, r.path, r.name)
}

// thinks is how long the platform takes for each response.
const thinks = 100 * time.Millisecond

func newPlatform(t *testing.T) *platform { return newPlatformThinking(t, thinks) }

func newPlatformThinking(t *testing.T, long time.Duration) *platform {
	t.Helper()
	e, err := emulator.New(emulator.Options{Latency: long})
	if err != nil {
		t.Fatal(err)
	}
	return &platform{Emulator: e, t: t}
}

// gateway listens for one worker, and returns the address.
func (p *platform) gateway(who, address string) string {
	p.t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		p.t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(who, w, r) })}
	go func() { _ = server.Serve(l) }()
	p.t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

var ownerID = regexp.MustCompile(`orga_[0-9a-f-]+`)

func (p *platform) serve(who string, w http.ResponseWriter, r *http.Request) {
	q := request{who: who, owner: ownerID.FindString(r.URL.Path), began: time.Now(), method: r.Method, path: r.URL.Path}
	if q.writes() {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var order struct{ Name string }
		_ = json.Unmarshal(body, &order)
		q.name = order.Name
	}
	p.mu.Lock()
	at := len(p.requests)
	p.requests = append(p.requests, q)
	p.mu.Unlock()
	p.ServeHTTP(w, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[at].ended = time.Now()
}

// all returns the requests for which a condition holds, by when they came.
func (p *platform) all(is func(request) bool) []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var some []request
	for _, r := range p.requests {
		if is(r) {
			some = append(some, r)
		}
	}
	return some
}

// writesOf returns the writes for an owner by a worker; "": any.
func (p *platform) writesOf(owner, who string) []request {
	return p.all(func(r request) bool {
		return r.writes() && (owner == "" || r.owner == owner) && (who == "" || r.who == who)
	})
}

// names returns the names of all add-ons, sorted.
func (p *platform) names() []string {
	var names []string
	for _, owner := range append([]string{p.User()}, p.organisations()...) {
		for _, a := range p.Addons(owner) {
			names = append(names, a.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *platform) organisations() (ids []string) {
	for _, o := range p.World().Organisations {
		ids = append(ids, o.ID)
	}
	return ids
}

// overlaps returns what is wrong with the writes for an owner: two that overlap, or those
// of one worker among those of another.
func overlaps(writes []request) (wrong []string) {
	seen := map[string]bool{}
	for i, w := range writes {
		if i == 0 {
			continue
		}
		before := writes[i-1]
		if before.ended.IsZero() || w.began.Before(before.ended) {
			wrong = append(wrong, fmt.Sprintf("%v began before %v ended", w, before))
		}
		if w.who != before.who {
			seen[before.who] = true
		}
		if seen[w.who] {
			wrong = append(wrong, fmt.Sprintf("%v came after another worker had begun: %v", w, before))
		}
	}
	return wrong
}

// organisation returns the id of an organisation of its own for each number.
func organisation(i int) string { return fmt.Sprintf("orga_00000000-0000-4000-8000-%012d", i) }

// orders is a playbook of n databases of an owner, one after the other.
func orders(owner, name string, n int) string {
	var b strings.Builder
	b.WriteString("- hosts: localhost\n  strategy: linear\n  tasks:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - addon_register: {name: %s-%d, provider: pg, details: {plan: dev}, organisation: %q}\n", name, i, owner)
	}
	return b.String()
}

// ordered returns the names that orders makes, sorted.
func ordered(name string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%d", name, i))
	}
	slices.Sort(names)
	return names
}
