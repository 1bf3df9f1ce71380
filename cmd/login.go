package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"runner/clever"
	"runner/cmd/flags"
	"runner/cmd/login"
	"runner/diagnostic"
)

func (p *Program) loginCommand() *cli.Command {
	var list bool
	var use string
	o := login.Options{Alias: "default", Timeout: 5 * time.Minute}
	return &cli.Command{
		Name:  "login",
		Usage: "log in with a browser, or with a token that you have",
		Description: "The token is kept where clever-tools keeps its own, so that both programs share it.\n\n" +
			"Without more, the console's page asks you, and the token is one as clever-tools gets. With a consumer\n" +
			"of your own (OAUTH_CONSUMER_KEY and OAUTH_CONSUMER_SECRET, or --consumer-key and the secret on\n" +
			"standard input) the platform asks you which rights that consumer is to have; its base URL must be\n" +
			"http://127.0.0.1. With --token-stdin two lines are read, a token and its secret, and nobody is asked.\n\n" +
			"Where there is no browser, open the page that is printed on another machine, and paste here the\n" +
			"address at which that browser ends.\n\n" +
			"Of several profiles one is active: --list shows them, --use NAME chooses, and --profile NAME of other\n" +
			"commands takes another one for once.",
		Flags: append([]cli.Flag{
			flags.Bool(&list, "list", "list the profiles that there are, and log nobody in"),
			flags.String(&use, "use", "make the profile `NAME` the active one, and log nobody in").Complete(p.profileNames),
			flags.String(&o.Alias, "alias,a", "keep the token as `NAME`; the profile becomes the active one"),
			flags.Bool(&o.CLI, "cli", "log in by the console's page, even with a consumer of your own"),
			flags.String(&o.ConsumerKey, "consumer-key", "log in for the consumer of this `KEY`"),
			flags.Bool(&o.TokenStdin, "token-stdin", "read a token and its secret, a line each, from standard input"),
			flags.String(&o.Token, "token", "keep this `TOKEN`; others can see it meanwhile, --token-stdin is better"),
			flags.String(&o.Secret, "secret", "the `SECRET` of --token"),
			flags.Bool(&o.NoBrowser, "no-browser", "open no browser; print the page's address, and read the answer from standard input"),
			flags.String(&o.ConsoleURL, "console-url", "the console's `URL` (else $CONSOLE_TOKEN_URL, $CONSOLE_URL, the endpoint's own, the real one)"),
			flags.PositiveDuration(&o.Timeout, "timeout", "wait `DURATION` for you"),
		}, endpointFlags(&o.Platform)...),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return (&diagnostic.Problem{Msg: fmt.Sprintf("login takes no argument %q", c.Args().First())}).WithHint("runner login --help")
			}
			switch {
			case list && use != "":
				return errors.New("--list and --use exclude each other: keep one of them")
			case list:
				return login.List(&p.Streams)
			case use != "":
				return login.Use(c.Context, &p.Streams, use)
			}
			return login.Run(c.Context, p.loginWorld(), o)
		},
	}
}

func (p *Program) loginWorld() login.World {
	return login.World{Streams: &p.Streams, Transport: p.transport, Browse: p.browse}
}

func (p *Program) logoutCommand() *cli.Command {
	var o login.LogoutOptions
	return &cli.Command{
		Name:  "logout",
		Usage: "forget the active profile, or another one, and end its token",
		Description: "Takes profiles out of the file that clever-tools shares: both programs are logged out. Their tokens are\n" +
			"ended at the platform that they are of, so that copies are no good any more either; where it cannot be\n" +
			"asked, the profile goes all the same, and a warning says that its token may live on. A token that stays\n" +
			"in another profile is not ended.",
		Flags: []cli.Flag{
			flags.String(&o.Alias, "alias,a", "forget the profile `NAME` (the active one if left out)").Complete(p.profileNames),
			flags.Bool(&o.All, "all", "forget all profiles"),
			flags.Bool(&o.KeepToken, "keep-token", "do not end the token: it is used elsewhere"),
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.Args().Present():
				return (&diagnostic.Problem{Msg: fmt.Sprintf("logout takes no argument %q", c.Args().First())}).WithHint("runner logout --alias NAME")
			case o.All && o.Alias != "":
				return errors.New("--all and --alias exclude each other: keep one of them")
			}
			return login.Logout(c.Context, p.loginWorld(), o)
		},
	}
}

// profileNames completes the name of a profile of runner login.
func (p *Program) profileNames(flags.Request) flags.Values {
	names, _ := clever.Aliases(clever.ProfilePath(p.Getenv))
	return flags.Texts(names...)
}
