package emulator

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"runner/clever"
	"runner/clever/emulator/apps"
	"runner/clever/emulator/catalogue"
	"runner/clever/emulator/login"
	"runner/clever/emulator/logs"
	"runner/clever/emulator/market"
	"runner/clever/emulator/network"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/services"
	"runner/clever/emulator/store"
	"runner/marketplace/manifest"
)

// Options say how an Emulator plays. The zero Options keep everything in memory
// and take any token.
type Options struct {
	// State is the file in which the world is kept; its folder is made. With ""
	// the world ends with the process.
	State string
	// LockWait is how long New waits for another process to let go of the state
	// file; 0 means three seconds.
	LockWait time.Duration
	// Strict verifies signatures and refuses unknown tokens and owners. Otherwise
	// any token is the one user's, and an organisation's id that nobody saw before
	// becomes an organisation of that user.
	Strict bool
	// StrictTime, with Strict, refuses signatures that were made more than five minutes
	// ago, and nonces that were used before (RFC 5849 §3.2, RFC 5849 §3.3). What the platform
	// does is not known.
	StrictTime bool
	// StrictIDs refuses real ids in v2 paths, as the platform began to do in 2026.
	StrictIDs bool
	// StrictOptions refuses an order with options that its provider does not have, or
	// with a switch that is neither "true" nor "false". Otherwise they are passed over.
	StrictOptions bool
	// KnownOwners refuses an organisation that nobody made, and says which there are;
	// otherwise, unless Strict, its id becomes an organisation of the user.
	KnownOwners bool
	// Owners are names of organisations that are made at the start, unless there are
	// some of these names; a name of the form orga_… is the id too.
	Owners []string
	// Applications are names of applications that the user has in a world that is new, so
	// that there is something to link.
	Applications []string
	// Consumers are further consumer keys, with their secrets, that Strict accepts.
	Consumers map[string]string
	// MigrationTime is how long a migration takes, step by step; the add-on is what it
	// was until the end. With 0 it is over when it is answered.
	MigrationTime time.Duration
	// Latency is waited before each answer, unless the request's context ends.
	Latency time.Duration
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Faults go wrong from the start; Fail adds to them.
	Faults []Fault
	// Behind returns what stands behind the add-ons of providers, by the providers'
	// ids; what the variables of all others name leads nowhere. It is called once,
	// when no other process has the state file any more. It may be nil.
	Behind func() (map[string]Backing, error)
	// Services is the host and port at which Services is reached: what is announced of
	// buckets and of databases that are only pretended. "": as the platform names them,
	// which leads nowhere.
	Services string
	// Vendors offer add-ons of their own beside the platform's. Those of an earlier
	// start are in the state file, and are offered without being named again.
	Vendors []market.Vendor
	// VendorsOnly offers nothing of the platform's own; its zones stay.
	VendorsOnly bool
	// URL is where vendors reach this emulator; "": where the one reached it who
	// ordered from them.
	URL string
	// Called is called with every call to a vendor's back-end, by many goroutines; it
	// may be nil.
	Called func(manifest.Attempt)
	// OnRequest is called with every request as it is answered, by many goroutines; it may
	// be nil.
	OnRequest func(Exchange)
	// Warn is called with what went wrong after the answer, behind an add-on or with the
	// state file, but not again with what Called had; it may be nil.
	Warn func(text string)
}

// An Emulator answers as the platform would. It may be used by many goroutines.
type Emulator struct {
	options   Options
	catalogue *catalogue.Catalogue
	listed    []byte // the catalogue as JSON: the same for everyone
	routes    rest.Routes
	store     *store.Store
	journal   journal
	faults    faults
	login     *login.Server
	backings  map[string]Backing // by provider
	market    *market.Market
	apps      *apps.Server
	network   *network.Server
	logs      *logs.Server
	fresh     bool // the world was made at this start
}

// New makes an Emulator, with the world of o.State if that file exists. A file
// that is damaged, of a newer version, or in use by another process is an error
// that names it; it is left as it is.
func New(o Options) (*Emulator, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LockWait == 0 {
		o.LockWait = 3 * time.Second
	}
	c, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	if o.VendorsOnly {
		c.Providers = nil
	}
	e := &Emulator{options: o, catalogue: c}
	for _, f := range o.Faults {
		if err := e.Fail(f); err != nil {
			return nil, err
		}
	}
	views := make([]clever.Provider, 0, len(c.Providers))
	for _, p := range c.Providers {
		views = append(views, p.View)
	}
	if e.listed, err = json.Marshal(views); err != nil {
		return nil, err
	}
	e.store, err = store.Open(o.State, o.LockWait, c, e.seed, e.warn)
	if err != nil {
		return nil, err
	}
	e.login = login.New(e.store, login.Options{Strict: o.Strict, StrictTime: o.StrictTime, Now: o.Now, Consumers: o.Consumers})
	e.market = market.New(e.store, market.Options{Owner: e.owner, Now: o.Now, URL: o.URL, Called: o.Called, Warn: e.warn})
	e.apps = apps.New(e.store, apps.Options{Owner: e.owner, Addon: e.addonOf, View: e.view, Variables: e.Variables, Now: o.Now})
	e.network = network.New(e.store, e.owner)
	e.logs = logs.New(e.store, e.owner, o.Now)
	e.routes = e.table()
	e.store.Follow = e.follow
	if err := e.market.Offer(o.Vendors); err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	if err := e.makeOwners(); err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	if err := e.makeApplications(); err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	if err := e.resume(); err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	e.market.Resume()
	return e, nil
}

// seed returns the world of a first start: a user, and an organisation of his.
func (e *Emulator) seed() *store.World {
	e.fresh = true
	now := e.options.Now().UnixMilli()
	return &store.World{
		User:          store.Account{ID: "user_" + catalogue.NewUUID(), Name: "Example Operator", Email: "ops@example.test", Created: now},
		Organisations: []store.Account{{ID: "orga_" + catalogue.NewUUID(), Name: "Example Organisation", Created: now}},
	}
}

// Credentials returns the pair that a strict Emulator accepts; the same for every
// Emulator.
func (e *Emulator) Credentials() (consumerKey, consumerSecret, token, secret string) {
	return login.Credentials()
}

// Journal returns what was asked since the start or the last ResetJournal, in the
// order of the answers; of very many, the last hundred thousand.
func (e *Emulator) Journal() []Exchange { return e.journal.all() }

// Peak returns the most requests that were being answered at once since ResetJournal.
func (e *Emulator) Peak() int { return e.journal.highest() }

// ResetJournal forgets what was asked.
func (e *Emulator) ResetJournal() { e.journal.reset() }

// Close lets another process have the state file, in which everything is saved
// by then. Requests that would change something are refused afterwards. Calls to
// vendors have a few seconds to end; what is not answered then is asked for again
// at the next start.
func (e *Emulator) Close() error {
	e.market.Close()
	return e.store.Close()
}

// User returns the id of the user, who is an owner too: of the personal space.
func (e *Emulator) User() string { return e.store.World().User.ID }

// Organisations returns the ids of the organisations, the seeded one first.
func (e *Emulator) Organisations() []string {
	var ids []string
	for _, o := range e.store.World().Organisations {
		ids = append(ids, o.ID)
	}
	return ids
}

// Addons returns an owner's add-ons, oldest first; none for an unknown owner.
func (e *Emulator) Addons(owner string) []clever.Addon {
	return e.views(e.store.World().AddonsOf(owner))
}

// ServeHTTP answers one request. Where a fault wants no answer, it panics with
// http.ErrAbortHandler, upon which a server closes the connection.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.serve(w, r) != nil {
		panic(http.ErrAbortHandler)
	}
}

// serve answers one request, or says how its connection ends.
func (e *Emulator) serve(w http.ResponseWriter, r *http.Request) error {
	return e.play(w, &rest.Call{Request: r})
}

// play answers a call. Whose it is may be known: then nobody asks for credentials.
func (e *Emulator) play(w http.ResponseWriter, c *rest.Call) error {
	r := c.Request
	e.journal.begin()
	fault := e.faults.next(r)
	c.Request = r.WithContext(context.WithValue(r.Context(), faultKey{}, fault))
	started := e.options.Now()
	a, err := e.withFault(w, c, fault)
	body, status := a.Result()
	if err != nil {
		status = 0
	}
	// Noted before it is sent: whoever has the answer finds it in the journal.
	x := Exchange{
		Time: started, Took: e.options.Now().Sub(started), Method: r.Method,
		Path: withoutToken(r.URL.EscapedPath()), Query: harmless(r.URL.RawQuery), Status: status, User: c.User,
	}
	e.journal.end(x)
	if e.options.OnRequest != nil {
		e.options.OnRequest(x)
	}
	if err != nil {
		return err
	}
	return a.Write(w, r, status, body)
}

func (e *Emulator) answer(w http.ResponseWriter, c *rest.Call) rest.Response {
	a, err := e.handle(w, c)
	if err == nil {
		return a
	}
	var f *rest.Refusal
	if !errors.As(err, &f) {
		f = rest.NotSaved(err)
	}
	a = f.Response(c.Request)
	a.Allow = c.Allow
	return a
}

// handle waits, reads, asks who it is, and lets the path's handler do the rest.
func (e *Emulator) handle(w http.ResponseWriter, c *rest.Call) (rest.Response, error) {
	if !rest.Wait(c.Request, e.options.Latency) {
		return rest.Response{}, rest.ClientGone()
	}
	rt, err := e.routes.Find(c)
	if err != nil {
		return rest.Response{}, err
	}
	if err := c.Read(w); err != nil {
		return rest.Response{}, err
	}
	if err := e.completeMigrations(); err != nil {
		return rest.Response{}, err
	}
	if !rt.Public && c.User == "" {
		if faultOf(c).Kind == Expired {
			return rest.Response{}, rest.Unauthorized("the token has expired")
		}
		if err := e.login.Authenticate(c); err != nil {
			return rest.Response{}, err
		}
		if err := login.Permit(c, rt.Right); err != nil {
			return rest.Response{}, err
		}
	}
	return rt.Serve(c)
}

// Providers returns what vendors offer on this emulator, with plans, in the order in
// which it was registered.
func (e *Emulator) Providers() []clever.Provider {
	var list []clever.Provider
	for _, p := range e.store.World().Registrations {
		list = append(list, p.Provider.View)
	}
	return list
}

// SignIn returns the signed form that opens the dashboard of a vendor's add-on for
// the user, once. The error says why there is none.
func (e *Emulator) SignIn(addonID string) (*manifest.SignIn, error) { return e.market.SignIn(addonID) }

// Reset removes all add-ons, ends all faults and forgets the requests. Owners and
// logins stay, so that programs go on as they are set up.
func (e *Emulator) Reset() error {
	err := e.store.Change(func(d *store.Draft) error {
		d.Clear()
		return nil
	})
	if err != nil {
		return err
	}
	e.Recover()
	e.ResetJournal()
	return nil
}

// World returns what the platform remembers now.
func (e *Emulator) World() *store.World { return e.store.World() }

// Catalogue returns what the platform itself offers.
func (e *Emulator) Catalogue() *catalogue.Catalogue { return e.catalogue }

// Faults returns all faults that are to happen, as ParseFault reads them.
func (e *Emulator) Faults() []string { return e.faults.texts() }

// Since returns the requests after a mark, of very many the last few, and the mark
// for next time. After a reset it returns all there are.
func (e *Emulator) Since(m Mark) ([]Exchange, Mark) { return e.journal.since(m) }

// Variables returns an add-on's variables.
func (e *Emulator) Variables(a *store.Addon) []clever.EnvVar {
	return environment(e.store.World().ProviderOf(a), a)
}

// VariableNames returns the names of an add-on's variables, also of those that its
// vendor has not made yet.
func (e *Emulator) VariableNames(a *store.Addon) []string {
	return variables(e.store.World().ProviderOf(a), a)
}

// ServeUser answers a request in the name of the user, whose token is not asked
// for. The error says that the connection ended without an answer.
func (e *Emulator) ServeUser(w http.ResponseWriter, r *http.Request) error {
	return e.play(w, &rest.Call{Request: r, User: e.User()})
}

// CompleteMigrations ends the migrations whose time has come.
func (e *Emulator) CompleteMigrations() error { return e.completeMigrations() }

// Options returns what the emulator was made with.
func (e *Emulator) Options() Options { return e.options }

// Services returns what answers at Options.Services, with a certificate for TLS.
func (e *Emulator) Services(certificate tls.Certificate) *services.Server {
	return services.New(e.store, certificate, e.options.Now)
}
