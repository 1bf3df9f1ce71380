package tasks

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"

	"runner/clever"
	"runner/engine"
)

// A Cloud is the platform as the tasks of one run reach it: one client per
// credentials, and who ordered what, so that an add-on of this run is later
// addressed with the credentials and the owner that registered it.
type Cloud struct {
	// Config is how clients go out: the endpoint ("": that of the credentials, or the
	// real platform), limits, and who is informed. Credentials and Memory are filled in for
	// each client.
	Config clever.Config
	// Default returns the credentials of tasks that name none. It is asked when
	// they are needed first.
	Default func() (clever.Credentials, error)
	// Memory returns what this machine remembers of the orders at an endpoint with some
	// credentials. Nil: nothing is remembered.
	Memory func(endpoint string, creds clever.Credentials) clever.Memory

	// Declares reports whether a task of the program declares, or may declare, an add-on of a
	// name and of a provider that is the one meant. Nil: nobody knows.
	Declares func(name string, meant func(provider string) bool) bool

	// OwnProviders: a task of the program registers a provider of its own, which the
	// catalogue does not show before the run.
	OwnProviders bool
	// Taken reports whether a file must not be written, as the credentials of the run are in
	// it. Nil: none is.
	Taken func(path string) bool

	mu       sync.Mutex
	clients  map[clever.Credentials]*clever.Client
	known    map[string]location // by add-on id
	named    []declaration       // what tasks declare, found or not
	unsure   map[string]bool     // ids of add-ons of which not all could be verified
	planned  planned             // what a check would have made of the platform by now
	scopes   scopes
	declares declarations
	foreseen scopes // as scopes, before the run
}

// Renew forgets what was read, and what a check would have made of the platform: after it
// the cloud is as it was before its first task.
func (c *Cloud) Renew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients, c.known, c.named, c.unsure = nil, nil, nil, nil
	c.planned, c.scopes = planned{}, scopes{}
}

// A location is where an add-on was found: with which client, at which owner.
type location struct {
	client platform
	owner  string
	addon  clever.Addon
}

// same reports whether both are the same list, read with the same credentials.
func (h location) same(other location) bool {
	return h.client == other.client && h.owner == other.owner
}

// Auth are the credentials of one task. The article's spelling of the last two
// (ressource_…) is as good as the platform's own words.
type Auth struct {
	ConsumerKey    string `arg:"consumer_key" secret:"true" doc:"the OAuth consumer's key; that of the platform's own CLI if left out"`
	ConsumerSecret string `arg:"consumer_secret" secret:"true" doc:"its secret"`
	Token          string `arg:"resource_key" alias:"ressource_key,token" secret:"true" doc:"the user's OAuth token"`
	Secret         string `arg:"resource_secret" alias:"ressource_secret,secret" secret:"true" doc:"its secret"`
}

func (a Auth) given() bool { return a != Auth{} }

func (a Auth) credentials() clever.Credentials {
	return clever.Credentials{ConsumerKey: a.ConsumerKey, ConsumerSecret: a.ConsumerSecret,
		Token: a.Token, Secret: a.Secret, Source: "the task's auth"}
}

// client returns the client of a task, going out through its host.
func (c *Cloud) client(h *engine.Host, auth Auth) (platform, error) {
	creds, err := c.credentials(auth)
	if err != nil {
		return platform{}, err
	}
	h.Secrets.Add(creds.ConsumerSecret, creds.Token, creds.Secret)
	shared, err := c.shared(creds)
	if err != nil {
		return platform{}, engine.About("auth", err)
	}
	return via(platform{shared, &c.planned, h.Pending}, h), nil
}

// via returns the platform as it is reached through a task's host.
func via(p platform, h *engine.Host) platform {
	p.Client = p.Via(transport{h.HTTP})
	return p
}

// credentials returns those of a task, or the run's own.
func (c *Cloud) credentials(auth Auth) (clever.Credentials, error) {
	if auth.given() {
		return auth.credentials(), nil
	}
	return c.Default()
}

// transport makes a host's client the way out of a platform's client.
type transport struct{ client *http.Client }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.client.Transport.RoundTrip(r)
}

// shared returns the one client of some credentials.
func (c *Cloud) shared(creds clever.Credentials) (*clever.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.clients[creds]; ok {
		return client, nil
	}
	cfg := c.Config
	cfg.Endpoint, cfg.Credentials = cmp.Or(cfg.Endpoint, creds.Endpoint), creds
	if c.Memory != nil {
		cfg.Memory = c.Memory(cmp.Or(cfg.Endpoint, clever.DefaultEndpoint), creds)
	}
	client, err := clever.New(cfg)
	if err != nil {
		return nil, err
	}
	if c.clients == nil {
		c.clients = map[clever.Credentials]*clever.Client{}
	}
	c.clients[creds] = client
	return client, nil
}

// Owner returns the id of the owner that a word names, with the run's own credentials;
// see clever.Client.Owner. Out is the way to the platform.
func (c *Cloud) Owner(ctx context.Context, out http.RoundTripper, word string) (string, error) {
	creds, err := c.Default()
	if err != nil {
		return "", err
	}
	client, err := c.shared(creds)
	if err != nil {
		return "", err
	}
	return client.Via(out).Owner(ctx, word)
}

// remember notes where an add-on lives.
func (c *Cloud) remember(client platform, owner string, a clever.Addon) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]location{}
	}
	c.known[a.ID] = location{client, owner, a}
}

// A declaration is an add-on that a task of this run sees to, whatever comes of it.
type declaration struct {
	provider string // as the playbook names it
	word     string // its name, id or real id
}

// declare notes what a task of this run sees to.
func (c *Cloud) declare(d declaration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.named, d) {
		c.named = append(c.named, d)
	}
}

// notVerified notes an add-on of which not all that is declared could be verified.
func (c *Cloud) notVerified(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unsure == nil {
		c.unsure = map[string]bool{}
	}
	c.unsure[id] = true
}

// NotVerified returns of how many add-ons not all that is declared could be verified.
func (c *Cloud) NotVerified() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.unsure)
}

// declared reports whether a task of this run sees to an add-on.
func (c *Cloud) declared(a clever.Addon) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.known[a.ID]
	return known || slices.ContainsFunc(c.named, func(d declaration) bool {
		return a.ID == d.word || a.RealID == d.word || a.Name == d.word && ofProvider(a, d.provider)
	})
}

// An access is a client and the credentials that it has.
type access struct {
	creds  clever.Credentials
	client platform
}

// used returns the clients of this run, or the one of the run's own credentials
// where no task needed any yet.
func (c *Cloud) used(h *engine.Host) ([]access, error) {
	c.mu.Lock()
	var list []access
	for creds, client := range c.clients {
		list = append(list, access{creds, platform{client, &c.planned, h.Pending}})
	}
	c.mu.Unlock()
	if len(list) == 0 {
		return c.access(h, Auth{})
	}
	return list, nil
}

// access returns the client of some credentials.
func (c *Cloud) access(h *engine.Host, auth Auth) ([]access, error) {
	creds, err := c.credentials(auth)
	if err != nil {
		return nil, err
	}
	client, err := c.client(h, auth)
	return []access{{creds, client}}, err
}

// locations returns the add-ons of this run that a word names, by id first.
func (c *Cloud) locations(word string) []location {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.known[word]; ok {
		return []location{h}
	}
	var found []location
	for _, h := range c.known {
		if h.addon.Means(word) {
			found = append(found, h)
		}
	}
	slices.SortFunc(found, func(a, b location) int { return compareIDs(a.addon, b.addon) })
	return found
}

// taken returns what reports that a file must not be written. It is found out when it is
// asked: the credentials of a run are known late.
func (c *Cloud) taken() func(string) bool {
	return func(path string) bool { return c != nil && c.Taken != nil && c.Taken(path) }
}
