// Package backend is what every provider of add-ons needs beside the add-on itself:
// the calls of a marketplace, of which there are four dialects, as an
// http.Handler. A vendor writes a Service; credentials, plans, repeated and
// concurrent orders, crashes, removed add-ons, slow orders, sign-ins and sessions
// are taken care of.
//
// One add-on comes of one key of the marketplace, however often and however much
// at once it is ordered, and whenever the process is killed: an order is kept
// before the vendor's work begins, its answer before the marketplace gets it.
//
// Sessions, and which sign-ins were used already, are in memory: users sign in
// again after a restart, and within five minutes of it a sign-in that somebody
// recorded could be used once more. One process serves a Store.
//
// It knows no Service of its own, and no marketplace but by its calls.
package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"runner/marketplace/manifest"
)

const (
	// workTime is what a Service has for a call: less than the 25 seconds after
	// which Heroku stops waiting.
	workTime = 20 * time.Second
	// keptAfterRemoval is how long the key of a removed add-on is not taken again. Repeated
	// orders come for a day at most.
	keptAfterRemoval = 60 * 24 * time.Hour
	// sweepEvery is how often such keys are looked for.
	sweepEvery = 24 * time.Hour
	// cleverConsole shows dashboards in a frame, unless their provider has it open
	// a tab.
	cleverConsole = "https://console.clever-cloud.com"
)

// Config says what a back-end is.
type Config struct {
	Manifest *manifest.Manifest // its dialect decides how the back-end speaks
	// Site is the one of the manifest's under which requests come here. Its paths
	// are answered, and below SSOURL's those of dashboards.
	Site manifest.Site
	// OldPassword is taken beside the manifest's, while the marketplace gets
	// a new one. Whoever knows it can still order, and a Slow back-end calls
	// the order's callback_url with the new one: do not keep one that leaked.
	OldPassword string
	Plans       []string // which can be ordered, by the names that the marketplace sends
	Regions     []string // which are served; empty: all
	Service     Service
	Store       Store
	// Slow answers orders with 202 and calls the marketplace when they are ready,
	// for Services that take longer than a marketplace waits.
	Slow   bool
	Client *Client // calls the marketplace; nil: as its manifest says
	// Consoles are the pages that may show a dashboard in a frame, as origins; nobody
	// else may. nil: the marketplace's own, where it does that, which is
	// https://console.clever-cloud.com.
	Consoles []string
	Log      *slog.Logger // gets every call, without secrets; nil: no log
}

// A Backend answers a marketplace. Give it requests as they come: a mux in front
// of it would clean paths that it has to refuse. It may be used by many
// goroutines.
type Backend struct {
	c        Config
	paths    paths
	verifier *manifest.Verifier // nil: users cannot sign in
	secure   bool               // browsers reach it by https
	log      *slog.Logger
	locks    locks
	sessions sessions
	work     sync.WaitGroup // what goes on without a request
	ctx      context.Context
	stop     context.CancelFunc
	underway sync.Map // key → context.CancelFunc of such work
	sweepMu  sync.Mutex
	swept    time.Time
}

// New returns a Backend. What an earlier process promised goes on at once: slow
// orders and removals.
func New(c Config) (*Backend, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	b := &Backend{c: c}
	var err error
	if b.paths, err = pathsOf(c.Site); err != nil {
		return nil, err
	}
	b.secure = strings.HasPrefix(cmp.Or(c.Site.SSOURL, c.Site.BaseURL), "https:")
	if c.Site.SSOURL != "" && c.Manifest.SSOSalt != "" {
		b.verifier = manifest.NewVerifier(c.Manifest.Dialect, c.Manifest.SSOSalt)
	}
	if b.c.Client == nil {
		b.c.Client = NewClient(c.Manifest, !b.secure)
	}
	if b.c.Consoles == nil && c.Manifest.Dialect == manifest.Clever {
		b.c.Consoles = []string{cleverConsole}
	}
	b.log = masking(c.Log, append(c.Manifest.Secrets(), c.OldPassword))
	b.ctx, b.stop = context.WithCancel(context.Background())
	if err := errors.Join(b.sweep(b.ctx), b.resume()); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// check reports what a back-end cannot do without.
func (c *Config) check() error {
	switch {
	case c.Manifest == nil || c.Manifest.ID == "":
		return errors.New("a back-end needs a manifest with an id")
	case c.Manifest.Password == "":
		return errors.New("the manifest has no api.password: everybody could order")
	case c.Service == nil || c.Store == nil:
		return errors.New("a back-end needs a service and a store")
	case len(c.Plans) == 0:
		return errors.New("a back-end needs plans: without them nothing can be ordered")
	}
	return nil
}

// Close ends what goes on without a request, and waits for it. It goes on when a
// Backend is made of the same store again.
func (b *Backend) Close() {
	b.stop()
	b.work.Wait()
}

// paths are where the back-end is reached, without a slash at their ends.
type paths struct {
	base      string // orders; add-ons are one segment below
	sso       string // "" where users do not sign in by POST
	dashboard string // pages of add-ons are below
	old       bool   // users sign in by GET below base
}

func pathsOf(s manifest.Site) (paths, error) {
	base, err := url.Parse(s.BaseURL)
	if err != nil || base.Host == "" {
		return paths{}, errors.New("the manifest's base_url is no URL")
	}
	p := paths{base: strings.TrimRight(base.EscapedPath(), "/"), old: s.Old}
	p.dashboard = p.base + "/dashboard"
	if s.Old || s.SSOURL == "" {
		return p, nil
	}
	sso, err := url.Parse(s.SSOURL)
	if err != nil || sso.Host == "" {
		return paths{}, errors.New("the manifest's sso_url is no URL")
	}
	p.sso = strings.TrimRight(sso.EscapedPath(), "/")
	p.dashboard = p.sso + "/dashboard"
	if p.sso == p.base {
		return paths{}, errors.New("the manifest's base_url and sso_url are the same: they need different paths")
	}
	return p, nil
}

// below returns the one segment that follows a folder, unescaped. Without one it is
// "", and false stands for a path that is not there.
func below(path, folder string) (segment string, ok bool) {
	rest, ok := strings.CutPrefix(path, folder)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	rest = strings.TrimPrefix(rest, "/")
	segment, err := url.PathUnescape(rest)
	return segment, err == nil && !strings.Contains(rest, "/")
}

// ServeHTTP answers the marketplace's calls, and users.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer b.survive(w, r)
	path := r.URL.EscapedPath()
	switch {
	case b.verifier != nil && !b.paths.old && strings.TrimSuffix(path, "/") == b.paths.sso:
		b.signIn(w, r, "")
	case b.verifier != nil && strings.HasPrefix(path, b.paths.dashboard+"/"):
		b.dashboard(w, r, strings.TrimPrefix(path, b.paths.dashboard+"/"))
	default:
		id, ok := below(path, b.paths.base)
		if b.verifier != nil && b.paths.old && ok && id != "" && r.Method == http.MethodGet {
			b.signIn(w, r, id)
			return
		}
		b.call(w, r, id, ok)
	}
}

// call answers a call of the marketplace. Credentials come before everything.
func (b *Backend) call(w http.ResponseWriter, r *http.Request, id string, there bool) {
	began := time.Now()
	a := refuse(http.StatusUnauthorized, "the id and the password of the manifest are needed")
	if b.authorized(r) {
		a = b.dispatch(w, r, id, there)
	}
	a.write(w)
	level := slog.LevelInfo
	switch {
	case a.status >= 500:
		level = slog.LevelError
	case a.status >= 400:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("method", r.Method), slog.Int("status", a.status), slog.Duration("took", time.Since(began))}
	for name, value := range map[string]string{"addon": a.addon.ID, "key": a.addon.Order.Key, "says": a.message()} {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	if a.err != nil {
		attrs = append(attrs, slog.String("error", manifest.Mask(a.err.Error(), secretsOf(a.addon)...)))
	}
	b.log.LogAttrs(r.Context(), level, "call", attrs...)
}

// answer does what an authorized call asks for.
func (b *Backend) dispatch(w http.ResponseWriter, r *http.Request, id string, there bool) response {
	switch {
	case !there:
		return refuse(http.StatusNotFound, "there is nothing here")
	case id == "" && r.Method == http.MethodPost:
		return b.provision(w, r)
	case id == "":
		return methodNotAllowed("POST")
	case r.Method == http.MethodPut && b.changesPlans():
		return b.changePlan(w, r, id)
	case r.Method == http.MethodDelete:
		return b.deprovision(r, id)
	case b.changesPlans():
		return methodNotAllowed("PUT, DELETE")
	}
	return methodNotAllowed("DELETE")
}

// changesPlans reports whether the marketplace may ask for another plan: AppFog
// only where the manifest says so.
func (b *Backend) changesPlans() bool {
	return b.c.Manifest.Dialect != manifest.AppFog || b.c.Manifest.PlanUpdateable
}

// survive keeps a fault of the Service's from ending more than one request. What
// it was stays in the log.
func (b *Backend) survive(w http.ResponseWriter, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}
	if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(fault)
	}
	b.log.ErrorContext(r.Context(), "fault", "method", r.Method, "fault", fmt.Sprint(fault))
	refuse(http.StatusInternalServerError, "a fault of the vendor's").write(w)
}

// resume goes on with what was promised.
func (b *Backend) resume() error {
	all, err := b.c.Store.All(b.ctx)
	for _, a := range all {
		switch {
		case a.State == Removing:
			b.goOn(a.Order.Key, b.removeAgain)
		case a.Slow:
			b.goOn(a.Order.Key, b.deliver)
		case a.State == Making:
			b.log.Warn("an order was begun and not ended: it goes on when the marketplace repeats it", "addon", a.ID, "key", a.Order.Key)
		}
	}
	return err
}

// sweep forgets keys that nobody will repeat any more.
func (b *Backend) sweep(ctx context.Context) error {
	b.sweepMu.Lock()
	defer b.sweepMu.Unlock()
	now := time.Now()
	if now.Sub(b.swept) < sweepEvery {
		return nil
	}
	b.swept = now
	all, err := b.c.Store.All(ctx)
	for _, a := range all {
		if a.State == Removed && now.Sub(a.Ended) > keptAfterRemoval {
			err = errors.Join(err, b.c.Store.Delete(ctx, a.Order.Key))
		}
	}
	return err
}
