// Package login logs in: with a browser, or with a token that the user has. The
// token is kept in the profile that clever-tools shares. It knows no command and no
// playbook.
package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/platform"
	"runner/cmd/ui"
	"runner/diagnostic"
)

// cliPause is how long a login by the console's page waits between two looks.
const cliPause = 2 * time.Second

// Options say how one logs in.
type Options struct {
	Alias       string // the name of the profile
	CLI         bool   // by the console's page, even with a consumer of one's own
	ConsumerKey string // "": the environment's, or the public one
	Token       string // keep this one; "": ask for one
	Secret      string // of Token
	TokenStdin  bool   // read both from standard input
	NoBrowser   bool
	ConsoleURL  string // "": the environment's, or the endpoint's own
	Timeout     time.Duration
	Platform    platform.Spec
}

// check refuses options that do not go together.
func (o Options) check() error {
	switch {
	case (o.Token == "") != (o.Secret == ""):
		return (&diagnostic.Problem{Msg: "--token and --secret go together"}).WithHint("better still, give both with --token-stdin, a line each")
	case o.Token != "" && o.TokenStdin:
		return errors.New("--token and --token-stdin exclude each other: keep one of them")
	case o.CLI && (o.Token != "" || o.TokenStdin):
		return errors.New("--cli asks for a token, and you give one: keep one of them")
	}
	return clever.CheckAlias(o.Alias)
}

// A World is what a login has around it.
type World struct {
	*ui.Streams
	Transport http.RoundTripper // instead of the network; nil: none
	// Browse opens a page, instead of the desktop; nil: the desktop does.
	Browse func(ctx context.Context, page string) error
}

// A login is one run of the login command.
type login struct {
	World
	Options
	platform *platform.Platform
	user     *ui.User
	path     string             // where profiles are kept
	consumer clever.Credentials // without a token: for whom one is asked
	own      bool               // the consumer is the user's own
}

// Run logs in: it gets a token and keeps it in the profile. Where anything fails
// before the end, nothing is kept.
func Run(ctx context.Context, world World, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	pl, err := platform.New(world.Streams, o.Platform, ".", world.Transport)
	if err != nil {
		return err
	}
	l := &login{World: world, Options: o, platform: pl, user: ui.NewUser(world.Streams), path: clever.ProfilePath(world.Getenv)}
	if l.path == "" {
		return errors.New("there is no home folder to keep the profile in: set HOME or CONFIGURATION_FILE")
	}
	return l.run(ctx)
}

// run gets a token, asks the platform whose it is, and keeps it.
func (l *login) run(ctx context.Context) error {
	aliases, err := clever.Aliases(l.path) // a damaged file is reported before anybody is asked for anything
	if err != nil {
		return err
	}
	if slices.Contains(aliases, l.Alias) {
		fmt.Fprintf(l.Err, "the profile %s is there already, and will be replaced: choose another name with --alias\n", l.Alias)
	}
	if err := l.findConsumer(ctx); err != nil {
		return l.failed(ctx, err)
	}
	within, done := context.WithTimeoutCause(ctx, l.Timeout, errTimeUp)
	defer done()
	switch {
	case l.Token != "", l.TokenStdin:
		err = l.withToken(ctx)
	case l.own && !l.CLI:
		err = l.withAuthorization(within)
	default:
		err = l.withConsole(within)
	}
	return l.failed(within, err)
}

var errTimeUp = errors.New("nobody logged in within")

// failed returns the error that the user sees, of an interrupt or a time-out too.
func (l *login) failed(ctx context.Context, err error) error {
	denied, isDenied := errors.AsType[*clever.LoginError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), errTimeUp):
		problem := &diagnostic.Problem{Msg: fmt.Sprintf("nobody answered within %s; nothing was stored", l.Timeout)}
		return &exit.Error{Code: exit.Credentials, Err: problem.WithHint("begin again with `runner login`; --timeout waits longer")}
	case ctx.Err() != nil:
		return &exit.Error{Code: exit.Interrupted}
	case isDenied:
		problem := &diagnostic.Problem{Msg: denied.Reason + "; nothing was stored"}
		return &exit.Error{Code: exit.Credentials, Err: problem.WithHint("%s", denied.Advice)}
	}
	return err
}

// findConsumer finds out for whom a token is asked. The secret comes from the
// environment or from standard input, never from an argument.
func (l *login) findConsumer(ctx context.Context) error {
	key := strings.TrimSpace(l.Getenv("OAUTH_CONSUMER_KEY"))
	secret := strings.TrimSpace(l.Getenv("OAUTH_CONSUMER_SECRET"))
	if given := l.ConsumerKey; given != "" && given != key {
		key, secret = given, ""
	}
	public, publicSecret := clever.PublicConsumer()
	switch {
	case key == "" && secret != "":
		return errors.New("OAUTH_CONSUMER_SECRET is there, but OAUTH_CONSUMER_KEY is not: set both or none")
	case key == "" || key == public:
		key, secret = public, publicSecret
	case secret == "":
		var err error
		if secret, err = l.ask(ctx, "Secret of the consumer"); err != nil {
			return err
		}
	}
	l.own = key != public
	l.consumer = clever.Credentials{ConsumerKey: key, ConsumerSecret: secret, Source: "the consumer key"}
	l.Secrets.Add(secret)
	return nil
}

// ask reads a line that is not to be seen: hidden from a terminal, else from
// standard input.
func (l *login) ask(ctx context.Context, what string) (string, error) {
	var text string
	if ui.IsTerminal(l.In) {
		tty, done, err := l.Terminal()
		if err != nil {
			return "", err
		}
		defer done()
		typed, err := l.Hidden(ctx, tty, what+": ")
		if interrupted, ok := errors.AsType[*exit.Error](err); ok {
			return "", interrupted
		}
		text = string(typed)
	} else {
		text, _ = l.user.Line(ctx, "")
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", &exit.Error{Code: exit.Credentials, Err: fmt.Errorf("%s is missing: give it as a line on standard input", lowerFirst(what))}
	}
	l.Secrets.Add(text)
	return text, nil
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

// withToken keeps a token that the user has.
func (l *login) withToken(ctx context.Context) error {
	creds := l.consumer
	creds.Source = "the login"
	if l.Token != "" {
		creds.Token, creds.Secret = l.Token, l.Secret
		l.Warn("other users of this machine can see --secret while runner works, and a shell may keep it: --token-stdin is better")
		return l.keep(ctx, creds)
	}
	var err error
	if creds.Token, err = l.ask(ctx, "Token"); err != nil {
		return err
	}
	if creds.Secret, err = l.ask(ctx, "Secret of the token"); err != nil {
		return err
	}
	return l.keep(ctx, creds)
}

// withConsole lets the console's page ask the user.
func (l *login) withConsole(ctx context.Context) error {
	client, err := l.client(l.consumer)
	if err != nil {
		return err
	}
	word := clever.NewCLIWord()
	page, err := clever.CLIPage(l.consolePage(), word)
	if err != nil {
		return err
	}
	l.show(ctx, page)
	creds, err := client.AwaitCLI(ctx, word, cliPause)
	if err != nil {
		return err
	}
	return l.keep(ctx, creds)
}

// consolePage returns the address of the page that logs command lines in. An
// endpoint that is not the real platform's is not served by the real console.
func (l *login) consolePage() string {
	const page = "/cli-oauth"
	if text := l.ConsoleURL; text != "" {
		return strings.TrimRight(text, "/") + page
	}
	if text := l.Getenv("CONSOLE_TOKEN_URL"); text != "" {
		return text
	}
	base := cmp.Or(l.console(), l.endpointOrDefault())
	if base == clever.DefaultEndpoint {
		base = clever.DefaultConsole
	}
	return base + page
}

// console returns the console's address, if the user gave one.
func (l *login) console() string {
	return strings.TrimRight(cmp.Or(l.ConsoleURL, l.Getenv("CONSOLE_URL")), "/")
}

func (l *login) endpointOrDefault() string {
	return strings.TrimRight(cmp.Or(l.platform.Endpoint(), clever.DefaultEndpoint), "/")
}

// client returns a client for a login, with what is known so far.
func (l *login) client(creds clever.Credentials) (*clever.Client, error) {
	return clever.New(clever.Config{
		Endpoint: l.platform.Endpoint(), Credentials: creds, Method: l.platform.Method(), Transport: l.platform.Transport(),
	})
}

// keep asks the platform whose token it is, and stores it as the active profile.
func (l *login) keep(ctx context.Context, creds clever.Credentials) error {
	l.Secrets.Add(creds.Token)
	l.Secrets.Add(creds.Secret)
	client, err := l.client(creds)
	if err != nil {
		return err
	}
	self, err := client.Self(ctx)
	if err != nil {
		return err
	}
	if creds.Expires.IsZero() {
		creds.Expires = Expiry(ctx, client)
	}
	creds.Endpoint = client.Endpoint()
	alias := l.Alias
	err = clever.SaveProfile(ctx, l.path, clever.Profile{
		Alias: alias, Credentials: creds, UserID: self.ID, Email: self.Email, Console: l.console(),
	})
	if err != nil {
		return err
	}
	l.overruled(ctx)
	until := ""
	if !creds.Expires.IsZero() {
		until = ", good until " + creds.Expires.UTC().Format(time.DateOnly)
	}
	_, err = fmt.Fprintf(l.Out, "logged in as %s <%s>%s\nprofile %s of %s\n", self.Name, self.Email, until, alias, l.path)
	return err
}

// Expiry returns when a token ends. It is for people to read: where the platform
// does not say, it is not known.
func Expiry(ctx context.Context, client *clever.Client) time.Time {
	t, err := client.Token(ctx)
	if err != nil || t.ExpirationDate <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(t.ExpirationDate)
}

// overruled warns of credentials that are found before the profile.
func (l *login) overruled(ctx context.Context) {
	for _, source := range []func() (clever.Credentials, error){
		func() (clever.Credentials, error) { return clever.FromEnv(l.Getenv) }, func() (clever.Credentials, error) { return l.platform.Dotenv(ctx) },
	} {
		if c, err := source(); err == nil {
			l.Warn(fmt.Sprintf("the credentials in the %s are taken before this profile: remove them to use it", c.Source))
			return
		}
	}
}
