package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/clever"
)

// A chaosPlatform is a platform that is behind, lies, drops, repeats, and whose
// clients are killed. It knows one personal space, one plan of two providers, and what
// a play of addon_register with a scope asks for. Its effects are its own: a request
// whose client is gone is carried out all the same.
type chaosPlatform struct {
	mu     sync.Mutex
	rand   *rand.Rand
	lag    time.Duration // how long lists are behind at most
	posts  int
	addons []*chaosAddon

	// onPost says what happens to the nth order, from 1.
	onPost func(n int) postFault
	// onRead says what a read is answered with instead; nil, or "": what there is.
	onRead func(path string) string
}

type chaosAddon struct {
	clever.Addon
	tags   []string
	shown  time.Time // when lists show it
	gone   bool
	hidden time.Time // when lists show that it is gone
}

// A postFault is what goes wrong with an order.
type postFault struct {
	slow   time.Duration // it takes so long
	lost   bool          // it is not carried out
	twice  bool          // it is carried out twice
	status int           // what it is answered with instead of a success
	cut    bool          // it is not answered
	half   bool          // it is answered by half of a response
}

func newChaosPlatform(seed uint64, lag time.Duration) *chaosPlatform {
	return &chaosPlatform{rand: rand.New(rand.NewPCG(seed, 7)), lag: lag}
}

// some draws a duration up to d.
func (p *chaosPlatform) some(d time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.rand.Int64N(int64(d) + 1))
}

// A chaosClient is a process's way to the platform. It counts the process's requests,
// and may kill the process at one of them.
type chaosClient struct {
	platform *chaosPlatform
	killAt   int  // 0: never
	carried  bool // the request at which it is killed is carried out
	onKill   func()

	mu   sync.Mutex
	n    int
	dead chan struct{} // is closed when the test is over
}

func (c *chaosClient) count() (n int, killed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n, c.killAt > 0 && c.n > c.killAt
}

// RoundTrip lets a request go its way, and not come back to a process that is killed.
func (c *chaosClient) RoundTrip(r *http.Request) (*http.Response, error) {
	n, killed := c.count()
	if killed {
		<-c.dead
		return nil, io.ErrClosedPipe
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	type result struct {
		response *http.Response
		err      error
	}
	done := make(chan result, 1)
	if n != c.killAt || c.carried {
		go func() {
			time.Sleep(c.platform.some(20 * time.Millisecond))
			response, err := c.platform.serve(r, body)
			time.Sleep(c.platform.some(20 * time.Millisecond))
			done <- result{response, err}
		}()
	}
	if n == c.killAt {
		c.onKill()
		<-c.dead
		return nil, io.ErrClosedPipe
	}
	select {
	case got := <-done:
		if c.isDead() {
			<-c.dead
			return nil, io.ErrClosedPipe
		}
		return got.response, got.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// isDead reports whether the process was killed meanwhile.
func (c *chaosClient) isDead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.killAt > 0 && c.n >= c.killAt
}

func (p *chaosPlatform) serve(r *http.Request, body []byte) (*http.Response, error) {
	path := r.URL.Path
	if r.Method == http.MethodGet && p.onRead != nil {
		if said := p.onRead(path); said != "" {
			return jsonResponse(200, json.RawMessage(said)), nil
		}
	}
	if r.Method == http.MethodPost {
		return p.order(body)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case path == "/v2/products/addonproviders":
		return jsonResponse(200, chaosCatalogue()), nil
	case path == "/v2/summary":
		return jsonResponse(200, p.summary()), nil
	case path == "/v2/self/addons":
		return jsonResponse(200, p.list()), nil
	}
	id, part, _ := strings.Cut(strings.TrimPrefix(path, "/v2/self/addons/"), "/")
	i := slices.IndexFunc(p.addons, func(a *chaosAddon) bool { return a.ID == id && !a.gone })
	if i < 0 {
		return jsonResponse(404, map[string]any{"id": 11001, "message": "This addon does not exist.", "type": "error"}), nil
	}
	a := p.addons[i]
	switch {
	case part == "env":
		return jsonResponse(200, chaosEnv(a.Provider.ID)), nil
	case part == "tags" && r.Method == http.MethodPut:
		_ = json.Unmarshal(body, &a.tags)
		return jsonResponse(200, a.tags), nil
	case part == "tags":
		return jsonResponse(200, append([]string{}, a.tags...)), nil
	case r.Method == http.MethodDelete:
		a.gone, a.hidden = true, time.Now().Add(p.lag)
		return jsonResponse(200, map[string]any{"id": 318, "message": "gone", "type": "success"}), nil
	}
	return jsonResponse(200, a.Addon), nil
}

// order carries an order out, or not, and answers it, or not.
func (p *chaosPlatform) order(body []byte) (*http.Response, error) {
	p.mu.Lock()
	p.posts++
	var f postFault
	if p.onPost != nil {
		f = p.onPost(p.posts)
	}
	p.mu.Unlock()
	time.Sleep(f.slow)
	var order clever.CreateRequest
	if err := json.Unmarshal(body, &order); err != nil {
		return jsonResponse(400, err.Error()), nil
	}
	var made *chaosAddon
	if !f.lost {
		made = p.make(order)
	}
	if f.twice {
		p.make(order)
	}
	switch {
	case f.cut:
		return nil, io.ErrUnexpectedEOF
	case f.half:
		response := jsonResponse(200, nil)
		response.Body = io.NopCloser(strings.NewReader(`{"id":"addon_`))
		return response, nil
	case f.status != 0:
		return jsonResponse(f.status, map[string]any{"id": -500, "message": "chaos", "type": "error"}), nil
	}
	return jsonResponse(200, made.Addon), nil
}

func (p *chaosPlatform) make(order clever.CreateRequest) *chaosAddon {
	behind := p.some(p.lag/4) + p.lag*3/4
	p.mu.Lock()
	defer p.mu.Unlock()
	id := fmt.Sprintf("addon_%d", len(p.addons)+1)
	a := &chaosAddon{shown: time.Now().Add(behind), Addon: clever.Addon{ID: id, Name: order.Name, RealID: "real_" + id, Region: order.Region,
		Provider: clever.Provider{ID: order.ProviderID, Name: order.ProviderID}, CreationDate: time.Now().UnixMilli(), ConfigKeys: []string{}}}
	for _, provider := range chaosCatalogue() {
		for _, plan := range provider.Plans {
			if plan.ID == order.Plan {
				a.Plan = plan
			}
		}
	}
	p.addons = append(p.addons, a)
	return a
}

// list returns what lists show now. The mutex is held.
func (p *chaosPlatform) list() []clever.Addon {
	list := []clever.Addon{}
	for _, a := range p.addons {
		if !time.Now().Before(a.shown) && (!a.gone || time.Now().Before(a.hidden)) {
			list = append(list, a.Addon)
		}
	}
	return list
}

func (p *chaosPlatform) summary() clever.Summary {
	me := clever.SummaryOwner{ID: "user_1", Addons: []clever.SummaryAddon{}}
	for _, shown := range p.list() {
		i := slices.IndexFunc(p.addons, func(a *chaosAddon) bool { return a.ID == shown.ID })
		me.Addons = append(me.Addons, clever.SummaryAddon{ID: shown.ID, Name: shown.Name, ProviderID: shown.Provider.ID, CustomerTags: p.addons[i].tags})
	}
	return clever.Summary{User: me, Organisations: []clever.SummaryOwner{}}
}

// world returns what there is: name and tags of each add-on, sorted.
func (p *chaosPlatform) world() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []string{}
	for _, a := range p.addons {
		if !a.gone {
			all = append(all, fmt.Sprintf("%s of %s %v", a.Name, a.Provider.ID, a.tags))
		}
	}
	slices.Sort(all)
	return all
}

// doubled returns the names that two add-ons have.
func (p *chaosPlatform) doubled() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := map[string]int{}
	var twice []string
	for _, a := range p.addons {
		if !a.gone {
			if count[a.Name]++; count[a.Name] == 2 {
				twice = append(twice, a.Name)
			}
		}
	}
	return twice
}

func chaosCatalogue() []clever.Provider {
	var all []clever.Provider
	for _, id := range []string{"postgresql-addon", "redis-addon"} {
		all = append(all, clever.Provider{ID: id, Name: id, Status: "RELEASE", Regions: []string{"par"},
			Plans: []clever.Plan{{ID: "plan_" + id, Name: "Dev", Slug: "dev", Zones: []string{"par"}}}})
	}
	return all
}

func chaosEnv(provider string) []clever.EnvVar {
	env := []clever.EnvVar{}
	for _, name := range clever.Complete(provider) {
		env = append(env, clever.EnvVar{Name: name, Value: "x"})
	}
	return env
}

func jsonResponse(status int, v any) *http.Response {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a fault of the test
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text))}
}
