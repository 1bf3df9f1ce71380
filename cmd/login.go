package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/cmd/exit"
	"runner/cmd/ui"
	"runner/diagnostic"
)

// cliPause is how long a login by the console's page waits between two looks.
const cliPause = 2 * time.Second

func (p *Program) loginCommand() *cli.Command {
	return &cli.Command{
		Name:  "login",
		Usage: "log in with a browser, or with a token that you have",
		Description: "The token is kept where clever-tools keeps its own, so that both programs share it.\n\n" +
			"Without more, the console's page asks you, and the token is one as clever-tools gets. With a consumer\n" +
			"of your own (OAUTH_CONSUMER_KEY and OAUTH_CONSUMER_SECRET, or --consumer-key and the secret on\n" +
			"standard input) the platform asks you which rights that consumer is to have; its base URL must be\n" +
			"http://127.0.0.1. With --token-stdin two lines are read, a token and its secret, and nobody is asked.\n\n" +
			"Where there is no browser, open the page that is printed on another machine, and paste here the\n" +
			"address at which that browser ends.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "alias", Aliases: []string{"a"}, Value: "default", Usage: "keep the token as `NAME`; the profile becomes the active one"},
			&cli.BoolFlag{Name: "cli", Usage: "log in by the console's page, even with a consumer of your own"},
			&cli.StringFlag{Name: "consumer-key", Usage: "log in for the consumer of this `KEY`"},
			&cli.BoolFlag{Name: "token-stdin", Usage: "read a token and its secret, a line each, from standard input"},
			&cli.StringFlag{Name: "token", Usage: "keep this `TOKEN`; others can see it meanwhile, --token-stdin is better"},
			&cli.StringFlag{Name: "secret", Usage: "the `SECRET` of --token"},
			&cli.BoolFlag{Name: "no-browser", Usage: "open no browser; print the page's address, and read the answer from standard input"},
			&cli.StringFlag{Name: "console-url", Usage: "the console's `URL` (else $CONSOLE_TOKEN_URL, $CONSOLE_URL, the endpoint's own, the real one)"},
			&cli.DurationFlag{Name: "timeout", Value: 5 * time.Minute, Usage: "wait `DURATION` for you"},
		}, addressFlags()...),
		Action: func(c *cli.Context) error {
			l, err := p.newLogin(c)
			if err != nil {
				return err
			}
			return l.run(c.Context)
		},
	}
}

// addressFlags are those of platformFlags that do not ask for an emulator in this
// process: no browser could reach it.
func addressFlags() []cli.Flag {
	return slices.DeleteFunc(platformFlags(), func(f cli.Flag) bool {
		return slices.Contains([]string{emulatorFlag, stateFlag}, f.Names()[0])
	})
}

// A login is one run of the login command.
type login struct {
	*Program
	cli      *cli.Context
	platform *platform
	user     *ui.User
	path     string             // where profiles are kept
	consumer clever.Credentials // without a token: for whom one is asked
	own      bool               // the consumer is the user's own
}

func (p *Program) newLogin(c *cli.Context) (*login, error) {
	if err := checkLogin(c); err != nil {
		return nil, err
	}
	pl, err := p.address(c, ".")
	if err != nil {
		return nil, err
	}
	l := &login{Program: p, cli: c, platform: pl, user: ui.NewUser(&p.Streams), path: clever.ProfilePath(p.Getenv)}
	if l.path == "" {
		return nil, errors.New("there is no home folder to keep the profile in: set HOME or CONFIGURATION_FILE")
	}
	return l, nil
}

func checkLogin(c *cli.Context) error {
	switch {
	case c.Args().Present():
		return (&diagnostic.Problem{Msg: fmt.Sprintf("login takes no argument %q", c.Args().First())}).WithHint("runner login --help")
	case c.IsSet("token") != c.IsSet("secret"):
		return (&diagnostic.Problem{Msg: "--token and --secret go together"}).WithHint("better still, give both with --token-stdin, a line each")
	case c.IsSet("token") && c.Bool("token-stdin"):
		return errors.New("--token and --token-stdin exclude each other: keep one of them")
	case c.Bool("cli") && (c.IsSet("token") || c.Bool("token-stdin")):
		return errors.New("--cli asks for a token, and you give one: keep one of them")
	case c.Duration("timeout") <= 0:
		return errors.New("--timeout must be more than nothing, such as 5m")
	}
	return clever.CheckAlias(c.String("alias"))
}

// run gets a token, asks the platform whose it is, and keeps it. Where anything
// fails before the end, nothing is kept.
func (l *login) run(ctx context.Context) error {
	aliases, err := clever.Aliases(l.path) // a damaged file is told before anybody is asked for anything
	if err != nil {
		return err
	}
	if slices.Contains(aliases, l.cli.String("alias")) {
		fmt.Fprintf(l.Err, "the profile %s is there already, and will be replaced: --alias gives another name\n", l.cli.String("alias"))
	}
	if err := l.findConsumer(ctx); err != nil {
		return l.failed(ctx, err)
	}
	within, done := context.WithTimeoutCause(ctx, l.cli.Duration("timeout"), errNobodyCame)
	defer done()
	switch {
	case l.cli.IsSet("token"), l.cli.Bool("token-stdin"):
		err = l.withToken(ctx)
	case l.own && !l.cli.Bool("cli"):
		err = l.withDance(within)
	default:
		err = l.withConsole(within)
	}
	return l.failed(within, err)
}

var errNobodyCame = errors.New("nobody logged in within")

// failed makes an error of an interrupt or a time-out what the user is told.
func (l *login) failed(ctx context.Context, err error) error {
	denied, isDenied := errors.AsType[*clever.LoginError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), errNobodyCame):
		problem := &diagnostic.Problem{Msg: fmt.Sprintf("nobody answered within %s; nothing was stored", l.cli.Duration("timeout"))}
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
	if given := l.cli.String("consumer-key"); given != "" && given != key {
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
	if l.cli.IsSet("token") {
		creds.Token, creds.Secret = l.cli.String("token"), l.cli.String("secret")
		l.platform.warn("other users of this machine can see --secret while runner works, and a shell may keep it: --token-stdin is better")
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

// consolePage gives the address of the page that logs command lines in. An
// endpoint that is not the real platform's is not served by the real console.
func (l *login) consolePage() string {
	const page = "/cli-oauth"
	if text := l.cli.String("console-url"); text != "" {
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

// console gives the console's address, if the user gave one.
func (l *login) console() string {
	return strings.TrimRight(cmp.Or(l.cli.String("console-url"), l.Getenv("CONSOLE_URL")), "/")
}

func (l *login) endpointOrDefault() string {
	return strings.TrimRight(cmp.Or(l.platform.endpoint, clever.DefaultEndpoint), "/")
}

// client gives a client for a login, with what is known so far.
func (l *login) client(creds clever.Credentials) (*clever.Client, error) {
	return clever.New(clever.Config{
		Endpoint: l.platform.endpoint, Credentials: creds, Method: l.platform.method, Transport: l.platform.transport,
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
		creds.Expires = expiry(ctx, client)
	}
	creds.Endpoint = client.Endpoint()
	alias := l.cli.String("alias")
	err = clever.SaveProfile(ctx, l.path, clever.Profile{
		Alias: alias, Credentials: creds, UserID: self.ID, Email: self.Email, Console: l.console(),
	})
	if err != nil {
		return err
	}
	l.overruled()
	until := ""
	if !creds.Expires.IsZero() {
		until = ", good until " + creds.Expires.UTC().Format(time.DateOnly)
	}
	_, err = fmt.Fprintf(l.Out, "logged in as %s <%s>%s\nprofile %s of %s\n", self.Name, self.Email, until, alias, l.path)
	return err
}

// expiry asks when a token ends. It is only told to people: where the platform
// does not say, it is not known.
func expiry(ctx context.Context, client *clever.Client) time.Time {
	t, err := client.Token(ctx)
	if err != nil || t.ExpirationDate <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(t.ExpirationDate)
}

// overruled warns of credentials that are found before the profile.
func (l *login) overruled() {
	for _, source := range []func() (clever.Credentials, error){
		func() (clever.Credentials, error) { return clever.FromEnv(l.Getenv) }, l.platform.dotenv,
	} {
		if c, err := source(); err == nil {
			l.platform.warn(fmt.Sprintf("the credentials in the %s are taken before this profile: remove them to use it", c.Source))
			return
		}
	}
}
