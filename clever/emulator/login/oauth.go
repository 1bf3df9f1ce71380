// Package login knows how people and programs come to be trusted by the emulated
// platform: OAuth 1.0a signatures, logins in a browser, tokens and their rights. It
// knows no add-on.
package login

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"maps"
	"net/url"
	"runner/clever"
	"runner/clever/emulator/rest"
	"runner/clever/emulator/store"
	"sync"
	"time"
)

const (
	loginLife  = 10 * time.Minute // how long a user has to answer
	loginLimit = 1000             // how many may be under way
)

// A login is one under way: by the three steps of OAuth 1.0a (RFC 5849 §2), or
// of a command line, which draws a word and asks for it until the user, on a page
// that has the word in its address, said yes or no.
type login struct {
	id       string // the request token, or the command line's word
	secret   string // of the request token
	consumer string // its key; "" for a command line
	callback string // where the browser goes afterwards; "" for a command line
	formKey  string // stands in the page's form, so that no other page can answer for the user
	verifier string // "" until the user said yes
	denied   bool
	rights   []string // what the user agreed to
	until    time.Time
}

// Why a login does not go on.
var (
	errNoLogin    = errors.New("the login is unknown, over, or was used before")
	errFullLogins = errors.New("too many logins are under way")
	errFormKey    = errors.New("the form is not the one of this page")
)

// logins are those under way. They end with the process: whoever was in the
// middle of one begins again.
type logins struct {
	mu  sync.Mutex
	all map[string]login
}

// begin notes a login, unless it is there already, and returns it.
func (ls *logins) begin(l login, now time.Time) (login, error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for id, old := range ls.all {
		if !now.Before(old.until) {
			delete(ls.all, id)
		}
	}
	if old, ok := ls.all[l.id]; ok {
		return old, nil
	}
	if len(ls.all) >= loginLimit {
		return login{}, errFullLogins
	}
	if ls.all == nil {
		ls.all = map[string]login{}
	}
	l.formKey, l.until = rand.Text(), now.Add(loginLife)
	ls.all[l.id] = l
	return l, nil
}

// find returns a login that is under way.
func (ls *logins) find(id string, now time.Time) (login, error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.look(id, now)
}

func (ls *logins) look(id string, now time.Time) (login, error) {
	l, ok := ls.all[id]
	if !ok || !now.Before(l.until) {
		return login{}, errNoLogin
	}
	return l, nil
}

// decide notes what the user said on the login's page, once.
func (ls *logins) decide(id, formKey string, allow bool, rights []string, now time.Time) (login, error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l, err := ls.look(id, now)
	switch {
	case err != nil:
		return login{}, err
	case subtle.ConstantTimeCompare([]byte(formKey), []byte(l.formKey)) != 1:
		return login{}, errFormKey
	case l.answered():
		return login{}, errNoLogin
	}
	if allow {
		l.verifier, l.rights = rand.Text(), rights
	} else {
		l.denied = true
	}
	ls.all[id] = l
	return l, nil
}

// end forgets a login; false if somebody else did so just before.
func (ls *logins) end(id string) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	_, ok := ls.all[id]
	delete(ls.all, id)
	return ok
}

// resume takes a login back that ended too early.
func (ls *logins) resume(l login) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all[l.id] = l
}

func (l login) answered() bool { return l.verifier != "" || l.denied }

// A Server is the part of the platform that lets people and programs in: it
// verifies signatures, plays the platform's half of logins, and knows the tokens
// that they ended with.
type Server struct {
	store     *store.Store
	consumers map[string]string // key → secret
	options   Options
	now       func() time.Time
	logins    logins
	nonces    nonces
}

// Options say what a Server lets pass.
type Options struct {
	Strict     bool              // signatures are verified, and unknown tokens refused
	StrictTime bool              // with Strict: timestamps must be now, and nonces new
	Consumers  map[string]string // further consumer keys, with their secrets
	Now        func() time.Time
}

// New returns a Server that knows, beside the consumers of the options and of the
// store, the emulator's own and that of the vendor's command line.
func New(s *store.Store, o Options) *Server {
	key, secret := clever.PublicConsumer()
	srv := &Server{store: s, options: o, now: o.Now, consumers: map[string]string{ownConsumer: ownConsumerSecret, key: secret}}
	maps.Copy(srv.consumers, o.Consumers)
	return srv
}

// Routes adds those of logins, which nobody needs credentials for.
func (srv *Server) Routes(open func(method, path string, serve func(*rest.Call) (rest.Response, error))) {
	open("POST", "/v2/oauth/request_token", srv.requestToken)
	open("POST", "/v2/oauth/request_token_query", srv.requestToken)
	open("GET", "/v2/oauth/authorize", srv.getAuthorize)
	open("POST", "/v2/oauth/authorize", srv.postAuthorize)
	open("POST", "/v2/oauth/access_token", srv.accessToken)
	open("POST", "/v2/oauth/access_token_query", srv.accessToken)
	open("GET", "/v2/oauth/rights", srv.listRights)
	open("GET", "/v2/oauth/login_data", srv.getLoginData)
	open("GET", "/cli-oauth", srv.getCLIPage)
	open("POST", "/cli-oauth", srv.postCLIPage)
	open("GET", "/v2/self/cli_tokens", srv.getCLIToken)
}

// requestToken is the first step: a consumer says where the user is to come back to.
func (srv *Server) requestToken(c *rest.Call) (rest.Response, error) {
	s, err := readSigned(c.Request, c.Body)
	if err != nil {
		return rest.Response{}, rest.Unauthorized(err.Error())
	}
	if err := srv.verifyConsumer(s, ""); err != nil {
		return rest.Response{}, rest.Unauthorized(err.Error())
	}
	callback, err := url.Parse(s.oauth["oauth_callback"])
	if err != nil || callback.Scheme != "http" && callback.Scheme != "https" || callback.Host == "" ||
		!srv.leadsBack(s.oauth["oauth_consumer_key"], callback) {
		return rest.Response{}, rest.BadCallback()
	}
	l, err := srv.logins.begin(login{
		id: rand.Text(), secret: rand.Text(), consumer: s.oauth["oauth_consumer_key"], callback: callback.String(),
	}, srv.now())
	if err != nil {
		return rest.Response{}, rest.TooManyRequests()
	}
	return formAnswer(url.Values{
		"oauth_token": {l.id}, "oauth_token_secret": {l.secret}, "oauth_callback_confirmed": {"true"},
	}), nil
}

// verifyConsumer checks a request that no user's token signs: by the consumer and,
// in the third step, the request token. A lax emulator wants a consumer's name only.
func (srv *Server) verifyConsumer(s *signed, tokenSecret string) error {
	key := s.oauth["oauth_consumer_key"]
	if key == "" {
		return errNoCredentials
	}
	if !srv.options.Strict {
		return nil
	}
	secret, known := srv.secretOf(key)
	if !known {
		return errUnknownConsumer
	}
	return srv.verifyOnce(s, secret, tokenSecret)
}

// accessToken is the third step: the consumer comes with what the browser brought
// it, and gets a token of the user's. That works once.
func (srv *Server) accessToken(c *rest.Call) (rest.Response, error) {
	s, err := readSigned(c.Request, c.Body)
	if err != nil {
		return rest.Response{}, rest.Unauthorized(err.Error())
	}
	l, err := srv.logins.find(s.oauth["oauth_token"], srv.now())
	if err == nil && l.callback == "" { // a command line's
		err = errNoLogin
	}
	if err == nil {
		err = srv.verifyConsumer(s, l.secret)
	}
	if err == nil && l.consumer != s.oauth["oauth_consumer_key"] {
		err = errors.New("the request token is another consumer's")
	}
	if err == nil {
		err = l.proven(s.oauth["oauth_verifier"])
	}
	if err != nil {
		return rest.Response{}, rest.Unauthorized(err.Error())
	}
	t, err := srv.issue(l)
	if err != nil {
		return rest.Response{}, err
	}
	return formAnswer(url.Values{
		"oauth_token": {t.Token}, "oauth_token_secret": {t.Secret}, "expiration_date": {t.Expiry()},
	}), nil
}

// proven returns why a verifier is not the one that the browser was given; nil if it is.
func (l login) proven(verifier string) error {
	if l.verifier == "" {
		return errors.New("the user has not allowed this login")
	}
	if subtle.ConstantTimeCompare([]byte(verifier), []byte(l.verifier)) != 1 {
		return errors.New("oauth_verifier is wrong")
	}
	return nil
}

// listRights names what a consumer can be allowed to do.
func (srv *Server) listRights(*rest.Call) (rest.Response, error) {
	return rest.Response{Body: rights()}, nil
}

// getLoginData tells a page about the consumer that wants to log in.
func (srv *Server) getLoginData(c *rest.Call) (rest.Response, error) {
	key := c.Request.URL.Query().Get("oauth_key")
	if registered := srv.store.World().Consumers.Find(key); registered != nil {
		return rest.Response{Body: consumerView(registered)}, nil
	}
	if _, known := srv.consumers[key]; !known {
		return rest.Response{}, rest.NotFound("consumer")
	}
	return rest.Response{Body: map[string]any{
		"key": key, "name": srv.consumerName(key), "description": "", "url": "", "picture": "", "baseUrl": "http://127.0.0.1",
		"rights": allowed(rights()),
	}}, nil
}

// consumerName returns a consumer's name as its owner would have written it.
func (srv *Server) consumerName(key string) string {
	if c := srv.store.World().Consumers.Find(key); c != nil {
		return c.Name
	}
	if key == ownConsumer {
		return "Emulator"
	}
	return key
}
