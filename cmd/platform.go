package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/joho/godotenv"
	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/clever/emulator"
)

// A platform is what a command speaks to.
type platform struct {
	endpoint  string            // "": the credentials' own, or the real platform
	transport http.RoundTripper // nil: the network
	method    clever.Method
	getenv    func(string) string
	dir       string // where a .env file may lie
	state     string // the emulator's file, "" where there is none
	genuine   bool   // the emulator's databases work
	postgres  string // an existing server for them
	emulator  *emulation
	warn      func(string)
}

const (
	endpointFlag  = "endpoint"
	emulatorFlag  = "emulator"
	stateFlag     = "emulator-state"
	signatureFlag = "signature"
)

// platformFlags are those of every command that speaks to the platform.
func platformFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: endpointFlag, Usage: "the platform's `URL` (else $RUNNER_ENDPOINT, $API_HOST, the profile's own, the real one)"},
		&cli.BoolFlag{Name: emulatorFlag, Usage: "use an emulator inside runner, whose state is kept between runs"},
		&cli.StringFlag{Name: stateFlag, Usage: "keep the emulator's state in `FILE`"},
		&cli.StringFlag{Name: signatureFlag, Usage: "sign requests by `METHOD`: HMAC-SHA512, HMAC-SHA1 or PLAINTEXT", Value: string(clever.HMACSHA512)},
	}
}

// platform makes the platform that the flags name. A .env file is looked for in dir.
func (p *Program) platform(c *cli.Context, dir string) (*platform, error) {
	pl, err := p.address(c, dir)
	if err != nil {
		return nil, err
	}
	return pl, p.emulate(c.Context, pl)
}

// address makes the platform that the flags name, without an emulator started yet.
func (p *Program) address(c *cli.Context, dir string) (*platform, error) {
	pl := &platform{
		endpoint: c.String(endpointFlag), method: clever.Method(c.String(signatureFlag)), getenv: p.Getenv, dir: dir,
		transport: p.transport,
		warn:      func(text string) { p.Warn(text) },
	}
	for _, name := range []string{"RUNNER_ENDPOINT", "API_HOST"} {
		if pl.endpoint == "" {
			pl.endpoint = p.Getenv(name)
		}
	}
	if err := checkDatabases(c); err != nil {
		return nil, err
	}
	pl.genuine, pl.postgres = c.Bool(realFlag), c.String(postgresFlag)
	if !c.Bool(emulatorFlag) {
		if pl.genuine {
			return nil, errors.New("--real goes with --emulator")
		}
		if c.String(stateFlag) != "" {
			return nil, errors.New("--emulator-state goes with --emulator")
		}
		return pl, nil
	}
	if c.String(endpointFlag) != "" {
		return nil, errors.New("--endpoint and --emulator exclude each other: keep one of them")
	}
	var err error
	pl.state, err = p.stateFile(c.String(stateFlag))
	return pl, err
}

// emulate starts the emulator in this process, if one is meant, and says so.
func (p *Program) emulate(ctx context.Context, pl *platform) error {
	if pl.state == "" {
		return nil
	}
	e, err := p.newEmulation(ctx, emulator.Options{State: pl.state}, pl.genuine, pl.postgres)
	if err != nil {
		return err
	}
	pl.emulator, pl.transport, pl.endpoint = e, e.Transport(), "http://emulator.invalid"
	fmt.Fprintf(p.Err, "playing against the emulator; its state is in %s\n", pl.state)
	return nil
}

// stateFile gives the emulator's file: in the user's state folder unless told.
func (p *Program) stateFile(state string) (string, error) {
	if state != "" {
		return state, nil
	}
	dir, err := p.stateDir()
	if err != nil {
		return "", fmt.Errorf("%w, or give --emulator-state FILE", err)
	}
	return filepath.Join(dir, "emulator.json"), nil
}

func (pl *platform) close() error {
	if pl.emulator == nil {
		return nil
	}
	return pl.emulator.Close()
}

// credentials gives those that are in force: of the environment, of a .env file
// beside the playbook, of the profile that clever-tools keeps.
func (pl *platform) credentials() (clever.Credentials, error) {
	if pl.emulator != nil {
		ck, cs, t, s := pl.emulator.Credentials()
		return clever.Credentials{ConsumerKey: ck, ConsumerSecret: cs, Token: t, Secret: s, Source: "the emulator"}, nil
	}
	c, err := clever.First(
		func() (clever.Credentials, error) { return clever.FromEnv(pl.getenv) },
		pl.dotenv,
		func() (clever.Credentials, error) { return clever.FromProfile(clever.ProfilePath(pl.getenv)) },
	)
	if err == nil && c.Warning != "" {
		pl.warn(c.Warning)
	}
	if err == nil {
		pl.warnOfExpiry(c)
	}
	return c, err
}

// warnOfExpiry warns of credentials that end soon.
func (pl *platform) warnOfExpiry(c clever.Credentials) {
	if text := c.ExpiryWarning(time.Now()); text != "" {
		pl.warn(text)
	}
}

func (pl *platform) dotenv() (clever.Credentials, error) {
	path := filepath.Join(pl.dir, ".env")
	values, err := godotenv.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return clever.Credentials{}, &clever.Missing{Looked: []string{path}}
	}
	if err != nil {
		// The parser's message quotes the line that it does not like.
		return clever.Credentials{}, &clever.BadCredentials{Source: path, Reason: "it is not a list of NAME=value lines"}
	}
	c, err := clever.FromEnv(func(name string) string { return values[name] })
	if _, missing := errors.AsType[*clever.Missing](err); missing {
		return c, &clever.Missing{Looked: []string{path}}
	}
	c.Source, c.Endpoint = path, values["API_HOST"]
	return c, err
}

// client gives a client with the credentials in force. Where anonymous, missing
// credentials are no error: the catalogue is public.
func (pl *platform) client(anonymous bool) (*clever.Client, error) {
	creds, err := pl.credentials()
	if _, missing := errors.AsType[*clever.Missing](err); missing && anonymous {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return pl.clientOf(creds)
}

// clientOf gives a client with credentials.
func (pl *platform) clientOf(creds clever.Credentials) (*clever.Client, error) {
	return clever.New(clever.Config{Endpoint: pl.endpointFor(creds), Credentials: creds, Method: pl.method, Transport: pl.transport})
}

func (pl *platform) endpointFor(creds clever.Credentials) string {
	if pl.endpoint != "" {
		return pl.endpoint
	}
	return creds.Endpoint
}

// host tells where the platform is, in a person's words.
func (pl *platform) host(creds clever.Credentials) string {
	if pl.state != "" {
		return "the emulator"
	}
	u, err := url.Parse(cmp.Or(pl.endpointFor(creds), clever.DefaultEndpoint))
	if err != nil {
		return ""
	}
	return u.Host
}

// refused reports whether an error is about credentials.
func refused(err error) bool {
	if _, ok := errors.AsType[*clever.Missing](err); ok {
		return true
	}
	if _, ok := errors.AsType[*clever.BadCredentials](err); ok {
		return true
	}
	return clever.IsAuth(err)
}

// traced makes a line of a request.
func traced(t clever.Trace) string {
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
