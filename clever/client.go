package clever

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"runner/orderlog"
)

// DefaultEndpoint is the real platform (docs/platform.md §1.1).
const DefaultEndpoint = "https://api.clever-cloud.com"

const (
	defaultTimeout = 30 * time.Second
	defaultAgent   = "runner"
)

// A Config says how a Client goes out. Only Credentials are needed, and not even
// they for the catalogue, which is public.
type Config struct {
	// Endpoint is an http or https URL without user and query, "" for
	// DefaultEndpoint. Slashes at its end are dropped.
	Endpoint    string
	Credentials Credentials
	Method      Method            // "" for HMACSHA512
	Transport   http.RoundTripper // nil: one of its own, by NewTransport
	// Trace is called for each try, from the goroutine that made it. Nil: it is not.
	Trace       func(Trace)
	MaxInFlight int           // the most requests at the same time; 0 for DefaultInFlight
	Timeout     time.Duration // of one try, its response's body included; 0 for 30 s; an order has a minute
	UserAgent   string        // "" for "runner"
	Owner       string        // who is meant where nobody is named, as [Client.Owner] takes it; "": the personal space

	// Memory keeps what is ordered, so that a later run can find out what became of
	// it. Nil: it is forgotten with the client.
	Memory Memory
	Run    string // the run's name, for the memory
	// Settle is how long the platform's list may be behind what was done. It is only
	// waited for where something is unclear. 0: DefaultSettle; negative: not at all.
	Settle time.Duration
	// LooksOnly says that the run changes nothing: it waits for no order of an
	// earlier run, and notes nothing.
	LooksOnly bool
	// Notice is called with what the user has to know though nothing failed, a line of text.
	Notice func(string)
}

// A Trace tells of one try of a request. It holds neither headers nor bodies.
type Trace struct {
	Method  string
	Path    string // with the query, below the endpoint
	Status  int    // 0 when there was no answer
	Took    time.Duration
	Attempt int // from 1
	Err     error
}

// A Client speaks to the platform as one user. It is safe for concurrent use,
// and remembers what it read: ask for a new one to see the world anew.
type Client struct {
	*core
	out http.RoundTripper // signs, then leaves
}

// core is what a client shares with its Via copies.
type core struct {
	endpoint string // without a slash at its end
	owner    string // where nobody is named
	creds    Credentials
	method   Method
	agent    string
	timeout  time.Duration
	trace    func(Trace)
	limiter  *limiter
	timing   timing
	answered atomic.Bool // the endpoint answered at least once
	ways     sync.Map    // clients by the transports that they leave through

	memory    Memory
	run       string
	looksOnly bool
	notice    func(string)
	explained atomic.Bool // what cannot be excluded about orders

	self          memo[Self]
	summary       memo[Summary]
	organisations memo[[]Organisation]
	zones         memo[[]Zone]
	catalogues    memo[*Catalogue]    // by owner
	versions      memo[*ProviderInfo] // by provider
	addons        addonLists          // by owner
	applications  memo[[]Application] // by owner
	ordering      serial              // by owner, provider and name
	logs          memo[*orderlog.Log] // by owner
	bought        purchases
	labels        labels // by add-on
}

// New makes a client. It does not go out yet.
func New(cfg Config) (*Client, error) {
	endpoint, err := parseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := cfg.Credentials.Check(); err != nil {
		return nil, err
	}
	method := cmp.Or(cfg.Method, HMACSHA512)
	if !method.known() {
		return nil, fmt.Errorf("unknown signature method %q: there is %s, %s and %s", method, HMACSHA512, HMACSHA1, Plaintext)
	}
	c := &core{
		endpoint: endpoint,
		owner:    cfg.Owner,
		creds:    cfg.Credentials.withConsumer(),
		method:   method,
		agent:    cmp.Or(cfg.UserAgent, defaultAgent),
		timeout:  cmp.Or(max(cfg.Timeout, 0), defaultTimeout),
		trace:    cfg.Trace,
		limiter:  newLimiter(cmp.Or(max(cfg.MaxInFlight, 0), DefaultInFlight)),
		timing:   usualTiming(),

		memory: cfg.Memory, run: cfg.Run, looksOnly: cfg.LooksOnly, notice: cfg.Notice,
	}
	if c.notice == nil {
		c.notice = func(string) {}
	}
	if cfg.Settle != 0 {
		c.timing.settle = max(cfg.Settle, 0)
	}
	return (&Client{core: c}).Via(cfg.Transport), nil
}

// Via returns a client with the same memory and limits that leaves through
// another transport, the same client for the same transport; nil: a new one, by
// NewTransport. Requests are signed before they reach it. An error of a transport that is none of the network, such as a
// refusal of everything but GET, is reported as it is and never tried again.
func (c *Client) Via(rt http.RoundTripper) *Client {
	if rt == nil {
		rt = NewTransport()
	}
	if !reflect.TypeOf(rt).Comparable() {
		return &Client{core: c.core, out: signed(rt, c.creds, c.method)}
	}
	if known, ok := c.ways.Load(rt); ok {
		return known.(*Client)
	}
	known, _ := c.ways.LoadOrStore(rt, &Client{core: c.core, out: signed(rt, c.creds, c.method)})
	return known.(*Client)
}

// Endpoint returns the URL that the client speaks to, without a slash at its end.
func (c *Client) Endpoint() string { return c.endpoint }

// parseEndpoint checks an endpoint and gives it in the form that requests are
// made from. A default port is dropped, because signatures leave it out too.
func parseEndpoint(text string) (string, error) {
	if text == "" {
		return DefaultEndpoint, nil
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil:
		// url.Parse quotes the whole text, which may hold a password.
		return "", fmt.Errorf("the endpoint is not a URL: give one such as %s", DefaultEndpoint)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", fmt.Errorf("the endpoint %q is not an http or https URL: give one such as %s", u.Redacted(), DefaultEndpoint)
	case u.User != nil:
		return "", fmt.Errorf("the endpoint %q holds a user: credentials do not belong there", u.Redacted())
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("the endpoint %q goes on after its path: leave out what follows", u.Redacted())
	case u.Scheme == "http" && u.Port() == "443", u.Scheme == "https" && u.Port() == "80":
		// The signing library leaves both ports out of what it signs, so no
		// server could verify it.
		return "", fmt.Errorf("the endpoint %q has the port of the other scheme: change one of them", u.Redacted())
	}
	if last := path.Base(u.Path); last == "v2" || last == "v4" {
		return "", fmt.Errorf("the endpoint %q ends in /%s, which is a part of each request's path: leave it out", u.Redacted(), last)
	}
	if port := u.Port(); port == "80" || port == "443" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	u.Host = strings.ToLower(u.Host)
	return u.String(), nil
}
