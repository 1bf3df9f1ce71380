package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"runner/marketplace/manifest"
)

// A session is one run of the tester against one back-end.
type session struct {
	ctx    context.Context
	o      Options
	m      *manifest.Manifest
	report *Report

	firstOrder    manifest.Order
	firstAnswer   *reply
	forged        manifest.Order            // was sent without credentials
	first         *resource                 // what most checks are about; nil: it could not be ordered
	config        map[string]any            // the first add-on's variables
	configOf      map[string]map[string]any // by id, what orders were answered with
	pending       bool                      // the order was answered with 202
	finished      bool                      // and finished by a callback
	changesPlans  bool
	lost          map[ground]string         // the check that found a ground missing
	openTo        map[string]string         // by method, the check that found it open to strangers
	removalOfNone *reply                    // answers a removal of an unknown id; nil: not yet
	victims       map[string]*resource      // by method, add-ons for calls that ought to be refused
	stamped       map[string]map[int64]bool // by add-on, the seconds of good forms that were made
	failing       func(key string) bool     // makes the marketplace answer 503; nil: it does not
	ownVisit      *visit                    // the first add-on's user signs in; nil: not yet
	putKnows      *bool                     // plan changes tell known add-ons from unknown ones; nil: not known
	stateless     *bool                     // users of add-ons that there never were get in, too; nil: not known

	mu      sync.Mutex
	made    []*resource
	orphans []manifest.Order // whose answers were lost: something may have been made
	slowest time.Duration
	slowOf  string
	leaks   map[bool][]string    // of secrets; true: in answers that refuse credentials
	traces  []string             // errors with more than a user should see
	given   map[string]*resource // secret values of customers' variables, and whose they are
	spilt   []string             // answers that hold such a value, and are not about that add-on
}

// A resource is an add-on that was made.
type resource struct {
	order   manifest.Order
	id      string
	removed bool
	odd     bool // it was ordered as no marketplace orders
	ending  bool // a removal was sent, whatever came of it
}

func newSession(ctx context.Context, o Options) *session {
	s := &session{
		ctx: ctx, o: o, m: o.Backend.Manifest, leaks: map[bool][]string{}, stamped: map[string]map[int64]bool{},
		lost: map[ground]string{}, openTo: map[string]string{}, given: map[string]*resource{}, configOf: map[string]map[string]any{}, victims: map[string]*resource{},
		report: &Report{Addon: o.Backend.Manifest.ID, Dialect: o.Backend.Manifest.Dialect, URL: o.Backend.Site.BaseURL, Results: []Result{}},
	}
	for d, standard := range map[*time.Duration]time.Duration{&s.o.Wait: time.Minute, &s.o.Soft: 3 * time.Second, &s.o.Hard: 25 * time.Second} {
		if *d == 0 {
			*d = standard
		}
	}
	return s
}

// digits returns a number that an id has by chance almost never.
func digits(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(9*n))
	if err != nil {
		return n
	}
	return n + v.Int64()
}

// order returns an order of its own key, owner and application.
func (s *session) order() manifest.Order {
	o := manifest.Order{
		Key: manifest.NewKey(s.m.Dialect), App: fmt.Sprintf("app%d@heroku.com", digits(1e9)), OwnerName: "Conformance Test",
		OwnerID: "orga_" + manifest.NewKey(manifest.HerokuV1), UserID: "user_" + manifest.NewKey(manifest.HerokuV1), Account: "TEST", Name: "conformance-test",
		Plan: s.o.Plan, Region: s.m.Dialect.DefaultRegion(), Options: map[string]string{}, Grant: "none", GrantEnds: time.Now().Add(5 * time.Minute),
	}
	o.Callback = strings.TrimSuffix(s.o.Callback, "/") + "/" + o.Key
	if s.o.Callback == "" {
		o.Callback = "https://callback.invalid/vendor/apps/" + o.Key
	}
	return o
}

// A raw body is sent as it is, with its type.
type raw struct{ kind, text string }

// send sends a request with the credentials of the manifest, unless an edit
// changes them, and listens for what no answer may hold.
func (s *session) send(method, id string, body any, edits ...func(*http.Request)) *reply {
	return s.exchange(s.request(method, id, body, edits...))
}

func (s *session) request(method, id string, body any, edits ...func(*http.Request)) *http.Request {
	verbatim, isRaw := body.(raw)
	if isRaw {
		body = nil
	}
	r, err := s.o.Backend.Request(s.ctx, method, id, body)
	if err != nil { // the URL was read before, so this is no URL at all
		r, _ = http.NewRequestWithContext(s.ctx, method, "http://invalid.invalid/", nil)
	}
	if isRaw {
		setBody(r, verbatim.text)
		r.Header.Set("Content-Type", verbatim.kind)
	}
	for _, edit := range edits {
		edit(r)
	}
	return r
}

func setBody(r *http.Request, text string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

// exchange sends a request that is ready.
func (s *session) exchange(r *http.Request) *reply {
	what := s.describe(r)
	a, err := s.sendAgain(r)
	got := &reply{s: s, sent: what, a: a, err: err}
	s.mu.Lock()
	defer s.mu.Unlock()
	var took time.Duration
	if none, ok := errors.AsType[*manifest.NoResponse](err); ok && none.TimedOut {
		took = s.o.Hard
	}
	if a != nil {
		took = a.Took
		s.listen(what, a)
	}
	if took > s.slowest && s.ctx.Err() == nil {
		s.slowest, s.slowOf = took, what
	}
	return got
}

// sendAgain sends a request, and once more where the connection was lost before an
// answer, as marketplaces do: servers that answer before they have read a request, or
// close a connection that was kept, lose some.
//
// Each request has a connection of its own: a server of one thread that keeps
// connections lets all others wait as long as one is open.
func (s *session) sendAgain(r *http.Request) (*manifest.Response, error) {
	r.Close = true
	a, err := s.o.Backend.Transport.Send(r)
	none, ok := errors.AsType[*manifest.NoResponse](err)
	if !ok || none.TimedOut || none.TLS || !none.Sent || r.Context().Err() != nil {
		return a, err
	}
	if r.GetBody != nil {
		body, bodyErr := r.GetBody()
		if bodyErr != nil {
			return a, err
		}
		r.Body = body
	}
	return s.o.Backend.Transport.Send(r)
}

// traces find what an error should not show.
var traces = regexp.MustCompile(`(?i)(Traceback \(most recent|\bat [\w.$<>]+\([\w.]+:\d+\)|goroutine \d+ \[|\bSELECT .+ FROM |\bINSERT INTO |SQLSTATE|/(home|usr|var|srv|app)/[\w./-]+\.(rb|py|go|js|php|java))`)

// listen looks for secrets in an answer, and for what an error should not show.
func (s *session) listen(what string, a *manifest.Response) {
	var all bytes.Buffer
	_ = a.Header.Write(&all)
	all.Write(a.Body)
	secrets := append(s.m.Secrets(), base64.StdEncoding.EncodeToString([]byte(s.m.ID+":"+s.m.Password)))
	for _, secret := range s.m.Secrets() {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)), url.QueryEscape(secret))
	}
	if slices.ContainsFunc(secrets, func(secret string) bool { return bytes.Contains(all.Bytes(), []byte(secret)) }) {
		s.leaks[a.Status == http.StatusUnauthorized] = append(s.leaks[a.Status == http.StatusUnauthorized], what)
	}
	for value, owner := range s.given {
		about := strings.Contains(what, owner.id) || strings.Contains(what, owner.order.Key)
		if !about && a.Status >= 400 && bytes.Contains(all.Bytes(), []byte(value)) {
			s.spilt = append(s.spilt, what)
		}
	}
	if a.Status >= 400 && traces.Match(a.Body) {
		s.traces = append(s.traces, what)
	}
}

// describe says what is sent, without anything secret.
func (s *session) describe(r *http.Request) string {
	text := r.Method + " " + r.URL.Scheme + "://" + r.URL.Host + clip(r.URL.EscapedPath(), 200)
	if r.GetBody == nil || r.ContentLength == 0 {
		return s.o.Backend.Mask(text)
	}
	body, err := r.GetBody()
	if err != nil {
		return text
	}
	content, _ := io.ReadAll(io.LimitReader(body, 600))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form") {
		content = proofs.ReplaceAll(content, []byte("${1}=********"))
	}
	return s.o.Backend.Mask(text + " " + clip(string(content), 500))
}

var proofs = regexp.MustCompile(`(token|signature|resource_token|user_scoped_resource_token)=[^&]*`)

func clip(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// post orders an add-on. What comes of it is not tracked yet.
func (s *session) post(o manifest.Order, edits ...func(*http.Request)) *reply {
	s.expect(o)
	a := s.send(http.MethodPost, "", o.Body(s.m), edits...)
	a.key = o.Key
	s.keep(o, a)
	return a
}

// expect tells the marketplace of an order that is about to be sent. What it
// knows of one that was sent before stays.
func (s *session) expect(o manifest.Order) {
	if s.o.Market == nil {
		return
	}
	if _, known := s.o.Market.Get(o.Key); !known {
		s.o.Market.Put(manifest.App{Order: o, State: "provisioning"})
	}
}

// postMap orders with a body that is no order as it should be.
func (s *session) postMap(o manifest.Order, change func(map[string]any)) *reply {
	body := o.Body(s.m)
	change(body)
	return s.postBody(o, body)
}

// postBody orders with any body.
func (s *session) postBody(o manifest.Order, body any) *reply {
	a := s.send(http.MethodPost, "", body)
	a.key = o.Key
	s.keep(o, a)
	if r := s.track(o, a); r != nil {
		r.odd = true
	}
	return a
}

// keep notes what came of an order, so that nothing stays that it made.
func (s *session) keep(o manifest.Order, a *reply) {
	none, unanswered := errors.AsType[*manifest.NoResponse](a.err)
	switch {
	case a.good():
		s.track(o, a)
	case a.a == nil && (!unanswered || none.Sent):
		s.mu.Lock()
		defer s.mu.Unlock()
		s.orphans = append(s.orphans, o)
	}
}

// put changes a plan.
func (s *session) put(r *resource, plan string, edits ...func(*http.Request)) *reply {
	return s.send(http.MethodPut, s.path(r), r.order.PlanBody(s.m.Dialect, plan), edits...)
}

// remove removes an add-on; it is tracked until that went well.
func (s *session) remove(r *resource, edits ...func(*http.Request)) *reply {
	r.ending = true
	a := s.send(http.MethodDelete, s.path(r), nil, edits...)
	if a.good() {
		r.removed = true
	}
	return a
}

// path returns what names an add-on in URLs.
func (s *session) path(r *resource) string {
	if s.m.Dialect == manifest.HerokuV3 {
		return r.order.Key
	}
	return r.id
}

// track notes an add-on that was made, so that it will be removed. nil: the
// answer does not say which.
func (s *session) track(o manifest.Order, a *reply) *resource {
	id := a.id()
	if id == "" || !a.good() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.made {
		if r.id == id && r.order.Key == o.Key {
			r.removed = false // or it came back
			return r
		}
	}
	r := &resource{order: o, id: id}
	s.configOf[id] = a.config()
	for _, value := range a.config() {
		if text, isText := value.(string); isText && len(text) >= 12 {
			s.given[text] = r
		}
	}
	s.made = append(s.made, r)
	if s.o.Market != nil {
		if app, known := s.o.Market.Get(o.Key); !known || app.ID == "" {
			s.o.Market.Put(manifest.App{Order: o, ID: id, State: "provisioning"})
		}
	}
	return r
}
