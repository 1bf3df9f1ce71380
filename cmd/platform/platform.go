// Package platform connects a command to the platform that its options name: the
// real one, another endpoint, or an emulator in this process; with the credentials
// that are in force. It knows no playbook and no run.
package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"runner/clever"
	"runner/clever/emulator"
	"runner/cmd/history"
	"runner/cmd/ui"
)

// A Spec says which platform is meant.
type Spec struct {
	Profile      string   // whose credentials they are, for people to read
	Credentials  string   // where they are from: see [Platform.Credentials]; "": looked for
	Organisation string   // who owns what names no owner; "": the personal space
	Endpoint     string   // its URL; "": as the environment, the credentials or the default say
	Signature    string   // the method by which requests are signed
	Emulator     bool     // an emulator in this process
	State        string   // the emulator's file; "": in the user's state folder
	Owners       []string // organisations that the emulator is to have
	Databases
}

// Signatures lists the methods by which requests can be signed.
func Signatures() []string {
	return []string{string(clever.HMACSHA512), string(clever.HMACSHA1), string(clever.Plaintext)}
}

// Default returns the platform that is meant where nothing is said.
func Default() Spec { return Spec{Signature: string(clever.HMACSHA512)} }

// check refuses options that do not go together.
func (s Spec) check() error {
	if err := s.Check(); err != nil {
		return err
	}
	switch {
	case !s.Emulator && s.Real:
		return errors.New("--real goes with --emulator")
	case !s.Emulator && len(s.Owners) > 0:
		return errors.New("--emulator-owner goes with --emulator")
	case !s.Emulator && s.State != "":
		return errors.New("--emulator-state goes with --emulator")
	case s.Emulator && s.Endpoint != "":
		return errors.New("--endpoint and --emulator exclude each other: keep one of them")
	}
	return nil
}

// A Platform is what a command speaks to.
type Platform struct {
	spec      Spec
	streams   *ui.Streams
	dir       string            // where a .env file may lie
	endpoint  string            // "": the credentials' own, or the real platform
	transport http.RoundTripper // nil: the network
	state     string            // the emulator's file, "" where there is none
	emulation *Emulation
}

// New returns the platform that a spec names, with no emulator started yet. A .env
// file is looked for in dir; transport, if not nil, takes the network's place.
func New(streams *ui.Streams, spec Spec, dir string, transport http.RoundTripper) (*Platform, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	p := &Platform{spec: spec, streams: streams, dir: dir, transport: transport,
		endpoint: cmp.Or(spec.Endpoint, streams.Getenv("RUNNER_ENDPOINT"), streams.Getenv("API_HOST"))}
	if !spec.Emulator {
		return p, nil
	}
	var err error
	p.state, err = stateFile(spec.State, streams.Getenv)
	return p, err
}

// Start starts the emulator in this process, if one is meant, and says so.
func (p *Platform) Start(ctx context.Context) error {
	if p.state == "" {
		return nil
	}
	e, err := NewEmulation(ctx, p.streams, emulator.Options{State: p.state, KnownOwners: true, Owners: p.spec.Owners}, p.spec.Databases)
	if err != nil {
		return err
	}
	p.emulation, p.transport, p.endpoint = e, e.Transport(), "http://emulator.invalid"
	fmt.Fprintf(p.streams.Err, "playing against the emulator; its state is in %s\n", p.state)
	return nil
}

// stateFile returns the emulator's file: in the user's state folder where none is
// named.
func stateFile(state string, getenv func(string) string) (string, error) {
	if state != "" {
		return state, nil
	}
	dir, err := history.Dir(getenv)
	if err != nil {
		return "", fmt.Errorf("%w, or give --emulator-state FILE", err)
	}
	return filepath.Join(dir, "emulator.json"), nil
}

// State returns the emulator's file; "" where the platform is no emulator in this
// process.
func (p *Platform) State() string { return p.state }

// Endpoint returns the URL that options and environment name; "" where they leave
// it to the credentials.
func (p *Platform) Endpoint() string { return p.endpoint }

// Method returns how requests are signed.
func (p *Platform) Method() clever.Method { return clever.Method(p.spec.Signature) }

// Transport returns what takes the network's place; nil: nothing does.
func (p *Platform) Transport() http.RoundTripper { return p.transport }

// Close ends the emulator, if one was started.
func (p *Platform) Close() error {
	if p.emulation == nil {
		return nil
	}
	return p.emulation.Close()
}

// Credentials returns those that are in force: of the source that the spec names,
// else of the environment, of a .env file beside the playbook, of the profile that
// clever-tools keeps. They are masked from then on.
func (p *Platform) Credentials(ctx context.Context) (clever.Credentials, error) {
	if p.emulation != nil {
		ck, cs, t, s := p.emulation.Credentials()
		return clever.Credentials{ConsumerKey: ck, ConsumerSecret: cs, Token: t, Secret: s, Source: "the emulator"}, nil
	}
	c, err := p.find(ctx)
	p.streams.Secrets.Add(c.ConsumerSecret, c.Token, c.Secret)
	if err == nil && c.Warning != "" {
		p.streams.Warn(c.Warning)
	}
	if err == nil {
		p.WarnOfExpiry(c)
	}
	return c, err
}

// WarnOfExpiry warns of credentials that end soon.
func (p *Platform) WarnOfExpiry(c clever.Credentials) {
	if text := c.ExpiryWarning(time.Now()); text != "" {
		p.streams.Warn(text)
	}
}

// Client returns a client with the credentials in force. Where anonymous, missing
// credentials are no error: the catalogue is public.
func (p *Platform) Client(ctx context.Context, anonymous bool) (*clever.Client, error) {
	creds, err := p.Credentials(ctx)
	if _, missing := errors.AsType[*clever.Missing](err); missing && anonymous {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return p.ClientOf(creds)
}

// ClientOf returns a client with credentials.
func (p *Platform) ClientOf(creds clever.Credentials) (*clever.Client, error) {
	return clever.New(clever.Config{Endpoint: p.EndpointFor(creds), Credentials: creds, Method: p.Method(), Transport: p.transport, Owner: p.spec.Organisation})
}

// EndpointFor returns the URL that is spoken to with credentials; "" is the real
// platform's.
func (p *Platform) EndpointFor(creds clever.Credentials) string {
	if p.endpoint != "" {
		return p.endpoint
	}
	return creds.Endpoint
}

// Host names the platform as people do.
func (p *Platform) Host(creds clever.Credentials) string {
	if p.state != "" {
		return "the emulator"
	}
	u, err := url.Parse(cmp.Or(p.EndpointFor(creds), clever.DefaultEndpoint))
	if err != nil {
		return ""
	}
	return u.Host
}

// Refused reports whether an error is about credentials.
func Refused(err error) bool {
	if _, ok := errors.AsType[*clever.Missing](err); ok {
		return true
	}
	if _, ok := errors.AsType[*clever.BadCredentials](err); ok {
		return true
	}
	return clever.IsAuth(err)
}

// TraceLine returns one request as a line of text.
func TraceLine(t clever.Trace) string {
	s := fmt.Sprintf("%s %s", t.Method, t.Path)
	switch {
	case t.Err != nil:
		s += fmt.Sprintf(": %v", t.Err)
	default:
		s += fmt.Sprintf(": %d", t.Status)
	}
	s += fmt.Sprintf(" (%s", t.Took.Round(time.Millisecond))
	if t.Attempt > 1 {
		s += fmt.Sprintf(", attempt %d", t.Attempt)
	}
	return s + ")"
}
